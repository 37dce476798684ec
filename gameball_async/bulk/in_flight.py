"""A chunk in flight, and what is to be done next about a run: the values that `state` works with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence

from attrs import define, frozen

from ..api.jobs import Job, JobState, JobStatus
from ..journal.state import Journal
from ..rows.chunk import Chunk
from ..rows.outcome import Outcome, Reason
from ..rows.row import BadRow
from .events import BulkEvent, RowOutcomes

Fates = tuple[list[Outcome], dict[int, Reason]]
"""The outcome of each row of a chunk, and the reasons of some."""

_UNSENT = Reason("the run stopped before this row was sent")
_IN_FLIGHT = Reason("the run stopped while this row was being sent")
_LEFT_OPEN = Reason(
    "the run stopped while the row's job was open: resume the run, or look up the job's status"
)

Note = Callable[[Journal], Awaitable[None]]
"""Writes one thing to the journal."""


DOUBTS_IN_A_ROW = 3
"""Chunks in a row whose fate is unknown before the run stops, rather than doubt all the others."""
IN_A_ROW = (
    "the third in a row, so the run stopped and did not send the remaining rows; the last error: {}"
)


@define(eq=False)
class InFlight:
    """
    A chunk that has left the chunker and has no outcomes yet.

    Attributes:
        chunk: its rows.
        touched: bytes of it may have left, and may have had an effect.
        noted: the journal has it, and has no outcomes of it.
        job: what it has become.
        resent: an earlier attempt may have been applied, too.
        seen: the last status of its job that was read; None before.
    """

    chunk: Chunk
    touched: bool = False
    noted: bool = False
    job: Job | None = None
    resent: bool = False
    seen: JobStatus | None = None

    @property
    def state(self) -> JobState:
        """Where its job stands, as far as is known."""
        return JobState.QUEUED if self.seen is None else self.seen.state

    @property
    def rows_done(self) -> int:
        """Rows that its open job has applied or refused, by the job's own counts."""
        return 0 if self.seen is None else min(self.seen.done, len(self.chunk))


class Flights:
    """
    The chunks in flight.

    Attributes:
        by_number: by the chunk's number.
        by_job: those that have become a job, by its number.
        ended: how many jobs have ended in which state.
    """

    def __init__(self) -> None:
        self.by_number: dict[int, InFlight] = {}
        self.by_job: dict[int, InFlight] = {}
        self.ended: Counter[JobState] = Counter()

    def land(self, flight: InFlight) -> None:
        """A chunk has its outcomes."""
        del self.by_number[flight.chunk.number]
        if flight.job is not None:
            del self.by_job[flight.job.id]
            self.ended[flight.state] += 1

    def open_jobs(self) -> list[Job]:
        """Jobs that have not ended, as far as is known."""
        return [flight.job for flight in self.by_job.values() if flight.job is not None]

    def by_state(self) -> Counter[JobState]:
        """How many jobs stand in which state, or ended in it."""
        return self.ended + Counter(flight.state for flight in self.by_job.values())

    def states(self) -> dict[int, str]:
        """The state of each open job, for people."""
        seen = {number: flight.seen for number, flight in self.by_job.items()}
        return {n: "queued" if at is None else at.shown_state for n, at in seen.items()}

    @property
    def rows_done(self) -> int:
        """Rows that open jobs have applied or refused, by their own counts; they have no outcome yet."""
        return sum(flight.rows_done for flight in self.by_job.values())


@frozen(eq=False)
class Step:
    """
    What is to be done: first *note*, then *done*, then the event that it returns is told.

    Attributes:
        note: writes to the journal; None where nothing is to be written.
        done: to be called once the note is written; returns what the reader is told.
        shielded: whether not even a cancellation may come between: what is noted cannot be had again.
    """

    note: Note | None
    done: Callable[[], BulkEvent | None]
    shielded: bool = False


@frozen(eq=False)
class AskOrders:
    """
    The answer does not tell some orders apart: which of these exist?

    Attributes:
        order_ids: to ask for.
        answered: makes the step of the answer: whether each exists.
    """

    order_ids: Sequence[str]
    answered: Callable[[Mapping[str, bool]], Step]


def same(rows: int, outcome: Outcome, reason: Reason) -> Fates:
    """One outcome for so many rows."""
    return [outcome] * rows, dict.fromkeys(range(rows), reason)


def unsent(rows: int) -> Fates:
    """So many rows that the run stopped before."""
    return same(rows, Outcome.UNSENT, _UNSENT)


def fates_when_left(flight: InFlight) -> Fates:
    """What is known of a chunk's rows when the run is left before their outcome."""
    rows = len(flight.chunk)
    if flight.job is not None:
        return same(rows, Outcome.PENDING, _LEFT_OPEN)
    if flight.touched:
        return same(rows, Outcome.INDETERMINATE, _IN_FLIGHT)
    return unsent(rows)


def _reason_of(row: BadRow) -> Reason:
    """Why a row cannot be sent: all of its faults in one."""
    first, *others = row.faults
    text = "; ".join([first.reason, *map(str, others)])
    return Reason(text, field=first.field)


def rejected_rows(bad: Sequence[BadRow]) -> tuple[RowOutcomes, Fates]:
    """Rows that never become items, as they are told and as they are counted."""
    fates = [Outcome.REJECTED] * len(bad), dict(enumerate(map(_reason_of, bad)))
    positions, keys = [row.position for row in bad], [row.key for row in bad]
    return RowOutcomes(positions, keys, *fates, None, None), fates


def dropped(number: int) -> Note:
    """The note that a chunk was not applied, and may be sent as if it were new."""
    return lambda journal: journal.dropped(number)
