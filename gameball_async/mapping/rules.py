"""
What a mapping file may say: attrs classes that cattrs structures from TOML. Some come with the package: presets.

A mapping is data, not code. Its ``columns`` are Gameball's names, as a CSV header has them; each
says which column of the file it comes from, and what is done to the cell on the way::

    kind = "customers"
    custom = ["Note"]                     # sent among the account's own fields, under these names

    [columns]
    customerId = { from = "Customer ID", strip = "'" }
    email = "Email"
    tags = { from = "Tags", split = "," }
    displayName = { join = ["First Name", "Last Name"] }
    joinDate = { from = "Signed up", date = "%d/%m/%Y" }
    source = { constant = "our old shop" }

    [skip]
    Status = ["Cancelled", "Test"]        # "*" is any value, "" is none
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from attrs import Factory, frozen
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, override

from ..api.kinds import KINDS, TARGETS
from ..errors import ConfigurationError
from ..faults import UNUSABLE, exactly, why_unusable

SHOPS = (
    "shopify", "woocommerce", "magento", "yotpo", "loyaltylion", "smile", "growave", "stamped"
)  # fmt: skip
"""Whose exports are known: shops, and loyalty programs whose balances are carried over."""


@frozen(kw_only=True)
class Rule:
    """
    Where a cell comes from, and what is done to it, in this order.

    Exactly one of *source*, *first_of*, *join* and *constant* is given.

    Attributes:
        source: the column of the file; ``from`` in TOML.
        first_of: columns of which the first that is not empty counts.
        join: columns whose cells are joined, without empty ones.
        separator: what stands between joined cells.
        constant: the cell itself, the same for every row.
        strip: characters that are taken off both ends, such as Shopify's apostrophe.
        values: cells to be replaced, by what they are; in any case, and blanks around them.
        split: what separates the members of a list, such as a comma.
        date: how a day or a time is written, as ``strptime`` has it: ``%d/%m/%Y %H:%M``.
        zone: the time zone of times without one, such as ``Europe/Paris``.
    """

    source: str = ""
    first_of: tuple[str, ...] = ()
    join: tuple[str, ...] = ()
    separator: str = " "
    constant: str | None = None
    strip: str = ""
    values: Mapping[str, str] = Factory(dict)
    split: str = ""
    date: str = ""
    zone: str = ""

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns that are read."""
        return self.first_of or self.join or ((self.source,) if self.source else ())


@frozen(kw_only=True)
class ColumnMapping:
    """
    How the columns of a file become Gameball's.

    Attributes:
        columns: Gameball's columns, each with where it comes from.
        kind: the batch kind that it is for; empty for any.
        custom: columns that are sent among the account's own fields, under their own names.
        skip: rows that are skipped, by a column and its cells; ``*`` is any, and an empty text none.
        group_by: the column that several lines of one order share; they follow each other.
        lines: Gameball's names within ``lineItems``, one entry a line; only with *group_by*.
        recognised_by: the columns by which a file is known to be of this form.
        note: what the user should know about such files.
    """

    columns: Mapping[str, Rule]
    kind: str = ""
    custom: tuple[str, ...] = ()
    skip: Mapping[str, tuple[str, ...]] = Factory(dict)
    group_by: str = ""
    lines: Mapping[str, Rule] = Factory(dict)
    recognised_by: tuple[str, ...] = ()
    note: str = ""

    @property
    def sources(self) -> frozenset[str]:
        """All columns of the file that this mapping reads."""
        rules = (*self.columns.values(), *self.lines.values())
        read = (name for rule in rules for name in rule.sources)
        group = (self.group_by,) if self.group_by else ()
        return frozenset((*read, *self.custom, *self.skip, *group))


def _structure_texts(value: Any, _: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise TypeError("must be a list of texts")
    return tuple(value)


_converter = Converter(forbid_extra_keys=True)
_converter.register_structure_hook(str, exactly("text", str))
_converter.register_structure_hook_func(lambda wanted: wanted == tuple[str, ...], _structure_texts)
_rule_of_table = make_dict_structure_fn(
    Rule, _converter, source=override(rename="from"), _cattrs_forbid_extra_keys=True
)
_converter.register_structure_hook(
    Rule,
    lambda value, _: Rule(source=value) if isinstance(value, str) else _rule_of_table(value, Rule),
)


def mapping_of(text: str, *, name: str) -> ColumnMapping:
    """
    The mapping that a TOML text declares.

    Arguments:
        text: the content of a mapping file.
        name: the file's name, for errors.

    Raises:
        ConfigurationError: it is not TOML, or not a valid mapping; the message says where.
    """
    try:
        found = _converter.structure(tomllib.loads(text), ColumnMapping)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{name} is not TOML: {error}") from None
    except UNUSABLE as error:
        said = why_unusable(error, path="the mapping", otherwise="has the wrong form")
        raise ConfigurationError(f"{name} cannot be used: {said}") from None
    faults = "; ".join(_faults(found))
    if faults:
        raise ConfigurationError(f"{name} cannot be used: {faults}")
    return found


def _faults(mapping: ColumnMapping) -> Iterator[str]:
    known = (*KINDS, TARGETS.name)
    if mapping.kind and mapping.kind not in known:
        yield f"kind {mapping.kind!r} is not one of: {', '.join(known)}"
    if bool(mapping.lines) != bool(mapping.group_by):
        yield "group_by and [lines] belong together: set both, or remove both"
    for name, rule in (*mapping.columns.items(), *mapping.lines.items()):
        origins = (rule.source, rule.first_of, rule.join, rule.constant is not None)
        if sum(map(bool, origins)) != 1:
            yield f"{name} needs exactly one of from, first_of, join and constant"


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
        raise ConfigurationError(f"there is no preset for {kind} from {shop}; use one of: {known}")
    return found


def recognised(header: Sequence[str], kind: str) -> str | None:
    """The shop whose export has such a header; None if there is none."""
    for name, mapping in _presets().items():
        known = set(mapping.recognised_by)
        if mapping.kind == kind and known and known <= set(header):
            return name.removesuffix(f"-{kind}")
    return None
