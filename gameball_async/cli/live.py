"""
Reads a run to its end, and shows it meanwhile: a live block on a terminal, lines in a log, or nothing.

It reports when Gameball cannot be reached, and when it can again: a line at once, and text for the live block.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from time import monotonic
from typing import TextIO

import anyio
import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from ..bulk.bulk import Bulk
from ..bulk.events import BulkEvent
from ..bulk.progress import Progress
from ..errors import GameballError
from ..observe.events import ConnectionRestored, ConnectionTrouble, UnknownFieldMet
from ..rows.file_rows import FileRows
from . import display
from .ending import is_quiet, remark, say
from .words import clean, duration

Look = Callable[[], tuple[Progress, float | None]]
"""Takes a look at a run: its progress, and which part of its input has been read."""

Drive = Callable[[str, Bulk], Awaitable[None]]
"""Reads an open run to its end; its first argument describes the run in words."""

WIND_UP = 10.0
"""Seconds that a run that was interrupted takes to come to rest, at most."""

FRAME = 0.2
"""Seconds between two looks."""
LINES = 5.0
"""Seconds between two lines of a log."""

NEVER_WRAPS = 2_000


class Reaching:
    """
    Hook for what happens to the connection.

    Args:
        tell: prints one line; faults that waiting cannot fix are left to the error that follows.
    """

    def __init__(self, tell: Callable[[str], None] = remark) -> None:
        self._tell = tell
        self._trouble: ConnectionTrouble | None = None
        self._until = 0.0

    def __call__(self, event: ConnectionTrouble | ConnectionRestored | UnknownFieldMet) -> None:
        """Say it."""
        if isinstance(event, UnknownFieldMet):
            near = "" if event.meant is None else f"; did you mean {event.meant}?"
            name = clean(event.field)
            self._tell(
                f"{event.kind} have a field that Gameball does not know and ignores: {name}{near}"
            )
            return
        if isinstance(event, ConnectionRestored):
            self._trouble = None
            self._tell(f"connected to {clean(event.host)} again after {duration(event.seconds)}")
            return
        self._trouble = event
        self._until = anyio.current_time() + event.seconds_left
        if event.seconds_left:
            self._tell(self.words or "")

    @property
    def words(self) -> str | None:
        """Why nothing can be sent now, and for how long the client keeps trying; None if all is well."""
        if self._trouble is None:
            return None
        left = max(0.0, self._until - anyio.current_time())
        what = f"cannot connect to {clean(self._trouble.host)}: {clean(self._trouble.reason)}"
        return f"{what}; trying for {duration(left)} more" if left else what


class Manner(Enum):
    """How a run is shown."""

    LIVE = auto()
    PLAIN = auto()
    SILENT = auto()


def manner_of(stream: TextIO, *, as_json: bool) -> Manner:
    """Live if *stream* is a terminal, lines if it is a log, nothing with JSON."""
    if as_json or is_quiet():
        return Manner.SILENT
    if not stream.isatty() or console_on(stream).is_dumb_terminal:
        return Manner.PLAIN
    return Manner.LIVE


def console_on(stream: TextIO) -> Console:
    """A console without markup and highlighting, which wraps only for a terminal."""
    width = None if stream.isatty() else NEVER_WRAPS
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False)


async def follow(look: Look, what: str, manner: Manner, stream: TextIO, reaching: Reaching) -> None:
    """Show a run on *stream* until cancelled. Errors of the display do not end the run."""
    try:
        if manner is Manner.LIVE:
            await _live(look, what, console_on(stream), reaching)
        elif manner is Manner.PLAIN:
            await _plain(look, what, stream, reaching)
    except OSError:
        return  # whoever read it has left: the run goes on unseen
    except Exception as error:  # noqa: BLE001 - a fault of the display is no fault of the run
        with suppress(OSError):
            name = type(error).__name__
            say(f"the progress can no longer be shown ({name}); the run continues")


async def _live(look: Look, what: str, console: Console, reaching: Reaching) -> None:
    # No refreshing thread: each frame is drawn here, and the block goes when the run is over.
    with Live(console=console, auto_refresh=False, transient=True) as block:
        while True:
            progress, part_read = look()
            width, away = console.width, reaching.words
            block.update(display.live(progress, part_read, what, width, away), refresh=True)
            await anyio.sleep(FRAME)


async def _plain(look: Look, what: str, stream: TextIO, reaching: Reaching) -> None:
    click.echo(clean(what), file=stream)
    before: Progress | None = None
    was_read = False
    last = 0.0
    while True:
        await anyio.sleep(FRAME)
        progress, part_read = look()
        is_read = part_read is not None and part_read >= 1
        for news in display.milestones(before, progress, was_read=was_read, is_read=is_read):
            click.echo(f"{duration(progress.seconds)}: {news}", file=stream)
        if progress.seconds - last >= LINES:
            last = progress.seconds
            click.echo(display.plain_line(progress, part_read, reaching.words), file=stream)
        before, was_read = progress, is_read


def driver(reaching: Reaching, *, as_json: bool) -> Drive:
    """What drives the runs of a command that has several, one after the other, see `drive`."""
    manner = manner_of(sys.stderr, as_json=as_json)

    async def one(what: str, run: Bulk) -> None:
        await drive(run, what, manner, reaching)

    return one


async def drive(
    run: Bulk,
    what: str,
    manner: Manner,
    reaching: Reaching,
    rows: FileRows | None = None,
    note: Callable[[BulkEvent], None] = lambda event: None,
) -> None:
    """
    Read an open run to its end, and show it on standard error.

    If it is cancelled, nothing more is sent, and it waits for answers to requests in flight.

    Args:
        run: the run.
        what: what it is for, in words.
        manner: how it is shown.
        reaching: tracks whether Gameball can be reached.
        rows: the file that it reads; None if its position is not known.
        note: called with each event.

    Raises:
        GameballError, OSError: what ended the run early.
    """
    failure: GameballError | OSError | None = None

    def look() -> tuple[Progress, float | None]:
        return run.progress, None if rows is None else rows.position_fraction

    async def read() -> None:
        async for event in run:
            note(event)

    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(follow, look, what, manner, sys.stderr, reaching)
            try:
                try:
                    await read()
                except anyio.get_cancelled_exc_class():
                    run.stop()
                    with anyio.move_on_after(WIND_UP, shield=True):
                        await read()
                    raise
            except (GameballError, OSError) as error:
                failure = error
            tasks.cancel_scope.cancel()
    finally:
        if failure is not None:  # raised as itself, not in a group, and where this is cancelled too
            raise failure


@contextmanager
def showing(what: str, manner: Manner) -> Iterator[Callable[[str], None]]:
    """Gives a function that shows progress outside of a run: in place on a terminal, else in lines."""
    what = clean(what)
    if manner is Manner.LIVE:
        with Live(console=console_on(sys.stderr), auto_refresh=False, transient=True) as block:
            yield lambda text: block.update(Text(f"{what}: {text}"), refresh=True)
        return
    last = monotonic()

    def line(text: str) -> None:
        nonlocal last
        if manner is Manner.PLAIN and monotonic() - last >= LINES:
            last = monotonic()
            click.echo(f"{what}: {text}", err=True, file=sys.stderr)

    yield line
