"""
What was found in rows as a whole: findings with their places, and what the amounts come to.

Tallies count over columns of rows: times out of range, sums and extremes of amounts, the first lines of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from math import fsum, inf
from typing import Any, Literal

from attrs import asdict, define, frozen
from attrs import field as attribute

from .looks import Amount, Repeat, Time

FindingName = Literal[
    "repeated-id", "repeated-row", "equal-times", "future-date", "early-date", "odd-amount", "money-in-points",
    "faulty-rows", "not-compared", "unreadable",
]  # fmt: skip

SHOWN = 5
"""Places that a finding names, at most: the first ones."""
CLOCKS = timedelta(minutes=5)
"""How far two clocks are apart, at most."""
ZONES = timedelta(hours=14)
"""How far ahead of UTC a day begins, at most."""


@frozen
class Place:
    """
    Where something was found.

    Attributes:
        line: the row's line, or its number where the input has no lines.
        earlier: that of the earlier row that it repeats; None where it repeats none.
    """

    line: int
    earlier: int | None = None

    def __str__(self) -> str:
        return f"{self.line:,}" if self.earlier is None else f"{self.line:,} (as {self.earlier:,})"


@frozen
class Finding:
    """
    Something doubtful in the rows as a whole.

    Attributes:
        message: what is doubtful, and what to do, without the places.
        name: what kind of finding it is.
        field: where it was found; empty for the whole row.
        rows: how many rows it is about.
        places: the first of them.
        certain: whether its rows will not succeed, whatever else is in them.
    """

    message: str
    name: FindingName
    field: str
    rows: int
    places: tuple[Place, ...]
    certain: bool = False

    def text(self, unit: str = "line") -> str:
        """The message with the places, which are lines or rows."""
        if not self.places:
            return self.message
        shown = ", ".join(map(str, self.places))
        more = self.rows - len(self.places)
        rest = f" and {more:,} more" if more else ""
        return f"{self.message} ({unit}{'' if self.rows == 1 else 's'} {shown}{rest})"

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "finding": self.name,
            "field": self.field,
            "rows": self.rows,
            "lines": [place.line for place in self.places],
            "earlier": [each.earlier for each in self.places if each.earlier is not None],
            "message": self.message,
        }


@frozen
class AmountSummary:
    """
    What the amounts of a field come to.

    Attributes:
        field: its name.
        rows: how many rows have one.
        total: their sum.
        least: the least.
        least_line: the first row that has it.
        greatest: the greatest.
        greatest_line: the first row that has it.
    """

    field: str
    rows: int
    total: float = attribute(repr=False)
    least: float = attribute(repr=False)
    least_line: int
    greatest: float = attribute(repr=False)
    greatest_line: int

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


@define
class Lines:
    """Counts lines, and keeps the first."""

    rows: int = 0
    first: list[int] = attribute(factory=list)

    def add(self, lines: Sequence[int]) -> None:
        """Count these, which follow those before."""
        self.rows += len(lines)
        self.first += lines[: SHOWN - len(self.first)]

    @property
    def places(self) -> tuple[Place, ...]:
        """The first of them."""
        return tuple(map(Place, self.first))


def _have(rows: int) -> str:
    return "1 row has" if rows == 1 else f"{rows:,} rows have"


def about_repeats(repeat: Repeat, rows: int, places: tuple[Place, ...]) -> Finding:
    """Rows that repeat an earlier one."""
    name: FindingName = "repeated-id" if repeat.field else "repeated-row"
    what = f"the {repeat.field}" if repeat.field else "every field"
    message = f"{_have(rows)} {what} of an earlier row: {repeat.means}"
    return Finding(message, name, repeat.field, rows, places, repeat.certain)


def about_equal_times(field: str, rows: int, places: tuple[Place, ...]) -> Finding:
    """Rows with the customer and the time of an earlier one."""
    message = (
        f"{_have(rows)} the customer and the {field} of an earlier row: Gameball may refuse the second one (error "
        "9003), so give each row a different time"
    )
    return Finding(message, "equal-times", field, rows, places)


def about_faulty(rows: int, lines: Sequence[int]) -> Finding:
    """Rows that have faults."""
    message = f"{_have(rows)} faults and will be rejected: `gameball-async validate` lists them"
    return Finding(message, "faulty-rows", "", rows, tuple(map(Place, lines)), certain=True)


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
    _latest: str = attribute(init=False)
    _late: Lines = attribute(factory=Lines, init=False)
    _early: Lines = attribute(factory=Lines, init=False)

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
        name, late, early = self.time.field, self._late, self._early
        if late.rows:
            refused = ", which Gameball refuses (error 9007)" if self.time.refused else ""
            message = f"{_have(late.rows)} {name} in the future{refused}: check the dates"
            yield Finding(message, "future-date", name, late.rows, late.places)
        if early.rows:
            doubtful = (
                f"{_have(early.rows)} {name} before {self.time.earliest}: dates such as {self.time.empty} often "
                "mean an empty date. If so, empty these cells"
            )
            yield Finding(doubtful, "early-date", name, early.rows, early.places)


@define
class AmountTally:
    """
    The amounts of one field.

    Attributes:
        amount: the field.
    """

    amount: Amount
    _rows: int = attribute(default=0, init=False)
    _total: float = attribute(default=0.0, init=False, repr=False)
    _least: tuple[float, int] = attribute(default=(inf, 0), init=False, repr=False)
    # The line of the greatest is negative, so that of equal ones the first counts.
    _greatest: tuple[float, int] = attribute(default=(-inf, 0), init=False, repr=False)
    _wrong: Lines = attribute(factory=Lines, init=False)
    _cents: Lines = attribute(factory=Lines, init=False)

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
        if self.amount.wrong is not None and self._least[0] <= 0:
            wrong = self.amount.wrong.covers
            self._wrong.add([line for value, line in found if wrong(value)])
        if self.amount.points:  # two decimals at most are as money has them
            cents = (line for value, line in found if value % 1 != 0 and round(value, 2) == value)
            self._cents.add(list(cents))

    def findings(self) -> Iterator[Finding]:
        """What is doubtful so far."""
        name, wrong, cents = self.amount.field, self._wrong, self._cents
        if wrong.rows and self.amount.wrong is not None:
            message = (
                f"{_have(wrong.rows)} {self.amount.wrong.value} {name}, which is probably a mistake: check "
                "these rows"
            )
            yield Finding(message, "odd-amount", name, wrong.rows, wrong.places)
        if 2 * cents.rows > self._rows:
            money = (
                f"{cents.rows:,} of {self._rows:,} values of {name} have cents, like money, but points are "
                "expected: convert money to points first"
            )
            yield Finding(money, "money-in-points", name, cents.rows, cents.places)

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
