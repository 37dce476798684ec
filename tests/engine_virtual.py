"""A client and a sandbox on a clock that jumps, for tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from benchmarks.virtual import run_virtual, virtual_client
from gameball_async.api.jobs import Job
from gameball_async.client import GameballClient
from gameball_async.sandbox import Sandbox

T = TypeVar("T")
TRIP = (0.04, 0.06)
"""Seconds that messages travel each way."""


def at(sandbox: Sandbox, main: Callable[[GameballClient], Awaitable[T]], **settings: Any) -> T:
    """Run *main* with a client of *sandbox* on a virtual clock."""

    async def run() -> T:
        async with sandbox, virtual_client(sandbox, **settings) as client:
            return await main(client)

    return run_virtual(run)


async def submit(client: GameballClient, name: str = "c1") -> Job:
    return await client.submit("customers", [{"customerId": name}])


def polls(sandbox: Sandbox, job: Job | None = None) -> int:
    return sum(
        seen.sort == "poll" and (job is None or seen.job_id == job.id) for seen in sandbox.requests
    )
