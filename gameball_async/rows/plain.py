"""
Values without their wrapping, and the refusal of those that have nothing inside.

Classes of numpy and pandas are known by the module that their type comes from, so that neither
is ever imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from math import isnan
from uuid import UUID

from ..faults import Faulty, Refusal

UNREADABLE = (
    Refusal,
    Faulty,
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What reading a row may raise: a refusal, or the trouble of a class that is not ours."""


def described(value: object) -> str:
    """What kind of thing *value* is, for a reason: never the value itself."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "text"
    if isinstance(value, int | float | Decimal):
        return "a number"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    return f"of type {type(value).__name__}"


def plain(value: object) -> object:
    """
    *value* without its wrapping: an enum's value, a numpy scalar as Python's own type, a subclass
    of text or number as text or number.

    Raises:
        Refusal: the value stands for "missing" (NaN, NaT, NA), or is a numpy time, which has no
            zone.
    """
    kind = type(value)
    if kind not in _PLAIN:
        value = _unwrapped(value)
    if type(value) is float and isnan(value):
        raise Refusal(_MISSING.format("NaN"))
    return value


_PLAIN = frozenset({str, int, float, bool, type(None), Decimal, datetime, date, dict, list})
_MISSING = "is {} (missing): remove the field, or use None to send null"


def _unwrapped(value: object) -> object:
    kind = type(value)
    module = kind.__module__.partition(".")[0]
    if module == "pandas" and kind.__name__ in ("NaTType", "NAType"):
        raise Refusal(_MISSING.format(kind.__name__.removesuffix("Type")))
    if module == "numpy":
        return _plain_numpy(value)
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, UUID):
        return str(value)
    for base in (int, float):
        if isinstance(value, base):
            return base(value)
    return value


def _plain_numpy(value: object) -> object:
    if type(value).__name__ == "MaskedConstant":
        raise Refusal(_MISSING.format("masked"))
    if type(value).__name__ in ("datetime64", "timedelta64"):
        raise Refusal("is a numpy time, which has no time zone: use an aware datetime, or a date")
    item = getattr(value, "item", None)
    if item is None or getattr(value, "ndim", 0) != 0:
        raise Refusal("is a numpy array: use a list")
    unwrapped = item()
    return unwrapped if type(unwrapped).__module__ != type(value).__module__ else str(unwrapped)
