"""
Which connection a request goes out on: one that holds nothing that nobody asked for.

A proxy that answers twice leaves an answer on a kept-alive connection, and aiohttp gives it to the next
request there. So a connection is closed when bytes arrive while it is idle, and it is used again only
once it has been quiet for a moment. A request that must not be left in doubt gets a connection of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from time import monotonic
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

__all__ = ["Connector", "fresh_connection"]

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

    def data_received(self, data: bytes) -> None:
        if self.idle and data:
            self.close()
        else:
            super().data_received(data)


class Connector(aiohttp.TCPConnector):
    """Keeps connections for reuse, as `aiohttp.TCPConnector`, but gives out none that is spoilt."""

    def __init__(self) -> None:
        super().__init__(limit=64, keepalive_timeout=KEEP)
        self._factory = partial(_Handler, loop=self._loop)  # type: ignore[assignment] # invariant

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
