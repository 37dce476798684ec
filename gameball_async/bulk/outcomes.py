"""
Decides the fate of each row of a chunk from what its job's answers say. Never guesses.

The lists of an answer decide; its counts are hints. A row that has a customer to itself in the
chunk, or whose own order or transaction id is in the answer, is decided by the entries that name
it. Rows of one customer that the answer cannot tell apart are decided together, where it lists as
many entries as there are rows, all on one side, and shows no sign of listing entries twice. All
else is indeterminate, with that reason; for orders, asking order-transactions may settle it.

After an ambiguous attempt of our own the same bytes were sent again. Then a refusal tells of the
later attempt only, and the earlier may have been applied:

- the item's own id exists already (9004, a duplicate order): applied. The id is one of ours, and
  that somebody else used it for another item cannot be told from this.
- the item itself is at fault (a missing field, an unknown customer, …): failed, since the earlier
  attempt would have been refused alike.
- anything else, and a refusal without a code most of all, proves nothing: the time exists (9003),
  another request is in progress (2001), points that the earlier attempt may have used up (9008).

What only reads, or creates or updates, is not in doubt: its last answer counts. Where that refuses a
customer, the reason says that the earlier attempt may have been applied.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field

from ..api.codes import Code, Refusal, read_refusal
from ..api.jobs import PLAIN_FIELDS, JobResults, JobStatus
from ..api.kinds import Kind, Replay
from ..api.wire import clean_text
from ..errors import GameballError
from ..rows.outcome import Outcome, Reason
from .in_flight import InFlight
from .matching import Group, Lists, Said, all_succeeded, listen, rows_by_key, rows_of_failures
from .order_doubts import Doubt, Settlement
from .refusals import SECOND_ATTEMPT
from .results import Results

_SUCCEEDED, _FAILED, _INDETERMINATE = Outcome.SUCCEEDED, Outcome.FAILED, Outcome.INDETERMINATE

NOT_NAMED = Reason("the answer does not name this row")
CONTRADICTED = Reason("the answer lists this row as both successful and failed")
NOT_TOLD_APART = Reason("the answer does not say which of the customer's rows it means")
NOT_ALL_NAMED = Reason("the answer does not name all of the customer's rows")
NAMED_TOO_OFTEN = Reason(
    "the answer lists entries more than once, so the customer's rows cannot be counted"
)
APPLIED_BEFORE = "applied by an earlier attempt of this run"
PERHAPS_BEFORE = "refused now, but an earlier attempt of this run may have been applied"
NO_REASON = "refused without a reason"

# What refuses an item for what it is, and would have refused it at any earlier attempt as well.
_ITEM_AT_FAULT = frozenset(
    {
        Code.UNAUTHORIZED, Code.SECRET_KEY_REQUIRED, Code.FORBIDDEN, Code.MISSING_ARGUMENTS,
        Code.NULL_ARGUMENTS, Code.INVALID_VALUE, Code.NOT_SUPPORTED, Code.INVALID_PAYLOAD,
        Code.EVENT_NOT_FOUND, Code.GAMEBALL_DISABLED, Code.CASHBACK_DISABLED,
        Code.CUSTOMER_NOT_FOUND, Code.FEATURE_UNAVAILABLE, Code.TRANSACTION_TIME_INVALID,
    }
)  # fmt: skip

# Under which code a duplicate order is refused is not documented; it may well be one of these.
_ORDER_AT_FAULT = _ITEM_AT_FAULT - {Code.INVALID_VALUE, Code.INVALID_PAYLOAD}

_Refused = tuple[Refusal, Reason]


def settle(
    kind: Kind,
    keys: Sequence[str],
    item_ids: Sequence[str | None] | None,
    status: JobStatus | None,
    *,
    resent: bool = False,
    earlier: JobResults | None = None,
) -> Settlement:
    """
    The outcome of each row of a chunk.

    Args:
        kind: the batch kind.
        keys: the customer id of each row as sent; for order-transactions the order id.
        item_ids: the order or transaction id of each row, where the kind has one.
        status: the job's last known status, final or not; None where it was never had.
        resent: whether an attempt before the job's own was ambiguous.
        earlier: the lists of an earlier answer, for what the last one lacks.
    """
    results = None if status is None else status.results
    if results is not None and all_succeeded(kind, keys, item_ids, results):
        return Settlement([_SUCCEEDED] * len(keys), notes=_notes(status, len(keys), 0))
    judge = _Judge(kind, keys, item_ids, status, resent)
    if results is not None and (settlement := judge.one_each(results)) is not None:
        return settlement
    rows_of = rows_by_key(keys)
    said = Said() if results is None else listen(kind, rows_of, item_ids, results)
    notes = []
    if earlier is not None and said.add_missing(listen(kind, rows_of, item_ids, earlier), rows_of):
        notes.append("only an earlier answer names some of the rows")
    return judge.judge(said, rows_of, notes)


def judged(
    kind: Kind, flight: InFlight, status: JobStatus | None, error: GameballError | None = None
) -> tuple[Settlement, Results | None]:
    """
    The outcomes of a chunk's rows, and what the answer says of each.

    Args:
        kind: the batch kind.
        flight: the chunk.
        status: the last one of its job; None where it is lost.
        error: why it is lost.
    """
    chunk, results, earlier = flight.chunk, None, None
    if status is not None:
        earlier = status.earlier
        results = Results(kind, chunk.keys, chunk.item_ids, status)
    found = settle(kind, chunk.keys, chunk.item_ids, status, resent=flight.resent, earlier=earlier)
    if error is not None:
        doubtful = (n for n, end in enumerate(found.outcomes) if end is Outcome.INDETERMINATE)
        found.reasons.update(dict.fromkeys(doubtful, Reason(str(error))))
    return found, results


def _counts(status: JobStatus | None) -> tuple[int | None, int | None]:
    """What a job that has ended counts as applied and refused; two zeros say nothing."""
    if status is None or not status.state.final or not (status.finished or status.errors):
        return None, None
    return status.finished, status.errors


def _notes(status: JobStatus | None, succeeded: int, failed: int) -> list[str]:
    finished, errors = _counts(status)
    if finished in (None, succeeded) and errors in (None, failed):
        return []
    return ["the answer's counts contradict its lists"]


@define(slots=True)
class _Judge:
    """Decides group by group; what is the same for the whole chunk is kept here."""

    kind: Kind
    keys: Sequence[str]
    item_ids: Sequence[str | None] | None
    status: JobStatus | None
    resent: bool
    counted: bool = True
    repeated: bool = False
    _orders: bool = field(init=False)
    _in_doubt: bool = field(init=False)
    _read: dict[tuple[Any, ...], _Refused] = field(factory=dict)
    _joined: dict[tuple[str, Reason], Reason] = field(factory=dict)
    _times: Counter[str | None] | None = None

    def __attrs_post_init__(self) -> None:
        self._orders = self.kind.item_key == "orderId" and self.item_ids is not None
        # Whether a refusal leaves open what an earlier attempt did.
        self._in_doubt = self.resent and self.kind.replay is not Replay.REPLAYABLE

    def one_each(self, results: JobResults) -> Settlement | None:
        """What `judge` would say of an answer that names each row once, told quickly; else None."""
        if self._in_doubt:
            return None
        rows = rows_of_failures(self.kind, self.keys, self.item_ids, results)
        if rows is None:
            return None
        good, bad = len(results.successful), len(results.failed)
        if not self._within_counts(good, bad):
            return None
        settlement = Settlement(
            [_SUCCEEDED] * len(self.keys),
            notes=_notes(self.status, good, bad),
            ended=self.status is not None and self.status.state.final,
            resent=self.resent,
        )
        for row, entry in zip(rows, results.failed, strict=True):
            refusal, settlement.reasons[row] = self._refusal(entry)
            settlement.outcomes[row] = _FAILED
            settlement.repeated = settlement.repeated or refusal.duplicate
        return settlement

    def judge(
        self, said: Said, rows_of: Mapping[str, Sequence[int]], notes: list[str]
    ) -> Settlement:
        good = sum(len(lists[0]) for lists in said.lists.values())
        bad = sum(len(lists[1]) for lists in said.lists.values())
        self.counted = self._countable(said, rows_of, good, bad)
        settlement = Settlement(
            [_INDETERMINATE] * len(self.keys),
            notes=notes + _notes(self.status, good, bad),
            ended=self.status is not None and self.status.state.final,
            resent=self.resent,
        )
        outcomes, reasons, plain = settlement.outcomes, settlement.reasons, said.item_key is None
        for key, rows in rows_of.items():
            if plain and len(rows) == 1 and (verdict := self._one_entry(said.lists.get(key))):
                outcomes[rows[0]], reason = verdict
                if reason is not None:
                    reasons[rows[0]] = reason
                continue
            for group in said.split(key, rows, self.item_ids):
                outcome, reason = self._decide(group, settlement.doubts)
                for row in group.rows:
                    outcomes[row] = outcome
                    if reason is not None:
                        reasons[row] = reason
        settlement.foreign, settlement.repeated = said.foreign, self.repeated
        settlement.unsettled = sorted(row for doubt in settlement.doubts for row in doubt.rows)
        if said.foreign:
            settlement.notes.append("the answer lists items that are not in this chunk")
        if not self.counted:
            settlement.notes.append("the answer lists items more than once")
        return settlement

    def _one_entry(self, lists: Lists | None) -> tuple[Outcome, Reason | None] | None:
        """The usual cases of a row with a key to itself, told quickly; None for all others."""
        if lists is None:
            return None if self._orders else (_INDETERMINATE, NOT_NAMED)
        good, bad = lists
        if good:
            return None if bad else (_SUCCEEDED, None)
        if len(bad) == 1 and not self._in_doubt:
            refusal, reason = self._refusal(bad[0])
            self.repeated = self.repeated or refusal.duplicate
            return _FAILED, reason
        return None

    def _countable(
        self, said: Said, rows_of: Mapping[str, Sequence[int]], good: int, bad: int
    ) -> bool:
        """Whether no sign is seen of entries listed twice, which may hide that others are missing."""
        for key, lists in said.lists.items():
            if len(lists[0]) + len(lists[1]) > len(rows_of[key]):
                return False
        return self._within_counts(good, bad)

    def _within_counts(self, good: int, bad: int) -> bool:
        finished, errors = _counts(self.status)
        return (finished is None or good <= finished) and (errors is None or bad <= errors)

    def _decide(self, group: Group, doubts: list[Doubt]) -> tuple[Outcome, Reason | None]:
        """One outcome for the rows of a group; of orders in doubt, what is known is kept."""
        rows, good, bad = len(group.rows), len(group.successes), len(group.failures)
        clear = not group.confused and (rows == 1 or (self.counted and good + bad == rows))
        if clear and good and not bad:
            return _SUCCEEDED, None
        refusals = [self._refusal(entry) for entry in group.failures]
        doubt = self._weigh(group, refusals)
        if clear and doubt.applied and not (doubt.refused or doubt.unclear):
            return _SUCCEEDED, Reason(APPLIED_BEFORE, refusals[0][0].code)
        if clear and bad and not (doubt.applied or (doubt.unclear and self._in_doubt)):
            return _FAILED, doubt.reason
        if self._orders:
            doubts.append(doubt)
        return _INDETERMINATE, self._why(group, doubt)

    def _weigh(self, group: Group, refusals: Sequence[_Refused]) -> Doubt:
        applied, refused, unclear = len(group.successes), 0, 0
        at_fault = _ORDER_AT_FAULT if self._orders else _ITEM_AT_FAULT
        for refusal, _ in refusals:
            if refusal.duplicate and not self._in_doubt:
                self.repeated = True
            if self._in_doubt and refusal.duplicate and self._tells_of_id(group):
                applied += 1
            elif not refusal.duplicate and refusal.code in at_fault:
                refused += 1
            else:
                unclear += 1
        return Doubt(group.rows, applied, refused, unclear, self.counted, self._common(refusals))

    def _tells_of_id(self, group: Group) -> bool:
        """Whether "the id exists" proves an application: no other row has it, nor is it the code."""
        if self.kind.item_key is None or self.item_ids is None:
            return False
        if self._times is None:
            self._times = Counter(self.item_ids)
        code = str(Code.TRANSACTION_ID_EXISTS.value)
        ids = [self.item_ids[row] for row in group.rows]
        if any(self._times[item] > 1 for item in ids):
            return False
        return code not in ids and all(self.keys[row] != code for row in group.rows)

    def _refusal(self, entry: Mapping[str, Any]) -> _Refused:
        """Read a failed entry; those that differ in their ids alone are read once."""
        if not entry.keys() <= PLAIN_FIELDS:
            return self._read_entry(entry)
        what = (entry.get("error"), entry.get("message"), entry.get("code"))
        try:
            refused = self._read.get(what)
        except TypeError:  # a reason that is an object or a list
            return self._read_entry(entry)
        if refused is None:
            refused = self._read[what] = self._read_entry(entry)
        return refused

    def _read_entry(self, entry: Mapping[str, Any]) -> _Refused:
        refusal = read_refusal(entry)
        code = Code.find(refusal.code)
        text = clean_text(refusal.text) or (code.meaning if code else NO_REASON)
        if self.resent and self.kind.replay is Replay.REPLAYABLE and not self.kind.asks:
            text = clean_text(f"{SECOND_ATTEMPT}: {text}")
        return refusal, Reason(text, refusal.code)

    def _common(self, refusals: Sequence[_Refused]) -> Reason | None:
        """The reason that refusals share; where they differ, all of them in one text."""
        if len(refusals) <= 1:
            return refusals[0][1] if refusals else None
        reasons = list(dict.fromkeys(reason for _, reason in refusals))
        if len(reasons) == 1:
            return reasons[0]
        texts = " / ".join(str(reason) for reason in reasons)
        return Reason(clean_text(f"refused for one of these reasons: {texts}"))

    def _why(self, group: Group, doubt: Doubt) -> Reason:
        entries = doubt.applied + doubt.refused + doubt.unclear
        if not entries:
            return NOT_NAMED
        if entries < len(group.rows):
            return NOT_ALL_NAMED
        if len(group.rows) > 1 and not self.counted:
            return NAMED_TOO_OFTEN
        if self._in_doubt and doubt.unclear == entries and doubt.reason is not None:
            return self._with(PERHAPS_BEFORE, doubt.reason)
        if len(group.rows) == 1 or group.confused:
            return CONTRADICTED
        if doubt.reason is None:
            return NOT_TOLD_APART
        return self._with(f"{NOT_TOLD_APART.text}; one was refused", doubt.reason)

    def _with(self, words: str, refused: Reason) -> Reason:
        """Words of ours with the server's behind them; made once for all rows with the same."""
        reason = self._joined.get((words, refused))
        if reason is None:
            reason = Reason(clean_text(f"{words}: {refused.text}"), refused.code)
            self._joined[words, refused] = reason
        return reason
