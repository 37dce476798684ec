"""
What a journal holds, as values, and the fold that says what is left to do.

A chunk's record moves one way: *intended* (from then on bytes may have left), *accepted* (the job is
known), *settled* (each row has its outcome). A chunk that was accepted is never submitted again; one
that was intended and has no job may have been applied, so what becomes of it is up to its replay class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, Protocol

from attrs import define, evolve, field, frozen

from ..api.kinds import Replay
from ..errors import JournalError
from ..rows.chunk import Chunk
from ..rows.outcome import Outcome, Reason, RowOutcome
from .history import History, Used
from .positions import Positions

__all__ = [
    "ChunkRecord",
    "Entries",
    "Header",
    "Journal",
    "Left",
    "Odd",
    "Resumable",
    "Retried",
    "Source",
    "Stage",
    "Used",
    "left_to_do",
    "odd_rows",
]

FORMAT = 2

Entries = Callable[[], Mapping[int, Mapping[str, Any]]]
"""Looks up what an answer lists for rows of a chunk, by their index."""


@frozen
class Source:
    """
    What a run's rows come from.

    Attributes:
        name: a file's path.
        digest: of its content, as `digest_of` in `journal.journal` makes it.
        settings: how it is read, as JSON text, so that it can be read so again.
    """

    name: str = ""
    digest: str = ""
    settings: str = "{}"


@frozen
class Header:
    """
    What a run is, so that another cannot be taken for it.

    Attributes:
        kind: name of the batch kind.
        account: a keyed hash of the API key: tells accounts apart, and tells nothing else.
        origin: where requests go.
        version: of the API.
        chunking: how rows of one customer are spread.
        source: what the rows come from; empty for an iterable.
        format: of the journal.
        run: tells this run from every other.
    """

    kind: str
    account: str
    origin: str
    version: str
    chunking: str
    source: Source = Source()
    format: int = FORMAT
    run: str = field(default="", eq=False)

    def check(self, other: Header) -> None:
        """
        Make sure that *other*, the run at hand, is this one.

        Raises:
            JournalError: it is not; the message names what differs.
        """
        differences = [
            (self.format != other.format, f"its format is {self.format}, not {other.format}"),
            (self.kind != other.kind, f"its kind is {self.kind}, not {other.kind}"),
            (
                self.account != other.account,
                f"its account is another: the API key differs{_NEW_KEY}",
            ),
            (self.origin != other.origin, f"its base URL is {self.origin}, not {other.origin}"),
            (self.version != other.version, f"its version is {self.version}, not {other.version}"),
            (
                self.chunking != other.chunking,
                f"its chunking is {self.chunking}, not {other.chunking}",
            ),
            (
                bool(other.source.digest) and self.source.digest != other.source.digest,
                "the content of its input has changed since",
            ),
        ]
        for differs, what in differences:
            if differs:
                raise JournalError(
                    f"the journal belongs to another run: {what}. Resume with what the run began "
                    "with, or import into a new journal"
                )


_NEW_KEY = " (for a new key of the same account, pass --account-changed or account_changed=True)"


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
        history: when things happened, as far as it is known.
    """

    header: Header
    chunks: list[ChunkRecord]
    odd: list[Odd] = field(repr=False)
    input_ended: bool = False
    used: Used = field(factory=lambda: Used())
    recent: list[float] = field(factory=list, repr=False)
    dialect: str | None = None
    retried: list[Retried] = field(factory=list)
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
        done: positions of all rows that are in a chunk or were rejected.
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

OPEN = Reason("its job had not ended when the run was left: resume it, or ask for the job's status")


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
    in_chunks = {odd.row.position for odd in journal.odd if odd.row.chunk is not None}
    left.done.add_all(
        sorted(o.row.position for o in journal.odd if o.row.position not in in_chunks)
    )
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


class Journal(Protocol):
    """
    Remembers a run, so that it can be resumed after any crash. Each write is durable on return.

    Every method raises JournalError where the write cannot be relied upon; after that all others
    do too.
    """

    def requested(self) -> None:
        """A request of whatever sort leaves now; noted without waiting, and never a failure."""
        ...

    async def intended(self, chunk: Chunk, resent: bool) -> None:
        """From now on bytes of *chunk* may leave."""
        ...

    async def accepted(self, number: int, job_id: int, resent: bool) -> None:
        """The chunk has become a job."""
        ...

    async def settled(
        self,
        number: int,
        outcomes: Sequence[Outcome],
        reasons: Mapping[int, Reason],
        entries: Entries | None = None,
    ) -> None:
        """Each row of the chunk has its outcome; *entries* of the answer say more of some."""
        ...

    async def learned(self, dialect: str) -> None:
        """A job's status was read on the paths of this dialect."""
        ...

    async def dropped(self, number: int) -> None:
        """The chunk provably was not applied, and may be sent as if it were new."""
        ...

    async def rejected(self, rows: Iterable[RowOutcome]) -> None:
        """These rows never become items."""
        ...

    async def input_ended(self) -> None:
        """The input was read to its end."""
        ...

    async def aclose(self, used: Used, complete: bool) -> None:
        """The run is over, for now; it has used so much. *complete*: nothing is left to resume."""
        ...
