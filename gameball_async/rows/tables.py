"""
Tables of typed values: what their columns stand for, and an item (or a bad row) of each record.

The header means what that of a CSV file means (`columns`). A cell that is text is read as a cell of a
CSV file is; other values keep their type. What is missing is left out, at any depth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, time
from decimal import Decimal
from itertools import groupby, islice, zip_longest
from typing import Any, TypeAlias

from attrs import field, frozen

from ..api.fields import FieldType
from ..errors import Fault
from ..faults import Refusal
from ..mapping.local_times import time_in
from .cells import READERS, SUFFIXES, TIMES, ReadCell, present, text_of, with_zone
from .columns import NULL_WORDS, Layout, put
from .kind_columns import Column, Path
from .records import Record
from .row import BadRow, Row

Faults: TypeAlias = dict[int, list[Fault]]

NUMBERS = (READERS[FieldType.NUMBER], SUFFIXES["number"])


@frozen
class Typed(Column):
    """
    A column whose values may be of any type.

    Attributes:
        take: reads any value.
    """

    take: Callable[[object], object] = field(kw_only=True)

    def read_all(
        self, values: Sequence[Any], read: Callable[[Any], object], faults: Faults
    ) -> list[object]:
        """Read the values of some records; what cannot be read is noted in *faults*, by its index."""
        try:
            return [None if value is None else read(value) for value in values]
        except Refusal:  # one by one
            found = list[object]([None] * len(values))
            for number, value in enumerate(values):
                try:
                    found[number] = None if value is None else read(value)
                except Refusal as refusal:
                    faults.setdefault(number, []).append(Fault(self.name, str(refusal)))
            return found


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

    def suspect(self, column: Typed, texts: Sequence[str | None]) -> None:
        """Count the words among these texts that mean nothing, and are sent all the same."""
        if not NULL_WORDS.isdisjoint(texts):
            found = sum(text in NULL_WORDS for text in texts)
            self.layout.suspects[self.layout.header[column.index]] += found

    def items(
        self, positions: Sequence[int], found: Sequence[Sequence[object]], faults: Faults
    ) -> list[Row | BadRow]:
        """
        The items of some records, or all that is wrong with them.

        Args:
            positions: of the records.
            found: their values as items have them, one sequence for each of `columns`; None where one
                is missing.
            faults: what could not be read, by the record's index.
        """
        made = self._by_object(found) if self._grouped() else self._by_row(found)
        if not faults and not self.layout.composes:
            return list(map(Row, positions, made))
        items = map(self.layout.finished, made)
        return [
            self.layout.bad_row(position, item, faults[index])
            if index in faults
            else Row(position, item)
            for index, (position, item) in enumerate(zip(positions, items, strict=True))
        ]

    def _grouped(self) -> bool:
        """Whether the columns of each object stand together, those of the item itself first."""
        runs = [parents for parents, _ in groupby(column.path[:-1] for column in self.columns)]
        return len(runs) == len(set(runs)) and () not in runs[1:]

    def _by_row(self, found: Sequence[Sequence[object]]) -> list[dict[str, Any]]:
        """The items, whose members come in the order of the columns."""
        made: list[dict[str, Any]] = []
        for values in zip(*found, strict=True):
            item: dict[str, Any] = {}
            made.append(item)
            for column, value in zip(self.columns, values, strict=True):
                if value is not None:
                    put(item, column.path, value)
        return made

    def _by_object(self, found: Sequence[Sequence[object]]) -> list[dict[str, Any]]:
        """The same, object by object, in about a third less time."""
        groups: dict[Path, list[int]] = {}
        for number, column in enumerate(self.columns):
            groups.setdefault(column.path[:-1], []).append(number)
        made = self._objects(groups.pop((), []), found)
        for (*parents, last), numbers in groups.items():
            for item, inner in zip(made, self._objects(numbers, found), strict=True):
                if inner:
                    for parent in parents:
                        item = item.setdefault(parent, {})
                    whole = item.setdefault(last, inner)
                    if whole is not inner:
                        whole.update(inner)
        return made

    def _objects(
        self, numbers: Sequence[int], found: Sequence[Sequence[object]]
    ) -> list[dict[str, Any]]:
        """What some columns of one object hold, without what is missing."""
        if not numbers:
            return [{} for _ in found[0]]
        names = [self.columns[number].path[-1] for number in numbers]
        columns = [found[number] for number in numbers]
        rows = zip(*columns, strict=True)
        if not any(None in column for column in columns):
            return [dict(zip(names, values, strict=True)) for values in rows]
        return [
            {name: value for name, value in zip(names, values, strict=True) if value is not None}
            for values in rows
        ]


def table_under(layout: Layout, zone: str) -> Table:
    """
    What the columns of a table stand for.

    Args:
        layout: what its header says.
        zone: of times without one; empty to refuse them.
    """
    return Table(layout, tuple(_typed(column, zone) for column in layout.columns))


def _typed(column: Column, zone: str) -> Typed:
    read, number = with_zone(column.read, column.type, zone), column.read in NUMBERS
    take = _reader(column.type, read, zone, number=number)
    return Typed(column.path, read, column.type, column.index, take=take)


AT_ONCE = 500
"""Records that are read in one go."""


def _reader(
    type: FieldType | None, cell: ReadCell, zone: str, *, number: bool
) -> Callable[[object], object]:
    """
    The function that reads the values of a column, None excepted.

    A value of a type that the field has is kept; any other is read as the text that it would be.
    """
    number = number or type is None
    truth = type in (FieldType.BOOLEAN, None)
    timed = type in (*TIMES, None)

    def value(found: object) -> object:
        if isinstance(found, str):
            return cell(found)
        if isinstance(found, bool):
            return found if truth else cell(text_of(found))
        if number and isinstance(found, int | float):
            return found
        if number and isinstance(found, Decimal) and found.is_finite():
            return READERS[FieldType.NUMBER](str(found))
        if timed and isinstance(found, datetime):
            return _time(found, type, zone)
        if isinstance(found, list | tuple | dict):
            return present(found, lambda each: _time(each, None, zone))
        return cell(text_of(found))

    return value


def _time(found: object, type: FieldType | None, zone: str) -> object:
    """A time in its zone; anything else as it is."""
    if not isinstance(found, datetime) or found.utcoffset() is not None:
        return found
    if type is FieldType.DATE and found.time() == time.min:
        return found.date()
    if not zone:
        raise Refusal("has no time zone: pass --naive-as ZONE (naive_as=…)")
    return time_in(found.isoformat(), zone=zone)


def typed_rows(table: Table, records: Iterator[Record]) -> Iterator[Row | BadRow]:
    """The items of records whose cells are typed, read by column a few hundred at a time."""
    while some := list(islice(records, AT_ONCE)):
        values = [*zip_longest(*(record.cells or () for record in some))]
        faults: Faults = {}
        for each in table.columns:
            table.suspect(each, [cell for cell in values[each.index] if type(cell) is str])
        found = [each.read_all(values[each.index], each.take, faults) for each in table.columns]
        yield from table.items([record.line for record in some], found, faults)
