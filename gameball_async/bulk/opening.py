"""Opens a run: what it is compared with, its journal, and then the run itself, as far as it was when it was left."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

import anyio
from attrs import frozen

from ..api.requests import Dialect, Dialects
from ..jobs.changes import Changes
from ..jobs.submit import Submitter
from ..jobs.watch import Watch
from ..journal.state import Journal, Resumable, left_to_do
from ..limits.windows import Budget
from ..rows.feed import Feed
from .event_queue import EventQueue
from .events import BulkEvent
from .orders import OrdersInquiry
from .run import Runner
from .state import RunState
from .time_limits import TimeLimits

if TYPE_CHECKING:
    from ..compare import Comparison, OpenComparison


@frozen
class Opening:
    """
    What a run is made of.

    Attributes:
        state: decides.
        feed: the rows.
        submitter: sends chunks.
        watch: watches jobs.
        dialects: on which path statuses are read.
        budget: the quota, which the requests before a restart count in, too.
        events: what the run tells.
        open_journal: opens its journal; gives what it says where it is an old one.
        compare: opens what its rows are compared with; None for nothing.
        concurrency: chunks being submitted at once, at most; None for as many as the distance asks for.
        limits: when the run is ended though it is not over.
    """

    state: RunState
    feed: Feed
    submitter: Submitter
    watch: Watch
    dialects: Dialects
    budget: Budget
    events: EventQueue[BulkEvent]
    open_journal: Callable[[], Awaitable[tuple[Journal, Resumable | None]]]
    compare: OpenComparison | None
    concurrency: int | None
    limits: TimeLimits

    async def __call__(self) -> Runner:
        """
        Open it.

        Raises:
            JournalError: the journal, or what the rows are compared with, cannot be used; nothing was sent.
        """
        comparison = None if self.compare is None else await self.compare()
        journal, recorded = await self._journal(comparison)
        run = Runner(
            self.state,
            self.feed,
            self.submitter,
            partial(Changes, self.watch, progress=True),
            OrdersInquiry(self.submitter, partial(Changes, self.watch)),
            self.events,
            journal,
            self.dialects,
            concurrency=self.concurrency,
            limits=self.limits,
            close=(lambda: None) if comparison is None else comparison.close,
        )
        if comparison is not None:
            self.feed.compare(comparison.sort_out)
        if recorded is not None:
            if recorded.dialect:
                self.dialects.expect(Dialect(recorded.dialect))
            self.budget.recall(anyio.current_time(), recorded.recent)
            run.take_up(recorded, left_to_do(recorded, self.state.kind.replay))
        return run

    async def _journal(self, comparison: Comparison | None) -> tuple[Journal, Resumable | None]:
        if comparison is None:
            return await self.open_journal()
        try:
            journal, recorded = await self.open_journal()
            if recorded is not None:
                await comparison.take_up()
        except BaseException:
            comparison.close()
            raise
        return journal, recorded
