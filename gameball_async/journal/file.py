"""
The bytes under a journal: one file that only grows, so that it holds all that was acknowledged.

The file begins with two marks, written in turn; after them (and the times of the last requests) come frames, each with its length and a
checksum. A frame is written at the end, and the mark, which says how long the file must be, is
written after the frame is on the disk. So at every instant, also in the middle of a kill, the file alone is the
last acknowledged state, with at most one frame more, which was not acknowledged yet. A file that is
shorter than its mark says, or damaged before that length, has lost something: it is refused.
The mark counts every frame without which rows would be sent again; others count with the next mark.

The mark also says which file it is in (the inode) and which opening wrote it (the generation), so
that a copy and an older state that was put back are noticed (`notes`).
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Awaitable, Callable, Iterator
from enum import Enum
from pathlib import Path

import anyio.to_thread
from attrs import evolve, frozen

from ..errors import JournalError
from ..system import file_number, give_name, lock, open_private, sync, sync_folder, unlock

MAGIC = b"gameball_async journal\n"
TIMES = 4096
"""Where the times of the last requests are."""
ROOM = 4096 * 8
"""Bytes that they take."""
START = TIMES + ROOM
"""Where the first frame begins."""
_SLOTS = (512, 1024)  # a sector each: a torn write of one leaves the other
_MARK = struct.Struct("<QQQ16sI")
_FRAME = struct.Struct("<II")
MOST = 1 << 30
"""Bytes of the longest frame; a longer one is damage."""


class Lasts(Enum):
    """What a frame survives once its write has returned."""

    A_KILL = "kill"
    """A kill of the process; a power cut may take it back."""
    A_POWER_CUT = "power cut"
    """A power cut too; a file that is cut short just before it is not noticed."""
    A_CUT = "cut"
    """A power cut too, and a file without it is refused."""


Work = Callable[[Callable[[], None]], Awaitable[None]]
"""Carries out one piece of blocking work at a time, in the order it was given."""


class Worker:
    """Does blocking work in a worker thread, one piece after the other."""

    def __init__(self) -> None:
        self._turns = anyio.CapacityLimiter(1)

    async def __call__(self, work: Callable[[], None]) -> None:
        await anyio.to_thread.run_sync(work, limiter=self._turns)


@frozen
class Mark:
    """
    What a journal's file says of itself.

    Attributes:
        number: counts the marks: a higher one is later.
        length: bytes that the file must have.
        inode: of the file that it was written in.
        generation: of the opening that wrote it.
    """

    number: int
    length: int
    inode: int
    generation: bytes

    def packed(self) -> bytes:
        """As bytes, with a checksum."""
        data = _MARK.pack(self.number, self.length, self.inode, self.generation, 0)[:-4]
        return data + struct.pack("<I", zlib.crc32(data))

    @classmethod
    def unpacked(cls, data: bytes) -> Mark | None:
        """From the first of *data*; None where that is no whole mark."""
        if len(data) < _MARK.size:
            return None
        number, length, inode, generation, checksum = _MARK.unpack_from(data)
        whole = zlib.crc32(data[: _MARK.size - 4]) == checksum
        return cls(number, length, inode, generation) if whole and number else None


class LogFile:
    """A journal's file at *path*, open as the descriptor *file*; *mark* is the last one in it."""

    def __init__(self, path: Path, file: int, mark: Mark) -> None:
        self.path = path
        self.mark: Mark = mark
        self._file = file
        self._end = mark.length

    @classmethod
    def create(cls, path: Path, frame: bytes) -> LogFile:
        """
        Make a file with a first frame, readable by its owner only. It appears whole, or not at all.

        Raises:
            JournalError: there is a file of that name already, or the disk refuses.
        """
        unfinished = path.with_name(f"{path.name}.{os.getpid()}.new")
        try:
            # Looked at first for the sake of the message; giving the name is what decides.
            if os.path.lexists(path):
                raise FileExistsError
            try:
                cls._write_first(unfinished, frame)
                give_name(unfinished, path)
            finally:
                unfinished.unlink(missing_ok=True)
            sync_folder(path)
        except FileExistsError:
            raise JournalError(
                f"{path} already exists: resume it, or name another journal (--journal)"
            ) from None
        except OSError as error:
            raise refused(path, error) from None
        return cls.open(path, write=True)

    @classmethod
    def _write_first(cls, path: Path, frame: bytes) -> None:
        file = open_private(path, os.O_CREAT | os.O_EXCL | os.O_RDWR)
        try:
            os.ftruncate(file, START)
            _write(file, MAGIC, 0)
            log = cls(path, file, Mark(0, START, file_number(file), os.urandom(16)))
            log.append(frame)
            log.keep()
        finally:
            os.close(file)

    @classmethod
    def open(cls, path: Path, *, write: bool) -> LogFile:
        """
        Open a file; one that is opened for writing is locked, and another process is kept out.

        Raises:
            JournalError: it is not there, no journal, damaged or cut short, or another process
                holds it.
        """
        if path.is_symlink() or not path.is_file():
            raise JournalError(f"{path} is not a regular file: name the journal that the run wrote")
        try:
            file = open_private(path, os.O_RDWR if write else os.O_RDONLY)
        except OSError as error:
            raise refused(path, error) from None
        try:
            if write and not lock(file):
                raise JournalError(
                    f"another process is using {path}: wait for it to end, or stop it, first"
                )
            return cls(path, file, _last_mark(path, file))
        except OSError as error:
            os.close(file)
            raise refused(path, error) from None
        except BaseException:
            os.close(file)
            raise

    @property
    def inode(self) -> int:
        """The number of this very file, which a copy does not have."""
        return file_number(self._file)

    def held(self) -> bool:
        """Whether another process has it open for writing."""
        if not lock(self._file, shared=True):
            return True
        unlock(self._file)
        return False

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """
        Where each frame begins, and what is in it; a frame that was cut off while it was written ends them.

        Raises:
            JournalError: a frame that the mark counts is damaged.
        """
        self._end = START
        while (frame := self._frame_at(self._end)) is not None:
            start, self._end = self._end, self._end + _FRAME.size + len(frame)
            yield start, frame
        if self._end < self.mark.length:
            raise damaged(self.path, f"byte {self._end:,} and after it")

    def frame(self, start: int) -> bytes:
        """
        The frame that begins at *start*.

        Raises:
            JournalError: there is none any more.
        """
        found = self._frame_at(start)
        if found is None:
            raise damaged(self.path, f"byte {start:,} and after it")
        return found

    def _frame_at(self, start: int) -> bytes | None:
        head = _read(self._file, _FRAME.size, start)
        if len(head) < _FRAME.size:
            return None
        size, checksum = _FRAME.unpack(head)
        if not 0 < size < MOST:
            return None
        data = _read(self._file, size, start + _FRAME.size)
        return data if len(data) == size and _checksum(start, data) == checksum else None

    def append(self, frame: bytes) -> None:
        """Write a frame at the end. A kill leaves it; a power cut may not, until `keep`."""
        data = _FRAME.pack(len(frame), _checksum(self._end, frame)) + frame
        _write(self._file, data, self._end)
        self._end += len(data)

    def sync(self) -> None:
        """Make all frames so far durable; the mark does not count them yet."""
        sync(self._file)

    def keep(self) -> None:
        """Make all frames so far durable, then the mark that counts them."""
        self.sync()
        self.mark = evolve(self.mark, number=self.mark.number + 1, length=self._end)
        _write(self._file, self.mark.packed(), _SLOTS[self.mark.number % 2])
        sync(self._file)

    def own(self) -> None:
        """This is the file to go on with: cut what was not written whole, and begin a new generation."""
        os.ftruncate(self._file, self._end)
        self.mark = evolve(self.mark, inode=self.inode, generation=os.urandom(16))
        self.keep()

    def close(self) -> None:
        """Let the file go. May be called again."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)


def _last_mark(path: Path, file: int) -> Mark:
    head = _read(file, TIMES, 0)
    if not head.startswith(MAGIC):
        what = "has an older format" if head.startswith(b"SQLite format 3") else "is not a journal"
        raise JournalError(
            f"{path} {what}, or is damaged: it cannot be resumed. Keep it, and look up its jobs "
            "with `gameball-async status JOB_ID`"
        )
    marks = [found for slot in _SLOTS if (found := Mark.unpacked(head[slot:])) is not None]
    if not marks:
        raise damaged(path, "its beginning")
    last = max(marks, key=lambda mark: mark.number)
    size = os.fstat(file).st_size
    if size < last.length:
        raise JournalError(
            f"{path} is cut short: it has {size:,} of at least {last.length:,} bytes, so what was "
            "sent last is missing. Copy the whole file again, and resume that"
        )
    return last


def damaged(path: Path, what: str) -> JournalError:
    """A journal that cannot be believed."""
    return JournalError(
        f"{path} is damaged: {what} does not match its checksum. It cannot be resumed. Keep it, "
        "and restore an undamaged copy, or look up its jobs with `gameball-async status JOB_ID`"
    )


def refused(path: Path, error: OSError) -> JournalError:
    """What an error of the disk means for the run."""
    return JournalError(
        f"the journal {path} cannot be written ({error.strerror or error}): nothing more is "
        "submitted. Free space on the disk or repair it, then resume"
    )


def _checksum(start: int, data: bytes) -> int:
    """Of a frame at its place: one that was moved does not match."""
    return zlib.crc32(data, zlib.crc32(b"%d" % start))


def _read(file: int, size: int, start: int) -> bytes:
    os.lseek(file, start, os.SEEK_SET)
    return os.read(file, size)


def _write(file: int, data: bytes, start: int) -> None:
    os.lseek(file, start, os.SEEK_SET)
    while data:
        data = data[os.write(file, data) :]
