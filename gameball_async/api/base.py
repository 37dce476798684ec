"""What all item classes share: fields that we do not know, and a repr that shows no one's data."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from attrs import Attribute, fields

from ..errors import Fault, ItemError
from .fields import UNSET, AnyClass, passthrough_name, specs_of

NOTHING_ELSE: Final[Mapping[str, Any]] = MappingProxyType({})
"""The default of the attribute for unknown fields: none."""


class Item:
    """
    The base of all item classes.

    Items are plain values. Building one checks nothing but the attribute for unknown fields: an
    item is checked when it is prepared for sending, as a mapping is, and all its faults are
    listed then. ``repr()`` names the fields that are set, and which of them would be cleared
    (``(null)``), and shows no value: items hold personal data.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        cls: AnyClass = type(self)
        unknown = passthrough_name(cls)
        names = [each.name for each in fields(cls) if each.name != unknown]
        given = [
            f"{name} (null)" if value is None else name
            for name in names
            if (value := getattr(self, name)) is not UNSET
        ]
        given.extend(map(ascii, getattr(self, unknown)))
        return f"<{cls.__name__} with {', '.join(given) or 'nothing'}>"


def free_of_known(item: Item, attribute: Attribute[Any], value: object) -> None:
    """
    Refuse unknown fields that are known: two values for one field could not both be sent.

    Raises:
        ItemError: *value* is not a mapping, or has a field of the item's own.
    """
    if value is NOTHING_ELSE:
        return
    if not isinstance(value, Mapping):
        raise ItemError([Fault(attribute.name, "must be a mapping")])
    specs = specs_of(type(item))
    clashes = [specs[name] for name in value if name in specs]
    if clashes:
        raise ItemError(
            [
                Fault(f"{attribute.name}.{spec.wire}", f"is a field of the model: use {spec.name}=")
                for spec in clashes
            ]
        )
