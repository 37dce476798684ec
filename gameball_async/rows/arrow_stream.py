"""A table of the caller's with an Arrow stream, as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.kinds import Kind, kind_of
from ..errors import ConfigurationError
from .plain import Refusal
from .row import BadRow, Blocks, Row
from .tables import table_of, with_unknown
from .zones import zone_named

if TYPE_CHECKING:
    from .given import ArrowStream

__all__ = ["TableRows", "table_rows"]


def table_rows(table: ArrowStream, kind: Kind | str, *, naive_as: str | None = None) -> TableRows:
    """
    The rows of a table: of pandas, polars, DuckDB, pyarrow, or anything else with an Arrow stream.

    `GameballClient.bulk` takes such tables as they are; this is for those whose times have no zone.

    Args:
        table: has ``__arrow_c_stream__``. It is read in record batches, as rows are asked for.
        kind: the batch kind, or its name.
        naive_as: the zone of times without one, such as ``Europe/Paris``.

    Raises:
        ConfigurationError: its columns cannot be rows of *kind*, or pyarrow is not installed.
    """
    return TableRows(table, kind_of(kind), naive_as=naive_as)


class TableRows(Blocks):
    """The rows of a table, whose positions count from 0."""

    def __init__(
        self,
        table: ArrowStream,
        kind: Kind,
        *,
        naive_as: str | None = None,
        ids_from_numbers: bool = False,
    ) -> None:
        try:
            import pyarrow as pa

            from . import arrow
        except ImportError:
            raise ConfigurationError(
                "rows with an Arrow stream are read with pyarrow: pip install 'gameball_async[arrow]'"
            ) from None
        zone = None if naive_as is None else zone_named(naive_as)
        try:
            self._reader = pa.RecordBatchReader.from_stream(table)
            schema = self._reader.schema
            self._table = with_unknown(table_of(kind, schema.names, zone=zone))
            arrow.judge_types(self._table, schema, numbers=ids_from_numbers, zoned=zone is not None)
        except Refusal as refusal:
            raise ConfigurationError(f"{type(table).__name__}: {refusal}") from None
        except pa.ArrowInvalid:
            raise ConfigurationError(
                f"{type(table).__name__} has no columns with names: give a table"
            ) from None
        self._rows_of = arrow.batch_rows
        self._at_once = arrow.ROWS_AT_ONCE
        self._batch: pa.RecordBatch | None = None
        self._within = self._position = 0

    def block(self) -> list[Row | BadRow]:
        """The next rows; none at the end."""
        while self._batch is None or self._within >= len(self._batch):
            try:
                self._batch, self._within = self._reader.read_next_batch(), 0
            except StopIteration:
                return []
        piece = self._batch.slice(self._within, self._at_once)
        rows = self._rows_of(self._table, self._position, piece)
        self._within += len(piece)
        self._position += len(piece)
        return rows

    def close(self) -> None:
        """The table is the caller's, and stays open."""
