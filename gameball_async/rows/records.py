"""
Lines and records of a text file, read lazily, each with the line it begins on.

Lines end in LF and are counted as ``sed -n Np`` counts them: a line break within quotes counts, a
lone CR or U+2028 does not. Files are UTF-8, with or without a byte order mark. What makes the rest
of a file unreadable raises ``InputError`` with the line and the cure; what concerns one record
alone is said on that record.
"""

from __future__ import annotations

import csv
import os
import stat
from collections.abc import Iterator
from typing import BinaryIO

from attrs import field, frozen

from ..errors import InputError

__all__ = ["Lines", "Record", "csv_records", "text_records"]

MAX_LINE_BYTES = 16 * 2**20
_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


@frozen
class Record:
    """
    One record of a file.

    Attributes:
        line: the line that it begins on, counted from 1.
        text: the line as it stands, where the record is no list of cells.
        cells: its cells; None in a file that has no cells, and for a record that cannot be read.
        fault: why it cannot be read; empty where it can.
    """

    line: int
    text: str = field(default="", repr=False)
    cells: list[str] | None = field(default=None, repr=False)
    fault: str = ""


class Lines(Iterator[str]):
    """
    The lines of a file, with their ends.

    Attributes:
        path: the file, as it was given.
        number: how many lines have been read.
        last: the last of them.
        ended: whether there are no more.
        bytes_read: how far into the file that is.
        has_mark: whether the file began with a byte order mark.
        stamp: what tells whether the file has changed: device, inode, size, time.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self.number = 0
        self.last = ""
        self.ended = False
        self.bytes_read = 0
        self.has_mark = False
        self._file = self._open()
        found = os.fstat(self._file.fileno())
        self.size = found.st_size
        self.stamp = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)

    def _open(self) -> BinaryIO:
        try:
            if not stat.S_ISREG(os.stat(self.path).st_mode):
                raise InputError("is not a regular file: write it to one first", path=self.path)
            return open(self.path, "rb")
        except OSError as error:
            raise InputError(f"cannot be opened: {error.strerror}", path=self.path) from None

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        self._file.close()

    def error(self, message: str, line: int | None) -> InputError:
        """What ends the reading of this file."""
        return InputError(message, path=self.path, line=line)

    def __next__(self) -> str:
        try:
            raw = self._file.readline(MAX_LINE_BYTES + 1)
        except OSError as error:
            raise self.error(f"cannot be read: {error.strerror}", self.number + 1) from None
        if not raw:
            self.ended = True
            raise StopIteration
        self.number += 1
        self.bytes_read += len(raw)
        if self.number == 1:
            raw = self._begin(raw)
        if len(raw) > MAX_LINE_BYTES:
            raise self.error(
                f"a line is longer than {MAX_LINE_BYTES:,} bytes: is this a text file?", self.number
            )
        try:
            self.last = raw.decode()
        except UnicodeDecodeError:
            raise self.error(
                "is not UTF-8; it may be Windows-1252 (Latin-1). Save the file as UTF-8, or "
                "convert it: iconv -f WINDOWS-1252 -t UTF-8",
                self.number,
            ) from None
        return self.last

    def _begin(self, raw: bytes) -> bytes:
        """The first line without its byte order mark."""
        if raw.startswith(_UTF16_BOMS) or b"\0" in raw:
            raise self.error(
                "is UTF-16, or no text at all. Save the file as UTF-8, or convert it: "
                "iconv -f UTF-16 -t UTF-8",
                1,
            )
        self.has_mark = raw.startswith(_BOM)
        return raw.removeprefix(_BOM)


def csv_records(lines: Lines) -> Iterator[Record]:
    """
    The records of a CSV file (commas, double quotes, any line ends), but for empty lines.

    A record of one line with a misplaced quote is a bad record, and the next line is a record
    again. Where such a record spans lines, a quote was opened and never closed, and where the
    records after it begin is anybody's guess: that ends the reading.

    Raises:
        InputError: the rest of the file cannot be read.
    """
    reader = csv.reader(lines, strict=True)
    while True:
        start = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            _refuse_the_rest(lines, start, str(error))
            fault = "is not CSV: a quote within a quoted cell must be doubled, and a CR quoted"
            yield Record(start, text=lines.last.rstrip("\r\n"), fault=fault)
        else:
            if cells:
                yield Record(start, cells=cells)


def _refuse_the_rest(lines: Lines, start: int, error: str) -> None:
    if "field limit" in error:
        raise lines.error(
            f"a cell is longer than {csv.field_size_limit():,} characters: close the quote that "
            "it begins with, or shorten it",
            start,
        )
    if lines.ended or lines.number > start:
        raise lines.error("a quote is opened in this record and never closed: close it", start)


def text_records(lines: Lines) -> Iterator[Record]:
    """The lines of a file that are not blank, without their ends."""
    for text in lines:
        stripped = text.strip()
        if stripped:
            yield Record(lines.number, text=stripped)
