"""One bulk run, as its caller sees it: a block, a stream of events, progress, a report."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from ..errors import ClosedError
from ..model.outcomes import Outcome
from ..pipeline.events import BulkEvent
from ..pipeline.report import Progress, Report
from ..ports import Running, Spawn
from .meter import Meter
from .run import Run

__all__ = ["Bulk"]


class Bulk:
    """
    One bulk run: open it with ``async with``, read its events with ``async for``, then its report.

    The events are a bounded stream: a reader that pauses pauses the run, and loses nothing. Leaving
    the block early cancels the run; jobs that are open then go on at Gameball, and their rows
    are reported as indeterminate, with the job's number.

    Args:
        run: the run itself.
        events: what it tells.
        meter: what it uses.
        spawn: starts it in the background.
    """

    def __init__(
        self,
        run: Run,
        events: MemoryObjectReceiveStream[BulkEvent],
        meter: Meter,
        spawn: Spawn,
        clock: Callable[[], float],
    ) -> None:
        self._run = run
        self._events = events
        self._meter = meter
        self._spawn = spawn
        self._clock = clock
        self._running: Running | None = None

    async def __aenter__(self) -> Self:
        self._meter.start(self._clock())
        self._running = self._spawn(self._main)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._events.close()
        if self._running is not None:
            self._running.cancel()
            with anyio.CancelScope(shield=True):  # the run only gives up its requests now
                await self._running.ended()
        # A run that was cancelled before its first step has had no chance to do this itself.
        self._run.close()
        self._meter.stop(self._clock())

    async def _main(self) -> None:
        try:
            await self._run.main()
        finally:
            self._meter.stop(self._clock())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BulkEvent:
        """
        Wait for the next event.

        Raises:
            GameballError: what stopped the run early; the report tells what became of each row.
            Exception: whatever the input's own iterator raised, as itself.
        """
        try:
            return await self._events.receive()
        except anyio.EndOfStream:
            error = self._run.error
        except anyio.ClosedResourceError:
            error = ClosedError("this run is over: its block was left")
        if error is not None:
            raise error
        raise StopAsyncIteration

    async def finish(self) -> Report:
        """
        Read all events that are left and return the report.

        Raises:
            GameballError: what stopped the run early; `report` tells what became of each row.
        """
        async for _ in self:
            pass
        return self.report

    @property
    def report(self) -> Report:
        """What has become of the rows so far; final once the run is over."""
        run, use = self._run, self._meter.read(self._clock)
        counts = run.tally.counts
        return Report(
            kind=run.kind.name,
            rows=run.rows_read,
            succeeded=counts[Outcome.SUCCEEDED],
            failed=counts[Outcome.FAILED],
            rejected=counts[Outcome.REJECTED],
            indeterminate=counts[Outcome.INDETERMINATE],
            unsent=counts[Outcome.UNSENT],
            jobs=run.jobs,
            requests=use.requests,
            rate_limited=use.rate_limited,
            polls=use.polls,
            quota_wait=use.quota_wait,
            quota_share=use.quota_share,
            seconds=use.seconds,
            complete=run.finished,
            reasons=run.tally.reasons(),
        )

    @property
    def progress(self) -> Progress:
        """Where the run stands now."""
        run, use = self._run, self._meter.read(self._clock)
        counts = run.tally.counts
        return Progress(
            rows_read=run.rows_read,
            rows_settled=run.tally.settled,
            chunks=run.chunks,
            jobs=dict(run.ended_jobs + run.open_jobs()),
            succeeded=counts[Outcome.SUCCEEDED],
            failed=counts[Outcome.FAILED],
            rejected=counts[Outcome.REJECTED],
            indeterminate=counts[Outcome.INDETERMINATE],
            rate=run.tally.settled / use.seconds if use.seconds > 0 else 0.0,
            requests=use.requests,
            allowed=use.allowed,
            polls=use.polls,
            rate_limited=use.rate_limited,
            quota_wait=use.quota_wait,
            quota_share=use.quota_share,
            seconds=use.seconds,
            waiting=run.chunker.waiting,
            held_back=run.chunker.held_back,
            stalled_for=max(0.0, use.now - run.moved_at),
        )
