"""
What operating systems do in their own ways: opening, locking and naming files, making them durable, signals.

Linux and macOS have ``fcntl``, Windows has ``msvcrt``; nothing else in the package asks which one it
runs on. Where a system lacks something, what takes its place stands beside it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType, ModuleType

import anyio

fcntl: ModuleType | None
msvcrt: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
try:
    import msvcrt
except ImportError:
    msvcrt = None

ENDING = (signal.SIGINT, signal.SIGTERM)
"""The signals that ask a command to end. Windows sends the first for Ctrl-C, and knows the second."""

_PLAIN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_LOCKED_BYTE = 1 << 40  # far behind the end of any journal: Windows keeps others from reading it


def open_private(path: str | os.PathLike[str], flags: int) -> int:
    """
    Open a file as bytes; a new one is its owner's only. Where the system can, a link is not followed.

    Windows has no such modes: there a file has the rights that its folder gives.

    Raises:
        OSError: the system refuses.
    """
    return os.open(path, flags | _PLAIN, 0o600)


def file_number(file: int) -> int:
    """The number of an open file on its disk, in 64 bits; a copy has another one."""
    return os.fstat(file).st_ino & (1 << 64) - 1  # ReFS has 128 bits


def lock(file: int, *, shared: bool = False) -> bool:
    """
    Lock an open file until it is closed; False where another process has it locked.

    Args:
        file: its descriptor.
        shared: others may lock it so as well. On Windows, one process only may have it.
    """
    if fcntl is not None:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
    return _lock_byte(file, "LK_NBLCK")


def unlock(file: int) -> None:
    """Give back what `lock` has taken."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_UN)
    else:
        _lock_byte(file, "LK_UNLCK")


def _lock_byte(file: int, how: str) -> bool:
    if msvcrt is None:  # neither: nothing keeps two processes apart, as on a disk without locks
        return True
    os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
    try:
        msvcrt.locking(file, getattr(msvcrt, how), 1)
    except PermissionError:
        return False
    return True


def sync(file: int) -> None:
    """
    Make what was written to a file durable.

    On macOS ``fsync`` leaves it in the cache of the disk; a control call of its own empties that.
    """
    full = getattr(fcntl, "F_FULLFSYNC", None)
    if fcntl is not None and full is not None:
        try:
            fcntl.fcntl(file, full)
        except OSError:  # a disk over the network, which knows no such call
            os.fsync(file)
    else:
        getattr(os, "fdatasync", os.fsync)(file)


def sync_folder(path: Path) -> None:
    """Make a new file's name durable, where folders can be opened; Windows keeps names in its own way."""
    try:
        folder = os.open(path.resolve().parent, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def give_name(unfinished: Path, path: Path) -> None:
    """
    Give a file, which nobody has open, the name *path*.

    Raises:
        FileExistsError: something has that name.
    """
    try:
        os.link(unfinished, path, follow_symlinks=False)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):  # a disk or a system without links
        if os.path.lexists(path):
            raise FileExistsError from None
        unfinished.rename(path)  # on Windows, refused where the name is taken
    else:
        unfinished.unlink()


async def until_told_to_end(ready: Callable[[], None]) -> None:
    """
    Wait for one of the signals `ENDING`.

    Args:
        ready: called once signals are received.
    """
    try:
        with anyio.open_signal_receiver(*ENDING) as signals:
            ready()
            async for _ in signals:
                return
    except NotImplementedError:  # the event loop of Windows has no signal handlers
        await _until_python_is_told(ready)


async def _until_python_is_told(ready: Callable[[], None]) -> None:
    loop, told = asyncio.get_running_loop(), anyio.Event()

    def tell(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(told.set)

    with contextlib.ExitStack() as before:
        for number in ENDING:
            before.callback(signal.signal, number, signal.signal(number, tell))
        ready()
        await told.wait()
