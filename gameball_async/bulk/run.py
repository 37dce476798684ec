"""
The inside of a bulk run: reads, chunks and submits, and lets what is learned of the jobs be settled
(`answers`), all at once, within bounds.

Each row is counted at the moment it is read, and again at the moment its outcome is known (`books`):
the two numbers are equal when the run is over, however it ended. State changes never straddle an await.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup

from ..api.jobs import Job
from ..api.kinds import Kind, Replay
from ..api.requests import Dialects
from ..errors import GameballError, JournalError
from ..jobs.changes import Changes
from ..jobs.submit import Accepted, Submitter
from ..journal.state import DOUBT, ChunkRecord, Journal, Left, Resumable, Used
from ..limits.calls import GaveUp
from ..rows.feed import Feed
from ..rows.outcome import Outcome
from ..rows.row import BadRow, Prepared
from .answers import Answers
from .books import Books
from .chunks import Chunker
from .events import BulkEvent, Submitted
from .handover import Handover
from .orders import OrdersInquiry
from .refusals import Refusal, refusal_of, repeated_job_id
from .repeats import Repeats
from .report import Tally
from .sent import Sent, Signal, only, reason_of

__all__ = ["Run"]

LEAVE_WITHIN = 5.0
"""Seconds that a run which is told to stop waits for answers to what it is sending, at most."""

DOUBTS_IN_A_ROW = 3
"""Chunks in a row whose fate is unknown before the run stops, rather than doubt all the others."""


class _Held(Exception):
    """The run is stopping: a chunk that waited for its turn is not sent."""


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
        tally: counts its rows.
        dialects: on which path statuses are read.
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
        tally: Tally,
        dialects: Dialects,
        *,
        concurrency: int,
        window: int,
    ) -> None:
        self.kind = kind
        self.chunker = chunker
        self.rows_read = 0
        self.chunks = 0
        self.jobs = 0
        self.used_before = Used()
        self.settled_before = 0
        self.input_ended = False
        self.finished = False
        self.error: BaseException | None = None
        self._dialects = dialects
        self._proved = kind.replay is not Replay.UNREPEATABLE
        self._repeats = Repeats(kind, chunker.look_ahead.rows)
        self._feed = feed
        self._submitter = submitter
        self._changes = watching()
        self._out = out
        self.books = Books(chunker, journal, tally, out, self._settled, self._stop)
        self.answers = Answers(kind, self.books, self._changes, ask_orders, self._stop, self._heard)
        self._again: deque[Sent] = deque()  # chunks of an earlier run that may be sent again
        self._doubtful: list[Sent] = []  # chunks of an earlier run that must not be
        self._concurrency = concurrency
        self._window = window
        self._seen_jobs: set[int] = set()
        self._changed = Signal()  # room to read on, jobs to follow
        self._ready = Signal()  # chunks to send
        self._working = anyio.CancelScope()
        self._reading = anyio.CancelScope()
        self._ticking = anyio.CancelScope()
        self._stopping = False
        self._learned = False
        self._senders = concurrency
        self._leaving = anyio.Event()
        self.left_open: list[Job] = []
        self._doubts = 0

    async def main(self) -> None:
        """Run to the end. Whatever ends it early is kept in *error*."""
        try:
            with self._working:
                async with anyio.create_task_group() as leaving:
                    leaving.start_soon(self._leave)
                    await self._work()
                    leaving.cancel_scope.cancel()
                self.finished = self.input_ended and self.error is None
            await self.books.tell_the_rest()
        except* anyio.BrokenResourceError:
            pass  # the reader has left its block
        except* Exception as group:  # noqa: BLE001 - told to the reader, whatever it is
            self.error = self.error or only(group)
        finally:
            self.books.settle_all()
            self.error = self.error or await self._feed.aclose()

    async def _work(self) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._read, tasks)
            tasks.start_soon(self._follow, tasks)
            tasks.start_soon(self._send_all)
            while self._doubtful:
                sent = self._doubtful.pop()
                rows = len(sent.chunk)
                await self.books.close(
                    sent, [Outcome.INDETERMINATE] * rows, dict.fromkeys(range(rows), DOUBT)
                )

    def take_up(self, recorded: Resumable, left: Left) -> None:
        """Go on where a journal ends. Call it before `main`."""
        self._feed.skip(left.done)
        self.rows_read = len(left.done)
        self.used_before = recorded.used
        self.books.tally.succeeded(left.succeeded)
        for odd in recorded.odd:
            if odd.row.outcome is not Outcome.SUCCEEDED:  # those are counted with their chunk
                self.books.tally.add(odd.row.outcome, odd.row.reason)
        self.settled_before = self.books.tally.settled
        self.chunks = len(recorded.chunks)
        self.jobs = sum(record.job_id is not None for record in recorded.chunks)
        self._seen_jobs.update(r.job_id for r in recorded.chunks if r.job_id is not None)
        self.chunker.count_from(max((r.number for r in recorded.chunks), default=0))
        for record in left.watch:
            sent = self._taken_up(record)
            assert record.job_id is not None  # noqa: S101 - accepted chunks have one
            job = Job(record.job_id, self.kind.name, len(record.keys))
            self.books.accepted(sent, job)
            self._changes.add(job)
        self._again.extend(map(self._taken_up, left.resend))
        self._doubtful.extend(map(self._taken_up, left.doubtful))

    def _taken_up(self, record: ChunkRecord) -> Sent:
        sent = Sent(record.chunk(), touched=True, noted=True, resent=record.resent)
        self.books.sent[record.number] = sent
        self.chunker.occupy(sent.chunk)
        return sent

    @property
    def trouble(self) -> str | None:
        """What keeps it from learning how jobs end; None for nothing."""
        return self._changes.trouble

    def interrupt(self) -> None:
        """
        Send nothing more, and leave once the answers to what is being sent are in.

        Every row is still told its outcome, as far as it is known.
        """
        self._hold()
        self._leaving.set()

    def close(self) -> None:
        """Tell and watch nothing more. May be called again."""
        self.books.settle_all()
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
                    await self.books.reject(bad)
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
        good, repeated = self._repeats.split(good)
        bad += repeated
        self.rows_read += len(batch)
        self.chunker.add_all(good)
        self.books.tally.rows([Outcome.REJECTED] * len(bad), dict(enumerate(map(reason_of, bad))))
        self._wake_senders()
        return bad

    # -- chunks out

    async def _send_all(self) -> None:
        async with anyio.create_task_group() as senders:
            for _ in range(self._concurrency):
                senders.start_soon(self._send)
        if self.input_ended and not self._stopping:
            # Not before: rows that were read and wait for their chunk are in no journal.
            await self.books.note(self.books.journal.input_ended())

    async def _send(self) -> None:
        try:
            while (sent := await self._next()) is not None:
                await self._submit(sent)
        finally:
            self._senders -= 1
            self._changed.all()

    async def _next(self) -> Sent | None:
        """The next chunk to send; None once there will be none."""
        while not self._stopping:
            if self._again:
                return self._again.popleft()
            chunk = self.chunker.take() if len(self.books.sent) < self._room else None
            if chunk is not None:
                self.chunks += 1
                sent = self.books.sent[chunk.number] = Sent(chunk)
                self._changed.all()
                self._wake_senders()
                return sent
            if self.chunker.done:
                return None
            await self._ready.wait()
        return None

    @property
    def _room(self) -> int:
        """
        Chunks under way and open at once, at most.

        Until a status was read, one of a kind that cannot be repeated: if no status ever can be, no
        other is in doubt.
        """
        return self._window if self._proved else 1

    async def _heard(self) -> None:
        """A job of this run has answered."""
        self._proved = True
        self._wake_senders()
        if self._dialects.known is not None and not self._learned:
            self._learned = True
            await self.books.note(self.books.journal.learned(self._dialects.known.value))

    def _wake_senders(self) -> None:
        """Wake one sender for a chunk that may go, which wakes the next; all at the end."""
        if self._stopping or self.chunker.done:
            self._ready.all()
        elif len(self.books.sent) < self._room and self.chunker.has_chunk:
            self._ready.one()

    async def _submit(self, sent: Sent) -> None:
        async def began() -> None:
            if self._stopping and not sent.touched:
                raise _Held
            if not sent.noted:
                await self.books.journal.intended(sent.chunk, sent.resent)
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
            refusal = refusal_of(result.error, unsure, self.kind)
        elif result.job.id in self._seen_jobs:
            refusal = repeated_job_id(self.kind, result.job.id)
        else:
            await self._accepted(sent, result)
            return
        if refusal.too_large and len(chunk) > 1:
            await self._put_back(sent)
        else:
            await self._refused(sent, refusal)

    async def _accepted(self, sent: Sent, result: Accepted) -> None:
        sent.resent = result.resent or sent.resent
        sent.chunk.payloads.clear()
        self._seen_jobs.add(result.job.id)
        self.books.accepted(sent, result.job)
        self._changes.add(result.job, submitted=True)
        self.jobs += 1
        self._doubts = 0
        self.answers.moved_at = anyio.current_time()
        self._changed.all()
        # A job's number that is lost here cannot be found again.
        with anyio.CancelScope(shield=True):
            await self.books.note(
                self.books.journal.accepted(sent.chunk.number, result.job.id, sent.resent)
            )
        await self.books.tell(Submitted(sent.chunk.number, result.job, len(sent.chunk)))

    async def _refused(self, sent: Sent, refusal: Refusal) -> None:
        rows = len(sent.chunk)
        self._doubts = self._doubts + 1 if refusal.outcome is Outcome.INDETERMINATE else 0
        if refusal.ends_run or self._doubts >= DOUBTS_IN_A_ROW:
            self._stop(refusal.error)
        outcomes, reasons = [refusal.outcome] * rows, dict.fromkeys(range(rows), refusal.reason)
        if self._stopping and self._may_be_resent(refusal.outcome):
            # The journal keeps it as it is: a resumed run sends the same bytes again.
            await self.books.tell(self.books.ended(sent, outcomes, reasons))
        elif refusal.ends_run and refusal.outcome is Outcome.REJECTED:
            # Refused for the keys' sake, not for its own: a resumed run sends it as if it were new.
            await self.books.note(self.books.journal.dropped(sent.chunk.number))
            sent.noted = False
            await self.books.tell(self.books.ended(sent, outcomes, reasons))
        else:
            await self.books.close(sent, outcomes, reasons)

    def _may_be_resent(self, outcome: Outcome) -> bool:
        return outcome is Outcome.INDETERMINATE and self.kind.replay is not Replay.UNREPEATABLE

    async def _put_back(self, sent: Sent) -> None:
        """Too large for the server: its rows go again, in smaller chunks."""
        await self.books.note(self.books.journal.dropped(sent.chunk.number))
        del self.books.sent[sent.chunk.number]
        self.chunker.put_back(sent.chunk)
        self._changed.all()
        self._wake_senders()

    async def _leave(self) -> None:
        await self._leaving.wait()
        with anyio.move_on_after(LEAVE_WITHIN):
            while self._senders:
                await self._changed.wait()
        self.left_open = self.books.open
        self._working.cancel()

    def _stop(self, error: GameballError) -> None:
        """Send nothing more; what is open is still watched to its end."""
        self.error = self.error or error
        self._hold()

    def _hold(self) -> None:
        self._stopping = True
        self._reading.cancel()
        self._ready.all()

    def _settled(self) -> None:
        """A chunk has its outcomes: there is room, and its keys may go again."""
        self._changed.all()
        self._wake_senders()

    async def _follow(self, tasks: TaskGroup) -> None:
        while self._senders or self._changes.open:
            if self._changes.open:
                await self.answers.next(tasks)
            else:
                await self._changed.wait()
