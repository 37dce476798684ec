"""How long TCP handshakes take is told, without names, TLS, other addresses and the server's work."""

from __future__ import annotations

import asyncio
import time

import anyio
import pytest

from gameball_async.api.requests import Secret
from gameball_async.api.wire import WireRequest
from gameball_async.http import AiohttpTransport, open_session
from gameball_async.sandbox import Sandbox

pytestmark = pytest.mark.anyio


async def test_each_new_connection_tells_its_handshake_once_without_the_servers_work() -> None:
    told: list[float] = []
    async with Sandbox(latency=(0.5, 0.5)) as sandbox, open_session() as session:
        transport = AiohttpTransport(session, sandbox.url, Secret(sandbox.api_key), None)
        transport.tell_connected(told.append)
        request = WireRequest("GET", "/api/v4.0/integrations/batch/1")
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(transport.send, request)
        assert len(told) == 3
        await anyio.sleep(0.1)
        await transport.send(request)
        assert len(told) == 3  # a connection was used again
    assert all(0.0 <= seconds < 0.5 for seconds in told)


async def test_an_address_that_did_not_answer_first_is_not_in_it() -> None:
    """A name with two addresses, where the first is dead: what was tried first counts for nothing."""
    told: list[float] = []
    async with Sandbox() as sandbox, open_session() as session:
        connector = session.connector
        assert connector is not None
        connect = asyncio.get_running_loop().sock_connect
        real = connector._resolve_host  # type: ignore[attr-defined] # its only door

        async def two(host: str, port: int, traces: object = None) -> list[dict[str, object]]:
            found = await real(host, port, traces=traces)
            return [{**found[0], "host": "192.0.2.1"}, *found]

        async def slow(sock: object, address: tuple[str, int]) -> None:
            if address[0] == "192.0.2.1":
                await anyio.sleep(60)
            await connect(sock, address)  # type: ignore[arg-type]

        connector._resolve_host = two  # type: ignore[attr-defined]
        asyncio.get_running_loop().sock_connect = slow  # type: ignore[method-assign, assignment]
        transport = AiohttpTransport(session, sandbox.url, Secret(sandbox.api_key), None)
        transport.tell_connected(told.append)
        began = time.monotonic()
        await transport.send(WireRequest("GET", "/api/v4.0/integrations/batch/1"))
        took = time.monotonic() - began
    assert len(told) == 1
    assert told[0] < took / 2
