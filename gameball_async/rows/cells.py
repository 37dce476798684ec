"""
From text to typed values: a CSV cell by its field's type, JSON text strictly; and back to text.

An empty cell is a field that is not there; CSV has no way to say null. Cells of ids and texts are
taken as they stand. In all others, blanks around the value do not count.

====================  =========================================================================
field's type          what a cell may hold
====================  =========================================================================
id                    any text; not a number that a spreadsheet has rewritten (``90.0``, ``1E+5``)
text, enum            any text; the words of an enum exactly
number, integer       ASCII digits, one point, an exponent: ``12.50``, ``-3``, ``1e3``; an integer
                      may end in ``.0``; more digits than a double holds are sent digit by digit
boolean               true, false, yes, no, 1, 0, in any case
date                  ``YYYY-MM-DD``, or a time with a zone
datetime              ``2024-10-16T08:13:29Z``, or with an offset; sent in UTC
list                  ``a|b|c``, or a JSON array
object                JSON
====================  =========================================================================
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from math import isfinite
from typing import Any, NoReturn, TypeAlias

import orjson

from ..api.fields import FieldType
from ..faults import Refusal
from ..mapping.local_times import time_in
from .scalars import to_json

ReadCell: TypeAlias = Callable[[str], object]

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII).fullmatch
_REWRITTEN_ID = re.compile(r"\d+\.0|\d+(?:\.\d+)?[eE]\+\d+", re.ASCII).fullmatch
WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
EXACT_DIGITS = 15  # any number of so many digits comes back unchanged out of a double


def _not_rewritten(why: str) -> ReadCell:
    """Text, but no number that a spreadsheet has rewritten."""

    def read(cell: str) -> object:
        if not cell.isalnum() and _REWRITTEN_ID(cell):
            raise Refusal(why)
        return cell or None

    return read


_identifier = _not_rewritten(
    "looks like an id that a spreadsheet has rewritten as a number: format the column as text "
    "and export it again (if the id is right as it is, send it from a JSONL file)"
)
phone_or_zip: ReadCell = _not_rewritten(
    "looks like a number that a spreadsheet has rewritten, so digits are lost: format the column "
    "as text and export it again"
)
"""Reads a phone number or a postal code."""


def _text(cell: str) -> object:
    return cell or None


def _stripped(cell: str) -> object:
    return cell.strip() or None


def _number(cell: str) -> object:
    text = cell.strip()
    if not text:
        return None
    if not _NUMBER(text):
        if text.lstrip("+-").casefold() in ("nan", "inf", "infinity"):
            raise Refusal("is not a finite number: correct it, or leave the cell empty")
        raise Refusal(
            "is not a plain number: write it as 1234.50, with ASCII digits and a point, without "
            "separators, brackets or currency"
        )
    return _exact_number(text)


def _exact_number(text: str) -> int | float | Decimal:
    """The number that ASCII text stands for, as an int or float if that loses nothing."""
    if text.lstrip("+-").isdigit() and len(text) <= EXACT_DIGITS:
        return int(text)
    near = float(text)
    if not isfinite(near):
        raise Refusal("is too large for a number: correct it")
    if len(text) <= EXACT_DIGITS + 1:
        return near
    try:
        exact = Decimal(text)
    except ArithmeticError:  # an exponent beyond what even a Decimal holds
        return near
    return near if exact == Decimal(repr(near)) else exact


def _boolean(cell: str) -> object:
    text = cell.strip().casefold()
    if not text:
        return None
    if text not in WORDS:
        raise Refusal("must be true or false (or yes, no, 1, 0)")
    return WORDS[text]


def _list(cell: str) -> object:
    text = cell.strip()
    if text.startswith("["):
        return read_json(text)
    return [part.strip() for part in text.split("|") if part.strip()] or None


def _json(cell: str) -> object:
    text = cell.strip()
    return read_json(text) if text else None


READERS: Mapping[FieldType, ReadCell] = {
    FieldType.ID: _identifier,
    FieldType.TEXT: _text,
    FieldType.ENUM: _text,
    FieldType.NUMBER: _number,
    FieldType.INTEGER: _number,
    FieldType.BOOLEAN: _boolean,
    FieldType.DATE: _stripped,
    FieldType.DATETIME: _stripped,
    FieldType.LIST: _list,
    FieldType.OBJECT: _json,
    FieldType.EVENTS: _json,
    FieldType.NESTED: _json,
}
"""How a cell is read, by the type of its field. None means that the field is not there."""

SUFFIXES: Mapping[str, ReadCell] = {
    "text": _text,
    "number": _number,
    "boolean": _boolean,
    "list": _list,
    "json": _json,
}
"""The types that a column of the account's own may ask for, as in ``custom.points:number``."""


def read_json(text: str) -> object:
    """
    The value of JSON text, read strictly.

    Names may not come twice in an object, NaN and Infinity are no numbers, and a number keeps all
    its digits.

    Raises:
        Refusal: it is not JSON, or not such JSON.
    """
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise Refusal(f"is not JSON: {error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise Refusal("is nested too deeply") from None
    except ValueError:
        raise Refusal("has a number with too many digits") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refusal("has the same name twice in one object: remove one")
    return found


def _constant(_: str) -> NoReturn:
    raise Refusal("has NaN or Infinity, which JSON does not allow: remove the field")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_exact_number, parse_constant=_constant
)

# What spreadsheets take for the start of a formula, the full-width forms among them, after any
# blanks. A quote before it makes a text of it; quotes that stand there already are kept apart by
# one more.
_TO_NEUTRALISE = re.compile("'*\\s*[=+\\-@\t\r\n\0＝＋－＠]").match
_TO_RESTORE = re.compile("'+\\s*[=+\\-@\t\r\n\0＝＋－＠]").match


def neutralised(cell: str) -> str:
    """A cell that no spreadsheet runs as a formula. :func:`restored` undoes it exactly."""
    return "'" + cell if _TO_NEUTRALISE(cell) else cell


def restored(cell: str) -> str:
    """The cell that :func:`neutralised` was given."""
    return cell[1:] if _TO_RESTORE(cell) else cell


EXACT = 10**15
"""A number from here on has lost digits in a workbook: it stays as it is, and is no id."""


def text_of(value: object) -> str:
    """
    The text that a CSV file would have for a value; empty where it is missing.

    A midnight without a zone is a day.

    Raises:
        Refusal: there is no text for such a value.
    """
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < EXACT
        return str(int(value)) if whole else repr(value)
    if isinstance(value, datetime) and value.tzinfo is None and value.time() == time.min:
        return value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, list | tuple | dict):
        return orjson.dumps(present(value), to_json).decode()
    if isinstance(value, bytes | bytearray | memoryview):
        raise Refusal("is binary data, which JSON does not have: remove the column")
    return str(value)


def present(value: Any, convert: Callable[[Any], Any] = lambda each: each) -> Any:
    """A value converted; of a list or an object all members at any depth, without what is missing."""
    if isinstance(value, dict):
        return {name: present(each, convert) for name, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [present(each, convert) for each in value]
    return convert(value)


_LOCAL = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?", re.ASCII).fullmatch
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII).fullmatch
TIMES = (FieldType.DATE, FieldType.DATETIME)


def with_zone(read: ReadCell, type: FieldType | None, zone: str) -> ReadCell:
    """A reader that takes times without a zone, too, as of *zone*; a field of days keeps its days."""
    if not zone or type not in TIMES:
        return read

    def cell(text: str) -> object:
        value = text.strip()
        if _LOCAL(value):
            return time_in(value, zone=zone)
        if type is FieldType.DATETIME and _DAY(value):  # its midnight
            return time_in(f"{value} 00:00", zone=zone)
        return read(text)

    return cell
