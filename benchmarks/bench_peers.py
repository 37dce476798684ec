"""
The client beside its peers: CPU for 1,000 rows, from mappings to one outcome for each row.

All of them in one process against one server in another, in interleaved rounds at the same
concurrency. What each does and does not do stands in the table: CPU alone would call the loop that
checks nothing the best.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Any

from gameball_async.bulk.events import Settled
from gameball_async.client import GameballClient
from gameball_async.rows.outcome import Outcome

from . import peers, shop
from .bench_client import NO_LIMIT, Moved, move
from .by_hand import HandMade, with_aiohttp
from .record import Gate, Result, table
from .stub_server import FAILED_OF_EACH_CHUNK, stub_server

__all__ = ["run"]

AT_ONCE = 8

READY = "a loop over ready bytes (aiohttp, orjson)"
JSON = "a loop with aiohttp and json"
CATTRS = "a loop with cattrs models and aiohttp"
PYDANTIC = "a loop with pydantic models and httpx"
ELASTIC = "elasticsearch-py async_streaming_bulk"
MAPPINGS = "this client, mappings"
MODELS = "this client, models"
JOURNAL = "this client, mappings, with a journal"

DOES = {
    READY: ("no", "no", "no", "no", "no"),
    JSON: ("no", "no", "no", "no", "no"),
    CATTRS: ("types; the first bad row ends it", "no", "no", "no", "no"),
    PYDANTIC: ("types; the first bad row ends it", "no", "no", "no", "no"),
    ELASTIC: ("no", "yes", "no", "waits after a 429", "no"),
    MAPPINGS: ("all faults of a row", "yes", "by customer", "both windows", "no"),
    MODELS: ("all faults of a row", "yes", "by customer", "both windows", "no"),
    JOURNAL: ("all faults of a row", "yes", "by customer", "both windows", "after a kill"),
}
"""Check of rows, outcome for each row where one is bad, order, limits, resume."""


async def _with_journal(origin: str, rows: list[object], folder: Path) -> Moved:
    succeeded = failed = 0
    async with (
        GameballClient("key", "secret", base_url=origin, quota=NO_LIMIT) as client,
        client.bulk("customers", rows, journal=folder / f"{time.monotonic_ns()}.db") as bulk,
    ):
        async for event in bulk:
            if isinstance(event, Settled):
                for row in event.outcomes:
                    if row.outcome is Outcome.SUCCEEDED:
                        succeeded += 1
                    else:
                        failed += 1
    return Moved(bulk.report.jobs, bulk.report.polls, succeeded, failed)


def _variants(origin: str, chunks: int, folder: Path) -> dict[str, Callable[[], Awaitable[Any]]]:
    rows: Any = shop.mappings(chunks)
    models, bodies = shop.models(chunks), shop.ready(chunks)
    return {
        READY: lambda: with_aiohttp(origin, bodies, AT_ONCE),
        JSON: lambda: peers.with_aiohttp_and_json(origin, rows, AT_ONCE),
        CATTRS: lambda: peers.with_cattrs(origin, rows, AT_ONCE),
        PYDANTIC: lambda: peers.with_pydantic(origin, rows, AT_ONCE),
        ELASTIC: lambda: peers.with_elasticsearch(origin, rows, AT_ONCE),
        MAPPINGS: lambda: move(origin, rows, AT_ONCE),
        MODELS: lambda: move(origin, models, AT_ONCE),
        JOURNAL: lambda: _with_journal(origin, rows, folder),
    }


def _once(variant: Callable[[], Awaitable[Any]], chunks: int) -> float:
    async def moved() -> HandMade | Moved:
        found: HandMade | Moved = await variant()
        return found

    gc.collect()
    cpu = time.process_time()
    done = asyncio.run(moved())
    cpu = time.process_time() - cpu
    assert done.failed == chunks * FAILED_OF_EACH_CHUNK, done
    assert done.succeeded == chunks * (shop.ROWS - FAILED_OF_EACH_CHUNK), done
    return 1000 * cpu / chunks


def run(*, jobs: int = 64, rounds: int = 9) -> Result:
    """
    Measure everything.

    Args:
        jobs: chunks of 1,000 rows in each run.
        rounds: how often each runs.
    """
    with stub_server(jobs) as origin, tempfile.TemporaryDirectory() as folder:
        variants = _variants(origin, jobs, Path(folder))
        gc.collect()
        gc.freeze()
        costs: dict[str, list[float]] = {name: [] for name in variants}
        for number in range(rounds):
            names = list(variants)
            shift = number % len(names)  # nobody always runs first
            for name in names[shift:] + names[:shift]:
                costs[name].append(_once(variants[name], jobs))
    return _result(costs, jobs, rounds)


def _result(costs: dict[str, list[float]], jobs: int, rounds: int) -> Result:
    cpu = {name: median(found) for name, found in costs.items()}
    gates = [
        Gate("mappings: CPU / the loop over ready bytes", cpu[MAPPINGS] / cpu[READY], 4.0),
        Gate("models: CPU / the loop over ready bytes", cpu[MODELS] / cpu[READY], 6.0),
        Gate("mappings: CPU / the loop with cattrs models", cpu[MAPPINGS] / cpu[CATTRS], 1.0),
        Gate("mappings with a journal: CPU / without", cpu[JOURNAL] / cpu[MAPPINGS], 1.25),
    ]
    heads = (
        "what", "CPU ms for 1,000 rows", "least", "x the client's", "checks rows",
        "outcomes where a row is bad", "keeps order", "keeps limits", "resumes",
    )  # fmt: skip
    lines = [
        (name, cpu[name], min(costs[name]), cpu[name] / cpu[MAPPINGS], *DOES[name])
        for name in costs
    ]
    text = f"""
{jobs} chunks of 1,000 customers, {AT_ONCE} at once, {rounds} interleaved rounds; medians. Each run reads one
outcome for each row, {FAILED_OF_EACH_CHUNK} of each thousand refused. The server has every job done at once; elasticsearch-py has the
outcomes in the answer to its one request, and asks for no status.

{table(heads, lines)}
"""
    title = "The client beside its peers"
    return Result("peers", title, gates, text, {"jobs": jobs, "cpu_ms": costs})
