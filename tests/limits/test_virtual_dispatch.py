"""One dispatcher for everything that is sent: on a clock that jumps, against the sandbox."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import AsyncIterator

import anyio
import pytest

from benchmarks.cells import MODELS, Cell, bulk_run, measure
from benchmarks.virtual import run_virtual, virtual_client
from gameball_async.bulk.chunks import LookAhead
from gameball_async.client import GameballClient
from gameball_async.limits.uplink import SMALL
from gameball_async.limits.windows import Quota
from gameball_async.sandbox import Constant, Sandbox
from tests.engine_virtual import TRIP, at, submit


def test_a_run_is_the_same_each_time() -> None:
    cell = Cell(30, "log-normal, mean 10 s")
    assert measure(bulk_run, cell) == measure(bulk_run, cell)


@pytest.mark.parametrize("model", MODELS)
def test_a_hundred_jobs_keep_the_limits_and_come_near_the_bound(model: str) -> None:
    for progress in (True, False):
        outcome = measure(bulk_run, Cell(100, model, progress, trip=0.02))
        assert outcome.refused == 0
        assert outcome.peak_1 <= 30
        assert outcome.peak_30 <= 360
        assert outcome.ratio <= 1.10
        assert outcome.polls <= 3.2


def test_everything_that_is_sent_at_once_keeps_within_one_quota() -> None:
    sandbox = Sandbox(latency=(0.0, 0.3), service_time=Constant(2.0))

    async def main(client: GameballClient) -> None:
        async def one(number: int) -> None:
            job = await submit(client, f"c{number}")
            await client.status(job)
            if number % 3:
                await client.wait(job)
            else:
                await client.stop(job)

        async with anyio.create_task_group() as tasks:
            for number in range(100):
                tasks.start_soon(one, number)

    at(sandbox, main)
    assert sandbox.rate_limited == 0
    assert sandbox.peaks[1.0] <= 30
    assert sandbox.peaks[30.0] <= 360


def test_a_stop_goes_before_submissions_that_have_waited_longer() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(600.0))

    async def main(client: GameballClient) -> float:
        job = await submit(client)
        async with anyio.create_task_group() as tasks:
            for number in range(200):
                tasks.start_soon(submit, client, f"c{number}")
            await anyio.sleep(0.5)
            began = anyio.current_time()
            await client.stop(job)
            waited = anyio.current_time() - began
            tasks.cancel_scope.cancel()
        return waited

    waited = at(sandbox, main, quota=Quota((10, 1.0)))
    assert waited < 1.5
    before = [seen.sort for seen in sandbox.requests].index("stop")
    assert before < 25


@pytest.mark.parametrize(
    ("size", "most"), [(100, 30), (10_000, 26), (20_000, 13), (33_000, 8), (200_000, 8)]
)
def test_before_the_distance_is_known_256_kib_are_uploaded_at_once_or_eight_bodies(
    size: int, most: int
) -> None:
    sandbox = Sandbox(latency=(0.5, 0.5), service_time=Constant(1.0))

    async def main(client: GameballClient) -> None:
        async with anyio.create_task_group() as tasks:
            for number in range(35):
                row = {"customerId": f"c{number}", "email": "x" * size}
                tasks.start_soon(client.submit, "customers", [row])

    at(sandbox, main)
    at_once = Counter(round(seen.time, 2) for seen in sandbox.requests if seen.sort == "submit")
    assert max(at_once.values()) == most
    assert most <= 8 or most * size <= SMALL


def test_near_the_server_at_most_eight_bodies_are_uploaded_at_once() -> None:
    sandbox = Sandbox(latency=(0.01, 0.01), service_time=Constant(600.0))

    async def main() -> None:
        async with sandbox, virtual_client(sandbox, lambda: 0.02) as client:
            await submit(client, "first")
            async with anyio.create_task_group() as tasks:
                for number in range(20):
                    tasks.start_soon(submit, client, f"c{number}")

    run_virtual(main)
    at_once = Counter(round(seen.time, 3) for seen in sandbox.requests if seen.sort == "submit")
    assert max(at_once.values()) == 8


def test_a_run_fills_the_first_burst_at_once_before_it_knows_the_distance() -> None:
    sandbox = Sandbox(latency=(0.25, 0.25), service_time=Constant(1.0))

    async def rows() -> AsyncIterator[dict[str, str]]:
        for number in range(60 * 20):
            yield {"customerId": f"c{number}"}

    async def main() -> None:
        async with (
            sandbox,
            virtual_client(sandbox, lambda: 0.5) as client,
            client.bulk("customers", rows(), look_ahead=LookAhead(rows=20)) as run,
        ):
            await run.finish()

    run_virtual(main)
    submitted = [seen.time for seen in sandbox.requests if seen.sort == "submit"]
    assert len(submitted) == 60
    assert submitted[29] - submitted[0] < 0.1


def test_a_run_submits_no_more_than_its_window_of_open_jobs() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(5.0))
    most = 0

    async def main(client: GameballClient) -> None:
        nonlocal most
        rows = ({"customerId": f"c{number}"} for number in range(1000))
        async with client.bulk(
            "customers", rows, look_ahead=LookAhead(rows=50), open_jobs=4
        ) as run:
            async for _ in run:
                most = max(most, sum(job.ended is None for job in sandbox.jobs.values()))

    at(sandbox, main)
    assert len(sandbox.jobs) >= 10
    assert most == 4


def test_a_cancelled_waiter_gives_its_slot_back() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(600.0))

    async def main(client: GameballClient) -> float:
        job = await submit(client)
        for _ in range(9):
            await client.status(job)
        for _ in range(50):
            with anyio.move_on_after(0.01):
                await client.status(job)
        began = anyio.current_time()
        await client.status(job)
        return anyio.current_time() - began

    # Ten in a minute are used up; fifty that gave up must not push the eleventh further away.
    assert at(sandbox, main, quota=Quota((10, 60.0))) < 61
    assert len(sandbox.requests) == 11


def test_progress_of_a_run_adds_up_at_every_event() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(4.0))

    async def main(client: GameballClient) -> None:
        rows = ({"customerId": f"c{number}"} for number in range(1000))
        async with client.bulk("customers", rows, look_ahead=LookAhead(rows=50)) as run:
            async for _ in run:
                progress = run.progress
                assert progress.rows_settled <= progress.rows_read
                assert sum(progress.jobs.values()) <= progress.chunks <= 20
                assert progress.requests <= progress.allowed
                assert progress.polls <= progress.requests
                assert math.isclose(
                    progress.rate * progress.seconds, progress.rows_settled, abs_tol=1e-6
                )
        assert run.report.polls + run.report.jobs == run.report.requests

    at(sandbox, main)
