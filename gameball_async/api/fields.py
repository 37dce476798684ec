"""
What a field of an item is: its name on the wire, its type and its limits, as data.

The attrs classes of items carry these facts in their metadata. Everything else that needs to know a
field (the check of mappings, the conversion of CSV cells, the writing of models) reads them from here,
so that no fact of the API stands in two places.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, TypeAlias, final

from attrs import NOTHING, Attribute, evolve, field, fields, frozen

from ..errors import Fault, ItemError

AnyClass: TypeAlias = type[Any]


@final
class Unset(Enum):
    """The type of `UNSET`, for annotations such as ``str | None | Unset``."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET: Final = Unset.UNSET
"""A field that is not sent at all. ``None`` is another thing: it is sent, as null."""

NOTHING_ELSE: Final[Mapping[str, Any]] = MappingProxyType({})
"""The default of the attribute for unknown fields: none."""


class FieldType(Enum):
    """The types that fields have in the API, with what we ask of their values."""

    ID = "id"
    """Text that names something: kept as it is, never blank, no white space around it."""
    TEXT = "text"
    """Any text."""
    NUMBER = "number"
    """A finite number, or a Decimal, which goes out with all its digits."""
    INTEGER = "integer"
    """A whole number of at most 64 bits."""
    BOOLEAN = "boolean"
    """True or false, nothing else."""
    DATE = "date"
    """A day, ``YYYY-MM-DD``; a date-time with a zone is taken too, and goes out in UTC."""
    DATETIME = "datetime"
    """An instant: a date-time with a zone, sent in UTC as ``2024-10-16T08:13:29.290Z``."""
    ENUM = "enum"
    """One of a few words."""
    LIST = "list"
    """A list; of what, the field's *each* or *nested* tells."""
    OBJECT = "object"
    """A mapping with text keys, whose names the account is free to choose."""
    EVENTS = "events"
    """A mapping of event names to mappings with the events' own fields."""
    NESTED = "nested"
    """An object with fields of its own."""


@frozen
class FieldSpec:
    """
    One field.

    Attributes:
        wire: the API's name, such as ``joinDate``.
        name: the name in Python, such as ``join_date``.
        type: what its values are.
        required: whether every item must have it.
        choices: the words that an ENUM allows.
        each: the type of a LIST's members, or of an OBJECT's values; None where anything goes.
            For an OBJECT, TEXT stands for "text or number", the only such rule that the API has.
        nested: the class of a NESTED object, or of a LIST's members.
        minimum: the least number allowed; None where there is no limit.
        maximum: the greatest number allowed; None where there is no limit.
    """

    wire: str
    type: FieldType
    name: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    each: FieldType | None = None
    nested: AnyClass | None = None
    minimum: int | None = None
    maximum: int | None = None


_SPEC = "gameball"


def wire(name: str, type: FieldType, **facts: Any) -> dict[str, Any]:
    """Metadata for ``attrs.field``: what `FieldSpec` says, but for what attrs knows."""
    return {_SPEC: FieldSpec(name, type, **facts)}


def optional(name: str, type: FieldType, **facts: Any) -> Any:
    """A field that is not sent unless it is set; arguments as of `wire`."""
    return field(default=UNSET, metadata=wire(name, type, **facts))


def unknown_fields() -> Any:
    """The attribute that holds the fields that a class does not know."""
    return field(default=NOTHING_ELSE, validator=_free_of_known)


def specs_of(cls: AnyClass) -> Mapping[str, FieldSpec]:
    """The fields of an item class by their names on the wire, in the order of the class."""
    if cls not in _SPECS:
        found = {}
        for each in fields(cls):
            if (spec := each.metadata.get(_SPEC)) is not None:
                found[spec.wire] = evolve(spec, name=each.name, required=each.default is NOTHING)
        _SPECS[cls] = MappingProxyType(found)
    return _SPECS[cls]


_SPECS: dict[AnyClass, Mapping[str, FieldSpec]] = {}


def passthrough_name(cls: AnyClass) -> str:
    """The attribute of an item class that holds fields unknown to us."""
    names: list[str] = [each.name for each in fields(cls) if _SPEC not in each.metadata]
    return names[0]


def _free_of_known(item: object, attribute: Attribute[Any], value: object) -> None:
    """Refuse unknown fields that are known: two values for one field could not both be sent."""
    if value is NOTHING_ELSE:
        return
    if not isinstance(value, Mapping):
        raise ItemError([Fault(attribute.name, "must be a mapping")])
    clashes = [spec for name in value if (spec := specs_of(type(item)).get(name)) is not None]
    if clashes:
        raise ItemError(
            [
                Fault(f"{attribute.name}.{spec.wire}", f"is a field of the model: use {spec.name}=")
                for spec in clashes
            ]
        )
