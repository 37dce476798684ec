"""Runs the sandbox in a process of its own, so that its memory and CPU are not the client's."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from attrs import frozen

from gameball_async.sandbox import Sandbox

__all__ = ["Books", "books_of", "sandbox_process"]


@frozen
class Books:
    """
    What the sandbox counted.

    Attributes:
        peaks: the most requests in any window, by the window's seconds.
        counts: requests by sort.
        rate_limited: requests that were answered 429.
        applied: items that were applied, by kind.
    """

    peaks: Mapping[float, int]
    counts: Mapping[str, int]
    rate_limited: int
    applied: Mapping[str, int]


def books_of(sandbox: Sandbox) -> Books:
    """What a sandbox has counted."""
    return Books(
        dict(sandbox.peaks) if sandbox.options.limits else {},
        dict(sandbox.counts),
        sandbox.rate_limited,
        dict(sandbox.ledger.applied),
    )


async def _serve(pipe: Connection, options: dict[str, Any]) -> None:
    async with Sandbox(**options) as sandbox:
        pipe.send((sandbox.url, sandbox.api_key, sandbox.secret_key))
        while await asyncio.get_running_loop().run_in_executor(None, pipe.recv) is not None:
            pipe.send(books_of(sandbox))


def _main(pipe: Connection, options: dict[str, Any]) -> None:
    asyncio.run(_serve(pipe, options))


@contextmanager
def sandbox_process(
    **options: Any,
) -> Iterator[tuple[tuple[str, str, str], Callable[[], Books]]]:
    """
    Run a sandbox with *options* in another process.

    Returns:
        Its origin and two keys, and a function that asks for its books.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_main, args=(theirs, options), daemon=True)
    process.start()
    theirs.close()

    def ask() -> Books:
        ours.send("books")
        books = ours.recv()
        assert isinstance(books, Books)
        return books

    try:
        yield ours.recv(), ask
        ours.send(None)
        process.join(5)
    finally:
        process.kill()
