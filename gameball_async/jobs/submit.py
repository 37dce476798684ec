"""One chunk to one job: submits, and tells apart accepted, refused, not sent and unknown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from attrs import frozen

from ..api.jobs import Job
from ..api.kinds import Kind
from ..api.requests import Account, join_items
from ..api.responses import read_job_id
from ..api.wire import WireResponse
from ..limits.calls import Answered, Calls, GaveUp
from ..limits.queue import Rank
from ..observe.events import JobAccepted
from ..tasks import Signal


@frozen
class Accepted:
    """
    A chunk has become a job.

    Attributes:
        job: the job.
        resent: an earlier try of the same bytes may have been applied too.
    """

    job: Job
    resent: bool


class Submitter:
    """
    Submits chunks.

    Args:
        calls: makes calls in a bucket.
        account: makes the requests.
    """

    def __init__(self, calls: Calls, account: Account) -> None:
        self._calls = calls
        self._account = account

    @property
    def at_once(self) -> int:
        """How many chunks may be on their way at once."""
        return self._calls.uploads_at_once

    @property
    def further(self) -> Signal:
        """Woken when that may have become more."""
        return self._calls.further

    async def submit(
        self,
        kind: Kind,
        payloads: Sequence[bytes],
        *,
        began: Callable[[], Awaitable[None]] | None = None,
        undone: Callable[[], None] | None = None,
    ) -> Accepted | GaveUp:
        """
        Submit one chunk, and repeat it as far as the kind's replay class allows.

        Args:
            kind: the batch kind.
            payloads: the items' JSON, 1 to 1,000 of them.
            began: awaited right before each try, after which bytes may leave.
            undone: called after a try as long as no try so far can have had an effect.
        """
        rows = len(payloads)
        submission = self._calls.call(
            self._account.submit(kind),
            join_items(payloads),
            _job_id,
            replay=kind.replay,
            rank=Rank.SUBMIT,
            began=began,
            undone=undone,
        )
        del payloads  # no row data in tracebacks with locals
        outcome = await submission
        if isinstance(outcome, Answered):
            job = Job(outcome.value, kind.name, rows)
            if self._calls.stream.wants(JobAccepted):
                self._calls.stream.emit(JobAccepted(job, outcome.resent))
            return Accepted(job, outcome.resent)
        return outcome


def _job_id(answer: WireResponse) -> int:
    return read_job_id(answer.body)
