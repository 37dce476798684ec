"""What is learned of a run's jobs, and the outcomes of rows that follow from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
from anyio.abc import TaskGroup

from ..api.jobs import JobStatus, Transition
from ..api.kinds import Kind
from ..errors import ClosedError, GameballError, UnknownJobError
from ..jobs.changes import Changes
from ..rows.outcome import Outcome, Reason
from .books import Books
from .orders import OrdersInquiry
from .outcomes import Settlement, settle, settle_orders
from .results import Results
from .sent import Sent

__all__ = ["Answers"]


class Answers:
    """
    Takes in what is learned of a run's jobs.

    Args:
        kind: the batch kind.
        books: the run's.
        changes: the run's watcher.
        ask_orders: tells which order ids exist; for orders whose answer leaves doubt.
        stop: called with what nothing is learned from: nothing more is to be sent.
        heard: awaited when the status of a job was read.
    """

    def __init__(
        self,
        kind: Kind,
        books: Books,
        changes: Changes,
        ask_orders: OrdersInquiry,
        stop: Callable[[GameballError], None],
        heard: Callable[[], Awaitable[None]],
    ) -> None:
        self._kind = kind
        self._books = books
        self._changes = changes
        self._ask_orders = ask_orders
        self._stop = stop
        self._heard = heard
        self._any_answered = False
        self.moved_at = anyio.current_time()

    async def next(self, tasks: TaskGroup) -> None:
        """
        Wait for news of a job, and take it in.

        Args:
            tasks: where what needs further requests goes on.

        Raises:
            ClosedError: the client is closed.
        """
        news = await self._changes.next_news()
        if news is None:
            return
        self.moved_at = anyio.current_time()
        if isinstance(news, Transition):
            await self._heard()
            await self._moved(news, tasks)
        elif isinstance(news[1], ClosedError):
            raise news[1]  # the client is closed: nothing is learned of the job by that
        elif isinstance(news[1], UnknownJobError) and not self._may_come_back(news[0].id):
            await self._settle(self._books.by_job[news[0].id], None, news[1], tasks)
        else:
            # Keys that are refused, an hour of silence, a job that was there before, or no path that
            # answers: nothing is learned of the job by that, so it stays open, and a resumed run
            # asks again.
            self._stop(news[1])

    def _may_come_back(self, job_id: int) -> bool:
        """Whether a job that is not found may be there all the same."""
        return self._books.by_job[job_id].answered or not self._any_answered

    async def _moved(self, change: Transition, tasks: TaskGroup) -> None:
        sent = self._books.by_job[change.job.id]
        sent.state = change.status.state
        sent.answered = self._any_answered = True
        await self._books.tell(change)
        if sent.state.final:
            await self._settle(sent, change.status, None, tasks)

    async def _settle(
        self, sent: Sent, status: JobStatus | None, error: GameballError | None, tasks: TaskGroup
    ) -> None:
        chunk = sent.chunk
        earlier = None if status is None else status.earlier
        found = settle(
            self._kind, chunk.keys, chunk.item_ids, status, resent=sent.resent, earlier=earlier
        )
        if error is not None:
            lost = Reason(str(error))
            for index, outcome in enumerate(found.outcomes):
                if outcome is Outcome.INDETERMINATE:
                    found.reasons[index] = lost
        results = None
        if status is not None:
            results = Results(self._kind, chunk.keys, chunk.item_ids, status)
        if found.unsettled:
            tasks.start_soon(self._settle_orders, sent, found, results)
        else:
            await self._books.close(sent, found.outcomes, found.reasons, results)

    async def _settle_orders(self, sent: Sent, found: Settlement, results: Results | None) -> None:
        """Ask which of the order ids exist, where the answer does not tell rows apart."""
        ids = sent.chunk.item_ids or []
        asked = {ids[index]: None for index in found.unsettled}
        exist = await self._ask_orders([order_id for order_id in asked if order_id is not None])
        found = settle_orders(found, ids, exist)
        await self._books.close(sent, found.outcomes, found.reasons, results)
