"""
The journal: one file that remembers a run, so that kill -9 anywhere loses nothing.

Writes go one after the other through a worker thread, never on the event loop. What must not be
lost is on the disk when its write returns: that bytes of a chunk may leave, which job it has become, and
how it ended. The rest survives a kill at once, and a power cut with the next such write. One process writes the file at a time; anybody may read it. After a failed write nothing
more is written: the disk is not to be trusted.
"""

from __future__ import annotations

import hashlib
import os
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from attrs import evolve

from ..api.kinds import kind_of
from ..errors import JournalError
from ..observe.events import JournalFailed
from ..observe.stream import NO_OBSERVERS
from ..rows.chunk import Chunk
from ..rows.outcome import Outcome, Reason, RowOutcome
from ..rows.row import Unchanged
from . import records as frames
from .file import TIMES, Lasts, LogFile, Work, Worker, damaged, refused
from .folding import Folding
from .header import Header
from .history import Stamp, Used
from .notes import Recent, Witness, why_not
from .state import Entries, Journal, Resumable


class JournalFile(Journal):
    """
    One journal, open and locked. What its writes mean is said in `state.Journal`.

    Made by `create` or `open`, both of which run in the calling thread; all later work is done by
    *work*, in a worker thread unless another is given.
    """

    def __init__(
        self, log: LogFile, header: Header, work: Work, clock: Callable[[], float]
    ) -> None:
        self.path: Path = log.path
        self.header = header
        self._log = log
        self._witness = Witness(header, log.path)
        self._work = work
        self._recent = Recent(log.path, TIMES, clock)
        self._broken: JournalError | None = None
        self._closed = False
        self._clock = clock
        self._began: float | None = clock()
        self._sent = 0  # requests since the last frame
        self._kind = header.kind
        self._failure_told = False
        self.stream = NO_OBSERVERS
        """Where it tells that it has failed."""

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
        header = evolve(header, run=os.urandom(4).hex())
        log = LogFile.create(Path(path), frames.header(header))
        journal = cls(log, header, work or Worker(), clock)
        journal._witness.note(log.mark)
        return journal

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        work: Work | None = None,
        clock: Callable[[], float] = time.time,
        *,
        only_copy: bool = False,
    ) -> tuple[JournalFile, Resumable]:
        """
        Open a journal to go on with, and read all that it says.

        Args:
            path: where it is.
            work: does what blocks.
            clock: seconds that mean the same to the next process.
            only_copy: somebody made sure that no other copy of it was or will be resumed.

        Raises:
            JournalError: it is not there, not a journal, of another format, cut short or damaged,
                another process holds it, or it is a copy of a run that cannot be repeated.
        """
        log = LogFile.open(Path(path), write=True)
        try:
            recorded = _state_of(log, clock)
            journal = cls(log, recorded.header, work or Worker(), clock)
            if not only_copy:
                journal._refuse_a_copy(recorded.header)
            try:
                log.own()
            except OSError as error:
                raise refused(log.path, error) from None
        except BaseException:
            log.close()
            raise
        journal._witness.note(log.mark)
        return journal, recorded

    def _refuse_a_copy(self, header: Header) -> None:
        replay = kind_of(header.kind).replay
        why = why_not(self._log.mark, self._log.inode, self._witness.last(), replay)
        if why is not None:
            raise JournalError(
                f"{self.path} {why}: rows that were sent since then would be sent again. Resume "
                "the journal that the run wrote last. If this is the only one left, and nothing "
                "was sent since it was written, pass --only-copy (only_copy=True)"
            )

    def close(self) -> None:
        """Let the file go, without a word on what was used."""
        self._closed = True
        self._log.close()

    # -- writing, each in the worker thread

    def requested(self) -> None:
        """See `state.Journal`."""
        self._sent += 1
        self._recent.note()

    async def intended(self, chunk: Chunk, resent: bool) -> None:
        """See `state.Journal`."""
        await self._write(frames.intended(chunk, resent), Lasts.A_CUT)

    async def accepted(self, number: int, job_id: int, resent: bool) -> None:
        """See `state.Journal`."""
        await self._write(lambda: frames.accepted(number, job_id, resent), Lasts.A_POWER_CUT)

    async def settled(
        self,
        number: int,
        outcomes: Sequence[Outcome],
        reasons: Mapping[int, Reason],
        entries: Entries | None = None,
    ) -> None:
        """See `state.Journal`."""
        await self._write(
            frames.settled(number, list(outcomes), dict(reasons), entries), Lasts.A_POWER_CUT
        )

    async def learned(self, dialect: str) -> None:
        """See `state.Journal`."""
        await self._write(lambda: frames.learned(dialect))

    async def dropped(self, number: int) -> None:
        """See `state.Journal`."""
        await self._write(lambda: frames.dropped(number))

    async def rejected(self, rows: Iterable[RowOutcome]) -> None:
        """See `state.Journal`."""
        await self._write(frames.rejected(rows))

    async def unchanged(self, rows: Sequence[Unchanged]) -> None:
        """See `state.Journal`."""
        await self._write(frames.unchanged(rows))

    async def input_ended(self) -> None:
        """See `state.Journal`."""
        await self._write(frames.input_ended)

    async def aclose(self, used: Used, complete: bool) -> None:
        """See `state.Journal`."""
        if self._closed:
            return
        try:
            if self._broken is None:
                await self._write(lambda: frames.used(used), Lasts.A_CUT)
        finally:
            self._closed = True
            await self._work(self.close)

    async def _write(self, frame: Callable[[], bytes], lasts: Lasts = Lasts.A_KILL) -> None:
        try:
            if self._broken is not None:
                raise self._broken
            stamp = Stamp(self._clock(), self._sent, self._began)
            self._sent, self._began = 0, None
            await self._work(lambda: self.put(lambda: frames.stamped(frame(), stamp), lasts))
        except JournalError as error:
            if not self._failure_told and self.stream.wants(JournalFailed):
                self._failure_told = True
                self.stream.emit(JournalFailed(self._kind, str(error)))
            raise

    def put(self, frame: Callable[[], bytes], lasts: Lasts) -> None:
        """
        Write a frame in the calling thread; when this returns, it survives what *lasts* says.

        Raises:
            JournalError: the disk refuses, or has refused before.
        """
        if self._broken is not None:
            raise self._broken
        try:
            self._log.append(frame())
            if lasts is Lasts.A_CUT:
                self._log.keep()
            elif lasts is Lasts.A_POWER_CUT:
                self._log.sync()
        except OSError as error:
            self._broken = refused(self.path, error)
            raise self._broken from None
        if lasts is Lasts.A_CUT:
            self._witness.note(self._log.mark)


def _state_of(log: LogFile, clock: Callable[[], float]) -> Resumable:
    """What a journal says."""
    recent = Recent(log.path, TIMES, clock)
    with sound(log):
        return folded(log).state(recent.ages())


def folded(log: LogFile, length: int | None = None) -> Folding:
    """Add up what a journal's file says, or the first *length* bytes of it."""
    found = Folding(log.frame)
    for start, frame in log.frames():
        if length is not None and start >= length:
            break
        found.add(start, frame)
    return found


@contextmanager
def sound(log: LogFile) -> Iterator[None]:
    """What cannot be read within means that the journal is damaged."""
    try:
        yield
    except JournalError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, zlib.error):
        raise damaged(log.path, "its content") from None


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[LogFile]:
    """A journal's file, to be read: nothing in it is changed, and another process may go on with it."""
    with closing(LogFile.open(Path(path), write=False)) as log, sound(log):
        yield log


def read_header(path: str | os.PathLike[str]) -> Header:
    """
    What run a journal belongs to.

    Raises:
        JournalError: it cannot be read.
    """
    with opened(path) as log:
        _, frame = next(log.frames(), (0, b""))
        return frames.header_of(frame)


def read_journal(path: str | os.PathLike[str], *, idle: bool = False) -> Resumable:
    """
    All that a journal says, also while its run goes on.

    Args:
        path: where it is.
        idle: refuse it while another process goes on with it.

    Raises:
        JournalError: it cannot be read, or another process holds it.
    """
    with opened(path) as log:
        if idle and log.held():
            raise JournalError(
                f"another process is using {path}: wait for it to end, or stop it, first"
            )
        return _state_of(log, time.time)


def read_rows(path: str | os.PathLike[str], *, open_too: bool = True) -> Iterator[RowOutcome]:
    """
    Each row in a journal, with its result, read lazily.

    Args:
        path: the journal.
        open_too: also rows without an outcome yet: pending, or indeterminate if no job is known.

    Raises:
        JournalError: it cannot be read.
    """
    with opened(path) as log:
        yield from folded(log).rows(open_too=open_too)


def digest_of(path: str | os.PathLike[str]) -> str:
    """A digest of a file's content, for `Source`."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
