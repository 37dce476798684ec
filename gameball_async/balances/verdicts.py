"""
What balances show about adjustments: whether one was applied, and which rows in doubt of a run were.

An adjustment of our own is judged by the answer to it and by one or two looks at the balance afterwards. A look
comes when the adjustment's job has ended, or if no job is known. A balance that is not where the adjustment would
leave it is looked at a second time, some seconds later: an account is *at rest* where two such looks agree. Only at
rest, and only at the balance before it, an adjustment is called not applied and may be sent again.

Rows in doubt of a run are judged by their customer's balance before and after. It has moved by what is known to be
applied, and by some of the rows in doubt. Where only one choice of rows explains the movement, that is what
happened; where several do, or none, it stays open. Of rows with the same amount nobody can tell which were applied,
and it makes no difference to the balance: the earlier ones are called applied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from itertools import product
from operator import mul

import orjson
from attrs import define, field, frozen

from ..api.codes import Code
from ..rows.outcome import Outcome, RowOutcome
from .plan import Fate, Planned, in_units, shown

MOST_ROWS = 16
"""Rows in doubt of one customer that are looked at; more explain almost any movement."""


class Answer(Enum):
    """What Gameball said of an adjustment."""

    APPLIED = "applied"
    LATER = "refused for now"
    REFUSED = "refused"
    NONE = "no answer"


@frozen
class Looked:
    """
    One adjustment, and what was seen afterwards; all in units.

    Attributes:
        answer: what Gameball said of it.
        before: the balance before it was sent.
        amount: of it.
        first: the balance at the first look; None where it could not be asked for.
        second: at the second look; None where there was none.
    """

    answer: Answer
    before: int
    amount: int
    first: int | None
    second: int | None = None


def answer_of(row: RowOutcome) -> Answer:
    """What the outcome of an adjustment says of it."""
    if row.outcome is Outcome.SUCCEEDED:
        return Answer.APPLIED
    if row.outcome not in (Outcome.FAILED, Outcome.REJECTED):
        return Answer.NONE
    code = Code.find(None if row.reason is None else row.reason.code)
    return Answer.LATER if code is not None and code.retryable else Answer.REFUSED


def look_again(seen: Looked) -> bool:
    """Whether a second look is needed: the first one does not show that all is well."""
    return seen.answer is not Answer.REFUSED and seen.first != seen.before + seen.amount


def judged(seen: Looked) -> Planned:
    """
    Where a customer stands after an adjustment and the looks at it.

    *planned* means that it was not applied, and that the account is at rest: it may be sent again.
    """
    if seen.answer is Answer.REFUSED:
        return Planned(Fate.REFUSED)
    last = seen.first if seen.second is None else seen.second
    if last == seen.before + seen.amount:
        return Planned(Fate.SET)
    if last is None:
        return Planned(Fate.DOUBT, "the balance could not be read afterwards")
    if seen.answer is Answer.APPLIED:
        return _moved(last, "applied", seen)
    if seen.second is None or seen.first is None:
        return Planned(Fate.DOUBT, "the balance could be read only once afterwards")
    if seen.first == seen.second == seen.before:
        return Planned(Fate.PLANNED)
    return _moved(last, "refused" if seen.answer is Answer.LATER else "in doubt", seen)


def _moved(last: int, what: str, seen: Looked) -> Planned:
    amount, before = shown(seen.amount, signed=True), shown(seen.before)
    return Planned(
        Fate.MOVED,
        f"something else moved the balance: {shown(last)} after {before}, and {amount} {what}",
    )


# -- rows in doubt of a run


class Verdict(Enum):
    """What became of a row in doubt."""

    APPLIED = "applied"
    NOT_APPLIED = "not applied"
    OPEN = "in doubt"


@define
class Doubtful:
    """
    What one run has done, or may have done, to one customer; amounts in units.

    Attributes:
        rows: positions and amounts of the rows in doubt, in the order of sending.
        certain: what is known to be applied, summed.
        sent_again: whether a row of this customer was sent again by a later run.
    """

    rows: list[tuple[int, int]] = field(factory=list)
    certain: int = 0
    sent_again: bool = False


def doubtful(
    items: Iterable[tuple[RowOutcome, bytes]], sent_again: Callable[[int], bool]
) -> dict[str, Doubtful]:
    """
    The customers of a run with what it did to each.

    Args:
        items: their rows that were sent, each with its bytes.
        sent_again: whether the row at a position was sent again by a later run.
    """
    found: dict[str, Doubtful] = {}
    for row, payload in items:
        customer = found.setdefault(row.key or "", Doubtful())
        amount = in_units(orjson.loads(payload)["amount"]) or 0
        if sent_again(row.position):
            customer.sent_again = True
        elif row.outcome is Outcome.SUCCEEDED:
            customer.certain += amount
        elif row.outcome is Outcome.INDETERMINATE:
            customer.rows.append((row.position, amount))
    return {key: customer for key, customer in found.items() if customer.rows}


@frozen
class Concluded:
    """
    What was concluded about a row in doubt, and from what; points in units.

    Attributes:
        position: where the row stands in the input.
        key: its customer.
        amount: of the adjustment.
        before: the customer's balance before the run.
        certain: what the run is known to have applied to the customer otherwise.
        first: the balance at the first look.
        second: at the second.
        verdict: what became of the row.
        why: why that is open; empty where it is not.
    """

    position: int
    key: str = field(repr=False)
    amount: int = field(repr=False)
    before: int | None = field(repr=False)
    certain: int = field(repr=False)
    first: int | None = field(repr=False)
    second: int | None = field(repr=False)
    verdict: Verdict
    why: str


def conclude(
    key: str, customer: Doubtful, before: int | None, first: int | None, second: int | None
) -> list[Concluded]:
    """
    What became of each row in doubt of a customer.

    Args:
        key: the customer.
        customer: what the run has done to it.
        before: its balance before the run; None where that is not known.
        first: its balance at the first look after the run; None where it could not be asked for.
        second: the same at the second look.
    """
    amounts = [amount for _, amount in customer.rows]
    found: Sequence[Verdict] = [Verdict.OPEN] * len(amounts)
    why = ""
    if before is None:
        why = "the balance before the run is not known"
    elif customer.sent_again:
        why = "a row of this customer was sent again later"
    elif first is None or second is None:
        why = "the balance could not be read"
    elif first != second:
        why = "the balance moved between the two looks"
    else:
        found = verdicts(second - before - customer.certain, amounts)
        if Verdict.OPEN in found:
            why = "something else moved the balance, or several rows explain its movement"
    return [
        Concluded(position, key, amount, before, customer.certain, first, second, verdict,
                  why if verdict is Verdict.OPEN else "")
        for (position, amount), verdict in zip(customer.rows, found, strict=True)
    ]  # fmt: skip


def verdicts(movement: int, doubtful: Sequence[int]) -> list[Verdict]:
    """
    What became of each row in doubt of one customer.

    Args:
        movement: by how much the balance has moved, less what is known to be applied; in units.
        doubtful: the amounts of the rows in doubt, in the order in which they were sent; in units.
    """
    if len(doubtful) > MOST_ROWS:
        return [Verdict.OPEN] * len(doubtful)
    amounts = sorted(set(doubtful))
    # How many rows of each amount may have been applied: every way to come to the movement.
    ways = product(*(range(doubtful.count(amount) + 1) for amount in amounts))
    fits = [way for way in ways if sum(map(mul, amounts, way)) == movement]
    found: list[Verdict] = []
    for index, amount in enumerate(doubtful):
        at = amounts.index(amount)
        taken = {way[at] for way in fits}
        if len(taken) != 1:
            found.append(Verdict.OPEN)
            continue
        earlier = doubtful[:index].count(amount)
        found.append(Verdict.APPLIED if earlier < taken.pop() else Verdict.NOT_APPLIED)
    return found
