"""A run's comparison with an earlier one: what that has applied is read before, and each row is looked up."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from itertools import islice

import anyio.to_thread

from ..api.kinds import Chunking
from ..journal.contents import read_contents
from ..journal.folding import Contents
from ..rows.check import Prepare
from ..rows.content import digest_of, identity
from ..rows.feed import Feed
from ..rows.given import Rows
from ..rows.row import BadRow, Batch, Prepared
from .applied import Applied
from .deciding import sort_out

__all__ = ["Comparison", "OpenComparison", "with_journal", "with_rows"]

AT_ONCE = 10
"""Chunks that are read in one go."""
ROWS_AT_ONCE = 1000


class Comparison:
    """
    Finds the rows that need not be sent.

    Args:
        applied: what was applied last for each id.
        journal: of the run itself, where it is taken up again.
    """

    def __init__(self, applied: Applied, journal: str | os.PathLike[str] | None = None) -> None:
        self._applied = applied
        self._journal = journal

    async def take_up(self) -> None:
        """Leave out of what is known all that the run at hand has sent before it was taken up."""
        if self._journal is not None:
            await _read_all(read_contents(self._journal), self._sent_before)

    def _sent_before(self, rows: Contents) -> None:
        if rows.sent:
            self._applied.forget(rows.ids)

    async def sort_out(self, rows: Sequence[Prepared | BadRow]) -> Batch:
        """
        The rows again, those that are unchanged as such.

        Raises:
            JournalError: what was applied cannot be looked up.
        """
        return await anyio.to_thread.run_sync(self._sort_out, rows)

    def _sort_out(self, rows: Sequence[Prepared | BadRow]) -> Batch:
        ids = [identity(row) for row in rows if isinstance(row, Prepared)]
        found, sent = sort_out(rows, self._applied.of(ids))
        if sent:
            self._applied.forget(sent)
        return found

    def close(self) -> None:
        """Forget what was applied. May be called again."""
        self._applied.close()


OpenComparison = Callable[[], Awaitable[Comparison | None]]
"""Reads what was applied before; gives nothing where no row is left to read."""


def with_journal(
    path: str, length: int, chunking: Chunking, journal: str | os.PathLike[str] | None = None
) -> OpenComparison:
    """
    What compares with the first *length* bytes of the journal at *path*.

    Args:
        path: where that is.
        length: bytes of it that count.
        chunking: of its run.
        journal: of the run at hand, where it is taken up again.
    """

    async def compare() -> Comparison:
        applied = Applied(in_order=chunking is not Chunking.PLAIN)
        try:
            await _read_all(read_contents(path, length), partial(_put, applied))
        except BaseException:
            applied.close()
            raise
        return Comparison(applied, journal)

    return compare


def _put(applied: Applied, rows: Contents) -> None:
    known = zip(rows.digests, rows.applied, strict=True)
    applied.put(rows.ids, [digest if sure else None for digest, sure in known])


async def _read_all(rows: Iterator[Contents], take: Callable[[Contents], None]) -> None:
    """Take what a journal says in worker threads, and little enough at once to be cancelled."""

    def some() -> bool:
        found = list(islice(rows, AT_ONCE))
        for each in found:
            take(each)
        return bool(found)

    while await anyio.to_thread.run_sync(some):
        pass


def with_rows(
    rows: Rows, prepare: Prepare, journal: str | os.PathLike[str] | None = None
) -> OpenComparison:
    """
    What compares with the rows of an earlier input.

    Args:
        rows: of that input.
        prepare: makes an item of each, as those of the run at hand are made.
        journal: of the run at hand, where it is taken up again.
    """

    async def compare() -> Comparison:
        applied = Applied(in_order=True)
        feed = Feed(rows, prepare)
        try:
            ids, digests = list[str](), list[bytes]()
            while batch := await feed.batch():
                good = [row for row in batch if isinstance(row, Prepared)]
                ids += [identity(row) for row in good]
                digests += [digest_of(row.payload) for row in good]
                if len(ids) >= ROWS_AT_ONCE:
                    await anyio.to_thread.run_sync(applied.put, ids, digests)
                    ids, digests = [], []
            await anyio.to_thread.run_sync(applied.put, ids, digests)
        except BaseException:
            applied.close()
            raise
        finally:
            await feed.aclose()
        return Comparison(applied, journal)

    return compare
