"""
What a table of dlt's means: which kind its rows are, what its columns are, what may be done with it.

dlt may have changed the names: ``customerId`` became ``customer_id``, ``customerAttributes.city`` became
``customer_attributes__city``. A name that says the same as one of Gameball's, but for case and signs, is
taken for it, within objects too. All other names stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from attrs import frozen

from ...api.fields import AnyClass, FieldType, specs_of
from ...api.kinds import KINDS, Kind, Replay, item_class, kind_of
from ...errors import ConfigurationError
from ...faults import Refusal
from ...rows.cells import read_json
from ...rows.columns import layout_of
from ...rows.kind_columns import free_column, known_columns, needed_columns
from ...rows.records import Record
from ...rows.row import BadRow, Row
from ...rows.tables import Table, table_under, typed_rows
from ...rows.unknown import letters

Columns: TypeAlias = Mapping[str, str]
"""The columns of a table in dlt's names, each with dlt's type of it, such as ``bigint``."""

_SEPARATORS = ("▶", "__")
"""What dlt's naming conventions put between the names of a path."""
_NUMBERS = ("bigint", "double", "decimal", "wei")


def kind_of_table(name: str, kind: str | None, tables: Mapping[str, str] | None) -> Kind:
    """
    The kind of a table's rows.

    Args:
        name: of the table.
        kind: of all tables; None where their names say it.
        tables: the kinds of some tables, by their names.

    Raises:
        ConfigurationError: nothing says which kind it is, or there is no such kind.
    """
    said = (tables or {}).get(name, kind)
    if said is not None:
        return kind_of(said)
    for each in KINDS.values():
        if letters(each.name) == letters(name):
            return each
    raise ConfigurationError(
        f"the name of table {name!r} is not one of Gameball's kinds ({', '.join(KINDS)}): rename the table, or pass "
        f"its kind: gameball(tables={{{name!r}: 'customers'}})"
    )


def refusal_of(table: Mapping[str, Any], kind: Kind) -> str | None:
    """Why a table, as dlt's schema describes it, cannot be loaded; None where it can."""
    name, disposition = table["name"], table.get("write_disposition")
    if table.get("parent"):
        return (
            f"table {name!r} has the nested rows of {table['parent']!r}, which Gameball takes only within their "
            "parent row: keep max_table_nesting at 0"
        )
    once = kind.replay is Replay.UNREPEATABLE
    if disposition == "replace":
        use = "append" if once else "merge or append"
        return (
            f"table {name!r} has the write disposition replace, but nothing can be removed from Gameball, "
            f"so {kind.name} cannot be replaced: use {use}"
        )
    if disposition == "merge" and once:
        return (
            f"table {name!r} has the write disposition merge, but {kind.name} have no id at Gameball, so a "
            "row that is sent again is applied again: use append, and extract each row once"
        )
    for column, hints in table["columns"].items():
        if hints.get("hard_delete"):
            return (
                f"column {column!r} of table {name!r} marks rows to delete, but nothing can be removed from "
                "Gameball: filter out such rows with add_filter, and remove the hint"
            )
    return None


def header_of(kind: Kind, names: Sequence[str]) -> list[str]:
    """Columns in Gameball's names, those within objects dotted; names that mean none as they are."""
    known = known_columns(kind)
    by_letters: dict[str, str] = {}
    for name in known:
        by_letters.setdefault(letters(name), name)
    for name in known:  # where the dots are gone, too: "customer_attributes_city"
        by_letters.setdefault(letters(name).replace(".", ""), name)

    def named(name: str) -> str:
        if name in known:
            return name
        dotted = name
        for separator in _SEPARATORS:
            dotted = dotted.replace(separator, ".")
        return by_letters.get(letters(dotted)) or below_a_free_one(dotted) or name

    def below_a_free_one(dotted: str) -> str | None:
        parts = dotted.split(".")
        for length in range(1, len(parts)):
            parent = by_letters.get(letters(".".join(parts[:length])))
            path = f"{parent}.{'.'.join(parts[length:])}"
            if parent is not None and free_column(kind, path, known) is not None:
                return path
        return None

    return [named(name) for name in names]


@frozen
class LoadTable:
    """
    What a table of dlt's is, and how its rows are read.

    Attributes:
        kind: of the rows.
        columns: of the table.
        ids_from_numbers: take whole numbers as ids.
        naive_as: the zone of times without one; empty to refuse them.
    """

    kind: Kind
    columns: Columns
    ids_from_numbers: bool
    naive_as: str

    def rows(self, records: Iterator[Record]) -> Iterator[Row | BadRow]:
        """
        The rows of a load file: lines of JSON, or cells below a header.

        Raises:
            Refusal: the columns cannot be rows of its kind.
        """
        table = self.under()
        paths = zip(table.layout.header, self.columns.values(), strict=True)
        reads = [_reader(self.kind, path, type) for path, type in paths]
        return typed_rows(table, _cells(self.columns, reads, records))

    def under(self) -> Table:
        """
        What its columns stand for.

        Raises:
            Refusal: the columns cannot be rows of its kind.
        """
        kind, names = self.kind, [*self.columns]
        header = header_of(kind, names)
        given = {name.partition(".")[0] for name in header}
        missing = [name for name in needed_columns(kind, given) if name not in given]
        if missing:
            raise Refusal(
                f"no row has {', '.join(missing)}, which {kind.name} need: extract it, or rename the column that "
                "contains it"
            )
        table = table_under(layout_of(kind, header, unknown="send"), self.naive_as)
        for column in table.columns:
            name = names[column.index]
            if column.type is not FieldType.ID or self.columns[name] not in _NUMBERS:
                continue
            if not (self.ids_from_numbers and self.columns[name] == "bigint"):
                raise Refusal(
                    f"column {name!r} has numbers, but ids are text that keeps its leading zeros: extract it as "
                    "text, or pass gameball(ids_from_numbers=True)"
                )
        return table


def _cells(
    columns: Columns, reads: Sequence[Callable[[Any], Any]], records: Iterator[Record]
) -> Iterator[Record]:
    """The cells of each record in the order of *columns*."""
    places: list[int | None] = []
    for record in records:
        if record.cells is None:
            row = read_json(record.text)
            if not isinstance(row, dict):
                raise Refusal(
                    f"line {record.line} is not an object: this is not a load file of dlt"
                )
            found = [row.get(name) for name in columns]
        elif not record.line:
            places = [record.cells.index(n) if n in record.cells else None for n in columns]
            continue
        else:
            found = [None if place is None else record.cells[place] for place in places]
        cells = [read(cell) for read, cell in zip(reads, found, strict=True)]
        yield Record(record.line, cells=cells)


def _reader(kind: Kind, path: str, type: str) -> Callable[[Any], Any]:
    """What makes the value of a cell out of what dlt has written."""
    if type in ("decimal", "wei"):
        return lambda cell: Decimal(cell) if isinstance(cell, str) else cell
    if type != "json":
        return lambda cell: cell
    cls = _class_at(kind, path)

    def read(cell: Any) -> Any:
        value = read_json(cell) if isinstance(cell, str) else cell
        return value if cls is None else _renamed(value, cls)

    return read


def _class_at(kind: Kind, path: str) -> AnyClass | None:
    """The class of the objects at a path, or in a list there; None where their names are free."""
    cls = item_class(kind.name)
    for name in path.split("."):
        spec = None if cls is None else specs_of(cls).get(name)
        cls = None if spec is None else spec.nested
    return cls


def _renamed(value: Any, cls: AnyClass) -> Any:
    """An object, or a list of such, in Gameball's names at every depth."""
    if isinstance(value, list):
        return [_renamed(each, cls) for each in value]
    if not isinstance(value, dict):
        return value
    specs = specs_of(cls)
    by_letters = {letters(name): name for name in specs}
    made: dict[str, Any] = {}
    for name, each in value.items():
        meant = by_letters.get(letters(name))
        right = name if meant is None or name in specs or meant in value else meant
        spec = specs.get(right)
        made[right] = each if spec is None or spec.nested is None else _renamed(each, spec.nested)
    return made
