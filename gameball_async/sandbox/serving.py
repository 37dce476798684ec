"""Two ways to run a sandbox: until cancelled, and in a thread beside programs of any style."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

import anyio
import anyio.from_thread
import anyio.lowlevel
from anyio.lowlevel import EventLoopToken

from .server import Sandbox

__all__ = ["SandboxThread", "serve"]

START_WITHIN = 30.0
"""Seconds that the sandbox's start may take."""


async def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    ready: Callable[[Sandbox], None] | None = None,
    **options: Any,
) -> None:
    """
    Runs a sandbox until cancelled.

    Arguments:
        host: the address to listen on.
        port: 0 for any free one.
        ready: called with the sandbox once it listens.
        options: those of `Sandbox`.
    """
    async with Sandbox(host=host, port=port, **options) as sandbox:
        if ready is not None:
            ready(sandbox)
        await anyio.sleep_forever()


class SandboxThread:
    """
    Runs a `Sandbox` on an event loop of its own; open it with ``with``, which gives the sandbox.

    Its faults can be scripted, and what it saw can be read, from the test's own thread.

    Args:
        options: the arguments of `Sandbox`.
    """

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._started = threading.Event()
        self._sandbox: Sandbox | None = None
        self._error: BaseException | None = None
        self._token: EventLoopToken | None = None
        self._leave: anyio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="gameball-sandbox", daemon=True)

    def __enter__(self) -> Sandbox:
        self._thread.start()
        self._started.wait(START_WITHIN)
        if self._sandbox is None:
            raise RuntimeError("the sandbox did not start") from self._error
        return self._sandbox

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        leave = self._leave
        if leave is not None and self._thread.is_alive():
            anyio.from_thread.run_sync(leave.set, token=self._token)
        self._thread.join(START_WITHIN)

    def _run(self) -> None:
        try:
            anyio.run(self._serve)
        except BaseException as error:  # noqa: BLE001 - told to the thread that waits
            self._error = error
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._token = anyio.lowlevel.current_token()
        self._leave = anyio.Event()
        async with Sandbox(**self._options) as sandbox:
            self._sandbox = sandbox
            self._started.set()
            await self._leave.wait()
