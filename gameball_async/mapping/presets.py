"""The mappings that come with the package, for what shops export."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from ..errors import ConfigurationError
from .rules import ColumnMapping, mapping_of

SHOPS = (
    "shopify", "woocommerce", "magento", "yotpo", "loyaltylion", "smile", "growave", "stamped"
)  # fmt: skip
"""Whose exports are known: shops, and loyalty programs whose balances are carried over."""


@cache
def _presets() -> dict[str, ColumnMapping]:
    folder = files(__package__) / "presets"
    found = {each.name: each for each in folder.iterdir() if each.name.endswith(".toml")}
    return {
        name.removesuffix(".toml"): mapping_of(found[name].read_text("utf-8"), name=name)
        for name in sorted(found)
    }


def preset(shop: str, kind: str) -> ColumnMapping:
    """
    The mapping of what *shop* exports, for one batch kind.

    Raises:
        ConfigurationError: there is none.
    """
    found = _presets().get(f"{shop}-{kind}")
    if found is None:
        pairs = (name.split("-", 1) for name in _presets())
        known = ", ".join(f"{each} ({of})" for each, of in pairs)
        raise ConfigurationError(f"there is no preset for {kind} from {shop}: known are {known}")
    return found


def recognised(header: Sequence[str], kind: str) -> str | None:
    """The shop whose export has such a header; None where it is nobody's."""
    for name, mapping in _presets().items():
        known = set(mapping.recognised_by)
        if mapping.kind == kind and known and known <= set(header):
            return name.removesuffix(f"-{kind}")
    return None
