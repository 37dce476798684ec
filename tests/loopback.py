"""
The engine without a network: a transport that hands each request to the sandbox's service.

For tests of what the engine decides, on a virtual clock: the service is the same that the sandbox
serves over HTTP, faults included, and what a connection would do is told by its reply's ending.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import anyio

from gameball_async.api.requests import Account, Secret
from gameball_async.api.wire import WireRequest, WireResponse
from gameball_async.errors import AnswerLostError, NotSentError
from gameball_async.limits.retry import Patience
from gameball_async.limits.windows import Quota
from gameball_async.sandbox.faults import Faults
from gameball_async.sandbox.messages import Ending, Request
from gameball_async.sandbox.options import Options
from gameball_async.sandbox.service import Service
from gameball_async.session import Engine
from gameball_async.tasks import Background

API_KEY, SECRET_KEY = "gb_test_loopback_api", "gb_test_loopback_secret"


class Loopback:
    """
    A transport into a service.

    Args:
        seed: where all chance of the service and of the network comes from.
        latency: least and most seconds that each way takes.
        unreachable: asked before each request whether it cannot be sent at all.
        options: the service's.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        latency: tuple[float, float] = (0.0, 0.0),
        unreachable: Callable[[WireRequest], bool] = lambda _: False,
        **options: Any,
    ) -> None:
        self._random = random.Random(seed)
        self.faults = Faults(self._random.random)
        given = Options(seed=seed, api_key=API_KEY, secret_key=SECRET_KEY, **options)
        self.service = Service(given, self._random.random, self.faults)
        self._latency = latency
        self._unreachable = unreachable
        self.sent: list[WireRequest] = []

    async def send(self, request: WireRequest) -> WireResponse:
        await anyio.lowlevel.checkpoint()
        if self._unreachable(request):
            raise NotSentError("no connection")
        self.sent.append(request)
        await anyio.sleep(self._random.uniform(*self._latency))
        headers = {"APIKey": API_KEY, "Content-Type": "application/json"}
        if request.secret:
            headers["SecretKey"] = SECRET_KEY
        asked = Request(request.method, request.path, headers, request.body or b"")
        reply = self.service.handle(asked, anyio.current_time())
        await anyio.sleep(reply.delay + self._random.uniform(*self._latency))
        if reply.ending not in (Ending.ANSWER, Ending.HANG_UP):
            raise AnswerLostError(f"the connection ended: {reply.ending.value}")
        known = {name.lower(): value for name, value in reply.headers}
        return WireResponse(reply.status, reply.body, known.get("retry-after"), known.get("date"))


class LoopbackEngine:
    """An engine over a loopback, opened with ``async with``."""

    def __init__(
        self,
        wire: Loopback,
        *,
        quota: Quota | None = None,
        patience: Patience | None = None,
        seed: int = 0,
    ) -> None:
        self.wire = wire
        self.crashes: list[BaseException] = []
        self.background = Background(self._crashed)
        account = Account("http://127.0.0.1:1", "v4.0", Secret(API_KEY), Secret(SECRET_KEY))
        self.engine = Engine(
            account,
            wire,
            self.background.spawn,
            quota=quota or Quota((30, 1.0), (360, 30.0)),
            patience=patience or Patience(),
            chance=random.Random(seed).random,
        )

    def _crashed(self, error: BaseException) -> None:
        self.crashes.append(error)
        self.engine.close(error)

    async def __aenter__(self) -> Engine:
        return self.engine

    async def __aexit__(self, *_: object) -> None:
        self.engine.close()
        await self.background.aclose()
        assert not self.crashes
