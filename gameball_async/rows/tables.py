"""
Tables of typed values: what their columns stand for, and an item (or a bad row) of each record.

The header means what that of a CSV file means (`columns`). A cell that is text is read as a cell of a
CSV file is; other values keep their type. What is missing is left out, at any depth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from itertools import count
from typing import Any, TypeAlias

from attrs import evolve, frozen

from ..api.fields import FieldType, specs_of
from ..api.item_classes import item_class
from ..api.kinds import Kind
from ..errors import Fault
from .cells import READERS, ReadCell
from .columns import Column, Layout, Path, layout_of
from .plain import Refusal
from .row import BadRow, Row
from .unknown import Unknown
from .zones import in_zone, reads_local_times

__all__ = ["Faults", "Table", "Typed", "table_of", "table_under", "type_of", "with_unknown"]

Faults: TypeAlias = dict[int, list[Fault]]

TIMES = (FieldType.DATE, FieldType.DATETIME)


@frozen
class Typed:
    """
    One column: where its values go, and how they are read.

    Attributes:
        path: of names, from the item inwards.
        index: of the column in the table.
        type: of the field; None for a field of the account's own.
        cell: reads text.
        read: reads any value.
    """

    path: Path
    index: int
    type: FieldType | None
    cell: ReadCell
    read: Callable[[object], object]

    @property
    def name(self) -> str:
        """The path as it is named in faults."""
        return ".".join(self.path)

    def read_all(
        self, values: Sequence[Any], read: Callable[[Any], object], faults: Faults
    ) -> list[object]:
        """Read the values of some records; what cannot be read is noted in *faults*, by its index."""
        try:
            return [None if value is None else read(value) for value in values]
        except Refusal:
            return [self._one(number, value, read, faults) for number, value in enumerate(values)]

    def _one(
        self, number: int, value: Any, read: Callable[[Any], object], faults: Faults
    ) -> object:
        try:
            return None if value is None else read(value)
        except Refusal as refusal:
            faults.setdefault(number, []).append(Fault(self.name, str(refusal)))
            return None


@frozen
class Table:
    """
    The columns of one table.

    Attributes:
        layout: what the header says.
        columns: those that are sent.
    """

    layout: Layout
    columns: tuple[Typed, ...]

    def rows(self, first: int, values: Sequence[Sequence[object]]) -> list[Row | BadRow]:
        """
        The items of some records, or all that is wrong with them.

        Args:
            first: position of the first record.
            values: of the records, column by column; missing ones are None.
        """
        faults: Faults = {}
        found = [each.read_all(values[each.index], each.read, faults) for each in self.columns]
        return self.items(first, found, faults)

    def items(
        self, first: int, found: Sequence[Sequence[object]], faults: Faults
    ) -> list[Row | BadRow]:
        """The same for values that are read already, one sequence for each of `columns`."""
        groups: dict[Path, list[int]] = {}
        for number, column in enumerate(self.columns):
            groups.setdefault(column.path[:-1], []).append(number)
        own = groups.pop((), [])
        made = self._objects(own, found) if own else [{} for _ in found[0]]
        for parents, numbers in groups.items():
            for item, inner in zip(made, self._objects(numbers, found), strict=True):
                if inner:
                    _put(item, parents, inner)
        if not faults and not self.layout.composes:
            return list(map(Row, count(first), made))
        return [
            self._row(position, item, faults.get(position - first))
            for position, item in enumerate(made, first)
        ]

    def _objects(
        self, numbers: Sequence[int], found: Sequence[Sequence[object]]
    ) -> list[dict[str, object]]:
        """What some columns of one object hold, without what is missing."""
        names = [self.columns[number].path[-1] for number in numbers]
        columns = [found[number] for number in numbers]
        rows = zip(*columns, strict=True)
        if not any(None in column for column in columns):
            return [dict(zip(names, values, strict=True)) for values in rows]
        return [
            {name: value for name, value in zip(names, values, strict=True) if value is not None}
            for values in rows
        ]

    def _row(
        self, position: int, item: dict[str, object], faults: list[Fault] | None
    ) -> Row | BadRow:
        finished = self.layout.finished(item)
        if faults is None:
            return Row(position, finished)
        named = {fault.field for fault in faults}
        prepared = self.layout.prepare(position, finished)
        if isinstance(prepared, BadRow):
            faults += [fault for fault in prepared.faults if fault.field not in named]
        return BadRow(position, tuple(faults), prepared.key)


def _put(item: dict[str, object], parents: Path, inner: dict[str, object]) -> None:
    if len(parents) == 1 and parents[0] not in item:
        item[parents[0]] = inner
        return
    for parent in parents[:-1]:
        item = item.setdefault(parent, {})  # type: ignore[assignment]  # only objects are put here
    whole = item.setdefault(parents[-1], inner)
    if whole is not inner:
        whole.update(inner)  # type: ignore[attr-defined]


def table_of(
    kind: Kind,
    header: Sequence[str],
    *,
    unknown: Unknown = "warn",
    zone: str = "",
) -> Table:
    """
    What the columns of a table stand for.

    Args:
        kind: the batch kind.
        header: the columns' names.
        custom: send columns that the API does not know among the account's own fields.
        zone: of times without one; None refuses them.

    Raises:
        Refusal: the header cannot be used.
    """
    return table_under(layout_of(kind, header, unknown=unknown), zone)


def table_under(layout: Layout, zone: str) -> Table:
    """What the columns of a table stand for, where its header is known."""
    kind = layout.kind
    return Table(layout, tuple(_typed(kind, column, zone) for column in layout.columns))


def with_unknown(table: Table) -> Table:
    """The same with the columns that the API does not know, sent under their own names."""
    known = {column.index for column in table.columns}
    more = [
        Typed((name,), index, None, _TEXT, _reader(None, _TEXT, ""))
        for index, name in enumerate(table.layout.header)
        if index not in known and name.strip()
    ]
    return evolve(table, columns=(*table.columns, *more))


def _typed(kind: Kind, column: Column, zone: str) -> Typed:
    type = type_of(kind, column.path)
    cell = column.read
    if zone and type in TIMES:
        cell = reads_local_times(cell, zone, days=type is FieldType.DATE)
    return Typed(column.path, column.index, type, cell, _reader(type, cell, zone))


def type_of(kind: Kind, path: Path) -> FieldType | None:
    """The type of the field at *path*; None where the account names the fields."""
    cls = item_class(kind.name)
    if cls is None:
        return FieldType.ID
    for name in path[:-1]:
        spec = specs_of(cls).get(name)
        if spec is None or spec.nested is None:
            return None
        cls = spec.nested
    spec = specs_of(cls).get(path[-1])
    return None if spec is None else spec.type


_TEXT = READERS[FieldType.TEXT]


def _reader(type: FieldType | None, cell: ReadCell, zone: str) -> Callable[[object], object]:
    """The function that reads the values of a column, None excepted."""

    def value(found: object) -> object:
        if isinstance(found, str):
            return cell(found)
        if isinstance(found, datetime):
            return _time(found, type, zone)
        if isinstance(found, bool):
            return found
        if isinstance(found, Decimal) and found.is_finite():
            found = READERS[FieldType.NUMBER](str(found))
        return _inner(found, zone)

    return value


def _time(found: datetime, type: FieldType | None, zone: str) -> object:
    if found.utcoffset() is not None:
        return found
    if type is FieldType.DATE and found.time() == time.min:
        return date(found.year, found.month, found.day)
    if not zone:
        raise Refusal("has no time zone: pass the zone that is meant, --naive-as ZONE (naive_as=…)")
    return in_zone(found.isoformat(), zone)


def _inner(found: object, zone: str) -> object:
    """Lists and objects without what is missing in them."""
    if isinstance(found, dict):
        return {name: _inner(each, zone) for name, each in found.items() if each is not None}
    if isinstance(found, list | tuple):
        return [_inner(each, zone) for each in found]
    if isinstance(found, datetime):
        return _time(found, None, zone)
    return found
