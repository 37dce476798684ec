"""The client's verbs over the real aiohttp and the sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import anyio
import anyio.lowlevel
import pytest

from gameball_async.api.jobs import Job, JobState, Transition
from gameball_async.api.kinds import KINDS
from gameball_async.bulk.events import Settled, Submitted
from gameball_async.client import GameballClient
from gameball_async.errors import (
    AuthenticationError,
    ChunkError,
    ClosedError,
    ConfigurationError,
    DeadlineError,
    FateUnknownError,
    ItemError,
    RejectedError,
    UnknownJobError,
)
from gameball_async.sandbox import Constant, Sandbox
from tests.engine_items import item

pytestmark = pytest.mark.anyio


def client_of(sandbox: Sandbox, **options: Any) -> GameballClient:
    return GameballClient(sandbox.api_key, sandbox.secret_key, base_url=sandbox.url, **options)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(service_time=Constant(0.05)) as sandbox:
        yield sandbox


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[GameballClient]:
    async with client_of(sandbox) as client:
        yield client


@pytest.mark.parametrize("kind", list(KINDS))
async def test_each_kind_is_submitted_watched_and_applied(
    kind: str, sandbox: Sandbox, client: GameballClient
) -> None:
    if kind == "order-transactions":
        await client.wait(await client.submit("orders", [item("orders", "c1", 1)]))
    job = await client.submit(KINDS[kind], [item(kind, "c1", 1)])
    states = [change.status.state async for change in client.watch(job)]
    assert states[-1] is JobState.COMPLETED
    assert len(set(states)) == len(states)
    status = await client.status(job)
    assert (status.total, status.finished, status.errors) == (1, 1, 0)


async def test_every_version_speaks_with_both_keys_where_they_are_wanted() -> None:
    for version in ("v4", "v4.0", "v4.1"):
        async with Sandbox() as sandbox, client_of(sandbox, api_version=version) as client:
            assert await client.upsert_customer({"customerId": "c1"}) > 0
            await client.submit("customers", [{"customerId": "c1"}])
            assert all(f"/{version}/" in seen.path for seen in sandbox.requests)


async def test_high_security_mode_needs_both_keys_and_says_so_before_sending() -> None:
    with pytest.raises(ConfigurationError, match="both keys"):
        GameballClient("key", base_url="http://127.0.0.1:1", high_security=True)
    async with (
        Sandbox(high_security=True) as sandbox,
        client_of(sandbox, high_security=True) as client,
    ):
        assert await client.upsert_customer({"customerId": "c1"}) > 0


async def test_an_upsert_needs_only_the_api_key_and_a_batch_says_what_is_missing(
    sandbox: Sandbox,
) -> None:
    async with GameballClient(sandbox.api_key, base_url=sandbox.url) as client:
        assert await client.upsert_customer({"customerId": "c1"}) > 0
        with pytest.raises(ConfigurationError, match="GAMEBALL_SECRET_KEY"):
            await client.submit("customers", [{"customerId": "c1"}])


async def test_keys_and_url_come_from_the_environment(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAMEBALL_API_KEY", sandbox.api_key)
    monkeypatch.setenv("GAMEBALL_SECRET_KEY", sandbox.secret_key)
    monkeypatch.setenv("GAMEBALL_BASE_URL", sandbox.url)
    async with GameballClient() as client:
        await client.submit("customers", [{"customerId": "c1"}])


async def test_a_chunk_is_1_to_1000_items_and_nothing_is_sent_otherwise(
    sandbox: Sandbox, client: GameballClient
) -> None:
    rows = [{"customerId": f"c{n}"} for n in range(1001)]
    for items in (rows, [], iter(rows), "c1", {"customerId": "c1"}):
        with pytest.raises(ChunkError):
            await client.submit("customers", items)
    assert not sandbox.requests
    assert (await client.submit("customers", rows[:1000])).rows == 1000


async def test_a_broken_item_is_named_by_position_and_field_and_nothing_is_sent(
    sandbox: Sandbox, client: GameballClient
) -> None:
    with pytest.raises(ItemError, match=r"item 1 .*customerId") as caught:
        await client.submit("customers", [{"customerId": "c1"}, {"email": "x@example.com"}])
    assert caught.value.position == 1
    assert "x@example.com" not in str(caught.value)
    assert not sandbox.requests


async def test_stopping_a_job_is_seen_by_its_watcher() -> None:
    async with Sandbox(service_time=Constant(60)) as sandbox, client_of(sandbox) as client:
        job = await client.submit("customers", [{"customerId": "c1"}])
        seen = []
        async for change in client.watch(job):
            seen.append(change.status.state)
            await client.stop(job)
        assert seen[-1] is JobState.STOPPED


async def test_a_deadline_names_the_job_and_it_can_be_watched_again() -> None:
    async with Sandbox(service_time=Constant(0.6)) as sandbox, client_of(sandbox) as client:
        job = await client.submit("customers", [{"customerId": "c1"}])
        with pytest.raises(DeadlineError) as caught:
            await client.wait(job, deadline=0.4)
        assert caught.value.job == job
        assert caught.value.status is not None
        assert isinstance(caught.value, TimeoutError)
        assert (await client.wait(job)).state is JobState.COMPLETED


async def test_an_unknown_job_and_an_impossible_job_id_are_told_apart(
    client: GameballClient,
) -> None:
    for ask in (client.status, client.stop, client.wait):
        with pytest.raises(UnknownJobError):
            await ask(99)
    for bad in ("../1", "1?x=1", "٣", "1_0", 0, -1, 2**63, True, 1.5, None):
        with pytest.raises(ConfigurationError):
            await client.status(bad)  # type: ignore[arg-type]


async def test_wrong_keys_are_an_authentication_error_with_gameballs_code(
    sandbox: Sandbox,
) -> None:
    async with GameballClient("wrong", "wrong", base_url=sandbox.url) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.submit("customers", [{"customerId": "c1"}])
    assert caught.value.status == 401
    assert caught.value.code in (1000, 1001)


@pytest.mark.parametrize("fault", ["reset_after_commit", "error_after"])
async def test_an_unrepeatable_chunk_in_doubt_is_never_sent_again(
    fault: str, sandbox: Sandbox, client: GameballClient
) -> None:
    getattr(sandbox.faults, fault)(on="submit", times=1)
    with pytest.raises(FateUnknownError):
        await client.submit("balance-adjustments", [item("balance-adjustments", "c1", 1)])
    assert sandbox.counts["submit"] == 1


@pytest.mark.parametrize("kind", ["orders", "cashback", "customers"])
async def test_a_repeatable_chunk_in_doubt_is_sent_again_and_applied_once(
    kind: str, sandbox: Sandbox, client: GameballClient
) -> None:
    sandbox.faults.reset_after_commit(on="submit", times=1)
    run = client.bulk(KINDS[kind], [item(kind, f"c{n}", n) for n in range(5)])
    async with run:
        report = await run.finish()
    assert report.succeeded == 5
    assert sandbox.counts["submit"] >= 2


async def test_a_429_is_waited_out_and_fails_no_row(
    sandbox: Sandbox, client: GameballClient
) -> None:
    sandbox.faults.rate_limit(on="submit", times=1, retry_after=0.1)
    run = client.bulk("events", [item("events", "c1", 1)])
    async with run:
        report = await run.finish()
    assert (report.succeeded, report.rate_limited) == (1, 1)
    assert report.quota_share < 1


async def test_bulk_tells_events_and_its_report_adds_up(
    sandbox: Sandbox, client: GameballClient
) -> None:
    events = []
    rows = [{"customerId": f"c{n}"} for n in range(2500)]
    async with client.bulk("customers", rows) as run:
        async for event in run:
            events.append(event)
    assert sum(isinstance(e, Submitted) for e in events) == 3
    assert sum(len(e.outcomes) for e in events if isinstance(e, Settled)) == 2500
    assert run.report.all_succeeded
    assert run.progress.rows_settled == 2500
    assert run.report.requests == sum(sandbox.counts.values())


async def test_rows_may_come_from_an_async_generator_read_lazily(
    sandbox: Sandbox, client: GameballClient
) -> None:
    read = 0

    async def rows() -> AsyncIterator[dict[str, str]]:
        nonlocal read
        for n in range(300):
            read += 1
            yield {"customerId": f"c{n}"}

    async with client.bulk("customers", rows()) as run:
        assert read == 0
        assert (await run.finish()).succeeded == 300


async def test_an_error_of_the_input_comes_out_as_itself_after_what_was_read_is_done(
    client: GameballClient,
) -> None:
    def rows() -> Any:
        yield {"customerId": "c1"}
        raise KeyError("mine")

    async with client.bulk("customers", rows()) as run:
        with pytest.raises(KeyError, match="mine"):
            await run.finish()
    assert (run.report.rows, run.report.succeeded, run.report.complete) == (1, 1, False)


async def test_an_error_in_the_callers_block_comes_out_as_itself(client: GameballClient) -> None:
    with pytest.raises(ZeroDivisionError):
        async with client.bulk("customers", [{"customerId": "c1"}]) as run:
            async for _ in run:
                raise ZeroDivisionError


async def test_keys_that_are_refused_end_a_run_and_leave_the_rest_unsent(
    sandbox: Sandbox,
) -> None:
    rows = ({"customerId": f"c{n}"} for n in range(5000))
    async with (
        GameballClient("wrong", "wrong", base_url=sandbox.url) as client,
        client.bulk("customers", rows, concurrency=1) as run,
    ):
        with pytest.raises(AuthenticationError):
            await run.finish()
    report = run.report
    assert report.rejected == 1000
    assert report.rows == report.settled == report.rejected + report.unsent


async def test_a_chunk_that_is_too_large_is_halved_until_it_passes(
    sandbox: Sandbox, client: GameballClient
) -> None:
    sandbox.faults.answer(413, "too large", on="submit", times=2)
    rows = [{"customerId": f"c{n}"} for n in range(8)]
    async with client.bulk("customers", rows, concurrency=1) as run:
        report = await run.finish()
    assert (report.succeeded, report.jobs) == (8, 4)


async def test_a_refused_chunk_is_rejected_with_gameballs_words_and_the_others_go_on(
    sandbox: Sandbox, client: GameballClient
) -> None:
    body = '{"code": 3003, "message": "Invalid value", "requestId": "r1"}'
    sandbox.faults.answer(422, body, on="submit", times=1)
    with pytest.raises(RejectedError, match="Invalid value") as caught:
        await client.submit("customers", [{"customerId": "c1"}])
    assert (caught.value.code, caught.value.error.request_id) == (3003, "r1")
    sandbox.faults.answer(422, body, on="submit", times=1)
    async with client.bulk("customers", [{"customerId": f"c{n}"} for n in range(1500)]) as run:
        report = await run.finish()
    assert report.rejected + report.succeeded == 1500
    assert report.failures_by_reason() == {"rejected: Invalid value (code 3003)": report.rejected}


async def test_submit_all_submits_lazily_and_yields_each_chunk(
    sandbox: Sandbox, client: GameballClient
) -> None:
    read = 0

    def rows() -> Any:
        nonlocal read
        for n in range(40_000):
            read += 1
            yield {"customerId": f"c{n}"} if n != 7 else {"customerId": ""}

    jobs: list[Job] = []
    rejected: list[int] = []
    async with client.submit_all("customers", rows(), concurrency=2) as submissions:
        async for submission in submissions:
            if submission.job is not None:
                jobs.append(submission.job)
            else:
                rejected += submission.positions
            if len(jobs) == 3:
                break
    assert rejected == [7]
    assert read < 12_000
    async with client.watch_all(jobs) as changes:
        ended = [c.job for c in [c async for c in changes] if c.status.state.final]
    assert sorted(job.id for job in ended) == sorted(job.id for job in jobs)


async def test_five_watchers_of_a_job_cost_one_poll_and_a_late_one_sees_the_state_first() -> None:
    async with Sandbox(service_time=Constant(0.8)) as sandbox, client_of(sandbox) as client:
        job = await client.submit("customers", [{"customerId": "c1"}])
        seen: list[list[Transition]] = [[] for _ in range(6)]

        async def watch(into: list[Transition]) -> None:
            async for change in client.watch(job):
                into.append(change)

        async with anyio.create_task_group() as tasks:
            for into in seen[:5]:
                tasks.start_soon(watch, into)
            await anyio.sleep(0.5)
            polls = sandbox.counts["poll"]
            tasks.start_soon(watch, seen[5])
            await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()
            assert sandbox.counts["poll"] == polls
        assert all(into[-1].status.state is JobState.COMPLETED for into in seen)
        assert sandbox.counts["poll"] <= 12  # six that ask by themselves would take 50


async def test_an_iterator_that_is_dropped_half_way_keeps_nothing_running() -> None:
    async with Sandbox(service_time=Constant(60)) as sandbox, client_of(sandbox) as client:
        job = await client.submit("customers", [{"customerId": "c1"}])
        async for _ in client.watch(job):
            break
        await anyio.sleep(0.1)
        polls = sandbox.counts["poll"]
        await anyio.sleep(1.0)
        assert sandbox.counts["poll"] == polls


async def test_a_borrowed_session_is_used_and_left_open(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession() as session:
        async with client_of(sandbox, session=session) as client:
            await client.submit("customers", [{"customerId": "c1"}])
        assert not session.closed


async def test_a_client_may_be_opened_in_one_task_and_closed_in_another(
    sandbox: Sandbox,
) -> None:
    client = client_of(sandbox)

    async def use() -> None:
        await client.open()
        await client.submit("customers", [{"customerId": "c1"}])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(use)
    await client.aclose()
    with pytest.raises(ClosedError):
        await client.status(1)


async def test_closing_a_client_ends_what_waits_with_a_clear_error() -> None:
    async with Sandbox(service_time=Constant(60)) as sandbox:
        client = client_of(sandbox)
        await client.open()
        job = await client.submit("customers", [{"customerId": "c1"}])
        errors: list[BaseException] = []

        async def wait() -> None:
            try:
                await client.wait(job)
            except ClosedError as error:
                errors.append(error)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.sleep(0.1)
            await client.aclose()
        assert len(errors) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://api.gameball.co",
        "https://u:p@api.gameball.co",
        "https://api.gameball.co/api",
        "https://api.gameball.co?x=1",
        "ftp://api.gameball.co",
        "api.gameball.co",
        "https://",
        "https://a b",
        "https://api.gameball.co:0",
        "https://api.gameball.co:x",
    ],
)
async def test_a_base_url_that_is_not_a_safe_origin_is_refused_without_showing_it(
    url: str,
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        GameballClient("key", base_url=url)
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize(
    "key", ["", " s3cret", "s3cret\n", "s3c ret", "s3crét", "s3cret\r\nX: y", "k" * 513]
)
async def test_a_key_that_http_would_change_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        GameballClient(key, base_url="http://127.0.0.1:1")
    assert "s3c" not in str(caught.value)


@pytest.mark.parametrize("body", [b"<html>please log in</html>", b"[]", b'"ok"'])
async def test_a_stop_is_believed_only_where_the_answer_is_one(
    sandbox: Sandbox, client: GameballClient, body: bytes
) -> None:
    job = await client.submit("customers", [{"customerId": "c1"}])
    sandbox.faults.answer(200, body, on="stop", commit=False, times=1)
    await client.stop(job)  # asked again, and answered
    assert sandbox.counts["stop"] == 2


async def test_a_refused_question_is_not_said_to_have_applied_nothing(
    sandbox: Sandbox, client: GameballClient
) -> None:
    job = await client.submit("customers", [{"customerId": "c1"}])
    sandbox.faults.answer(422, b"{}", on="poll", commit=False, times=1)
    with pytest.raises(RejectedError, match="fix what the message names and ask again"):
        await client.status(job)
    sandbox.faults.answer(422, b"{}", on="submit", commit=False, times=2)
    with pytest.raises(RejectedError, match="ask again"):
        await client.submit("balance-inquiries", [{"customerId": "c1"}])
    with pytest.raises(RejectedError, match="nothing of this request was applied"):
        await client.submit("customers", [{"customerId": "c1"}])


async def test_submissions_hold_as_many_items_as_asked_and_leave_after_a_while() -> None:
    five_have_left = anyio.Event()

    async def slowly() -> AsyncIterator[dict[str, str]]:
        for number in range(5):
            yield {"customerId": f"c{number}"}
        await five_have_left.wait()
        yield {"customerId": "late"}

    async with Sandbox() as sandbox, client_of(sandbox) as client:
        seen = []
        async with client.submit_all("customers", slowly(), linger=0.05, max_items=2) as found:
            async for submission in found:
                seen.append(len(submission.positions))
                if sum(seen) == 5:  # while the input still waits
                    five_have_left.set()
    assert sorted(seen) == [1, 1, 2, 2]
