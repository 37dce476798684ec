"""
Decides what asking order-transactions tells of orders whose fate an answer left open.

Order-transactions is a read-only batch that says which order ids exist. What that proves, and what
it does not, is told at :func:`settle_orders`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from attrs import define, evolve, field

from ..api.codes import read_refusal
from ..api.jobs import JobStatus
from ..api.kinds import KINDS
from ..rows.outcome import Outcome, Reason
from .matching import listen

_SUCCEEDED, _FAILED, _INDETERMINATE = Outcome.SUCCEEDED, Outcome.FAILED, Outcome.INDETERMINATE

SETTLED = Reason("confirmed by order-transactions: the order exists")
NOT_APPLIED = Reason("not applied: order-transactions does not know the order")
NOT_YET = Reason("order-transactions does not know the order yet, and the job has not ended")
PERHAPS_WAITING = Reason(
    "order-transactions does not know the order, but an earlier attempt may still be waiting"
)
THERE_BEFORE = Reason("the order exists, but may have existed before this run")
APPLIED_BUT_ABSENT = Reason("listed as successful, but order-transactions does not know the order")


@define(slots=True)
class Doubt:
    """
    Orders that an answer leaves undecided, and what it says of them together.

    Attributes:
        rows: indexes in the chunk.
        applied: entries that prove an application.
        refused: entries that prove a refusal of an order that is not there.
        unclear: entries that prove neither.
        counted: whether entries can be counted: the answer shows no sign of doubled ones.
        reason: why they were refused, as far as the answer tells.
    """

    rows: Sequence[int]
    applied: int
    refused: int
    unclear: int
    counted: bool
    reason: Reason | None = None


@define(slots=True)
class Settlement:
    """
    What became of a chunk.

    Attributes:
        outcomes: one for each row, in the chunk's order.
        reasons: why, by index, for every row that is not a plain success.
        unsettled: indexes of indeterminate rows that asking order-transactions could settle.
        foreign: how many entries of the answer name nothing of the chunk.
        notes: what was odd about the answer.
        doubts: what :func:`settle_orders` needs to know of the unsettled rows.
        ended: whether the job has ended, so that what was not applied will not be.
        resent: whether an earlier attempt was ambiguous.
        repeated: whether an order was refused since it was there before the run.
    """

    outcomes: list[Outcome]
    reasons: dict[int, Reason] = field(factory=dict)
    unsettled: list[int] = field(factory=list)
    foreign: int = 0
    notes: list[str] = field(factory=list)
    doubts: list[Doubt] = field(factory=list, repr=False)
    ended: bool = True
    resent: bool = False
    repeated: bool = False


def orders_found(order_ids: Sequence[str], status: JobStatus) -> dict[str, bool]:
    """
    Which orders exist, from the final status of an order-transactions job that asked for them.

    An order that the answer does not name, names on both sides, or refuses for another reason than
    that there is none, is left out: nothing is known of it.
    """
    results = status.results
    if results is None:
        return {}
    kind = KINDS["order-transactions"]
    found: dict[str, bool] = {}
    said = listen(kind, dict.fromkeys(order_ids, (0,)), None, results)
    for order_id, (good, bad) in said.lists.items():
        if good and not bad:
            found[order_id] = True
        elif bad and not good and all(read_refusal(entry).not_found for entry in bad):
            found[order_id] = False
    return found


def settle_orders(
    settlement: Settlement, order_ids: Sequence[str | None], found: Mapping[str, bool]
) -> Settlement:
    """
    Decide more of a chunk of orders, by which of them exist.

    Args:
        settlement: what the job's own answer left open.
        order_ids: the order id of each row of the chunk.
        found: whether an order exists, by order id, as asked **after** that answer; what is not in
            it was not asked, or not answered.

    What can be concluded, and what cannot:

    - *An order that does not exist* was not applied. Failed, once the job has ended. After an
      ambiguous attempt only if the answer refuses as many for what they are: else the earlier one
      may still be waiting.
    - *An order that exists* was applied where the answer lists at least as many successes of these
      rows as can be meant, or where it can mean one row only.
    - Else it may have existed before the run. It is taken for applied where nothing speaks for
      that: no order of the chunk was refused as a duplicate, every refusal about these rows has a
      code and an order that does not exist to go with it, and no other row has the same order id.
      After an ambiguous attempt a refusal as a duplicate speaks for our own attempt.
    - Both a success and no order: a contradiction, indeterminate.
    """
    outcomes, reasons = list(settlement.outcomes), dict(settlement.reasons)
    times = Counter(order_ids)
    unsettled: list[int] = []
    for doubt in settlement.doubts:
        for row, outcome, reason in _settle_doubt(settlement, doubt, order_ids, found, times):
            outcomes[row] = outcome
            if reason is not None:
                reasons[row] = reason
        unsettled += [row for row in doubt.rows if found.get(order_ids[row] or "") is None]
    return evolve(
        settlement, outcomes=outcomes, reasons=reasons,
        unsettled=sorted(row for row in unsettled if outcomes[row] is _INDETERMINATE),
    )  # fmt: skip


def _settle_doubt(
    settlement: Settlement,
    doubt: Doubt,
    order_ids: Sequence[str | None],
    found: Mapping[str, bool],
    times: Mapping[str | None, int],
) -> Iterator[tuple[int, Outcome, Reason | None]]:
    exists = {row: found.get(order_ids[row] or "") for row in doubt.rows}
    absent = [row for row in doubt.rows if exists[row] is False]
    perhaps = [row for row in doubt.rows if exists[row] is not False]
    if doubt.applied and not perhaps:
        yield from ((row, _INDETERMINATE, APPLIED_BUT_ABSENT) for row in absent)
        return
    enough = doubt.counted and doubt.applied >= len(perhaps)
    surely_applied = doubt.applied > 0 and (enough or len(perhaps) == 1)
    # What would not have refused an earlier attempt as well tells nothing of it: it may still be
    # waiting, or be the very request that this one was refused for (2001).
    telling = doubt.refused if settlement.resent else doubt.refused + doubt.unclear
    accounted = telling >= len(absent)
    ours = doubt.refused <= len(absent) and (
        settlement.resent or not (settlement.repeated or doubt.unclear)
    )
    for row in perhaps:
        if surely_applied:
            yield row, _SUCCEEDED, SETTLED
        elif exists[row]:
            alone = ours and times[order_ids[row]] == 1
            yield (row, _SUCCEEDED, SETTLED) if alone else (row, _INDETERMINATE, THERE_BEFORE)
    for row in absent:
        if not settlement.ended:
            yield row, _INDETERMINATE, NOT_YET
        elif settlement.resent and not accounted:
            yield row, _INDETERMINATE, PERHAPS_WAITING
        else:
            yield row, _FAILED, doubt.reason if doubt.reason and accounted else NOT_APPLIED
