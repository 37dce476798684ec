"""
The checks of a column: whether the values of one field, of many rows, will all do and stay as they are.

They are as quick as can be: what only looks like text (a class of the user's) is left to the encoder, which
takes none but Python's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from math import isfinite
from typing import Any, TypeAlias

from ..api.fields import FieldSpec, FieldType
from .members import PLAIN_TYPES, hide_a_number
from .times import day, moment

Sound: TypeAlias = Callable[[Sequence[Any]], bool]
"""Whether all values of a column will do, as far as the encoder takes them; may raise a TypeError if not."""

MOST_DAYS = 10_000
"""Days of a field that are remembered: 27 years of them."""


def sound_of(spec: FieldSpec) -> Sound:
    """What says of a column of one field whether all its values will do, and stay as they are."""
    match spec.type:
        case FieldType.ID:
            return _ids
        case FieldType.TEXT:
            return _texts
        case FieldType.NUMBER:
            return _within_limits(spec, frozenset({int, float}))
        case FieldType.INTEGER:
            return _within_limits(spec, frozenset({int}))
        case FieldType.BOOLEAN:
            return lambda column: set(map(type, column)) <= {bool}
        case FieldType.DATE:
            return _days()
        case FieldType.DATETIME:
            return _moments
        case FieldType.ENUM:
            return frozenset(spec.choices).issuperset
        case FieldType.LIST:
            return _lists_of_text if spec.each is FieldType.TEXT else _anything(list)
        case FieldType.OBJECT:
            return _anything(dict) if spec.each is None else _texts_by_name
        case _:
            return _objects_by_name


def _ids(column: Sequence[str]) -> bool:
    """Text that prints, with no blank at an end; all in one look."""
    text = "|".join(("", *column, ""))
    if not text.isprintable() or "||" in text:
        return False
    return " " not in text or ("| " not in text and " |" not in text)


def _texts(column: Iterable[str]) -> bool:
    """Nothing but text: the quickest that looks at each value."""
    "".join(column)
    return True


def _within_limits(spec: FieldSpec, allowed: frozenset[type]) -> Sound:
    """Numbers that are finite: as long as their sum is. The encoder refuses those above 64 bits."""
    least, most = spec.minimum, spec.maximum

    def sound(column: Sequence[float]) -> bool:
        kinds = set(map(type, column))
        if not kinds <= allowed or (float in kinds and not isfinite(sum(column))):
            return False
        return (least is None or min(column) >= least) and (most is None or max(column) <= most)

    return sound


def _days() -> Sound:
    """Days that are written already as they are to be. They repeat: those of late are remembered."""
    known = set[str]()

    def sound(column: Sequence[str]) -> bool:
        if known.issuperset(column):
            return True
        if set(map(type, column)) != {str} or list(map(day, column)) != list(column):
            return False
        if len(known) > MOST_DAYS:
            known.clear()
        known.update(column)
        return True

    return sound


def _moments(column: Sequence[str]) -> bool:
    """Times that are written already as they are to be."""
    return set(map(type, column)) == {str} and list(map(moment, column)) == list(column)


def _lists_of_text(column: Sequence[list[Any]]) -> bool:
    """Lists of text."""
    return set(map(type, column)) <= {list} and _texts(chain.from_iterable(column))


def _are_named(column: Sequence[dict[Any, Any]]) -> bool:
    """Whether these are objects, all members of which have a name."""
    if not set(map(type, column)) <= {dict}:
        return False
    names = set(chain.from_iterable(column))
    return set(map(type, names)) <= {str} and all(map(str.strip, names))


def _texts_by_name(column: Sequence[dict[Any, Any]]) -> bool:
    """Objects of texts and numbers."""
    if not _are_named(column):
        return False
    values = list(chain.from_iterable(map(dict.values, column)))
    held = set(map(type, values))
    return held <= {str, int} or (held <= {str, int, float} and not hide_a_number(values))


def _objects_by_name(column: Sequence[dict[Any, Any]]) -> bool:
    """Objects that hold objects, at least one each."""
    if not _are_named(column) or not all(column):
        return False
    values = list(chain.from_iterable(map(dict.values, column)))
    return set(map(type, values)) <= {dict} and not hide_a_number(values)


def _anything(kind: type) -> Sound:
    """Lists or objects of what JSON knows."""
    members: Callable[[Any], Iterable[Any]] = dict.values if kind is dict else iter

    def sound(column: Sequence[Any]) -> bool:
        if not set(map(type, column)) <= {kind}:
            return False
        plain = set(map(type, chain.from_iterable(map(members, column)))) <= PLAIN_TYPES
        return plain or not hide_a_number(column)

    return sound
