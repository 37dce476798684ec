"""The checks of objects and lists whose members have no fields of their own; and what is wrong with a value."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from math import isfinite
from operator import is_not
from typing import Any

from ..errors import Fault
from ..faults import Faulty, Refusal
from .plain import UNREADABLE, described
from .scalars import Convert, to_json
from .unknown import shown

PLAIN_TYPES = frozenset({str, int, bool, type(None)})
"""Types whose values the encoder writes as they are, or refuses."""


def object_of(check: Convert, *, least: int = 0) -> Convert:
    """An object with names of the account's choice."""

    def member(pair: Any) -> object:
        name, value = pair
        if not isinstance(name, str) or not name.strip():
            raise Refusal("has a field without a name")
        return check(value)

    def path(name: object) -> str:
        return f".{shown(name)}" if isinstance(name, str) and name.strip() else ""

    def check_all(value: object) -> object:
        found = mapping(value)
        if len(found) < least:
            raise Refusal("is empty: give at least one event")
        names = [*found]
        taken = all_of(member, found.items(), lambda index: path(names[index]))
        changed = any(map(is_not, taken, found.values()))
        return dict(zip(names, taken, strict=True)) if changed else found

    return check_all


def list_of(check: Convert | None, exact: type | None = None) -> Convert:
    """A list of members that pass *check*, or of anything; those of type *exact* need no look."""

    def taken(value: object) -> object:
        if not isinstance(value, list | tuple):
            raise Refusal("must be a list")
        if check is None:
            return value
        for member in value:
            if type(member) is not exact:
                break
        else:
            return value
        found = all_of(check, value, "[{}]".format)
        return found if any(map(is_not, found, value)) else value

    return taken


def all_of(check: Convert, values: Collection[object], path: Callable[[int], str]) -> list[object]:
    """All of *values* after *check*, or all their faults."""
    taken: list[object] = []
    faults: list[Fault] = []
    for index, value in enumerate(values):
        try:
            taken.append(check(value))
        except UNREADABLE as error:
            faults += faults_of(error, path(index))
    if faults:
        raise Faulty(faults)
    return taken


def faults_of(error: Exception, path: str) -> list[Fault]:
    """What went wrong with the value at *path*."""
    if isinstance(error, Faulty):
        return [Fault(path + fault.field, fault.reason) for fault in error.faults]
    # Anything but a refusal comes out of the user's own classes (a number whose methods raise,
    # say): it costs that row and no other.
    refused = isinstance(error, Refusal)
    return [Fault(path, str(error) if refused else f"could not be read ({type(error).__name__})")]


def mapping(value: object) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return value if type(value) is dict else dict(value)
    raise Refusal(f"must be an object (a mapping), not {described(value)}")


def text_or_number(value: object) -> object:
    converted = to_json(value)
    if converted is None or isinstance(converted, bool | dict | list):
        raise Refusal("must be text or a number")
    return converted


def hide_a_number(values: Iterable[Any]) -> bool:
    """Whether one that is not finite may be in any of these values, see `may_hide_a_number`."""
    return any(map(may_hide_a_number, values))


def may_hide_a_number(value: Any) -> bool:
    """Whether a number that is not finite, which the encoder writes as null, may be in *value*."""
    kind = type(value)
    if kind is dict or kind is list or kind is tuple:
        members = value.values() if kind is dict else value
        return not PLAIN_TYPES.issuperset(map(type, members)) and hide_a_number(members)
    if kind is float:
        return not isfinite(value)
    return kind not in PLAIN_TYPES
