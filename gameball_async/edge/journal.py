"""
The journal: one SQLite file that remembers a run, so that kill -9 anywhere loses nothing.

Writes go one after the other through a worker thread, never on the event loop, and are on the disk
when they return: write-ahead log, synchronous in full. One process holds the file at a time, by
a lock of the operating system. Each record carries a checksum, so that a damaged one is refused
rather than believed. After a failed write nothing more is written: the disk is not to be trusted.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import attrs
import orjson

from ..errors import JournalError
from ..model.outcomes import Outcome, Reason, RowOutcome
from ..pipeline.chunks import Chunk
from ..pipeline.ledger import Header, Odd, Resumable, Stage, Used, odd_rows
from .journal_disk import Work, Worker, connect, refused, sync_folder
from .journal_records import (
    CHUNK,
    ODD,
    SCHEMA,
    checksum,
    chunk_record,
    header_record,
    odd_record,
    odd_values,
    packed_chunk,
)
from .recent import Recent

__all__ = ["JournalFile", "digest_of", "read_header", "read_journal"]

T = TypeVar("T")


class JournalFile:
    """
    One journal, open and locked. `ports.Journal`.

    Made by `create` or `open`, both of which run in the calling thread; all later work is done by
    *work*, in a worker thread unless another is given.
    """

    def __init__(
        self, path: Path, database: sqlite3.Connection, work: Work, clock: Callable[[], float]
    ) -> None:
        self.path = path
        self._database = database
        self._work = work
        self._recent = Recent(path.with_name(f"{path.name}-recent"), clock)
        self._broken: JournalError | None = None
        self._closed = False

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        header: Header,
        work: Work | None = None,
        clock: Callable[[], float] = time.time,
    ) -> JournalFile:
        """
        Make a new journal, readable by its owner only.

        Raises:
            JournalError: there is a file of that name already, or the disk refuses.
        """
        where = Path(path)
        if os.path.lexists(log := f"{where}-wal"):  # SQLite would take it for the new file's
            raise JournalError(
                f"{log} is left of a journal that is gone: put that back and resume it, or delete "
                "this too"
            )
        try:
            flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0)
            os.close(os.open(where, flags, 0o600))
        except FileExistsError:
            raise JournalError(
                f"{where} exists already: resume it, or name another journal"
            ) from None
        except OSError as error:
            raise refused(where, error) from None
        try:
            return cls._made(where, header, work or Worker(), clock)
        except BaseException:
            for end in ("", "-wal", "-shm"):  # what holds nothing would only be in the way
                Path(f"{where}{end}").unlink(missing_ok=True)
            raise

    @classmethod
    def _made(
        cls, where: Path, header: Header, work: Work, clock: Callable[[], float]
    ) -> JournalFile:
        journal = cls(where, connect(where), work, clock)
        journal._recent.remove()  # of a journal that is gone
        try:
            with journal._transaction():
                for statement in SCHEMA.split(";"):
                    journal._database.execute(statement)
                journal._put("header", attrs.asdict(header))
            sync_folder(where)
        except BaseException:
            journal.close()
            raise
        return journal

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        work: Work | None = None,
        clock: Callable[[], float] = time.time,
    ) -> tuple[JournalFile, Resumable]:
        """
        Open a journal and read all that it says.

        Raises:
            JournalError: it is not there, not a journal, of a newer format, damaged, or another
                process holds it.
        """
        journal = cls._connected(path, work, clock)
        try:
            return journal, journal._reading(journal._load)
        except BaseException:
            journal._database.close()
            raise

    @classmethod
    def _connected(
        cls,
        path: str | os.PathLike[str],
        work: Work | None = None,
        clock: Callable[[], float] = time.time,
    ) -> JournalFile:
        where = Path(path)
        if where.is_symlink() or not where.is_file():
            raise JournalError(f"{where} is not a file: name the journal that the run wrote")
        return cls(where, connect(where), work or Worker(), clock)

    def close(self) -> None:
        """Let the file go, without a word on what was used."""
        self._closed = True
        self._database.close()

    # -- writing, each in the worker thread

    def requested(self) -> None:
        """See `ports.Journal`."""
        self._recent.note()

    async def intended(self, chunk: Chunk, resent: bool) -> None:
        """See `ports.Journal`."""
        pack = packed_chunk(chunk)

        def write() -> None:
            self._write_chunk(chunk.number, Stage.INTENDED, None, resent, *pack(), 0)

        await self._do(write)

    async def accepted(self, number: int, job_id: int, resent: bool) -> None:
        """See `ports.Journal`."""

        def write() -> None:
            known = self._chunk(number)
            known[1], known[2], known[3] = Stage.ACCEPTED.value, job_id, resent
            self._write_chunk(known[0], Stage.ACCEPTED, *known[2:])

        await self._do(write)

    async def settled(
        self, number: int, outcomes: Sequence[Outcome], reasons: Mapping[int, Reason]
    ) -> None:
        """See `ports.Journal`."""

        def write() -> None:
            known = self._chunk(number)
            if reasons:
                record = chunk_record(known)
                for odd in odd_rows(record.chunk(), outcomes, dict(reasons), record.job_id):
                    self._write_odd(odd)
            succeeded = sum(outcome is Outcome.SUCCEEDED for outcome in outcomes)
            self._write_chunk(
                number, Stage.SETTLED, known[2], known[3], known[4], None, None, succeeded
            )

        await self._do(write)

    async def dropped(self, number: int) -> None:
        """See `ports.Journal`."""

        def write() -> None:
            self._database.execute("DELETE FROM chunk WHERE number = ?", (number,))
            self._put("input_ended", False)  # its rows are to be read again

        await self._do(write)

    async def rejected(self, rows: Iterable[RowOutcome]) -> None:
        """See `ports.Journal`."""
        odd = [Odd(row) for row in rows]

        def write() -> None:
            for row in odd:
                self._write_odd(row)

        await self._do(write)

    async def input_ended(self) -> None:
        """See `ports.Journal`."""
        await self._do(lambda: self._put("input_ended", True))

    async def aclose(self, used: Used, complete: bool) -> None:
        """See `ports.Journal`."""
        if self._closed:
            return
        try:
            if self._broken is None:
                await self._do(lambda: self._put("used", attrs.asdict(used)))
            if complete:
                await self._work(self._recent.remove)
        finally:
            self._closed = True
            await self._work(self.close)

    async def _do(self, write: Callable[[], None]) -> None:
        if self._broken is not None:
            raise self._broken

        def work() -> None:
            with self._transaction():
                write()

        await self._work(work)

    def _transaction(self) -> _Transaction:
        return _Transaction(self)

    # -- records

    def _put(self, name: str, value: object) -> None:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
        self._database.execute(
            "INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", (name, text, checksum(name, text))
        )

    def _write_chunk(self, number: int, stage: Stage, *rest: Any) -> None:
        values = (number, stage.value, *rest)
        self._database.execute(
            f"INSERT OR REPLACE INTO chunk ({CHUNK}, sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (*values, checksum(*values)),
        )

    def _write_odd(self, odd: Odd) -> None:
        values = odd_values(odd)
        self._database.execute(
            f"INSERT INTO odd ({ODD}, sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (*values, checksum(*values)),
        )

    def _chunk(self, number: int) -> list[Any]:
        row = self._database.execute(
            f"SELECT {CHUNK}, sum FROM chunk WHERE number = ?",  # noqa: S608
            (number,),
        ).fetchone()
        if row is None:
            raise JournalError(f"{self.path} has lost chunk {number}: it was changed from outside")
        return self._checked(row, f"chunk {number}")

    # -- reading

    def _load(self) -> Resumable:
        meta = dict(self._meta())
        chunks = self._database.execute(f"SELECT {CHUNK}, sum FROM chunk ORDER BY number")  # noqa: S608
        records = [chunk_record(self._checked(row, f"chunk {row[0]}")) for row in chunks]
        odd = self._database.execute(f"SELECT {ODD}, sum FROM odd ORDER BY rowid")  # noqa: S608
        rows = [odd_record(self._checked(row, "a row's outcome")) for row in odd]
        header, used = header_record(meta["header"]), Used(**meta.get("used", {}))
        ended, recent = bool(meta.get("input_ended")), self._recent.ages()
        return Resumable(header, records, rows, ended, used, recent)

    def _reading(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except JournalError:
            raise
        except (sqlite3.Error, KeyError, TypeError, ValueError, zlib.error) as error:
            if "no such table" in str(error):
                raise JournalError(
                    f"{self.path} holds no run: it was cut off before anything was sent, unless "
                    "the file was damaged since. Delete it, and import again"
                ) from None
            raise JournalError(
                f"{self.path} is not a journal, or is damaged ({type(error).__name__}): it cannot "
                "be resumed. Keep it, and ask for the status of its jobs by number"
            ) from None

    def _meta(self) -> Iterable[tuple[str, Any]]:
        for row in self._database.execute("SELECT name, value, sum FROM meta"):
            name, value = self._checked(row, "the header")
            yield name, orjson.loads(value)

    def _checked(self, row: Sequence[Any], what: str) -> list[Any]:
        *values, stored = row
        if checksum(*values) != stored:
            raise JournalError(
                f"{self.path} is damaged: {what} does not match its checksum. It cannot be resumed "
                "by itself; keep it, and ask for the status of its jobs by number"
            )
        return values


def read_header(path: str | os.PathLike[str]) -> Header:
    """
    What run a journal belongs to.

    Raises:
        JournalError: it cannot be read, or another process holds it.
    """
    journal = JournalFile._connected(path)
    try:
        return journal._reading(lambda: header_record(dict(journal._meta())["header"]))
    finally:
        journal.close()


def read_journal(path: str | os.PathLike[str]) -> Resumable:
    """
    All that a journal says; nothing in it is changed.

    Raises:
        JournalError: it cannot be read, or another process holds it.
    """
    journal, recorded = JournalFile.open(path)
    journal.close()
    return recorded


def digest_of(path: str | os.PathLike[str]) -> str:
    """A digest of a file's content, for `Source`."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Transaction:
    """All or nothing, and durable; a failure breaks the journal for good."""

    def __init__(self, journal: JournalFile) -> None:
        self._journal = journal

    def __enter__(self) -> None:
        self._guard(lambda: self._journal._database.execute("BEGIN IMMEDIATE"))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        if error is None:
            self._guard(lambda: self._journal._database.execute("COMMIT"))
            return
        with contextlib.suppress(sqlite3.Error):
            self._journal._database.execute("ROLLBACK")
        if isinstance(error, (sqlite3.Error, OSError)):
            raise self._break(error) from None

    def _guard(self, step: Callable[[], object]) -> None:
        try:
            step()
        except (sqlite3.Error, OSError) as error:
            raise self._break(error) from None

    def _break(self, error: Exception) -> JournalError:
        self._journal._broken = refused(self._journal.path, error)
        return self._journal._broken
