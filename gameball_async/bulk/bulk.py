"""One bulk run, as its caller sees it: a block, a stream of events, progress, a report."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal, Self

import anyio
import anyio.to_thread

from ..api.jobs import Job
from ..errors import ClosedError, ConfigurationError, GameballError, JournalError
from ..journal.history import Used
from ..observe.events import RunEnded, RunStarted
from ..observe.stream import NO_OBSERVERS, EventStream
from ..rows.outcome import Outcome
from ..rows.report import Report
from ..rows.unknown import UnknownFields
from ..tasks import Running, Spawn
from .event_queue import EventQueue
from .events import BulkEvent
from .progress import Progress
from .run import Runner
from .usage import Usage, Use

if TYPE_CHECKING:
    import pyarrow as pa

OnCancel = Literal["detach", "stop"]
STOP_WITHIN = 5.0
"""Seconds that stopping open jobs takes, at most, when a run is left with ``on_cancel="stop"``."""


class Bulk:
    """
    One bulk run: open it with ``async with``, read its events with ``async for``, then its report.

    `GameballClient.bulk`, `resume` and `retry` create it. The events are a bounded stream: if you stop
    reading, the run pauses and nothing is lost. Leaving the block early cancels the run. Jobs that are
    open then continue at Gameball (or are stopped, with ``on_cancel="stop"``), and their rows are
    reported as pending, with the job's number.

    Args:
        prepare: makes the run, with its journal open.
        events: the events of the run.
        usage: counts the requests and the time that the run uses.
        spawn: starts it in the background.
        clock: returns the time.
        stop_job: stops one job.
        on_cancel: what to do with open jobs when the run is left early.
        stream: receives the start and the end of the run.
        unknown: counts the fields that Gameball does not know.

    Attributes:
        journal: the path of its journal; None if it keeps none.
    """

    def __init__(
        self,
        prepare: Callable[[], Awaitable[Runner]],
        events: EventQueue[BulkEvent],
        usage: Usage,
        spawn: Spawn,
        stop_job: Callable[[Job], Awaitable[None]],
        on_cancel: OnCancel,
        stream: EventStream = NO_OBSERVERS,
        unknown: UnknownFields | None = None,
    ) -> None:
        self._prepare = prepare
        self._events = events
        self._usage = usage
        self._spawn = spawn
        self._stop_job = stop_job
        self._on_cancel = on_cancel
        self._stream = stream
        self._unknown = unknown
        self._end_told = False
        self._entered: Runner | None = None
        self._running: Running | None = None
        self.journal: str | None = None

    async def __aenter__(self) -> Self:
        """
        Open the journal, if there is one, and start.

        Raises:
            JournalError: the journal cannot be used; nothing was sent.
        """
        if self._entered is not None:
            raise ClosedError(
                "this run was already opened: start a new one with client.bulk() or client.resume()"
            )
        self._entered = await self._prepare()
        self._usage.start(anyio.current_time(), self._entered.journal.requested)
        if self._stream.wants(RunStarted):
            self._stream.emit(
                RunStarted(self._entered.state.kind.name, self._entered.state.rows_read)
            )
        self._running = self._spawn(self._main)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._events.leave()
        run, running = self._run, self._running
        still_open = run.state.left_open or run.state.flights.open_jobs()
        try:
            if running is not None:
                await running.end()
        finally:
            # A run that was cancelled before its first step has had no chance to do this itself.
            run.close()
            self._usage.stop(anyio.current_time())
            self._tell_end()
            try:
                with anyio.move_on_after(STOP_WITHIN, shield=True):
                    await run.put_away(self._used())
                    if self._on_cancel == "stop":
                        await self._stop_all(still_open)
            finally:
                self._usage.close()

    async def _main(self) -> None:
        run = self._run
        try:
            await run.main()
        except anyio.get_cancelled_exc_class():
            run.state.fail(
                ClosedError(
                    "the client was closed during this run: keep it open until the run has ended"
                )
            )
            raise
        finally:
            self._usage.stop(anyio.current_time())
            try:
                with anyio.move_on_after(STOP_WITHIN, shield=True):
                    await run.put_away(self._used())
            except JournalError as error:
                run.state.fail(error)
            finally:
                self._tell_end()
                run.close()  # last, so that whoever reads the end of the events finds all done

    def _tell_end(self) -> None:
        """Tell the observers, once."""
        if not self._end_told and self._stream.wants(RunEnded):
            error = self._run.state.error
            name = None if error is None else type(error).__name__
            self._stream.emit(RunEnded(self.report, name))
        self._end_told = True

    async def _stop_all(self, jobs: list[Job]) -> None:
        async def stop(job: Job) -> None:
            try:
                await self._stop_job(job)
            except GameballError:
                return  # it has ended by itself, or cannot be reached: its number is in the report

        async with anyio.create_task_group() as tasks:
            for job in jobs:
                tasks.start_soon(stop, job)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BulkEvent:
        """
        Wait for the next event.

        Raises:
            GameballError: what stopped the run early; the report has the outcome of each row.
            ClosedError: the block was left, or not entered yet.
            Exception: any exception that the input's own iterator raised, unchanged.
        """
        if self._running is None:
            raise ClosedError("this run has not begun: open it with `async with`")
        return await self._events.next(
            lambda: self._run.state.error,
            "this run is closed: read it inside its `async with` block",
        )

    def stop(self) -> None:
        """
        Send nothing more. Keep reading: the remaining events have every row's outcome.

        The run waits at most five seconds for answers to requests in flight. Open jobs continue at
        Gameball (or are stopped when you leave the block, with ``on_cancel="stop"``); their rows are
        pending, with the job's number. A run with a journal can be resumed.
        """
        self._run.interrupt()

    async def finish(self) -> Report:
        """
        Read all remaining events and return the report.

        Raises:
            GameballError: what stopped the run early; `report` has the outcome of each row.
        """
        async for _ in self:
            pass
        return self.report

    async def outcomes_table(self) -> pa.Table:
        """
        The outcomes in the journal as an Arrow table, one line per row, in no particular order.

        Columns: ``line`` (the row's position), ``key``, ``outcome``, ``code``, ``field``, ``reason``,
        ``job``, ``chunk``. Needs the extra ``arrow``.

        Raises:
            ConfigurationError: the run keeps no journal, or pyarrow is not installed.
            JournalError: the journal cannot be read.
        """
        if self.journal is None:
            raise ConfigurationError(
                "outcomes are read from the journal, but this run has none: pass journal=PATH"
            )
        from ..journal.results import outcomes_of

        return await anyio.to_thread.run_sync(outcomes_of, self.journal, abandon_on_cancel=True)

    @property
    def open_jobs(self) -> list[Job]:
        """Jobs that were accepted and are not known to have ended."""
        return self._run.state.flights.open_jobs()

    @property
    def report(self) -> Report:
        """The outcomes of the rows so far; final once the run is over."""
        run, use = self._run, self._use()
        state = run.state
        before = state.used_before
        return Report(
            kind=state.kind.name,
            rows=state.rows_read,
            **state.tally.by_outcome(),
            jobs=state.jobs,
            requests=before.requests + use.requests,
            rate_limited=before.rate_limited + use.rate_limited,
            polls=before.polls + use.polls,
            quota_wait=use.quota_wait,
            quota_share=use.quota_share,
            seconds=before.seconds + use.seconds,
            complete=run.finished,
            reasons=state.tally.reasons(),
            unknown_fields=() if self._unknown is None else self._unknown.found(),
        )

    @property
    def progress(self) -> Progress:
        """The current progress of the run. Rates and requests count from its start or resumption."""
        run, use = self._run, self._use()
        state = run.state
        counts, chunker = state.tally.counts, state.chunker
        settled = state.tally.settled - state.settled_before
        return Progress(
            rows_read=state.rows_read,
            rows_settled=state.tally.settled,
            chunks=state.chunks,
            jobs=dict(state.flights.by_state()),
            succeeded=counts[Outcome.SUCCEEDED],
            failed=counts[Outcome.FAILED],
            rejected=counts[Outcome.REJECTED],
            indeterminate=counts[Outcome.INDETERMINATE],
            rate=settled / use.seconds if use.seconds > 0 else 0.0,
            requests=use.requests,
            allowed=use.allowed,
            polls=use.polls,
            rate_limited=use.rate_limited,
            quota_wait=use.quota_wait,
            quota_share=use.quota_share,
            seconds=use.seconds,
            waiting=chunker.waiting,
            held_back=chunker.held_back,
            stalled_for=max(0.0, use.now - run.moved_at),
            waiting_because=chunker.waiting_because,
            trouble=run.trouble,
            rows_done=state.flights.rows_done,
            unchanged=counts[Outcome.UNCHANGED],
        )

    @property
    def _run(self) -> Runner:
        if self._entered is None:
            raise ClosedError("this run has not begun: open it with `async with`")
        return self._entered

    def _use(self) -> Use:
        return self._usage.read(anyio.current_time)

    def _used(self) -> Used:
        use, before = self._use(), self._run.state.used_before
        return Used(
            before.seconds + use.seconds,
            before.requests + use.requests,
            before.polls + use.polls,
            before.rate_limited + use.rate_limited,
            use.quota,
        )
