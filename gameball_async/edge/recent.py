"""
When the last requests left, in a small file beside the journal, so that a resumed run fits its own
between them: the server's windows do not begin anew because a process did.

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

__all__ = ["KEPT", "Recent"]

KEPT = 4096
"""Requests that are remembered: more than the windows of any quota we know of hold."""
_TIME = struct.Struct("<d")
_FLAGS = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class Recent:
    """
    The times of the last `KEPT` requests.

    Args:
        path: of the file; it is made with the first request, and not kept open.
        clock: seconds that mean the same to the next process: the time of day.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock
        self._count: int | None = None  # of the times that were written before the next

    def note(self) -> None:
        """A request leaves now."""
        if self._count is None:
            times = self._times()
            # On from the last, or over the oldest once the file is full.
            self._count = len(times) if len(times) < KEPT else times.index(min(times))
        # A disk that refuses is found out by the journal; here it risks a 429, which is waited for.
        with contextlib.suppress(OSError):
            file = os.open(self._path, _FLAGS, 0o600)
            try:
                os.lseek(file, self._count % KEPT * _TIME.size, os.SEEK_SET)
                os.write(file, _TIME.pack(self._clock()))
            finally:
                os.close(file)
        self._count += 1

    def ages(self) -> list[float]:
        """Seconds since each request that is remembered; one of the future has just left."""
        now = self._clock()
        return [max(0.0, now - time) for time in self._times() if math.isfinite(time)]

    def remove(self) -> None:
        """Forget all."""
        self._count = None
        self._path.unlink(missing_ok=True)

    def _times(self) -> list[float]:
        try:
            data = self._path.read_bytes()
        except OSError:
            return []
        return [time for (time,) in _TIME.iter_unpack(data[: len(data) // _TIME.size * _TIME.size])]
