"""Cancelled, broken out of or failing at any await: nothing is lost, nobody hangs, nothing is left."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from attrs import frozen

from benchmarks.virtual import run_virtual, virtual_session
from gameball_async.client import GameballClient
from gameball_async.edge.http import AiohttpTransport
from gameball_async.engine.bulk import Bulk
from gameball_async.errors import ClosedError, DeadlineError, GameballError
from gameball_async.model.jobs import Job, JobState
from gameball_async.pipeline.events import Settled
from gameball_async.ports import WireRequest, WireResponse
from gameball_async.sandbox import Constant, Sandbox
from gameball_async.schedule.budget import Quota
from tests.steps import Cut, SteppedLoop, at_each_step, nothing_left, run_stepped

ROWS = [{"customerId": f"c{n}"} for n in range(2050)]
"""Three chunks."""


@pytest.fixture
def virtual(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients open their own sessions on the virtual loop too."""
    monkeypatch.setattr("gameball_async.client.open_session", virtual_session)


@asynccontextmanager
async def world(**options: Any) -> AsyncIterator[tuple[Sandbox, GameballClient]]:
    """A sandbox and a client of it, which works before and after what is done in between."""
    async with Sandbox(service_time=Constant(0.3, queue=0.1)) as sandbox:
        async with client_of(sandbox, **options) as client:
            yield sandbox, client


def client_of(sandbox: Sandbox, **options: Any) -> GameballClient:
    return GameballClient(sandbox.api_key, sandbox.secret_key, base_url=sandbox.url, **options)


# -- cancelled at every step

RUNS: list[Bulk] = []


async def watch(client: GameballClient, job: Job) -> None:
    async for _ in client.watch(job, progress=True):
        pass


async def watch_all(client: GameballClient, job: Job) -> None:
    async with client.watch_all([job, job.id + 0]) as changes:
        async for _ in changes:
            pass


def bulk_of(client: GameballClient, concurrency: int) -> Bulk:
    RUNS.append(client.bulk("customers", ROWS, concurrency=concurrency))
    return RUNS[-1]


async def bulk_one(client: GameballClient, _: Job) -> None:
    async with bulk_of(client, 1) as run:
        async for _event in run:
            pass


async def bulk_many(client: GameballClient, _: Job) -> None:
    async with bulk_of(client, 3) as run:
        await run.finish()


async def bulk_left(client: GameballClient, _: Job) -> None:
    async with bulk_of(client, 2) as run:
        async for _event in run:
            break


async def submit_all(client: GameballClient, _: Job) -> None:
    async with client.submit_all("customers", ROWS, concurrency=2) as submissions:
        async for _submission in submissions:
            pass


async def submit_all_left(client: GameballClient, _: Job) -> None:
    async with client.submit_all("customers", ROWS, concurrency=2) as submissions:
        await anext(submissions)


async def closed(client: GameballClient, _: Job) -> None:
    await client.aclose()


async def closed_while_busy(client: GameballClient, job: Job) -> None:
    async with bulk_of(client, 2) as run:
        await anext(run)
        await client.aclose()


async def opened_and_closed(client: GameballClient, _: Job) -> None:
    await client.aclose()
    async with client:
        await client.upsert_customer({"customerId": "c1"})


async def late(client: GameballClient, job: Job) -> None:
    with pytest.raises(DeadlineError):
        await client.wait(job, deadline=0.3)


Call = Callable[[GameballClient, Job], Awaitable[Any]]
SINGLE: dict[str, Call] = {
    "upsert": lambda client, _: client.upsert_customer({"customerId": "c1"}),
    "submit": lambda client, _: client.submit("customers", ROWS[:3]),
    "status": lambda client, job: client.status(job),
    "stop": lambda client, job: client.stop(job),
    "open and close": opened_and_closed,
    "close": closed,
}
LONG: dict[str, Call] = {
    "wait": lambda client, job: client.wait(job),
    "wait, too late": late,
    "watch": watch,
    "watch_all": watch_all,
    "bulk, one chunk at once": bulk_one,
    "bulk, finish": bulk_many,
    "bulk, left": bulk_left,
    "submit_all": submit_all,
    "submit_all, left": submit_all_left,
    "close while busy": closed_while_busy,
}


@frozen
class Cancelled:
    """One call that is cancelled, with all that must hold afterwards."""

    call: Call
    settle: float = 2.0

    async def __call__(self, cut: Cut) -> None:
        RUNS.clear()
        async with world() as (sandbox, client):
            job = await client.submit("customers", [{"customerId": "a"}])

            async def call() -> None:
                await self.call(client, job)

            await cut.run(call())
            for run in RUNS:
                assert run.report.rows == run.report.settled
            if client._engine is not None:
                await works(client)
                await anyio.sleep(self.settle)
                given_back(client)
        for run in RUNS:
            agrees_with_what_was_applied(run, sandbox)


async def works(client: GameballClient) -> None:
    with anyio.fail_after(60):
        assert await client.upsert_customer({"customerId": "b"})
        job = await client.submit("customers", [{"customerId": "b"}])
        assert (await client.status(job)).state is not JobState.FAILED


def given_back(client: GameballClient) -> None:
    """Each slot was counted or given back, nobody is in a queue, and no upload is under way."""
    assert client._engine is not None
    for dispatcher in client._engine._dispatchers:
        turns = dispatcher.turns
        assert turns.idle
        assert turns._uploads == 0
        assert not dispatcher._waiters
        turns.budget.next_free(anyio.current_time())
        assert not turns.budget._open
        assert len(turns.budget._stamps) == dispatcher.sent


def agrees_with_what_was_applied(run: Bulk, sandbox: Sandbox) -> None:
    """The report accounts for each row, and no row that it calls unsent was applied."""
    report = run.report
    assert report.rows == report.settled
    jobs = sandbox.service.jobs.values()
    arrived = sum(len(job.items()) for job in jobs if job.items()[0]["customerId"][0] == "c")
    assert report.succeeded <= arrived <= report.rows - report.unsent - report.rejected


@pytest.mark.usefixtures("virtual")
@pytest.mark.parametrize("call", [pytest.param(c, id=n) for n, c in {**SINGLE, **LONG}.items()])
def test_a_call_cancelled_at_any_step_is_cancelled_and_leaves_nothing_behind(call: Call) -> None:
    assert at_each_step(Cancelled(call)) > 3


@pytest.mark.parametrize("call", [pytest.param(c, id=n) for n, c in SINGLE.items()])
def test_a_call_cancelled_at_any_step_leaves_nothing_on_real_sockets(call: Call) -> None:
    async def main(cut: Cut) -> None:
        async with world() as (sandbox, client):
            job = await client.submit("customers", [{"customerId": "a"}])

            async def cancelled() -> None:
                await call(client, job)

            await cut.run(cancelled())
            if client._engine is not None:
                await works(client)

    at_each_step(main, loop_factory=SteppedLoop)
