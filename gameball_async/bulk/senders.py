"""The tasks that send a run's chunks: as many as the caller says, or as may be on their way at once."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import anyio
from anyio.abc import TaskGroup

from ..jobs.submit import Submitter


class Senders:
    """
    Runs a sender several times at once.

    Args:
        submitter: knows how many chunks may be on their way at once.
        concurrency: how many; None for that many, and more once more may be: bodies turn out to be small,
            or the server to be far away.
    """

    def __init__(self, submitter: Submitter, concurrency: int | None) -> None:
        self._submitter = submitter
        self._grows = concurrency is None
        self._growing = anyio.CancelScope()
        self.count: int = concurrency or submitter.at_once

    async def run(self, send: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run *send* so many times, until all have ended; each takes one off *count* then."""
        async with anyio.create_task_group() as tasks:

            async def one() -> None:
                await send()
                if not self.count:
                    self._growing.cancel()

            for _ in range(self.count):
                tasks.start_soon(one)
            if self._grows:
                tasks.start_soon(self._grow, tasks, one)

    async def _grow(self, tasks: TaskGroup, one: Callable[[], Coroutine[Any, Any, None]]) -> None:
        with self._growing:
            while not self._growing.cancel_called:
                while self.count < self._submitter.at_once:
                    self.count += 1
                    tasks.start_soon(one)
                await self._submitter.further.wait()
