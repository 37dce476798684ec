"""Times without a zone, put into the zone that the caller names."""

from __future__ import annotations

import re
from datetime import datetime

from ..mapping.local_times import MeaninglessTime, time_in
from .cells import ReadCell
from .plain import Refusal

__all__ = ["in_zone", "reads_local_times"]

_LOCAL = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?", re.ASCII).fullmatch
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII).fullmatch


def in_zone(text: str, zone: str) -> datetime:
    """
    A time without a zone, in *zone*. One that occurs twice, when clocks go back, is the earlier.

    Raises:
        Refusal: there is no such time.
    """
    try:
        return time_in(text, zone=zone)
    except MeaninglessTime as error:
        raise Refusal(str(error)) from None


def reads_local_times(read: ReadCell, zone: str, *, days: bool) -> ReadCell:
    """A reader of cells that puts text of a time without a zone into *zone*; a day stays one with *days*."""

    def cell(text: str) -> object:
        value = text.strip()
        if _LOCAL(value):
            return in_zone(value, zone)
        if not days and _DAY(value):  # its midnight
            return in_zone(f"{value} 00:00", zone)
        return read(text)

    return cell
