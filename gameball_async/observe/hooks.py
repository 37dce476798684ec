"""
Hooks: functions of the user's, sync or async, that are called with what they asked for.

A sync hook is called at once, where the thing happens. What an async hook returns waits in a queue,
and is awaited by one task that exists while there is something to await, so no async hook holds up a run.
A hook that raises is named once in the log, and has no effect.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import anyio

from ..tasks import Background
from .events import (
    ConnectionRestored,
    ConnectionTrouble,
    Event,
    JobTransition,
    RequestEnded,
    UnknownFieldMet,
)
from .logging import OnceLogger

if TYPE_CHECKING:
    from ..api.jobs import Transition

# An async function returns an object too: something to await.
OnRequest = Callable[[RequestEnded], object]
OnTransition = Callable[["Transition"], object]
OnWarning = Callable[[ConnectionTrouble | ConnectionRestored | UnknownFieldMet], object]

MOST_WAITING = 10_000
"""Calls of async hooks that wait at once, at most; those beyond are left out, which is logged."""
CLOSE_WITHIN = 5.0
"""Seconds that closing the client waits for async hooks, at most."""


class Hooks:
    """
    `stream.Observer` that calls hooks. Make it in the context that async hooks shall run in.

    Args:
        on_request: called after each request.
        on_transition: called when a watched job moves.
        on_warning: called when no connection comes about, and when one does again, and when rows have
            a field that Gameball does not know.
    """

    def __init__(
        self,
        on_request: OnRequest | None,
        on_transition: OnTransition | None,
        on_warning: OnWarning | None = None,
    ) -> None:
        warns = dict.fromkeys((ConnectionTrouble, ConnectionRestored, UnknownFieldMet), on_warning)
        given = {RequestEnded: on_request, JobTransition: on_transition, **warns}
        self._hooks: dict[type[Event], Callable[[Any], object]] = {
            event: hook for event, hook in given.items() if hook is not None
        }
        self._background = Background(lambda error: None)
        self._context = contextvars.copy_context()
        self._waiting: deque[tuple[object, Awaitable[object]]] = deque()
        self._idle = anyio.Event()  # set while no task awaits them
        self._idle.set()
        self._failed = OnceLogger()
        self._closed = False

    def wants(self, event: type[Event]) -> bool:
        """Whether there is a hook for it."""
        return event in self._hooks

    def on_event(self, event: Event) -> None:
        """Call the hook for it."""
        hook = self._hooks[type(event)]
        try:
            result = hook(event.change if isinstance(event, JobTransition) else event)
        except Exception as error:  # noqa: BLE001 - the hook is the user's code
            self._failed(hook, error)
            return
        if result is None or not inspect.isawaitable(result):
            return
        if self._closed or len(self._waiting) >= MOST_WAITING:
            if inspect.iscoroutine(result):
                result.close()
            self._failed.log(hook, "is too slow: some of its calls are skipped")
            return
        self._waiting.append((hook, result))
        if self._idle.is_set():
            self._idle = anyio.Event()
            # In the context of the client's opening, not in that of some call.
            self._context.copy().run(self._background.spawn, self._run)

    async def _run(self) -> None:
        try:
            while self._waiting:
                hook, result = self._waiting.popleft()
                try:
                    await result
                except asyncio.CancelledError as error:
                    task = asyncio.current_task()
                    if task is None or task.cancelling():
                        raise
                    self._failed(hook, error)  # its own, not ours
                except Exception as error:  # noqa: BLE001 - the hook is the user's code
                    self._failed(hook, error)
        finally:
            self._idle.set()

    async def aclose(self) -> None:
        """See async hooks through, for `CLOSE_WITHIN` seconds at most; those left are cancelled."""
        with anyio.move_on_after(CLOSE_WITHIN):
            await self._idle.wait()
        self._closed = True
        await self._background.aclose()
        while self._waiting:
            hook, result = self._waiting.popleft()
            if inspect.iscoroutine(result):
                result.close()
            self._failed.log(
                hook,
                f"did not finish within {CLOSE_WITHIN:g} s after the client was closed",
            )
