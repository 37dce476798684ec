"""
Parquet and Arrow IPC files, and tables with an Arrow stream, read in record batches.

It is imported only where pyarrow is installed.

Values become Python's column by column, not row by row. Times become text in Arrow itself where that
says the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..api.fields import FieldType
from ..faults import Refusal
from .cells import present
from .cells_many import maker
from .columns import Layout
from .dialect import Reading
from .kind_columns import Faults
from .records import AT_ONCE, Records
from .row import BadRow, Row
from .source import FileSource
from .tables import Table, Typed, table_under

PARQUET_AT_ONCE = 10 * AT_ONCE
"""Rows of Parquet that are unpacked in one go: fewer cost more for each."""


class ArrowSource(FileSource):
    """The rows of a Parquet or Arrow IPC file (Feather too), numbered from 1."""

    def __init__(self, path: str | os.PathLike[str], reading: Reading) -> None:
        super().__init__(path, reading)
        self._file = open(self.path, "rb")  # noqa: SIM115 - closed with the source
        try:
            self._schema, self._total, self._batches = _batches_of(
                self._file, parquet=reading.format == "parquet"
            )
        except pa.ArrowInvalid:
            self._file.close()
            raise self.error(
                f"cannot be read as {reading.format}: it has another format, or is damaged. Pass "
                "another --format, or write the file again"
            ) from None
        self._read = 0

    @property
    def share(self) -> float | None:
        """How much has been read, from 0 to 1; None where its length is not known."""
        return self._read / self._total if self._total else None

    def blocks(self) -> Iterator[Records]:
        """The header and the records in their order, many at a time; they can be read once."""
        yield Records([0], [[*self._schema.names]])
        for first, batch in self._pieces():
            columns = [_python_values(column) for column in batch.columns]
            cells = list(zip(*columns, strict=True))
            yield Records(range(first, first + len(batch)), cells)

    def typed_rows(
        self, blocks: Iterator[Records], layout: Layout, *, ids_from_numbers: bool
    ) -> Iterator[list[Row | BadRow]]:
        """The rows, read by column."""
        zone = self.reading.zone
        table = table_under(layout, zone)
        try:
            judge_types(table, self._schema, numbers=ids_from_numbers, zoned=bool(zone))
        except Refusal as refusal:
            raise self.error(str(refusal)) from None
        for first, batch in self._pieces():
            yield batch_rows(table, first, batch)

    def _pieces(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Record batches of few rows, each with the number of its first."""
        try:
            for batch in pieces(self._batches):
                first, self._read = self._read + 1, self._read + len(batch)
                yield first, batch
        except OSError as error:  # what pyarrow raises for pages that are damaged, too
            why = (
                f"cannot be read any further ({type(error).__name__}): copy or write the file again"
            )
            raise self.error(why, self._read + 1) from None

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        self._file.close()


def judge_types(table: Table, schema: pa.Schema, *, numbers: bool, zoned: bool) -> None:
    """
    Make sure that every column has a type that its field can take.

    Args:
        table: what the columns stand for.
        schema: their types.
        numbers: whole numbers may be ids.
        zoned: a zone is known for times without one.

    Raises:
        Refusal: one has not; the text names the column, and says what to do.
    """
    for column in table.columns:
        why = _why_not(column, schema.field(column.index).type, numbers=numbers, zoned=zoned)
        if why:
            name = table.layout.header[column.index]
            raise Refusal(f"column {name!r} holds {why}")


def _why_not(column: Typed, type: pa.DataType, *, numbers: bool, zoned: bool) -> str:
    if pa.types.is_dictionary(type):
        type = type.value_type
    number = pa.types.is_integer(type) or pa.types.is_floating(type) or pa.types.is_decimal(type)
    if number and column.type is FieldType.ID and not (numbers and pa.types.is_integer(type)):
        return (
            "numbers, but ids are text, with leading zeros: cast the column to text, or pass "
            "--ids-from-numbers (ids_from_numbers=True)"
        )
    if number and column.type is FieldType.TEXT:
        return "numbers, but the field is text: cast the column to text"
    naive = pa.types.is_timestamp(type) and type.tz is None and not zoned
    if naive and column.type is not FieldType.DATE:
        return (
            "times without a time zone: set the column's zone, or pass --naive-as ZONE "
            "(naive_as=… of open_rows and table_rows)"
        )
    if pa.types.is_binary(type) or pa.types.is_large_binary(type) or pa.types.is_duration(type):
        return f"values of type {type}, which JSON does not have: cast the column"
    return ""


def _batches_of(file: Any, *, parquet: bool) -> tuple[pa.Schema, int, Iterator[pa.RecordBatch]]:
    """The schema of an open file, how many rows it has, and its record batches."""
    if parquet:
        read = pq.ParquetFile(file, pre_buffer=False)
        batches = read.iter_batches(PARQUET_AT_ONCE, use_threads=False)
        return read.schema_arrow, read.metadata.num_rows, batches
    try:
        found = pa.ipc.open_file(file)
    except pa.ArrowInvalid:  # a stream: how many rows it has is known at its end only
        file.seek(0)
        stream = pa.ipc.open_stream(file)
        return stream.schema, 0, iter(stream)
    numbers = range(found.num_record_batches)
    rows = sum(len(found.get_batch(number)) for number in numbers)
    return found.schema, rows, map(found.get_batch, numbers)


def pieces(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of few."""
    for batch in batches:
        for first in range(0, len(batch), AT_ONCE):
            yield batch.slice(first, AT_ONCE)


def _python_values(array: Any) -> list[Any]:
    """The values of a column as Python has them; in objects, what is missing is left out."""
    type = array.type
    if pa.types.is_timestamp(type):  # no finer than Python's own
        array = pc.cast(array, pa.timestamp("us", type.tz), safe=False)
    if not pa.types.is_nested(type):
        return array.to_pylist()  # type: ignore[no-any-return]
    found: list[Any]
    if pa.types.is_struct(type) and 0 < len(set(type.names)) == len(type.names):
        columns = list(map(_python_values, array.flatten()))
        found = list(maker(tuple((name,) for name in type.names))(columns, None))
    elif pa.types.is_list(type) or pa.types.is_large_list(type):
        ends = array.offsets.to_pylist()
        members = _python_values(array.values[ends[0] : ends[-1]])
        found = [members[begin - ends[0] : end - ends[0]] for begin, end in pairwise(ends)]
    else:
        # A member at a time: that is slow, and so is whatever it is given an argument for.
        return list(map(present, array.to_pylist(maps_as_pydicts="strict")))
    if not array.null_count:
        return found
    valid = array.is_valid().to_pylist()
    return [value if there else None for value, there in zip(found, valid, strict=True)]


def _holds_times(type: pa.DataType) -> bool:
    """Whether values of this type are times, or hold some."""
    inner = (type.field(number).type for number in range(type.num_fields))
    return pa.types.is_temporal(type) or any(map(_holds_times, inner))


def batch_rows(table: Table, first: int, batch: pa.RecordBatch) -> list[Row | BadRow]:
    """The items of a record batch, whose first row has position *first*."""
    faults: Faults = {}
    found = [_values(table, each, batch.column(each.index), faults) for each in table.columns]
    return table.layout.items(range(first, first + len(batch)), found, faults)


def _values(table: Table, column: Typed, array: Any, faults: Faults) -> Sequence[object]:
    """The values of one column as the item has them; None for what is missing."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    type = array.type
    if pa.types.is_integer(type) or pa.types.is_float64(type) or pa.types.is_boolean(type):
        return array.to_pylist()  # type: ignore[no-any-return]
    if pa.types.is_floating(type):  # by its own digits: 11.77 of 32 bits stays 11.77
        return pc.cast(pc.cast(array, pa.string()), pa.float64()).to_pylist()  # type: ignore[no-any-return]
    if pa.types.is_date(type):
        days = pc.cast(pc.cast(array, pa.date32()), pa.string()).to_pylist()
        read = column.read if column.type is FieldType.DATETIME else None
        return days if read is None else column.read_all(days, read, faults)
    if pa.types.is_timestamp(type):
        written = _as_text(column, array)
        if written is not None:
            return written.to_pylist()  # type: ignore[no-any-return]
    values = _python_values(array)
    if pa.types.is_string(type) or pa.types.is_large_string(type):
        return table.layout.values(column, values, faults)
    if pa.types.is_nested(type) and not _holds_times(type):
        return values
    return column.read_all(values, column.take, faults)


def _as_text(column: Typed, array: Any) -> Any | None:
    """Instants of whole seconds, or days where days are wanted, as text; None for all others."""
    seconds = pc.cast(array, pa.timestamp("s", array.type.tz), safe=False)
    if len(array) != array.null_count and not _equal(pc.cast(seconds, array.type), array):
        return None
    if array.type.tz is not None:
        text = pc.cast(pc.cast(seconds, pa.timestamp("s", "UTC")), pa.string())
        return pc.binary_replace_slice(text, 10, 11, "T")
    days = pc.cast(seconds, pa.date32(), safe=False)
    if column.type is FieldType.DATE and _equal(pc.cast(days, seconds.type), seconds):
        return pc.cast(days, pa.string())
    return None


def _equal(one: Any, other: Any) -> bool:
    return bool(pc.all(pc.equal(one, other)).as_py())
