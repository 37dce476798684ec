"""The tasks that send a run's chunks: as many as the caller says, or as the distance to the server asks for."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import anyio
from anyio.abc import TaskGroup

from ..jobs.submit import Submitter

__all__ = ["Senders"]


class Senders:
    """
    Runs a sender several times at once.

    Args:
        submitter: knows how many chunks may be on their way at once.
        concurrency: how many; None for that many, and more as the server turns out to be far away.
    """

    def __init__(self, submitter: Submitter, concurrency: int | None) -> None:
        self._submitter = submitter
        self._grows = concurrency is None
        self.count: int = concurrency or submitter.at_once

    async def run(self, send: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run *send* so many times, until all have ended; each takes one off *count* then."""
        async with anyio.create_task_group() as growing:
            async with anyio.create_task_group() as senders:
                for _ in range(self.count):
                    senders.start_soon(send)
                if self._grows:
                    growing.start_soon(self._grow, senders, send)
            growing.cancel_scope.cancel()

    async def _grow(
        self, senders: TaskGroup, send: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        while True:
            while self.count < self._submitter.at_once:
                self.count += 1
                senders.start_soon(send)
            await self._submitter.further.wait()
