"""Parquet and Arrow IPC files, read in record batches."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from ..errors import ConfigurationError, InputError
from .columns import Layout
from .dialect import Reading
from .plain import Refusal
from .records import Record
from .row import BadRow, Row
from .source import FileSource
from .tables import table_under

__all__ = ["ArrowSource"]


class ArrowSource(FileSource):
    """The rows of a Parquet or Arrow IPC file (Feather too), numbered from 1."""

    def __init__(self, path: str | os.PathLike[str], reading: Reading) -> None:
        super().__init__(path, reading)
        try:
            import pyarrow as pa

            from . import arrow
        except ImportError:
            raise ConfigurationError(
                "Parquet and Arrow files are read with pyarrow: pip install 'gameball_async[arrow]'"
            ) from None
        self._arrow = arrow
        try:
            self._file: Any = open(self.path, "rb")  # noqa: SIM115 - closed with the source
            self._schema, self._total, self._batches = arrow.batches_of(
                self._file, parquet=reading.format == "parquet"
            )
        except pa.ArrowInvalid:
            self._file.close()
            raise self.error(
                f"cannot be read as {reading.format}: it is no such file, or damaged. Write it again"
            ) from None
        self._read = 0

    @property
    def share(self) -> float | None:
        """How much has been read, from 0 to 1; None where its length is not known."""
        return self._read / self._total if self._total else None

    def records(self) -> Iterator[Record]:
        """The header and the records in their order; they can be read once."""
        yield Record(0, cells=[*self._schema.names])
        for first, batch in self._pieces():
            columns = [self._arrow.python_values(column) for column in batch.columns]
            for number, cells in enumerate(zip(*columns, strict=True), first):
                yield Record(number, cells=[*cells])

    def typed_rows(
        self, records: Iterator[Record], layout: Layout, *, ids_from_numbers: bool
    ) -> Iterator[Row | BadRow]:
        """The rows, read by column."""
        table, zoned = table_under(layout, self.reading.zone), bool(self.reading.zone)
        try:
            self._arrow.judge_types(table, self._schema, numbers=ids_from_numbers, zoned=zoned)
        except Refusal as refusal:
            raise self.error(str(refusal)) from None
        for first, batch in self._pieces():
            yield from self._arrow.batch_rows(table, first, batch)

    def _pieces(self) -> Iterator[tuple[int, Any]]:
        """Record batches of few rows, each with the number of its first."""
        try:
            for batch in self._arrow.pieces(self._batches):
                first, self._read = self._read + 1, self._read + len(batch)
                yield first, batch
        except OSError as error:  # what pyarrow raises for pages that are damaged, too
            raise self._unreadable(error) from None

    def _unreadable(self, error: OSError) -> InputError:
        return self.error(f"cannot be read further ({type(error).__name__})", self._read + 1)

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        self._file.close()
