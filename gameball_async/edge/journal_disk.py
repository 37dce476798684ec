"""The file under a journal: its lock, its settings, and what its errors mean."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio.to_thread

from ..errors import JournalError

__all__ = ["Work", "Worker", "connect", "refused", "sync_folder"]

LOG_PAGES = 4000
"""Pages of 4 KiB in the log before it is folded in, which costs two syncs more."""

Work = Callable[[Callable[[], None]], Awaitable[None]]
"""Carries out one piece of blocking work at a time, in the order it was given."""


class Worker:
    """Does blocking work in a worker thread, one piece after the other."""

    def __init__(self) -> None:
        self._turns = anyio.CapacityLimiter(1)

    async def __call__(self, work: Callable[[], None]) -> None:
        await anyio.to_thread.run_sync(work, limiter=self._turns)


def connect(path: Path) -> sqlite3.Connection:
    """
    Open and lock a journal's file.

    Raises:
        JournalError: another process holds it, it is no journal, or the disk refuses.
    """
    try:
        database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.0)
    except sqlite3.Error as error:
        raise refused(path, error) from None
    try:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        # The lock is taken with the first write, and held until the connection is closed.
        database.execute("BEGIN IMMEDIATE")
        database.execute("COMMIT")
    except sqlite3.Error as error:
        database.close()
        raise refused(path, error) from None
    return database


def refused(path: Path, error: Exception) -> JournalError:
    """What an error of the disk or the file means for the run."""
    if "locked" in str(error) or "busy" in str(error):
        return JournalError(f"another process holds {path}: let it end, or stop it, first")
    if isinstance(error, sqlite3.DatabaseError) and "not a database" in str(error):
        return JournalError(f"{path} is not a journal, or is damaged from its first byte on")
    what = error.strerror if isinstance(error, OSError) else str(error)
    return JournalError(
        f"the journal {path} cannot be written ({what}): nothing more is submitted. Make room or "
        "mend the disk, then resume"
    )


def sync_folder(path: Path) -> None:
    """Make the new file's name durable, where the system can."""
    try:
        folder = os.open(path.resolve().parent, os.O_RDONLY)
    except OSError:  # a system that cannot open folders keeps names in its own way
        return
    try:
        os.fsync(folder)
    except OSError as error:
        raise refused(path, error) from None
    finally:
        os.close(folder)
