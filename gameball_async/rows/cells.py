"""
From text to typed values: a CSV cell by its field's type, JSON text strictly, and back to safety.

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
from decimal import Decimal
from math import isfinite
from typing import Any, NoReturn, TypeAlias

from ..api.fields import FieldType
from .plain import Refusal

__all__ = [
    "READERS",
    "SUFFIXES",
    "ReadCell",
    "neutralised",
    "phone_or_zip",
    "read_json",
    "restored",
]

ReadCell: TypeAlias = Callable[[str], object]

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII).fullmatch
_REWRITTEN_ID = re.compile(r"\d+\.0|\d+(?:\.\d+)?[eE]\+\d+", re.ASCII).fullmatch
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_EXACT_DIGITS = 15  # any number of so many digits comes back unchanged out of a double


def _identifier(cell: str) -> object:
    if not cell.isalnum() and _REWRITTEN_ID(cell):
        raise Refusal(
            "looks like an id that a spreadsheet has rewritten as a number: export the column as "
            "text (an id that is meant so can be sent from a JSONL file)"
        )
    return cell or None


def phone_or_zip(cell: str) -> object:
    """A phone number or a postal code: text, but no number that a spreadsheet has rewritten."""
    if not cell.isalnum() and _REWRITTEN_ID(cell):
        raise Refusal(
            "looks like a number that a spreadsheet has rewritten, so digits are lost: export the column "
            "as text"
        )
    return cell or None


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
            raise Refusal("is not a finite number: give one, or leave the cell empty")
        raise Refusal(
            "is not a plain number: write it as 1234.50, with ASCII digits and a point, without "
            "separators, brackets or currency"
        )
    return _exact_number(text)


def _exact_number(text: str) -> int | float | Decimal:
    """The number that ASCII text stands for, as an int or float if that loses nothing."""
    if text.lstrip("+-").isdigit() and len(text) <= _EXACT_DIGITS:
        return int(text)
    near = float(text)
    if not isfinite(near):
        raise Refusal("is too great for any receiver's numbers")
    if len(text) <= _EXACT_DIGITS + 1:
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
    if text not in _WORDS:
        raise Refusal("must be true or false (or yes, no, 1, 0)")
    return _WORDS[text]


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
        raise Refusal("holds a number of too many digits") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refusal("has a name twice in one object: which of the two counts is not said")
    return found


def _constant(_: str) -> NoReturn:
    raise Refusal("holds NaN or Infinity, which JSON does not have: leave the field out")


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
