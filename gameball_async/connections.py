"""
Which connection a request goes out on: one that holds nothing that nobody asked for.

A proxy that answers twice leaves an answer on a kept-alive connection, and aiohttp gives it to the next
request there. So a connection is closed when bytes arrive while it is idle, and it is used again only
once it has been quiet for a moment. A request that must not be left in doubt gets a connection of its own.

How long each TCP handshake takes is told to whoever wants to know: names, TLS and other addresses that
were tried are not in it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from time import monotonic
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

QUIET = 0.05
"""Seconds after an answer before its connection is used again: a second answer comes by then."""
KEEP = 30.0
"""Seconds that an idle connection is kept."""

_FRESH: ContextVar[bool] = ContextVar("gameball_async_fresh_connection", default=False)


@contextmanager
def fresh_connection(wanted: bool) -> Iterator[None]:
    """Requests made inside go out on a connection that was not used before, where *wanted*."""
    token = _FRESH.set(wanted)
    try:
        yield
    finally:
        _FRESH.reset(token)


class _Handler(ResponseHandler):
    """A connection that is closed by bytes that arrive while nobody waits for any."""

    idle = False

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.made_at = loop.time()  # as TCP is connected, and before TLS is

    def data_received(self, data: bytes) -> None:
        if self.idle and data:
            self.close()
        else:
            super().data_received(data)


class TimedConnector(aiohttp.BaseConnector):
    """A connector that tells *connected* how many seconds each TCP handshake took."""

    connected: Callable[[float], None] | None = None


class Connector(TimedConnector, aiohttp.TCPConnector):
    """Keeps connections for reuse, as `aiohttp.TCPConnector`, but gives out none that is spoilt."""

    def __init__(self) -> None:
        super().__init__(limit=64, keepalive_timeout=KEEP, socket_factory=self._socket)
        self._begun: dict[int, float] = {}  # by file number: when it began to connect
        self._factory = partial(_Handler, loop=self._loop)  # type: ignore[assignment] # invariant

    def _socket(self, address: Any) -> socket.socket:
        made = socket.socket(*address[:3])
        self._begun[made.fileno()] = self._loop.time()
        return made

    async def _wrap_create_connection(self, *args: Any, **kwargs: Any) -> Any:
        transport, protocol = await super()._wrap_create_connection(*args, **kwargs)
        connection = transport.get_extra_info("socket")
        begun = None if connection is None else self._begun.pop(connection.fileno(), None)
        if begun is not None and self.connected is not None and isinstance(protocol, _Handler):
            self.connected(protocol.made_at - begun)
        return transport, protocol

    async def _get(self, key: Any, traces: Any) -> Any:
        if _FRESH.get() or not self._quiet(key):
            return None  # a new connection is made
        connection = await super()._get(key, traces)
        if connection is not None and isinstance(connection.protocol, _Handler):
            connection.protocol.idle = False
        return connection

    def _quiet(self, key: Any) -> bool:
        """Whether the connection that has been idle for longest may be used, without those that must not."""
        kept = self._conns.get(key)
        while kept:
            protocol, since = kept[0]
            if protocol.is_connected() and not protocol.should_close:
                return monotonic() - since >= QUIET
            kept.popleft()
            protocol.close()
        return False

    def _release(self, key: Any, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        if isinstance(protocol, _Handler):
            protocol.idle = True
        super()._release(key, protocol, should_close=should_close)
