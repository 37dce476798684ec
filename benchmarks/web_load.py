"""So many requests a second to a web app, from a process of its own, whatever the answers take."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import aiohttp

__all__ = ["load"]


async def _visit(session: aiohttp.ClientSession, path: str, took: list[float]) -> None:
    began = time.perf_counter()
    async with session.get(path) as answer:
        await answer.read()
        assert answer.status == 200, answer.status
    took.append(time.perf_counter() - began)


async def _visit_all(
    pipe: Connection, origin: str, path: str, per_second: float, headers: dict[str, str]
) -> None:
    """Visits begin at their times, even where earlier ones have no answer yet."""
    took: list[float] = []
    async with (
        aiohttp.ClientSession(origin, headers=headers) as session,
        asyncio.TaskGroup() as visits,
    ):
        await _visit(session, path, [])
        pipe.send("ready")
        due = time.perf_counter()
        while not pipe.poll():
            visits.create_task(_visit(session, path, took))
            due += 1 / per_second
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
    pipe.send(took)


def _main(*given: Any) -> None:
    asyncio.run(_visit_all(*given))


@contextmanager
def load(
    origin: str, path: str, per_second: float, headers: dict[str, str]
) -> Iterator[Callable[[], list[float]]]:
    """
    Ask for *path* so often a second in the block.

    Returns:
        A function that ends it, and gives the seconds that each answer took.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=_main, args=(theirs, origin, path, per_second, headers), daemon=True
    )
    process.start()

    def stop() -> list[float]:
        ours.send("stop")
        took: list[float] = ours.recv()
        return took

    try:
        assert ours.recv() == "ready"
        yield stop
    finally:
        process.join(10)
        if process.is_alive():
            process.kill()
