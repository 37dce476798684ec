"""
Whether a mapping is an item, and what it is on the wire; every fault of it, by path.

A check is built once from the field table of an item class. ``take`` goes through a mapping once
and fails at the first fault: a value whose Python type is the very one that its field wants costs
one comparison, everything else goes through ``scalars``, and the mapping is copied only if a
value has to be converted. ``explain`` is asked only when ``take`` has failed, and finds all
faults.

What no field table describes (custom attributes, fields we do not know) is left to the JSON
encoder, which refuses what it cannot write; ``faults_within`` finds out where that is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import isfinite
from operator import is_not
from typing import Any, TypeAlias

from attrs import frozen

from ..api.base import Item
from ..api.codec import to_wire, unstructurer
from ..api.fields import AnyClass, FieldSpec, FieldType, specs_of
from ..errors import Fault
from .plain import UNREADABLE, Refusal, described
from .scalars import Convert, converter, text, to_json

__all__ = [
    "Check",
    "as_mapping",
    "check_of",
    "check_of_field",
    "fault_of",
    "faults_within",
    "may_hide_a_number",
    "shown",
]

_MAX_DEPTH = 200
_MAX_NAME = 60
_UNLOOKED: Mapping[FieldType, type] = {
    FieldType.TEXT: str,
    FieldType.NUMBER: float,
    FieldType.INTEGER: int,
    FieldType.BOOLEAN: bool,
    FieldType.OBJECT: dict,
}

Explain: TypeAlias = Callable[[Any, str], Iterable[Fault]]


@frozen
class Check:
    """
    The check of one kind of value.

    Attributes:
        take: the value → what to send, the same or another; raises at the first fault.
        explain: the value and its path → all its faults.
    """

    take: Convert
    explain: Explain


def check_of(cls: AnyClass, *, ids_from_numbers: bool = False) -> Check:
    """The check of mappings that stand for items of a class. It is given mappings only."""
    specs = specs_of(cls)
    required = tuple(spec.wire for spec in specs.values() if spec.required)
    unlooked = {name: _unlooked_type(spec) for name, spec in specs.items()}
    checks = {name: check_of_field(spec, ids_from_numbers) for name, spec in specs.items()}
    takes = {name: check.take for name, check in checks.items()}

    def take(item: Any) -> object:
        changed = None
        for name, value in item.items():
            try:
                if type(value) is unlooked[name] or value is None:
                    continue
            except KeyError:
                continue  # a field that we do not know
            new = takes[name](value)
            if new is not value:
                changed = changed or {}
                changed[name] = new
        for name in required:
            if item.get(name) is None:
                raise Refusal("is missing")
        return {**item, **changed} if changed else item

    def explain(item: Any, path: str) -> Iterator[Fault]:
        prefix = f"{path}." if path else ""
        for name, value in item.items():
            if value is not None and name in checks:
                yield from checks[name].explain(value, prefix + name)
        for name in required:
            if name not in item:
                yield Fault(prefix + name, _missing(name, item))
            elif item[name] is None:
                yield Fault(prefix + name, "is null, but every item needs it")

    return Check(take, explain)


def _unlooked_type(spec: FieldSpec) -> type | None:
    """The type whose every value will do for a field; None where a value must be looked at."""
    if spec.minimum is not None or spec.maximum is not None or spec.each is not None:
        return None
    return _UNLOOKED.get(spec.type)


def _missing(name: str, item: Iterable[object]) -> str:
    """Why a required field is not there; names a field that was probably meant."""
    for other in item:
        if isinstance(other, str) and _letters(other) == _letters(name):
            return f"is missing: names are exact, write {name}, not {shown(other)}"
    return "is missing"


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name)).casefold()


def shown(name: str) -> str:
    """A field's name, fit for a message: cut, with control characters escaped."""
    cut = name if len(name) <= _MAX_NAME else name[: _MAX_NAME - 1] + "…"
    return cut if cut.isprintable() else ascii(cut)[1:-1]


def fault_of(error: Exception, path: str) -> Fault:
    """What went wrong with a value, as a fault."""
    # Anything but a refusal comes out of the user's own classes (a number whose methods raise,
    # say): it costs that row and no other.
    refused = isinstance(error, Refusal)
    return Fault(path, str(error) if refused else f"could not be read ({type(error).__name__})")


def check_of_field(spec: FieldSpec, ids_from_numbers: bool) -> Check:
    """The check of one field's values, None excepted."""
    convert = converter(spec, ids_from_numbers=ids_from_numbers)
    if convert is not None:
        return _single(convert)
    if spec.type is FieldType.EVENTS:
        return _object_of(_single(_mapping), least=1)
    if spec.type is FieldType.OBJECT:
        return _single(_mapping) if spec.each is None else _object_of(_single(_text_or_number))
    if spec.nested is not None:
        inner = check_of(spec.nested, ids_from_numbers=ids_from_numbers)
        nested = _object(spec.nested, inner)
        return _list_of(nested) if spec.type is FieldType.LIST else nested
    return _list_of(_ANYTHING) if spec.each is None else _list_of(_single(text), str)


_ANYTHING = Check(lambda value: value, lambda value, path: ())


def _single(take: Convert) -> Check:
    """A value without inner fields."""
    look = getattr(take, "__wrapped__", take)  # a cache would blame what it cannot hash

    def explain(value: object, path: str) -> Iterator[Fault]:
        try:
            look(value)
        except UNREADABLE as error:
            yield fault_of(error, path)

    return Check(take, explain)


def as_mapping(value: object, cls: AnyClass) -> dict[str, Any]:
    """
    What a mapping or a model of *cls* holds, as a dict in the API's names.

    Raises:
        Refusal: it is something else.
    """
    if isinstance(value, cls):
        return to_wire(value)
    if isinstance(value, Mapping):
        return value if type(value) is dict else dict(value)
    raise Refusal(f"must be a mapping or a {cls.__name__}, not {described(value)}")


def _mapping(value: object) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return value if type(value) is dict else dict(value)
    raise Refusal(f"must be an object (a mapping), not {described(value)}")


def _text_or_number(value: object) -> object:
    converted = to_json(value)
    if converted is None or isinstance(converted, bool | dict | list):
        raise Refusal("must be text or a number")
    return converted


def _object(cls: AnyClass, inner: Check) -> Check:
    """An object with fields of its own."""

    write = unstructurer(cls)

    def take(value: Any) -> object:
        if type(value) is dict:
            return inner.take(value)
        return inner.take(write(value) if type(value) is cls else as_mapping(value, cls))

    def explain(value: object, path: str) -> Iterator[Fault]:
        try:
            mapping = as_mapping(value, cls)
        except UNREADABLE as error:
            yield fault_of(error, path)
        else:
            yield from inner.explain(mapping, path)

    return Check(take, explain)


def _object_of(each: Check, *, least: int = 0) -> Check:
    """An object with names of the account's choice."""

    def take(value: object) -> object:
        mapping = _mapping(value)
        if len(mapping) < least or not all(map(str.strip, mapping)):
            raise Refusal("is empty, or has an empty name")
        taken = {name: each.take(member) for name, member in mapping.items()}
        return taken if any(map(is_not, taken.values(), mapping.values())) else mapping

    def explain(value: object, path: str) -> Iterator[Fault]:
        yield from _single(_mapping).explain(value, path)
        if not isinstance(value, Mapping):
            return
        if len(value) < least:
            yield Fault(path, "is empty: name at least one")
        for name, member in value.items():
            if not isinstance(name, str) or not name.strip():
                yield Fault(path, "has a member without a name")
            else:
                yield from each.explain(member, f"{path}.{shown(name)}")

    return Check(take, explain)


def _list_of(each: Check, unlooked: type | None = None) -> Check:
    """A list whose members are all of one kind; those of type *unlooked* will do as they are."""

    def take(value: object) -> object:
        if type(value) is not list and not isinstance(value, tuple | list):
            raise Refusal("must be a list")
        for member in value:
            if type(member) is not unlooked:
                break
        else:
            return value
        taken = list(map(each.take, value))
        return taken if any(map(is_not, taken, value)) else value

    def explain(value: object, path: str) -> Iterator[Fault]:
        if not isinstance(value, list | tuple):
            yield Fault(path, "must be a list")
            return
        for index, member in enumerate(value):
            yield from each.explain(member, f"{path}[{index}]")

    return Check(take, explain)


def may_hide_a_number(value: Any) -> bool:
    """
    Whether a number that is not finite may be in *value*, at any depth.

    The encoder writes such a number as null. So this is asked of rows with a null in them only.
    """
    kind = type(value)
    if kind is float:
        return not isfinite(value)
    if kind is dict:
        return any(map(may_hide_a_number, value.values()))
    if kind is list or kind is tuple:
        return any(map(may_hide_a_number, value))
    return kind not in (str, int, bool, type(None))


def faults_within(value: object, path: str = "", depth: int = 0) -> Iterator[Fault]:
    """Every place in *value* that JSON cannot hold, whatever the fields are."""
    if depth > _MAX_DEPTH:
        yield Fault(shown(path), f"is nested deeper than {_MAX_DEPTH} levels")
        return
    try:
        found = to_wire(value) if isinstance(value, Item) else to_json(value)
    except UNREADABLE as error:
        yield fault_of(error, path)
        return
    if isinstance(found, dict):
        for name, each in found.items():
            if not isinstance(name, str):
                yield Fault(path, f"has a name of type {type(name).__name__}: names are text")
                continue
            inner = f"{path}.{shown(name)}" if path else shown(name)
            yield from _single(text).explain(name, inner)
            yield from faults_within(each, inner, depth + 1)
    elif isinstance(found, list):
        for index, each in enumerate(found):
            yield from faults_within(each, f"{path}[{index}]", depth + 1)
