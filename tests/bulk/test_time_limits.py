"""Nothing hangs for ever: a run and a watch end when their caller's limit says so, and say what is open."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from gameball_async import DeadlineError, GameballClient, Report, RunDeadlineError
from gameball_async.bulk.time_limits import TimeLimits
from gameball_async.errors import ConfigurationError
from gameball_async.sandbox import Constant, Sandbox
from tests.engine_items import item
from tests.engine_virtual import TRIP, at, submit


def left(sandbox: Sandbox, **limits: Any) -> tuple[RunDeadlineError, Report, float]:
    """A run of one chunk that its limit ends; its error, its report and how long it took."""

    async def main(client: GameballClient) -> tuple[RunDeadlineError, Report, float]:
        began = anyio.current_time()
        rows = [{"customerId": f"c{n}"} for n in range(10)]
        async with client.bulk("customers", rows, **limits) as run:
            with pytest.raises(RunDeadlineError) as caught:
                await run.finish()
            return caught.value, run.report, anyio.current_time() - began

    return at(sandbox, main)


def test_a_deadline_ends_a_run_and_names_its_open_jobs_with_their_state() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(600.0))
    error, report, seconds = left(sandbox, deadline=60.0)
    assert 60 <= seconds < 66
    (job,) = sandbox.jobs
    assert error.left_open == {job: "running"}
    assert (
        f"not finish within 60 s (--deadline, deadline); jobs still open: {job} (running)"
        in str(error)
    )
    assert (report.pending, report.complete) == (10, False)


def test_a_job_in_a_state_that_nobody_knows_ends_the_run_once_it_has_stalled() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(5.0))
    sandbox.faults.odd_state("expired", on="poll", times=1000)
    error, report, seconds = left(sandbox, stalled_for=300.0)
    assert "the run has not moved for 300 s (--stalled-for, stalled_for)" in str(error)
    assert list(error.left_open.values()) == ["unknown (expired)"]
    assert report.pending == 10 and 300 <= seconds < 360


def test_a_run_whose_counts_move_has_not_stalled() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(1200.0))

    async def main(client: GameballClient) -> Report:
        rows = [{"customerId": f"c{n}"} for n in range(1000)]
        async with client.bulk("customers", rows, stalled_for=240.0) as run:
            return await run.finish()

    assert at(sandbox, main).succeeded == 1000


def test_counts_of_open_jobs_are_in_the_progress_and_give_a_time_left() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(100.0))

    async def main(client: GameballClient) -> tuple[int, int, float | None, float | None]:
        rows = [{"customerId": f"c{n}"} for n in range(1000)]
        async with client.bulk("customers", rows) as run, anyio.create_task_group() as tasks:
            tasks.start_soon(run.finish)
            await anyio.sleep(50)
            now = run.progress
            tasks.cancel_scope.cancel()
        return now.rows_settled, now.rows_done, now.part_done(1.0), now.seconds_left(1.0)

    settled, done, part, seconds = at(sandbox, main)
    assert settled == 0 and 200 < done < 500
    assert part == done / 1000
    assert seconds is not None and 40 < seconds < 200


def test_a_watch_of_a_job_that_stands_still_ends() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(5.0))
    sandbox.faults.odd_state("expired", on="poll", times=1000)

    async def main(client: GameballClient) -> tuple[str, float]:
        job = await submit(client)
        with pytest.raises(DeadlineError) as caught:
            await client.wait(job, stalled_for=100.0)
        return str(caught.value), anyio.current_time()

    said, seconds = at(sandbox, main)
    assert "has not moved for 100 s (was last seen unknown (expired))" in said
    assert 100 <= seconds < 130


def test_what_is_too_early_is_sent_again_also_where_it_cannot_be_repeated() -> None:
    sandbox = Sandbox(latency=TRIP)
    sandbox.faults.answer(425, "{}", on="submit", times=2, commit=False)

    async def main(client: GameballClient) -> Report:
        rows = [item("balance-adjustments", "c1", 1)]
        async with client.bulk("balance-adjustments", rows) as run:
            return await run.finish()

    assert at(sandbox, main).succeeded == 1
    assert sandbox.ledger.applied["balance-adjustments"] == 1


def doubtful(chunks: int) -> tuple[Report, Exception | None]:
    """Adjustments whose answers are all lost, in chunks of 1,000."""
    sandbox = Sandbox(latency=TRIP)
    sandbox.faults.error_after(on="submit", times=100)

    async def main(client: GameballClient) -> tuple[Report, Exception | None]:
        rows = [item("balance-adjustments", f"c{n}", n) for n in range(chunks * 1000)]
        error: Exception | None = None
        async with client.bulk("balance-adjustments", rows) as run:
            try:
                await run.finish()
            except Exception as caught:  # noqa: BLE001 - looked at by the test
                error = caught
            return run.report, error

    return at(sandbox, main)


def test_a_run_in_doubt_with_nothing_left_to_send_is_over() -> None:
    report, error = doubtful(3)
    assert error is None and report.complete
    assert report.indeterminate == report.rows == 3000


def test_a_run_that_doubt_stops_says_why_and_that_rows_are_left() -> None:
    report, error = doubtful(5)
    assert "the third in a row, so the run stopped and did not send the remaining rows" in str(
        error
    )
    assert not report.complete and report.indeterminate == 3000 and report.unsent


@pytest.mark.parametrize("limits", [{"deadline": 0}, {"stalled_for": -1.0}])
def test_a_limit_that_is_none_is_refused(limits: dict[str, float]) -> None:
    async def main(client: GameballClient) -> None:
        with pytest.raises(ConfigurationError, match="pass seconds above 0"):
            client.bulk("customers", [], **limits)  # type: ignore[arg-type]

    at(Sandbox(), main)


def test_the_nearer_of_two_limits_counts() -> None:
    limits = TimeLimits(deadline=100.0, stalled_for=30.0)
    assert limits.check(10.0, 5.0) == (None, 25.0)
    assert limits.check(80.0, 5.0) == (None, 20.0)
    assert "stalled_for" in str(limits.check(50.0, 30.0)[0])
    assert "deadline" in str(limits.check(100.0, 30.0)[0])
    assert TimeLimits().check(1e9, 1e9) == (None, float("inf"))
