"""
What can be learned about an account: how far its clock is ahead of ours, and what the amount of an adjustment
means.

The clock is read from the ``Date`` of answers. No page says whether amounts are points or money, so one is
tried: a trial is +1, its inverse -1, and an inquiry before, between and after. Nothing of it is sent twice.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import Enum
from typing import Literal

from attrs import define, field, frozen

from ..api.jobs import JobResults, JobState, JobStatus

MOST_OFFSET = 60.0
"""Seconds that the clocks may differ."""
Unit = Literal["points", "money", "either"]
"""``either``: a point is worth one unit of money, so that both are the same."""

SMALLEST = 1
"""The amount that is tried."""
_CENT = 0.0100001
_SAME = 1e-6
_ENOUGH = 10


@frozen
class Sample:
    """
    One answer with a date, in seconds since 1970.

    Attributes:
        sent: when its request left, by our clock.
        received: when the answer was here, by our clock.
        dated: what the answer says, in whole seconds.
    """

    sent: float
    received: float
    dated: float


@frozen
class Offset:
    """
    How far Gameball's clock is ahead of ours.

    Attributes:
        seconds: the best guess; negative where it is behind.
        within: how far off the guess may be, in seconds.
    """

    seconds: float
    within: float


def offset_of(samples: Iterable[Sample]) -> Offset | None:
    """
    What all samples allow: each says that the offset lies between two bounds.

    A date is cut to its second, and was written between sending and receiving. Where the samples contradict
    each other (several servers, a cache), the one that was answered soonest counts.

    Returns:
        The offset; None without a sample.
    """
    bounds = sorted(
        ((each.dated - each.received, each.dated + 1 - each.sent) for each in samples),
        key=lambda pair: pair[1] - pair[0],
    )
    if not bounds:
        return None
    low, high = max(low for low, _ in bounds), min(high for _, high in bounds)
    if low > high:
        low, high = bounds[0]
    return Offset(round((low + high) / 2, 3), round((high - low) / 2, 3))


def offset_words(offset: Offset) -> str:
    """``this machine's clock is 90.0 s behind Gameball's (± 0.5 s)``."""
    if abs(offset.seconds) <= offset.within:
        return f"this machine's clock agrees with Gameball's (± {offset.within:.1f} s)"
    side = "behind" if offset.seconds > 0 else "ahead of"
    return (
        f"this machine's clock is {abs(offset.seconds):,.1f} s {side} Gameball's "
        f"(± {offset.within:.1f} s)"
    )


@frozen(kw_only=True)
class Amount:
    """
    What the amount of an adjustment means.

    Attributes:
        counts: ``points``, ``money``, or ``either`` where they are the same.
        points_for_one: how many points an amount of 1 gives.
    """

    counts: Unit
    points_for_one: float


@frozen
class Balance:
    """
    A customer's balance, as far as an inquiry shows it.

    Attributes:
        points: ``totalPointsBalance``.
        money: ``totalPointsValue``, what they are worth; None if the answer does not say.
    """

    points: float = field(repr=False)
    money: float | None = field(repr=False)


class Fate(Enum):
    """What became of an adjustment."""

    NOT_SENT = "not sent"
    REFUSED = "refused"
    UNSURE = "may or may not have been applied"
    APPLIED = "applied"


@define
class Step:
    """
    One adjustment of a trial.

    Attributes:
        fate: what became of it.
        job_id: its job; None where none is known.
        why: why it was not applied, or why that is not known.
    """

    fate: Fate = Fate.NOT_SENT
    job_id: int | None = None
    why: str = field(default="", repr=False)


@define
class Trial:
    """
    One adjustment and its inverse; filled in as it goes.

    Attributes:
        before: the balance before; None where it could not be read.
        add: the adjustment of +1.
        between: the balance after it.
        take: its inverse, -1.
        after: the balance at the end.
        why: why the balance could not be read; empty where it could.
    """

    before: Balance | None = None
    add: Step = field(factory=Step)
    between: Balance | None = None
    take: Step = field(factory=Step)
    after: Balance | None = None
    why: str = field(default="", repr=False)

    @property
    def undone(self) -> bool:
        """Whether nothing of it is left: +1 was not applied, or -1 was."""
        return self.add.fate in (Fate.NOT_SENT, Fate.REFUSED) or self.take.fate is Fate.APPLIED

    @property
    def as_before(self) -> bool:
        """Whether the balance is at the end what it was before, as far as it was read."""
        before, after = self.before, self.after
        return (
            before is not None and after is not None and abs(before.points - after.points) <= _SAME
        )


def balance_of(status: JobStatus, customer: str) -> Balance | None:
    """The balance of *customer* in a finished inquiry; None if there is none."""
    for entry in (status.results or JobResults()).successful:
        points = _number(entry.get("totalPointsBalance"))
        if entry.get("customerId") == customer and points is not None:
            return Balance(points, _number(entry.get("totalPointsValue")))
    return None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value


def fate_of(status: JobStatus) -> Fate:
    """What became of the one item of a job that has ended. What is not proven is unsure."""
    entries = status.results or JobResults()
    good, bad = bool(entries.successful or status.finished), bool(entries.failed or status.errors)
    if good == bad or not status.state.final:
        return Fate.UNSURE
    if good:
        return Fate.APPLIED if status.state is JobState.COMPLETED else Fate.UNSURE
    return Fate.UNSURE if status.state is JobState.STOPPED else Fate.REFUSED


def amount_of(trial: Trial) -> Amount | None:
    """What a trial shows about the amount; None if it shows nothing for sure."""
    before, between = trial.before, trial.between
    if before is None or between is None or trial.add.fate is not Fate.APPLIED:
        return None
    points = round(between.points - before.points, 6)
    money = None
    if before.money is not None and between.money is not None:
        money = between.money - before.money
    one_unit = money is not None and abs(money - SMALLEST) <= _CENT
    if points == SMALLEST:
        return Amount(counts="either" if one_unit else "points", points_for_one=1.0)
    undone = trial.take.fate is Fate.APPLIED and trial.as_before
    if points > 0 and (one_unit or (money is None and undone)):
        return Amount(counts="money", points_for_one=points)
    return None


def looks_like_the_other_unit(
    amount: Amount, amounts: Sequence[int | float | Decimal]
) -> str | None:
    """
    Why a file's amounts seem to be in the other unit; None if they do not.

    Points are whole numbers, money mostly has a fraction: no more than a hint.

    Args:
        amount: what a check has found.
        amounts: of the file's first rows.
    """
    fractions = sum(each != int(each) for each in amounts if math.isfinite(each))
    if amount.counts == "points" and fractions:
        return f"{fractions:,} of its first {len(amounts):,} amounts have a fraction, like money"
    if amount.counts == "money" and not fractions and len(amounts) >= _ENOUGH:
        return f"its first {len(amounts):,} amounts are whole numbers, like points"
    return None


def amount_words(amount: Amount) -> str:
    """``amount means money: 1 gives 10 points``."""
    if amount.counts == "either":
        return "amount means points and money alike: a point is worth one unit of money"
    if amount.counts == "points":
        return "amount means points"
    return f"amount means money: 1 gives {plainly(amount.points_for_one)} points"


def plainly(number: float) -> str:
    """``1,234,567.5``: never rounded to its first digits, as a balance must not be."""
    return f"{number:,.6f}".rstrip("0").rstrip(".")
