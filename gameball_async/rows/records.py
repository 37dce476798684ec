"""
Lines and records of a text file, read lazily, each with the line it begins on.

Lines end in LF and are counted as ``sed -n Np`` counts them: a line break within quotes counts, a
lone CR or U+2028 does not. Files are UTF-8 where nothing else is given, or a byte order mark says
UTF-16. What makes the rest of a file unreadable raises ``InputError`` with the line and the cure; what
concerns one record alone is said on that record.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from attrs import field, frozen

from ..errors import ConfigurationError, InputError
from .opened import Opened

MAX_LINE_BYTES = 16 * 2**20
_TOO_LONG = f"a line is longer than {MAX_LINE_BYTES:,} bytes: is this a text file?"
_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


@frozen
class Record:
    """
    One record of a file.

    Attributes:
        line: the line that it begins on, counted from 1.
        text: the line as it stands, where the record is no list of cells.
        cells: its cells, text but in typed tables; None in a file that has no cells, and for a record that cannot be read.
        fault: why it cannot be read; empty where it can.
    """

    line: int
    text: str = field(default="", repr=False)
    cells: list[Any] | None = field(default=None, repr=False)
    fault: str = ""


class Lines(Iterator[str]):
    """
    The lines of a file, with their ends.

    Attributes:
        opened: its bytes.
        encoding: of the text; None for UTF-8.
        number: how many lines have been read.
        last: the last of them.
        ended: whether there are no more.
        bytes_read: how many bytes they were, unpacked.
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
        self.last: str = ""
        self.ended: bool = False
        self.bytes_read: int = 0
        self.has_mark: bool = False
        if encoding is None and opened.file.peek(2)[:2] in _UTF16_BOMS:
            encoding = "utf-16"
        self.encoding = encoding
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = None if encoding is None else _decoded(opened, encoding)

    @property
    def share(self) -> float:
        """How much of the file has been read, from 0 to 1."""
        if self._text is not None or self.opened.packed or not self.opened.size:
            return self.opened.share
        return min(1.0, self.bytes_read / self.opened.size)

    @property
    def more_at_hand(self) -> bool:
        """Whether the next line can be had without waiting for it."""
        return self._text is None and self.opened.more_at_hand(self.bytes_read)

    def error(self, message: str, line: int | None) -> InputError:
        """What ends the reading of this file."""
        return InputError(message, path=self.opened.path, line=line)

    def __next__(self) -> str:
        self.last = self._next_utf8() if self._text is None else self._next_text(self._text)
        if not self.last:
            self.ended = True
            raise StopIteration
        self.number += 1
        return self.last

    def _next_utf8(self) -> str:
        try:
            raw = self.opened.file.readline(MAX_LINE_BYTES + 1)
        except OSError as error:
            raise self.error(f"cannot be read: {error.strerror}", self.number + 1) from None
        self.bytes_read += len(raw)
        if not self.number:
            raw = self._begin(raw)
        if len(raw) > MAX_LINE_BYTES:
            raise self.error(_TOO_LONG, self.number + 1)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise self.error(
                "is not UTF-8; it may be Windows-1252 (Latin-1). Pass --encoding windows-1252 if it is, "
                "or convert it: iconv -f WINDOWS-1252 -t UTF-8",
                self.number + 1,
            ) from None

    def _next_text(self, text: io.TextIOWrapper) -> str:
        try:
            found = text.readline(MAX_LINE_BYTES + 1)
        except UnicodeDecodeError:
            raise self.error(
                f"is not {self.encoding} text: pass another --encoding", self.number + 1
            ) from None
        if len(found) > MAX_LINE_BYTES:
            raise self.error(_TOO_LONG, self.number + 1)
        return found if self.number else found.removeprefix("\ufeff")

    def chunk(self, size: int) -> str:
        """The text that comes next, about so much of it, whatever its lines are; empty at the end."""
        if self._text is not None:
            return self._text.read(size)
        while not self.ended:
            raw = self.opened.file.read1(size)
            self.bytes_read += len(raw)
            self.ended = not raw
            try:
                found = self._decoder.decode(raw, final=self.ended)
            except UnicodeDecodeError:
                raise self.error(
                    "is not UTF-8: pass --encoding, such as windows-1252", None
                ) from None
            if found:
                return found
        return ""

    def _begin(self, raw: bytes) -> bytes:
        """The first line without its byte order mark."""
        if b"\0" in raw:
            raise self.error(
                "is UTF-16, or not a text file. Pass --encoding utf-16-le (or utf-16-be) if it "
                "is UTF-16, or convert it: iconv -f UTF-16 -t UTF-8",
                1,
            )
        self.has_mark = raw.startswith(_BOM)
        return raw.removeprefix(_BOM)


def _decoded(opened: Opened, encoding: str) -> io.TextIOWrapper:
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise ConfigurationError(
            f"{encoding!r} is not a known encoding: pass --encoding with one such as windows-1252 "
            "or utf-16"
        ) from None
    return io.TextIOWrapper(opened.file, encoding, newline="\n")


def csv_records(
    lines: Lines, first: str = "", options: Mapping[str, Any] | None = None
) -> Iterator[Record]:
    """
    The records of a CSV file (any line ends), but for empty lines.

    A record of one line with a misplaced quote is a bad record, and the next line is a record
    again. Where such a record spans lines, a quote was opened and never closed, and where the
    records after it begin is anybody's guess: that ends the reading.

    Args:
        lines: of the file.
        first: a line of it that was read already; empty for none.
        options: of Python's own reader; commas and double quotes by default.

    Raises:
        InputError: the rest of the file cannot be read.
    """
    reader = csv.reader(chain((first,), lines) if first else lines, strict=True, **options or {})
    begun = bool(first)
    while True:
        start, begun = lines.number + (not begun), False
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            _refuse_the_rest(lines, start, str(error))
            fault = (
                "is not valid CSV: double each quote inside a quoted cell, and quote a cell that "
                "has a CR"
            )
            yield Record(start, text=lines.last.rstrip("\r\n"), fault=fault)
        else:
            if cells:
                yield Record(start, cells=cells)


def _refuse_the_rest(lines: Lines, start: int, error: str) -> None:
    if "field limit" in error:
        raise lines.error(
            f"a cell is longer than {csv.field_size_limit():,} characters: close the quote at its "
            "start, or shorten it",
            start,
        )
    if lines.ended or lines.number > start:
        raise lines.error("a quote opened in this record is never closed: close it", start)


def text_records(lines: Lines) -> Iterator[Record]:
    """The lines of a file that are not blank, without their ends."""
    for text in lines:
        stripped = text.strip()
        if stripped:
            yield Record(lines.number, text=stripped)
