"""
What being seen from outside costs: CPU for each request, off and with log, hooks and telemetry on.

    python -m benchmarks.bench_seen [--quick]

One row in one chunk is submitted again and again to a server in another process, so that the request
itself is as small as a request gets. All variants run in turns, in rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import io
import logging
import time
import timeit
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from statistics import median
from typing import Any
from unittest import mock

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gameball_async.client import GameballClient, lifecycle
from gameball_async.edge.logs import Logs
from gameball_async.engine.seen import Seen
from gameball_async.otel import OpenTelemetry
from gameball_async.pipeline.seen import RequestSeen
from gameball_async.schedule.budget import Quota

from . import shop
from .record import Gate, Result, table, write
from .stub_server import stub_server

__all__ = ["main", "run"]

NO_LIMIT = Quota((10**9, 1.0))
AT_ONCE = 8
ASKED = 3
"""Times that a submission asks whether anybody looks: for its wait, for itself, for its job."""

NOBODY, OFF = "nobody, not even a log", "off (the default)"
WARNING, DEBUG = "log at WARNING", "log at DEBUG, each line formatted"
SYNC, ASYNC = "a sync hook", "an async hook"
NO_SDK, SDK = "OpenTelemetry without an SDK", "OpenTelemetry with its SDK"

Options = Mapping[str, Any]


@contextmanager
def _logging_at(level: int) -> Iterator[None]:
    logger, handler = logging.getLogger("gameball_async"), logging.StreamHandler(io.StringIO())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
        logger.propagate = True


def _nobody() -> AbstractContextManager[Any]:
    return mock.patch.object(lifecycle, "observers", lambda *_: [])


def _sync_hook(what: RequestSeen) -> None:
    pass


async def _async_hook(what: RequestSeen) -> None:
    pass


def _telemetry() -> OpenTelemetry:
    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(BatchSpanProcessor(InMemorySpanExporter()))
    meters = MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False)
    return OpenTelemetry(tracers, meters)


def _variants() -> dict[str, tuple[Callable[[], AbstractContextManager[Any]], Options]]:
    return {
        NOBODY: (_nobody, {}),
        OFF: (nullcontext, {}),
        WARNING: (lambda: _logging_at(logging.WARNING), {}),
        DEBUG: (lambda: _logging_at(logging.DEBUG), {}),
        SYNC: (nullcontext, {"on_request": _sync_hook}),
        ASYNC: (nullcontext, {"on_request": _async_hook}),
        NO_SDK: (nullcontext, {"telemetry": OpenTelemetry()}),
        SDK: (nullcontext, {"telemetry": _telemetry()}),
    }


async def _requests(origin: str, requests: int, options: Options) -> float:
    """Seconds of CPU for each request."""
    left = iter(range(requests))
    row = {"customerId": shop.customer_id(0)}

    async def worker(client: GameballClient) -> None:
        for _ in left:
            await client.submit("customers", [row])

    async with GameballClient(
        "key", "secret", base_url=origin, quota=NO_LIMIT, **options
    ) as client:
        await client.submit("customers", [row])  # opens a connection
        began = time.process_time()
        await asyncio.gather(*(worker(client) for _ in range(AT_ONCE)))
        spent = time.process_time() - began
    return spent / requests


def _question() -> float:
    """Seconds that asking whether anybody looks takes, where nobody does."""
    seen, many = Seen([Logs()]), 100_000
    return min(timeit.repeat(lambda: seen.wants(RequestSeen), number=many, repeat=5)) / many


def run(*, requests: int = 250, rounds: int = 60) -> Result:
    """
    Measure everything.

    Args:
        requests: in each run.
        rounds: how often each variant runs.
    """
    variants = _variants()
    cpu: dict[str, list[float]] = {name: [] for name in variants}
    with stub_server(1) as origin:
        for number in range(-1, rounds):
            names = list(variants)
            shift = number % len(names)  # nobody always runs first
            for name in names[shift:] + names[:shift]:
                around, options = variants[name]
                gc.collect()
                with around():
                    spent = asyncio.run(_requests(origin, requests, options))
                if number >= 0:  # the round before the first warms up
                    cpu[name].append(1e6 * spent)
    return _result(cpu, 1e6 * _question(), requests, rounds)


def _result(cpu: dict[str, list[float]], question: float, requests: int, rounds: int) -> Result:
    base = median(cpu[NOBODY])
    # Of each round, so that what slows the machine for a while is on both sides.
    ratios = {
        name: median(ours / theirs for ours, theirs in zip(spent, cpu[NOBODY], strict=True))
        for name, spent in cpu.items()
    }
    gates = [
        Gate("off: asking whether anybody looks, % of a request's CPU",
             100 * ASKED * question / base, 0.5),
        Gate("off: CPU per request / nobody at all", ratios[OFF], 1.02),
        Gate("log at WARNING: CPU per request / nobody at all", ratios[WARNING], 1.02),
        Gate("a sync hook: CPU per request / nobody at all", ratios[SYNC], 1.1),
    ]  # fmt: skip
    rows = [
        (name, median(spent), min(spent), ratios[name], median(spent) - base)
        for name, spent in cpu.items()
    ]
    heads = ("what", "CPU µs/request, median", "least", "x nobody, median of rounds", "µs more")
    text = f"""
{rounds} rounds in turns of {requests:,} submissions of one row, {AT_ONCE} at once. The server is another process and
is not counted. Asking whether anybody looks takes {question:.2f} µs where nobody does, and is done {ASKED} times
for each of these requests. The SDK's own thread is counted, and keeps spans and metrics in memory: sending
them on costs extra.

{table(heads, rows)}
"""
    figures = {"cpu_us": cpu, "ratios": ratios, "question_us": question}
    return Result("seen", "What being seen from outside costs", gates, text, figures)


def main() -> int:
    """Measure, print and write it down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_seen", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small run; nothing is written")
    quick = parser.parse_args().quick
    result = run(requests=100, rounds=3) if quick else run()
    print(result.markdown())
    if not quick:
        write(result)
    return 0 if result.met else 1


if __name__ == "__main__":
    raise SystemExit(main())
