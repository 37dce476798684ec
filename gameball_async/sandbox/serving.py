"""Two ways to run a sandbox: until cancelled, and in a thread beside programs of any style."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import anyio
from anyio.from_thread import start_blocking_portal

from .server import Sandbox


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
        self._opened = ExitStack()

    def __enter__(self) -> Sandbox:
        with ExitStack() as opening:
            portal = opening.enter_context(start_blocking_portal(name="gameball-sandbox"))
            try:
                opened = portal.wrap_async_context_manager(Sandbox(**self._options))
                sandbox = opening.enter_context(opened)
            except Exception as error:
                raise RuntimeError("the sandbox did not start") from error
            self._opened = opening.pop_all()
        return sandbox

    def __exit__(self, *error: object) -> None:
        self._opened.close()
