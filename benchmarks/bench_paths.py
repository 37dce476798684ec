"""
A run over bad paths: jitter, loss, a path that becomes shorter in mid-run, a thin link. On the virtual clock.

    python -m benchmarks.bench_paths

The path is a proxy of our own inside the sandbox's server: it holds messages and lets bodies through
one after another, as a link does. A lost packet is sent again by TCP after a time-out of at least 0.2 s.
"""

from __future__ import annotations

import random
import sys
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import anyio
from aiohttp import web
from attrs import frozen

from gameball_async.bulk.chunks import LookAhead
from gameball_async.rows.report import Report
from gameball_async.sandbox import Constant, Sandbox

from .cells import bound
from .record import Gate, Result, table, write
from .virtual import run_virtual, virtual_client

__all__ = ["PATHS", "Path", "Travelled", "run"]

Way = Callable[[float, random.Random], float]
"""Seconds that a message takes, one way, that leaves at a time."""


@frozen
class Path:
    """
    How messages travel.

    Attributes:
        way: one way.
        rate: bytes a second of all bodies together; None for any number.
        chunks: how many, each a job.
        rows: in each, of about 200 bytes.
    """

    way: Way
    rate: float | None = None
    chunks: int = 300
    rows: int = 5


@frozen
class Travelled:
    """What came of a run over a path, and the least seconds that its jobs, slots and bytes take."""

    seconds: float
    bound: float
    refused: int
    bouts: int
    lost: int
    peak_1: int
    peak_30: int


def _lossy(trip: float) -> Way:
    def way(now: float, chance: random.Random) -> float:
        seconds, wait = trip / 2, max(0.2, 1.5 * trip)
        while chance.random() < 0.01:
            seconds, wait = seconds + wait, 2 * wait
        return seconds

    return way


PATHS: dict[str, Path] = {
    "steady, 100 ms": Path(lambda now, chance: 0.05),
    "steady, 500 ms": Path(lambda now, chance: 0.25),
    "100 ms, jitter up to 400 ms": Path(lambda now, chance: 0.05 + chance.uniform(0, 0.2)),
    "100 ms, 1 % loss": Path(_lossy(0.1)),
    "500 ms, 1 % loss": Path(_lossy(0.5)),
    "500 ms, halves its delay after 12 s": Path(lambda now, chance: 0.25 if now < 12 else 0.125),
    "500 ms, falls to 20 ms after 12 s": Path(lambda now, chance: 0.25 if now < 12 else 0.01),
    "100 ms, 2 Mbit/s": Path(lambda now, chance: 0.05, rate=250_000, chunks=40, rows=1000),
    "500 ms, 2 Mbit/s": Path(lambda now, chance: 0.25, rate=250_000, chunks=40, rows=1000),
}


class _Far(Sandbox):
    """A sandbox at the end of a path."""

    def __init__(self, path: Path, chance: random.Random, **options: Any) -> None:
        super().__init__(**options)
        self._path = path
        self._chance = chance
        self._link_free = 0.0
        self.refusals: list[float] = []

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._path.rate is not None:
            size, now = len(await request.read()), anyio.current_time()
            self._link_free = max(self._link_free, now) + size / self._path.rate
            await anyio.sleep(self._link_free - now)
        before = self.rate_limited
        answer = await super()._handle(request)
        if self.rate_limited > before and answer.status == 429:
            self.refusals.append(anyio.current_time())
        return answer

    async def _travel(self, delay: float = 0.0) -> None:
        await anyio.sleep(delay + self._path.way(anyio.current_time(), self._chance))


async def _rows(path: Path) -> AsyncIterator[dict[str, str]]:
    """One by one, so that the chunks are as small as the look-ahead."""
    for number in range(path.chunks * path.rows):
        yield {"customerId": f"c{number}", "email": "x" * 170}


async def _run(path: Path, seed: int) -> Travelled:
    chance = random.Random(f"{seed} path")
    sandbox = _Far(path, chance, seed=seed, service_time=Constant(1.0), keep_requests=0)

    def handshake() -> float:
        now = anyio.current_time()
        return path.way(now, chance) + path.way(now, chance)

    async with sandbox, virtual_client(sandbox, handshake) as client:
        look = LookAhead(rows=path.rows)
        async with client.bulk("customers", _rows(path), look_ahead=look) as run:
            report: Report = await run.finish()
        seconds = anyio.current_time()
    done = report.succeeded == path.chunks * path.rows and len(sandbox.jobs) == path.chunks
    durations = [job.duration for job in sandbox.jobs.values()]
    least, _ = bound(durations, None)
    if path.rate is not None:
        least = max(least, path.chunks * path.rows * 200 / path.rate)
    times = sorted(sandbox.refusals)
    bouts = sum(not n or at - times[n - 1] > 3.0 for n, at in enumerate(times))
    lost = sandbox.counts["submit"] - path.chunks - sandbox.rate_limited + (not done)
    return Travelled(
        seconds, least, sandbox.rate_limited, bouts, max(0, lost), sandbox.peaks[1.0], sandbox.peaks[30.0]
    )  # fmt: skip


def _one(name: str) -> Travelled:
    return run_virtual(lambda: _run(PATHS[name], 1), seed=1)


def run() -> Result:
    """Run once over each path."""
    with ProcessPoolExecutor() as pool:
        found = dict(zip(PATHS, pool.map(_one, PATHS), strict=True))
    rows = [
        (
            name, t.seconds, t.bound, f"{t.seconds / t.bound:.2f}", t.refused, t.bouts, t.lost,
            f"{t.peak_1} / {t.peak_30}",
        )
        for name, t in found.items()
    ]  # fmt: skip
    changing = [t for name, t in found.items() if "after" in name]
    others = [t for name, t in found.items() if "after" not in name]
    gates = [
        Gate("429s on paths that stay as they are", sum(t.refused for t in others), 0),
        Gate("pauses after a path became shorter, worst", max(t.bouts for t in changing), 1),
        Gate("submissions repeated after a timeout", sum(t.lost for t in found.values()), 0),
        Gate("requests in any second where the path stays", max(t.peak_1 for t in others), 30),
        Gate("requests in any 30 s where the path stays", max(t.peak_30 for t in others), 360),
    ]
    heads = ("path", "s", "bound s", "s / bound", "429", "pauses", "timeouts", "peaks")
    text = f"""
Jobs of 1 s; 300 chunks of 5 rows, on the thin links 40 of 1,000 rows (about 200 kB). *bound*: the slots that the
quota allows, and the bytes, without any way. *pauses*: bouts of 429s. Refused requests are in the peaks.

{table(heads, rows)}
"""
    figures = {
        "paths": [{"path": row[0], **dict(zip(heads[1:], row[1:], strict=True))} for row in rows]
    }
    return Result("paths", "Runs over bad paths", gates, text, figures)


if __name__ == "__main__":
    result = run()
    print(result.markdown())
    write(result)
    sys.exit(0 if result.met else 1)
