"""Text files: CSV, TSV, JSON lines and JSON arrays, packed or not."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from attrs import evolve

from ..errors import InputError
from .dialect import DELIMITERS, Reading, csv_options, found_delimiter, names_delimiter
from .lines import LINES, MAX_LINE_BYTES, Lines
from .opened import Opened
from .records import Records, csv_blocks, text_blocks
from .source import Source

CHUNK = 1 << 15
CUT_OFF = 16
"""An error so near to the end of what was read may come from reading no further."""
_BLANKS = " \t\r\n"
_SIGN_BEHIND = re.compile(r"[ \t\r\n]*([,\]])[ \t\r\n]*").match
_end_of = json.JSONDecoder().raw_decode


class TextSource(Source):
    """A text file: CSV, TSV, JSON lines or a JSON array, packed or not; or a stream of such."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        reading: Reading,
        *,
        stream: BinaryIO | None = None,
        copy: str | None = None,
    ) -> None:
        self._opened = Opened(path, stream, copy)
        self.lines: Lines = Lines(self._opened, reading.encoding)
        self.path: str = self._opened.path
        self.stamp: tuple[object, ...] = self._opened.stamp
        self.waits: bool = stream is not None
        self.typed: bool = False
        self.tabular: bool = reading.format in ("csv", "tsv")
        self.unit: str = "row" if reading.format == "json" else "line"
        self._copy = copy
        try:
            self.reading: Reading = self._found(reading) if self.tabular else reading
        except BaseException:
            self.close()
            raise
        if reading.encoding is None and self.lines.encoding is not None:
            self.found: tuple[str, ...] = (
                *self.found,
                "read as UTF-16, from its byte order mark",
            )

    def _found(self, reading: Reading) -> Reading:
        """The reading with what the first line says."""
        first = self.lines.peek()
        if names_delimiter(first):
            self.lines.block(1)
        if reading.delimiter is not None or reading.format == "tsv":
            return evolve(reading, delimiter=reading.delimiter or "\t")
        delimiter = found_delimiter(first)
        if delimiter != ",":
            word = DELIMITERS.get(delimiter, repr(delimiter))
            self.found = (
                f"read with {word} between the columns, as in its first line (--delimiter)",
            )
        return evolve(reading, delimiter=delimiter)

    @property
    def share(self) -> float | None:
        """How much has been read, from 0 to 1; None where its length is not known."""
        return self.lines.share if self.stamp else None

    def blocks(self) -> Iterator[Records]:
        """The records in their order, many at a time; they can be read once."""
        if self.tabular:
            return csv_blocks(self.lines, csv_options(self.reading))
        if self.reading.format == "json":
            return ArrayMembers(self.lines).blocks()
        return text_blocks(self.lines)

    def again(self) -> Source:
        """The same, to be read once more: of a stream its copy."""
        return TextSource(self._copy or self.path, self.reading)

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        self._opened.close()


class ArrayMembers:
    """
    The members of a JSON array, each its own text, numbered from 1; only one of them is held at a time.

    Iterating raises ``InputError`` where the file is no array, or the rest of it is no JSON.
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._text = ""
        self._at = 0

    def blocks(self) -> Iterator[Records]:
        """The members in their order, those together that can be had without waiting."""
        number = 1
        for texts in self._texts():
            yield Records(range(number, number + len(texts)), texts=texts)
            number += len(texts)

    def _texts(self) -> Iterator[list[str]]:
        if self._sign() != "[":
            raise self._lines.error("is not a JSON array: it must begin with [", None)
        self._at += 1
        sign, number = self._sign(), 0
        while sign != "]":
            texts, sign = self._held()
            number += len(texts)
            if texts:
                yield texts
            if sign != "]" and len(texts) < LINES:
                number += 1
                yield [self._member(number)]
                sign = self._sign()
                self._at += 1
                if sign not in ("]", ","):
                    raise self._broken(number, "a comma or the closing ] is missing after it")
                self._sign()

    def _held(self) -> tuple[list[str], str]:
        """The next members that are held with the sign behind them, and the last such sign."""
        found: list[str] = []
        text, at, sign = self._text, self._at, ","
        with suppress(json.JSONDecodeError, RecursionError):
            while sign == "," and len(found) < LINES:
                end = _end_of(text, at)[1]
                behind = _SIGN_BEHIND(text, end)
                if behind is None:
                    break
                found.append(text[at:end])
                at, sign = behind.end(), behind[1]
        self._at = at
        return found, sign

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
