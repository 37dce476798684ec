"""The loops of a bulk run: one reads, some send, one settles; `state` decides what they do next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup

from ..api.jobs import Transition
from ..api.requests import Dialects
from ..errors import ClosedError, JournalError
from ..jobs.changes import Changes
from ..jobs.submit import Accepted, Submitter
from ..journal.history import Used
from ..journal.state import Journal, Left, Resumable
from ..limits.calls import GaveUp
from ..rows.feed import Feed
from ..rows.row import Batch
from ..tasks import Signal, loop_time, only
from .event_queue import EventQueue
from .events import BulkEvent
from .in_flight import AskOrders, InFlight, Note, Step
from .orders import OrdersInquiry
from .senders import Senders
from .state import RunState
from .time_limits import TimeLimits

LEAVE_WITHIN = 5.0
"""Seconds that a run which is told to stop waits for answers to what it is sending, at most."""


class _Held(Exception):
    """The run is stopping: a chunk that waited for its turn is not sent."""


class Runner:
    """
    One run's tasks.

    Args:
        state: decides.
        feed: the rows.
        submitter: sends chunks.
        watching: makes a watcher of jobs.
        ask_orders: finds out which order ids exist; for orders whose answer leaves doubt.
        out: where events go; a reader that stops reading stops the run.
        journal: remembers the run.
        dialects: on which path statuses are read.
        concurrency: chunks that are being submitted at once, at most; None for as many as the distance
            to the server asks for.
        limits: when the run is ended though it is not over.
        close: lets go of what the run was given.
    """

    def __init__(
        self,
        state: RunState,
        feed: Feed,
        submitter: Submitter,
        watching: Callable[[], Changes],
        ask_orders: OrdersInquiry,
        out: EventQueue[BulkEvent],
        journal: Journal,
        dialects: Dialects,
        *,
        concurrency: int | None,
        limits: TimeLimits,
        close: Callable[[], None],
    ) -> None:
        self.state = state
        self.journal = journal
        self.finished: bool = False
        self.moved_at: float = loop_time()
        self._feed = feed
        self._submitter = submitter
        self._changes = watching()
        self._ask_orders = ask_orders
        self._out = out
        self._dialects = dialects
        self._limits = limits
        self._close = close
        self._learned = False
        self._senders = Senders(submitter, concurrency)
        self._first: list[Step] = []  # what a resumed run begins with
        self._changed = Signal()  # for the reader and for who watches: room, jobs
        self._ready = Signal()  # for the senders: chunks
        self._working = anyio.CancelScope()
        self._reading = anyio.CancelScope()
        self._ticking = anyio.CancelScope()
        self._leaving = asyncio.Event()

    def take_up(self, recorded: Resumable, left: Left) -> None:
        """Go on where a journal ends. Call it before `main`."""
        self._feed.skip(left.done)
        self._first = self.state.take_up(recorded, left)
        self._changes.add_all(self.state.flights.open_jobs())

    async def main(self) -> None:
        """Run to the end. What ends it early is kept in the state's *error*."""
        state = self.state
        try:
            with self._working:
                async with anyio.create_task_group() as leaving:
                    leaving.start_soon(self._leave)
                    leaving.start_soon(self._end_in_time)
                    await self._work()
                    leaving.cancel_scope.cancel()
                self.finished = state.end()
        except* anyio.BrokenResourceError:
            pass  # the reader has left its block
        except* Exception as group:  # noqa: BLE001 - told to the reader, whatever it is
            state.fail(only(group))
        finally:
            self._tell_the_rest()
            state.fail(await self._feed.aclose())

    async def _work(self) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._read, tasks)
            tasks.start_soon(self._settle, tasks)
            tasks.start_soon(self._send_all)
            for step in self._first:
                await self._carry_out(step)

    @property
    def trouble(self) -> str | None:
        """What keeps it from learning how jobs end; None for nothing."""
        return self._changes.trouble

    def interrupt(self) -> None:
        """
        Send nothing more, and leave once the answers to what is being sent are in.

        Every row is still told its outcome, as far as it is known.
        """
        self.state.stop()
        self._wake()
        self._leaving.set()

    def close(self) -> None:
        """Tell, watch and hold nothing more. May be called again."""
        self._tell_the_rest()
        self._changes.close()
        self._out.close()
        self._close()

    def _tell_the_rest(self) -> None:
        for event in self.state.leave():
            self._out.push(event)

    async def _leave(self) -> None:
        await self._leaving.wait()
        with anyio.move_on_after(LEAVE_WITHIN):
            while self._senders.count:
                await self._changed.wait()
        self._working.cancel()

    async def _end_in_time(self) -> None:
        """Stop a run that takes longer than its caller allows."""
        began = loop_time()
        while True:
            now = loop_time()
            why, left = self._limits.check(now - began, now - self.moved_at)
            if why is not None:
                self.state.stop(self.state.overdue(why))
                self._wake()
                self._leaving.set()
                return
            await anyio.sleep(left)

    # -- what the state decides

    async def _carry_out(self, step: Step) -> None:
        """Write what is to be written; then it counts, and the reader is told."""
        if step.note is not None:
            # Where a cancellation may not come between: a job's number that is lost cannot be found again.
            with anyio.CancelScope(shield=True) if step.shielded else nullcontext():
                await self._note(step.note)
        event = step.done()
        self._wake()
        if event is not None:
            await self._out.put(event)

    async def _note(self, note: Note) -> None:
        """Write to the journal; where that fails, nothing more is sent, and what is open goes on."""
        try:
            await note(self.journal)
        except JournalError as error:
            self.state.stop(error)
            self._wake()

    def _wake(self) -> None:
        """Something has changed: whoever waits for it looks again."""
        if self.state.stopping:
            self._reading.cancel()
        self._changed.wake()
        if self.state.may_send or self.state.all_sent:  # whoever takes a chunk wakes the next
            self._ready.wake(None if self.state.all_sent else 1)

    # -- rows in

    async def _read(self, tasks: TaskGroup) -> None:
        chunker = self.state.chunker
        with self._reading:
            batch = await self._next_batch()
            tasks.start_soon(self._tick)
            while batch:
                steps = self.state.read(batch)
                self.moved_at = loop_time()
                for step in steps:
                    await self._carry_out(step)
                if not steps and self.state.may_send:
                    self._ready.wake(1)
                while not chunker.wants_rows:
                    await self._changed.wait()
                batch = await self._next_batch()
        for step in self.state.read_all():
            await self._carry_out(step)
        self._ticking.cancel()
        chunker.end()
        self._wake()

    async def _tick(self) -> None:
        """Where the input is slow, rows wait only so long for others to travel with."""
        chunker = self.state.chunker
        with self._ticking:
            while True:
                await anyio.sleep(chunker.look_ahead.seconds)
                chunker.tick()
                self._wake()

    async def _next_batch(self) -> Batch:
        """The next rows; none at the end."""
        try:
            batch = await self._feed.fresh()
        except Exception as error:  # noqa: BLE001 - the input is the caller's code
            # The input's own error: what was read before it is still sent and accounted for.
            self.state.fail(error)
            return []
        self.state.input_ended = not batch
        return batch

    # -- chunks out

    async def _send_all(self) -> None:
        await self._senders.run(self._send)
        if self.state.nothing_left:
            # Not before: rows that were read and wait for their chunk are in no journal.
            await self._note(lambda journal: journal.input_ended())

    async def _send(self) -> None:
        try:
            while True:
                flight = self.state.next_chunk()
                if flight is not None:
                    self._wake()
                    await self._submit(flight)
                elif self.state.all_sent:
                    return
                else:
                    await self._ready.wait()
        finally:
            self._senders.count -= 1
            self._changed.wake()

    async def _submit(self, flight: InFlight) -> None:
        def undone() -> None:
            flight.touched = flight.resent

        began = partial(self._begin, flight)
        try:
            result = await self._submitter.submit(
                self.state.kind, flight.chunk.payloads, began=began, undone=undone
            )
        except _Held:
            return  # its rows are told as unsent at the end
        except JournalError as error:
            result = GaveUp(error, unsure=flight.touched)
        step = self.state.answered(flight, result)
        self._wake()
        if isinstance(result, Accepted) and flight.job is not None:
            self.moved_at = loop_time()
            self._changes.add(result.job, submitted=True)
        await self._carry_out(step)

    async def _begin(self, flight: InFlight) -> None:
        """Bytes of a chunk are about to leave: the journal is told before."""
        if self.state.stopping and not flight.touched:
            raise _Held
        if not flight.noted:
            await self.journal.intended(flight.chunk, flight.resent)
            flight.noted = True
            # Whoever is cancelled by now has sent nothing.
            await anyio.lowlevel.checkpoint_if_cancelled()
        flight.touched = True

    # -- outcomes

    async def _settle(self, tasks: TaskGroup) -> None:
        while self._senders.count or self._changes.open:
            if not self._changes.open:
                await self._changed.wait()
                continue
            news = await self._changes.next_news()
            if news is None:
                continue
            if isinstance(news, Transition):
                flight = self.state.flights.by_job[news.job.id]
                done = flight.rows_done
                found = self.state.moved(news)
                if news.moved or flight.rows_done != done:
                    self.moved_at = loop_time()
                self._wake()
                await self._learn()
                if news.moved:
                    await self._out.put(news)
            elif isinstance(news[1], ClosedError):
                raise news[1]  # the client is closed: nothing is learned of the job by that
            else:
                found = self.state.lost(*news)
                self._wake()
            if isinstance(found, AskOrders):
                tasks.start_soon(self._ask, found)
            elif found is not None:
                await self._carry_out(found)

    async def _learn(self) -> None:
        """Remember on which path statuses are read."""
        known = self._dialects.known
        if known is not None and not self._learned:
            self._learned = True
            await self._note(lambda journal: journal.learned(known.value))

    async def _ask(self, question: AskOrders) -> None:
        """Ask which of the order ids exist, where the answer does not tell rows apart."""
        exist = await self._ask_orders(list(question.order_ids))
        await self._carry_out(question.answered(exist))

    # -- the end

    async def put_away(self, used: Used) -> None:
        """Close the journal, without the chunks of which no byte has left."""
        for note in self.state.put_away():
            await self._note(note)
        await self.journal.aclose(used, self.finished)
