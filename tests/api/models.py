"""Models out of mappings, for tests that compare the two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gameball_async.api.fields import passthrough_name, specs_of
from gameball_async.api.kinds import KINDS, item_class

ITEMS = {kind: item_class(kind) for kind in KINDS}
"""The class of each kind's items; None where an item is a plain text, the order id."""


def model_of(cls: type[Any], mapping: Mapping[str, Any]) -> Any:
    """The model that *mapping*, in the API's names, stands for, with models in its fields."""
    specs = specs_of(cls)
    given: dict[str, Any] = {}
    for name, spec in specs.items():
        if name not in mapping:
            continue
        value = mapping[name]
        if spec.nested is not None and isinstance(value, list):
            value = [model_of(spec.nested, each) for each in value]
        elif spec.nested is not None and value is not None:
            value = model_of(spec.nested, value)
        given[spec.name] = value
    unknown = {name: value for name, value in mapping.items() if name not in specs}
    return cls(**given, **{passthrough_name(cls): unknown} if unknown else {})
