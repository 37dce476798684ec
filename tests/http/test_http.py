"""The HTTP edge: what proves that nothing was sent, and everything aiohttp must not do by itself."""

from __future__ import annotations

import gzip
import traceback
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from unittest.mock import patch

import aiohttp
import anyio
import pytest
from aiohttp import web
from anyio.abc import SocketStream

from gameball_async import http
from gameball_async.api.requests import Secret
from gameball_async.api.wire import WireRequest
from gameball_async.connections import QUIET
from gameball_async.errors import AnswerLostError, NotSentError
from gameball_async.http import AiohttpTransport, open_session
from tests.http.raw import raw_server

pytestmark = pytest.mark.anyio

API, SECRET = "gb_test_canary_api", "gb_test_canary_secret"
POST = WireRequest("POST", "/api/v4.0/integrations/batch/customers", b'{"body":[]}')
GET = WireRequest("GET", "/api/v4.0/integrations/batch/7")


@asynccontextmanager
async def web_server(
    handler: Callable[[web.Request], Awaitable[web.Response]],
) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def transport(origin: str) -> AsyncIterator[AiohttpTransport]:
    with patch.object(http, "MAX_ANSWER", 2**20):
        async with open_session() as session:
            yield AiohttpTransport(session, origin, Secret(API), Secret(SECRET))


def shows_no_key(error: BaseException) -> bool:
    text = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    chain: list[BaseException | None] = [error, error.__cause__, error.__context__]
    return not any(key in text + repr([(e, getattr(e, "args", ())) for e in chain])
                   for key in (API, SECRET))  # fmt: skip


async def test_a_connection_that_is_refused_proves_that_nothing_was_sent() -> None:
    async with transport("http://127.0.0.1:9") as wire:
        with pytest.raises(NotSentError) as caught:
            await wire.send(POST)
    assert shows_no_key(caught.value)


async def test_a_reset_after_the_body_may_have_been_applied() -> None:
    async def hang_up(stream: SocketStream) -> None:
        await stream.receive()

    async with raw_server(hang_up) as origin, transport(origin) as wire:
        with pytest.raises(AnswerLostError) as caught:
            await wire.send(POST)
    assert caught.value.__context__ is None
    assert shows_no_key(caught.value)


@pytest.mark.parametrize("request_", [GET, WireRequest("DELETE", GET.path), POST])
async def test_no_request_is_sent_twice_by_itself(request_: WireRequest) -> None:
    seen = []

    async def hang_up(stream: SocketStream) -> None:
        seen.append(await stream.receive())

    async with raw_server(hang_up) as origin, transport(origin) as wire:
        with pytest.raises(AnswerLostError):
            await wire.send(request_)
        await anyio.sleep(0.02)
    assert len(seen) == 1


@pytest.mark.parametrize("request_", [GET, POST])
async def test_a_stale_connection_does_not_send_twice_either(request_: WireRequest) -> None:
    bodies = []

    async def one_answer_a_connection(stream: SocketStream) -> None:
        bodies.append(await stream.receive())
        await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        bodies.append(await stream.receive())

    async with raw_server(one_answer_a_connection) as origin, transport(origin) as wire:
        assert (await wire.send(request_)).body == b"{}"
        await anyio.sleep(2 * QUIET)
        with pytest.raises(AnswerLostError):
            await wire.send(request_)
    assert len(bodies) == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTP/9 what\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"",
    ],
)
async def test_an_answer_that_is_not_whole_is_lost_not_refused(answer: bytes) -> None:
    async def reply(stream: SocketStream) -> None:
        await stream.receive()
        await stream.send(answer)

    async with raw_server(reply) as origin, transport(origin) as wire:
        with pytest.raises(AnswerLostError) as caught:
            await wire.send(POST)
    assert shows_no_key(caught.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("request_", [GET, POST])
async def test_redirects_are_never_followed(status: int, request_: WireRequest) -> None:
    reached = []

    async def elsewhere(request: web.Request) -> web.Response:
        reached.append(request)
        return web.json_response({})

    async with web_server(elsewhere) as other:

        async def redirect(_: web.Request) -> web.Response:
            return web.Response(status=status, headers={"Location": f"{other}/x"})

        async with web_server(redirect) as origin, transport(origin) as wire:
            assert (await wire.send(request_)).status == status
    assert not reached


async def test_cookies_are_not_kept() -> None:
    seen = []

    async def set_cookie(request: web.Request) -> web.Response:
        seen.append(request.cookies)
        answer = web.Response(text="{}")
        answer.set_cookie("session", "of another account")
        return answer

    async with web_server(set_cookie) as origin, transport(origin) as wire:
        await wire.send(GET)
        await wire.send(GET)
    assert not any(seen)


async def test_a_compression_bomb_is_not_swallowed() -> None:
    bomb = gzip.compress(b"\0" * (64 * 2**20))

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    async with web_server(answer) as origin, transport(origin) as wire:
        with pytest.raises(AnswerLostError):
            await wire.send(GET)


async def test_a_bomb_of_204_kb_costs_at_most_20_mib_while_it_is_read() -> None:
    bomb = gzip.compress(b"\0" * (200 * 2**20), 9)
    assert len(bomb) < 210_000

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    async with web_server(answer) as origin, transport(origin) as wire:
        tracemalloc.start()
        try:
            with pytest.raises(AnswerLostError):
                await wire.send(GET)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 20 * 2**20


async def test_both_keys_go_along_only_where_they_are_asked_for() -> None:
    seen = []

    async def note(request: web.Request) -> web.Response:
        seen.append((request.headers.get("APIKey"), request.headers.get("SecretKey")))
        return web.Response(text="{}")

    async with web_server(note) as origin, transport(origin) as wire:
        await wire.send(GET)
        await wire.send(WireRequest("POST", "/x", b"{}", secret=False))
    assert seen == [(API, SECRET), (API, None)]


async def test_a_large_body_arrives_whole_and_without_a_warning() -> None:
    body = bytes(range(256)) * 12_000
    seen = []

    async def note(request: web.Request) -> web.Response:
        request._client_max_size = 2**30
        seen.append(await request.read())
        return web.Response(text="{}")

    async with web_server(note) as origin, transport(origin) as wire:
        await wire.send(WireRequest("POST", "/x", body))
    assert seen == [body]


async def test_a_borrowed_session_with_habits_of_its_own_changes_nothing() -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=422, text='{"code": 3000}')

    async with (
        web_server(refuse) as origin,
        aiohttp.ClientSession(raise_for_status=True) as session,
    ):
        wire = AiohttpTransport(session, origin, Secret(API), None)
        answer = await wire.send(GET)
        assert (answer.status, answer.body) == (422, b'{"code": 3000}')
        assert not session.closed
