"""The sandbox over HTTP, asked by a bare aiohttp session."""

from __future__ import annotations

import asyncio
import gc
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import anyio
import anyio.lowlevel
import async_solipsism
import pytest

from gameball_async.sandbox import Constant, Sandbox, Seen, serve
from tests.sandbox.sandbox_desk import BASE

pytestmark = pytest.mark.anyio

ONE = {"body": [{"customerId": "c1"}]}


def virtually(monkeypatch: pytest.MonkeyPatch, main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """What *main* returns on a clock that jumps, with connections inside the loop."""
    start = async_solipsism.aiohappyeyeballs_start_connection
    monkeypatch.setattr("aiohappyeyeballs.start_connection", start)
    with asyncio.Runner(loop_factory=async_solipsism.EventLoop) as runner:
        return runner.run(main())


def session(sandbox: Sandbox) -> aiohttp.ClientSession:
    keys = {"APIKey": sandbox.api_key, "SecretKey": sandbox.secret_key}
    return aiohttp.ClientSession(sandbox.url, headers=keys)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(seed=3) as opened:
        yield opened


async def submit(http: aiohttp.ClientSession) -> Any:
    async with http.post(BASE + "/batch/customers", json=ONE) as response:
        return await response.json()


@pytest.mark.parametrize("offset", [-3600, 90])
async def test_its_answers_are_dated_by_the_clock_of_the_account(offset: float) -> None:
    async with Sandbox(clock_offset=offset) as sandbox, session(sandbox) as http:
        before = time.time()
        async with http.get(f"{BASE}/batch/7") as response:
            dated = parsedate_to_datetime(response.headers["Date"]).timestamp()
            assert len(response.headers.getall("Date")) == 1
    assert before - 1 < dated - offset < time.time() + 1


async def test_a_job_is_submitted_watched_and_read_over_http() -> None:
    async with Sandbox(service_time=Constant(0.0)) as sandbox, session(sandbox) as http:
        job = (await submit(http))["jobId"]
        async with http.get(f"{BASE}/batch/{job}") as response:
            told = await response.json()
        assert response.content_type == "application/json"
        assert told["status"] == "completed"
        assert [(s.sort, s.kind, s.rows, s.job_id, s.status) for s in sandbox.requests] == [
            ("submit", "customers", 1, job, 200),
            ("poll", "customers", 0, job, 200),
        ]
        assert sandbox.jobs[job].state == "completed"
        assert sandbox.ledger.applied == {"customers": 1}
        assert sandbox.peaks == {1.0: 2, 30.0: 2}
        assert sandbox.counts == {"submit": 1, "poll": 1}


@pytest.mark.parametrize(
    ("script", "error", "jobs"),
    [
        (lambda f: f.reset_before_commit(), aiohttp.ClientConnectionError, 0),
        (lambda f: f.reset_after_commit(), aiohttp.ClientConnectionError, 1),
        (lambda f: f.truncate("length"), aiohttp.ClientPayloadError, 1),
        (lambda f: f.truncate("chunked"), aiohttp.ClientPayloadError, 1),
        (lambda f: f.truncate("none"), ValueError, 1),
        (lambda f: f.broken_status_line(), aiohttp.ClientResponseError, 1),
        (lambda f: f.html(status=200), aiohttp.ContentTypeError, 1),
    ],
)
async def test_faults_reach_a_client_as_scripted(
    sandbox: Sandbox, script: Callable[..., None], error: type[Exception], jobs: int
) -> None:
    script(sandbox.faults)
    async with session(sandbox) as http:
        with pytest.raises(error):
            await submit(http)
        assert len(sandbox.jobs) == jobs
        assert (await submit(http))["jobId"] == 123456 + jobs


async def test_a_reset_is_a_reset_and_no_orderly_end(sandbox: Sandbox) -> None:
    sandbox.faults.reset_before_commit()
    host, port = sandbox.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    keys = f"APIKey: {sandbox.api_key}\r\nSecretKey: {sandbox.secret_key}\r\n"
    writer.write(f"GET {BASE}/batch/1 HTTP/1.1\r\nHost: x\r\n{keys}\r\n".encode())
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_a_connection_that_hangs_up_answers_first(sandbox: Sandbox) -> None:
    sandbox.faults.hang_up()
    async with session(sandbox) as http:
        assert await submit(http) == {"jobId": 123456}


async def test_redirects_errors_and_other_answers_arrive_whole(sandbox: Sandbox) -> None:
    sandbox.faults.redirect(to="http://127.0.0.1:9/elsewhere", status=307)
    sandbox.faults.answer(418, b"tea", {"Content-Type": "text/plain", "X-Pot": "brown"})
    sandbox.faults.rate_limit(retry_after=2)
    seen = []
    async with session(sandbox) as http:
        for header in ("Location", "X-Pot", "Retry-After"):
            path = BASE + "/batch/1"
            async with http.get(path, allow_redirects=False) as response:
                seen.append((response.status, response.headers[header]))
    assert seen == [(307, "http://127.0.0.1:9/elsewhere"), (418, "brown"), (429, "2")]


async def test_closing_is_immediate_with_connections_open_and_answers_pending() -> None:
    before = asyncio.all_tasks()
    async with Sandbox(latency=(5.0, 9.0)) as sandbox:
        http = session(sandbox)
        waiting = [asyncio.create_task(submit(http)) for _ in range(20)]
        idle = socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2])))
        await anyio.sleep(0.02)
        begun = anyio.current_time()
    assert anyio.current_time() - begun < 1.0
    for task in waiting:
        with pytest.raises(aiohttp.ClientError):
            await task
    await http.close()
    idle.close()
    assert not sandbox.jobs
    gc.collect()
    await anyio.lowlevel.checkpoint()
    assert asyncio.all_tasks() == before


async def test_a_clients_disconnect_neither_undoes_nor_disturbs_anything() -> None:
    arrived = anyio.Event()
    async with (
        Sandbox(on_request=lambda seen: arrived.set()) as sandbox,
        session(sandbox) as http,
    ):
        sandbox.faults.delay(seconds=60.0)
        waiting = asyncio.create_task(submit(http))
        await arrived.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert len(sandbox.jobs) == 1
        assert await submit(http) == {"jobId": 123457}


async def test_it_can_be_closed_in_another_task_than_it_was_opened_in() -> None:
    sandbox = Sandbox()
    await asyncio.create_task(sandbox.__aenter__())
    async with session(sandbox) as http:
        await submit(http)
    await asyncio.create_task(sandbox.__aexit__(None, None, None))


async def test_what_it_knows_can_be_read_after_it_is_closed() -> None:
    async with Sandbox(service_time=Constant(0.0)) as sandbox, session(sandbox) as http:
        await submit(http)
    assert sandbox.ledger.times("customers", key=lambda item: item["customerId"]) == {"c1": 1}
    assert "1 submit" in sandbox.describe()


async def test_it_is_opened_once_and_has_no_address_before() -> None:
    sandbox = Sandbox()
    with pytest.raises(RuntimeError, match="not open yet"):
        _ = sandbox.url
    async with sandbox:
        assert sandbox.url.startswith("http://127.0.0.1:")
    with pytest.raises(RuntimeError, match="already opened"):
        await sandbox.__aenter__()


async def test_a_port_in_use_is_an_error_and_leaves_nothing(sandbox: Sandbox) -> None:
    port = int(sandbox.url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        async with Sandbox(port=port):
            pytest.fail("two servers on one port")


async def test_unknown_options_and_impossible_values_are_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        Sandbox(colour="red")
    for wrong in ({"dialect": "latin"}, {"fail_rate": 2.0}, {"latency": (2.0, 1.0)}):
        with pytest.raises(ValueError, match=r"dialect|fail_rate|latency"):
            Sandbox(**wrong)


async def test_the_log_is_bounded_readable_and_without_keys_or_rows() -> None:
    lines: list[str] = []
    seen: list[Seen] = []

    def note(request: Seen) -> None:
        seen.append(request)
        lines.append(str(request))

    async with Sandbox(keep_requests=2, on_request=note) as sandbox, session(sandbox) as http:
        sandbox.faults.reset_after_commit(after=3)
        for _ in range(3):
            await submit(http)
        with pytest.raises(aiohttp.ClientConnectionError):
            await submit(http)
    assert len(seen) == 4
    assert len(sandbox.requests) == 2
    assert lines[0].split()[1:] == [
        "POST", "/api/v4.0/integrations/batch/customers", "200", "1", "row", "job", "123456"
    ]  # fmt: skip
    assert lines[3].endswith("no answer  1 row  job 123459  fault reset_after_commit")
    assert not any(sandbox.secret_key in line or "c1" in line for line in lines)


async def test_a_body_beyond_the_limit_is_answered_413(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gameball_async.sandbox.server.MAX_BODY", 1000)
    url = BASE + "/batch/customers"
    async with session(sandbox) as http, http.post(url, data=b" " * 5000) as response:
        assert response.status == 413


async def test_serve_runs_until_cancelled() -> None:
    ready = anyio.Event()
    opened: list[Sandbox] = []

    def listening(sandbox: Sandbox) -> None:
        opened.append(sandbox)
        ready.set()

    async with anyio.create_task_group() as group:

        async def run() -> None:
            await serve(ready=listening, seed=1)

        group.start_soon(run)
        await ready.wait()
        async with session(opened[0]) as http:
            assert await submit(http) == {"jobId": 123456}
        group.cancel_scope.cancel()


def test_on_a_virtual_clock_journeys_and_jobs_take_their_time_exactly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> tuple[float, float, str, float]:
        model = Constant(300.0, queue=60.0)
        async with Sandbox(latency=(0.25, 0.25), service_time=model) as sandbox:
            async with session(sandbox) as http:
                begun = anyio.current_time()
                job = (await submit(http))["jobId"]
                round_trip = anyio.current_time() - begun
                await anyio.sleep(359.7 - round_trip)
                async with http.get(f"{BASE}/batch/{job}") as response:
                    early = (await response.json())["status"]
                ended = sandbox.jobs[job].ended
                await anyio.sleep(60)
                late = sandbox.jobs[job].ended
            assert ended is None
            assert late is not None
            return round_trip, sandbox.requests[0].time, early, late

    assert virtually(monkeypatch, main) == pytest.approx((0.5, 0.25, "running", 360.25))


def test_a_delayed_answer_is_late_and_its_effect_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> tuple[float, float]:
        async with Sandbox(latency=(0.5, 0.5)) as sandbox, session(sandbox) as http:
            sandbox.faults.delay(seconds=30.0)
            begun = anyio.current_time()
            job = (await submit(http))["jobId"]
            return sandbox.jobs[job].created, anyio.current_time() - begun

    assert virtually(monkeypatch, main) == pytest.approx((0.5, 31.0))


def test_one_seed_and_one_order_of_requests_give_one_log(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> list[str]:
        options: dict[str, Any] = {"latency": (0.01, 0.2), "fail_rate": 0.3}
        async with Sandbox(seed=9, **options) as sandbox, session(sandbox) as http:
            sandbox.faults.error_before(status=503, probability=0.4, times=None)
            for _ in range(20):
                async with http.post(BASE + "/batch/customers", json=ONE):
                    pass
            return [str(seen) for seen in sandbox.requests]

    assert virtually(monkeypatch, main) == virtually(monkeypatch, main)


async def test_something_else_moves_a_balance_beside_the_ledger(sandbox: Sandbox) -> None:
    sandbox.move("c1", 30)
    sandbox.move("c1", -10.5)
    async with session(sandbox) as http:
        answer = await http.post(f"{BASE}/batch/balance-inquiry", json=ONE)
        job = (await answer.json())["jobId"]
        told: dict[str, Any] = {}
        while told.get("status") != "completed":
            told = await (await http.get(f"{BASE}/batch/{job}")).json()
    assert told["response"]["successful"][0]["totalPointsBalance"] == 19.5
    assert dict(sandbox.balances) == {"c1": 19.5}
    assert not sandbox.ledger.applied["balance-adjustments"]
