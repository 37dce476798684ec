"""
What became of an adjustment, told by the answer to it and by one or two looks at the balance afterwards.

A look comes when the adjustment's job has ended, or when nobody knows of a job. A balance that is not
where the adjustment would leave it is looked at a second time, some seconds later: an account is *at rest*
where two such looks agree. Only at rest, and only at the balance before it, an adjustment is called not applied
and may be sent again.
"""

from __future__ import annotations

from enum import Enum

from attrs import frozen

from ..api.codes import Code
from ..rows.outcome import Outcome, RowOutcome
from .plan import Fate, Planned
from .points import shown


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
        return Planned(Fate.DOUBT, "the balance afterwards could not be asked for")
    if seen.answer is Answer.APPLIED:
        return _moved(last, "applied", seen)
    if seen.second is None or seen.first is None:
        return Planned(Fate.DOUBT, "the balance could be asked for only once afterwards")
    if seen.first == seen.second == seen.before:
        return Planned(Fate.PLANNED)
    return _moved(last, "refused" if seen.answer is Answer.LATER else "in doubt", seen)


def _moved(last: int, what: str, seen: Looked) -> Planned:
    amount, before = shown(seen.amount, signed=True), shown(seen.before)
    return Planned(
        Fate.MOVED,
        f"something else moved the balance: {shown(last)} after {before}, and {amount} {what}",
    )
