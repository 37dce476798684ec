"""Counts over columns of rows: times out of range, sums and extremes of amounts, the first lines of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from math import fsum, inf
from typing import Any

from attrs import define, field

from .findings import (
    AmountSummary,
    Finding,
    Lines,
    about_early,
    about_late,
    about_money,
    about_wrong,
)
from .looks import Amount, Time, Wrong

CLOCKS = timedelta(minutes=5)
"""How far two clocks are apart, at most."""
ZONES = timedelta(hours=14)
"""How far ahead of UTC a day begins, at most."""


def column(items: Sequence[Any], field: str) -> list[Any]:
    """The values of a field, by the names that lead to it; None where there is none."""
    found: Sequence[Any] = items
    for name in field.split("."):
        found = [None if item is None else item.get(name) for item in found]
    return list(found)


@define
class TimeTally:
    """
    The times of one field.

    Attributes:
        time: the field.
        now: an aware instant; what comes after it is in the future.
    """

    time: Time
    now: datetime
    _latest: str = field(init=False)
    _late: Lines = field(factory=Lines, init=False)
    _early: Lines = field(factory=Lines, init=False)

    def __attrs_post_init__(self) -> None:
        # Times are text in one form, so that text compares as they do. "~" comes after all of them.
        if self.time.day:
            self._latest = f"{(self.now + ZONES).date().isoformat()}~"
        else:
            self._latest = (self.now + CLOCKS).replace(tzinfo=None).isoformat(timespec="seconds")

    def add(self, lines: Sequence[int], values: Sequence[str | None]) -> None:
        """Count the times of these lines."""
        found = [
            (value, line) for value, line in zip(values, lines, strict=True) if value is not None
        ]
        latest, earliest = self._latest, self.time.earliest
        self._late.add([line for value, line in found if value > latest])
        self._early.add([line for value, line in found if value < earliest])

    def findings(self) -> Iterator[Finding]:
        """What is doubtful so far."""
        if self._late.rows:
            yield about_late(self.time, self._late)
        if self._early.rows:
            yield about_early(self.time, self._early)


@define
class AmountTally:
    """
    The amounts of one field.

    Attributes:
        amount: the field.
    """

    amount: Amount
    _rows: int = field(default=0, init=False)
    _total: float = field(default=0.0, init=False, repr=False)
    _least: tuple[float, int] = field(default=(inf, 0), init=False, repr=False)
    _greatest: tuple[float, int] = field(
        default=(-inf, 0), init=False, repr=False
    )  # minus its line
    _wrong: Lines = field(factory=Lines, init=False)
    _cents: Lines = field(factory=Lines, init=False)

    def add(self, lines: Sequence[int], values: Sequence[float | None]) -> None:
        """Count the amounts of these lines."""
        found = [
            (value, line) for value, line in zip(values, lines, strict=True) if value is not None
        ]
        if not found:
            return
        self._rows += len(found)
        self._total = _sum([self._total, *(value for value, _ in found)])
        self._least = min(self._least, min(found))
        self._greatest = max(self._greatest, max((value, -line) for value, line in found))
        wrong = self.amount.wrong
        if wrong is not None and self._least[0] <= 0:
            self._wrong.add([line for value, line in found if _is_wrong(value, wrong)])
        if self.amount.points:
            self._cents.add([line for value, line in found if _has_cents(value)])

    def findings(self) -> Iterator[Finding]:
        """What is doubtful so far."""
        if self._wrong.rows and self.amount.wrong is not None:
            yield about_wrong(self.amount, self.amount.wrong, self._wrong)
        if 2 * self._cents.rows > self._rows:
            yield about_money(self.amount, self._cents, self._rows)

    def summary(self) -> AmountSummary | None:
        """What they come to; None where there are none."""
        if not self._rows:
            return None
        least, at_least = self._least
        greatest, at_greatest = self._greatest
        return AmountSummary(
            self.amount.field, self._rows, self._total, least, at_least, greatest, -at_greatest
        )


def _sum(values: Sequence[float]) -> float:
    try:
        return fsum(values)
    except OverflowError:
        return sum(values)


def _is_wrong(value: float, wrong: Wrong) -> bool:
    if wrong is Wrong.ZERO:
        return value == 0
    return value < 0 if wrong is Wrong.NEGATIVE else value <= 0


def _has_cents(value: float) -> bool:
    """Whether it is no whole number and has two decimals at most."""
    return value % 1 != 0 and round(value, 2) == value
