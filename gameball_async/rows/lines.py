"""
Lines of a text file, read lazily and many at a time.

They end in LF, as ``sed -n Np`` counts them: a lone CR or U+2028 ends none. Files are UTF-8 where nothing
else is given, or a byte order mark says UTF-16. What makes the rest of a file unreadable raises
``InputError`` with the line and the cure, once the lines before it were handed out.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable
from contextlib import suppress

from ..errors import ConfigurationError, InputError
from .opened import Opened

CHUNK = 1 << 14
"""Bytes that are read in one go."""
LINES = 150
"""Lines that are handed out in one go, at most: what comes of them is too little to be searched for garbage."""
MAX_LINE_BYTES = 16 * 2**20
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_MARK = "\ufeff"


class Lines:
    """
    The lines of a file, with their ends.

    Attributes:
        opened: its bytes.
        encoding: of the text; None for UTF-8.
        number: how many lines have been handed out.
        has_mark: whether the file began with a byte order mark of UTF-8.

    Args:
        opened: the file.
        encoding: of the text; None for UTF-8, or what a byte order mark says.

    Raises:
        ConfigurationError: there is no such encoding.
    """

    def __init__(self, opened: Opened, encoding: str | None = None) -> None:
        self.opened = opened
        self.number: int = 0
        self.has_mark: bool = False
        if encoding is None and opened.file.peek(2)[:2] in _UTF16_BOMS:
            encoding = "utf-16"
        self.encoding = encoding
        self._decoder = _decoder(encoding or "utf-8")
        self._ready: list[str] = []  # lines that were read, of which so many were handed out
        self._given = 0
        self._rest = ""  # the beginning of the line behind them
        self._heading, self._ended = True, False  # within the first line; behind the last
        self._fault: Callable[[int | None], InputError] | None = None  # what ends the text there
        self._bytes = 0, 0  # read before what is ready, and with it

    @property
    def share(self) -> float:
        """How much of the file has been handed out, from 0 to 1."""
        if self.opened.packed or not self.opened.size:
            return self.opened.share
        before, after = self._bytes
        part = self._given / len(self._ready) if self._ready else 1.0
        return min(1.0, (before + (after - before) * part) / self.opened.size)

    @property
    def ended(self) -> bool:
        """Whether there are no more lines, as far as is known."""
        return self._ended and not self._fault and self._given == len(self._ready)

    def error(self, message: str, line: int | None) -> InputError:
        """What ends the reading of this file."""
        return InputError(message, path=self.opened.path, line=line)

    def peek(self) -> str:
        """The next line, which stays; empty at the end."""
        while self._given == len(self._ready):
            if self._fault:
                raise self._fault(self.number + 1)
            if self._ended:
                return ""
            self._read_on()
        return self._ready[self._given]

    def block(self, most: int = LINES) -> list[str]:
        """The next lines, so many at most; none at the end."""
        found = self._ready[self._given : self._given + most] if self.peek() else []
        self._given += len(found)
        self.number += len(found)
        return found

    def _read_on(self) -> None:
        text = self._rest + self._decoded(max(CHUNK, len(self._rest)))
        end = len(text) if self._ended and not self._fault else text.rfind("\n") + 1
        self._ready, self._given = list(io.StringIO(text[:end], newline="\n")), 0
        self._rest = text[end:]
        if len(self._rest) > MAX_LINE_BYTES:
            self._fault, self._ended = self._too_long, True

    def chunk(self, size: int) -> str:
        """The text that comes next, about so much of it, whatever its lines are; empty at the end."""
        self._heading = False
        found = self._decoded(size)
        if not found and self._fault:
            raise self._fault(None)
        return found

    def _decoded(self, size: int) -> str:
        """The text that comes next, up to what cannot be read; empty at the end."""
        text, begun = "", bool(self._bytes[1])
        while not text and not self._ended:
            raw = self._raw(size)
            try:
                text = self._decoder.decode(raw, final=not self._fault and self._ended)
            except UnicodeError as error:
                if isinstance(error, UnicodeDecodeError):
                    sound = len(raw) - len(error.object) + error.start
                    with suppress(UnicodeError):
                        text = self._decoder.decode(raw[: max(0, sound)])
                if self._heading:
                    self._refuse_no_text(self.opened.file.readline(MAX_LINE_BYTES))
                self._ended, self._fault = True, self._not_such_text
        if begun:
            return text
        self.has_mark = self.encoding is None and text.startswith(_MARK)
        return text.removeprefix(_MARK)

    def _raw(self, size: int) -> bytes:
        """The bytes that come next; none at the end."""
        raw = b""
        try:
            raw = self.opened.file.read1(size)
        except OSError as error:
            why = error.strerror
            self._fault = lambda line: self.error(f"cannot be read: {why}", line)
        if self._heading:
            self._refuse_no_text(raw)
        self._bytes = self._bytes[1], self._bytes[1] + len(raw)
        self._ended = not raw
        return raw

    def _refuse_no_text(self, raw: bytes) -> None:
        first, end, _ = raw.partition(b"\n")
        self._heading = not end
        if b"\0" in first and self.encoding is None:
            raise self.error(
                "is UTF-16, or not a text file. Pass --encoding utf-16-le (or utf-16-be) if it "
                "is UTF-16, or convert it: iconv -f UTF-16 -t UTF-8",
                1,
            )

    def _not_such_text(self, line: int | None) -> InputError:
        if self.encoding is not None:
            return self.error(f"is not {self.encoding} text: pass another --encoding", line)
        return self.error(
            "is not UTF-8; it may be Windows-1252 (Latin-1). Pass --encoding windows-1252 if it is, "
            "or convert it: iconv -f WINDOWS-1252 -t UTF-8",
            line,
        )

    def _too_long(self, line: int | None) -> InputError:
        return self.error(
            f"a line is longer than {MAX_LINE_BYTES:,} bytes: is this a text file?", line
        )


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    try:
        io.TextIOWrapper(io.BytesIO(), encoding)  # which refuses those that are of no text
        return codecs.getincrementaldecoder(encoding)()
    except LookupError:
        raise ConfigurationError(
            f"{encoding!r} is not a known encoding: pass --encoding with one such as windows-1252 "
            "or utf-16"
        ) from None
