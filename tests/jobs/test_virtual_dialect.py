"""Which path tells how a job stands: the one that answers is found, and where none does, that is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from gameball_async.api.jobs import Job, JobState
from gameball_async.api.requests import Dialect
from gameball_async.client import GameballClient
from gameball_async.errors import UnknownJobError
from gameball_async.journal.journal import read_journal
from gameball_async.sandbox import Constant, Sandbox
from tests.engine_virtual import TRIP, at, submit


def rows(count: int) -> list[dict[str, Any]]:
    return [{"customerId": f"c{n}", "amount": 1} for n in range(count)]


def routes(sandbox: Sandbox) -> list[str]:
    """The status paths that were asked, in order."""
    return [
        "openapi" if "/batches/" in seen.path else "tutorial"
        for seen in sandbox.requests
        if seen.sort == "poll" or seen.path.endswith("/status")
    ]


@pytest.mark.parametrize("served", ["tutorial", "openapi", "both"])
def test_the_path_that_answers_is_found_and_kept(served: Any) -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(5.0), dialect=served)

    async def main(client: GameballClient) -> None:
        job = await submit(client)
        assert (await client.status(job)).job_id == job.id
        assert (await client.wait(job)).state is JobState.COMPLETED
        other = await submit(client)
        await client.stop(other)
        assert (await client.status(other)).state.final

    at(sandbox, main)
    found = "openapi" if served == "openapi" else "tutorial"
    assert set(routes(sandbox)[1:]) == {found}


@pytest.mark.parametrize("served", ["tutorial", "openapi"])
def test_a_watcher_finds_it_too_and_a_chosen_one_is_not_left(served: Any) -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(5.0), dialect=served)

    async def main(client: GameballClient) -> None:
        assert (await client.wait(await submit(client))).state is JobState.COMPLETED

    at(sandbox, main)
    chosen = Sandbox(latency=TRIP, service_time=Constant(5.0), dialect=served)

    async def named(client: GameballClient) -> None:
        assert (await client.wait(await submit(client))).state is JobState.COMPLETED

    at(chosen, named, dialect=Dialect(served))
    assert set(routes(chosen)) == {served}


def test_a_job_that_nobody_knows_is_unknown_on_both_paths() -> None:
    sandbox = Sandbox(latency=TRIP)

    async def main(client: GameballClient) -> None:
        for call in (client.status, client.stop, client.wait):
            with pytest.raises(UnknownJobError, match="does not know job 987654"):
                await call(Job(987654))

    at(sandbox, main)


@pytest.fixture
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal's writes take no thread: the virtual clock would not wait for one."""

    async def run_sync(work: Callable[..., Any], *args: Any, **_: Any) -> Any:
        await anyio.lowlevel.checkpoint()
        return work(*args)

    monkeypatch.setattr("anyio.to_thread.run_sync", run_sync)


def missing(sandbox: Sandbox) -> None:
    """No path tells how a job stands."""
    sandbox.faults.answer(404, b"{}", on="poll", times=None, commit=False)


@pytest.mark.usefixtures("inline")
def test_where_no_status_answers_only_the_first_chunk_of_adjustments_leaves_and_the_cause_is_said(
    tmp_path: Path,
) -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(1.0))
    missing(sandbox)
    said: list[tuple[float, str]] = []
    journal = tmp_path / "j"

    async def main(client: GameballClient) -> Any:
        async with client.bulk("balance-adjustments", rows(5_000), journal=journal) as run:

            async def look() -> None:
                while run.progress.trouble is None:  # noqa: ASYNC110 - as a display looks
                    await anyio.sleep(0.1)
                said.append((anyio.current_time(), run.progress.trouble))

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(look)
                with pytest.raises(UnknownJobError, match="on both paths"):
                    await run.finish()
        assert sandbox.counts["submit"] == 1
        sandbox.faults.clear()  # once the path answers, the same run goes on
        async with client.resume(journal, rows(5_000)) as resumed:
            return run.report, await resumed.finish()

    report, resumed = at(sandbox, main)
    assert (report.jobs, report.pending, report.indeterminate) == (1, 1_000, 0)
    ((when, words),) = said
    assert when < 15
    assert "--base-url" in words
    assert resumed.succeeded == 5_000
    assert set(sandbox.ledger.times("balance-adjustments").values()) == {1}
    assert read_journal(journal).dialect == "tutorial"


def test_the_first_chunk_of_adjustments_waits_for_one_answer_only() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(60.0))

    async def main(client: GameballClient) -> Any:
        async with client.bulk("balance-adjustments", rows(8_000)) as run:
            return await run.finish()

    assert at(sandbox, main).succeeded == 8_000
    sent = [seen.time for seen in sandbox.requests if seen.sort == "submit"]
    first_answer = next(seen.time for seen in sandbox.requests if seen.sort == "poll")
    assert sent[1] > first_answer
    assert sent[-1] < 5  # the others do not wait for a job's end


@pytest.mark.usefixtures("inline")
def test_a_job_that_was_there_before_and_is_not_found_stays_open_for_a_resumed_run(
    tmp_path: Path,
) -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(20.0))
    journal = tmp_path / "j"

    async def main(client: GameballClient) -> Any:
        async with client.bulk("balance-adjustments", rows(10), journal=journal) as run:
            await anext(run)
            await anext(run)  # its job has answered
            missing(sandbox)
            with pytest.raises(UnknownJobError):
                await run.finish()
        assert (run.report.pending, run.report.indeterminate) == (10, 0)
        sandbox.faults.clear()
        async with client.resume(journal, rows(10)) as resumed:
            return await resumed.finish()

    assert at(sandbox, main).succeeded == 10
