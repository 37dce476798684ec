"""
How late ends are seen: one job's by its age and its company, and the last job's of a whole run.

    python -m benchmarks.bench_late [--age | --tail]

``--age`` takes a minute or two, ``--tail`` some minutes on two cores.
"""

from __future__ import annotations

import argparse
import random
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from statistics import median

from gameball_async.api.jobs import JobState
from gameball_async.jobs.schedule import Polls
from gameball_async.limits.queue import Poll, Rest, Turns
from gameball_async.limits.windows import Budget, Quota

from .cells import MODELS, QUOTA, Cell, Outcome, bulk_run, measure
from .plot import lines
from .record import FOLDER, Gate, Result, table, write

__all__ = ["late", "run_age", "run_tail"]

AGES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3600.0)
COMPANY = (0, 5, 500)
DRAWS = 15
TRIP = 0.1


def late(seconds: float, others: int, *, steps: int, seed: int) -> tuple[float, int]:
    """
    Watch one job among others that last as long on average, with the whole quota for polls.

    Args:
        seconds: how long it runs.
        others: how many; all were submitted within the second before. They last log-normally, like those
            of `cells.MODELS`.
        steps: in how many steps the counts of all move; 0: the server tells none.
        seed: of all chance.

    Returns:
        By how many seconds its end is seen late, and how many polls of it that took.
    """
    chance = random.Random(seed)
    turns = Turns(Budget(Quota(*QUOTA)), Polls())
    begun = {job: chance.uniform(-1.0, 0.0) for job in range(1, others + 1)} | {0: 0.0}
    lasts = {job: seconds * chance.lognormvariate(-0.32, 0.8) for job in begun} | {0: seconds}
    for job in sorted(begun, key=lambda job: begun[job]):
        turns.polls.add(job, 1.0 + begun[job])
    now, looks = 1.0, 0
    answers: list[tuple[float, int, int, float]] = []
    while True:
        turn = turns.next(now)
        if isinstance(turn, Poll):
            way = TRIP * chance.uniform(0.25, 0.75)
            seen = now + way - 1.0
            answers.append(
                (now + way + TRIP * chance.uniform(0.25, 0.75), turn.job_id, turn.slot, seen)
            )
            answers.sort()
            looks += turn.job_id == 0
            continue
        assert isinstance(turn, Rest)
        now = min([turn.until, *(at for at, *_ in answers[:1])])
        if answers and answers[0][0] <= now:
            now, job, slot, seen = answers.pop(0)
            turns.budget.answered(slot, now)
            age = seen - begun[job]
            if age >= lasts[job]:
                if job == 0:
                    return now - 1.0 - seconds, looks
                turns.polls.seen(job, now, chance.random(), JobState.COMPLETED, None)
                continue
            share = int(age / lasts[job] * steps) / steps if steps else 0.0
            turns.polls.seen(job, now, chance.random(), JobState.RUNNING, share)


def _of(task: tuple[float, int, int]) -> list[tuple[float, int]]:
    age, others, steps = task
    draws = DRAWS if others < 500 or age < 1000 else DRAWS // 3
    return [late(age, others, steps=steps, seed=seed) for seed in range(draws)]


def run_age() -> Result:
    """How late one job's end is seen, by its age and its company; with a plot."""
    tasks = [(age, others, steps) for others in COMPANY for steps in (100, 0) for age in AGES]
    with ProcessPoolExecutor() as pool:
        found = dict(zip(tasks, pool.map(_of, tasks), strict=True))
    rows, figures = [], []
    for (age, others, steps), draws in found.items():
        lates = [seconds for seconds, _ in draws]
        polls = median(count for _, count in draws)
        counts = f"in {steps} steps" if steps else "none"
        rows.append(
            (
                f"{age:g} s",
                others,
                counts,
                median(lates),
                max(lates),
                f"{median(lates) / age:.0%}",
                polls,
            )
        )
        figures.append(dict(zip(_HEADS, rows[-1], strict=True)))
    series = {
        f"{others or 'no'} others, {'counts' if steps else 'no counts'}": [
            (age, median(seconds for seconds, _ in found[age, others, steps])) for age in AGES
        ]
        for others in COMPANY
        for steps in (100, 0)
    }
    picture = lines("How late an end is seen", "age of the job, s", "s late, median", series)
    (FOLDER / "dispatch-late.svg").write_text(picture, encoding="utf-8")
    few = [(age, found[age, others, 0]) for age in AGES for others in (0, 5)]
    beyond = max((seconds - 1.0) / age for age, draws in few for seconds, _ in draws)
    gates = [Gate("up to 5 others: s late beyond 1 s, as part of the age, worst", beyond, 0.05)]
    text = f"""
One job among others that last as long on average (log-normal, as in the cells), round trips of {1000 * TRIP:g} ms, nothing submitted meanwhile. While at most ten
are open and slots are spare, each is looked at again after a twentieth of its age. With 500 others the frugal
rules hold, and the job is the last of 501 submitted, in whose order they are looked at first: the quota alone
takes 35 seconds for one look at each.

![lateness by age](dispatch-late.svg)

{table(_HEADS, rows)}
"""
    return Result("dispatch-late", "How late an end is seen", gates, text, {"ages": figures})


_HEADS = ("age", "others", "counts", "median s late", "worst s late", "median part", "polls")


def run_tail(*, seeds: int = 5) -> Result:
    """How late the last job of a run of 100 is seen: over servers, distances and seeds."""
    cells = [
        Cell(100, model, progress, trip, seed)
        for model in MODELS
        for progress in (True, False)
        for trip in (0.02, 0.1, 0.5)
        for seed in range(1, seeds + 1)
    ]
    with ProcessPoolExecutor() as pool:
        outcomes = list(pool.map(partial(measure, bulk_run), cells, chunksize=4))
    rows = [
        (
            model,
            trip,
            *_spread([o for o in outcomes if o.cell.model == model and o.cell.trip == trip]),
        )
        for model in MODELS
        for trip in (0.02, 0.1, 0.5)
    ]
    whole = _spread(outcomes)
    gates = [
        Gate("s from the last job's end to the run's, median", whole[0], 1.0),
        Gate("s from the last job's end to the run's, p99", whole[1], 3.0),
        Gate("answers that said 429", sum(o.refused for o in outcomes), 0),
    ]
    text = f"""
{len(outcomes)} runs of 100 jobs: {seeds} seeds, with and without progress figures. The answer's way back is in it.

{table(("server", "trip", "median s", "p99 s", "worst s"), rows)}
"""
    figures = {"cells": [outcome.figures() for outcome in outcomes]}
    return Result("dispatch-tail", "How late the last job of a run is seen", gates, text, figures)


def _spread(outcomes: list[Outcome]) -> tuple[float, float, float]:
    lates = sorted(outcome.late for outcome in outcomes)
    return median(lates), lates[min(len(lates) - 1, int(0.99 * len(lates)))], lates[-1]


def main() -> int:
    """Run what the command line names, both where it names none, and write it down."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("age", "tail"):
        parser.add_argument(f"--{name}", action="store_true")
    options = parser.parse_args()
    runs = [run for run, wanted in ((run_age, options.age), (run_tail, options.tail)) if wanted]
    met = True
    for run in runs or (run_age, run_tail):
        result = run()
        print(result.markdown())
        write(result)
        met = met and result.met
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
