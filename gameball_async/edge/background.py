"""
Tasks that live in the background, each in a task of its own and none in a scope of the user's.

A client may be opened in one task and closed in another (fixtures, exit stacks, lifespans), so
nothing that outlives a call may sit in a cancel scope that the user's task has entered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import anyio

__all__ = ["Background"]


class _Task:
    """One running task, as `ports.Running`."""

    def __init__(self, task: asyncio.Task[None]) -> None:
        self._task = task
        self._over = anyio.Event()
        task.add_done_callback(lambda _: self._over.set())

    def cancel(self) -> None:
        self._task.cancel()

    async def ended(self) -> None:
        await self._over.wait()


class Background:
    """
    Supervises tasks: keeps them referenced, reports what they raise, and ends them all.

    Args:
        on_crash: told of an exception that a task let out: a fault of this library.
    """

    def __init__(self, on_crash: Callable[[BaseException], None]) -> None:
        self._on_crash = on_crash
        self._tasks: dict[asyncio.Task[None], _Task] = {}

    def spawn(self, run: Callable[[], Awaitable[None]], /) -> _Task:
        """Start *run* in a task of its own. `ports.Spawn`."""

        async def main() -> None:
            await run()

        task = asyncio.get_running_loop().create_task(main())
        running = self._tasks[task] = _Task(task)
        task.add_done_callback(self._ended)
        return running

    async def aclose(self) -> None:
        """Cancel what still runs and wait until it has ended."""
        while self._tasks:
            running = list(self._tasks.values())
            for task in running:
                task.cancel()
            for task in running:
                await task.ended()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_crash(error)
