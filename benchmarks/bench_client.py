"""
The client's full job beside hand-written loops: CPU per job, jobs per second, holds of the loop.

All in one process against one server in another, which has no limits and costs next to nothing
(`stub_server`), in interleaved rounds. CPU is that of the client's process alone. Medians are taken
over rounds, and ratios between medians of the same concurrency.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Sequence
from statistics import median
from typing import Any

from attrs import asdict, define, field, frozen

from gameball_async.bulk.events import Settled
from gameball_async.client import GameballClient
from gameball_async.limits.windows import Quota
from gameball_async.rows.outcome import Outcome

from . import shop
from .by_hand import with_aiohttp, with_httpx
from .loop_lag import Holds, held
from .record import Gate, Result, table
from .stub_server import FAILED_OF_EACH_CHUNK, stub_server

__all__ = ["run"]

CONCURRENCIES = (1, 8, 32)
NO_LIMIT = Quota((10**9, 1.0))
HOLD_CHUNKS = 16

IDLE = "a loop that only sleeps"
AIOHTTP, TYPED, HTTPX = "aiohttp by hand", "the same, answers typed", "httpx by hand"
MAPPINGS, MODELS = "client, mappings", "client, models"


@frozen
class Moved:
    """What one run moved."""

    jobs: int
    polls: int
    succeeded: int
    failed: int


@define
class Cost:
    """Runs of one variant at one concurrency, a number for each round."""

    cpu_ms: list[float] = field(factory=list)
    jobs_per_s: list[float] = field(factory=list)
    polls_per_job: list[float] = field(factory=list)


Variant = Callable[[int], Awaitable[Moved]]


async def move(origin: str, rows: Sequence[object], concurrency: int) -> Moved:
    """The client's full job: rows to outcomes, each outcome read."""
    succeeded = failed = 0
    async with (
        GameballClient("key", "secret", base_url=origin, quota=NO_LIMIT) as client,
        client.bulk("customers", rows, concurrency=concurrency) as bulk,
    ):
        async for event in bulk:
            if isinstance(event, Settled):
                for row in event.outcomes:
                    if row.outcome is Outcome.SUCCEEDED:
                        succeeded += 1
                    else:
                        failed += 1
    report = bulk.report
    assert report.rows == succeeded + failed == len(rows)
    return Moved(report.jobs, report.polls, succeeded, failed)


def _variants(origin: str, chunks: int) -> dict[str, Variant]:
    bodies = shop.ready(chunks)
    mappings, models = shop.mappings(chunks), shop.models(chunks)

    async def by_aiohttp(workers: int) -> Moved:
        done = await with_aiohttp(origin, bodies, workers)
        return Moved(done.jobs, done.polls, done.succeeded, done.failed)

    async def by_aiohttp_typed(workers: int) -> Moved:
        done = await with_aiohttp(origin, bodies, workers, typed=True)
        return Moved(done.jobs, done.polls, done.succeeded, done.failed)

    async def by_httpx(workers: int) -> Moved:
        done = await with_httpx(origin, bodies, workers)
        return Moved(done.jobs, done.polls, done.succeeded, done.failed)

    return {
        AIOHTTP: by_aiohttp,
        TYPED: by_aiohttp_typed,
        HTTPX: by_httpx,
        MAPPINGS: lambda workers: move(origin, mappings, workers),
        MODELS: lambda workers: move(origin, models, workers),
    }


def _measure(variant: Variant, concurrency: int, chunks: int, into: Cost) -> None:
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    moved = asyncio.run(_awaited(variant(concurrency)))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    assert moved.jobs == chunks, moved
    assert moved.failed == chunks * FAILED_OF_EACH_CHUNK, moved
    into.cpu_ms.append(1000 * cpu / chunks)
    into.jobs_per_s.append(chunks / wall)
    into.polls_per_job.append(moved.polls / chunks)


async def _awaited(moved: Awaitable[Moved]) -> Moved:
    return await moved


def _costs(variants: dict[str, Variant], chunks: int, rounds: int) -> dict[tuple[str, int], Cost]:
    costs = {(name, at): Cost() for at in CONCURRENCIES for name in variants}
    for number in range(rounds):
        for at in CONCURRENCIES:
            names = list(variants)
            shift = number % len(names)  # nobody always runs first
            for name in names[shift:] + names[:shift]:
                _measure(variants[name], at, chunks, costs[name, at])
    return costs


async def _hold_round(origin: str, rows: Sequence[object], holds: Holds, inside: bool) -> None:
    with held(holds, inside=inside):
        await move(origin, rows, 8)


def _holds(origin: str, rounds: int) -> dict[str, Holds]:
    """Holds while 16 chunks move at concurrency 8, and of a loop that only sleeps."""
    rows = {MAPPINGS: shop.mappings(HOLD_CHUNKS), MODELS: shop.models(HOLD_CHUNKS)}
    found = {name: Holds() for name in (IDLE, *rows)}
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        asyncio.run(_idle(found[IDLE]))
        for name, all_rows in rows.items():
            asyncio.run(_hold_round(origin, all_rows, found[name], inside=False))
            asyncio.run(_hold_round(origin, all_rows, found[name], inside=True))
    return found


async def _idle(holds: Holds) -> None:
    with held(holds, inside=False):
        await asyncio.sleep(0.5)


def run(*, jobs: int = 128, rounds: int = 5, hold_rounds: int = 12) -> Result:
    """
    Measure everything.

    Args:
        jobs: jobs of 1,000 rows in each run.
        rounds: how often each variant runs at each concurrency.
        hold_rounds: how often 16 chunks are moved to find the holds of the loop.
    """
    with stub_server(jobs) as origin:
        holds = _holds(origin, hold_rounds)
        variants = _variants(origin, jobs)
        gc.collect()
        gc.freeze()  # the rows that are kept for all rounds are nobody's garbage to look through
        costs = _costs(variants, jobs, rounds)
    return _result(costs, holds, jobs, rounds)


def _result(
    costs: dict[tuple[str, int], Cost], holds: dict[str, Holds], jobs: int, rounds: int
) -> Result:
    cpu = {key: median(cost.cpu_ms) for key, cost in costs.items()}
    rate = {key: median(cost.jobs_per_s) for key, cost in costs.items()}
    gates: list[Gate] = []
    for name in (MAPPINGS, MODELS):
        for at in CONCURRENCIES:
            ours = cpu[name, at]
            gates += [
                Gate(f"{name}, at {at}: CPU per job / aiohttp's", ours / cpu[AIOHTTP, at], 3.0),
                Gate(f"{name}, at {at}: CPU per job / httpx's", ours / cpu[HTTPX, at], 1.0),
            ]
        part = rate[name, 8] / rate[AIOHTTP, 8]
        gates.append(Gate(f"{name}, at 8: jobs/s / aiohttp's", part, 0.35, at_least=True))
        found = holds[name].summary()
        gates += [
            Gate(f"{name}: holds of the loop, p99 of the probe, ms", found.probe_p99, 5.0),
            Gate(f"{name}: the same in CPU, p99 of the loop's rounds, ms", found.round_p99, 5.0),
        ]
    rows = [
        (
            at, name, cpu[name, at], min(costs[name, at].cpu_ms), cpu[name, at] / cpu[AIOHTTP, at],
            rate[name, at], rate[name, at] / rate[AIOHTTP, at],
            median(costs[name, at].polls_per_job),
        )
        for at in CONCURRENCIES
        for name in (AIOHTTP, TYPED, HTTPX, MAPPINGS, MODELS)
    ]  # fmt: skip
    heads = (
        "at once", "what", "CPU ms/job, median", "least", "x aiohttp", "jobs/s", "x aiohttp",
        "polls/job",
    )  # fmt: skip
    hold_rows = [(name, *asdict(each.summary()).values()) for name, each in holds.items()]
    hold_heads = (
        "what", "samples", "probe p50 ms", "p99 ms", "max ms", "rounds", "round p99 ms", "max ms",
        "callback max ms",
    )  # fmt: skip
    body = len(shop.ready(1)[0][1])
    text = f"""
{jobs} jobs of 1,000 customers a run (a chunk is {body:,} bytes), {rounds} interleaved rounds. A job
is one submission, its polls and 1,000 outcomes read one by one, {FAILED_OF_EACH_CHUNK} of them refused. The
loops by hand send ready bytes and poll at once; the client checks and encodes its rows, never has a
customer's rows in two open jobs, and first looks at a job after a quarter of a second.
All of them give one outcome for each row, in the order of the rows; "typed" makes models of the
answer with cattrs on the way.

{table(heads, rows)}

Holds of the loop while {HOLD_CHUNKS} chunks move at concurrency 8. The probe sleeps 1 ms at a time and
tells by how much it woke too late, whoever was to blame: other processes too, as the loop that only
sleeps shows. Rounds are timed in runs of their own, from inside of the loop and in CPU time: all that ran
between two looks at what is ready.

{table(hold_heads, hold_rows)}
"""
    figures: dict[str, Any] = {
        "jobs": jobs,
        "costs": [
            {"what": name, "concurrency": at, **asdict(cost)} for (name, at), cost in costs.items()
        ],
        "holds": {name: asdict(each.summary()) for name, each in holds.items()},
    }
    title = "The client's full job beside loops written by hand"
    return Result("client", title, gates, text, figures)
