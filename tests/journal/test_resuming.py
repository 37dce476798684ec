"""Runs that are stopped, resumed and retried, over the real aiohttp, SQLite and the sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from gameball_async.bulk.events import Settled, Submitted
from gameball_async.client import GameballClient
from gameball_async.errors import AuthenticationError, FateUnknownError, JournalError
from gameball_async.journal.account import recorded_of
from gameball_async.journal.journal import read_journal
from gameball_async.rows.outcome import Outcome
from gameball_async.rows.report import Report
from gameball_async.sandbox import Constant, Reason, Sandbox
from tests.engine_items import item

pytestmark = pytest.mark.anyio


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(service_time=Constant(0.05), limits=None, codes="field") as sandbox:
        yield sandbox


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[GameballClient]:
    keys = sandbox.api_key, sandbox.secret_key
    async with GameballClient(*keys, base_url=sandbox.url) as client:
        yield client


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "run.gbjournal"


def adjustments(rows: int) -> list[dict[str, Any]]:
    return [{"customerId": f"c{n}", "amount": n + 1} for n in range(rows)]


def counts(report: Report) -> list[int]:
    return [report.rows, *(getattr(report, outcome.value) for outcome in Outcome), report.jobs]


async def test_stopping_waits_for_the_answers_to_what_is_being_sent(
    sandbox: Sandbox, client: GameballClient, journal: Path
) -> None:
    sandbox.faults.delay(0.3, on="submit", times=None)
    rows = adjustments(4_000)
    async with client.bulk("balance-adjustments", rows, journal=journal, concurrency=2) as run:
        async for event in run:
            if isinstance(event, Submitted):
                run.stop()
    assert run.report.jobs == sandbox.counts["submit"] <= 4
    assert run.report.unsent == 4_000 - 1_000 * run.report.jobs
    recorded = recorded_of(read_journal(journal))
    assert all(doubt.job_id is not None for doubt in recorded.doubts)
    sandbox.faults.clear()
    async with client.resume(journal, rows) as run:
        report = await run.finish()
    assert (report.succeeded, sandbox.counts["submit"]) == (4_000, 4)


async def test_stopping_does_not_wait_for_ever(sandbox: Sandbox, client: GameballClient) -> None:
    sandbox.faults.delay(60, on="submit")
    async with client.bulk("balance-adjustments", adjustments(10)) as run:
        await anyio.sleep(0.3)  # time for it to be sent
        assert sandbox.counts["submit"] == 1
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("gameball_async.bulk.run.LEAVE_WITHIN", 0.1)
            run.stop()
            report = await run.finish()
    assert report.indeterminate == 10


async def test_open_jobs_are_stopped_after_a_stop_where_that_is_asked_for(
    client: GameballClient, sandbox: Sandbox
) -> None:
    async with client.bulk("balance-adjustments", adjustments(2_000), on_cancel="stop") as run:
        async for event in run:
            if isinstance(event, Submitted):
                run.stop()
    assert sandbox.counts["stop"] >= 1


async def test_rows_that_were_read_and_not_sent_keep_the_input_from_being_over(
    client: GameballClient, sandbox: Sandbox, journal: Path
) -> None:
    # Rows of one customer, never two in a chunk: most wait when the input is read to its end.
    rows = [{"customerId": "c", "amount": n + 1} for n in range(20)]
    async with client.bulk("balance-adjustments", rows, journal=journal) as run:
        async for event in run:
            if isinstance(event, Settled):
                break
    assert not read_journal(journal).input_ended
    with pytest.raises(JournalError, match="pass rows, the same ones in the same order"):
        async with client.resume(journal):
            pass
    async with client.resume(journal, rows) as run:
        report = await run.finish()
    assert counts(report)[:2] == [20, 20]
    assert report.complete
    assert set(sandbox.ledger.times("balance-adjustments").values()) == {1}
    async with client.resume(journal) as run:
        assert counts(await run.finish()) == counts(report)


async def test_rows_that_prove_an_earlier_application_are_counted_once_when_resumed(
    client: GameballClient, sandbox: Sandbox, journal: Path
) -> None:
    sandbox.faults.reset_after_commit(on="submit", times=1)
    rows = [item("cashback", f"c{n}", n) for n in range(10)]
    async with client.bulk("cashback", rows, journal=journal) as run:
        first = await run.finish()
    assert counts(first)[:2] == [10, 10]
    async with client.resume(journal) as run:
        assert counts(await run.finish()) == counts(first)
    assert counts(recorded_of(read_journal(journal)).report) == counts(first)


async def test_a_chunk_refused_for_its_keys_is_sent_by_the_resumed_run(
    client: GameballClient, sandbox: Sandbox, journal: Path
) -> None:
    sandbox.faults.answer(401, "{}", on="submit", commit=False)
    rows = adjustments(10)
    async with client.bulk("balance-adjustments", rows, journal=journal) as run:
        with pytest.raises(AuthenticationError):
            await run.finish()
    assert run.report.rejected == 10
    async with client.resume(journal, rows) as run:
        assert (await run.finish()).succeeded == 10


async def test_a_chunk_that_may_be_repeated_is_left_to_the_resumed_run_when_its_run_is_ended(
    client: GameballClient, sandbox: Sandbox, journal: Path
) -> None:
    sandbox.faults.reset_after_commit(on="submit", times=1)
    sandbox.faults.answer(401, "{}", on="submit", times=1, commit=False)
    rows = [item("cashback", f"c{n}", n) for n in range(10)]
    async with client.bulk("cashback", rows, journal=journal) as run:
        with pytest.raises(FateUnknownError):
            await run.finish()
    assert run.report.indeterminate == 10
    async with client.resume(journal, rows) as run:
        assert (await run.finish()).succeeded == 10
    assert set(sandbox.ledger.times("cashback").values()) == {1}


async def test_a_retry_sends_the_same_bytes_as_a_run_of_its_own(
    client: GameballClient, journal: Path, tmp_path: Path
) -> None:
    refused = {"c1"}
    items: list[Any] = []

    def fail(kind: str, one: Any) -> Reason | None:
        items.append(one)
        return Reason(2001, "busy") if one["customerId"] in refused else None

    async with Sandbox(fail_if=fail, codes="field", service_time=Constant(0.02)) as other:
        keys = other.api_key, other.secret_key
        async with GameballClient(*keys, base_url=other.url) as mine:
            async with mine.bulk("orders", _orders(), journal=journal) as run:
                assert (await run.finish()).failed == 1
            refused.clear()
            with pytest.raises(JournalError, match="base URL"):
                client.retry(journal, "transient", into=tmp_path / "again")
            sent = items[1]
            items.clear()
            async with mine.retry(journal, "transient", into=tmp_path / "again") as run:
                outcomes = [o async for e in run if isinstance(e, Settled) for o in e.outcomes]
            assert [(o.position, o.outcome) for o in outcomes] == [(1, Outcome.SUCCEEDED)]
            assert items == [sent]
            async with mine.resume(tmp_path / "again") as run:
                assert (await run.finish()).succeeded == 1


def _orders() -> list[Any]:
    return [item("orders", f"c{n}", n) for n in range(3)]


async def test_keys_refused_while_a_job_is_watched_leave_the_job_to_a_resumed_run(
    sandbox: Sandbox, client: GameballClient, journal: Path
) -> None:
    rows = adjustments(3)
    sandbox.faults.error_before(status=401, code=1000, on="poll", times=1)
    async with client.bulk("balance-adjustments", rows, journal=journal) as run:
        with pytest.raises(AuthenticationError):
            await run.finish()
    assert run.report.pending == 3
    async with client.resume(journal, rows) as run:
        assert (await run.finish()).succeeded == 3
    assert sandbox.counts["submit"] == 1
