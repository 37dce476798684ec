"""Shows a run while it goes: a live block on a terminal, lines in a log, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from typing import TextIO

import anyio
import click
from rich.console import Console
from rich.live import Live

from ..bulk.progress import Progress
from . import display
from .ending import is_quiet, say
from .reaching import Reaching
from .words import clean, duration

__all__ = ["Look", "Manner", "console_on", "follow", "manner_of"]

Look = Callable[[], tuple[Progress, float | None]]
"""Takes a look at a run: its progress, and which part of its input has been read."""

FRAME = 0.2
"""Seconds between two looks."""
LINES = 5.0
"""Seconds between two lines of a log."""

NEVER_WRAPS = 2_000


class Manner(Enum):
    """How a run is shown."""

    LIVE = auto()
    PLAIN = auto()
    SILENT = auto()


def manner_of(stream: TextIO, *, as_json: bool) -> Manner:
    """Live where a person looks at *stream*, lines where it is a log, nothing beside JSON."""
    if as_json or is_quiet():
        return Manner.SILENT
    if not stream.isatty() or console_on(stream).is_dumb_terminal:
        return Manner.PLAIN
    return Manner.LIVE


def console_on(stream: TextIO) -> Console:
    """A console that reads no markup, guesses at nothing, and wraps only for a terminal."""
    width = None if stream.isatty() else NEVER_WRAPS
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False)


async def follow(look: Look, what: str, manner: Manner, stream: TextIO, reaching: Reaching) -> None:
    """Show a run on *stream* until cancelled. Whatever goes wrong with that does not end the run."""
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
            say(f"the progress cannot be shown any more ({name}); the run goes on")


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
