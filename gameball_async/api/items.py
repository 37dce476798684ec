"""
What all item classes share: what may be given for their fields, a repr that shows no one's data, and
how an item becomes a mapping in the API's names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias

from .fields import NOTHING_ELSE, UNSET, AnyClass, Unset, passthrough_name, specs_of


class Channel(StrEnum):
    """Where a customer or an order came from (API page "Track Order")."""

    MOBILE = "mobile"
    POS = "pos"
    WEB = "web"
    CALLCENTER = "callcenter"


CHANNELS = tuple(each.value for each in Channel)

# What users may give for a field of a model.
Text: TypeAlias = str | Unset | None
Flag: TypeAlias = bool | Unset | None
Number: TypeAlias = float | Decimal | Unset | None
Whole: TypeAlias = int | Unset | None
Day: TypeAlias = date | str | Unset | None
Moment: TypeAlias = datetime | str
Texts: TypeAlias = list[str] | tuple[str, ...] | Unset | None
Items: TypeAlias = list[Any] | tuple[Any, ...] | Unset | None
Free: TypeAlias = Mapping[str, Any] | Unset | None


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
        given = [
            f"{spec.name} (null)" if value is None else spec.name
            for spec in specs_of(cls).values()
            if (value := getattr(self, spec.name)) is not UNSET
        ]
        given.extend(map(ascii, getattr(self, passthrough_name(cls))))
        return f"<{cls.__name__} with {', '.join(given) or 'nothing'}>"


def to_wire(item: Item) -> dict[str, Any]:
    """The fields of *item* that are set, under the API's names, with its unknown fields; see `writer`."""
    return writer(type(item))(item)


_WRITERS: dict[AnyClass, Callable[[Any], dict[str, Any]]] = {}


def writer(cls: AnyClass) -> Callable[[Any], dict[str, Any]]:
    """
    What makes mappings in the API's names of the items of one class.

    ``UNSET`` fields are left out, ``None`` stays, unknown fields are added, and values are handed on as
    they are: what a value must be is decided where rows are checked, for models and mappings alike. Nested
    models stay what they are: ask again for each.

    It is made as source: three times as fast as a loop over the fields. cattrs generates such functions
    too, but leaves out what *equals* the default. Some values (a masked number of numpy) equal everything,
    and would be lost without a word.
    """
    if cls in _WRITERS:
        return _WRITERS[cls]
    lines = ["def write(item):", "    mapping = {}"]
    for name, spec in specs_of(cls).items():
        lines.append(f"    if (value := item.{spec.name}) is not UNSET: mapping[{name!r}] = value")
    lines.append(f"    extra = item.{passthrough_name(cls)}")
    lines.append("    return mapping if extra is NOTHING_ELSE else {**mapping, **extra}")
    names: dict[str, Any] = {"UNSET": UNSET, "NOTHING_ELSE": NOTHING_ELSE}
    # The source is made of our own classes' field names and of nothing else.
    exec(compile("\n".join(lines), f"<writer of {cls.__name__}>", "exec"), names)  # noqa: S102
    _WRITERS[cls] = names["write"]
    return _WRITERS[cls]
