"""A table of the caller's with an Arrow stream, as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.kinds import Kind, KindName, kind_of
from ..errors import ConfigurationError
from ..faults import Refusal
from ..mapping.local_times import zone_of
from .columns import layout_of
from .row import BadRow, Blocks, Row
from .tables import table_under

if TYPE_CHECKING:
    from .given import ArrowStream


def table_rows(table: ArrowStream, kind: Kind | KindName, *, naive_as: str = "") -> TableRows:
    """
    The rows of a table: of pandas, polars, DuckDB, pyarrow, or anything else with an Arrow stream.

    `GameballClient.bulk` takes such tables as they are; use this if their times have no time zone.

    Args:
        table: has ``__arrow_c_stream__``. It is read lazily, in record batches.
        kind: the batch kind, or its name.
        naive_as: the time zone of times without one, such as ``Europe/Paris``.

    Raises:
        ConfigurationError: its columns cannot be rows of *kind*, or pyarrow is not installed.
    """
    return TableRows(table, kind_of(kind), naive_as=naive_as)


class TableRows(Blocks):
    """The rows of a table, whose positions count from 0."""

    def __init__(
        self, table: ArrowStream, kind: Kind, *, naive_as: str = "", ids_from_numbers: bool = False
    ) -> None:
        try:
            import pyarrow as pa

            from . import arrow
        except ImportError:
            raise ConfigurationError(
                "reading an Arrow stream needs pyarrow: pip install 'gameball_async[arrow]'"
            ) from None
        if naive_as:
            zone_of(naive_as)
        try:
            self._reader = pa.RecordBatchReader.from_stream(table)
            schema = self._reader.schema
            # As with mappings: what the API does not know goes to the check, which names it.
            self._table = table_under(layout_of(kind, schema.names, unknown="send"), naive_as)
            arrow.judge_types(self._table, schema, numbers=ids_from_numbers, zoned=bool(naive_as))
        except Refusal as refusal:
            raise ConfigurationError(f"{type(table).__name__}: {refusal}") from None
        except pa.ArrowInvalid:
            raise ConfigurationError(
                f"{type(table).__name__} has no named columns: pass a table"
            ) from None
        self._rows_of = arrow.batch_rows
        self._pieces = arrow.pieces(self._reader)
        self._position = 0

    def block(self) -> list[Row | BadRow]:
        """The next rows; none at the end."""
        for piece in self._pieces:
            first, self._position = self._position, self._position + len(piece)
            return self._rows_of(self._table, first, piece)
        return []

    def close(self) -> None:
        """The table is the caller's, and stays open."""
