"""
Tables of typed values: what their columns stand for, and an item (or a bad row) of each record.

The header means what that of a CSV file means (`columns`). A cell that is text is read as a cell of a
CSV file is; other values keep their type. What is missing is left out, at any depth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, time
from decimal import Decimal
from itertools import islice, zip_longest
from typing import Any

from attrs import field, frozen

from ..api.fields import FieldType
from ..faults import Refusal
from ..mapping.local_times import time_in
from .cells import READERS, SUFFIXES, TIMES, ReadCell, present, text_of, with_zone
from .columns import NULL_WORDS, Layout
from .kind_columns import Column, Faults
from .records import AT_ONCE, Record
from .row import BadRow, Row

NUMBERS = (READERS[FieldType.NUMBER], SUFFIXES["number"])
_TRUTH = (FieldType.BOOLEAN, None)
_MISSING = {type(None)}


@frozen
class Typed(Column):
    """
    A column whose values may be of any type.

    Attributes:
        take: reads any value.
        kept: the types of those that it gives back as they are.
    """

    take: Callable[[object], object] = field(kw_only=True)
    kept: frozenset[type] = field(kw_only=True)


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

    def rows(self, lines: Sequence[int], records: Sequence[Sequence[object]]) -> list[Row | BadRow]:
        """The items of records whose cells are typed, read by column; or all that is wrong with them."""
        columns = [*zip_longest(*records)]
        faults: Faults = {}
        found = [self._values(each, columns[each.index], faults) for each in self.columns]
        return self.layout.items(lines, found, faults)

    def _values(self, column: Typed, values: Sequence[Any], faults: Faults) -> Sequence[object]:
        """The values of one column as items have them; None for what is missing."""
        kinds = set(map(type, values)) - _MISSING
        if kinds <= column.kept:
            return values
        if kinds == {str}:
            return self.layout.values(column, values, faults)
        words = [value in NULL_WORDS for value in values if type(value) is str]
        if any(words):
            self.layout.suspects[self.layout.header[column.index]] += sum(words)
        return column.read_all(values, column.take, faults)


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
    kept = {int, float} if number or column.type is None else set[type]()
    if column.type in _TRUTH:
        kept.add(bool)
    return Typed(column.path, read, column.type, column.index, take=take, kept=frozenset(kept))


def _reader(
    type: FieldType | None, cell: ReadCell, zone: str, *, number: bool
) -> Callable[[object], object]:
    """
    The function that reads the values of a column, None excepted.

    A value of a type that the field has is kept; any other is read as the text that it would be.
    """
    number = number or type is None
    truth = type in _TRUTH
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
    """The items of records whose cells are typed, read a few hundred at a time."""
    while some := list(islice(records, AT_ONCE)):
        yield from table.rows([each.line for each in some], [each.cells or () for each in some])
