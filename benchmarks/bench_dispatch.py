"""
The dispatcher end to end on a virtual clock, at true scale, alone with one job, and what it costs.

    python -m benchmarks.bench_dispatch [--quick | --real | --alone | --cost]

The whole table takes about ten minutes on two cores, ``--quick`` one minute; ``--real`` takes as long
as its jobs do.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import sys
import time
import tracemalloc
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from statistics import fmean, median

from gameball_async.api.jobs import JobState
from gameball_async.jobs.schedule import Polls
from gameball_async.limits.queue import Grant, Poll, Rank, Turns
from gameball_async.limits.windows import Budget, Quota

from .cells import (
    MODELS,
    OPEN_JOBS,
    QUOTA,
    ROWS,
    Cell,
    Outcome,
    bulk_run,
    measure,
    real_bulk_run,
    run_cell,
)  # fmt: skip
from .record import Gate, Result, table, write

__all__ = ["run", "run_alone", "run_cost", "run_real"]

TRIPS = (0.02, 0.1, 0.5)
RATIOS = {100: (1.06, 1.10, 1.25), 1000: (1.02, 1.02, 1.04), 5000: (1.02, 1.02, 1.04)}
"""What is to be met, by jobs and trip."""
POLLS = {True: 1.05, False: 3.2}
"""Polls for each job, at most: where the quota is the limit, and where the server is."""
HEADS = (
    "jobs",
    "server",
    "progress",
    "trip",
    "bound s",
    "time / bound",
    "waiting / bound",
    "polls/job",
    "429",
    "peaks",
)


def run(*, quick: bool = False) -> Result:
    """
    Every combination of size, server, progress figures and network; on the virtual clock.

    Args:
        quick: only 100 jobs, and 1,000 with the middle network.
    """
    sizes = ((100, TRIPS), (1000, TRIPS[1:2])) if quick else tuple((n, TRIPS) for n in RATIOS)
    cells = [
        Cell(jobs, model, progress, trip)
        for jobs, trips in sizes
        for model in MODELS
        for progress in (True, False)
        for trip in trips
    ]
    with ProcessPoolExecutor() as pool:
        # The long ones first, so that no process is left with one at the end.
        found = dict(
            zip(cells[::-1], pool.map(partial(measure, bulk_run), cells[::-1]), strict=True)
        )
    return _result([found[cell] for cell in cells], quick=quick)


def _result(outcomes: Sequence[Outcome], *, quick: bool) -> Result:
    text = f"""
Jobs of {ROWS} rows, {OPEN_JOBS:,} open at once at most. The real client over the real aiohttp and the real
sandbox server, in one process on a clock that jumps. *trip* is the mean of a round trip in seconds;
each way takes a quarter to three quarters of it, and so does the handshake of each new connection. *bound*:
see `cells.bound`; it is of a client that knows when each request is counted. *waiting*: the bound of one
that must wait for the answers to know, as one must where nothing is known of the least trip. Both
hold one handshake and one trip. *peaks*: the most requests in any 1 s / 30 s, as the sandbox counted them.
What is beyond a limit is marked with !.

{table(HEADS, map(_row, outcomes))}
"""
    name = "dispatch-quick" if quick else "dispatch"
    figures = {"cells": [outcome.figures() for outcome in outcomes]}
    return Result(name, "One dispatcher, end to end", _gates(outcomes), text, figures)


def _gates(outcomes: Sequence[Outcome]) -> list[Gate]:
    gates = []
    for jobs, limits in RATIOS.items():
        for trip, limit in zip(TRIPS, limits, strict=True):
            of = [o.ratio for o in outcomes if o.cell.jobs == jobs and o.cell.trip == trip]
            if of:
                what = f"time / bound, {jobs:,} jobs, trips of {1000 * trip:g} ms, worst server"
                gates.append(Gate(what, max(of), limit))
    by_quota = [o.polls for o in outcomes if o.by_quota]
    by_server = [o.polls for o in outcomes if not o.by_quota]
    if by_quota:
        gates.append(Gate("polls per job where the quota is the limit", max(by_quota), POLLS[True]))
    return [
        *gates,
        Gate("polls per job where the server is the limit", max(by_server), POLLS[False]),
        Gate("answers that said 429", sum(o.refused for o in outcomes), 0),
        Gate("requests in any second", max(o.peak_1 for o in outcomes), 30),
        Gate("requests in any 30 s", max(o.peak_30 for o in outcomes), 360),
    ]


def _row(outcome: Outcome) -> tuple[object, ...]:
    cell = outcome.cell
    limit = RATIOS[cell.jobs][TRIPS.index(cell.trip)]
    return (
        cell.jobs,
        cell.model,
        "yes" if cell.progress else "no",
        cell.trip,
        f"{outcome.bound:.1f}",
        f"{outcome.ratio:.3f}" + "!" * (outcome.ratio > limit),
        f"{outcome.waiting / outcome.bound:.3f}",
        f"{outcome.polls:.2f}" + "!" * (outcome.polls > POLLS[outcome.by_quota]),
        outcome.refused,
        f"{outcome.peak_1} / {outcome.peak_30}",
    )


def run_real(*, jobs: int = 100) -> Result:
    """The same at true scale and in real time, over real sockets of this machine."""
    cells = [Cell(jobs, model, progress) for model in MODELS for progress in (True, False)]
    outcomes = [asyncio.run(run_cell(real_bulk_run, cell)) for cell in cells]
    text = f"For the record: what the virtual clock shows, seen in real time.\n\n{table(HEADS, map(_row, outcomes))}"
    figures = {"cells": [outcome.figures() for outcome in outcomes]}
    return Result("dispatch-real", "In real time", _gates(outcomes), text, figures)


# -- one job alone


def alone(
    seconds: float, *, steps: int, trip: float = 0.1, seed: int = 0, spare: bool = False
) -> tuple[float, int]:
    """
    Watch one job that nothing is known of.

    Args:
        seconds: how long it runs.
        steps: in how many its counts move; 0: not at all.
        trip: seconds of a round trip.
        seed: of the jitter.
        spare: nobody else wants the quota.

    Returns:
        By how many seconds its end was seen late, and how many polls it took.
    """
    chance, polls, now, count = random.Random(seed), Polls(), 0.0, 0
    polls.add(1, now)
    while True:
        job, when = polls.due(now, spare=spare)
        if job is None:
            now = when
            continue
        polls.sent(1, now)
        count += 1
        seen, now = now + trip / 2, now + trip
        if seen >= seconds:
            return now - seconds, count
        share = int(seen / seconds * steps) / steps if steps else 0.0
        polls.seen(1, now, chance.random(), JobState.RUNNING, share)


def run_alone(*, draws: int = 200) -> Result:
    """How late the end of a job alone is seen, for durations from a tenth of a second to an hour."""
    edges = (0.1, 1.0, 3.0, 10.0, 30.0, 60.0, 300.0, 600.0, 3600.0)
    rows, figures, beyond = [], [], list[float]()
    for low, high in itertools.pairwise(edges):
        for steps in (0, 20, 100, 1000):
            spans = [low * (high / low) ** ((n + 0.5) / draws) for n in range(draws)]
            seen = [alone(span, steps=steps, seed=n, spare=True) for n, span in enumerate(spans)]
            late = [late for late, _ in seen]
            part = [late / span for (late, _), span in zip(seen, spans, strict=True)]
            polls = [count for _, count in seen]
            rows.append((
                f"{low:g} to {high:g} s", steps or "none", fmean(late), max(late),
                f"{max(part):.0%}", fmean(polls), max(polls),
            ))  # fmt: skip
            figures.append(dict(zip(_ALONE, rows[-1], strict=True)))
            beyond += [(each - 1.0) / span for each, span in zip(late, spans, strict=True)]
    gates = [
        Gate("seconds late beyond 1 s, as part of the duration, worst case", max(beyond), 0.05),
        Gate(
            "10 minutes: polls, worst case",
            max(alone(600.0, steps=0, seed=n, spare=True)[1] for n in range(20)),
            150,
        ),
    ]
    text = f"""
One job, watched alone from its submission; round trips of 100 ms. *steps*: in how many its counts move.

While nobody else wants the quota, a job is looked at again after a tenth of a second and a twentieth of its
age, so its end is seen late by little more than that. Where the quota is wanted, or more than ten jobs are open, the
frugal rules of `jobs.schedule` hold alone.

{table(_ALONE, rows)}
"""
    return Result("dispatch-alone", "One job alone", gates, text, {"spans": figures})


_ALONE = (
    "duration", "steps", "mean s late", "worst s late", "worst part of duration", "mean polls",
    "most polls",
)  # fmt: skip


# -- what it costs

FIRST = 1_000_000
"""
Number of the first job, and of the first look: Python keeps numbers below 257 for free, which a
hundred new jobs would be measured with, and none that come after.
"""


def _turns(jobs: int) -> Turns:
    """A dispatcher with so many open jobs, each of which was looked at once."""
    polls = Polls()
    polls._numbers = FIRST
    turns = Turns(Budget(Quota(*QUOTA)), polls)
    chance = random.Random(1)
    now = 0.001 * jobs
    for job in range(FIRST, FIRST + jobs):
        turns.polls.add(job, 0.001 * (job - FIRST))
    for job in range(FIRST, FIRST + jobs):
        turns.polls.sent(job, now)
        state = JobState.RUNNING if job % 2 else JobState.QUEUED
        turns.polls.seen(job, now, chance.random(), state, 0.1 * (job % 7))
    return turns


def _decisions(jobs: int, count: int) -> list[float]:
    """Seconds of CPU for each request: the slot, the choice, and taking in the answer."""
    turns, chance, now = _turns(jobs), random.Random(2), 60.0 + 0.001 * jobs
    spent = []
    fresh = FIRST + jobs
    for number in range(count):
        if number % 3 == 0:
            turns.join(Rank.SUBMIT, now)
        began = time.perf_counter()
        turn = turns.next(now)
        while not isinstance(turn, (Grant, Poll)):
            now = min(turn.until, now + 5.0)
            turn = turns.next(now)
        now += 0.01
        if isinstance(turn, Grant):
            assert turn.ticket.slot is not None
            turns.budget.answered(turn.ticket.slot, now)
            turns.finished(turn.ticket)
            turns.polls.add(fresh, now)
        else:
            turns.budget.answered(turn.slot, now)
            state = JobState.COMPLETED if number % 3 == 1 else JobState.RUNNING
            turns.polls.seen(turn.job_id, now, chance.random(), state, 0.5)
        spent.append(time.perf_counter() - began)
        fresh += isinstance(turn, Grant)
    return spent


def run_cost(*, sizes: Iterable[int] = (100, 1_000, 10_000), count: int = 5000) -> Result:
    """What one request costs the dispatcher, and one open job in memory, by the number of jobs."""
    _decisions(100, 500)  # warm
    rows = []
    for size in sizes:
        spent = _decisions(size, count)
        tracemalloc.start()
        turns = _turns(size)
        memory = tracemalloc.get_traced_memory()[0] / size
        tracemalloc.stop()
        assert len(turns.polls) == size
        rows.append((size, 1000 * median(spent), 1000 * fmean(spent), round(memory)))
    began = time.process_time()
    outcome = measure(bulk_run, Cell(1000, "constant 5 s"))
    whole = 1000 * (time.process_time() - began) / outcome.requests
    gates = [
        Gate("ms for each request, worst size, mean", max(row[2] for row in rows), 1.0),
        Gate("decision time, 10,000 jobs / 100", rows[-1][1] / rows[0][1], 2.0),
        Gate("bytes for each open job, 10,000 jobs / 100", rows[-1][3] / rows[0][3], 1.2),
    ]
    heads = ("open jobs", "ms/request, median", "ms/request, mean", "bytes/open job")
    text = f"""
The schedule alone (slots, whose turn, which job), without the network: {count:,} requests, a third of them
submissions, a third polls that find an end.

{table(heads, rows)}

For comparison: the whole of client, aiohttp, sandbox and virtual loop took {whole:.2f} ms of CPU for each
request of a run of 1,000 jobs of {ROWS} rows.
"""
    figures = {"sizes": [dict(zip(heads, row, strict=True)) for row in rows], "whole_ms": whole}
    return Result("dispatch-cost", "What the dispatcher costs", gates, text, figures)


def main() -> int:
    """Run what the command line names, and write it down."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("quick", "real", "alone", "cost"):
        parser.add_argument(f"--{name}", action="store_true")
    options = parser.parse_args()
    if options.real:
        result = run_real()
    elif options.alone:
        result = run_alone()
    elif options.cost:
        result = run_cost()
    else:
        result = run(quick=options.quick)
    print(result.markdown())
    write(result)
    return 0 if result.met else 1


if __name__ == "__main__":
    sys.exit(main())
