"""A sandbox that is served until it is told to stop: what the command line runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio

from .server import Sandbox

__all__ = ["serve"]


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
