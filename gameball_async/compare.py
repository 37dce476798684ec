"""
Only what changed: rows equal to what an earlier run, or an earlier input, has applied are not sent.

Which rows those are is decided in `rows.content`. What was applied before is read, in worker threads, into a
temporary database of this process, which the system removes with it: memory does not grow with it. There each row
is looked up: an id stands there with the digest of its row, or with nothing: then what Gameball has of it is not
known.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice

import anyio.to_thread
from attrs import field, frozen

from .api.kinds import Chunking, Kind, kind_of
from .api.requests import Account
from .errors import JournalError
from .journal.folding import Contents
from .journal.header import Earlier, Header, Source
from .journal.journal import read_journal
from .journal.results import earlier_of, find_again, read_contents
from .rows.check import preparer
from .rows.check_many import Prepare
from .rows.content import digest_of, identity, refuse_incomparable, sort_out
from .rows.feed import Feed
from .rows.given import Rows, rows_of
from .rows.row import BadRow, Batch, Prepared
from .rows.unknown import Unknown, UnknownFields

AT_ONCE = 10
"""Chunks that are read in one go."""
ROWS_AT_ONCE = 1000

# At most 64 MiB of it are kept in memory. Nobody else reads it: it is one transaction to the end.
_NEW = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;
CREATE TABLE applied (id TEXT PRIMARY KEY, digest BLOB) WITHOUT ROWID;
BEGIN
"""
# Once nothing is known of an id, no other row of the same source changes that.
_LAST = """
INSERT INTO applied VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET digest = CASE
WHEN digest IS NULL THEN NULL ELSE excluded.digest END
"""
_ALIKE = """
INSERT INTO applied VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET digest = CASE
WHEN digest = excluded.digest THEN digest END
"""


@frozen
class EarlierRows:
    """
    Rows of an earlier input, all of which count as applied, for `GameballClient.bulk`.

    Attributes:
        rows: as `bulk` takes them.
        source: identifies them; resume the run with the same source.
    """

    rows: Rows = field(repr=False)
    source: Source = field(factory=Source)


@frozen
class Making:
    """
    How items are made of rows, which must be the same for both inputs.

    Attributes:
        ids_from_numbers: take whole numbers as ids.
        unknown: what to do with fields that Gameball does not know.
    """

    ids_from_numbers: bool
    unknown: Unknown

    def prepare(self, kind: Kind) -> Prepare:
        """What makes an item of a row, without a report of unknown fields."""
        fields = UnknownFields(kind, self.unknown)
        return preparer(kind, ids_from_numbers=self.ids_from_numbers, unknown=fields)


class Comparison:
    """
    Finds the rows that need not be sent, by what was applied last for each id. Used by one thread at a time.

    Args:
        in_order: whether rows of one id were applied in the given order; if not, which of different rows
            came last is not known.
        journal: of the run itself, if it is resumed.
    """

    def __init__(self, *, in_order: bool, journal: str | os.PathLike[str] | None) -> None:
        self._journal = journal
        with _told():
            self._base = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            self._base.executescript(_NEW)
        self._put = _LAST if in_order else _ALIKE

    def put(self, ids: Iterable[str], digests: Iterable[bytes | None]) -> None:
        """These rows were applied, one after the other; None for one of which that is not known."""
        with _told():
            self._base.executemany(self._put, zip(ids, digests, strict=True))

    async def take_up(self) -> None:
        """Forget all rows that the current run sent before it was resumed."""
        if self._journal is not None:
            await _read_all(read_contents(self._journal), self._sent_before)

    def _sent_before(self, rows: Contents) -> None:
        if rows.sent:
            self._forget(rows.ids)

    def _forget(self, ids: Iterable[str]) -> None:
        """Rows of these ids are sent: what Gameball has of them is not known any more."""
        query = "UPDATE applied SET digest = NULL WHERE id = ?"
        with _told():
            self._base.executemany(query, ((each,) for each in ids))

    async def sort_out(self, rows: Sequence[Prepared | BadRow]) -> Batch:
        """
        The rows again, those that are unchanged as such.

        Raises:
            JournalError: what was applied cannot be looked up.
        """
        return await anyio.to_thread.run_sync(self._sort_out, rows)

    def _sort_out(self, rows: Sequence[Prepared | BadRow]) -> Batch:
        ids = [identity(row) for row in rows if isinstance(row, Prepared)]
        find = "SELECT digest FROM applied WHERE id = ?"
        with _told():
            known = ((each, self._base.execute(find, (each,)).fetchone()) for each in ids)
            applied = {each: row[0] for each, row in known if row is not None}
        found, sent = sort_out(rows, applied)
        self._forget(sent)
        return found

    def close(self) -> None:
        """Forget what was applied. May be called again."""
        self._base.close()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise JournalError(
            f"what earlier runs have applied cannot be looked up ({error}): free space in the folder of temporary "
            "files, or set TMPDIR to another folder, then resume"
        ) from None


OpenComparison = Callable[[], Awaitable[Comparison | None]]
"""Reads what was applied before; gives nothing where no row is left to read."""


def comparison_of(
    earlier: str | os.PathLike[str] | EarlierRows, kind: Kind, account: Account, making: Making
) -> tuple[Earlier, OpenComparison]:
    """
    What a new run notes of what it is compared with, and what reads that.

    Raises:
        ConfigurationError: rows of *kind* must be sent though they equal others.
        JournalError: the journal cannot be read, its run has not ended, or it belongs to another kind,
            account or address.
    """
    refuse_incomparable(kind)
    if isinstance(earlier, EarlierRows):
        noted = Earlier(earlier.source.name, earlier.source.digest)
        return noted, _with_rows(earlier, kind, making)
    found, theirs = earlier_of(earlier, kind, account)
    return found, partial(_with_journal, found.name, found.length, Chunking(theirs.chunking))


def comparison_again(
    header: Header, journal: str | os.PathLike[str], given: EarlierRows | None, making: Making
) -> OpenComparison | None:
    """
    What reads that again for a resumed run that has rows left to read; None if none are left.

    Args:
        header: of the run.
        journal: where its journal is.
        given: the rows that it is compared with, where it is with rows.
        making: how items are made.

    Raises:
        JournalError: rows are given, and it is compared with none. When the run is opened: what it is compared
            with is not there, or is not the same.
    """
    earlier = header.earlier
    if earlier is None:
        if given is None:
            return None
        raise JournalError(
            f"the run of {os.fspath(journal)} is not compared with an earlier one: resume it without changed_against"
        )

    async def compare() -> Comparison | None:
        recorded = await anyio.to_thread.run_sync(read_journal, journal)
        if recorded.input_ended:
            return None
        if earlier.is_journal:
            path, theirs = find_again(earlier, journal)
            return await _with_journal(path, earlier.length, Chunking(theirs.chunking), journal)
        was = earlier.name, earlier.digest
        if given is None or (given.source.name, given.source.digest) != was:
            raise JournalError(
                f"the run of {os.fspath(journal)} is compared with the rows of {earlier.name or 'a program'}: pass "
                "the same again as changed_against"
            )
        return await _with_rows(given, kind_of(header.kind), making, journal)()

    return compare


async def _with_journal(
    path: str, length: int, chunking: Chunking, journal: str | os.PathLike[str] | None = None
) -> Comparison:
    """
    Compare with the first *length* bytes of the journal at *path*.

    Args:
        path: where that is.
        length: bytes of it that count.
        chunking: of its run.
        journal: of the current run, if it is resumed.
    """
    comparison = Comparison(in_order=chunking is not Chunking.PLAIN, journal=journal)

    def put(rows: Contents) -> None:
        known = zip(rows.digests, rows.applied, strict=True)
        comparison.put(rows.ids, (digest if sure else None for digest, sure in known))

    try:
        await _read_all(read_contents(path, length), put)
    except BaseException:
        comparison.close()
        raise
    return comparison


async def _read_all(rows: Iterator[Contents], take: Callable[[Contents], None]) -> None:
    """Take what a journal says in worker threads, and little enough at once to be cancelled."""

    def some() -> bool:
        found = list(islice(rows, AT_ONCE))
        for each in found:
            take(each)
        return bool(found)

    while await anyio.to_thread.run_sync(some):
        pass


def _with_rows(
    earlier: EarlierRows, kind: Kind, making: Making, journal: str | os.PathLike[str] | None = None
) -> OpenComparison:
    """What compares with the rows of an earlier input; *journal* as in `_with_journal`."""
    rows = rows_of(earlier.rows, kind, ids_from_numbers=making.ids_from_numbers)
    prepare = making.prepare(kind)

    async def compare() -> Comparison:
        comparison = Comparison(in_order=True, journal=journal)
        feed = Feed(rows, prepare)
        try:
            ids, digests = list[str](), list[bytes]()
            while batch := await feed.batch():
                good = [row for row in batch if isinstance(row, Prepared)]
                ids += [identity(row) for row in good]
                digests += [digest_of(row.payload) for row in good]
                if len(ids) >= ROWS_AT_ONCE:
                    await anyio.to_thread.run_sync(comparison.put, ids, digests)
                    ids, digests = [], []
            await anyio.to_thread.run_sync(comparison.put, ids, digests)
        except BaseException:
            comparison.close()
            raise
        finally:
            await feed.aclose()
        return comparison

    return compare
