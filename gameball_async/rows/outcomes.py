"""The outcomes of rows as a table: a line for each row, in Arrow, Parquet or CSV."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from .outcome import RowOutcome
from .replacing import Replacement, refuse_unfit, write_csv

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("line", "key", "outcome", "code", "field", "reason", "job", "chunk")
AT_ONCE = 10_000
"""Rows that are written in one go."""


def outcomes_table(rows: Iterable[RowOutcome]) -> pa.Table:
    """
    The outcomes of rows as an Arrow table.

    Raises:
        ConfigurationError: pyarrow is not installed.
    """
    arrow, schema = _arrow()
    return arrow.Table.from_batches(_batches(arrow, schema, rows), schema)


def write_outcomes(path: str | os.PathLike[str], rows: Iterable[RowOutcome]) -> int:
    """
    Write the outcomes of rows to a file, Parquet where its name says so and CSV else; gives their number.

    Raises:
        ConfigurationError: *path* cannot be written to, or pyarrow is not installed.
    """
    target = os.fspath(path)
    refuse_unfit(target)
    if target.lower().endswith(".parquet"):
        return _write_parquet(target, rows)
    return write_csv(target, COLUMNS, map(_values, rows))


def _values(row: RowOutcome) -> tuple[object, ...]:
    code, field, why = None, None, None
    if row.reason is not None:
        code, field, why = row.reason.code, row.reason.field or None, row.reason.text
    return row.position, row.key, row.outcome.value, code, field, why, row.job_id, row.chunk


def _write_parquet(path: str, rows: Iterable[RowOutcome]) -> int:
    arrow, schema = _arrow()
    from pyarrow import parquet

    written = 0
    with Replacement(path) as out, parquet.ParquetWriter(out.buffer, schema) as file:
        for batch in _batches(arrow, schema, rows):
            file.write_batch(batch)
            written += len(batch)
    return written


def _batches(arrow: Any, schema: Any, rows: Iterable[RowOutcome]) -> Iterator[Any]:
    values = map(_values, rows)
    while some := list(islice(values, AT_ONCE)):
        yield arrow.record_batch([*zip(*some, strict=True)], schema=schema)


def _arrow() -> tuple[Any, Any]:
    """The module, and the columns' types."""
    try:
        import pyarrow
    except ImportError:
        raise ConfigurationError(
            "a table of outcomes needs pyarrow: pip install 'gameball_async[arrow]'"
        ) from None
    text, number = pyarrow.string(), pyarrow.int64()
    types = (number, text, text, number, text, text, number, number)
    return pyarrow, pyarrow.schema(list(zip(COLUMNS, types, strict=True)))
