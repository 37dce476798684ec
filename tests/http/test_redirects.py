"""No redirect is followed: our keys would travel along to whoever is named in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from gameball_async.api.requests import Secret
from gameball_async.api.wire import WireRequest
from gameball_async.http import AiohttpTransport, open_session

pytestmark = pytest.mark.anyio

TARGETS = {
    "the same server": "/elsewhere",
    "another server": "http://127.0.0.1:{other}/elsewhere",
    "another name of it": "http://localhost:{here}/elsewhere",
    "another scheme": "https://127.0.0.1:{other}/elsewhere",
    "no scheme": "//127.0.0.1:{other}/elsewhere",
}
METHODS = {"GET": None, "POST": b'{"body":[]}', "DELETE": None}


class Server:
    """Redirects whatever comes to where it is told, and notes what came."""

    def __init__(self) -> None:
        self.port = 0
        self.status = 200
        self.to = ""
        self.asked: list[tuple[str, str]] = []

    async def answer(self, request: web.BaseRequest) -> web.Response:
        self.asked.append((request.method, request.path))
        return web.Response(status=self.status, headers={"Location": self.to})


@asynccontextmanager
async def server() -> AsyncIterator[Server]:
    made = Server()
    runner = web.ServerRunner(web.Server(made.answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.port = runner.addresses[0][1]
    try:
        yield made
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", TARGETS)
async def test_a_redirect_is_an_answer_and_nobody_else_is_asked(status: int, target: str) -> None:
    async with server() as here, server() as other, open_session() as session:
        here.status = status
        here.to = TARGETS[target].format(here=here.port, other=other.port)
        origin = f"http://127.0.0.1:{here.port}"
        keys = Secret("canary-api"), Secret("canary-secret")
        wire = AiohttpTransport(session, origin, *keys)
        for method, body in METHODS.items():
            answer = await wire.send(WireRequest(method, "/asked", body))
            assert answer.status == status
        assert here.asked == [(method, "/asked") for method in METHODS]
        assert other.asked == []
