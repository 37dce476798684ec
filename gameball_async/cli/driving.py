"""Drives the runs of a command that has several, one after the other, and shows each while it goes."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

import anyio

from ..bulk.bulk import Bulk
from ..bulk.progress import Progress
from ..errors import GameballError
from .live import follow, manner_of
from .reaching import Reaching

__all__ = ["WIND_UP", "Drive", "driver"]

WIND_UP = 10.0
"""Seconds that a run that was interrupted takes to come to rest, at most."""

Drive = Callable[[str, Bulk], Awaitable[None]]
"""Reads an open run to its end; is told what it is for, in words."""


def driver(reaching: Reaching, *, as_json: bool) -> Drive:
    """
    What reads a run to its end and shows it, unless nothing but JSON is wanted.

    Args:
        reaching: knows whether Gameball can be reached.
        as_json: show nothing.
    """
    manner = manner_of(sys.stderr, as_json=as_json)

    async def drive(what: str, run: Bulk) -> None:
        def look() -> tuple[Progress, float | None]:
            return run.progress, None

        error: GameballError | OSError | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(follow, look, what, manner, sys.stderr, reaching)
            try:
                await _to_its_end(run)
            except (GameballError, OSError) as found:  # raised as itself, not in a group
                error = found
            finally:
                tasks.cancel_scope.cancel()
        if error is not None:
            raise error

    return drive


async def _to_its_end(run: Bulk) -> None:
    """Read it; where that is cancelled, nothing more is sent, and answers on their way are waited for."""
    try:
        await run.finish()
    except anyio.get_cancelled_exc_class():
        run.stop()
        # What it ends with does not matter: it goes on from its journal.
        with anyio.move_on_after(WIND_UP, shield=True), suppress(GameballError, OSError):
            await run.finish()
        raise
