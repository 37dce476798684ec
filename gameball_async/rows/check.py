"""
The check of a row: a mapping, a model or a text becomes an item of JSON, or a bad row with all its faults.

A check is made once for each kind, out of the field table of its item class, and is one function that
goes through a row once. A value of the very type that its field wants costs one comparison; anything
else goes through its field's own check, and the row is copied only if a value has to be converted. What
no field table describes (custom attributes, fields that we do not know) is left to the JSON encoder.

Only a row that has failed is looked at again, for the sake of its messages: every value of it this
time, in the order of the row, and `faults_within` finds what the encoder refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import orjson

from ..api.fields import AnyClass, FieldSpec, FieldType, specs_of
from ..api.items import Item, to_wire, writer
from ..api.kinds import Kind, item_class
from ..errors import Fault
from ..faults import Faulty, Refusal
from .check_many import MAX_ITEM_BYTES, OPTIONS, Made, One, Prepare
from .members import faults_of, list_of, mapping, may_hide_a_number, object_of, text_or_number
from .plain import UNREADABLE, described
from .row import BadRow, Prepared
from .scalars import Convert, converter, identifier, text, to_json
from .unknown import OWN_PLACE, UnknownFields, dotted_path, expanded, letters, shown

CheckItem: TypeAlias = Callable[[object], dict[str, Any]]

_TOO_LONG = Fault("", f"is longer than {MAX_ITEM_BYTES:,} bytes of JSON: shorten it")
_MAX_DEPTH = 200

_SOUND: Mapping[FieldType, type] = {
    FieldType.TEXT: str,
    FieldType.NUMBER: float,
    FieldType.INTEGER: int,
    FieldType.BOOLEAN: bool,
    FieldType.OBJECT: dict,
}
"""The types whose values will do unless the JSON encoder refuses them."""


def preparer(
    kind: Kind, *, ids_from_numbers: bool = False, unknown: UnknownFields | None = None
) -> Prepare:
    """
    What makes an item of a row of *kind*.

    It never raises for what a row holds, and encodes at once: what happens to the row afterwards
    changes nothing.

    Args:
        kind: the batch kind.
        ids_from_numbers: take whole numbers as ids. Off by default: a number has lost the leading
            zeros that the id may have had.
        unknown: counts fields that Gameball does not know, or refuses them; None lets them be.
    """
    cls = item_class(kind.name)
    if cls is None:
        return Prepare(_text_preparer(ids_from_numbers), None, kind)
    met, refuse = (None, None) if unknown is None else (unknown.met, unknown.refuse)
    own = unknown is not None and unknown.policy == "custom"
    check = check_of(cls, ids_from_numbers, _SOUND, met, own=own)
    explained = check_of(cls, ids_from_numbers, {}, refuse, own=own)
    key_name, id_name = kind.key, kind.item_key
    dumps = orjson.dumps

    def prepare(position: int, value: object) -> Made:
        try:
            taken = check(value)
            payload = dumps(taken, to_json, OPTIONS)
            # The encoder writes NaN as null. No null: no NaN, at any depth, at the cost of one
            # search. A null: look at the numbers.
            if (
                payload.find(b"null") >= 0
                and may_hide_a_number(taken)
                and any(faults_within(value))
            ):
                return _bad_row(position, value, cls, explained, key_name)
        except UNREADABLE:
            return _bad_row(position, value, cls, explained, key_name)
        if len(payload) > MAX_ITEM_BYTES:
            return BadRow(position, (_TOO_LONG,), taken[key_name])
        # A copy, in memory of its own size: the encoder's bytes are the shortened end of a buffer
        # of 8 KiB, and items that wait for their chunk would hold 14 times what they need.
        payload = b"".join((payload, b""))
        return Prepared(position, taken[key_name], id_name and taken[id_name], payload)

    return Prepare(prepare if unknown is None else _counting(prepare, unknown), cls, kind)


def _counting(prepare: One, unknown: UnknownFields) -> One:
    """The same, with each row counted for the fields of it that Gameball does not know."""
    row = unknown.row

    def counted(position: int, value: object) -> Made:
        made = prepare(position, value)
        if row:
            unknown.end_row()
        return made

    return counted


def _text_preparer(ids_from_numbers: bool) -> One:
    """For items that are a plain text: order ids."""
    check = identifier(ids_from_numbers)

    def prepare(position: int, value: object) -> Made:
        try:
            text = check(value)
            payload = orjson.dumps(text)
        except UNREADABLE as error:
            return BadRow(position, tuple(faults_of(error, "orderId")))
        if len(payload) > MAX_ITEM_BYTES:
            return BadRow(position, (_TOO_LONG,))
        return Prepared(position, str(text), None, b"".join((payload, b"")))

    return prepare


def _bad_row(
    position: int, value: object, cls: AnyClass, explained: CheckItem, key_name: str
) -> BadRow:
    """All faults of a row that is known to have some."""
    try:
        item = _as_mapping(value, cls)
    except UNREADABLE as error:
        return BadRow(position, tuple(faults_of(error, "")))
    faults: list[Fault] = []
    try:
        explained(item)
    except UNREADABLE as error:
        faults = [Fault(fault.field[1:], fault.reason) for fault in faults_of(error, "")]
    by_path: dict[str, Fault] = {}
    for fault in (*faults, *faults_within(item)):
        by_path.setdefault(fault.field, fault)
    found = tuple(by_path.values()) or (Fault("", "cannot be written as JSON"),)
    key = item.get(key_name)
    return BadRow(position, found, key if isinstance(key, str) and key.isprintable() else None)


def check_of(
    cls: AnyClass,
    ids_from_numbers: bool,
    sound: Mapping[FieldType, type],
    met: Callable[[str], None] | None = None,
    before: str = "",
    *,
    own: bool = False,
) -> CheckItem:
    """
    The check of mappings and models for items of *cls*: it returns what to send, or raises `Faulty` with all faults.

    Args:
        cls: the item class.
        ids_from_numbers: as in `preparer`.
        sound: the types whose values need no look in a field that has neither limits nor members.
        met: called with the path of each field that stays unknown; may refuse it.
        before: the path of such items within others, with a dot at its end.
        own: send such fields among the account's own.
    """
    specs = specs_of(cls)
    required = tuple(spec.wire for spec in specs.values() if spec.required)
    checks = {
        name: _check_of_field(spec, ids_from_numbers, sound, met, f"{before}{name}", own=own)
        for name, spec in specs.items()
    }
    exact = {name: None if _limited(spec) else sound.get(spec.type) for name, spec in specs.items()}
    return _check_of_items(cls, required, checks, exact, _unknown_of(cls, met, before, own=own))


def _check_of_items(
    cls: AnyClass,
    required: Sequence[str],
    checks: Mapping[str, Convert],
    exact: Mapping[str, type | None],
    unknown: Callable[[object], tuple[str, ...] | None],
) -> CheckItem:
    """The check, of what each field is checked with; values of a field's *exact* type need none."""
    write = writer(cls)

    def check(value: object) -> dict[str, Any]:
        item: dict[str, Any]
        if type(value) is dict:
            item = value
        else:
            item = write(value) if type(value) is cls else _as_mapping(value, cls)
        changed: dict[str, Any] | None = None
        faults: list[Fault] | None = None
        elsewhere: dict[str, tuple[str, ...]] | None = None
        for name, each in item.items():
            try:
                if type(each) is exact[name] or each is None:
                    continue
            except KeyError:
                try:
                    path = unknown(name)
                except Refusal as refusal:
                    faults = [*(faults or ()), Fault(f".{shown(name)}", str(refusal))]
                    continue
                if path is not None:
                    elsewhere = elsewhere or {}
                    elsewhere[name] = path
                continue
            try:
                new = checks[name](each)
            except UNREADABLE as error:
                faults = [*(faults or ()), *faults_of(error, f".{name}")]
                continue
            if new is not each:
                changed = changed or {}
                changed[name] = new
        if elsewhere is not None and not faults:
            return check(expanded({**item, **(changed or {})}, elsewhere))
        for name in required:
            if item.get(name) is None:
                faults = [*(faults or ()), Fault(f".{name}", _why_missing(name, item))]
        if faults:
            raise Faulty(faults)
        return {**item, **changed} if changed else item

    return check


def _unknown_of(
    cls: AnyClass, met: Callable[[str], None] | None, before: str, *, own: bool
) -> Callable[[object], tuple[str, ...] | None]:
    """Finds where the value of a field that we do not know belongs; None to leave it where it is."""
    place = OWN_PLACE.get(cls.__name__) if own else None

    def unknown(name: object) -> tuple[str, ...] | None:
        if not isinstance(name, str) or met is None:
            return None
        dotted = dotted_path(name, cls) if "." in name else None
        if dotted is not None:
            return dotted
        if place is not None:
            return *place, name
        met(before + name)
        return None

    return unknown


def _limited(spec: FieldSpec) -> bool:
    limits = (spec.minimum, spec.maximum, spec.each)
    return any(limit is not None for limit in limits)


def _why_missing(name: str, item: Iterable[object]) -> str:
    """Why a required field is not there; names a field that was probably meant."""
    if name in item:
        return "is null, but it is required"
    for other in item:
        if isinstance(other, str) and letters(other) == letters(name):
            return f"is missing: write its name as {name}, not {shown(other)}"
    return "is missing"


def _check_of_field(
    spec: FieldSpec,
    ids_from_numbers: bool,
    sound: Mapping[FieldType, type],
    met: Callable[[str], None] | None,
    path: str,
    *,
    own: bool,
) -> Convert:
    """The check of one field's values, None excepted."""
    single = converter(spec, ids_from_numbers=ids_from_numbers)
    if single is not None:
        # A cache would blame what it cannot hash: it is left out where faults are explained.
        return single if sound else getattr(single, "__wrapped__", single)
    if spec.type is FieldType.EVENTS:
        return object_of(mapping, least=1)
    if spec.type is FieldType.OBJECT:
        return mapping if spec.each is None else object_of(text_or_number)
    if spec.nested is not None:
        nested = check_of(spec.nested, ids_from_numbers, sound, met, f"{path}.", own=own)
        return list_of(nested) if spec.type is FieldType.LIST else nested
    return list_of(None) if spec.each is None else list_of(text, sound.get(spec.each))


def _as_mapping(value: object, cls: AnyClass) -> dict[str, Any]:
    """What a mapping or a model of *cls* holds, as a dict in the API's names."""
    if isinstance(value, cls):
        return to_wire(value)
    if isinstance(value, Mapping):
        return value if type(value) is dict else dict(value)
    raise Refusal(f"must be a mapping or a {cls.__name__}, not {described(value)}")


def faults_within(value: object, path: str = "", depth: int = 0) -> Iterator[Fault]:
    """Every place in *value* that JSON cannot hold, whatever the fields are."""
    if depth > _MAX_DEPTH:
        yield Fault(shown(path), f"is nested deeper than {_MAX_DEPTH} levels")
        return
    try:
        found = to_wire(value) if isinstance(value, Item) else to_json(value)
    except UNREADABLE as error:
        yield from faults_of(error, path)
        return
    if isinstance(found, dict):
        for name, each in found.items():
            if not isinstance(name, str):
                yield Fault(path, f"has a name of type {type(name).__name__}: names must be text")
                continue
            inner = f"{path}.{shown(name)}" if path else shown(name)
            try:
                text(name)
            except UNREADABLE as error:
                yield from faults_of(error, inner)
            yield from faults_within(each, inner, depth + 1)
    elif isinstance(found, list):
        for index, each in enumerate(found):
            yield from faults_within(each, f"{path}[{index}]", depth + 1)
