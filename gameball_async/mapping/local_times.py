"""Days and times as people write them, turned into ISO 8601 with an offset."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from ..errors import ConfigurationError
from ..faults import Refusal

_BLANK_BEFORE_OFFSET = re.compile(r"\s+(?=(?:[+-]\d\d:?\d\d|Z|UTC)$)", re.ASCII)


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """
    The time zone of this name.

    Raises:
        ConfigurationError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (OSError, LookupError, ValueError):
        raise ConfigurationError(
            f"{name!r} is not a known time zone: pass a name such as Europe/Paris or UTC"
        ) from None


def iso_time(cell: str, *, form: str = "", zone: str = "") -> str:
    """
    A day as ``YYYY-MM-DD``, a time as ISO 8601 with its offset where the zone is known.

    A time that occurs twice, when clocks go back, is the earlier of the two.

    Arguments:
        cell: the text of a cell, not empty.
        form: how it is written, as ``strptime`` has it; ISO 8601 by default, with a blank for the T.
        zone: the zone of a time that names none.

    Raises:
        Refusal: the cell is not written so, has no zone, or the clocks skip that time.
    """
    text = cell.strip()
    if not form and len(text) == 10:
        return text
    if form and not any(each in form for each in ("%H", "%I", "%X", "%c")):
        return _read(text, form).date().isoformat()
    return time_in(text, form=form, zone=zone).isoformat()


def time_in(text: str, *, form: str = "", zone: str = "") -> datetime:
    """
    A time with its offset; one that names none is of *zone*.

    Raises:
        Refusal: as in `iso_time`.
    """
    found = _read(text, form)
    if found.tzinfo is not None:
        return found
    if not zone:
        raise Refusal("has no time zone: pass --naive-as ZONE, or set zone in the mapping")
    found = found.replace(tzinfo=zone_of(zone))
    if found.astimezone(UTC).astimezone(found.tzinfo) != found:
        raise Refusal(f"does not exist in {zone}: the clocks go forward at that time")
    return found


def _read(text: str, form: str) -> datetime:
    try:
        if form:
            return datetime.strptime(text, form)  # noqa: DTZ007  the zone comes next
        return datetime.fromisoformat(_BLANK_BEFORE_OFFSET.sub("", text).replace("UTC", "Z"))
    except ValueError:
        wanted = (
            f"written as {form}"
            if form
            else "an ISO 8601 time: set date in the mapping to its format"
        )
        raise Refusal(f"is not {wanted}") from None
