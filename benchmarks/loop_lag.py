"""Measures how long the event loop is held, from outside (a probe) and from inside (its callbacks)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from attrs import define, field, frozen

__all__ = ["Holds", "held", "quantile"]

STEP = 0.001
"""Seconds that the probe sleeps."""


def quantile(values: list[float], part: float) -> float:
    """The value below which *part* of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


@define
class Holds:
    """
    Holds of the loop, in seconds.

    Attributes:
        probe: by how much each sleep of the probe was too long; other processes' time included.
        wall: how long each callback of the loop ran.
        cpu: the same in CPU time of this thread: what others on the machine took is not in it.
    """

    probe: list[float] = field(factory=list)
    wall: list[float] = field(factory=list)
    cpu: list[float] = field(factory=list)

    def summary(self) -> Summary:
        """The figures to report, in milliseconds."""
        return Summary(
            samples=len(self.probe),
            probe_p50=1000 * quantile(self.probe, 0.5),
            probe_p99=1000 * quantile(self.probe, 0.99),
            probe_max=1000 * max(self.probe, default=0.0),
            callbacks=len(self.wall),
            callback_p99=1000 * quantile(self.wall, 0.99),
            callback_max=1000 * max(self.wall, default=0.0),
            callback_max_cpu=1000 * max(self.cpu, default=0.0),
            callbacks_over_5ms=sum(wall > 0.005 for wall in self.wall),
        )


@frozen
class Summary:
    """`Holds` in a few numbers; times in milliseconds."""

    samples: int
    probe_p50: float
    probe_p99: float
    probe_max: float
    callbacks: int
    callback_p99: float
    callback_max: float
    callback_max_cpu: float
    callbacks_over_5ms: int


async def _probe(into: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(STEP)
        into.append(max(0.0, time.perf_counter() - began - STEP))


@contextmanager
def _timed_callbacks(holds: Holds) -> Iterator[None]:
    original = asyncio.Handle._run

    def run(handle: Any) -> None:
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            original(handle)
        finally:
            holds.cpu.append(time.thread_time() - cpu)
            holds.wall.append(time.perf_counter() - wall)

    asyncio.Handle._run = run  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        asyncio.Handle._run = original  # type: ignore[method-assign]


@contextmanager
def held(holds: Holds, *, callbacks: bool) -> Iterator[None]:
    """Measure inside of the block; *callbacks*: from inside too, which itself costs time."""
    probe = asyncio.get_running_loop().create_task(_probe(holds.probe))
    try:
        if callbacks:
            with _timed_callbacks(holds):
                yield
        else:
            yield
    finally:
        probe.cancel()
