"""
What a journal holds, as values, and the fold that says what is left to do.

A chunk's record moves one way: *intended* (from then on bytes may have left), *accepted* (the job is
known), *settled* (each row has its outcome). A chunk that was accepted is never submitted again; one
that was intended and has no job may have been applied, so what becomes of it is up to its replay class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from attrs import define, evolve, field, frozen

from ..api.kinds import Replay
from ..rows.chunk import Chunk
from ..rows.outcome import Outcome, Reason, RowOutcome
from ..rows.row import Unchanged
from .header import Header
from .history import History, Used

Entries = Callable[[], Mapping[int, Mapping[str, Any]]]
"""Looks up what an answer lists for rows of a chunk, by their index."""


class Positions:
    """A set of row positions that stays small with millions of rows: one byte each."""

    def __init__(self, positions: Sequence[int] = ()) -> None:
        self._known = bytearray()
        self.add_all(positions)

    def add_all(self, positions: Sequence[int]) -> None:
        """Add positions, in whatever order."""
        known = self._known
        if isinstance(positions, range) and positions.step == 1:
            known.extend(bytes(max(0, positions.stop - len(known))))
            known[positions.start : positions.stop] = b"\1" * len(positions)
            return
        known.extend(bytes(max(0, max(positions, default=-1) + 1 - len(known))))
        for position in positions:
            known[position] = 1

    def __contains__(self, position: object) -> bool:
        return (
            isinstance(position, int)
            and 0 <= position < len(self._known)
            and self._known[position] == 1
        )

    def __len__(self) -> int:
        return self._known.count(1)


class Stage(Enum):
    """How far a chunk has come."""

    INTENDED = 0
    ACCEPTED = 1
    SETTLED = 2


@define(eq=False)
class ChunkRecord:
    """
    One chunk in the journal.

    Attributes:
        number: from 1, in the order of sending.
        stage: how far it has come.
        job_id: the job it has become; None where none is known.
        resent: an earlier try of the same bytes may have been applied too.
        positions: where each row came from.
        keys: each row's customer (or order) id; empty once settled.
        item_ids: each row's own id; None where the kind has none, or once settled.
        payloads: each row's JSON; empty once accepted, but kept where its fate is unknown.
        succeeded: rows that succeeded, once settled.
    """

    number: int
    stage: Stage
    job_id: int | None
    resent: bool
    positions: Sequence[int]
    keys: list[str] = field(factory=list, repr=False)
    item_ids: list[str | None] | None = field(default=None, repr=False)
    payloads: list[bytes] = field(factory=list, repr=False)
    succeeded: int = 0

    def chunk(self) -> Chunk:
        """The chunk itself."""
        return Chunk(self.number, list(self.positions), self.keys, self.item_ids, self.payloads)


@frozen
class Odd:
    """
    One row that did not succeed, as the journal keeps it.

    Attributes:
        row: its outcome.
        payload: its JSON, for rows that were sent; None for others.
    """

    row: RowOutcome
    payload: bytes | None = field(default=None, repr=False)


@frozen
class Retried:
    """
    Rows that were sent again by a run of their own.

    Attributes:
        run: which run, as the header of its journal has it.
        journal: where that journal was when it began.
        rows: their positions.
    """

    run: str
    journal: str
    rows: Positions


@define
class Resumable:
    """
    All that a journal says.

    Attributes:
        header: what the run is.
        chunks: every chunk, by number.
        odd: every row that did not succeed.
        input_ended: the input was read to its end before.
        used: what its runs have used so far, added up.
        recent: seconds since each of the last requests of those runs.
        dialect: the paths on which a status was read, by name; None where none was yet.
        retried: which rows later runs have sent again.
        unchanged: positions of rows that were not sent, as an earlier run had applied the same.
        history: when things happened, as far as it is known.
    """

    header: Header
    chunks: list[ChunkRecord]
    odd: list[Odd] = field(repr=False)
    input_ended: bool = False
    used: Used = field(factory=Used)
    recent: list[float] = field(factory=list, repr=False)
    dialect: str | None = None
    retried: list[Retried] = field(factory=list)
    unchanged: list[Sequence[int]] = field(factory=list, repr=False)
    history: History = field(factory=History, repr=False)

    def sent_again(self, position: int) -> Retried | None:
        """The retry that sent a row again; None where none did."""
        return next((each for each in self.retried if position in each.rows), None)


@define
class Left:
    """
    What is left to do.

    Attributes:
        watch: accepted chunks whose jobs are to be watched to their end.
        resend: chunks that may have been applied, and may be sent again: the same bytes.
        doubtful: chunks that may have been applied, and must not be sent again.
        done: positions of all rows that are in a chunk, were rejected or are unchanged.
        succeeded: rows that succeeded in settled chunks.
    """

    watch: list[ChunkRecord]
    resend: list[ChunkRecord]
    doubtful: list[ChunkRecord]
    done: Positions
    succeeded: int


DOUBT = Reason(
    "this row may or may not have been applied: the run was cut off while it was being sent"
)

OPEN = Reason(
    "its job had not ended when the run stopped: resume the run, or look up the job's status"
)


def left_to_do(journal: Resumable, replay: Replay) -> Left:
    """
    What a journal leaves to do, by the kind's replay class.

    Args:
        journal: what was recorded.
        replay: what a second submission of the same item would do.
    """
    left = Left([], [], [], Positions(), 0)
    for record in journal.chunks:
        left.done.add_all(record.positions)
        if record.stage is Stage.SETTLED:
            left.succeeded += record.succeeded
        elif record.stage is Stage.ACCEPTED:
            left.watch.append(record)
        elif replay is Replay.UNREPEATABLE:
            left.doubtful.append(record)
        else:
            left.resend.append(evolve(record, resent=True))
    for positions in journal.unchanged:
        left.done.add_all(positions)
    left.done.add_all([odd.row.position for odd in journal.odd])
    return left


def odd_rows(
    chunk: Chunk,
    outcomes: Sequence[Outcome],
    reasons: dict[int, Reason],
    job_id: int | None,
) -> Iterable[Odd]:
    """The rows of a settled chunk that did not succeed."""
    for index, outcome in enumerate(outcomes):
        if outcome is Outcome.SUCCEEDED:
            continue
        reason = reasons.get(index)
        row = RowOutcome(
            chunk.positions[index], outcome, chunk.keys[index], reason, job_id, chunk.number
        )
        yield Odd(row, chunk.payloads[index] if chunk.payloads else None)


class Journal:
    """
    Remembers a run, so that it can be resumed after any crash; this one remembers nothing.

    In `journal.JournalFile` each write is durable on return. Every method raises JournalError where the
    write cannot be relied upon; after that all others do too.
    """

    def requested(self) -> None:
        """A request of whatever sort leaves now; noted without waiting, and never a failure."""

    async def intended(self, chunk: Chunk, resent: bool) -> None:
        """From now on bytes of *chunk* may leave."""

    async def accepted(self, number: int, job_id: int, resent: bool) -> None:
        """The chunk has become a job."""

    async def settled(
        self,
        number: int,
        outcomes: Sequence[Outcome],
        reasons: Mapping[int, Reason],
        entries: Entries | None = None,
    ) -> None:
        """Each row of the chunk has its outcome; *entries* of the answer say more of some."""

    async def learned(self, dialect: str) -> None:
        """A job's status was read on the paths of this dialect."""

    async def dropped(self, number: int) -> None:
        """The chunk provably was not applied, and may be sent as if it were new."""

    async def rejected(self, rows: Iterable[RowOutcome]) -> None:
        """These rows never become items."""

    async def unchanged(self, rows: Sequence[Unchanged]) -> None:
        """These rows are not sent: an earlier run has applied the same."""

    async def input_ended(self) -> None:
        """The input was read to its end."""

    async def aclose(self, used: Used, complete: bool) -> None:
        """The run is over, for now; it has used so much. *complete*: nothing is left to resume."""


async def no_journal() -> tuple[Journal, None]:
    """The run is not remembered."""
    return Journal(), None
