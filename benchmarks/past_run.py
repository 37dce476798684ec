"""Journals of runs that never were, written frame by frame on a clock of their own: large ones in no time."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import anyio
from attrs import define, field

from gameball_async.journal import file as journal_file
from gameball_async.journal.header import Header, Source
from gameball_async.journal.history import Used
from gameball_async.journal.journal import JournalFile, read_journal
from gameball_async.rows.chunk import Chunk
from gameball_async.rows.outcome import Outcome, Reason, RowOutcome

NIGHT = 1_790_000_000.0
"""When these runs begin."""
HOSTILE = "<script>alert(1)</script>\"'& <img src=x onerror=alert(2)>"


async def at_once(work: Callable[[], None]) -> None:
    """Does a journal's work where it is asked for."""
    work()


@define
class Past:
    """
    What a run was like.

    Attributes:
        chunks: how many there were.
        rows: of each.
        failed: rows of every chunk that are refused.
        why: for which reason, by the row's number.
        in_doubt: chunks that end in doubt.
        killed_after: chunks after which the process was killed, and went on an hour later.
        left_after: chunks after which it was left for good; the next two are open.
        rejected: rows that never became items.
        kind, name: of its rows.
        key: of a row, by its number.
    """

    chunks: int = 70
    rows: int = 1_000
    failed: int = 0
    why: Callable[[int], Reason] = lambda row: Reason("no such customer", 7000)
    in_doubt: tuple[int, ...] = ()
    killed_after: int | None = None
    left_after: int | None = None
    rejected: int = 0
    kind: str = "cashback"
    name: str = "/shop/june/cashback.csv"
    key: Callable[[int], str] = lambda row: f"customer-{row:07}"
    clock: float = NIGHT
    requests: int = 0
    _random: random.Random = field(factory=lambda: random.Random(3))

    def write(self, path: Path) -> Path:
        """Write its journal; the same one each time."""
        self.clock, self.requests, self._random = NIGHT, 0, random.Random(3)
        anyio.run(self._write, path)
        return path

    async def _write(self, path: Path) -> None:
        header = Header(
            self.kind, "account", "https://api.gameball.co", "v4.0", "unique",
            Source(self.name, "digest" if self.name else ""),
        )  # fmt: skip
        with patch.object(journal_file, "sync"):  # nothing needs to outlive a power cut
            journal = JournalFile.create(path, header, at_once, lambda: self.clock)
            journal._recent.note = lambda: None  # type: ignore[method-assign]
            journal._witness.path = None
            journal = await self._run(journal)
            if self.left_after is None:
                await journal.input_ended()
                seconds = journal_seconds(path)
                await journal.aclose(
                    Used(seconds, self.requests, self.requests // 2, 3, "30/1,360/30"), True
                )
            else:
                journal.close()

    async def _run(self, journal: JournalFile) -> JournalFile:
        if self.rejected:
            why = Reason("is missing", field="customerId")
            rows = [RowOutcome(2 + n, Outcome.REJECTED, None, why) for n in range(self.rejected)]
            await journal.rejected(rows)
        for number in range(1, self.chunks + 1):
            await self._chunk(journal, number)
            if number == self.left_after:
                await journal.intended(self._rows(number + 1), False)
                await journal.accepted(number + 1, 900_001 + number, False)
                await journal.intended(self._rows(number + 2), False)
                return journal
            if number == self.killed_after:
                path = journal.path
                journal.close()
                self.clock += 3_600
                journal, _ = JournalFile.open(path, at_once, lambda: self.clock)
                journal._recent.note = lambda: None  # type: ignore[method-assign]
        return journal

    def _rows(self, number: int) -> Chunk:
        first = 2 + self.rejected + (number - 1) * self.rows
        positions = list(range(first, first + self.rows))
        keys = [self.key(position) for position in positions]
        return Chunk(number, positions, keys, None, [b"{}"] * self.rows)

    async def _chunk(self, journal: JournalFile, number: int) -> None:
        chunk = self._rows(number)
        self._request(journal, 1)
        await journal.intended(chunk, False)
        self.clock += self._random.uniform(0.05, 0.2)
        outcomes, reasons = [Outcome.SUCCEEDED] * self.rows, {}
        if number in self.in_doubt:
            why = Reason("its answer was lost: it may or may not have been applied")
            outcomes, reasons = (
                [Outcome.INDETERMINATE] * self.rows,
                dict.fromkeys(range(self.rows), why),
            )
        else:
            await journal.accepted(number, 900_000 + number, False)
            self.clock += self._random.lognormvariate(0.6, 0.7)
            for row in range(self.failed):
                outcomes[row] = Outcome.FAILED
                reasons[row] = self.why(chunk.positions[row])
        self._request(journal, self._random.randint(1, 18))
        await journal.settled(number, outcomes, reasons)

    def _request(self, journal: JournalFile, times: int) -> None:
        for _ in range(times):
            journal.requested()
            self.requests += 1


def journal_seconds(path: Path) -> float:
    """Seconds of work that a journal says so far."""
    return read_journal(path).used.seconds
