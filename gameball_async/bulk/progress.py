"""Where a run stands, while it goes."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from ..api.jobs import JobState


@frozen
class Progress:
    """
    The progress of a run.

    Attributes:
        rows_read: rows read from the input so far.
        rows_settled: rows with an outcome so far.
        chunks: chunks handed to the network so far.
        jobs: the number of jobs in each state, including jobs that have ended.
        succeeded: rows with this outcome so far; likewise the next three.
        rate: rows settled per second since the run was started or resumed.
        requests: requests sent so far.
        allowed: requests that the quota would have allowed in this time, at most.
        polls: how many of the requests asked about a job.
        rate_limited: 429 answers.
        quota_wait: seconds that calls waited for quota, in total.
        quota_share: the part of the limits in use now.
        seconds: seconds since the run was started or resumed.
        waiting: rows read that are not in a chunk yet.
        held_back: how many of those wait for an open job of the same customer.
        stalled_for: seconds since anything last moved.
        waiting_because: why no chunk is sent now, as text; None if one may be sent, or none is waiting.
        trouble: what keeps the run from learning how jobs end, and what to do; None if nothing does.
        rows_done: rows without an outcome that open jobs have applied or refused, by their own counts.
        unchanged: rows so far that are not sent because an earlier run has applied the same.
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
        """Rows per second of this attempt, including those that open jobs have done."""
        return self.rate + (self.rows_done / self.seconds if self.seconds > 0 else 0.0)

    def part_done(self, part_read: float | None) -> float | None:
        """
        How much of the run is done, 0 to 1; None while unknown.

        Args:
            part_read: how much of the input has been read, 0 to 1; None if unknown.
        """
        if not part_read or not self.rows_read:
            return None
        return min(1.0, (self.rows_settled + self.rows_done) / (self.rows_read / part_read))

    def seconds_left(self, part_read: float | None) -> float | None:
        """
        Seconds left at the pace of this attempt; None until it has done something.

        Args:
            part_read: how much of the input has been read, 0 to 1; None if unknown.
        """
        if not part_read or not self.pace or not self.rows_settled + self.rows_done:
            return None
        rows = self.rows_read / part_read
        return max(0.0, (rows - self.rows_settled - self.rows_done) / self.pace)
