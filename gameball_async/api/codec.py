"""
Items to mappings in the API's names, and back: the one cattrs converter for items.

``UNSET`` fields are left out, ``None`` stays, and values are handed on as they are, in both
directions: what a value must be is decided where rows are checked, for models and mappings
alike, and nothing is coerced here. (Left to itself, cattrs would make the text "None" of a null.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from attrs import fields
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, override

from ..errors import Fault, ItemError
from .base import NOTHING_ELSE, Item
from .fields import UNSET, AnyClass, FieldSpec, FieldType, passthrough_name, specs_of

__all__ = ["from_wire", "to_wire", "unstructurer"]

ItemT = TypeVar("ItemT", bound=Item)
ToWire = Callable[[Item], dict[str, Any]]

_converter = Converter(detailed_validation=False)


def to_wire(item: Item) -> dict[str, Any]:
    """
    The fields of *item* that are set, under the API's names, with its unknown fields.

    Nested models stay what they are: ask again for each.
    """
    return unstructurer(type(item))(item)


def unstructurer(cls: AnyClass) -> ToWire:
    """:func:`to_wire` for one class, without the search for it: for many items of a kind."""
    return _converter.get_unstructure_hook(cls)


def from_wire(cls: type[ItemT], mapping: Mapping[str, Any]) -> ItemT:
    """
    The model that *mapping*, in the API's names, stands for. Unknown fields go to its ``extra``.

    Raises:
        ItemError: a required field is missing, or a nested object is no mapping. Nothing else is
            checked here.
    """
    missing = [
        Fault(spec.wire, "is missing")
        for spec in specs_of(cls).values()
        if spec.required and spec.wire not in mapping
    ]
    if missing:
        raise ItemError(missing)
    return _converter.structure(mapping, cls)


def _unstructure_hook(cls: AnyClass) -> ToWire:
    write = _generated_writer(cls)
    unknown = passthrough_name(cls)

    def unstructure(item: Item) -> dict[str, Any]:
        mapping = write(item)
        extra = getattr(item, unknown)
        return mapping if extra is NOTHING_ELSE else {**mapping, **extra}

    return unstructure


def _generated_writer(cls: AnyClass) -> ToWire:
    """
    A function that writes one class, as source: three times as fast as a loop over its fields.

    cattrs generates such functions too, but leaves out what *equals* the default. Some values
    (a masked number of numpy) equal everything, and would be lost without a word.
    """
    lines = ["def write(item):", "    mapping = {}"]
    for name, spec in specs_of(cls).items():
        lines.append(f"    if (value := item.{spec.name}) is not UNSET: mapping[{name!r}] = value")
    lines.append("    return mapping")
    names: dict[str, Any] = {"UNSET": UNSET}
    # The source is made of our own classes' field names and of nothing else.
    exec(compile("\n".join(lines), f"<writer of {cls.__name__}>", "exec"), names)  # noqa: S102
    write: ToWire = names["write"]
    return write


def _structure_hook(cls: AnyClass) -> Callable[[Mapping[str, Any], AnyClass], Item]:
    unknown = passthrough_name(cls)
    known = specs_of(cls)
    read = make_dict_structure_fn(cls, _converter, **_overrides(cls))

    def structure(mapping: Mapping[str, Any], _: AnyClass) -> Item:
        if not isinstance(mapping, Mapping):
            raise ItemError([Fault("", f"what stands for a {cls.__name__} must be a mapping")])
        extra = {name: value for name, value in mapping.items() if name not in known}
        item: Item = read({**mapping, unknown: extra} if extra else mapping, cls)
        return item

    return structure


def _overrides(cls: AnyClass) -> dict[str, Any]:
    """What the generated reader is told of each attribute of an item class."""
    specs = {spec.name: spec for spec in specs_of(cls).values()}
    told = {}
    for attribute in fields(cls):
        spec = specs.get(attribute.name)
        if spec is None:
            told[attribute.name] = override(struct_hook=_as_it_is)
        else:
            told[attribute.name] = override(rename=spec.wire, struct_hook=_reader(spec))
    return told


def _as_it_is(value: object, _: object) -> object:
    return value


def _reader(spec: FieldSpec) -> Callable[[Any, Any], object]:
    nested = spec.nested
    if nested is None:
        return _as_it_is

    def one(value: object, _: object) -> object:
        return value if value is None else _converter.structure(value, nested)

    def many(value: Any, _: object) -> object:
        return value if value is None else [_converter.structure(each, nested) for each in value]

    return many if spec.type is FieldType.LIST else one


def _is_item(cls: Any) -> bool:
    return isinstance(cls, type) and issubclass(cls, Item)


_converter.register_unstructure_hook_factory(_is_item, _unstructure_hook)
_converter.register_structure_hook_factory(_is_item, _structure_hook)
