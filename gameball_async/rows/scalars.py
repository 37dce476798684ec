"""
What a single value becomes on the wire, or why it is refused.

One function per field type, and ``to_json`` for values in places that have no type of ours
(custom attributes, fields we do not know). Each returns the value itself when nothing has to be
done, and raises :class:`Refusal` with a reason that says what would be right. Reasons never hold
the value: it may be anyone's data.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from math import inf, isfinite
from typing import TypeAlias

import orjson

from ..api.fields import FieldSpec, FieldType
from ..faults import Refusal
from .plain import described, plain
from .times import day, moment, utc

Convert: TypeAlias = Callable[[object], object]

_INT_MIN, _INT_END = -(2**63), 2**64


def _finite(value: float) -> float:
    if not isfinite(value):
        raise Refusal("is infinite: use a finite number, or remove the field")
    return value


def _whole(value: int) -> int:
    if not _INT_MIN <= value < _INT_END:
        raise Refusal("is a whole number of more than 64 bits: pass it as text or as a Decimal")
    return value


def _exact(value: Decimal) -> object:
    """A Decimal as JSON, digit by digit."""
    if not value.is_finite():
        raise Refusal("is a Decimal that is not finite: use a finite number, or remove the field")
    if not isfinite(float(value)):
        raise Refusal("is too large for a number: correct it")
    return orjson.Fragment(str(value))


def _sound(value: str) -> str:
    """Text that can be written as UTF-8."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Refusal(
                "has half a surrogate pair, which is not valid text: read the source with the "
                "right encoding"
            ) from None
    return value


def text(value: object) -> object:
    """Text that can be written as UTF-8, or a value that wraps such text."""
    value = plain(value)
    if isinstance(value, str):
        return _sound(value)
    raise Refusal(f"must be text, not {described(value)}")


def _identifier(value: object) -> object:
    if type(value) is str and value.isalnum():
        return value
    if type(value) is not str:
        value = plain(value)
        if not isinstance(value, str):
            hint = (
                ": write it as text, with its leading zeros, or pass --ids-from-numbers "
                "(ids_from_numbers=True)"
            )
            number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
            raise Refusal(f"must be text, not {described(value)}{hint if number else ''}")
    if value.isprintable() and value[:1] not in ("", " ") and value[-1] != " ":
        return value
    return _odd_identifier(value)


def _odd_identifier(value: str) -> str:
    """An id that is empty, or has a character that does not print or a blank at an end."""
    if not value.strip():
        raise Refusal("is blank: give an id")
    if any(_invisible(each) or each.isspace() for each in (value[0], value[-1])):
        raise Refusal("starts or ends with white space or an invisible character: remove it")
    if any(unicodedata.category(each) in ("Cc", "Zl", "Zp") for each in value):
        raise Refusal("contains a control character or a line break: remove it")
    return _sound(value)


def _invisible(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Zs", "Zl", "Zp")


def _identifier_or_number(value: object) -> object:
    value = plain(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(_whole(value))
    return _identifier(value)


def _boolean(value: object) -> object:
    value = plain(value)
    if isinstance(value, bool):
        return value
    raise Refusal(f"must be true or false, not {described(value)}")


def _number(value: object) -> object:
    value = plain(value)
    if isinstance(value, bool):
        raise Refusal("must be a number, not true or false")
    if isinstance(value, float):
        return _finite(value)
    if isinstance(value, int):
        return _whole(value)
    if isinstance(value, Decimal):
        return _exact(value)
    raise Refusal(f"must be a number, not {described(value)}")


def _integer(value: object) -> object:
    if type(value) is int:
        return _whole(value)
    value = plain(value)
    if isinstance(value, float):
        # DataFrames turn a column of whole numbers with a gap into floats: 3 comes as 3.0.
        if not _finite(value).is_integer():
            raise Refusal("must be a whole number")
        value = int(value)
    elif isinstance(value, Decimal):
        _exact(value)
        if value != value.to_integral_value():
            raise Refusal("must be a whole number")
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refusal(f"must be a whole number, not {described(value)}")
    return _whole(value)


def _within(convert: Convert, spec: FieldSpec) -> Convert:
    least = -inf if spec.minimum is None else spec.minimum
    most = inf if spec.maximum is None else spec.maximum
    allowed = f"{least} or more" if spec.maximum is None else f"{least} to {most}"

    def check(value: object) -> object:
        if type(value) is int and least <= value <= most:
            return value
        converted = convert(value)
        # A Decimal goes out as ready JSON, so its value is looked at as it came.
        number = converted if type(converted) in (int, float) else plain(value)
        if not least <= number <= most:  # type: ignore[operator]
            raise Refusal(f"is out of range: {allowed}")
        return converted

    return check


def _one_of(choices: tuple[str, ...]) -> Convert:
    words = frozenset(choices)
    reason = f"must be one of: {', '.join(choices)}"

    def check(value: object) -> object:
        value = plain(value)
        if isinstance(value, str) and value in words:
            return value
        raise Refusal(reason)

    return check


def identifier(from_numbers: bool) -> Convert:
    """The function for ids; *from_numbers* takes whole numbers too."""
    return _identifier_or_number if from_numbers else _identifier


def converter(spec: FieldSpec, *, ids_from_numbers: bool = False) -> Convert | None:
    """
    The function for the values of a field; None for a type that is not a single value.

    With *ids_from_numbers*, whole numbers are taken as ids, without leading zeros.
    """
    if spec.type is FieldType.ID:
        return identifier(ids_from_numbers)
    if spec.type is FieldType.ENUM:
        return _one_of(spec.choices)
    convert = _SINGLE.get(spec.type)
    if convert is not None and (spec.minimum is not None or spec.maximum is not None):
        return _within(convert, spec)
    return convert


_SINGLE: Mapping[FieldType, Convert] = {
    FieldType.TEXT: text,
    FieldType.NUMBER: _number,
    FieldType.INTEGER: _integer,
    FieldType.BOOLEAN: _boolean,
    FieldType.DATE: day,
    FieldType.DATETIME: moment,
}


def to_json(value: object) -> object:
    """
    A value that JSON does not know, as one that it does; for places without a type of ours.

    Raises:
        Refusal: there is no such value.
    """
    value = plain(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _sound(value)
    if isinstance(value, int | float | Decimal):
        return _number(value)
    if isinstance(value, datetime):
        return utc(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, list | tuple):
        return list(value)
    raise Refusal(f"is {described(value)}, which JSON does not have: give text, a number or a list")
