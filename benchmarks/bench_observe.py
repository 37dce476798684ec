"""
What observers cost: CPU for each request, off and with log, hooks and telemetry on.

    python -m benchmarks.bench_observe [--quick]

One row in one chunk is submitted again and again to a server in another process, so that the request
itself is as small as a request gets. All variants are open at once and take turns of a few requests, so
that what slows the machine for a while slows all of them.
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
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager, nullcontext
from statistics import median, quantiles
from typing import Any
from unittest import mock

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gameball_async.client import GameballClient, lifecycle
from gameball_async.limits.windows import Quota
from gameball_async.observe.events import RequestEnded
from gameball_async.observe.logging import LogObserver
from gameball_async.observe.stream import EventStream
from gameball_async.otel import OpenTelemetry

from . import shop
from .record import Gate, Result, table, write
from .stub_server import stub_server

__all__ = ["main", "run"]

NO_LIMIT = Quota((10**9, 1.0))
AT_ONCE = 8
ASKED = 3
"""Times that a submission asks whether anybody observes: for its wait, for itself, for its job."""

NOBODY, OFF = "nobody, not even a log", "off (the default)"
WARNING, DEBUG = "log at WARNING", "log at DEBUG, each line formatted"
SYNC, ASYNC = "a sync hook", "an async hook"
NO_SDK, SDK = "OpenTelemetry without an SDK", "OpenTelemetry with its SDK"

QUARTERS = ("a quarter is below", "half is", "three quarters are")

Options = Mapping[str, Any]
SPANS = InMemorySpanExporter()


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


def _sync_hook(what: RequestEnded) -> None:
    pass


async def _async_hook(what: RequestEnded) -> None:
    pass


def _telemetry() -> OpenTelemetry:
    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(BatchSpanProcessor(SPANS))
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


async def _submit(client: GameballClient, requests: int) -> float:
    """Seconds of CPU for each request."""
    left = iter(range(requests))
    row = {"customerId": shop.customer_id(0)}

    async def worker() -> None:
        for _ in left:
            await client.submit("customers", [row])

    began = time.process_time()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return (time.process_time() - began) / requests


async def _turns(origin: str, requests: int, turns: int) -> dict[str, list[float]]:
    variants = _variants()
    cpu: dict[str, list[float]] = {name: [] for name in variants}
    async with AsyncExitStack() as stack:
        clients = {}
        for name, (around, options) in variants.items():
            client = GameballClient("key", "secret", base_url=origin, quota=NO_LIMIT, **options)
            with around():
                clients[name] = await stack.enter_async_context(client)
        gc.collect()
        gc.freeze()
        for turn in range(-10, turns):
            names = list(variants)
            shift = turn % len(names)  # nobody always runs first
            for name in names[shift:] + names[:shift]:
                with variants[name][0]():
                    spent = await _submit(clients[name], requests)
                if turn >= 0:  # the turns before the first warm up
                    cpu[name].append(1e6 * spent)
            SPANS.clear()
    return cpu


def _question() -> float:
    """Seconds that asking whether anybody observes takes, where nobody does."""
    stream, many = EventStream([LogObserver()]), 100_000
    return min(timeit.repeat(lambda: stream.wants(RequestEnded), number=many, repeat=5)) / many


def run(*, requests: int = 40, turns: int = 400) -> Result:
    """
    Measure everything.

    Args:
        requests: of one variant, until it is the next one's turn.
        turns: of each variant.
    """
    with stub_server(1) as origin:
        cpu = asyncio.run(_turns(origin, requests, turns))
    return _result(cpu, 1e6 * _question(), requests, turns)


def _result(cpu: dict[str, list[float]], question: float, requests: int, turns: int) -> Result:
    base = median(cpu[NOBODY])
    # Of each turn, so that what slows the machine for a while is on both sides.
    ratios = {
        name: median(ours / theirs for ours, theirs in zip(spent, cpu[NOBODY], strict=True))
        for name, spent in cpu.items()
    }
    gates = [
        Gate("off: asking whether anybody observes, % of a request's CPU",
             100 * ASKED * question / base, 0.5),
        Gate("off: CPU per request / nobody at all", ratios[OFF], 1.02),
        Gate("log at WARNING: CPU per request / nobody at all", ratios[WARNING], 1.02),
        Gate("a sync hook: CPU per request / nobody at all", ratios[SYNC], 1.1),
    ]  # fmt: skip
    rows = [
        (name, median(spent), min(spent), ratios[name], median(spent) - base)
        for name, spent in cpu.items()
    ]
    heads = ("what", "CPU µs/request, median", "least", "x nobody, median of turns", "µs more")
    text = f"""
{turns} turns of {requests} submissions of one row for each variant, {AT_ONCE} at once. The server is another process and
is not counted. Asking whether anybody observes takes {question:.2f} µs where nobody does, and is done {ASKED} times
for each of these requests. The SDK's own thread is counted, and keeps spans and metrics in memory: sending
them on costs extra.

{table(heads, rows)}
"""
    spread = {
        name: dict(zip(QUARTERS, quantiles(each, n=4), strict=True)) for name, each in cpu.items()
    }
    figures = {"cpu_us": spread, "ratios": ratios, "question_us": question, "turns": turns}
    return Result("observe", "What observers cost", gates, text, figures)


def main() -> int:
    """Measure, print and write it down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_observe", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small run; nothing is written")
    quick = parser.parse_args().quick
    result = run(turns=10) if quick else run()
    print(result.markdown())
    if not quick:
        write(result)
    return 0 if result.met else 1


if __name__ == "__main__":
    raise SystemExit(main())
