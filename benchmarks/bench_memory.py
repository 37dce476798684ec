"""
How much the client's memory grows while a million generated rows pass through it.

The sandbox runs in another process, without limits, and discards what it is given. The first rows warm
up what is made once (imports, connections, buffers); growth is counted from there to the highest
point, sampled every few milliseconds.
"""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
from attrs import define

from gameball_async.bulk.events import Settled
from gameball_async.client import GameballClient
from gameball_async.limits.windows import Quota
from gameball_async.rows.report import Report
from gameball_async.sandbox import Constant

from . import shop
from .record import Gate, Result, table
from .sandbox_process import sandbox_process

__all__ = ["run"]

MIB = 2**20
WARM_UP = 20_000
LIMIT_MIB = 128.0


@define
class Peak:
    """The highest resident size seen, in bytes."""

    size: int = 0
    samples: int = 0


@contextmanager
def _sampled() -> Iterator[Peak]:
    """Sample this process's resident size in a thread while the block runs."""
    peak, over, me = Peak(), threading.Event(), psutil.Process()

    def sample() -> None:
        while not over.wait(0.02):
            peak.size = max(peak.size, me.memory_info().rss)
            peak.samples += 1

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


async def _move(client: GameballClient, rows: int, concurrency: int) -> tuple[Report, int]:
    most_open = 0
    bulk = client.bulk("customers", shop.some_rows(rows), concurrency=concurrency)
    async with bulk as events:
        async for event in events:
            if isinstance(event, Settled):
                for row in event.outcomes:
                    assert row.key is not None
                jobs = bulk.progress.jobs.items()
                most_open = max(most_open, sum(n for state, n in jobs if not state.final))
    return bulk.report, most_open


@define
class Grown:
    """What one run showed."""

    rows: int
    seconds: float
    before: int
    peak: int
    samples: int
    jobs: int
    most_open: int

    @property
    def mib(self) -> float:
        """By how much the process grew at most, in MiB."""
        return max(0, self.peak - self.before) / MIB


async def _measure(origin: str, keys: tuple[str, str], rows: int, concurrency: int) -> Grown:
    quota = Quota((10**9, 1.0))
    async with GameballClient(*keys, base_url=origin, quota=quota) as client:
        await _move(client, min(rows, WARM_UP), concurrency)
        gc.collect()
        before, began = psutil.Process().memory_info().rss, time.perf_counter()
        with _sampled() as peak:
            report, most_open = await _move(client, rows, concurrency)
        assert report.succeeded == report.rows == rows, report
    seconds = time.perf_counter() - began
    return Grown(rows, seconds, before, peak.size, peak.samples, report.jobs, most_open)


def run(*, rows: int = 1_000_000, concurrency: int = 16, service: float | None = None) -> Result:
    """
    Measure.

    Args:
        rows: how many rows are moved.
        concurrency: chunks being submitted at once.
        service: seconds that a job takes at the sandbox; its default where not given. Long jobs
            make the client keep as many of them open as it may.
    """
    options = {} if service is None else {"service_time": Constant(service)}
    with sandbox_process(limits=None, discard=True, **options) as ((origin, *keys), ask):
        grown = asyncio.run(_measure(origin, (keys[0], keys[1]), rows, concurrency))
        books = ask()
    gate = Gate(
        f"growth over {rows:,} rows at concurrency {concurrency}, MiB", grown.mib, LIMIT_MIB
    )
    shown = (
        grown.rows, grown.jobs, grown.most_open, grown.seconds, grown.rows / grown.seconds, grown.before / MIB,
        grown.peak / MIB, grown.mib,
    )  # fmt: skip
    heads = (
        "rows",
        "jobs",
        "open at once",
        "seconds",
        "rows/s",
        "RSS before, MiB",
        "at most",
        "growth",
    )
    text = f"""
Resident size of the client's process, sampled {grown.samples:,} times; "before" is after {WARM_UP:,} rows of
warm-up. The sandbox (without limits, discarding) counted {sum(books.applied.values()):,} rows, warm-up included; it
checks every row, and sets the pace here.

{table(heads, [shown])}
"""
    figures = {"rows": rows, "concurrency": concurrency, "growth_mib": grown.mib}
    return Result("memory", "Memory while a million rows pass through", [gate], text, figures)
