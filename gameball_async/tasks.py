"""
Tasks that live in the background, each in a task of its own and none in a scope of the user's.

A client may be opened in one task and closed in another (fixtures, exit stacks, lifespans), so
nothing that outlives a call may sit in a cancel scope that the user's task has entered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

import anyio

END_WITHIN = 10.0
"""Seconds that a cancelled task is waited for, at most: rows may come from code that will not end."""


async def see_through(cleaning: Coroutine[Any, Any, None]) -> None:
    """
    Run *cleaning* to its end, even while the waiting task is cancelled; then that goes on.

    A shielded scope alone keeps off anyio's cancellations only, not those of ``Task.cancel``, which
    web servers, ``asyncio.timeout`` and an interrupted ``asyncio.run`` use.
    """
    task = asyncio.get_running_loop().create_task(cleaning)
    cancelled: asyncio.CancelledError | None = None
    with anyio.CancelScope(shield=True):
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # looked at: asyncio complains of those that nobody has looked at
        raise cancelled
    task.result()


class Running:
    """A task in the background."""

    def __init__(self, task: asyncio.Task[None]) -> None:
        self._task = task

    async def end(self) -> None:
        """
        Cancel it and wait until it has ended, for some seconds at most.

        A cancellation of the waiting task meanwhile comes out only afterwards.
        """
        await see_through(_end([self._task]))


Spawn: TypeAlias = Callable[[Callable[[], Coroutine[Any, Any, None]]], Running]
"""Starts a task in the background, supervised until it ends."""


class Background:
    """
    Supervises tasks: keeps them referenced, reports what they raise, and ends them all.

    Args:
        on_crash: told of an exception that a task let out: a fault of this library.
    """

    def __init__(self, on_crash: Callable[[BaseException], None]) -> None:
        self._on_crash = on_crash
        self._tasks: set[asyncio.Task[None]] = set()  # the loop alone would not keep them

    def spawn(self, run: Callable[[], Coroutine[Any, Any, None]]) -> Running:
        """Start *run* in a task of its own. `Spawn`."""
        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return Running(task)

    async def aclose(self) -> None:
        """Cancel what still runs and wait until it has ended, for `END_WITHIN` seconds at most."""
        await _end(list(self._tasks))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_crash(error)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=END_WITHIN)


def only(group: BaseExceptionGroup[Exception]) -> BaseException:
    """The first exception of a group: tasks that fail in one tick mostly fail of one cause."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class Signal:
    """Wakes those who wait for something to change."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def wake(self, most: int | None = None) -> None:
        """Wake them all, or only so many, those who have waited for longest."""
        for waiter in [each for each in self._waiting if not each.done()][:most]:
            waiter.set_result(None)

    async def wait(self) -> None:
        """Wait for the next change."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            await waiter
        finally:
            self._waiting.remove(waiter)


def loop_time() -> float:
    """Seconds on the clock of the event loop that runs."""
    return asyncio.get_running_loop().time()
