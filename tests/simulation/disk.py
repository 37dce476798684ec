"""
The journal's disk: the real journal code on a real file, with every write and sync a place to fail at.

A kill leaves what was handed to the system; a torn write leaves a part of the last frame. A power
cut may take back all that was written since the last sync that returned.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel

from gameball_async.errors import JournalError
from gameball_async.journal.file import LogFile
from gameball_async.journal.history import Used
from gameball_async.journal.journal import JournalFile
from gameball_async.journal.state import Entries, Journal, Resumable
from gameball_async.rows.chunk import Chunk
from gameball_async.rows.outcome import Outcome, Reason, RowOutcome
from gameball_async.rows.row import Unchanged

__all__ = ["Image", "Memory", "Noted", "SlowWork", "Struck", "summary_of"]

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


class Struck:
    """A journal's file that asks *strike* before and after each append and each sync."""

    def __init__(self, log: LogFile, strike: Callable[[str, str], None]) -> None:
        self._log = log
        self._strike = strike
        self.durable = log.mark.length
        """Bytes that a power cut leaves."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def append(self, frame: bytes) -> None:
        self._strike("before", "append")
        self._log.append(frame)
        self._strike("after", "append")

    def sync(self) -> None:
        self._strike("before", "sync")
        self._log.sync()
        self.durable = self._log._end
        self._strike("after", "sync")

    def keep(self) -> None:
        self._strike("before", "keep")
        self._log.keep()
        self.durable = self._log._end
        self._strike("after", "keep")


class Image:
    """The bytes of a journal's file."""

    def __init__(self, path: Path) -> None:
        self.main = path.read_bytes()

    def cut(self, length: int, part: float) -> None:
        """Keep only a part of what is behind *length*."""
        self.main = self.main[: length + int((len(self.main) - length) * part)]

    def write(self, path: Path) -> None:
        """Into the same file, which stays the same to whoever asks."""
        with path.open("r+b") as file:
            file.write(self.main)
            file.truncate()


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


class Noted(Journal):
    """
    A journal of which every write is noted. `journal.state.Journal`.

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
        self._since_kept = [memory.copy()]

    def possible(self, *, power_cut: bool = False) -> list[Summary]:
        """All that the file may say now; a power cut takes what was not kept."""
        memories = list(self._since_kept) if power_cut else [self.memory]
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
        if write[0] in ("intended", "accepted", "settled"):
            self._since_kept.clear()
        self._since_kept.append(self.memory.copy())

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
        self,
        number: int,
        outcomes: Sequence[Outcome],
        reasons: Mapping[int, Reason],
        entries: Entries | None = None,
    ) -> None:
        writing = self.journal.settled(number, outcomes, reasons, entries)
        await self._note(writing, "settled", number, tuple(outcomes))

    async def learned(self, dialect: str) -> None:
        await self.journal.learned(dialect)

    async def dropped(self, number: int) -> None:
        await self._note(self.journal.dropped(number), "dropped", number)

    async def rejected(self, rows: Iterable[RowOutcome]) -> None:
        rows = list(rows)
        positions = tuple(row.position for row in rows)
        await self._note(self.journal.rejected(rows), "rejected", positions)

    async def unchanged(self, rows: Sequence[Unchanged]) -> None:
        await self.journal.unchanged(rows)

    async def input_ended(self) -> None:
        await self._note(self.journal.input_ended(), "ended")

    async def aclose(self, used: Used, complete: bool) -> None:
        await self.journal.aclose(used, complete)
