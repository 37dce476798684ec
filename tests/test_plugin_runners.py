"""The fixtures under each plugin for async tests, as users run them: in a pytest of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEST = """
    gameball_sandbox.faults.reset_after_commit(on="submit", times=1)
    async with gameball_client as client:
        job = await client.submit("customers", [{"customerId": "c1"}])
        final = await client.wait(job)
    assert final.finished == 1
    assert gameball_sandbox.counts["submit"] == 2
    assert gameball_sandbox.ledger.applied["customers"] == 2
    assert [seen.fault for seen in gameball_sandbox.requests][:2] == ["reset_after_commit", None]
    assert {job.state for job in gameball_sandbox.jobs.values()} == {"completed"}
    gameball_sandbox.foreign(1.0)
"""
STRICT = f"""
import pytest, pytest_asyncio

@pytest_asyncio.fixture
async def opened(gameball_client):
    async with gameball_client as client:
        yield client

@pytest.mark.asyncio
async def test_used(gameball_sandbox, gameball_client):
{TEST}

@pytest.mark.asyncio
async def test_a_fixture_of_ones_own(opened, gameball_sandbox):
    assert await opened.upsert_customer({{"customerId": "c1"}}) > 0
    assert gameball_sandbox.counts["upsert"] == 1

def test_sync(gameball_sandbox):
    assert not gameball_sandbox.ledger.applied["customers"]
"""
SESSION = """
import pytest_asyncio, pytest
from gameball_async import GameballClient
from gameball_async.sandbox import SandboxThread

@pytest.fixture(scope="session")
def sandbox():
    with SandboxThread(limits=None) as sandbox:
        yield sandbox

@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def client(sandbox):
    async with GameballClient(sandbox.api_key, sandbox.secret_key, base_url=sandbox.url) as client:
        yield client

@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("n", range(3))
async def test_shared(client, n):
    assert await client.upsert_customer({"customerId": f"c{n}"})
"""
AIOHTTP = f"""
from aiohttp import web

async def test_used(gameball_sandbox, gameball_client):
{TEST}

async def test_an_application(aiohttp_client, gameball_sandbox, gameball_client):
    async def lifespan(app):
        async with gameball_client:
            yield

    async def import_one(request):
        job = await gameball_client.submit("customers", [await request.json()])
        return web.json_response({{"job": job.id}})

    app = web.Application()
    app.cleanup_ctx.append(lifespan)
    app.router.add_post("/import", import_one)
    browser = await aiohttp_client(app)
    answer = await browser.post("/import", json={{"customerId": "c1"}})
    assert (await answer.json())["job"] in gameball_sandbox.jobs
"""
ANYIO = f"""
import pytest

@pytest.fixture(params=BACKENDS)
def anyio_backend(request):
    return request.param

@pytest.fixture
async def opened(gameball_client):
    async with gameball_client as client:
        yield client

@pytest.mark.anyio
async def test_used(gameball_sandbox, gameball_client):
{TEST}

@pytest.mark.anyio
async def test_a_fixture_of_ones_own(opened, gameball_sandbox):
    assert await opened.upsert_customer({{"customerId": "c1"}}) > 0
    assert gameball_sandbox.counts["upsert"] == 1
"""


FOREIGN = """
import pytest

@pytest.mark.parametrize("n", range(200))
def test_trivial(n):
    assert n >= 0
"""


def run(code: str, folder: Path, passed: int, *options: str) -> float:
    """Run a user's test file, warnings as errors; gives the seconds that pytest says it took."""
    (folder / "test_user.py").write_text(code, encoding="utf-8")
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-p", "gameball_async.pytest_plugin", *options, "test_user.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = re.search(rf"^{passed} passed in ([0-9.]+)s", done.stdout, re.MULTILINE)
    assert said, done.stdout
    return float(said[1])


SCOPE = ("-o", "asyncio_default_fixture_loop_scope=function")
needs_asyncio = pytest.mark.skipif(
    find_spec("pytest_asyncio") is None, reason="pytest-asyncio is of the extra `test`"
)
needs_aiohttp = pytest.mark.skipif(
    find_spec("pytest_aiohttp") is None, reason="pytest-aiohttp is of the extra `test`"
)


@needs_asyncio
def test_they_work_with_pytest_asyncio_in_strict_mode(tmp_path: Path) -> None:
    run(STRICT, tmp_path, 3, "-o", "asyncio_mode=strict", *SCOPE)


@needs_asyncio
def test_they_work_with_pytest_asyncio_in_auto_mode(tmp_path: Path) -> None:
    code = STRICT.replace("@pytest.mark.asyncio\n", "").replace("pytest_asyncio.", "pytest.")
    run(code, tmp_path, 3, "-o", "asyncio_mode=auto", *SCOPE)


@needs_asyncio
def test_a_client_can_be_shared_by_a_session_of_pytest_asyncio(tmp_path: Path) -> None:
    run(SESSION, tmp_path, 3, *SCOPE)


@needs_aiohttp
def test_they_work_with_pytest_aiohttp(tmp_path: Path) -> None:
    run(AIOHTTP, tmp_path, 2, "-o", "asyncio_mode=auto", *SCOPE)


def test_they_work_with_anyios_plugin(tmp_path: Path) -> None:
    backends, times = "['asyncio']", 1
    if find_spec("uvloop") is not None:
        backends, times = "['asyncio', ('asyncio', {'use_uvloop': True})]", 2
    alone = [] if find_spec("pytest_asyncio") is None else ["-p", "no:aiohttp", "-p", "no:asyncio"]
    run(ANYIO.replace("BACKENDS", backends), tmp_path, 2 * times, *alone)


def test_the_plugin_alone_imports_neither_the_client_nor_the_sandbox() -> None:
    """Everybody who has the package installed loads it, in every run of pytest."""
    code = (
        "import sys, pytest; before = set(sys.modules); import gameball_async.pytest_plugin; "
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["gameball_async", "gameball_async.pytest_plugin"]


def test_a_suite_that_does_not_use_it_gets_no_warning(tmp_path: Path) -> None:
    """Beside this, ``python -m tests.release`` compares its time with and without the plugin."""
    options = ("--strict-markers", "--strict-config", "-p", "no:aiohttp", "-p", "no:asyncio")
    run(FOREIGN, tmp_path, 200, *options)
