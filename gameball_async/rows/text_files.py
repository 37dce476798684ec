"""Text files: CSV, TSV, JSON lines and JSON arrays, packed or not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

from attrs import evolve

from .dialect import DELIMITERS, Reading, csv_options, found_delimiter, names_delimiter
from .json_array import ArrayMembers
from .opened import Opened
from .records import Lines, Record, csv_records, text_records
from .source import Source

__all__ = ["TextSource"]


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
        self._array = ArrayMembers(self.lines)
        self._first = ""
        try:
            self.reading: Reading = self._found(reading) if self.tabular else reading
        except BaseException:
            self.close()
            raise
        if reading.encoding is None and self.lines.encoding is not None:
            self.found: tuple[str, ...] = (
                *self.found,
                "read as UTF-16, as its byte order mark says",
            )

    def _found(self, reading: Reading) -> Reading:
        """The reading with what the first line says."""
        first = self._first = next(self.lines, "")
        if names_delimiter(first):
            self._first = next(self.lines, "")
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

    @property
    def more_at_hand(self) -> bool:
        """Whether the next record can be had without waiting for it."""
        if self.reading.format == "json":
            return self._array.more_at_hand
        return self.lines.more_at_hand

    def records(self) -> Iterator[Record]:
        """The records in their order; they can be read once."""
        if self.tabular:
            return csv_records(self.lines, self._first, csv_options(self.reading))
        return iter(self._array) if self.reading.format == "json" else text_records(self.lines)

    def again(self) -> Source:
        """The same, to be read once more: of a stream its copy."""
        return TextSource(self._copy or self.path, self.reading)

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        self._opened.close()
