"""Values of typed tables as the text that a CSV file would have for them."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import orjson

from .plain import Refusal
from .scalars import to_json

__all__ = ["present", "text_of"]

EXACT = 10**15
"""A number from here on has lost digits in a workbook: it stays as it is, and is no id."""


def text_of(value: object) -> str:
    """
    The text of a cell; empty where it is missing. A midnight without a zone is a day.

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
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, datetime):
        day = value.tzinfo is None and value.time() == time.min
        return value.date().isoformat() if day else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return orjson.dumps(present(value), to_json).decode() if _is_json(value) else _other(value)


def _is_json(value: object) -> bool:
    return isinstance(value, list | tuple | dict)


def present(value: Any) -> Any:
    """A list or an object without what is missing in it."""
    if isinstance(value, dict):
        return {name: present(each) for name, each in value.items() if each is not None}
    return [present(each) for each in value] if isinstance(value, list | tuple) else value


def _other(value: object) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        raise Refusal("is binary data, which JSON does not have: leave the column out")
    return str(value)
