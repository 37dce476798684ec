"""
Which rows in doubt of an adjustments run were applied, told by their customer's balance before and after.

The balance has moved by what is known to be applied, and by some of the rows in doubt. Where only one
choice of rows explains the movement, that is what happened; where several do, or none, it stays open.
Of rows with the same amount nobody can tell which were applied, and it makes no difference to the balance:
the earlier ones are called applied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from itertools import product

import orjson
from attrs import define, field, frozen

from ..rows.outcome import Outcome, RowOutcome
from .points import in_units

MOST_ROWS = 16
"""Rows in doubt of one customer that are looked at; more explain almost any movement."""


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
    What became of a row in doubt, and from what that was concluded; points in units.

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
        why = "the balance could not be asked for"
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
    numbers = [doubtful.count(amount) for amount in amounts]
    fits = list(_choices(movement, amounts, numbers))
    found: list[Verdict] = []
    for index, amount in enumerate(doubtful):
        at = amounts.index(amount)
        taken = {choice[at] for choice in fits}
        if len(taken) != 1:
            found.append(Verdict.OPEN)
            continue
        earlier = doubtful[:index].count(amount)
        found.append(Verdict.APPLIED if earlier < taken.pop() else Verdict.NOT_APPLIED)
    return found


def _choices(
    movement: int, amounts: Sequence[int], numbers: Sequence[int]
) -> Iterator[tuple[int, ...]]:
    """How many rows of each amount may have been applied: every way to come to the movement."""
    for choice in product(*(range(number + 1) for number in numbers)):
        if sum(a * n for a, n in zip(amounts, choice, strict=True)) == movement:
            yield choice
