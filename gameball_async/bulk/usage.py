"""What a run used of the client and the limits: requests, polls, waiting, refusals."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from ..jobs.watch import Watch
from ..limits.dispatcher import Dispatcher


@frozen
class Use:
    """
    What the client used since a run began, all of its callers together.

    Attributes:
        now: the moment of reading, or of the run's end where that came first.
        seconds: since the run began, until that moment.
        requests: sent.
        allowed: requests that the quota would have let through in that time, at most.
        polls: how many of the requests asked about a job.
        rate_limited: answers that said 429.
        quota_wait: seconds that calls waited for their slot, in all.
        quota_share: part of the limits in use at the end.
        quota: the limits, as ``30/1,360/30``.
    """

    now: float
    seconds: float
    requests: int
    allowed: int
    polls: int
    rate_limited: int
    quota_wait: float
    quota_share: float
    quota: str


class Usage:
    """Counts what is used of a bucket, from `start` until `stop`."""

    def __init__(self, dispatcher: Dispatcher, watch: Watch) -> None:
        self._dispatcher = dispatcher
        self._watch = watch
        self._began = 0.0
        self._first = self._counters()
        self._last: Use | None = None
        self._witness: Callable[[], None] | None = None

    def start(self, now: float, witness: Callable[[], None]) -> None:
        """Count from *now*; *witness* is told of each request as it leaves."""
        self._began = now
        self._first = self._counters()
        self._witness = witness
        self._dispatcher.witnesses.append(witness)

    def stop(self, now: float) -> None:
        """Count no further."""
        self._last = self.read(lambda: now)

    def close(self) -> None:
        """Tell nobody of requests any more. May be called again."""
        if self._witness is not None:
            self._dispatcher.witnesses.remove(self._witness)
            self._witness = None

    def read(self, clock: Callable[[], float]) -> Use:
        """The use until now, or until the end where that came first."""
        if self._last is not None:
            return self._last
        now = clock()
        counters = self._counters()
        requests, polls, limited, waited = (
            b - a for a, b in zip(self._first, counters, strict=True)
        )
        seconds = now - self._began
        budget = self._dispatcher.turns.budget
        return Use(
            now=now,
            seconds=seconds,
            requests=int(requests),
            allowed=budget.quota.most_in(seconds),
            polls=int(polls),
            rate_limited=int(limited),
            quota_wait=waited,
            quota_share=budget.share(now),
            quota=str(budget.quota),
        )

    def _counters(self) -> tuple[float, float, float, float]:
        turns = self._dispatcher.turns
        return (
            self._dispatcher.sent,
            self._watch.polls,
            turns.budget.refused,
            turns.waited,
        )
