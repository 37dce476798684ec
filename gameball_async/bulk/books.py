"""
A run's books: which chunks are on their way, what has become of each row, and who was told.

Each row is counted once, at the moment its outcome is known. What is told is told once: an event
that the reader has not taken when the run is interrupted is told at its end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from ..api.jobs import Job, JobState
from ..errors import GameballError, JournalError
from ..journal.state import Journal, Used
from ..rows.outcome import Outcome, Reason
from ..rows.row import BadRow
from .chunks import Chunker
from .events import BulkEvent, RowOutcomes, Settled
from .handover import Handover
from .report import Tally
from .results import Results
from .sent import Sent, fates_when_left, rejected, unsent

__all__ = ["Books"]


class Books:
    """
    What is on its way, what is settled, and what is still to be told.

    Args:
        chunker: gets the keys of settled chunks back.
        journal: remembers the run.
        tally: counts its rows.
        out: where events go.
        changed: called when a chunk has its outcomes.
        stop: called when the journal cannot be written: nothing more is to be sent.
    """

    def __init__(
        self,
        chunker: Chunker,
        journal: Journal,
        tally: Tally,
        out: Handover[BulkEvent],
        changed: Callable[[], None],
        stop: Callable[[GameballError], None],
    ) -> None:
        self.tally = tally
        self.sent: dict[int, Sent] = {}
        self.by_job: dict[int, Sent] = {}
        self.ended_jobs: Counter[JobState] = Counter()
        self.journal = journal
        self._chunker = chunker
        self._out = out
        self._changed = changed
        self._stop = stop
        self._untold: list[BulkEvent] = []
        self._never_sent: list[int] = []  # chunks that the journal has, and need not have

    def open_jobs(self) -> Counter[JobState]:
        """How many open jobs stand in which state."""
        return Counter(sent.state for sent in self.by_job.values())

    @property
    def open(self) -> list[Job]:
        """Jobs that have not ended, as far as is known."""
        return [sent.job for sent in self.by_job.values() if sent.job is not None]

    async def note(self, write: Awaitable[None]) -> None:
        """Write to the journal; where that fails, nothing more is sent, and what is open goes on."""
        try:
            await write
        except JournalError as error:
            self._stop(error)

    async def tell(self, event: BulkEvent) -> None:
        """Tell the reader. What is not told when the run is interrupted is told at its end."""
        if event not in self._untold:
            self._untold.append(event)
        await self._out.send(event, partial(self._untold.remove, event))

    def accepted(self, sent: Sent, job: Job) -> None:
        """A chunk has become a job."""
        sent.job = job
        self.by_job[job.id] = sent

    async def reject(self, bad: Sequence[BadRow]) -> None:
        """Rows that never become items are noted and told; they are counted already."""
        rows = rejected(bad)
        event = Settled(None, None, rows)
        self._untold.append(event)
        await self.note(self.journal.rejected(rows))
        await self.tell(event)

    async def close(
        self,
        sent: Sent,
        outcomes: list[Outcome],
        reasons: dict[int, Reason],
        results: Results | None = None,
    ) -> None:
        """The rows of a chunk have their outcomes: its keys may go again."""
        number = sent.chunk.number
        if outcomes[0] is not Outcome.UNSENT:
            await self.note(
                self.journal.settled(
                    number, outcomes, reasons, None if results is None else results.telling
                )
            )
        elif sent.noted:
            await self.note(self.journal.dropped(number))
        sent.noted = False
        await self.tell(self.ended(sent, outcomes, reasons, results))

    def ended(
        self,
        sent: Sent,
        outcomes: list[Outcome],
        reasons: dict[int, Reason],
        results: Results | None = None,
    ) -> Settled:
        """Count the rows of a chunk, and let its keys go; returns what is to be told of it."""
        chunk, job = sent.chunk, sent.job
        if sent.noted and not sent.touched:
            self._never_sent.append(chunk.number)
        del self.sent[chunk.number]
        if job is not None:
            del self.by_job[job.id]
            self.ended_jobs[sent.state] += 1
        self._chunker.release(chunk)
        self.tally.rows(outcomes, reasons)
        self._changed()
        job_id = None if job is None else job.id
        rows = RowOutcomes(
            chunk.positions, chunk.keys, outcomes, reasons, job_id, chunk.number, results
        )
        return Settled(chunk.number, job, rows)

    async def tell_the_rest(self) -> None:
        """Tell the outcome of every row that has none yet, now that nothing more will happen."""
        for event in list(self._untold):
            await self.tell(event)
        for sent in list(self.sent.values()):
            await self.tell(self.ended(sent, *fates_when_left(sent)))
        waiting = self._chunker.drain()
        if waiting:
            outcomes, reasons = unsent(len(waiting))
            self.tally.rows(outcomes, reasons)
            positions, keys = [row.position for row in waiting], [row.key for row in waiting]
            rows = RowOutcomes(positions, keys, outcomes, reasons, None, None)
            await self.tell(Settled(None, None, rows))

    def settle_all(self) -> None:
        """Give an outcome to every row that has none yet. May be called again."""
        for sent in list(self.sent.values()):
            self.ended(sent, *fates_when_left(sent))
        self.tally.rows(*unsent(len(self._chunker.drain())))

    async def put_away(self, used: Used, complete: bool) -> None:
        """Close the journal, without the chunks of which no byte has left."""
        while self._never_sent:
            await self.note(self.journal.dropped(self._never_sent.pop()))
        await self.journal.aclose(used, complete)
