"""
What a run knows, and what follows from what it learns: the one place where a run decides.

A plain class without an await, a clock or any I/O. Each thing that happens is a method; what is to be
done about it comes back as a `Step`: a note for the journal, then a change that counts once the note is
written, then an event for the reader. `run` does the reading, sending and watching around it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from functools import partial

from attrs import evolve

from ..api.jobs import Job, JobStatus, Transition
from ..api.kinds import Kind, Replay
from ..errors import GameballError, RunDeadlineError, UnknownJobError
from ..jobs.submit import Accepted
from ..journal.history import Used
from ..journal.state import DOUBT, ChunkRecord, Left, Resumable
from ..limits.calls import GaveUp
from ..rows.outcome import Outcome
from ..rows.report import Tally
from ..rows.row import Batch, sorts
from .chunks import Chunker
from .events import RowOutcomes, Settled, Submitted
from .in_flight import (
    DOUBTS_IN_A_ROW,
    IN_A_ROW,
    AskOrders,
    Fates,
    Flights,
    InFlight,
    Note,
    Step,
    dropped,
    fates_when_left,
    same,
    unsent,
)
from .not_sent import NotSent
from .order_doubts import Settlement, settle_orders
from .outcomes import judged
from .refusals import Refusal, fate_unknown, refusal_of, repeated_job_id
from .repeats import Repeats
from .results import Results


class RunState:
    """
    One run.

    Arguments:
        kind: the batch kind.
        chunker: which rows travel together, and when.
        tally: counts rows by their outcome.
        window: jobs that are open at once, at most.

    Attributes:
        rows_read: rows of the input so far, those of earlier attempts included.
        error: what ended the run early.
        stopping: nothing more is sent.
        input_ended: the input was read to its end.
        left_open: the jobs that were open when the run was left.
    """

    def __init__(self, kind: Kind, chunker: Chunker, tally: Tally, *, window: int) -> None:
        self.kind = kind
        self.chunker = chunker
        self.tally = tally
        self.rows_read: int = 0
        self.chunks: int = 0
        self.jobs: int = 0
        self.used_before: Used = Used()
        self.settled_before: int = 0
        self.flights: Flights = Flights()
        self.error: BaseException | None = None
        self.stopping: bool = False
        self.input_ended = False
        self.left_open: list[Job] = []
        self._window = window
        self._repeats = Repeats(kind, chunker.look_ahead.rows)
        self._again: deque[InFlight] = deque()  # of an earlier attempt, to be sent again
        self._seen_jobs: set[int] = set()
        self._not_sent = NotSent(tally)
        self._never_sent: list[int] = []  # chunks that the journal has, and need not have
        self._doubts = 0
        self._doubted: GameballError | None = None  # what stopped the run, where doubt did
        self._to_resume = False  # a chunk has its outcome, and yet a resumed run sends it again
        # Until a status was read, one chunk of a kind that cannot be repeated is open at once: if no
        # status ever can be read, no other is in doubt.
        self._proved = kind.replay is not Replay.UNREPEATABLE
        self._any_answered = False

    def take_up(self, recorded: Resumable, left: Left) -> list[Step]:
        """Go on where a journal ends; the steps settle what must not be sent again."""
        self.rows_read = len(left.done)
        self.used_before = recorded.used
        self.tally.succeeded(left.succeeded)
        for odd in recorded.odd:
            if odd.row.outcome is not Outcome.SUCCEEDED:  # those are counted with their chunk
                self.tally.add(odd.row.outcome, odd.row.reason)
        self.tally.unchanged(sum(map(len, recorded.unchanged)))
        self.settled_before = self.tally.settled
        self.chunks = len(recorded.chunks)
        self._seen_jobs.update(r.job_id for r in recorded.chunks if r.job_id is not None)
        self.jobs = sum(record.job_id is not None for record in recorded.chunks)
        self.chunker.count_from(max((r.number for r in recorded.chunks), default=0))
        for record in left.watch:
            assert record.job_id is not None  # noqa: S101 - accepted chunks have one
            self._become(
                self._taken_up(record), Job(record.job_id, self.kind.name, len(record.keys))
            )
        self._again.extend(map(self._taken_up, left.resend))
        doubtful = map(self._taken_up, left.doubtful)
        return [
            self._settling(each, same(len(each.chunk), Outcome.INDETERMINATE, DOUBT))
            for each in doubtful
        ]

    def _taken_up(self, record: ChunkRecord) -> InFlight:
        flight = InFlight(record.chunk(), touched=True, noted=True, resent=record.resent)
        self.flights.by_number[record.number] = flight
        self.chunker.occupy(flight.chunk)
        return flight

    def read(self, batch: Batch) -> list[Step]:
        """Rows of the input; those that cannot or need not be sent have their outcome without a job."""
        self.rows_read += len(batch)
        good, bad, unchanged = sorts(batch)
        good, repeated = self._repeats.split(good)
        bad += repeated
        self._not_sent.keep(unchanged)
        steps = self._not_sent.note_before(good, self.chunker.add_all)
        if not steps:
            self.chunker.add_all(good)
        if bad:
            steps.append(self._not_sent.reject(bad))
        return steps

    def read_all(self) -> list[Step]:
        """The input has been read, or is read no more."""
        return self._not_sent.note_all()

    @property
    def may_send(self) -> bool:
        """Whether a chunk can go now."""
        if self.stopping:
            return False
        return bool(self._again) or (self._has_room and self.chunker.has_chunk)

    @property
    def all_sent(self) -> bool:
        """Whether there will be no other chunk."""
        return self.stopping or (not self._again and self.chunker.done)

    @property
    def _has_room(self) -> bool:
        return len(self.flights.by_number) < (self._window if self._proved else 1)

    def next_chunk(self) -> InFlight | None:
        """The next chunk to send; None where none can go now."""
        if self.stopping:
            return None
        if self._again:
            return self._again.popleft()
        chunk = self.chunker.take() if self._has_room else None
        if chunk is None:
            return None
        self.chunks += 1
        flight = self.flights.by_number[chunk.number] = InFlight(chunk)
        return flight

    def answered(self, flight: InFlight, result: Accepted | GaveUp) -> Step:
        """What became of a submission."""
        if isinstance(result, GaveUp):
            unsure = result.unsure or flight.resent
            return self._refused(flight, refusal_of(result.error, unsure, self.kind))
        if result.job.id in self._seen_jobs:
            return self._refused(flight, repeated_job_id(self.kind, result.job.id))
        return self._accepted(flight, result)

    def _accepted(self, flight: InFlight, result: Accepted) -> Step:
        job, number = result.job, flight.chunk.number
        flight.resent = resent = result.resent or flight.resent
        flight.chunk.payloads.clear()
        self.jobs += 1
        self._doubts = 0
        self._become(flight, job)
        event = Submitted(number, job, len(flight.chunk))
        return Step(
            lambda journal: journal.accepted(number, job.id, resent), lambda: event, shielded=True
        )

    def _become(self, flight: InFlight, job: Job) -> None:
        flight.job = job
        self.flights.by_job[job.id] = flight
        self._seen_jobs.add(job.id)

    def _refused(self, flight: InFlight, refusal: Refusal) -> Step:
        if refusal.too_large and len(flight.chunk) > 1:
            return Step(dropped(flight.chunk.number), partial(self._put_back, flight))
        doubtful = refusal.outcome is Outcome.INDETERMINATE
        self._doubts = self._doubts + 1 if doubtful else 0
        if refusal.ends_run:
            self.stop(refusal.error)
        elif self._doubts >= DOUBTS_IN_A_ROW:
            self._doubted = self._doubted or fate_unknown(self.kind, IN_A_ROW.format(refusal.error))
            self.stop(self._doubted)
        fates = same(len(flight.chunk), refusal.outcome, refusal.reason)
        if self.stopping and doubtful and self.kind.replay is not Replay.UNREPEATABLE:
            # The journal keeps it as it is: a resumed run sends the same bytes again.
            self._to_resume = True
            return Step(None, partial(self._settled, flight, fates))
        if refusal.ends_run and refusal.outcome is Outcome.REJECTED:
            # Refused for the keys' sake, not for its own: a resumed run sends it as if it were new.
            self._to_resume = True
            return self._dropping(flight, fates)
        return self._settling(flight, fates)

    def _put_back(self, flight: InFlight) -> None:
        """Too large for the server: its rows go again, in smaller chunks."""
        del self.flights.by_number[flight.chunk.number]
        self.chunker.put_back(flight.chunk)

    def moved(self, change: Transition) -> Step | AskOrders | None:
        """A job has moved; the step settles its rows where it has ended."""
        flight = self.flights.by_job[change.job.id]
        flight.seen = evolve(change.status, results=None, earlier=None)
        self._any_answered = self._proved = True
        return self._judged(flight, change.status) if flight.state.final else None

    def lost(self, job: Job, error: GameballError) -> Step | AskOrders | None:
        """A job cannot be watched any more."""
        flight = self.flights.by_job[job.id]
        may_come_back = flight.seen is not None or not self._any_answered
        if isinstance(error, UnknownJobError) and not may_come_back:
            return self._judged(flight, None, error)
        # Keys that are refused, an hour of silence, a job that was there before, or no path that
        # answers: nothing is learned of the job by that, so it stays open, and a resumed run asks again.
        self.stop(error)
        return None

    def _judged(
        self, flight: InFlight, status: JobStatus | None, error: GameballError | None = None
    ) -> Step | AskOrders:
        found, results = judged(self.kind, flight, status, error)
        if not found.unsettled:
            return self._settling(flight, (found.outcomes, found.reasons), results)
        asked = dict.fromkeys((flight.chunk.item_ids or [])[index] for index in found.unsettled)
        ids = [order_id for order_id in asked if order_id is not None]
        return AskOrders(ids, partial(self._orders_found, flight, found, results))

    def _orders_found(
        self,
        flight: InFlight,
        found: Settlement,
        results: Results | None,
        exist: Mapping[str, bool],
    ) -> Step:
        found = settle_orders(found, flight.chunk.item_ids or [], exist)
        return self._settling(flight, (found.outcomes, found.reasons), results)

    def _settling(self, flight: InFlight, fates: Fates, results: Results | None = None) -> Step:
        """The rows of a chunk get their outcomes."""
        outcomes, reasons = fates
        if outcomes[0] is Outcome.UNSENT:
            return self._dropping(flight, fates)
        number, entries = flight.chunk.number, None if results is None else results.telling
        return Step(
            lambda journal: journal.settled(number, outcomes, reasons, entries),
            partial(self._noted, flight, fates, results),
        )

    def _dropping(self, flight: InFlight, fates: Fates) -> Step:
        """The same for a chunk that a resumed run sends as if it were new."""
        note = dropped(flight.chunk.number) if flight.noted else None
        return Step(note, partial(self._noted, flight, fates))

    def _noted(self, flight: InFlight, fates: Fates, results: Results | None = None) -> Settled:
        flight.noted = False
        return self._settled(flight, fates, results)

    def _settled(self, flight: InFlight, fates: Fates, results: Results | None = None) -> Settled:
        chunk, job = flight.chunk, flight.job
        if flight.noted and not flight.touched:
            self._never_sent.append(chunk.number)
        self.flights.land(flight)
        self.chunker.release(chunk)
        self.tally.rows(*fates)
        job_id = None if job is None else job.id
        rows = RowOutcomes(chunk.positions, chunk.keys, *fates, job_id, chunk.number, results)
        return Settled(chunk.number, job, rows)

    def stop(self, error: BaseException | None = None) -> None:
        """Send nothing more; what is open is still watched to its end."""
        self.fail(error)
        self.stopping = True

    def fail(self, error: BaseException | None) -> None:
        """Keep what ended the run early: the first that did, but for doubt, which may turn out to be the end."""
        if error is not None and (self.error is None or self.error is self._doubted):
            self.error = error

    @property
    def nothing_left(self) -> bool:
        """Whether every row of the input has been sent or rejected, so that there is nothing to resume."""
        sent = self.input_ended and self.chunker.done and not self._again
        return sent and not self._to_resume and not self.tally.counts[Outcome.UNSENT]

    def end(self) -> bool:
        """
        All tasks have ended by themselves: whether the run is complete.

        Doubt that stopped it changes nothing more where there was nothing left to send.
        """
        if self.error is self._doubted and self.nothing_left and not self.flights.by_number:
            self.error = None
        return self.input_ended and self.error is None

    def overdue(self, why: str) -> RunDeadlineError:
        """What ends a run that takes too long."""
        return RunDeadlineError(why, self.flights.states())

    def leave(self) -> Iterator[Settled]:
        """
        Give every row that has none its outcome, as far as that is known, now that nothing more will happen.

        What is told of it comes one by one. May be called again.
        """
        self.left_open = self.left_open or self.flights.open_jobs()
        yield from self._not_sent.leave()
        for flight in list(self.flights.by_number.values()):
            yield self._settled(flight, fates_when_left(flight))
        waiting = self.chunker.drain()
        if waiting:
            fates = unsent(len(waiting))
            self.tally.rows(*fates)
            positions, keys = [row.position for row in waiting], [row.key for row in waiting]
            yield Settled(None, None, RowOutcomes(positions, keys, *fates, None, None))

    def put_away(self) -> Iterator[Note]:
        """What the journal is told last: the chunks of which no byte has left can go as if new."""
        yield from self._not_sent.put_away()
        while self._never_sent:
            yield dropped(self._never_sent.pop())
