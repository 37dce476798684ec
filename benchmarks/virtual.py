"""
A world with a clock of its own: the real client and the real sandbox in one process and no waiting.

async-solipsism's event loop jumps to the next thing that is due, so an hour takes as long as what is
computed in it, and the same seed gives the same run. Connections are pairs of queues in memory,
opened through the loop; all else, aiohttp on both ends included, is what runs in earnest.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from contextvars import Context
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp
import async_solipsism
import async_solipsism.clock
from aiohttp.client_proto import ResponseHandler

from gameball_async.client import GameballClient
from gameball_async.connections import TimedConnector
from gameball_async.sandbox import Sandbox

if TYPE_CHECKING:
    from aiohttp import ClientRequest, ClientTimeout
    from aiohttp.tracing import Trace

__all__ = ["LoopConnector", "VirtualLoop", "run_virtual", "virtual_client", "virtual_session"]

T = TypeVar("T")


class _Clock(async_solipsism.clock.Clock):
    """Never rounds a wait down: what waits for a moment finds that it has come."""

    def advance(self, delta: float) -> None:
        self._ticks += max(1, math.ceil(delta / self._resolution))


class VirtualLoop(async_solipsism.EventLoop):
    """async-solipsism's loop, on a clock that is never early."""

    def __init__(self) -> None:
        super().__init__()
        self._selector.clock = self._clock = _Clock()

    def time(self) -> float:
        """Seconds of virtual time, from 0."""
        seconds: float = self._clock.time()
        return seconds

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """As the loop's own, but never at once: whoever waits for a little must see time pass."""
        soonest = self.time() + 2 * self._clock.resolution
        timer: asyncio.TimerHandle = super().call_at(
            max(when, soonest), callback, *args, context=context
        )
        return timer


class LoopConnector(TimedConnector):
    """
    Opens connections through the running loop, without resolving names or trying addresses.

    Args:
        trip: draws how many seconds a handshake takes; none where not given.
        settings: of `aiohttp.BaseConnector`.
    """

    def __init__(self, trip: Callable[[], float] | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self._trip = trip

    async def _create_connection(
        self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout
    ) -> ResponseHandler:
        if self._trip is not None:
            seconds = self._trip()
            await asyncio.sleep(seconds)
            if self.connected is not None:
                self.connected(seconds)
        try:
            _, protocol = await self._loop.create_connection(
                self._factory, req.url.host or "", req.url.port or 80
            )
        except OSError as error:
            raise aiohttp.ClientConnectorError(req.connection_key, error) from error
        return protocol


def run_virtual(main: Callable[[], Coroutine[Any, Any, T]], *, seed: int = 0) -> T:
    """
    Run a coroutine function on a virtual clock that starts at 0.

    Args:
        main: what to run.
        seed: of Python's shared chance, which the client draws its jitter from.
    """
    random.seed(seed)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main())


def virtual_session(trip: Callable[[], float] | None = None) -> aiohttp.ClientSession:
    """A session as the client's own, but for where its connections come from; *trip* as there."""
    return aiohttp.ClientSession(
        connector=LoopConnector(trip, limit=64, keepalive_timeout=30),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


@asynccontextmanager
async def virtual_client(
    sandbox: Sandbox, trip: Callable[[], float] | None = None, **settings: Any
) -> AsyncIterator[GameballClient]:
    """
    A client of *sandbox*, both on the running virtual loop.

    Args:
        sandbox: an open sandbox.
        trip: draws how many seconds a TCP handshake takes; none where not given.
        settings: further arguments of `GameballClient`.
    """
    async with (
        virtual_session(trip) as session,
        GameballClient(
            sandbox.api_key,
            sandbox.secret_key,
            base_url=sandbox.url,
            session=session,
            **settings,
        ) as client,
    ):
        yield client
