"""
What people write instead, against the same server on the same clock: each with and without a limiter.

All of them use one aiohttp session and know nothing of our client. The limiter is aiolimiter, one for
each documented window, taken one after the other as its documentation shows. Whoever is refused
with 429 waits a second, then two, up to thirty, half of it drawn, and tries again. Jobs are all begun at
once, as with `asyncio.gather`, but for 64 connections.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import aiohttp
import anyio
from aiolimiter import AsyncLimiter

from gameball_async.sandbox import Sandbox

from .cells import MODELS, QUOTA, ROWS, Cell, Outcome, bulk_run, measure
from .plot import bars
from .record import FOLDER, Gate, Result, table, write
from .virtual import virtual_session

__all__ = ["STRATEGIES", "run"]

_ENDED = ("completed", "failed", "stopped")


class _Plain:
    """The API by hand."""

    def __init__(
        self, session: aiohttp.ClientSession, sandbox: Sandbox, limiters: Sequence[AsyncLimiter]
    ) -> None:
        self._session = session
        self._root = f"{sandbox.url}/api/v4.0/integrations/batch"
        self._keys = {"APIKey": sandbox.api_key, "SecretKey": sandbox.secret_key}
        self._limiters = limiters

    async def submit(self, number: int) -> int:
        """Submit the chunk of that number; gives its job's."""
        rows = [{"customerId": f"c{number * ROWS + row}"} for row in range(ROWS)]
        answer = await self._ask("POST", "/customers", json={"body": rows})
        return int(answer["jobId"])

    async def ended(self, job: int) -> bool:
        """Ask once whether the job has ended."""
        answer = await self._ask("GET", f"/{job}")
        return answer["status"] in _ENDED

    async def _ask(self, method: str, path: str, **what: Any) -> Any:
        wait = 1.0
        while True:
            async with AsyncExitStack() as slots:
                for limiter in self._limiters:
                    await slots.enter_async_context(limiter)
                request = self._session.request(
                    method, self._root + path, headers=self._keys, **what
                )
                answer = await slots.enter_async_context(request)
                if answer.status == 200:
                    return await answer.json()
                assert answer.status == 429, answer.status
            await anyio.sleep(wait * (0.5 + 0.5 * random.random()))
            wait = min(30.0, 2 * wait)


@asynccontextmanager
async def _plain(sandbox: Sandbox, limited: bool) -> AsyncIterator[_Plain]:
    limiters = [AsyncLimiter(most, seconds) for most, seconds in QUOTA] if limited else []
    async with virtual_session() as session:
        yield _Plain(session, sandbox, limiters)


async def _in_turn(api: _Plain, number: int, first: float, factor: float, most: float) -> None:
    job, wait = await api.submit(number), first
    await anyio.sleep(wait)
    while not await api.ended(job):
        wait = min(most, wait * factor)
        await anyio.sleep(wait)


async def each_second(sandbox: Sandbox, cell: Cell, *, limited: bool) -> None:
    """A task for each job: submit, then ask each second."""
    async with _plain(sandbox, limited) as api, anyio.create_task_group() as tasks:
        for number in range(cell.jobs):
            tasks.start_soon(_in_turn, api, number, 1.0, 1.0, 1.0)


async def backing_off(sandbox: Sandbox, cell: Cell, *, limited: bool) -> None:
    """A task for each job: submit, then ask after 1, 2, 4, ... 30 seconds."""
    async with _plain(sandbox, limited) as api, anyio.create_task_group() as tasks:
        for number in range(cell.jobs):
            tasks.start_soon(_in_turn, api, number, 1.0, 2.0, 30.0)


async def all_then_all(sandbox: Sandbox, cell: Cell, *, limited: bool) -> None:
    """Submit everything; then ask about all that are open, round after round, a second apart."""
    jobs: list[int] = []
    open_jobs: set[int] = set()

    async with _plain(sandbox, limited) as api:

        async def submit(number: int) -> None:
            jobs.append(await api.submit(number))

        async def look(job: int) -> None:
            if await api.ended(job):
                open_jobs.discard(job)

        async with anyio.create_task_group() as tasks:
            for number in range(cell.jobs):
                tasks.start_soon(submit, number)
        open_jobs.update(jobs)
        while open_jobs:
            async with anyio.create_task_group() as tasks:
                for job in sorted(open_jobs):
                    tasks.start_soon(look, job)
            await anyio.sleep(1.0)


Strategy = Callable[[Sandbox, Cell], Awaitable[None]]

STRATEGIES: dict[str, Strategy] = {
    "this client": bulk_run,
    "each job each second": partial(each_second, limited=False),
    "each job each second, aiolimiter": partial(each_second, limited=True),
    "back-off for each job": partial(backing_off, limited=False),
    "back-off for each job, aiolimiter": partial(backing_off, limited=True),
    "submit all, then poll all": partial(all_then_all, limited=False),
    "submit all, then poll all, aiolimiter": partial(all_then_all, limited=True),
}


def _one(task: tuple[str, Cell]) -> Outcome:
    name, cell = task
    return measure(STRATEGIES[name], cell)


def run(*, jobs: int = 300) -> Result:
    """
    Run each strategy against each kind of server.

    Args:
        jobs: how many; 300 take two minutes, since refused requests are work too.
    """
    tasks = [(name, Cell(jobs, model)) for name in STRATEGIES for model in MODELS]
    with ProcessPoolExecutor() as pool:
        found = dict(zip(tasks, pool.map(_one, tasks), strict=True))
    rows, figures = [], []
    for name in STRATEGIES:
        outcomes = [found[name, Cell(jobs, model)] for model in MODELS]
        rows.append([name, *map(_shown, outcomes)])
        figures += [{"strategy": name, **outcome.figures()} for outcome in outcomes]
    ours = [found["this client", Cell(jobs, model)] for model in MODELS]
    others = [found[key] for key in tasks if key[0] != "this client"]
    gates = [
        Gate("429s of this client", sum(o.refused for o in ours), 0),
        Gate("time of this client / best of the others, worst server", _worst(ours, others), 1.05),
    ]
    text = f"""
{jobs:,} jobs, round trips of 100 ms on average. In each cell: time to the last outcome / least possible
time, polls for each job, answers that said 429.

{table(["strategy", *MODELS], rows)}

{__doc__.strip()}
"""
    panels = {
        "time / least possible time": [[o.ratio for o in _of(found, n, jobs)] for n in STRATEGIES],
        "requests for each job": [
            [o.requests / jobs for o in _of(found, n, jobs)] for n in STRATEGIES
        ],
    }
    (FOLDER / "dispatch.svg").write_text(
        bars(f"{jobs:,} jobs", list(STRATEGIES), list(MODELS), panels), encoding="utf-8"
    )
    return Result(
        "strategies", "This client and what people write", gates, text, {"cells": figures}
    )


def _of(found: dict[tuple[str, Cell], Outcome], name: str, jobs: int) -> list[Outcome]:
    return [found[name, Cell(jobs, model)] for model in MODELS]


def _worst(ours: list[Outcome], others: list[Outcome]) -> float:
    """Our time for each second of the fastest other, where we do worst."""
    return max(
        own.seconds / min(o.seconds for o in others if o.cell.model == own.cell.model)
        for own in ours
    )


def _shown(outcome: Outcome) -> str:
    return f"{outcome.ratio:.2f} / {outcome.polls:.2f} / {outcome.refused:,}"


if __name__ == "__main__":
    result = run()
    print(result.markdown())
    write(result)
