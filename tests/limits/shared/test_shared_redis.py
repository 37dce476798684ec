"""One client and a real Redis: away, slow, full, read-only, restarted; and what is left behind."""

from __future__ import annotations

import asyncio
import logging
import pickle
import subprocess
import sys
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
import redis

from benchmarks.redis_server import RedisServer, free_port
from gameball_async import GameballClient, Quota, SharedQuotaError
from gameball_async.errors import ConfigurationError
from gameball_async.limits.exchange import Ask
from gameball_async.limits.redis import RedisStore
from gameball_async.redis import RedisQuota
from gameball_async.sandbox import Sandbox
from tests.steps import Cut, SteppedLoop, at_each_step

pytestmark = pytest.mark.anyio

QUOTA = Quota((12, 0.4), (40, 1.0))
PASSWORD = "canary-password-77aa"
ROWS = [{"customerId": "c1"}]


@asynccontextmanager
async def client_of(
    url: str, *, sandbox: Sandbox | None = None, **settings: Any
) -> AsyncIterator[GameballClient]:
    async with (
        sandbox or Sandbox(limits=QUOTA.windows) as gameball,
        GameballClient(
            gameball.api_key,
            gameball.secret_key,
            base_url=gameball.url,
            quota=QUOTA,
            shared_quota=RedisQuota(url, **{"patience": 0.5, **settings}),
        ) as client,
    ):
        yield client


def ask(number: int = 1, want: int = 1) -> Ask:
    return Ask("tester", number, QUOTA.windows, 2.0, want)


@asynccontextmanager
async def store_of(url: str) -> AsyncIterator[RedisStore]:
    store = RedisQuota(url).connect("account")
    try:
        yield store
    finally:
        await store.aclose()


def connections(server: RedisServer) -> int:
    with server.client() as own:
        return len(own.client_list()) - 1


async def gone(server: RedisServer, before: int = 0) -> None:
    """Wait until the server has seen its clients leave."""
    deadline = time.monotonic() + 3
    while connections(server) > before:
        assert time.monotonic() < deadline, "a connection is left"
        await anyio.sleep(0.01)


async def test_calls_pass_and_nothing_is_left_when_the_client_is_closed(
    redis_server: RedisServer,
) -> None:
    async with client_of(redis_server.url) as client:
        await client.upsert_customer(ROWS[0])
        job = await client.submit("customers", ROWS)
        assert (await client.wait(job, deadline=30)).results
        async with client.bulk("customers", [{"customerId": f"c{n}"} for n in range(2500)]) as run:
            assert (await run.finish()).succeeded == 2500
        await anyio.sleep(0.3)  # what is told is told; an idle client has no task
        assert not client._background._tasks
    await gone(redis_server)


async def test_keys_hold_no_api_key_and_share_one_slot(redis_server: RedisServer) -> None:
    async with client_of(redis_server.url, prefix="shop") as client:
        await client.submit("customers", ROWS)
        api_key = client._account.api_key.reveal()
    with redis_server.client() as own:
        keys = [key.decode() for key in own.scan_iter()]
    tag = f"{{{client._account.fingerprint}:batch}}"
    assert keys
    assert all(key.startswith(f"shop:{tag}:") for key in keys)
    assert not any(api_key in key for key in keys)


async def test_two_clients_are_never_above_the_limits_together(redis_server: RedisServer) -> None:
    async with Sandbox(limits=QUOTA.windows, latency=(0.0, 0.01)) as sandbox:

        async def work() -> None:
            async with GameballClient(
                sandbox.api_key,
                sandbox.secret_key,
                base_url=sandbox.url,
                quota=QUOTA,
                shared_quota=RedisQuota(redis_server.url),
            ) as client:
                job = await client.submit("customers", ROWS)
                for _ in range(40):
                    await client.status(job)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(work())
            tasks.create_task(work())
        assert sandbox.rate_limited == 0


async def test_a_restarted_server_is_told_the_script_again(redis_server: RedisServer) -> None:
    async with store_of(redis_server.url) as store:
        assert (await store.exchange("b", ask(1))).granted == 1
        with redis_server.client() as own:
            own.script_flush()
        assert (await store.exchange("b", ask(2))).granted == 1
        redis_server.kill()
        with pytest.raises(SharedQuotaError, match="cannot be reached"):
            await store.exchange("b", ask(3))
        redis_server.start()
        assert (await store.exchange("b", ask(4))).granted == 1


async def test_each_way_of_being_unusable_is_named(redis_server: RedisServer) -> None:
    async with store_of(redis_server.url) as store:
        with redis_server.client() as own:
            await store.exchange("b", ask(1))
            own.replicaof("127.0.0.1", free_port())
            with pytest.raises(SharedQuotaError, match="is a read-only replica"):
                await store.exchange("b", ask(3))
            own.replicaof("NO", "ONE")
            own.acl_setuser("default", enabled=True, nopass=True, commands=["-evalsha"])
            with pytest.raises(SharedQuotaError, match="does not allow its user"):
                await store.exchange("b", ask(4))


async def test_a_server_that_is_full_goes_on_sharing(redis_server: RedisServer) -> None:
    """The script begins by making room, and keeps little."""
    async with store_of(redis_server.url) as store:
        await store.exchange("b", ask(1))
        with redis_server.client() as own:
            own.config_set("maxmemory", "1")
            with pytest.raises(redis.exceptions.OutOfMemoryError):
                own.set("x", "y")
        assert (await store.exchange("b", ask(2))).granted == 1


async def test_a_server_that_is_frozen_is_waited_for_a_second_only(
    redis_server: RedisServer,
) -> None:
    async with store_of(redis_server.url) as store:
        await store.exchange("b", ask(1))
        redis_server.freeze()
        began = time.monotonic()
        try:
            with pytest.raises(SharedQuotaError, match="does not answer in time"):
                await store.exchange("b", ask(2))
            assert time.monotonic() - began < 20  # one second, and room for a busy machine
        finally:
            redis_server.thaw()
        assert (await store.exchange("b", ask(3))).count >= 2


async def test_the_password_is_never_shown(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(1)
    with redis_server.client() as own:
        own.config_set("requirepass", PASSWORD)
    right = f"redis://:{PASSWORD}@127.0.0.1:{redis_server.port}/0"
    wrong = f"redis://{PASSWORD}:{PASSWORD}@127.0.0.1:{redis_server.port}/0"
    async with store_of(right) as store:
        assert (await store.exchange("b", ask(1))).granted == 1
    async with client_of(wrong, lost="error", patience=0) as client:
        with pytest.raises(SharedQuotaError, match="refuses the user name or password") as caught:
            await client.submit("customers", ROWS)
    with redis_server.client(password=PASSWORD) as own:
        own.config_set("requirepass", "")
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    shown = [
        repr(RedisQuota(wrong)) + str(RedisQuota(wrong)),
        repr(client) + str(vars(client)),
        caplog.text,
        str(caught.value),
        pickle.dumps(caught.value).decode("latin-1"),
        *(str(frame.locals) for frame in frames if "tests" not in Path(frame.filename).parts),
    ]
    assert not [text for text in shown if PASSWORD in text]
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "url", ["", "localhost", f"http://:{PASSWORD}@host", f"redis://:{PASSWORD}@host:port/0"]
)
async def test_a_url_that_cannot_be_read_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ConfigurationError, match="redis://host:6379/0") as caught:
        RedisQuota(url)
    assert PASSWORD not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "settings", [{"lost": "ignore"}, {"share": 0}, {"share": 2}, {"patience": -1}]
)
async def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(settings))):
        RedisQuota("redis://127.0.0.1:1", **settings)


async def test_a_share_of_less_than_one_request_is_refused() -> None:
    shared = RedisQuota("redis://127.0.0.1:1", share=0.05)
    with pytest.raises(ConfigurationError, match="less than one"):
        GameballClient("k", "s", quota=QUOTA, shared_quota=shared)


async def test_as_configured_calls_and_watchers_and_runs_raise_while_it_is_away_and_then_go_on(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.WARNING, "gameball_async.quota")
    async with client_of(redis_server.url, lost="error") as client:
        job = await client.submit("customers", ROWS)
        redis_server.kill()
        with pytest.raises(SharedQuotaError, match="cannot be reached"):
            await client.status(job)
        with pytest.raises(SharedQuotaError):
            await client.upsert_customer(ROWS[0])
        with pytest.raises(SharedQuotaError):
            await client.wait(job, deadline=30)
        async with client.bulk("customers", ROWS, journal=tmp_path / "run") as run:
            with pytest.raises(SharedQuotaError):
                await run.finish()
        assert run.report.unsent == 1
        redis_server.start()
        assert (await client.wait(job, deadline=30)).results
        async with client.resume(tmp_path / "run", ROWS) as run:
            assert (await run.finish()).succeeded == 1
        await client.upsert_customer(ROWS[0])
    told = [record.getMessage() for record in caplog.records]
    for bucket in ("batch", "customers"):
        about = [line for line in told if f"quota of {bucket} " in line]
        assert len(about) == 2, told
        assert "calls raise SharedQuotaError until it is back" in about[0]
        assert about[1].endswith("is shared again")


async def test_as_configured_a_share_is_used_while_it_is_away_which_is_said_once(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "gameball_async.quota")
    sandbox = Sandbox(limits=QUOTA.windows)
    async with client_of(redis_server.url, lost="share", share=0.5, sandbox=sandbox) as client:
        job = await client.submit("customers", ROWS)
        redis_server.freeze()
        with anyio.fail_after(30):
            for _ in range(12):
                await client.status(job)
        assert sandbox.counts["poll"] == 12
        assert len(caplog.records) == 1
        assert "does not answer in time" in caplog.text
        assert "this process uses 0.5 of the quota alone until it is back" in caplog.text
        redis_server.thaw()
        with anyio.fail_after(30):
            while len(caplog.records) < 2:
                await client.status(job)
        assert caplog.records[1].getMessage() == "the quota of batch is shared again"
        assert sandbox.rate_limited == 0


async def test_where_it_was_never_there_a_share_is_used_after_the_longest_window(
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    async with client_of(url, patience=0.1) as client:
        began = time.monotonic()
        await client.submit("customers", ROWS)
        assert time.monotonic() - began >= 3.0  # what may have been sent before is let pass
    assert "from 3 s on, this process uses 0.25 of the quota" in caplog.text


async def test_a_client_closed_while_redis_hangs_closes_at_once(redis_server: RedisServer) -> None:
    async with client_of(redis_server.url) as client:
        job = await client.submit("customers", ROWS)
        redis_server.freeze()
        try:
            async with asyncio.TaskGroup() as tasks:
                call = tasks.create_task(client.status(job))
                await anyio.sleep(0.05)
                call.cancel()
            began = time.monotonic()
            await client.aclose()
            assert time.monotonic() - began < 20  # and not until it answers
        finally:
            redis_server.thaw()
    await gone(redis_server)


@pytest.mark.long
def test_cancelled_at_any_step_nothing_is_left(redis_server: RedisServer) -> None:
    async def main(cut: Cut) -> None:
        async with client_of(redis_server.url) as client:
            await cut.run(client.upsert_customer(ROWS[0]))

    assert at_each_step(main, stride=3, loop_factory=SteppedLoop) > 20
    assert connections(redis_server) == 0


def test_the_package_does_not_import_redis_by_itself() -> None:
    code = "import gameball_async, sys; sys.exit('redis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
