"""Measures how long the event loop is held, from outside and from inside."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
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
        own: the same, less what the loop's thread stood in line for a core meanwhile; what it may
            have stood in line while the probe still slept is not taken off.
        rounds: CPU time of all callbacks that ran in one round of the loop, between two looks at
            what is ready: how long anything else had to wait, but for other processes.
        callbacks: CPU time of each callback.
    """

    probe: list[float] = field(factory=list)
    own: list[float] = field(factory=list)
    rounds: list[float] = field(factory=list)
    callbacks: list[float] = field(factory=list)

    def summary(self) -> Summary:
        """The figures to report, in milliseconds."""
        return Summary(
            samples=len(self.probe),
            probe_p50=1000 * quantile(self.probe, 0.5),
            probe_p99=1000 * quantile(self.probe, 0.99),
            probe_max=1000 * max(self.probe, default=0.0),
            rounds=len(self.rounds),
            round_p99=1000 * quantile(self.rounds, 0.99),
            round_max=1000 * max(self.rounds, default=0.0),
            callback_max=1000 * max(self.callbacks, default=0.0),
        )


@frozen
class Summary:
    """`Holds` in a few numbers; times in milliseconds."""

    samples: int
    probe_p50: float
    probe_p99: float
    probe_max: float
    rounds: int
    round_p99: float
    round_max: float
    callback_max: float


async def _probe(holds: Holds) -> None:
    with _time_in_line() as waited:
        while True:
            began, before = time.perf_counter(), waited()
            await asyncio.sleep(STEP)
            lag = max(0.0, time.perf_counter() - began - STEP)
            holds.probe.append(lag)
            holds.own.append(min(lag, max(0.0, lag + STEP - (waited() - before))))


@contextmanager
def _time_in_line() -> Iterator[Callable[[], float]]:
    """What tells how long this thread has waited for a core so far; only Linux does."""
    try:
        told = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
    except OSError:
        yield lambda: 0.0
        return
    try:
        yield lambda: int(os.pread(told, 100, 0).split()[1]) / 1e9
    finally:
        os.close(told)


@contextmanager
def _timed_rounds(holds: Holds) -> Iterator[None]:
    """Time callbacks and rounds from inside of the loop, by replacing two of its functions."""
    run_callback, run_round = asyncio.Handle._run, asyncio.BaseEventLoop._run_once  # type: ignore[attr-defined]
    spent = 0.0

    def timed_callback(handle: Any) -> None:
        nonlocal spent
        began = time.thread_time()
        run_callback(handle)
        took = time.thread_time() - began
        holds.callbacks.append(took)
        spent += took

    def timed_round(loop: Any) -> None:
        nonlocal spent
        spent = 0.0
        run_round(loop)
        holds.rounds.append(spent)

    asyncio.Handle._run = timed_callback  # type: ignore[method-assign,assignment]
    asyncio.BaseEventLoop._run_once = timed_round  # type: ignore[attr-defined]
    try:
        yield
    finally:
        asyncio.Handle._run = run_callback  # type: ignore[method-assign]
        asyncio.BaseEventLoop._run_once = run_round  # type: ignore[attr-defined]


@contextmanager
def held(holds: Holds, *, inside: bool) -> Iterator[None]:
    """
    Measure in the block: with the probe, or *inside* of the loop, which itself costs time.

    Args:
        holds: where to.
        inside: time the loop's rounds, instead of probing.
    """
    if inside:
        with _timed_rounds(holds):
            yield
        return
    probe = asyncio.get_running_loop().create_task(_probe(holds))
    try:
        yield
    finally:
        probe.cancel()
