"""
The sandbox over HTTP: carries out what the service decides, on a socket of this machine.

The clock is the running event loop's, so that the sandbox also runs under a virtual one. There are
no threads. The simulated network holds each request on its way in and each answer on its way out.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from email.utils import formatdate
from random import Random
from threading import get_ident
from typing import Any, Self

import anyio
from aiohttp import web
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader
from attrs import evolve

from .account import Ledger
from .faults import Faults
from .jobs import Job
from .messages import Ending, Reply, Request, Seen, by_hand
from .options import Options
from .scenario import Scenario
from .service import Service

MAX_BODY = 64 * 2**20


class Sandbox:
    """
    A Gameball of one's own, offline: an account with the batch API on a local port.

    ::

        async with Sandbox(seed=7, fail_rate=0.1) as sandbox:
            client = GameballClient(sandbox.api_key, sandbox.secret_key, base_url=sandbox.url)

    Open it once. What it knows can be read after it is closed.

    Arguments:
        seed: all chance comes from it: with the same requests in the same order, everything is
            the same again. 0, or the scenario's, where not given.
        host: the address to listen on.
        port: 0 for any free one.
        scenario: settings and faults: a `Scenario`, a mapping, or a file to read one from. What is
            given here as well goes before it.
        latency: least and most seconds that the simulated network takes, each way.
        keep_requests: how many of the last requests *requests* keeps.
        on_request: called with what was seen of each request; ``str()`` of it is a readable line.
        on_answer: called with the same, and how long it took, when the answer is handed over.
        options: the settings of `Options`.

    Raises:
        TypeError: there is no such option.
        ValueError: an option has no such value, or the scenario is none (`ScenarioError`).
    """

    def __init__(
        self,
        seed: int | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str] | None = None,
        latency: tuple[float, float] | None = None,
        keep_requests: int = 1000,
        on_request: Callable[[Seen], None] | None = None,
        on_answer: Callable[[Seen], None] | None = None,
        **options: Any,
    ) -> None:
        played = Scenario.given(scenario)
        if latency is None:
            latency = played.latency
        if seed is not None:
            options["seed"] = seed
        if not 0 <= latency[0] <= latency[1]:
            raise ValueError("latency must be a pair of seconds, the smaller first")
        self.options: Options = Options(**{**played.options, **options})
        seed = self.options.seed
        self.requests: deque[Seen] = deque(maxlen=keep_requests)
        self.faults: Faults = Faults(_chance(seed, "faults").random)
        self.faults.load(played.faults)
        chance = _chance(seed, "service").random
        self._service = Service(self.options, chance, self.faults, observe=self._observe)
        self._jitter = _chance(seed, "network")
        self._latency = latency
        self._host = host
        self._port = port
        self._on_request = on_request
        self._on_answer = on_answer
        self._noted: Seen | None = None
        self._runner: web.ServerRunner | None = None
        self._journeys: set[asyncio.Task[Any]] = set()
        self._origin = 0.0  # when it was opened
        self._closed_at: float | None = None
        self._url: str | None = None
        self._here: tuple[asyncio.AbstractEventLoop, int] | None = None

    # What tests look at

    @property
    def url(self) -> str:
        """
        The origin to use as the client's base URL, such as ``http://127.0.0.1:40123``.

        Raises:
            RuntimeError: the sandbox is not open yet.
        """
        if self._url is None:
            raise RuntimeError("the sandbox is not open yet: use it inside `async with Sandbox()`")
        return self._url

    @property
    def api_key(self) -> str:
        """The key that calls must carry as ``APIKey``."""
        return self.options.api_key

    @property
    def secret_key(self) -> str:
        """The key that calls must carry as ``SecretKey``."""
        return self.options.secret_key

    @property
    def service(self) -> Service:
        """The service behind it, with everything played up to now."""
        if self._runner is not None:
            self._at(self._service.advance)
        elif self._closed_at is not None:
            self._service.advance(self._closed_at)
        return self._service

    @property
    def ledger(self) -> Ledger:
        """What was applied, how often, and in what order."""
        return self.service.ledger

    @property
    def jobs(self) -> Mapping[int, Job]:
        """All jobs by number, as they stand now."""
        return self.service.jobs

    @property
    def peaks(self) -> dict[float, int]:
        """The most requests ever seen in any window, by its seconds, in the busiest bucket."""
        buckets = [windows.peaks for windows in self._service.buckets.values()]
        return {length: max(peaks[length] for peaks in buckets) for length in buckets[0]}

    @property
    def counts(self) -> Mapping[str, int]:
        """How many requests came, by sort: submit, poll, stop, upsert, other."""
        return self._service.counts

    @property
    def rate_limited(self) -> int:
        """How many requests were answered 429."""
        return self._service.rate_limited

    def foreign(self, rate_per_second: float) -> None:
        """From now on, others on the account send so many requests a second; 0 ends it."""
        self._at(lambda now: self._service.foreign(rate_per_second, now))

    def move(self, customer: str, points: float) -> None:
        """
        Something else moves the customer's balance now: a purchase, an expiry, somebody at the dashboard.

        *points* are added, and may be negative. The customer becomes a known one. It is in no ledger.
        """
        self._at(lambda now: self._service.move(customer, points, now))

    @property
    def balances(self) -> Mapping[str, float]:
        """The balance of each customer that has had points, as it stands now."""
        return self.service.memory.balances

    def describe(self) -> str:
        """A few readable lines: where it listens, with which keys, and what it has seen."""
        counts = ", ".join(f"{count:,} {sort}" for sort, count in sorted(self.counts.items()))
        applied = ", ".join(f"{n:,} {kind}" for kind, n in self.ledger.applied.items() if n)
        return "\n".join(
            (
                f"Gameball sandbox at {self._url or 'no address yet'}, seed {self.options.seed}",
                f"APIKey {self.api_key}, SecretKey {self.secret_key} (made up, for tests)",
                f"requests: {counts or 'none'}; refused with 429: {self.rate_limited:,}",
                f"jobs: {len(self.jobs):,}; applied: {applied or 'nothing'}",
            )
        )

    # Opening and closing

    async def __aenter__(self) -> Self:
        if self._here is not None:
            raise RuntimeError("this sandbox was already opened: make a new one")
        self._here = asyncio.get_running_loop(), get_ident()
        self._origin = anyio.current_time()
        server = web.Server(self._handle, request_factory=_make_request, access_log=None)
        # Nothing is waited for when closing; 0 would mean for ever.
        self._runner = web.ServerRunner(server, shutdown_timeout=0.001)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except BaseException:
            await self.__aexit__()
            raise
        host, port = self._runner.addresses[0][:2]
        self._url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._runner is None:
            return
        self._closed_at = self._now()
        runner, self._runner = self._runner, None
        # Requests that have not arrived never will, and answers on their way are lost.
        if journeys := list(self._journeys):
            for journey in journeys:
                journey.cancel()
            await asyncio.wait(journeys)
        await runner.cleanup()

    def _at(self, play: Callable[[float], None]) -> None:
        """Plays something at the time of the sandbox's loop, and in its thread, from any other."""
        if self._here is None:
            raise RuntimeError("the sandbox is not open yet: use it inside `async with Sandbox()`")
        loop, thread = self._here

        async def there() -> None:
            play(self._now())

        if get_ident() == thread:  # where the loop may not be running just now
            play(loop.time() - self._origin)
        else:
            asyncio.run_coroutine_threadsafe(there(), loop).result(10)

    def _now(self) -> float:
        return anyio.current_time() - self._origin

    def _observe(self, seen: Seen) -> None:
        self.requests.append(seen)
        self._noted = seen
        if self._on_request is not None:
            self._on_request(seen)

    # One request

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return web.Response(status=413, text="the body is larger than 64 MiB")
        began = anyio.current_time()
        await self._travel()
        asked = Request(request.method, request.path, request.headers, body)
        reply = self._service.handle(asked, self._now())
        seen = self._noted
        await self._travel(reply.delay)
        if self._on_answer is not None and seen is not None:
            self._on_answer(evolve(seen, took=anyio.current_time() - began))
        return await _carry_out(request, self._dated(reply))

    def _dated(self, reply: Reply) -> Reply:
        """*reply* by the account's own clock, where that is not this machine's."""
        offset = self.options.clock_offset
        if not offset:
            return reply
        date = formatdate(time.time() + offset, usegmt=True)
        return evolve(reply, headers=(*reply.headers, ("Date", date)))

    async def _travel(self, delay: float = 0.0) -> None:
        """Lets a message travel, after *delay* seconds, unless the sandbox is closed meanwhile."""
        low, high = self._latency
        if high > 0:
            delay += low + (high - low) * self._jitter.random()
        journey = asyncio.current_task()
        if delay > 0 and journey is not None:
            self._journeys.add(journey)
            try:
                await anyio.sleep(delay)
            finally:
                self._journeys.discard(journey)


def _chance(seed: int, what: str) -> Random:
    # One source for each purpose: what one draws does not change what the others get.
    return Random(f"{seed} {what}")  # noqa: S311 - reproducible on purpose, nothing secret


def _make_request(
    message: RawRequestMessage, payload: StreamReader, protocol: Any, writer: Any, task: Any
) -> web.BaseRequest:
    return web.BaseRequest(
        message, payload, protocol, writer, task, protocol._loop, client_max_size=MAX_BODY
    )


async def _carry_out(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    """Sends *reply*, or what its ending leaves of it."""
    response = web.Response(status=reply.status, headers=list(reply.headers), body=reply.body)
    transport = request.transport
    if reply.ending is Ending.ANSWER or transport is None:
        return response
    if reply.ending is Ending.RESET:
        _reset(transport)
        return response
    transport.write(by_hand(reply))
    transport.close()
    return response


def _reset(transport: asyncio.Transport) -> None:
    """Ends the connection with a TCP reset, or plainly where the loop has no real sockets."""
    with suppress(AttributeError, OSError):
        # Lingering for 0 seconds makes the kernel send a reset instead of an orderly end.
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
