"""The web examples within the loop of the test: whoever comes and goes, no task is left."""

from __future__ import annotations

import asyncio
import glob
import importlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from benchmarks.redis_server import free_port
from gameball_async import GameballClient
from gameball_async.sandbox import Constant, Sandbox, Workers
from tests.web.web_desk import EXAMPLES, USER, customers, environment_of, need

pytestmark = pytest.mark.anyio


@pytest.fixture
def examples(monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples can be imported, as they are where they are run."""
    monkeypatch.syspath_prepend(EXAMPLES)


@asynccontextmanager
async def on_uvicorn(port: int, folder: Path) -> AsyncIterator[None]:
    """The FastAPI example."""
    need(modules=("fastapi", "uvicorn"))
    import uvicorn

    example: Any = importlib.import_module("fastapi_app")
    example.FOLDER = folder
    server = uvicorn.Server(uvicorn.Config(example.app, port=port, log_level="warning"))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await running


@asynccontextmanager
async def on_aiohttp(port: int, folder: Path) -> AsyncIterator[None]:
    """The aiohttp.web example."""
    example: Any = importlib.import_module("aiohttp_app")
    example.FOLDER = folder
    runner = web.AppRunner(example.make_app(), **example.RUN)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


SERVERS = {"fastapi": on_uvicorn, "aiohttp": on_aiohttp}


async def post(session: aiohttp.ClientSession, rows: int) -> str:
    headers = {"Content-Type": "text/csv"}
    async with session.post("/imports/customers", data=customers(rows), headers=headers) as answer:
        assert answer.status == 202, await answer.text()
        import_id: str = (await answer.json())["id"]
        assert answer.headers["Location"] == f"/imports/{import_id}"
        return import_id


async def test_tabs_that_leave_leave_no_task_and_neither_does_the_server(
    framework: str, examples: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = asyncio.all_tasks()
    port = free_port()
    async with Sandbox(service_time=Constant(0.6)) as sandbox:
        for name, value in environment_of(sandbox).items():
            monkeypatch.setenv(name, value)
        async with SERVERS[framework](port, tmp_path), session_of(port) as session:
            import_id = await post(session, 300)
            while not sandbox.counts["poll"]:  # noqa: ASYNC110 - then all tasks of the run are there
                await asyncio.sleep(0.01)
            alone = len(asyncio.all_tasks())
            for _ in range(5):
                tabs = [await session.get(f"/imports/{import_id}/events") for _ in range(4)]
                for tab in tabs:
                    assert await tab.content.readline()
                assert len(asyncio.all_tasks()) > alone
                for tab in tabs:
                    tab.close()
            await fewer_tasks(alone)
            async with session.get(f"/imports/{import_id}/events") as tab:
                assert b"event: end" in await tab.read()
            await post(session, 300)  # it runs on while the server shuts down
        await session.close()
    await fewer_tasks(len(before))
    left = glob.glob("*/*/upload.csv", root_dir=tmp_path)
    assert len(left) == 1  # the next start goes on with it


def session_of(port: int) -> aiohttp.ClientSession:
    """A browser that keeps no connection."""
    return aiohttp.ClientSession(
        f"http://127.0.0.1:{port}",
        connector=aiohttp.TCPConnector(force_close=True),
        headers={"Cookie": USER},
    )


async def fewer_tasks(than: int) -> None:
    """Wait until no more tasks are there."""
    with suppress(TimeoutError):
        async with asyncio.timeout(5):
            while len(asyncio.all_tasks()) > than:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
    assert len(asyncio.all_tasks()) <= than, asyncio.all_tasks()


async def csv(rows: int) -> AsyncIterator[bytes]:
    """The body of an upload."""
    yield customers(rows)


async def test_a_reader_that_does_not_read_holds_up_nobody_and_finds_the_latest_state(
    examples: None, tmp_path: Path
) -> None:
    imports: Any = importlib.import_module("imports")
    async with (
        Sandbox(service_time=Workers(2, 0.02)) as sandbox,
        GameballClient(sandbox.api_key, sandbox.secret_key, base_url=sandbox.url) as client,
        imports.Imports(client, tmp_path) as folder,
    ):
        found = await folder.receive("somebody", "customers", "text/csv", csv(3000))
        slow = found.events()
        assert (await anext(slow)).name == "state"
        *_, last = [event async for event in found.events()]
        assert (last.name, last.data["succeeded"]) == ("end", 3000)
        rest = [event async for event in slow]
        assert [event.name for event in rest] == ["job"] * 3 + ["end"]
        assert rest[-1] == last


async def test_a_stream_without_news_shows_that_it_is_alive(
    examples: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moving: Any = importlib.import_module("moving")
    monkeypatch.setattr(moving, "TICK", 0.01)
    monkeypatch.setattr(moving, "LAST_WORD", 0.01)
    about = {"kind": "customers", "name": "rows", "form": "csv", "started": ""}
    (tmp_path / "about.json").write_text(json.dumps(about))
    waiting = moving.Import(tmp_path)
    events = waiting.events()
    assert [(await anext(events)).data["status"] for _ in range(3)] == ["waiting"] * 3
    waiting.leave()
    assert [(event.name, event.data["status"]) async for event in events] == [
        ("state", "interrupted")
    ]


async def test_an_upload_that_is_too_large_is_refused_and_leaves_no_file(
    examples: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imports: Any = importlib.import_module("imports")
    monkeypatch.setitem(imports.MAX_BYTES, "csv", 20)
    async with (
        GameballClient("key", "secret") as client,
        imports.Imports(client, tmp_path) as folder,
    ):
        with pytest.raises(imports.Refused, match="larger than 20 bytes") as caught:
            await folder.receive("somebody", "customers", "text/csv", csv(4))
    assert caught.value.status == 413
    assert glob.glob("*/*", root_dir=tmp_path) == []


async def test_a_user_has_so_many_imports_under_way_at_once_and_no_more(
    examples: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imports: Any = importlib.import_module("imports")
    monkeypatch.setattr(imports, "MAX_UNDER_WAY", 1)
    async with (
        Sandbox(service_time=Constant(0.3)) as sandbox,
        GameballClient(sandbox.api_key, sandbox.secret_key, base_url=sandbox.url) as client,
        imports.Imports(client, tmp_path) as folder,
    ):
        first = await folder.receive("somebody", "customers", "text/csv", csv(1))
        with pytest.raises(imports.Refused, match="1 imports are under way") as caught:
            await folder.receive("somebody", "customers", "text/csv", csv(1))
        assert caught.value.status == 429
        await folder.receive("another", "customers", "text/csv", csv(1))
        assert [event async for event in first.events()][-1].name == "end"
        await folder.receive("somebody", "customers", "text/csv", csv(1))
        assert len(folder.of("somebody")) == 2
