"""
The check of many rows at once, column by column: whether each of them is sound, and stays as it is.

The check of one row looks at each value by itself, which costs more than all that follows. Where rows
are at hand together and nothing about them is odd, it is enough to look at each field's values as a
column: at their types, their sum, the least and the greatest. What is odd in any way (a field that we
do not know, a value to be converted, a fault) is left to the check of one row, for all of these rows:
no fault is told and no value is changed here. `benchmarks/bench_rows.py` measures what that saves, and
`tests/rows/test_check_many.py` holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain, islice
from operator import itemgetter
from typing import Any, TypeAlias, cast

import orjson

from ..api.fields import AnyClass, FieldType, specs_of
from ..api.items import writer
from ..api.kinds import Kind
from .plain import UNREADABLE
from .row import BadRow, Block, Prepared
from .scalars import to_json
from .sound import sound_of

Made: TypeAlias = Prepared | BadRow
One: TypeAlias = Callable[[int, object], Made]
CheckMany: TypeAlias = Callable[[Sequence[object]], list[dict[str, Any]] | None]

_Items: TypeAlias = list[dict[str, Any]]
AT_ONCE = 200
"""
Rows that are made ready in one go: a millisecond of the event loop's time. So few that a search for garbage, which
comes with every 700 new containers, finds none of theirs.
"""

AT_ONCE_WITH_LISTS = 100
"""The same for items that hold lists of objects: an order may have fifty line items."""

MAX_ITEM_BYTES = 1_000_000
"""The longest JSON of one item. The API names no limit; proxies have one for the whole request."""

# Subclasses and times go through ``to_json``: by itself, orjson would write a time without zone.
OPTIONS = (
    orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)


class Prepare:
    """
    Makes an item of a row: ``(position, value) -> Prepared | BadRow``.

    Attributes:
        one: the same, to be called itself.
        many: for rows that are at hand together, which must not change meanwhile.
        at_once: how many rows to give it, at most.
    """

    __slots__ = ("at_once", "many", "one")

    def __init__(self, one: One, cls: AnyClass | None, kind: Kind) -> None:
        self.one: One = one
        self.many: Callable[[range | list[int], Sequence[object]], Sequence[Made]]
        self.many = partial(_many, one, check_of_many(cls) if cls else lambda rows: None, kind)
        self.at_once: int = AT_ONCE_WITH_LISTS if cls and _has_lists(cls) else AT_ONCE

    def __call__(self, position: int, value: object) -> Made:
        return self.one(position, value)


def _many(
    one: One,
    check: CheckMany,
    kind: Kind,
    positions: range | list[int],
    rows: Sequence[object],
) -> Sequence[Made]:
    """Items of many rows: one by one where any of them is odd."""
    items = check(rows)
    payloads = None if items is None else _encoded(items)
    if items is None or payloads is None:
        return list(map(one, positions, rows))
    ids = None if kind.item_key is None else list(map(itemgetter(kind.item_key), items))
    made = Block(positions, list(map(itemgetter(kind.key), items)), ids, payloads)
    if made.size > MAX_ITEM_BYTES and max(map(len, payloads)) > MAX_ITEM_BYTES:
        return list(map(one, positions, rows))
    return made


def _encoded(items: Iterable[object]) -> list[bytes] | None:
    """Sound items as JSON, in memory of its own size; None where one has to be refused."""
    dumps, join = orjson.dumps, b"".join
    try:
        return [join((dumps(item, _unwrapped, OPTIONS), b"")) for item in items]
    except UNREADABLE:
        return None


def _unwrapped(value: object) -> object:
    """`to_json`, but for what only looks like text to the checks of a column."""
    if isinstance(value, str):
        raise TypeError
    return to_json(value)


def _has_lists(cls: AnyClass) -> bool:
    specs = specs_of(cls).values()
    return any(spec.nested is not None and spec.type is FieldType.LIST for spec in specs)


def check_of_many(cls: AnyClass) -> CheckMany:
    """What checks many rows of *cls* at once: gives a mapping of each, or None where one is odd."""
    level, write = _Level(cls), writer(cls)

    def check(rows: Sequence[object]) -> _Items | None:
        kinds = set(map(type, rows))
        try:
            if kinds == {dict}:
                items = cast(_Items, rows)
                return items if level.sound(items, ours=False) else None
            if kinds == {cls}:
                items = list(map(write, rows))
                return items if level.sound(items, ours=True) else None
        except UNREADABLE:
            pass  # the check of one row finds out which, and why
        return None

    return check


class _Level:
    """
    The fields of one class, as columns.

    It remembers the names that every row has had so far: they are fetched together.
    """

    def __init__(self, cls: AnyClass) -> None:
        specs = specs_of(cls)
        self._names = frozenset(specs)
        self._sound = {name: sound_of(spec) for name, spec in specs.items() if not spec.nested}
        self._within = {
            name: _Within(spec.nested, lists=spec.type is FieldType.LIST)
            for name, spec in specs.items()
            if spec.nested
        }
        self._required = frozenset(name for name, spec in specs.items() if spec.required)
        self._every = self._names
        self._others: Iterable[str] = ()
        self._fetch = _fetching(tuple(self._every))

    def sound(self, items: _Items, *, ours: bool) -> bool:
        """Whether each of these is; models within *ours* become mappings."""
        if not items:
            return True
        columns = self._columns(items)
        if columns is None:
            return False
        for name, column in columns:
            if self._holds(name, column, items if ours else []):
                continue
            values = [each for each in column if each is not None]
            if len(values) == len(column) or name in self._required:
                return False
            if values and not self._holds(name, values, items if ours else []):
                return False
        return True

    def _holds(self, name: str, column: Sequence[Any], ours: _Items) -> bool:
        within = self._within.get(name)
        try:
            return self._sound[name](column) if within is None else within.sound(column, ours, name)
        except TypeError:
            return False

    def _columns(self, items: _Items) -> list[tuple[str, Sequence[Any]]] | None:
        """The values of each field; None where a field is unknown, or a required one is missing."""
        try:
            fetched = list(zip(*map(self._fetch, items), strict=True))
        except KeyError:
            every = self._every.intersection(*items)
            if not every >= self._required:
                return None
            self._every, self._fetch = every, _fetching(tuple(every))
            fetched = list(zip(*map(self._fetch, items), strict=True))
        columns: list[tuple[str, Sequence[Any]]] = list(zip(self._every, fetched, strict=True))
        left = sum(map(len, items)) - len(columns) * len(items)
        if left:
            others = _others(items, self._others)
            if left != sum(len(column) for _, column in others):
                names = set[str]().union(*items)
                if not names <= self._names:
                    return None
                self._others = names - self._every
                others = _others(items, self._others)
            columns += others
        return columns


def _others(items: _Items, names: Iterable[str]) -> list[tuple[str, Sequence[Any]]]:
    """The values of fields that not every item has."""
    return [(name, [item[name] for item in items if name in item]) for name in names]


def _fetching(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """What fetches the values of these names; `itemgetter` gives no tuple of one or none."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda item: tuple(map(item.__getitem__, names))


class _Within:
    """Objects with fields of their own in a field, or lists of them."""

    def __init__(self, cls: AnyClass, *, lists: bool) -> None:
        self._cls = cls
        self._write = writer(cls)
        self._level = _Level(cls)
        self._lists = lists

    def sound(self, column: Sequence[Any], ours: _Items, name: str) -> bool:
        """Whether each object of a column is; models become mappings in *ours*, the items that hold them."""
        objects, kinds = column, set(map(type, column))
        if self._lists and kinds:
            if kinds != {list}:
                return False
            objects = list(chain.from_iterable(column))
            kinds = set(map(type, objects))
        if kinds <= {dict}:
            return self._level.sound(cast(_Items, objects), ours=False)
        if kinds != {self._cls} or not ours:
            return False
        written = list(map(self._write, objects))
        found = iter(written)
        for item in ours:
            value = item.get(name)
            if value is not None:
                item[name] = list(islice(found, len(value))) if self._lists else next(found)
        return self._level.sound(written, ours=True)
