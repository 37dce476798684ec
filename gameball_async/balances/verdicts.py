"""
Which rows in doubt were applied, told by their customer's balance before and after.

The balance has moved by what is known to be applied, and by some of the rows in doubt. Where only one
choice of rows explains the movement, that is what happened; where several do, or none, it stays open.
Of rows with the same amount nobody can tell which were applied, and it makes no difference to the balance:
the earlier ones are called applied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import product

__all__ = ["MOST_ROWS", "Verdict", "verdicts"]

MOST_ROWS = 16
"""Rows in doubt of one customer that are looked at; more explain almost any movement."""


class Verdict(Enum):
    """What became of a row in doubt."""

    APPLIED = "applied"
    NOT_APPLIED = "not applied"
    OPEN = "in doubt"


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
