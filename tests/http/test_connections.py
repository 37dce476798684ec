"""Answers that nobody asked for, and connections that the server closes: servers of bare sockets."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio.abc import SocketStream
from attrs import evolve

from gameball_async.api.requests import Secret
from gameball_async.api.wire import WireRequest
from gameball_async.client import GameballClient
from gameball_async.connections import QUIET
from gameball_async.errors import AnswerLostError
from gameball_async.http import AiohttpTransport, open_session
from tests.http.raw import raw_server

pytestmark = pytest.mark.anyio

GET = WireRequest("GET", "/api/v4.0/integrations/batch/7")
POST = WireRequest("POST", "/api/v4.0/integrations/batch/customers", b'{"body":[]}')


def answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


STRAY = answer(b'{"jobId":666}')


class Requests:
    """Reads whole requests from a connection."""

    def __init__(self, stream: SocketStream) -> None:
        self._stream = stream
        self._data = b""

    async def next(self) -> bytes:
        while b"\r\n\r\n" not in self._data:
            self._data += await self._stream.receive()
        head, _, rest = self._data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        size = int(length[1]) if length else 0
        while len(rest) < size:
            rest += await self._stream.receive()
        self._data = rest[size:]
        return head + b"\r\n\r\n" + rest[:size]


@asynccontextmanager
async def transport(origin: str) -> AsyncIterator[AiohttpTransport]:
    async with open_session() as session:
        yield AiohttpTransport(session, origin, Secret("k"), Secret("s"))


@pytest.mark.parametrize(
    ("how", "pause"),
    [("at once", 0.0), ("a moment later", 0.01), ("while idle", QUIET * 2), ("half", QUIET * 2),
     ("half at once", 0.0)],
)  # fmt: skip
async def test_an_answer_that_nobody_asked_for_is_given_to_nobody(how: str, pause: float) -> None:
    served_requests = 0
    strays = [anyio.Event() for _ in range(6)]

    async def twice(stream: SocketStream) -> None:
        nonlocal served_requests
        requests = Requests(stream)
        while True:
            asked = await requests.next()
            served_requests += 1
            own = answer(asked.split(b" ")[1])
            stray = STRAY[:20] if "half" in how else STRAY
            if pause:
                await stream.send(own)
                await anyio.sleep(pause)
                await stream.send(stray)
            else:
                await stream.send(own + stray)
            strays[int(asked.split(b" ")[1].rpartition(b"/")[2])].set()

    async with raw_server(twice) as origin, transport(origin) as wire:
        for number in range(6):
            path = f"/x/{number}"
            found = await wire.send(evolve(GET, path=path))
            assert found.body == path.encode()
            if number % 2 == 0:
                with anyio.move_on_after(10):  # it is not sent where the connection was closed
                    await strays[number].wait()
                await anyio.sleep(QUIET)
    assert served_requests == 6


async def test_an_answer_before_the_request_was_sent_is_not_taken_for_its_own() -> None:
    async def early(stream: SocketStream) -> None:
        await stream.receive(10)
        await stream.send(STRAY)
        await anyio.sleep(0.3)

    async with raw_server(early) as origin, transport(origin) as wire:
        with pytest.raises(AnswerLostError, match="an answer before the request was sent"):
            await wire.send(evolve(POST, body=b"x" * 20_000_000))


async def test_a_connection_that_stayed_quiet_is_used_again() -> None:
    connections = 0

    async def serve(stream: SocketStream) -> None:
        nonlocal connections
        connections += 1
        requests = Requests(stream)
        while True:
            await requests.next()
            await stream.send(answer(b"{}"))

    async with raw_server(serve) as origin, transport(origin) as wire:
        for _ in range(4):
            await wire.send(GET)
            await anyio.sleep(QUIET * 2)
        assert connections == 1
        await wire.send(evolve(POST, fresh=True))
        assert connections == 2


@pytest.mark.parametrize("after", [0.0, 0.02, 0.06, 0.1, 0.2])
@pytest.mark.long
async def test_no_adjustment_is_in_doubt_where_the_server_closes_idle_connections(
    after: float,
) -> None:
    applied: list[bytes] = []

    async def closes_soon(stream: SocketStream) -> None:
        requests = Requests(stream)
        while True:
            with anyio.move_on_after(after or None) as idle:
                asked = await requests.next()
            if idle.cancelled_caught:
                return
            if asked.startswith(b"POST"):
                applied.append(asked)
                await stream.send(answer(b'{"jobId":%d}' % len(applied)))
            else:
                job = int(re.findall(rb"/(\d+)", asked.split(b" ")[1])[-1])  # on either path
                named = b'{"customerId":"c%d"}' % (job - 1)
                body = b'{"status":"completed","totalCount":1,"finishedCount":1,"errorCount":0,'
                await stream.send(
                    answer(body + b'"response":{"successful":[' + named + b'],"failed":[]}}')
                )
            if not after:
                return  # without a word

    async with (
        raw_server(closes_soon) as origin,
        GameballClient("k", "s", base_url=origin) as client,
    ):
        for number in range(8):
            rows = [{"customerId": f"c{number}", "amount": 1}]
            async with client.bulk("balance-adjustments", rows) as run:
                assert (await run.finish()).succeeded == 1
            await anyio.sleep(0.05)
    assert len(applied) == 8
