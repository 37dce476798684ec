"""
One watcher of one or more jobs: an iterator over their transitions.

A slow one holds up nobody: what it has not read yet is kept for it, of counts only the latest.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Self

import anyio
from attrs import define

from ..api.jobs import Job, Transition
from ..errors import DeadlineError, GameballError
from ..tasks import loop_time
from .watch import Watch


@define(eq=False)
class _Counts:
    """A place among the news for changed counts: a reader that is slow gets only the latest."""

    change: Transition


class Changes:
    """
    An async iterator over the transitions of one or more jobs; each is told once.

    It ends when every job has ended. It may be left at any time, with ``async with`` or without.

    Args:
        watch: where the jobs are watched.
        progress: whether changed counts are told too.
        deadline: seconds after which the iteration ends with an error; None for no limit.
        stalled_for: the same for seconds in which no job's state or counts change.
    """

    def __init__(
        self,
        watch: Watch,
        *,
        progress: bool = False,
        deadline: float | None = None,
        stalled_for: float | None = None,
    ) -> None:
        self._watch = watch
        self._progress = progress
        self._limit = deadline
        self._until = float("inf") if deadline is None else loop_time() + deadline
        self._stalled_for = stalled_for
        self._open: dict[int, Job] = {}
        self._news: deque[Transition | _Counts | tuple[Job, GameballError]] = deque()
        self._counts: dict[int, _Counts] = {}  # by job, those among the news
        self._arrived = asyncio.Event()

    def add(self, job: Job, *, submitted: bool = False) -> None:
        """Watch *job* too."""
        if job.id not in self._open:
            self._open[job.id] = job
            self._watch.follow(self, job, submitted=submitted)

    def add_all(self, jobs: Iterable[Job]) -> None:
        """Watch all of *jobs* too."""
        for job in jobs:
            self.add(job)

    @property
    def open(self) -> int:
        """Jobs that have not ended yet."""
        return len(self._open)

    @property
    def trouble(self) -> str | None:
        """Why nobody can be asked how jobs stand; None for nothing."""
        return self._watch.trouble

    def tell(self, change: Transition) -> None:
        """A job has moved. Called by the watch."""
        if change.moved:
            self._counts.pop(change.job.id, None)
            self._news.append(change)
        elif not self._progress:
            return
        elif (counts := self._counts.get(change.job.id)) is not None:
            counts.change = change
        else:
            self._counts[change.job.id] = counts = _Counts(change)
            self._news.append(counts)
        self._arrived.set()

    def fail(self, job: Job, error: GameballError) -> None:
        """A job cannot be watched any more. Called by the watch."""
        self._news.append((job, error))
        self._arrived.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Transition:
        """
        Wait for the next transition.

        Raises:
            DeadlineError: the deadline has passed; the jobs may be watched again.
            UnknownJobError: Gameball does not know the job.
            GameballError: the job cannot be watched any more.
        """
        news = await self.next_news()
        if news is None:
            raise StopAsyncIteration
        if isinstance(news, Transition):
            return news
        raise news[1]

    async def next_news(self) -> Transition | tuple[Job, GameballError] | None:
        """The next transition, or a job that cannot be watched any more; None once all ended."""
        while not self._news:
            if not self._open:
                return None
            self._arrived = asyncio.Event()
            left = self._seconds_left()
            if left == float("inf"):
                await self._arrived.wait()
                continue
            with anyio.move_on_after(left) as scope:
                await self._arrived.wait()
            if scope.cancelled_caught and not self._news and self._seconds_left() <= 0:
                self._overdue()
        news = self._news.popleft()
        if isinstance(news, _Counts):
            if self._counts.get(news.change.job.id) is news:
                del self._counts[news.change.job.id]
            news = news.change
        if not isinstance(news, Transition):
            self._open.pop(news[0].id, None)
            return news
        if news.status.state.final:
            self._open.pop(news.job.id, None)
        return news

    def _seconds_left(self) -> float:
        """Until the deadline, or until the jobs have stood still for too long."""
        left = self._until - loop_time()
        if self._stalled_for is None:
            return left
        still = min(map(self._watch.stalled_for, self._open))
        return min(left, self._stalled_for - still)

    def _overdue(self) -> None:
        job = next(iter(self._open.values()))
        status = self._watch.latest(job.id)
        stalled = loop_time() < self._until
        self.close()
        seconds = self._stalled_for if stalled else self._limit
        raise DeadlineError(job, status, seconds or 0.0, stalled=stalled)

    def close(self) -> None:
        """Watch nothing any more."""
        for job_id in self._open:
            self._watch.leave(self, job_id)
        self._open.clear()
        self._arrived.set()

    def __del__(self) -> None:
        if self._open:
            self.close()

    async def aclose(self) -> None:
        """Watch nothing any more."""
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        self.close()
