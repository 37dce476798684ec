"""
Models to mappings in the API's names.

``UNSET`` fields are left out, ``None`` stays, and values are handed on as they are: what a value must
be is decided where rows are checked, for models and mappings alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .base import NOTHING_ELSE, Item
from .fields import UNSET, AnyClass, passthrough_name, specs_of

ToWire: TypeAlias = Callable[[Any], dict[str, Any]]

_WRITERS: dict[AnyClass, ToWire] = {}


def to_wire(item: Item) -> dict[str, Any]:
    """
    The fields of *item* that are set, under the API's names, with its unknown fields.

    Nested models stay what they are: ask again for each.
    """
    return writer(type(item))(item)


def writer(cls: AnyClass) -> ToWire:
    """:func:`to_wire` for one class, without the search for it: for many items of a kind."""
    found = _WRITERS.get(cls)
    if found is None:
        found = _WRITERS[cls] = _generated(cls)
    return found


def _generated(cls: AnyClass) -> ToWire:
    """
    A function that writes one class, as source: three times as fast as a loop over its fields.

    cattrs generates such functions too, but leaves out what *equals* the default. Some values
    (a masked number of numpy) equal everything, and would be lost without a word.
    """
    lines = ["def write(item):", "    mapping = {}"]
    for name, spec in specs_of(cls).items():
        lines.append(f"    if (value := item.{spec.name}) is not UNSET: mapping[{name!r}] = value")
    lines.append(f"    extra = item.{passthrough_name(cls)}")
    lines.append("    return mapping if extra is NOTHING_ELSE else {**mapping, **extra}")
    names: dict[str, Any] = {"UNSET": UNSET, "NOTHING_ELSE": NOTHING_ELSE}
    # The source is made of our own classes' field names and of nothing else.
    exec(compile("\n".join(lines), f"<writer of {cls.__name__}>", "exec"), names)  # noqa: S102
    write: ToWire = names["write"]
    return write
