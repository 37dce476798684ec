"""
Outcomes to a report: counts that add up to the input, and reasons in groups.

Memory does not grow with the input: rows are counted, not kept, and only so many different reasons
are told apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import asdict, field, frozen

from ..observe.events import RowsSettled
from ..observe.stream import NO_OBSERVERS, EventStream
from .outcome import Outcome, Reason, RowOutcome
from .unknown import UnknownField

REASONS = 200
"""Different reasons that are told apart; the rest is counted under one heading."""
OTHER = "other reasons"


@frozen(kw_only=True)
class Report:
    """
    The outcomes of a run's rows.

    Attributes:
        kind: name of the batch kind.
        rows: rows read from the input.
        succeeded: rows that were applied, as Gameball confirmed or its answers prove.
        failed: rows that Gameball refused one by one.
        rejected: rows that were never sent, or were refused with their whole request.
        indeterminate: rows that may or may not have been applied.
        pending: rows whose job was open when the run was left; resume the run or read the job's status
            to get their outcome.
        unsent: rows that were not sent because the run stopped before them.
        unchanged: rows that were not sent because an earlier run has applied the same.
        jobs: jobs that were accepted.
        requests: all requests that were sent.
        rate_limited: 429 answers.
        seconds: seconds from start to end.
        complete: whether the input was read to its end and the run was not cut short.
        polls: how many of the requests asked about a job.
        quota_wait: seconds that calls waited for quota, in total.
        quota_share: how much of both limits the run used at its end: 1 for all, less after a 429,
            because others use the account too.
        reasons: how many rows ended for each reason, without plain successes.
        unknown_fields: fields of the rows that Gameball does not know and ignores; of this attempt only.
    """

    kind: str
    rows: int
    succeeded: int
    failed: int
    rejected: int
    indeterminate: int
    pending: int = 0
    unsent: int
    unchanged: int = 0
    jobs: int
    requests: int
    rate_limited: int
    seconds: float
    complete: bool
    polls: int
    quota_wait: float
    quota_share: float
    reasons: Mapping[str, int] = field(factory=dict)
    unknown_fields: tuple[UnknownField, ...] = ()

    @property
    def settled(self) -> int:
        """Rows with an outcome; equals *rows* once the run is over."""
        ended = self.succeeded + self.failed + self.rejected + self.indeterminate
        return ended + self.pending + self.unsent + self.unchanged

    @property
    def all_succeeded(self) -> bool:
        """Whether every row of the input succeeded or is unchanged."""
        return self.complete and self.succeeded + self.unchanged == self.rows

    def failures_by_reason(self) -> dict[str, int]:
        """How many rows did not succeed, by outcome and reason, most frequent first."""
        return dict(self.reasons)

    def as_json(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        found = asdict(self, filter=lambda each, _: each.name != "reasons")
        for name in ("seconds", "quota_wait", "quota_share"):
            found[name] = round(found[name], 3)
        return {**found, "failures_by_reason": self.failures_by_reason()}


class Tally:
    """
    Counts outcomes as they come.

    Args:
        kind: name of the run's batch kind.
        stream: where rows are told as they settle; not those that a resumed run takes over.
    """

    def __init__(self, kind: str = "", stream: EventStream = NO_OBSERVERS) -> None:
        self._kind = kind
        self._stream = stream
        self.counts: Counter[Outcome] = Counter()
        self._reasons: Counter[str] = Counter()

    @property
    def settled(self) -> int:
        """Rows with an outcome so far."""
        return self.counts.total()

    def succeeded(self, rows: int) -> None:
        """Count plain successes."""
        self.counts[Outcome.SUCCEEDED] += rows

    def rows(self, outcomes: Sequence[Outcome], reasons: Mapping[int, Reason]) -> None:
        """Count rows; *reasons* by their index."""
        if outcomes and self._stream.wants(RowsSettled):
            self._stream.emit(RowsSettled(self._kind, Counter(outcomes)))
        succeeded = Outcome.SUCCEEDED
        others = Counter(
            (outcome, reasons.get(index))
            for index, outcome in enumerate(outcomes)
            if outcome is not succeeded
        )
        self.succeeded(len(outcomes) - others.total())
        for (outcome, reason), rows in others.items():
            self.add(outcome, reason, rows)

    def unchanged(self, rows: int) -> None:
        """Count rows that are not sent, as an earlier run has applied the same."""
        self.counts[Outcome.UNCHANGED] += rows

    def add(self, outcome: Outcome, reason: Reason | None, rows: int = 1) -> None:
        """Count rows that ended in the same way."""
        self.counts[outcome] += rows
        if outcome in (Outcome.SUCCEEDED, Outcome.UNCHANGED):
            return
        heading = f"{outcome.value}: {reason}" if reason is not None else outcome.value
        if heading not in self._reasons and len(self._reasons) >= REASONS:
            heading = OTHER
        self._reasons[heading] += rows

    def add_all(self, outcomes: Iterable[RowOutcome]) -> None:
        """Count rows."""
        for row in outcomes:
            self.add(row.outcome, row.reason)

    def by_outcome(self) -> dict[str, Any]:
        """How many rows have which outcome, as a `Report` names them."""
        return {outcome.value: self.counts[outcome] for outcome in Outcome}

    def reasons(self) -> dict[str, int]:
        """How many rows ended for which reason, most first."""
        return dict(self._reasons.most_common())
