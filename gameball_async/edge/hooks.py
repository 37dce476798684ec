"""
Hooks: functions of the user's, sync or async, that are called with what they asked to see.

A sync hook is called at once, where the thing happens. What an async hook gives to await waits in a
queue of its own, for one task that exists while there is something to await, so no hook holds up
the run. A hook that raises is named once in the log, and changes nothing.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from ..pipeline.seen import JobMoved, RequestSeen, Sighting
from ..tasks import Background
from .logs import Complaints

if TYPE_CHECKING:
    from .looking import OnRequest, OnTransition

__all__ = ["CLOSE_WITHIN", "MOST_WAITING", "Hooks"]

T = TypeVar("T")

MOST_WAITING = 10_000
"""Calls of async hooks that wait at once, at most; those beyond are left out, which is logged."""
CLOSE_WITHIN = 5.0
"""Seconds that closing the client waits for async hooks, at most."""


class Hooks:
    """
    `ports.Observer` that calls hooks. Make it in the context that async hooks shall run in.

    Args:
        on_request: called after each request.
        on_transition: called when a watched job moves.
    """

    def __init__(self, on_request: OnRequest | None, on_transition: OnTransition | None) -> None:
        self._on_request = on_request
        self._on_transition = on_transition
        self._background = Background(lambda error: None)
        self._context = contextvars.copy_context()
        self._waiting: deque[tuple[str, Awaitable[object]]] = deque()
        self._running = False
        self._idle = anyio.Event()
        self._idle.set()
        self._complain = Complaints()
        self._closed = False

    def wants(self, sort: type[Sighting]) -> bool:
        """Whether there is a hook for it."""
        if sort is RequestSeen:
            return self._on_request is not None
        return sort is JobMoved and self._on_transition is not None

    def see(self, what: Sighting) -> None:
        """Call the hook for it."""
        if isinstance(what, RequestSeen) and self._on_request is not None:
            self._call(self._on_request, what)
        elif isinstance(what, JobMoved) and self._on_transition is not None:
            self._call(self._on_transition, what.change)

    def _call(self, hook: Callable[[T], object], what: T) -> None:
        try:
            result = hook(what)
        except Exception as error:  # noqa: BLE001 - the hook is the user's code
            self._complain(_name(hook), "raised", error)
            return
        if result is None or not inspect.isawaitable(result):
            return
        if self._closed or len(self._waiting) >= MOST_WAITING:
            if inspect.iscoroutine(result):
                result.close()
            self._complain(_name(hook), "is too slow: some of its calls are left out")
            return
        self._waiting.append((_name(hook), result))
        if not self._running:
            self._running = True
            self._idle = anyio.Event()
            # In the context of the client's opening: not in that of the call which happens to be seen.
            self._context.copy().run(self._background.spawn, self._run)

    async def _run(self) -> None:
        try:
            while self._waiting:
                name, result = self._waiting.popleft()
                await self._await(name, result)
        finally:
            self._running = False
            self._idle.set()

    async def _await(self, name: str, result: Awaitable[object]) -> None:
        try:
            await result
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            self._complain(name, "raised", error)  # its own, not ours
        except Exception as error:  # noqa: BLE001 - the hook is the user's code
            self._complain(name, "raised", error)

    async def aclose(self) -> None:
        """See async hooks through, for `CLOSE_WITHIN` seconds at most; those left are cancelled."""
        with anyio.move_on_after(CLOSE_WITHIN):
            await self._idle.wait()
        self._closed = True
        await self._background.aclose()
        while self._waiting:
            name, result = self._waiting.popleft()
            if inspect.iscoroutine(result):
                result.close()
            self._complain(name, f"was not done {CLOSE_WITHIN:g} s after the client was closed")


def _name(hook: Any) -> str:
    hook = getattr(hook, "func", hook)  # of a functools.partial
    named = hook if hasattr(hook, "__qualname__") else type(hook)
    return f"{named.__module__}.{named.__qualname__}"
