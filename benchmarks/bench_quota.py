"""
The two windows of the quota, as the server counts them: 1,500 requests through a jittery network.

64 callers ask for job states as fast as the client lets them. The sandbox, in another process, holds
each request and each answer for 0 to 50 ms, counts arrivals in exact windows and refuses what is
above them with 429.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from gameball_async.client import GameballClient
from gameball_async.limits.windows import Quota
from gameball_async.sandbox import Sandbox

from . import shop
from .record import Gate, Result, table
from .sandbox_process import Books, books_of, sandbox_process
from .virtual import run_virtual, virtual_client

Windows = tuple[tuple[int, float], ...]

__all__ = ["bound", "run"]

WINDOWS = ((30, 1.0), (360, 30.0))
JITTER = 0.05
"""Seconds that each request and each answer takes, at most."""
WORKERS = 64


def bound(requests: int, windows: Windows) -> float:
    """
    The least seconds from the first of so many requests to the last, whatever the client does.

    Each is sent as soon as no window is above its limit: greedy is best, since waiting frees nothing.
    """
    sent: list[float] = []
    for number in range(requests):
        earliest = sent[-1] if sent else 0.0
        for limit, seconds in windows:
            if number >= limit:
                earliest = max(earliest, sent[number - limit] + seconds)
        sent.append(earliest)
    return sent[-1]


async def _ask(client: GameballClient, job: int, requests: Iterator[int]) -> None:
    for _ in requests:
        await client.status(job)


async def _send(client: GameballClient, requests: int) -> float:
    """Send so many requests; gives the seconds until the last answer."""
    clock = asyncio.get_running_loop().time
    began = clock()
    job = await client.submit("customers", list(shop.some_rows(1)))
    numbers = iter(range(requests - 1))
    async with asyncio.TaskGroup() as workers:
        for _ in range(WORKERS):
            workers.create_task(_ask(client, job.id, numbers))
    return clock() - began


def _in_earnest(requests: int, windows: Windows, jitter: float) -> tuple[float, Books]:
    async def main(origin: str, *keys: str) -> float:
        async with GameballClient(*keys, base_url=origin, quota=Quota(*windows)) as client:
            return await _send(client, requests)

    with sandbox_process(limits=windows, latency=(0.0, jitter)) as (where, ask):
        return asyncio.run(main(*where)), ask()


def _in_virtual_time(requests: int, windows: Windows, jitter: float) -> tuple[float, Books]:
    async def main() -> tuple[float, Books]:
        async with Sandbox(limits=windows, latency=(0.0, jitter)) as sandbox:
            async with virtual_client(sandbox, quota=Quota(*windows)) as client:
                seconds = await _send(client, requests)
            return seconds, books_of(sandbox)

    return run_virtual(main)


def run(*, requests: int = 1500, scale: float = 1.0, virtual: bool = False) -> Result:
    """
    Measure.

    Args:
        requests: how many are sent.
        scale: by how much all times are shortened; 1 is the truth. Delays of this machine are not
            shortened, so that they weigh more.
        virtual: on a virtual clock, on which this machine has no delays, in one process.
    """
    windows = tuple((limit, seconds / scale) for limit, seconds in WINDOWS)
    least = bound(requests, windows)
    measure = _in_virtual_time if virtual else _in_earnest
    cpu = time.process_time()
    seconds, books = measure(requests, windows, JITTER / scale)
    cpu = time.process_time() - cpu
    assert sum(books.counts.values()) == requests + books.rate_limited, books
    gates = [
        *(
            Gate(f"requests in any {length:g} s, as the server counts", books.peaks[length], limit)
            for limit, length in windows
        ),
        Gate("answers that said 429", books.rate_limited, 0),
        Gate("time / least possible time", seconds / least, 1.02 if scale == 1 else 1.05),
    ]
    heads = ("requests", "seconds", "bound", "ratio", "CPU ms/request", "429")
    shown = (
        requests, round(seconds, 2), round(least, 2), round(seconds / least, 4),
        1000 * cpu / requests, books.rate_limited,
    )  # fmt: skip
    pace = "at true scale" if scale == 1 else f"with all times divided by {scale:g}"
    if virtual:
        pace += ", on a virtual clock"
    text = f"""
{WORKERS} callers, 0 to {1000 * JITTER / scale:g} ms each way, {pace}. The bound is the least time in which any client
could send so many requests; the client's time includes the last answer's way back.

{table(heads, [shown])}
"""
    figures = {"requests": requests, "scale": scale, "seconds": seconds, "bound": least}
    name = "quota-virtual" if virtual else "quota"
    return Result(name, "The quota under jitter", gates, text, figures)
