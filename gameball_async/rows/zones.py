"""Times without a zone, put into the zone that the caller names."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from ..errors import ConfigurationError
from .cells import ReadCell
from .plain import Refusal

__all__ = ["in_zone", "reads_local_times", "zone_named"]

_LOCAL = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?", re.ASCII).fullmatch


@lru_cache(maxsize=64)
def zone_named(name: str) -> ZoneInfo:
    """
    The time zone of this name.

    Raises:
        ConfigurationError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (OSError, LookupError, ValueError):
        raise ConfigurationError(
            f"{name!r} is not a time zone: pass one by its name, such as Europe/Paris or UTC, as "
            "--naive-as ZONE (naive_as=…)"
        ) from None


def in_zone(value: datetime, zone: tzinfo) -> datetime:
    """
    A time without a zone, in *zone*. One that occurs twice, when clocks go back, is the earlier.

    Raises:
        Refusal: the clocks of the zone skip that time.
    """
    found = value.replace(tzinfo=zone)
    if found.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != value:
        raise Refusal(f"does not exist in {zone}: the clocks go forward there and then")
    return found


def reads_local_times(read: ReadCell, zone: tzinfo) -> ReadCell:
    """A reader of cells that puts text of a time without a zone into *zone*."""

    def cell(text: str) -> object:
        value = text.strip()
        if not _LOCAL(value):
            return read(text)
        try:
            found = datetime.fromisoformat(value.upper())
        except ValueError:
            return read(text)
        return in_zone(found, zone)

    return cell
