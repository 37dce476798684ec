"""What a program may give as rows: refused as a whole where it is none, made a mapping where it is some."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

from ..api.items import Item
from ..api.kinds import Kind
from ..errors import ConfigurationError
from .row import BadRow, Blocks, Prepared, Row

Maker: TypeAlias = Callable[[Any], object]


@runtime_checkable
class ArrowStream(Protocol):
    """A table that can be read as an Arrow stream: pandas, polars, DuckDB, pyarrow, ADBC."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


Rows: TypeAlias = Iterable[object] | AsyncIterable[object] | ArrowStream | Blocks

ACCEPTED = (
    "pass an iterable of models, mappings, dataclasses, pydantic models, named tuples or "
    "database rows, or a table with an Arrow stream (pandas, polars, DuckDB, pyarrow)"
)


def rows_of(rows: Rows, kind: Kind, *, ids_from_numbers: bool = False) -> Rows:
    """
    The rows as they can be read: a table's in batches, all others as they are.

    Raises:
        ConfigurationError: they are a table that cannot be rows of *kind*.
    """
    if isinstance(rows, ArrowStream):
        from .arrow_stream import TableRows

        return TableRows(rows, kind, ids_from_numbers=ids_from_numbers)
    return rows


def refuse_single(rows: object) -> None:
    """
    Make sure that rows are many.

    Raises:
        ConfigurationError: they are one, or cannot be iterated.
    """
    record = hasattr(rows, "keys") and hasattr(rows, "__getitem__")
    model = hasattr(rows, "model_dump") or hasattr(rows, "_asdict")
    if isinstance(rows, (str, bytes, Item)) or record or model:
        raise ConfigurationError(
            f"rows is a single {type(rows).__name__}: pass an iterable of items, such as a list"
        )
    if not isinstance(rows, Iterable | AsyncIterable | Blocks):
        raise ConfigurationError(
            f"rows of type {type(rows).__name__} cannot be iterated: {ACCEPTED}"
        )


def mapping_maker(cls: type[Any]) -> Maker | None:
    """
    What makes a mapping of a row of this class; None where the row is taken as it is.

    A field that holds None is left out, as a database has it for "nothing" and a dataclass cannot
    leave a field out. A pydantic model says itself which of its fields were set.

    Raises:
        ConfigurationError: rows cannot be of this class.
    """
    if issubclass(cls, (Mapping, Item, str, Row, BadRow, Prepared)):
        return None
    if hasattr(cls, "model_dump"):
        return lambda row: row.model_dump(mode="python", by_alias=True, exclude_unset=True)
    if hasattr(cls, "_asdict"):  # named tuples, and rows of SQLAlchemy
        return lambda row: _present(row._asdict())
    if hasattr(cls, "keys"):  # sqlite3, asyncpg
        return lambda row: _present(dict(row))
    if is_dataclass(cls):
        names = [field.name for field in fields(cls)]
        return lambda row: _present({name: _member(getattr(row, name)) for name in names})
    raise ConfigurationError(f"rows of type {cls.__name__} cannot be sent: {ACCEPTED}")


def _present(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def _member(value: object) -> object:
    """A value of a dataclass, whose own members may be dataclasses."""
    if isinstance(value, list | tuple):
        return [_member(each) for each in value]
    maker = mapping_maker(type(value)) if is_dataclass(value) else None
    return value if maker is None else maker(value)
