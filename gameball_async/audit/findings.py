"""What was found in rows as a whole: findings with their places, and what the amounts come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from attrs import asdict, define, frozen
from attrs import field as attribute

from .looks import Amount, Repeat, Time, Wrong

FindingName = Literal[
    "repeated-id", "repeated-row", "equal-times", "future-date", "early-date", "odd-amount", "money-in-points",
    "faulty-rows", "not-compared", "unreadable",
]  # fmt: skip

SHOWN = 5
"""Places that a finding names, at most: the first ones."""


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
        f"{_have(rows)} the customer and the {field} of an earlier row: Gameball may refuse a second "
        "one (error 9003), so give each a time of its own"
    )
    return Finding(message, "equal-times", field, rows, places)


def about_late(time: Time, found: Lines) -> Finding:
    """Times to come."""
    refused = ", which Gameball refuses (error 9007)" if time.refused else ""
    message = f"{_have(found.rows)} {time.field} in the future{refused}"
    return Finding(message, "future-date", time.field, found.rows, found.places)


def about_early(time: Time, found: Lines) -> Finding:
    """Times too long ago."""
    message = (
        f"{_have(found.rows)} {time.field} before {time.earliest}: {time.empty} and the like often "
        "stand for an empty date"
    )
    return Finding(message, "early-date", time.field, found.rows, found.places)


def about_wrong(amount: Amount, wrong: Wrong, found: Lines) -> Finding:
    """Amounts that make no sense."""
    message = f"{_have(found.rows)} {wrong.value} {amount.field}, which is hardly meant"
    return Finding(message, "odd-amount", amount.field, found.rows, found.places)


def about_money(amount: Amount, found: Lines, of: int) -> Finding:
    """Points that look like money."""
    message = (
        f"{found.rows:,} of {of:,} values of {amount.field} have cents, as money has, and points are "
        "wanted: turn money into points first"
    )
    return Finding(message, "money-in-points", amount.field, found.rows, found.places)


def about_faulty(rows: int, lines: Sequence[int]) -> Finding:
    """Rows with faults of their own."""
    message = f"{_have(rows)} faults, and will be rejected: `gameball-async validate` says which"
    return Finding(message, "faulty-rows", "", rows, tuple(map(Place, lines)), certain=True)


def about_unfinished(why: str) -> Finding:
    """Rows could not be compared with each other."""
    message = (
        f"rows that repeat others could not be looked for ({why}): set SQLITE_TMPDIR to a folder with "
        "room"
    )
    return Finding(message, "not-compared", "", 0, ())


def about_unreadable(why: str) -> Finding:
    """The rest of the rows cannot be read."""
    return Finding(f"cannot be read to its end: {why}", "unreadable", "", 0, ())
