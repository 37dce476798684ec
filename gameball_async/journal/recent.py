"""
When the last requests left, in a corner of the journal, so that a resumed run fits its own between
them: the server's windows do not begin anew because a process did.

Each time is handed to the system as its request leaves, without waiting for the disk: it survives
the process, and need not survive a power cut, which takes longer than the windows are long.
"""

from __future__ import annotations

import contextlib
import math
import os
import struct
from collections.abc import Callable
from pathlib import Path

from ..system import file_number, open_private

KEPT = 4096
"""Requests that are remembered: more than the windows of any quota we know of hold."""
_TIME = struct.Struct("<d")
ROOM = KEPT * _TIME.size
"""Bytes that they take."""


class Recent:
    """
    The times of the last `KEPT` requests.

    Args:
        path: of the file.
        start: where in the file the times begin.
        clock: seconds that mean the same to the next process: the time of day.
    """

    def __init__(self, path: Path, start: int, clock: Callable[[], float]) -> None:
        self._path = path
        self._start = start
        self._clock = clock
        self._inode: int | None = None
        self._next = 0

    def note(self) -> None:
        """A request leaves now."""
        # A disk that refuses is found out by the journal; here it risks a 429, which is waited for.
        with contextlib.suppress(OSError):
            file = open_private(self._path, os.O_RDWR)
            try:
                if not self._is_mine(file):
                    return
                os.lseek(file, self._start + self._next * _TIME.size, os.SEEK_SET)
                os.write(file, _TIME.pack(self._clock()))
                self._next = (self._next + 1) % KEPT
            finally:
                os.close(file)

    def _is_mine(self, file: int) -> bool:
        """Whether this is the file of the first request: the journal may have been moved since."""
        inode = file_number(file)
        if self._inode is None:
            self._inode = inode
            times = self._times(file)
            self._next = times.index(min(times)) if len(times) == KEPT else 0
        return inode == self._inode

    def ages(self) -> list[float]:
        """Seconds since each request that is remembered; one of the future has just left."""
        now = self._clock()
        try:
            file = open_private(self._path, os.O_RDONLY)
        except OSError:
            return []
        try:
            times = self._times(file)
        finally:
            os.close(file)
        return [max(0.0, now - time) for time in times if time and math.isfinite(time)]

    def _times(self, file: int) -> list[float]:
        os.lseek(file, self._start, os.SEEK_SET)
        data = os.read(file, ROOM)
        return [time for (time,) in _TIME.iter_unpack(data[: len(data) // _TIME.size * _TIME.size])]
