"""
The inside of a bulk run: reads, chunks, submits, watches and settles, all at once, within bounds.

Each row is counted at the moment it is read, and again at the moment its outcome is known: the two
numbers are equal when the run is over, however it ended. State changes never straddle an await.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup
from attrs import define

from ..errors import ClosedError, GameballError, JournalError, UnknownJobError
from ..model.jobs import Job, JobState, JobStatus, Transition
from ..model.kinds import Kind, Replay
from ..model.outcomes import Outcome, Reason
from ..pipeline.chunks import Chunk, Chunker
from ..pipeline.events import BulkEvent, RowOutcomes, Settled, Submitted
from ..pipeline.ledger import DOUBT, ChunkRecord, Left, Resumable, Used
from ..pipeline.outcomes import Settlement, settle, settle_orders
from ..pipeline.refusals import Refusal, refusal_of, repeated_job_id
from ..pipeline.report import Tally
from ..pipeline.rows import BadRow, Prepared
from ..ports import Journal
from .calls import GaveUp
from .feed import Feed
from .handover import Handover
from .orders import OrdersInquiry
from .submit import Accepted, Submitter
from .watch import Changes

__all__ = ["Run", "only", "reason_of"]

LEAVE_WITHIN = 5.0
"""Seconds that a run which is told to stop waits for answers to what it is sending, at most."""

DOUBTS_IN_A_ROW = 3
"""Chunks in a row whose fate is unknown before the run stops, rather than doubt all the others."""


@define(eq=False)
class _Sent:
    """A chunk that has left the chunker and has no outcomes yet."""

    chunk: Chunk
    touched: bool = False  # bytes of it may have left, and may have had an effect
    noted: bool = False  # the journal has it, and has no outcomes of it
    job: Job | None = None
    resent: bool = False
    state: JobState = JobState.QUEUED


class _Held(Exception):
    """The run is stopping: a chunk that waited for its turn is not sent."""


class _Signal:
    """Wakes those who wait for something to change: all of them, or who has waited longest."""

    def __init__(self) -> None:
        self._waiting: deque[anyio.Event] = deque()

    def all(self) -> None:
        while self._waiting:
            self.one()

    def one(self) -> None:
        if self._waiting:
            self._waiting.popleft().set()

    async def wait(self) -> None:
        event = anyio.Event()
        self._waiting.append(event)
        try:
            await event.wait()
        finally:
            if not event.is_set():
                self._waiting.remove(event)


class Run:
    """
    One run's tasks and books.

    Args:
        kind: the batch kind.
        feed: the rows.
        chunker: which rows travel together, and when.
        submitter: sends chunks.
        watching: makes a watcher of jobs.
        ask_orders: tells which order ids exist; for orders whose answer leaves doubt.
        out: where events go; a reader that stops reading stops the run.
        journal: remembers the run.
        concurrency: chunks that are being submitted at once, at most.
        window: jobs that are open at once, at most.
    """

    def __init__(
        self,
        kind: Kind,
        feed: Feed,
        chunker: Chunker,
        submitter: Submitter,
        watching: Callable[[], Changes],
        ask_orders: OrdersInquiry,
        out: Handover[BulkEvent],
        journal: Journal,
        *,
        concurrency: int,
        window: int,
    ) -> None:
        self.kind = kind
        self.chunker = chunker
        self.tally = Tally()
        self.rows_read = 0
        self.chunks = 0
        self.jobs = 0
        self.used_before = Used()
        self.settled_before = 0
        self.ended_jobs: Counter[JobState] = Counter()
        self.input_ended = False
        self.finished = False
        self.error: BaseException | None = None
        self.moved_at = anyio.current_time()
        self._feed = feed
        self._submitter = submitter
        self._changes = watching()
        self._ask_orders = ask_orders
        self._out = out
        self.journal = journal
        self._untold: list[BulkEvent] = []
        self._again: deque[_Sent] = deque()  # chunks of an earlier run that may be sent again
        self._doubtful: list[_Sent] = []  # chunks of an earlier run that must not be
        self._concurrency = concurrency
        self._window = window
        self._sent: dict[int, _Sent] = {}
        self._by_job: dict[int, _Sent] = {}
        self._seen_jobs: set[int] = set()
        self._changed = _Signal()  # room to read on, jobs to follow
        self._ready = _Signal()  # chunks to send
        self._working = anyio.CancelScope()
        self._reading = anyio.CancelScope()
        self._ticking = anyio.CancelScope()
        self._stopping = False
        self._senders = concurrency
        self._leaving = anyio.Event()
        self.left_open: list[Job] = []
        self._doubts = 0
        self._never_sent: list[int] = []  # chunks that the journal has, and need not have

    def open_jobs(self) -> Counter[JobState]:
        """How many open jobs stand in which state."""
        return Counter(sent.state for sent in self._by_job.values())

    async def main(self) -> None:
        """Run to the end. Whatever ends it early is kept in *error*."""
        try:
            with self._working:
                async with anyio.create_task_group() as leaving:
                    leaving.start_soon(self._leave)
                    await self._work()
                    leaving.cancel_scope.cancel()
                self.finished = self.input_ended and self.error is None
            await self._tell_the_rest()
        except* anyio.BrokenResourceError:
            pass  # the reader has left its block
        except* Exception as group:  # noqa: BLE001 - told to the reader, whatever it is
            self.error = self.error or only(group)
        finally:
            self.settle_all()
            self.error = self.error or await self._feed.aclose()

    async def _work(self) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._read, tasks)
            tasks.start_soon(self._follow, tasks)
            tasks.start_soon(self._send_all)
            while self._doubtful:
                sent = self._doubtful.pop()
                rows = len(sent.chunk)
                await self._close(
                    sent, [Outcome.INDETERMINATE] * rows, dict.fromkeys(range(rows), DOUBT)
                )

    def take_up(self, recorded: Resumable, left: Left) -> None:
        """Go on where a journal ends. Call it before `main`."""
        self._feed.skip(left.done)
        self.rows_read = len(left.done)
        self.used_before = recorded.used
        self.tally.succeeded(left.succeeded)
        for odd in recorded.odd:
            if odd.row.outcome is not Outcome.SUCCEEDED:  # those are counted with their chunk
                self.tally.add(odd.row.outcome, odd.row.reason)
        self.settled_before = self.tally.settled
        self.chunks = len(recorded.chunks)
        self.jobs = sum(record.job_id is not None for record in recorded.chunks)
        self._seen_jobs.update(r.job_id for r in recorded.chunks if r.job_id is not None)
        self.chunker.count_from(max((r.number for r in recorded.chunks), default=0))
        for record in left.watch:
            sent = self._taken_up(record)
            assert record.job_id is not None  # noqa: S101 - accepted chunks have one
            sent.job = Job(record.job_id, self.kind.name, len(record.keys))
            self._by_job[record.job_id] = sent
            self._changes.add(sent.job)
        self._again.extend(map(self._taken_up, left.resend))
        self._doubtful.extend(map(self._taken_up, left.doubtful))

    def _taken_up(self, record: ChunkRecord) -> _Sent:
        sent = _Sent(record.chunk(), touched=True, noted=True, resent=record.resent)
        self._sent[record.number] = sent
        self.chunker.occupy(sent.chunk)
        return sent

    def interrupt(self) -> None:
        """
        Send nothing more, and leave once the answers to what is being sent are in.

        Every row is still told its outcome, as far as it is known.
        """
        self._hold()
        self._leaving.set()

    @property
    def open(self) -> list[Job]:
        """Jobs that have not ended, as far as is known."""
        return [sent.job for sent in self._by_job.values() if sent.job is not None]

    def settle_all(self) -> None:
        """Give an outcome to every row that has none yet. May be called again."""
        for sent in list(self._sent.values()):
            self._ended(sent, *_left(sent))
        self._count(*_unsent(len(self.chunker.drain())))

    async def put_away(self, used: Used) -> None:
        """Close the journal, without the chunks of which no byte has left."""
        while self._never_sent:
            await self._note(self.journal.dropped(self._never_sent.pop()))
        await self.journal.aclose(used, self.finished)

    def close(self) -> None:
        """Tell and watch nothing more. May be called again."""
        self.settle_all()
        self._changes.close()
        self._out.close()

    # -- rows in

    async def _read(self, tasks: TaskGroup) -> None:
        with self._reading:
            batch = await self._next_batch()
            tasks.start_soon(self._tick)
            while batch is not None:
                bad = self._take_in(batch)
                if bad:
                    await self._reject(_rejected(bad))
                while not self.chunker.wants_rows:
                    await self._changed.wait()
                batch = await self._next_batch()
        self._ticking.cancel()
        self.chunker.end()
        self._wake_senders()

    async def _tick(self) -> None:
        """Where the input is slow, rows wait only so long for others to travel with."""
        with self._ticking:
            while True:
                await anyio.sleep(self.chunker.look_ahead.seconds)
                self.chunker.tick()
                self._wake_senders()

    async def _next_batch(self) -> list[Prepared | BadRow] | None:
        try:
            batch = await self._feed.fresh()
        except Exception as error:  # noqa: BLE001 - the input is the caller's code
            # The input's own error: what was read before it is still sent and accounted for.
            self.error = self.error or error
            return None
        self.input_ended = not batch
        return batch or None

    def _take_in(self, batch: list[Prepared | BadRow]) -> list[BadRow]:
        bad = [row for row in batch if isinstance(row, BadRow)]
        good = [row for row in batch if isinstance(row, Prepared)]
        self.rows_read += len(batch)
        self.chunker.add_all(good)
        self.tally.rows([Outcome.REJECTED] * len(bad), dict(enumerate(map(reason_of, bad))))
        self._wake_senders()
        return bad

    async def _reject(self, rejected: RowOutcomes) -> None:
        event = Settled(None, None, rejected)
        self._untold.append(event)
        await self._note(self.journal.rejected(rejected))
        await self._tell(event)

    async def _note(self, write: Awaitable[None]) -> None:
        """Write to the journal; where that fails, nothing more is sent, and what is open goes on."""
        try:
            await write
        except JournalError as error:
            self._stop(error)

    # -- chunks out

    async def _send_all(self) -> None:
        async with anyio.create_task_group() as senders:
            for _ in range(self._concurrency):
                senders.start_soon(self._send)
        if self.input_ended and not self._stopping:
            # Not before: rows that were read and wait for their chunk are in no journal.
            await self._note(self.journal.input_ended())

    async def _send(self) -> None:
        try:
            while (sent := await self._next()) is not None:
                await self._submit(sent)
        finally:
            self._senders -= 1
            self._changed.all()

    async def _next(self) -> _Sent | None:
        """The next chunk to send; None once there will be none."""
        while not self._stopping:
            if self._again:
                return self._again.popleft()
            chunk = self.chunker.take() if len(self._sent) < self._window else None
            if chunk is not None:
                self.chunks += 1
                sent = self._sent[chunk.number] = _Sent(chunk)
                self._changed.all()
                self._wake_senders()
                return sent
            if self.chunker.done:
                return None
            await self._ready.wait()
        return None

    def _wake_senders(self) -> None:
        """Wake one sender for a chunk that may go, which wakes the next; all at the end."""
        if self._stopping or self.chunker.done:
            self._ready.all()
        elif len(self._sent) < self._window and self.chunker.has_chunk:
            self._ready.one()

    async def _submit(self, sent: _Sent) -> None:
        async def began() -> None:
            if self._stopping and not sent.touched:
                raise _Held
            if not sent.noted:
                await self.journal.intended(sent.chunk, sent.resent)
                sent.noted = True
                # Whoever is cancelled by now has sent nothing.
                await anyio.lowlevel.checkpoint_if_cancelled()
            sent.touched = True

        def undone() -> None:
            sent.touched = sent.resent

        chunk = sent.chunk
        try:
            result = await self._submitter.submit(
                self.kind, chunk.payloads, began=began, undone=undone
            )
        except _Held:
            return  # its rows are told as unsent at the end
        except JournalError as error:
            result = GaveUp(error, unsure=sent.touched)
        if isinstance(result, GaveUp):
            unsure = result.unsure or sent.resent
            refusal = refusal_of(result.error, unsure, self.kind.name)
        elif result.job.id in self._seen_jobs:
            refusal = repeated_job_id(self.kind.name, result.job.id)
        else:
            await self._accepted(sent, result)
            return
        if refusal.too_large and len(chunk) > 1:
            await self._put_back(sent)
        else:
            await self._refused(sent, refusal)

    async def _accepted(self, sent: _Sent, result: Accepted) -> None:
        sent.job, sent.resent = result.job, result.resent or sent.resent
        sent.chunk.payloads.clear()
        self._seen_jobs.add(result.job.id)
        self._by_job[result.job.id] = sent
        self._changes.add(result.job, submitted=True)
        self.jobs += 1
        self._doubts = 0
        self.moved_at = anyio.current_time()
        self._changed.all()
        # A job's number that is lost here cannot be found again.
        with anyio.CancelScope(shield=True):
            await self._note(self.journal.accepted(sent.chunk.number, result.job.id, sent.resent))
        await self._tell(Submitted(sent.chunk.number, result.job, len(sent.chunk)))

    async def _refused(self, sent: _Sent, refusal: Refusal) -> None:
        rows = len(sent.chunk)
        self._doubts = self._doubts + 1 if refusal.outcome is Outcome.INDETERMINATE else 0
        if refusal.ends_run or self._doubts >= DOUBTS_IN_A_ROW:
            self._stop(refusal.error)
        outcomes, reasons = [refusal.outcome] * rows, dict.fromkeys(range(rows), refusal.reason)
        if self._stopping and self._may_be_resent(refusal.outcome):
            # The journal keeps it as it is: a resumed run sends the same bytes again.
            await self._tell(self._ended(sent, outcomes, reasons))
        elif refusal.ends_run and refusal.outcome is Outcome.REJECTED:
            # Refused for the keys' sake, not for its own: a resumed run sends it as if it were new.
            await self._note(self.journal.dropped(sent.chunk.number))
            sent.noted = False
            await self._tell(self._ended(sent, outcomes, reasons))
        else:
            await self._close(sent, outcomes, reasons)

    def _may_be_resent(self, outcome: Outcome) -> bool:
        return outcome is Outcome.INDETERMINATE and self.kind.replay is not Replay.UNREPEATABLE

    async def _put_back(self, sent: _Sent) -> None:
        """Too large for the server: its rows go again, in smaller chunks."""
        await self._note(self.journal.dropped(sent.chunk.number))
        del self._sent[sent.chunk.number]
        self.chunker.put_back(sent.chunk)
        self._changed.all()
        self._wake_senders()

    async def _leave(self) -> None:
        await self._leaving.wait()
        with anyio.move_on_after(LEAVE_WITHIN):
            while self._senders:
                await self._changed.wait()
        self.left_open = self.open
        self._working.cancel()

    def _stop(self, error: GameballError) -> None:
        """Send nothing more; what is open is still watched to its end."""
        self.error = self.error or error
        self._hold()

    def _hold(self) -> None:
        self._stopping = True
        self._reading.cancel()
        self._ready.all()

    # -- answers in

    async def _follow(self, tasks: TaskGroup) -> None:
        while self._senders or self._changes.open:
            if not self._changes.open:
                await self._changed.wait()
                continue
            news = await self._changes.next_news()
            if news is None:
                continue
            self.moved_at = anyio.current_time()
            if isinstance(news, Transition):
                await self._moved(news, tasks)
            elif isinstance(news[1], ClosedError):
                raise news[1]  # the client is closed: nothing is learned of the job by that
            elif isinstance(news[1], UnknownJobError):
                await self._settle(self._by_job[news[0].id], None, news[1], tasks)
            else:
                # Keys that are refused, or an hour of silence: nothing is learned of the job by
                # that, so it stays open, and a resumed run asks again.
                self._stop(news[1])

    async def _moved(self, change: Transition, tasks: TaskGroup) -> None:
        sent = self._by_job[change.job.id]
        sent.state = change.status.state
        await self._tell(change)
        if sent.state.final:
            await self._settle(sent, change.status, None, tasks)

    async def _settle(
        self, sent: _Sent, status: JobStatus | None, error: GameballError | None, tasks: TaskGroup
    ) -> None:
        chunk = sent.chunk
        earlier = None if status is None else status.earlier
        found = settle(
            self.kind, chunk.keys, chunk.item_ids, status, resent=sent.resent, earlier=earlier
        )
        if error is not None:
            lost = Reason(str(error))
            for index, outcome in enumerate(found.outcomes):
                if outcome is Outcome.INDETERMINATE:
                    found.reasons[index] = lost
        if found.unsettled:
            tasks.start_soon(self._settle_orders, sent, found)
        else:
            await self._close(sent, found.outcomes, found.reasons)

    async def _settle_orders(self, sent: _Sent, found: Settlement) -> None:
        """Ask which of the order ids exist, where the answer does not tell rows apart."""
        ids = sent.chunk.item_ids or []
        asked = {ids[index]: None for index in found.unsettled}
        exist = await self._ask_orders([order_id for order_id in asked if order_id is not None])
        found = settle_orders(found, ids, exist)
        await self._close(sent, found.outcomes, found.reasons)

    async def _close(
        self, sent: _Sent, outcomes: list[Outcome], reasons: dict[int, Reason]
    ) -> None:
        """The rows of a chunk have their outcomes: its keys may go again."""
        number = sent.chunk.number
        if outcomes[0] is not Outcome.UNSENT:
            await self._note(self.journal.settled(number, outcomes, reasons))
        elif sent.noted:
            await self._note(self.journal.dropped(number))
        sent.noted = False
        await self._tell(self._ended(sent, outcomes, reasons))

    async def _tell_the_rest(self) -> None:
        """Tell the outcome of every row that has none yet, now that nothing more will happen."""
        for event in list(self._untold):
            await self._tell(event)
        for sent in list(self._sent.values()):
            await self._tell(self._ended(sent, *_left(sent)))
        waiting = self.chunker.drain()
        if waiting:
            outcomes, reasons = _unsent(len(waiting))
            self._count(outcomes, reasons)
            positions, keys = [row.position for row in waiting], [row.key for row in waiting]
            rows = RowOutcomes(positions, keys, outcomes, reasons, None, None)
            await self._tell(Settled(None, None, rows))

    def _ended(self, sent: _Sent, outcomes: list[Outcome], reasons: dict[int, Reason]) -> Settled:
        """Count the rows of a chunk, and let its keys go; returns what is to be told of it."""
        chunk, job = sent.chunk, sent.job
        if sent.noted and not sent.touched:
            self._never_sent.append(chunk.number)
        self._forget(sent)
        self.chunker.release(chunk)
        self._count(outcomes, reasons)
        self._changed.all()
        self._wake_senders()
        job_id = None if job is None else job.id
        rows = RowOutcomes(chunk.positions, chunk.keys, outcomes, reasons, job_id, chunk.number)
        return Settled(chunk.number, job, rows)

    async def _tell(self, event: BulkEvent) -> None:
        """Tell the reader. What is not told when the run is interrupted is told at its end."""
        if event not in self._untold:
            self._untold.append(event)
        await self._out.send(event, partial(self._untold.remove, event))

    def _count(self, outcomes: Sequence[Outcome], reasons: dict[int, Reason]) -> None:
        self.tally.rows(outcomes, reasons)

    def _forget(self, sent: _Sent) -> None:
        del self._sent[sent.chunk.number]
        if sent.job is not None:
            del self._by_job[sent.job.id]
            self.ended_jobs[sent.state] += 1


_UNSENT = Reason("the run stopped before this row was sent")
_IN_FLIGHT = Reason("the run was left while this row was being sent")
_LEFT_OPEN = Reason("the run was left while its job was open: ask for the job's status")


def _left(sent: _Sent) -> tuple[list[Outcome], dict[int, Reason]]:
    """What is known of a chunk's rows when the run is left before their outcome."""
    rows = len(sent.chunk)
    if sent.job is None and not sent.touched:
        return _unsent(rows)
    reason = _IN_FLIGHT if sent.job is None else _LEFT_OPEN
    return [Outcome.INDETERMINATE] * rows, dict.fromkeys(range(rows), reason)


def _unsent(rows: int) -> tuple[list[Outcome], dict[int, Reason]]:
    return [Outcome.UNSENT] * rows, dict.fromkeys(range(rows), _UNSENT)


def reason_of(row: BadRow) -> Reason:
    first, *others = row.faults
    text = "; ".join([first.reason, *map(str, others)])
    return Reason(text, field=first.field)


def _rejected(bad: list[BadRow]) -> RowOutcomes:
    return RowOutcomes(
        [row.position for row in bad],
        [row.key for row in bad],
        [Outcome.REJECTED] * len(bad),
        dict(enumerate(map(reason_of, bad))),
        None,
        None,
    )


def only(group: BaseExceptionGroup[Exception]) -> BaseException:
    """The first exception of a group: tasks that fail in one tick mostly fail of one cause."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
