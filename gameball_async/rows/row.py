"""
Rows: what a source yields, and what becomes of it: an item ready to be sent, or a bad row.

A row is checked and encoded in one go, once. Models and mappings go through the same checks, and
all faults of a row are listed. The JSON is made at that moment, so that nothing that happens to
the row afterwards can change what is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import orjson
from attrs import define, field, frozen

from ..api.codec import unstructurer
from ..api.fields import AnyClass
from ..api.item_classes import item_class
from ..api.kinds import Kind
from ..errors import Fault
from .checks import Check, as_mapping, check_of, fault_of, faults_within, may_hide_a_number
from .plain import UNREADABLE
from .scalars import identifier, to_json

__all__ = ["MAX_ITEM_BYTES", "OPTIONS", "BadRow", "Prepare", "Prepared", "Row", "preparer"]

MAX_ITEM_BYTES = 1_000_000
"""The longest JSON of one item. The API names no limit; proxies have one for the whole request."""

# Subclasses and times go through ``to_json``: by itself, orjson would write a time without zone.
OPTIONS = (
    orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)


@frozen
class Row:
    """
    What a source yields.

    Attributes:
        position: its line, counted from 1, in a file; its index from 0 in an iterable.
        value: a mapping, a model or a text.
    """

    position: int
    value: object = field(repr=False)


@frozen
class BadRow:
    """
    A row that cannot be sent.

    Attributes:
        position: where it came from.
        faults: all that is wrong with it; never empty.
        key: its customer (or order) id, where that could be read.
    """

    position: int
    faults: tuple[Fault, ...]
    key: str | None = field(default=None, repr=False)


@define
class Prepared:
    """
    An item, ready for the wire.

    Attributes:
        position: where it came from.
        key: the id that answers will name it by.
        item_id: what tells it from other items of that customer; None where its kind has nothing.
        payload: the item's JSON, in UTF-8.
    """

    position: int
    key: str = field(repr=False)
    item_id: str | None = field(repr=False)
    payload: bytes = field(repr=False)


Prepare: TypeAlias = Callable[[int, object], Prepared | BadRow]


def preparer(kind: Kind, *, ids_from_numbers: bool = False) -> Prepare:
    """
    The function that makes an item of a row of *kind*: ``(position, value) -> Prepared | BadRow``.

    It never raises for what a row holds.

    Arguments:
        kind: the batch kind.
        ids_from_numbers: take whole numbers as ids. Off by default: a number has lost the leading
            zeros that the id may have had.
    """
    cls = item_class(kind.name)
    if cls is None:
        return _text_preparer(ids_from_numbers)
    check = check_of(cls, ids_from_numbers=ids_from_numbers)
    take, to_wire = check.take, unstructurer(cls)
    key_name, id_name = kind.key, kind.item_key
    dumps = orjson.dumps

    def prepare(position: int, value: Any) -> Prepared | BadRow:
        try:
            if type(value) is dict:
                item = value
            else:
                item = to_wire(value) if type(value) is cls else as_mapping(value, cls)
            taken: Any = take(item)
            payload = dumps(taken, to_json, OPTIONS)
            # The encoder writes NaN as null. No null: no NaN, at any depth, at the cost of one
            # search. A null: look at the numbers.
            if payload.find(b"null") >= 0 and may_hide_a_number(taken) and any(faults_within(item)):
                return _bad_row(position, value, cls, check, key_name)
        except UNREADABLE:
            return _bad_row(position, value, cls, check, key_name)
        if len(payload) > MAX_ITEM_BYTES:
            return BadRow(position, (_TOO_LONG,), taken[key_name])
        # A copy, in memory of its own size: the encoder's bytes are the shortened end of a buffer
        # of 8 KiB, and items that wait for their chunk would hold 14 times what they need.
        payload = b"".join((payload, b""))
        return Prepared(position, taken[key_name], id_name and taken[id_name], payload)

    return prepare


_TOO_LONG = Fault("", f"is longer than {MAX_ITEM_BYTES:,} bytes of JSON: leave something out")


def _bad_row(position: int, value: object, cls: AnyClass, check: Check, key_name: str) -> BadRow:
    """All faults of a row that is known to have some."""
    try:
        item = as_mapping(value, cls)
    except UNREADABLE as error:
        return BadRow(position, (fault_of(error, ""),))
    by_path: dict[str, Fault] = {}
    for fault in (*check.explain(item, ""), *faults_within(item)):
        by_path.setdefault(fault.field, fault)
    faults = tuple(by_path.values()) or (Fault("", "cannot be written as JSON"),)
    key = item.get(key_name)
    return BadRow(position, faults, key if isinstance(key, str) and key.isprintable() else None)


def _text_preparer(ids_from_numbers: bool) -> Prepare:
    """For items that are a plain text: order ids."""
    take = identifier(ids_from_numbers)

    def prepare(position: int, value: object) -> Prepared | BadRow:
        try:
            text = take(value)
            payload = orjson.dumps(text)
        except UNREADABLE as error:
            return BadRow(position, (fault_of(error, "orderId"),))
        if len(payload) > MAX_ITEM_BYTES:
            return BadRow(position, (_TOO_LONG,))
        return Prepared(position, str(text), None, b"".join((payload, b"")))

    return prepare
