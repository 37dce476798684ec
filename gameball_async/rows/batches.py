"""
Makes items of many rows at once: what is plainly sound is seen column by column, which costs half.

A batch of mappings is looked at one field at a time, over all of its rows, mostly by functions that
Python runs in C. Only a clear yes counts: a batch with anything else in it is tried again in parts,
and a part that is still not clear goes through `rows.preparer`, row by row, which converts and
names faults. So both ways give the same items, and this one never refuses a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from math import inf
from operator import is_, itemgetter
from typing import Any, TypeAlias

import orjson

from ..api.codec import unstructurer
from ..api.fields import AnyClass, FieldSpec, FieldType, specs_of
from ..api.item_classes import item_class
from ..api.kinds import Kind
from .checks import check_of_field, may_hide_a_number
from .plain import UNREADABLE
from .row import MAX_ITEM_BYTES, OPTIONS, BadRow, Prepared, preparer
from .scalars import Convert, to_json

__all__ = ["PrepareAll", "batch_preparer"]

PrepareAll: TypeAlias = Callable[[Sequence[int], Sequence[Any]], list[Prepared | BadRow]]
"""Positions, and the rows at them, to items or bad rows in the same order."""

_PARTS = 4
_KNOWN = 4096
_EXACT: Mapping[FieldType, type] = {
    FieldType.NUMBER: float,
    FieldType.INTEGER: int,
    FieldType.BOOLEAN: bool,
    FieldType.OBJECT: dict,
}

_Look: TypeAlias = Callable[[Sequence[Any]], bool]
"""Whether all of these values, none of them None, are plainly sound; may raise UNREADABLE."""


def batch_preparer(kind: Kind, *, ids_from_numbers: bool = False) -> PrepareAll:
    """
    The function that makes items of many rows of *kind*. It never raises for what a row holds.

    Args:
        kind: the batch kind.
        ids_from_numbers: as in `rows.preparer`.
    """
    one = preparer(kind, ids_from_numbers=ids_from_numbers)
    cls = item_class(kind.name)

    def singly(positions: Sequence[int], rows: Sequence[Any]) -> list[Prepared | BadRow]:
        return list(map(one, positions, rows))

    if cls is None:
        return singly
    sound, written = _all_sound(cls, ids_from_numbers), _writer(cls)
    encoded = _encoder(kind)

    def at_once(positions: Sequence[int], rows: Sequence[Any]) -> list[Prepared] | None:
        try:
            types = set(map(type, rows))
            if types == {dict}:
                items = rows
            elif types == {cls}:
                items = written(rows)
            else:
                return None
            return encoded(positions, items) if sound(items) else None
        except UNREADABLE:
            return None

    def prepare(positions: Sequence[int], rows: Sequence[Any]) -> list[Prepared | BadRow]:
        if len(rows) == 1:
            return singly(positions, rows)
        made = at_once(positions, rows)
        if made is not None:
            return [*made]
        ready: list[Prepared | BadRow] = []
        step = -(-len(rows) // _PARTS) or 1
        for start in range(0, len(rows), step):
            part = positions[start : start + step], rows[start : start + step]
            ready += at_once(*part) or singly(*part)
        return ready

    return prepare


def _writer(cls: AnyClass) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Models to new mappings, with the models in their fields."""
    write = unstructurer(cls)
    nested = {
        spec.wire: (spec.nested, unstructurer(spec.nested))
        for spec in specs_of(cls).values()
        if spec.type is FieldType.NESTED and spec.nested is not None
    }

    def written(models: Sequence[Any]) -> Sequence[Any]:
        items = list(map(write, models))
        for name, (inner, write_inner) in nested.items():
            for item in items:
                value: Any = item.get(name)
                if type(value) is inner:
                    item[name] = write_inner(value)
        return items

    return written


def _encoder(kind: Kind) -> Callable[[Sequence[int], Sequence[Any]], list[Prepared] | None]:
    """Encodes sound items; None where a number may hide that the encoder would write as null."""
    key_of = itemgetter(kind.key)
    id_of = None if kind.item_key is None else itemgetter(kind.item_key)

    def encode(positions: Sequence[int], items: Sequence[Any]) -> list[Prepared] | None:
        written = map(orjson.dumps, items, repeat(to_json), repeat(OPTIONS))
        # Each is copied at once: the encoder's bytes lie in a buffer many times their size.
        payloads = list(map(b"".join, zip(written, repeat(b""), strict=False)))
        if max(map(len, payloads)) > MAX_ITEM_BYTES:
            return None
        if max(map(bytes.rfind, payloads, repeat(b"null"))) >= 0:
            for item, payload in zip(items, payloads, strict=True):
                if payload.rfind(b"null") >= 0 and may_hide_a_number(item):
                    return None
        ids: Iterable[str | None] = repeat(None) if id_of is None else map(id_of, items)
        return list(map(Prepared, positions, map(key_of, items), ids, payloads))

    return encode


def _all_sound(cls: AnyClass, ids_from_numbers: bool) -> _Look:
    """Whether mappings for items of a class may all be sent as they are."""
    specs = specs_of(cls)
    looks = {name: _look(spec, ids_from_numbers) for name, spec in specs.items()}
    required = {name for name, spec in specs.items() if spec.required}
    texts = {name for name, spec in specs.items() if spec.type is FieldType.TEXT} - required

    def all_texts(items: Sequence[Any], name: str) -> bool:
        """Whether a field is text in each row that has it; the quickest look at most fields."""
        try:
            "".join(map(dict.get, items, repeat(name), repeat("")))
        except TypeError:
            return False
        return True

    def sound(items: Sequence[Any]) -> bool:
        names = set().union(*items)
        if not required <= names:
            return False
        for name in names:
            if name not in looks:
                continue  # a field that we do not know is left to the encoder, as always
            if name in texts and all_texts(items, name):
                continue
            values = _values(items, name)
            if name in required and len(values) < len(items):
                return False
            if values and not looks[name](values):
                return False
        return True

    return sound


def _values(items: Sequence[Any], name: str) -> list[Any]:
    """What a field holds, without the rows that have none; quickest where all of them do."""
    try:
        values = list(map(itemgetter(name), items))
    except KeyError:
        values = list(map(dict.get, items, repeat(name)))
    if any(map(is_, values, repeat(None))):
        return [value for value in values if value is not None]
    return values


def _look(spec: FieldSpec, ids_from_numbers: bool) -> _Look:
    take = check_of_field(spec, ids_from_numbers).take
    if spec.type is FieldType.NESTED and spec.nested is not None:
        return _objects(_all_sound(spec.nested, ids_from_numbers))
    if spec.type is FieldType.TEXT:
        return _texts
    if spec.type is FieldType.ID:
        return _either(_identifiers, take)
    if spec.type is FieldType.ENUM:
        return frozenset(spec.choices).issuperset
    if spec.type is FieldType.DATE:
        return _remembered(take)
    if spec.each is None and spec.type in _EXACT:
        return _either(_numbers(spec, _EXACT[spec.type]), take)
    return _each(take)


def _texts(values: Sequence[Any]) -> bool:
    "".join(values)  # takes nothing but text
    return True


def _identifiers(values: Sequence[Any]) -> bool:
    """Texts that print, are not empty and hold no blank: the usual ids."""
    joined = "".join(values)
    plain = joined.isprintable() and " " not in joined and "" not in values
    return plain and set(map(type, values)) == {str}


def _numbers(spec: FieldSpec, exact: type) -> _Look:
    """Values of one very type, within the field's limits."""
    least = -inf if spec.minimum is None else spec.minimum
    most = inf if spec.maximum is None else spec.maximum
    limited = spec.minimum is not None or spec.maximum is not None

    def sound(values: Sequence[Any]) -> bool:
        if set(map(type, values)) != {exact}:
            return False
        # The type's own order: no value is not a number here, but for floats, which go singly.
        return not limited or (exact is int and least <= min(values) and max(values) <= most)

    return sound


def _objects(all_sound: _Look) -> _Look:
    def sound(values: Sequence[Any]) -> bool:
        return set(map(type, values)) == {dict} and all_sound(values)

    return sound


def _each(take: Convert) -> _Look:
    """Values that come out of their field's own check as they went in."""

    def sound(values: Sequence[Any]) -> bool:
        return all(map(is_, map(take, values), values))

    return sound


def _either(quick: _Look, take: Convert) -> _Look:
    slow = _each(take)

    def sound(values: Sequence[Any]) -> bool:
        return quick(values) or slow(values)

    return sound


def _remembered(take: Convert) -> _Look:
    """Texts that their field's check leaves as they are; those seen before are only looked up."""
    known: set[Any] = set()

    def sound(values: Sequence[Any]) -> bool:
        if known.issuperset(values):
            return True
        if set(map(type, values)) != {str} or list(map(take, values)) != values:
            return False
        if len(known) < _KNOWN:
            known.update(values)
        return True

    return sound
