"""A bulk run's books and journal, for whoever looks on: rows as they settle, a journal that fails."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping, Sequence

from ..bulk.report import Tally
from ..errors import JournalError
from ..journal.state import Entries, Journal, Used
from ..pipeline.seen import JournalFailed, RowsSettled
from ..rows.chunk import Chunk
from ..rows.outcome import Outcome, Reason, RowOutcome
from .seen import Seen

__all__ = ["SeenJournal", "SeenTally"]


class SeenTally(Tally):
    """A tally that tells of rows as their outcome is known. What an earlier run settled is not told."""

    def __init__(self, seen: Seen, kind: str) -> None:
        super().__init__()
        self._seen = seen
        self._kind = kind

    def rows(self, outcomes: Sequence[Outcome], reasons: Mapping[int, Reason]) -> None:
        """Count rows; *reasons* by their index."""
        if not outcomes or not self._seen.wants(RowsSettled):
            return super().rows(outcomes, reasons)
        before = self.counts.copy()
        super().rows(outcomes, reasons)
        self._seen.see(RowsSettled(self._kind, dict(self.counts - before)))
        return None


class SeenJournal:
    """
    `ports.Journal` that tells when it fails, once.

    Args:
        journal: remembers the run.
        seen: is told.
        kind: name of the run's batch kind.
    """

    def __init__(self, journal: Journal, seen: Seen, kind: str) -> None:
        self._journal = journal
        self._seen = seen
        self._kind = kind
        self._told = False

    async def _telling(self, write: Awaitable[None]) -> None:
        try:
            await write
        except JournalError as error:
            if not self._told and self._seen.wants(JournalFailed):
                self._told = True
                self._seen.see(JournalFailed(self._kind, str(error)))
            raise

    async def intended(self, chunk: Chunk, resent: bool) -> None:
        await self._telling(self._journal.intended(chunk, resent))

    async def accepted(self, number: int, job_id: int, resent: bool) -> None:
        await self._telling(self._journal.accepted(number, job_id, resent))

    async def settled(
        self,
        number: int,
        outcomes: Sequence[Outcome],
        reasons: Mapping[int, Reason],
        entries: Entries | None = None,
    ) -> None:
        await self._telling(self._journal.settled(number, outcomes, reasons, entries))

    async def learned(self, dialect: str) -> None:
        await self._telling(self._journal.learned(dialect))

    async def dropped(self, number: int) -> None:
        await self._telling(self._journal.dropped(number))

    async def rejected(self, rows: Iterable[RowOutcome]) -> None:
        await self._telling(self._journal.rejected(rows))

    async def input_ended(self) -> None:
        await self._telling(self._journal.input_ended())

    def requested(self) -> None:
        self._journal.requested()

    async def aclose(self, used: Used, complete: bool) -> None:
        await self._telling(self._journal.aclose(used, complete))
