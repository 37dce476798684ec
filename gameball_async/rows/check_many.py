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
from math import isfinite
from operator import itemgetter
from typing import Any, TypeAlias, cast

import orjson

from ..api.codec import writer
from ..api.fields import AnyClass, FieldSpec, FieldType, specs_of
from ..api.kinds import Kind
from .members import PLAIN_TYPES, hide_a_number
from .plain import UNREADABLE
from .row import BadRow, Block, Prepared
from .scalars import to_json
from .times import day, moment

Made: TypeAlias = Prepared | BadRow
One: TypeAlias = Callable[[int, object], Made]
CheckMany: TypeAlias = Callable[[Sequence[object]], list[dict[str, Any]] | None]

_Items: TypeAlias = list[dict[str, Any]]
_Kinds: TypeAlias = set[type]
_Sound: TypeAlias = Callable[[Sequence[Any], _Kinds], bool]
"""Whether all values of a column will do; it is given their types, none of which is that of None."""

_NONE = type(None)

AT_ONCE = 250
"""Rows that are made ready in one go: a millisecond of the event loop's time, or two."""

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
        self.many: Callable[[Sequence[int], Sequence[object]], Sequence[Made]]
        self.many = partial(_many, one, check_of_many(cls) if cls else lambda rows: None, kind)
        self.at_once: int = AT_ONCE_WITH_LISTS if cls and _has_lists(cls) else AT_ONCE

    def __call__(self, position: int, value: object) -> Made:
        return self.one(position, value)


def _many(
    one: One,
    check: CheckMany,
    kind: Kind,
    positions: Sequence[int],
    rows: Sequence[object],
) -> Sequence[Made]:
    """Items of many rows: one by one where any of them is odd."""
    items = check(rows)
    payloads = None if items is None else _encoded(items)
    if items is None or payloads is None:
        return list(map(one, positions, rows))
    ids = None if kind.item_key is None else list(map(itemgetter(kind.item_key), items))
    return Block(positions, list(map(itemgetter(kind.key), items)), ids, payloads)


def _encoded(items: Iterable[object]) -> list[bytes] | None:
    """Sound items as JSON, in memory of its own size; None where one has to be refused."""
    dumps, join = orjson.dumps, b"".join
    try:
        payloads = [join((dumps(item, to_json, OPTIONS), b"")) for item in items]
    except UNREADABLE:
        return None
    return None if max(map(len, payloads)) > MAX_ITEM_BYTES else payloads


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
        self._sound = {name: _sound_of(spec) for name, spec in specs.items() if not spec.nested}
        self._within = {
            name: _Within(spec.nested, lists=spec.type is FieldType.LIST)
            for name, spec in specs.items()
            if spec.nested
        }
        self._required = frozenset(name for name, spec in specs.items() if spec.required)
        self._every = self._names
        self._fetch = _fetching(tuple(self._every))

    def sound(self, items: _Items, *, ours: bool) -> bool:
        """Whether each of these is; models within *ours* become mappings."""
        if not items:
            return True
        columns = self._columns(items)
        if columns is None:
            return False
        for name, column in columns:
            values, kinds = column, set(map(type, column))
            if _NONE in kinds:
                if name in self._required:
                    return False
                values = [each for each in values if each is not None]
                kinds.discard(_NONE)
            within = self._within.get(name)
            if within is None:
                sound = not kinds or self._sound[name](values, kinds)
            else:
                sound = within.sound(values, kinds, items if ours else [], name)
            if not sound:
                return False
        return True

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
        if len(columns) * len(items) < sum(map(len, items)):
            names = set[str]().union(*items)
            if not names <= self._names:
                return None
            others = names - self._every
            columns += [(name, [item.get(name) for item in items]) for name in others]
        return columns


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

    def sound(self, column: Sequence[Any], kinds: _Kinds, ours: _Items, name: str) -> bool:
        """Whether each object of a column is; models become mappings in *ours*, the items that hold them."""
        objects = column
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


def _sound_of(spec: FieldSpec) -> _Sound:
    """What says of a column of one field whether all its values will do, and stay as they are."""
    match spec.type:
        case FieldType.ID:
            return _ids
        case FieldType.TEXT:
            return lambda column, kinds: kinds == {str}
        case FieldType.NUMBER:
            return _within_limits(spec, frozenset({int, float}))
        case FieldType.INTEGER:
            return _within_limits(spec, frozenset({int}))
        case FieldType.BOOLEAN:
            return lambda column, kinds: kinds == {bool}
        case FieldType.DATE:
            return _unchanged_by(day)
        case FieldType.DATETIME:
            return _unchanged_by(moment)
        case FieldType.ENUM:
            words = frozenset(spec.choices)
            return lambda column, kinds: kinds == {str} and words.issuperset(column)
        case FieldType.LIST:
            return _texts if spec.each is FieldType.TEXT else _anything(list)
        case FieldType.OBJECT:
            return _anything(dict) if spec.each is None else _texts_by_name
        case _:
            return _objects_by_name


def _ids(column: Sequence[str], kinds: _Kinds) -> bool:
    """Text that prints, with no blank at an end; all in one look."""
    if kinds != {str}:
        return False
    text = "|".join(("", *column, ""))
    return text.isprintable() and "||" not in text and "| " not in text and " |" not in text


def _within_limits(spec: FieldSpec, allowed: frozenset[type]) -> _Sound:
    """Numbers that are finite: as long as their sum is. The encoder refuses those above 64 bits."""
    least, most = spec.minimum, spec.maximum

    def sound(column: Sequence[float], kinds: _Kinds) -> bool:
        if not kinds <= allowed or (float in kinds and not isfinite(sum(column))):
            return False
        return (least is None or min(column) >= least) and (most is None or max(column) <= most)

    return sound


def _unchanged_by(convert: Callable[[object], object]) -> _Sound:
    """Text that is written already as it is to be."""
    return lambda column, kinds: kinds == {str} and list(map(convert, column)) == list(column)


def _texts(column: Sequence[list[Any]], kinds: _Kinds) -> bool:
    """Lists of text."""
    return kinds == {list} and set(map(type, chain.from_iterable(column))) <= {str}


def _are_named(column: Sequence[dict[Any, Any]]) -> bool:
    """Whether all members of these objects have a name."""
    names = set(chain.from_iterable(column))
    return set(map(type, names)) <= {str} and all(map(str.strip, names))


def _texts_by_name(column: Sequence[dict[Any, Any]], kinds: _Kinds) -> bool:
    """Objects of texts and numbers."""
    if kinds != {dict} or not _are_named(column):
        return False
    values = list(chain.from_iterable(map(dict.values, column)))
    held = set(map(type, values))
    return held <= {str, int} or (held <= {str, int, float} and not hide_a_number(values))


def _objects_by_name(column: Sequence[dict[Any, Any]], kinds: _Kinds) -> bool:
    """Objects that hold objects, at least one each."""
    if kinds != {dict} or not all(column) or not _are_named(column):
        return False
    values = list(chain.from_iterable(map(dict.values, column)))
    return set(map(type, values)) == {dict} and not hide_a_number(values)


def _anything(kind: type) -> _Sound:
    """Lists or objects of what JSON knows."""
    members: Callable[[Any], Iterable[Any]] = dict.values if kind is dict else iter

    def sound(column: Sequence[Any], kinds: _Kinds) -> bool:
        if kinds != {kind}:
            return False
        plain = PLAIN_TYPES.issuperset(map(type, chain.from_iterable(map(members, column))))
        return plain or not hide_a_number(column)

    return sound
