"""What rows are read from: records that stand somewhere, and can be read twice."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing
from itertools import chain

from ..errors import InputError
from .columns import Layout
from .dialect import Reading
from .opened import Opened
from .records import Record, Records
from .row import BadRow, Row
from .tables import table_under


class Source(ABC):
    """
    Rows as they stand in a file.

    Attributes:
        path: the file, as it was given.
        reading: how it is read; what was found in the file included.
        found: what was found, in words.
        tabular: whether its records have cells, and the first names the columns.
        typed: whether its cells are no text.
        unit: what its positions count: ``line`` or ``row``.
        waits: whether reading may have to wait, or takes long: it is done in a worker thread.
        stamp: what tells whether it has changed since; empty where nothing does.
    """

    path: str
    reading: Reading
    found: tuple[str, ...] = ()
    tabular: bool = True
    typed: bool = True
    unit: str = "row"
    waits: bool = True
    stamp: tuple[object, ...] = ()

    @property
    @abstractmethod
    def share(self) -> float | None:
        """How much has been read, from 0 to 1; None where its length is not known."""

    @abstractmethod
    def blocks(self) -> Iterator[Records]:
        """The records in their order, many at a time; they can be read once."""

    def records(self) -> Iterator[Record]:
        """The same, each by itself."""
        return chain.from_iterable(self.blocks())

    def typed_rows(
        self, blocks: Iterator[Records], layout: Layout, *, ids_from_numbers: bool
    ) -> Iterator[list[Row | BadRow]]:
        """The rows of records whose cells are typed, behind their header."""
        table = table_under(layout, self.reading.zone)
        return (table.rows(block.lines, block.cells) for block in blocks)

    @abstractmethod
    def again(self) -> Source:
        """The same, to be read once more."""

    @abstractmethod
    def close(self) -> None:
        """Close what is open. Safe to call twice."""

    def place(self, position: int) -> str:
        """Where a record is, to be put behind the file's name."""
        return f":{position}" if self.unit == "line" else f", {self.unit} {position}"

    def error(self, message: str, position: int | None = None) -> InputError:
        """What ends the reading."""
        if not position or self.unit == "line":
            return InputError(message, path=self.path, line=position or None)
        return InputError(f"{self.unit} {position}: {message}", path=self.path)


class FileSource(Source):
    """A file that is no text: what all of them have in common."""

    def __init__(self, path: str | os.PathLike[str], reading: Reading) -> None:
        with closing(Opened(path)) as opened:  # its name, and that it is a file that can be read
            self.path: str = opened.path
            self.stamp: tuple[object, ...] = opened.stamp
        self.reading: Reading = reading

    def again(self) -> Source:
        """The same, to be read once more."""
        return type(self)(self.path, self.reading)
