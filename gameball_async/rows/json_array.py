"""The members of a JSON array, read one by one: no more of the file is held than one of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count

from ..errors import InputError
from .records import MAX_LINE_BYTES, Lines, Record

__all__ = ["ArrayMembers"]

CHUNK = 1 << 16
CUT_OFF = 16
"""An error so near to the end of what was read may come from reading no further."""
_BLANKS = " \t\r\n"
_end_of = json.JSONDecoder().raw_decode


class ArrayMembers:
    """
    Each member's own text, numbered from 1.

    Iterating raises ``InputError`` where the file is no array, or the rest of it is no JSON.
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._text = ""
        self._at = 0

    @property
    def more_at_hand(self) -> bool:
        """Whether the next member may be had without waiting for it."""
        return len(self._text) - self._at > 1

    def __iter__(self) -> Iterator[Record]:
        if self._sign() != "[":
            raise self._lines.error("is no JSON array: it must begin with [", None)
        self._at += 1
        if self._sign() == "]":
            return
        for number in count(1):
            yield Record(number, text=self._member(number))
            sign = self._sign()
            self._at += 1
            if sign == "]":
                return
            if sign != ",":
                raise self._broken(number, "a comma or the closing ] is missing after it")

    def _member(self, number: int) -> str:
        self._sign()
        why = "it is longer than 16 MiB"
        while len(self._text) - self._at <= MAX_LINE_BYTES:
            try:
                end = _end_of(self._text, self._at)[1]
            except json.JSONDecodeError as error:
                why = error.msg
                sure = error.pos < len(self._text) - CUT_OFF
                if sure and not why.startswith("Unterminated string"):
                    break
            except RecursionError:
                why = "it is nested too deeply"
                break
            else:
                number_may_go_on = end == len(self._text) and self._text[end - 1] not in '}]"'
                if not (number_may_go_on and self._fill()):
                    found, self._at = self._text[self._at : end], end
                    return found
                continue
            if not self._fill():
                break
        raise self._broken(number, why)

    def _sign(self) -> str:
        """The next character that is no blank; empty at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _BLANKS:
                    return self._text[self._at]
                self._at += 1
            if not self._fill():
                return ""

    def _fill(self) -> bool:
        """Read on, as much again as is held; false at the end."""
        rest = self._text[self._at :]
        more = self._lines.chunk(max(CHUNK, len(rest)))
        self._text, self._at = rest + more, 0
        return bool(more)

    def _broken(self, number: int, why: str) -> InputError:
        return self._lines.error(f"row {number} is not JSON ({why}): the rest cannot be read", None)
