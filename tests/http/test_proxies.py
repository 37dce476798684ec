"""A proxy of the environment is used when asked for, and only then; its password is never shown."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import anyio
import pytest

from gameball_async import ConfigurationError, GameballClient, NotSentError
from gameball_async.limits.retry import Patience
from gameball_async.sandbox import Sandbox

pytestmark = pytest.mark.anyio
PASSWORD = "canary-proxy-5d1"
CUSTOMER = {"customerId": "c1"}


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class Proxy:
    """A forward proxy for plain HTTP, one request for each connection."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        self.heads.append(head)
        fields = [line.split(":", 1) for line in head.split("\r\n")[1:] if line]
        length = next((int(value) for name, value in fields if name == "Content-Length"), 0)
        body = await reader.readexactly(length)
        method, url, version = head.split("\r\n")[0].split()
        host, _, path = url.removeprefix("http://").partition("/")
        name, _, port = host.partition(":")
        there, out = await asyncio.open_connection(name, int(port))
        lines = [f"{method} /{path} {version}", *(":".join(field) for field in fields)]
        lines = [line for line in lines if not line.startswith("Proxy-")] + ["Connection: close"]
        out.write("\r\n".join([*lines, "", ""]).encode() + body)
        writer.write(await there.read())
        for end in (out, writer):
            end.close()
            await end.wait_closed()


@asynccontextmanager
async def proxy() -> AsyncIterator[Proxy]:
    made = Proxy()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await server.wait_closed()


def client_of(sandbox: Sandbox, trust_env: bool) -> GameballClient:
    keys = sandbox.api_key, sandbox.secret_key
    patience = Patience(unsure=1, unsent=0.01)
    return GameballClient(*keys, base_url=sandbox.url, patience=patience, trust_env=trust_env)


async def test_a_proxy_of_the_environment_is_used_when_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Sandbox() as sandbox, proxy() as through:
        monkeypatch.setenv("HTTP_PROXY", f"http://user:{PASSWORD}@127.0.0.1:{through.port}")
        async with client_of(sandbox, trust_env=True) as client:
            await client.upsert_customer(CUSTOMER)
    assert len(through.heads) == 1
    assert through.heads[0].startswith(f"POST {sandbox.url}/api/v4.0/integrations/customers ")
    assert sandbox.counts["upsert"] == 1


async def test_a_proxy_of_the_environment_is_not_used_unless_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Sandbox() as sandbox, proxy() as through:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{through.port}")
        async with client_of(sandbox, trust_env=False) as client:
            await client.upsert_customer(CUSTOMER)
            await client.submit("customers", [CUSTOMER])
    assert through.heads == []
    assert sandbox.counts["upsert"] == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxys_password_is_in_no_error(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{scheme.upper()}_PROXY", f"http://user:{PASSWORD}@127.0.0.1:9")
    client = GameballClient(
        "k",
        "s",
        base_url=f"{scheme}://127.0.0.1:10",
        patience=Patience(unsure=1, unsent=0.01),
        trust_env=True,
    )
    async with client:
        with pytest.raises(NotSentError) as caught:
            await client.upsert_customer(CUSTOMER)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    for text in (repr(caught.value), str(vars(caught.value)), repr(client), *shown.format()):
        assert PASSWORD not in text


async def test_the_command_line_uses_it_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Sandbox() as sandbox, proxy() as through:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{through.port}")
        monkeypatch.setenv("GAMEBALL_BASE_URL", sandbox.url)
        monkeypatch.setenv("GAMEBALL_API_KEY", sandbox.api_key)
        monkeypatch.setenv("GAMEBALL_SECRET_KEY", sandbox.secret_key)
        for option, came in ((), 0), (("--trust-env",), 1):
            command = [
                sys.executable,
                "-m",
                "gameball_async",
                "upsert",
                "--customer-id=c1",
                *option,
            ]
            done = await anyio.run_process(command, check=False)
            assert done.returncode == 0, done.stderr
            assert len(through.heads) == came


async def test_a_borrowed_session_reads_the_environment_as_its_owner_wants() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ConfigurationError, match="trust_env"):
            GameballClient("k", "s", session=session, trust_env=True)
