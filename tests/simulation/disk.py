"""
The journal's disk: the real journal code on a real file, with every statement a place to fail at.

A kill leaves what SQLite had handed to the system, copied at that moment to another file; a torn
commit keeps a random part of what the commit appended to the log. Each commit is synced (that is
the journal's setting), so nothing that was acknowledged can be lost with a cache; what a torn or
flipped byte does is the subject of the tests of torn files.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel

from gameball_async.edge.journal import JournalFile
from gameball_async.errors import JournalError
from gameball_async.model.outcomes import Outcome, Reason, RowOutcome
from gameball_async.pipeline.chunks import Chunk
from gameball_async.pipeline.ledger import Resumable, Used

__all__ = ["Image", "Memory", "Noted", "SlowWork", "Statements", "summary_of"]

Summary = tuple[Any, ...]


class SlowWork:
    """
    Blocking work that takes virtual time, as a worker thread's does.

    Whoever waits may be cancelled; the work is done all the same, unless the world ends first.
    """

    def __init__(self, seconds: Callable[[], float], alive: Callable[[], bool]) -> None:
        self._seconds = seconds
        self._alive = alive
        self._turns = anyio.CapacityLimiter(1)

    async def __call__(self, work: Callable[[], None]) -> None:
        await anyio.lowlevel.checkpoint()
        async with self._turns:
            loop = asyncio.get_running_loop()
            done: asyncio.Future[None] = loop.create_future()

            def carry_out() -> None:
                try:
                    if not self._alive():
                        raise JournalError("the world has ended")
                    work()
                except Exception as error:  # noqa: BLE001 - for whoever waits
                    result: Exception | None = error
                else:
                    result = None
                loop.call_later(self._seconds(), tell, result)

            def tell(error: Exception | None) -> None:
                if done.cancelled():
                    return
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)

            loop.call_later(self._seconds(), carry_out)
            with anyio.CancelScope(shield=True):
                await done


class Statements:
    """A connection of SQLite's that asks *strike* before and after each statement."""

    def __init__(self, database: sqlite3.Connection, strike: Callable[[str, str], None]) -> None:
        self._database = database
        self._strike = strike

    def execute(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        word = statement.split(" ", 1)[0]
        self._strike("before", word)
        cursor = self._database.execute(statement, values)
        self._strike("after", word)
        return cursor

    def close(self) -> None:
        self._database.close()


class Image:
    """The bytes of a journal's files."""

    def __init__(self, path: Path) -> None:
        self.main = path.read_bytes()
        log = _log(path)
        self.log = log.read_bytes() if log.exists() else b""
        recent = _recent(path)
        self.recent = recent.read_bytes() if recent.exists() else b""

    def cut(self, earlier: Image, part: float) -> None:
        """Keep only a part of what was appended to the log since *earlier*."""
        grown = len(self.log) - len(earlier.log)
        if grown > 0:
            self.log = self.log[: len(earlier.log) + int(grown * part)]

    def write(self, path: Path) -> None:
        path.write_bytes(self.main)
        _log(path).write_bytes(self.log)
        _recent(path).write_bytes(self.recent)


def _log(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _recent(path: Path) -> Path:
    return path.with_name(path.name + "-recent")


class Memory:
    """What a journal must say, by the writes that it has acknowledged."""

    def __init__(self) -> None:
        self.chunks: dict[int, tuple[Any, ...]] = {}
        self.odd: Counter[tuple[Any, ...]] = Counter()
        self.input_ended = False

    def copy(self) -> Memory:
        other = Memory()
        other.chunks, other.odd = dict(self.chunks), Counter(self.odd)
        other.input_ended = self.input_ended
        return other

    def apply(self, name: str, *values: Any) -> None:
        getattr(self, name)(*values)

    def intended(self, number: int, positions: tuple[int, ...], resent: bool) -> None:
        self.chunks[number] = (0, None, resent, positions, 0)

    def accepted(self, number: int, job_id: int, resent: bool) -> None:
        self.chunks[number] = (1, job_id, resent, self.chunks[number][3], 0)

    def settled(self, number: int, ends: tuple[Outcome, ...]) -> None:
        _, job_id, resent, positions, _ = self.chunks[number]
        good = ends.count(Outcome.SUCCEEDED)
        self.chunks[number] = (2, job_id, resent, positions, good)
        for position, outcome in zip(positions, ends, strict=True):
            if outcome is not Outcome.SUCCEEDED:
                self.odd[position, number, outcome] += 1

    def dropped(self, number: int) -> None:
        self.chunks.pop(number, None)
        self.input_ended = False

    def rejected(self, positions: tuple[int, ...]) -> None:
        self.odd.update((position, None, Outcome.REJECTED) for position in positions)

    def ended(self) -> None:
        self.input_ended = True

    def summary(self) -> Summary:
        return sorted(self.chunks.items()), Counter(self.odd), self.input_ended


def summary_of(recorded: Resumable) -> Summary:
    """What a journal says, as `Memory.summary`."""
    chunks = [
        (r.number, (r.stage.value, r.job_id, r.resent, tuple(r.positions), r.succeeded))
        for r in recorded.chunks
    ]
    odd = Counter((o.row.position, o.row.chunk, o.row.outcome) for o in recorded.odd)
    return chunks, odd, recorded.input_ended


class Noted:
    """
    A journal of which every write is noted. `ports.Journal`.

    Attributes:
        memory: by the writes that have returned.
        jobs: those whose numbers are in it.
        pending: writes that have not returned, or failed: each may be on the disk or not.
    """

    def __init__(self, journal: JournalFile, memory: Memory, jobs: set[int]) -> None:
        self.journal = journal
        self.memory = memory
        self.jobs = jobs
        self.pending: list[tuple[Any, ...]] = []

    def possible(self) -> list[Summary]:
        """All that the file may say now."""
        memories = [self.memory]
        for write in self.pending:
            for memory in list(memories):
                other = memory.copy()
                with contextlib.suppress(KeyError):  # of a chunk that was not noted either
                    other.apply(*write)
                    memories.append(other)
        return [memory.summary() for memory in memories]

    async def _note(self, writing: Any, *write: Any) -> None:
        if self.journal._broken is not None:  # the write does nothing at all
            await writing
            return
        self.pending.append(write)
        await writing  # where this fails or is cancelled, the write may be there or not
        self.pending.remove(write)
        self.memory.apply(*write)

    def requested(self) -> None:
        self.journal.requested()

    async def intended(self, chunk: Chunk, resent: bool) -> None:
        write = ("intended", chunk.number, tuple(chunk.positions), resent)
        await self._note(self.journal.intended(chunk, resent), *write)

    async def accepted(self, number: int, job_id: int, resent: bool) -> None:
        await self._note(
            self.journal.accepted(number, job_id, resent), "accepted", number, job_id, resent
        )
        self.jobs.add(job_id)

    async def settled(
        self, number: int, outcomes: Sequence[Outcome], reasons: Mapping[int, Reason]
    ) -> None:
        writing = self.journal.settled(number, outcomes, reasons)
        await self._note(writing, "settled", number, tuple(outcomes))

    async def dropped(self, number: int) -> None:
        await self._note(self.journal.dropped(number), "dropped", number)

    async def rejected(self, rows: Iterable[RowOutcome]) -> None:
        rows = list(rows)
        positions = tuple(row.position for row in rows)
        await self._note(self.journal.rejected(rows), "rejected", positions)

    async def input_ended(self) -> None:
        await self._note(self.journal.input_ended(), "ended")

    async def aclose(self, used: Used, complete: bool) -> None:
        await self.journal.aclose(used, complete)
