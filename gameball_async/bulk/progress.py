"""Where a run stands, while it goes."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from ..api.jobs import JobState


@frozen
class Progress:
    """
    Where a run stands.

    Attributes:
        rows_read: rows read from the input so far.
        rows_settled: rows with an outcome so far.
        chunks: chunks handed to the network so far.
        jobs: how many jobs stand in which state now; ended ones are counted on.
        succeeded: rows so far; likewise the next three.
        rate: rows settled per second since the run was (re)started.
        requests: requests sent so far.
        allowed: requests that the quota would have allowed in this time, at most.
        polls: how many of the requests asked about a job.
        rate_limited: answers that said 429.
        quota_wait: seconds that calls waited for quota, in all.
        quota_share: part of the limits in use now.
        seconds: since the run was (re)started.
        waiting: rows read and not yet in a chunk.
        held_back: how many of those wait for an open job of their own customer.
        stalled_for: seconds since anything was last seen to move.
        waiting_because: why no chunk leaves now, for people; None where one may, or none waits.
        trouble: what keeps the run from learning how jobs end, and what to do; None for nothing.
        rows_done: rows that open jobs have applied or refused by their own counts, and that have no
            outcome yet.
        unchanged: rows so far that are not sent, as an earlier run has applied the same.
    """

    rows_read: int
    rows_settled: int
    chunks: int
    jobs: Mapping[JobState, int]
    succeeded: int
    failed: int
    rejected: int
    indeterminate: int
    rate: float
    requests: int
    allowed: int
    polls: int
    rate_limited: int
    quota_wait: float
    quota_share: float
    seconds: float
    waiting: int
    held_back: int
    stalled_for: float
    waiting_because: str | None = None
    trouble: str | None = None
    rows_done: int = 0
    unchanged: int = 0

    @property
    def pace(self) -> float:
        """Rows a second of this attempt, those that open jobs have done included."""
        return self.rate + (self.rows_done / self.seconds if self.seconds > 0 else 0.0)

    def part_done(self, part_read: float | None) -> float | None:
        """
        How much of the run is done, 0 to 1; None while that cannot be told.

        Args:
            part_read: which part of the input has been read, 0 to 1; None if unknown.
        """
        if not part_read or not self.rows_read:
            return None
        return min(1.0, (self.rows_settled + self.rows_done) / (self.rows_read / part_read))

    def seconds_left(self, part_read: float | None) -> float | None:
        """
        Time left, from the pace of this attempt; None while nothing was done in it.

        Args:
            part_read: which part of the input has been read, 0 to 1; None if unknown.
        """
        if not part_read or not self.pace or not self.rows_settled + self.rows_done:
            return None
        rows = self.rows_read / part_read
        return max(0.0, (rows - self.rows_settled - self.rows_done) / self.pace)
