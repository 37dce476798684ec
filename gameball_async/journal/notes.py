"""
Two small notes that are written without waiting for the disk: the last mark of a journal, and when requests left.

Each opening for writing gives the file a new generation, and what the file last said is noted beside
the input as well: a copy of the journal has another inode, and one that is older than what was
noted has missed what was sent since. A copy that is taken to another machine cannot be noticed. The times
of the last requests are in a corner of the journal itself.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Callable
from contextlib import suppress
from io import FileIO
from pathlib import Path

from attrs import define, field

from ..api.kinds import Replay, kind_of
from ..system import file_number, open_private
from .file import ROOM, Mark
from .header import Header

_TIME = struct.Struct("<d")
KEPT = ROOM // _TIME.size
"""Requests that are remembered: more than the windows of any quota we know of hold."""


def _opened(path: Path, flags: int) -> FileIO:
    return FileIO(open_private(path, flags), "r+")  # it may do what *flags* say, and no more


class Witness:
    """
    A small file beside the input that knows the last mark of a run's journal.

    Runs whose rows may be sent any number of times need none. Where it cannot be written, the journal goes
    on without.

    Args:
        header: of the run.
        journal: where its journal is.
    """

    def __init__(self, header: Header, journal: Path) -> None:
        source = Path(header.source.name)
        beside = source if header.source.digest and source.parent.is_dir() else journal
        matters = header.run and kind_of(header.kind).replay is not Replay.REPLAYABLE
        self.path: Path | None = (
            beside.with_name(f"{beside.name}.gbrun-{header.run}") if matters else None
        )

    def note(self, mark: Mark) -> None:
        """The journal says *mark* now."""
        if self.path is None:
            return
        with suppress(OSError), _opened(self.path, os.O_WRONLY | os.O_CREAT) as file:
            file.write(mark.packed())

    def last(self) -> Mark | None:
        """The last mark that was noted; None where none is known."""
        if self.path is None:
            return None
        try:
            return Mark.unpacked(self.path.read_bytes())
        except OSError:
            return None


def why_not(mark: Mark, inode: int, noted: Mark | None, replay: Replay) -> str | None:
    """
    Why a journal must not be gone on with as it is; None where it may be.

    Args:
        mark: the last one in the file.
        inode: of the file.
        noted: the last one that was noted beside the input.
        replay: what a second submission of the same item would do.
    """
    if noted is not None and noted.number > mark.number and replay is not Replay.REPLAYABLE:
        return "is an older copy: its run went on after this copy was made"
    if replay is not Replay.UNREPEATABLE:
        return None
    if noted is not None and noted.generation != mark.generation:
        return "is a copy, and its run went on in another copy"
    if mark.inode != inode:
        return "is a copy, or was moved from another disk"
    return None


@define(eq=False, slots=False)
class Recent:
    """
    The times of the last `KEPT` requests, so that a resumed run fits its own between them.

    The server's windows do not begin anew because a process did. Each time is handed to the system as its
    request leaves: it survives the process, and need not survive a power cut, which takes longer than the
    windows are long.

    Args:
        path: of the file.
        start: where in the file the times begin.
        clock: seconds that mean the same to the next process: the time of day.
    """

    _path: Path
    _start: int
    _clock: Callable[[], float]
    _inode: int | None = field(default=None, init=False)
    _next: int = field(default=0, init=False)

    def note(self) -> None:
        """A request leaves now."""
        # A disk that refuses is found out by the journal; here it risks a 429, which is waited for.
        with suppress(OSError), _opened(self._path, os.O_RDWR) as file:
            if self._is_mine(file):
                file.seek(self._start + self._next * _TIME.size)
                file.write(_TIME.pack(self._clock()))
                self._next = (self._next + 1) % KEPT

    def _is_mine(self, file: FileIO) -> bool:
        """Whether this is the file of the first request: the journal may have been moved since."""
        inode = file_number(file.fileno())
        if self._inode is None:
            self._inode = inode
            times = self._times(file)
            self._next = times.index(min(times)) if len(times) == KEPT else 0
        return inode == self._inode

    def ages(self) -> list[float]:
        """Seconds since each request that is remembered; one of the future has just left."""
        now, times = self._clock(), []
        with suppress(OSError), _opened(self._path, os.O_RDONLY) as file:
            times = self._times(file)
        return [max(0.0, now - time) for time in times if time and math.isfinite(time)]

    def _times(self, file: FileIO) -> list[float]:
        file.seek(self._start)
        data = file.read(ROOM)
        return [time for (time,) in _TIME.iter_unpack(data[: len(data) // _TIME.size * _TIME.size])]
