"""
Days and instants on the wire: ISO 8601 text, instants in UTC.

A day is ``YYYY-MM-DD``. An instant has a zone, or it is refused: which zone was meant is not
guessed. Text that is as the API wants it is kept letter by letter; an offset is converted.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import lru_cache

from ..faults import Refusal
from .plain import described, plain

_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt](?!24)\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d(:?\d\d)?)?", re.ASCII
)
_UTC = re.compile(r"\d{4}-\d\d-\d\dT(?!24)\d\d:\d\d:\d\d(?:\.\d{1,9})?Z", re.ASCII).fullmatch
_DAY_WANTED = "YYYY-MM-DD, or 2024-10-16T08:13:29Z"
_MOMENT_WANTED = "2024-10-16T08:13:29Z"


def utc(value: datetime) -> str:
    """An aware instant as the API writes it, cut to milliseconds."""
    if value.utcoffset() is None:
        raise Refusal("has no time zone: use an aware datetime, such as one with tzinfo=UTC")
    try:
        utc = value.astimezone(UTC).replace(tzinfo=None)
    except (OverflowError, ValueError):
        raise Refusal("is outside the years 1 to 9999 in UTC") from None
    return utc.isoformat(timespec="milliseconds" if utc.microsecond >= 1000 else "seconds") + "Z"


def _moment_text(value: str, wanted: str = _MOMENT_WANTED) -> str:
    """Text of an instant, in UTC; kept as it is where it is so already."""
    match = _MOMENT.fullmatch(value)
    if match is None:
        raise Refusal(f"is not an ISO 8601 time: write {wanted}")
    if match[3] is None:
        raise Refusal(f"has no time zone: add Z for UTC, or an offset; write {wanted}")
    try:
        found = datetime.fromisoformat(value.upper())
    except ValueError:
        if value[16:19] == ":60":
            raise Refusal(
                "is a leap second: write second 59, or the first second of the next minute"
            ) from None
        raise Refusal(f"is not a time that exists: write {wanted}") from None
    return value if _UTC(value) else utc(found)


def moment(value: object) -> object:
    """An instant: a time with a zone, as text in UTC."""
    if type(value) is str and _UTC(value):
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return _moment_text(value)
        return value
    value = plain(value)
    if isinstance(value, str):
        if len(value) == 10:
            raise Refusal(f"is a day without a time: write {_MOMENT_WANTED}")
        return _moment_text(value)
    if isinstance(value, datetime):
        return utc(value)
    if isinstance(value, date):
        raise Refusal("is a day without a time: use an aware datetime")
    raise Refusal(f"must be a time with a zone, such as {_MOMENT_WANTED}, not {described(value)}")


# Days repeat, and finding one in the cache costs a quarter of reading it.
@lru_cache(maxsize=4096)
def day(value: object) -> object:
    """A day, as text; an instant will do."""
    if type(value) is str:
        return _day_text(value) if len(value) == 10 else _long_day_text(value)
    value = plain(value)
    if isinstance(value, str):
        return day(value)
    if isinstance(value, datetime):
        return utc(value)
    if isinstance(value, date):
        return value.isoformat()
    raise Refusal(f"must be a day, {_DAY_WANTED}, not {described(value)}")


def _long_day_text(value: str) -> object:
    """An instant where a day would do."""
    if _UTC(value):
        return moment(value)
    if "T" in value or "t" in value:
        return _moment_text(value, _DAY_WANTED)
    raise _no_day(value)


def _day_text(value: str) -> str:
    if value[4] != "-" or value[7] != "-":
        raise _no_day(value)
    try:
        date.fromisoformat(value)
    except ValueError:
        raise Refusal(f"is not a day that exists: write {_DAY_WANTED}") from None
    return value


def _no_day(value: str) -> Refusal:
    if value.isdigit():
        return Refusal(f"is a number, as spreadsheets store days: write {_DAY_WANTED}")
    return Refusal(f"is not an ISO 8601 day: write {_DAY_WANTED}")
