"""Others on the account: shares, pauses and manners, on a clock that jumps."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from gameball_async.bulk.chunks import LookAhead
from gameball_async.bulk.events import Submitted
from gameball_async.client import GameballClient
from gameball_async.errors import RateLimitError
from gameball_async.sandbox import Constant, Sandbox
from tests.engine_virtual import TRIP, at, submit


def rows_of(jobs: int) -> Any:
    return ({"customerId": f"c{number}"} for number in range(jobs * 50))


def test_refusals_for_others_requests_lower_our_share_while_the_rest_is_used() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(1.0), others_per_second=6.0)

    async def main(client: GameballClient) -> tuple[float, Any]:
        low = 1.0
        async with client.bulk("customers", rows_of(300), look_ahead=LookAhead(rows=50)) as run:
            async for _ in run:
                low = min(low, run.progress.quota_share)
        return low, run.report

    low, report = at(sandbox, main)
    assert report.succeeded == 300 * 50
    assert 0 < report.rate_limited <= 12
    assert low <= 0.5
    # Half of what the limits allow is left, and most of that is used.
    assert report.requests / report.seconds > 0.6 * 6.0


def test_our_share_is_whole_again_within_15_seconds_once_the_others_are_gone() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(1.0))

    async def main(client: GameballClient) -> tuple[float, float]:
        sandbox.foreign(11.0)
        gone = back = None
        async with client.bulk("customers", rows_of(400), look_ahead=LookAhead(rows=50)) as run:
            async for _ in run:
                now = anyio.current_time()
                if gone is None and now > 20.0 and run.progress.quota_share < 1.0:
                    sandbox.foreign(0.0)
                    gone = now
                elif gone is not None and back is None and run.progress.quota_share == 1.0:
                    back = now
        assert gone is not None
        assert back is not None
        return gone, back

    gone, back = at(sandbox, main)
    assert back - gone <= 15.0


@pytest.mark.parametrize("form", ["17", "Thu, 01 Jan 2026 00:00:17 GMT"])
def test_retry_after_is_heeded_by_all_whether_in_seconds_or_as_a_date(form: str) -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(1.0))
    headers = {"Retry-After": form, "Date": "Thu, 01 Jan 2026 00:00:00 GMT"}
    sandbox.faults.answer(429, b"{}", headers, on="submit", commit=False, times=1)

    async def main(client: GameballClient) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(submit, client, "c1")
            await anyio.sleep(0.5)
            tasks.start_soon(submit, client, "c2")

    at(sandbox, main)
    times = [seen.time for seen in sandbox.requests]
    assert len(times) == 3
    assert times[1] - times[0] >= 17


def test_after_a_pause_the_waiting_come_one_by_one() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(1.0))
    sandbox.faults.rate_limit(times=1, on="submit")

    async def main(client: GameballClient) -> None:
        async with anyio.create_task_group() as tasks:
            for number in range(60):
                tasks.start_soon(submit, client, f"c{number}")

    at(sandbox, main)
    times = [seen.time for seen in sandbox.requests]
    first = min(time for time in times if time > 1.0)
    later = [time for time in times if time >= first]
    assert len(later) > 20
    for start in later:
        assert sum(start <= time < start + 1.0 for time in later) <= 15


def limited(sandbox: Sandbox, seconds: int) -> None:
    """The next submission is answered 429, and asks to wait."""
    headers = {"Retry-After": str(seconds)}
    sandbox.faults.answer(429, b"{}", headers, on="submit", commit=False, times=1)


def test_a_wait_that_is_longer_than_anybodys_patience_is_given_up_at_once_by_all() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(30.0))
    gave_up: list[float] = []

    async def main(client: GameballClient) -> None:
        async def expect(call: Any) -> None:
            with pytest.raises(RateLimitError, match=r"asks to wait for 86,400 s.*--quota"):
                await call()
            gave_up.append(anyio.current_time())

        job = await submit(client)
        limited(sandbox, 86_400)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(expect, lambda: client.wait(job))
            await anyio.sleep(2)
            tasks.start_soon(expect, lambda: submit(client))
        await expect(lambda: submit(client))
        await expect(lambda: client.status(job))
        await expect(lambda: client.wait(job))

    at(sandbox, main)
    assert len(gave_up) == 5
    assert max(gave_up) < 4


def test_a_run_that_is_asked_to_wait_for_a_day_ends_and_its_jobs_are_pending() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(30.0))

    async def main(client: GameballClient) -> tuple[Any, float]:
        rows = ({"customerId": f"c{number}"} for number in range(2_000))
        async with client.bulk("customers", rows, concurrency=1) as run:
            with pytest.raises(RateLimitError):
                async for event in run:
                    if isinstance(event, Submitted):
                        limited(sandbox, 86_400)
        return run.report, anyio.current_time()

    report, ended = at(sandbox, main)
    assert (report.pending, report.unsent) == (1_000, 1_000)
    assert ended < 10


def test_a_stop_goes_through_a_pause() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(300.0))

    async def main(client: GameballClient) -> float:
        job = await submit(client)
        limited(sandbox, 600)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(submit, client)
            await anyio.sleep(2)
            began = anyio.current_time()
            await client.stop(job)
            took = anyio.current_time() - began
            tasks.cancel_scope.cancel()
        return took

    assert at(sandbox, main) < 1
