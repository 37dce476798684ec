"""
HTTP through aiohttp: sends one request, reads one answer, translates every error in one place.

What aiohttp would do by itself is off: it follows no redirect (our keys would travel along), keeps
no cookie, repeats nothing (its hidden second try of GET and DELETE would not be counted), reads no
environment unless asked to, and stops reading a body that is too long. Its exceptions hold our headers, so
none of them reaches the caller, not even as a cause.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import aiohttp
from aiohttp import hdrs
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload
from attrs import define, field
from yarl import URL

from .api.requests import Secret
from .api.wire import WireRequest, WireResponse
from .connections import (
    Connector,
    TimedConnector,
    connection_fault,
    fresh_connection,
    proxy_refused,
)
from .errors import (
    AnswerLostError,
    ClosedError,
    NotSentError,
    TransportError,
    UnreachableError,
)

USER_AGENT = "gameball_async"
MAX_ANSWER = 16 * 1024 * 1024
"""Bytes of an answer, decoded, that are read at most."""
_SLICE = 256 * 1024


@lru_cache(maxsize=8)
def _timeout(connect: float | None) -> aiohttp.ClientTimeout:
    """Seconds for the whole, for connecting, and for silence in between."""
    return aiohttp.ClientTimeout(total=120.0, connect=connect, sock_connect=10.0, sock_read=60.0)


class _Body(Payload):
    """A body that tells whether any of the request was handed to the connection."""

    def __init__(self, value: bytes) -> None:
        super().__init__(value, content_type="application/json")
        self._bytes = value
        self._size = len(value)
        self.begun = False
        self.whole = False

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return self._bytes.decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        # The headers wait in the writer until the first write: before this line, nothing has left.
        self.begun = True
        whole = memoryview(self._bytes)
        for start in range(0, len(whole), _SLICE):
            await writer.write(whole[start : start + _SLICE])
        self.whole = True

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        await self.write(writer)


class _Refused(Exception):
    """A proxy's answer to a request that it did not pass on."""


class _Lost(Exception):
    """Stands in for aiohttp's own error, so that aiohttp does not repeat the request by itself."""


async def _no_second_try(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    try:
        return await handler(request)
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
        if isinstance(error, aiohttp.ClientConnectorError):
            raise
        name = type(error).__name__
    raise _Lost(name)


def open_session(*, trust_env: bool = False) -> aiohttp.ClientSession:
    """
    A session with everything off that must be off; connections are kept for reuse.

    Args:
        trust_env: whether the environment may name a proxy.
    """
    return aiohttp.ClientSession(
        connector=Connector(),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=trust_env,
        raise_for_status=False,
    )


@define(eq=False, repr=False)
class AiohttpTransport:
    """
    `api.wire.Transport` over one session, which is neither changed nor closed here.

    Args:
        session: the session, own or borrowed.
        origin: scheme, host and port.
        api_key: goes along with every request.
        secret_key: goes along with requests that ask for it.
    """

    _session: aiohttp.ClientSession
    _origin: URL = field(converter=URL)
    _api_key: Secret
    _secret_key: Secret | None

    def tell_connected(self, connected: Callable[[float], None]) -> None:
        """Call *connected* with the seconds of each TCP handshake, where the session can tell them."""
        if isinstance(self._session.connector, TimedConnector):
            self._session.connector.connected = connected

    async def send(self, request: WireRequest) -> WireResponse:
        """
        Send *request* once. See `api.wire.Transport`.

        Raises:
            ClosedError: the session was closed by somebody else.
        """
        if self._session.closed:
            raise ClosedError(
                "the aiohttp session that was passed to the client is closed: keep it open for "
                "as long as the client"
            )
        body = None if request.body is None else _Body(request.body)
        try:
            with fresh_connection(request.fresh):
                return await self._exchange(request, body)
        except Exception as error:  # noqa: BLE001 - even a bug's traceback holds our headers
            failure = self._failure(error, body)
        # Raised outside of the handlers: their exceptions hold our headers, keys included, and
        # would otherwise hang on the new one as its context.
        raise failure

    async def _exchange(self, request: WireRequest, body: _Body | None) -> WireResponse:
        async with self._session.request(
            request.method,
            self._origin.join(URL(request.path, encoded=True)),
            data=body,
            headers=self._headers(request),
            allow_redirects=False,
            timeout=_timeout(request.connect_within),
            raise_for_status=False,
            middlewares=(_no_second_try,),
        ) as answer:
            if body is not None and not body.whole and 200 <= answer.status < 300:
                # It is the answer to something else: this has not been asked yet.
                answer.close()
                raise _Lost("an answer before the request was sent")
            if answer.status == 407:  # a proxy's, which passed nothing on
                raise _Refused(answer.status)
            return WireResponse(
                status=answer.status,
                body=await self._read(answer),
                retry_after=answer.headers.get(hdrs.RETRY_AFTER),
                date=answer.headers.get(hdrs.DATE),
            )

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        parts: list[bytes] = []
        left = MAX_ANSWER
        async for part in answer.content.iter_any():
            left -= len(part)
            if left < 0:
                answer.close()
                raise aiohttp.ClientPayloadError(f"longer than {MAX_ANSWER} bytes")
            parts.append(part)
        return b"".join(parts)

    def _headers(self, request: WireRequest) -> Mapping[str, Any]:
        headers = {
            "APIKey": self._api_key.reveal(),
            hdrs.ACCEPT: "application/json",
            hdrs.USER_AGENT: USER_AGENT,
        }
        if request.secret and self._secret_key is not None:
            headers["SecretKey"] = self._secret_key.reveal()
        return headers

    def _failure(self, error: Exception, body: _Body | None) -> TransportError:
        fault = None
        if isinstance(error, _Refused):
            fault = proxy_refused(error.args[0])
        elif body is None or not body.begun:
            fault = connection_fault(error)
        if fault is not None:
            host = fault.proxy or self._origin.host_port_subcomponent or ""
            return UnreachableError(host, fault.reason, fault.cure, heals=fault.heals)
        if body is not None and not body.begun:
            return NotSentError(f"nothing was sent to {self._origin.host}: {_name(error)}")
        return AnswerLostError(f"no complete answer from {self._origin.host}: {_name(error)}")


def _name(error: BaseException) -> str:
    """What went wrong, without the text of an exception that may hold what it should not."""
    if isinstance(error, _Lost):
        return str(error.args[0])
    if isinstance(error, asyncio.TimeoutError):
        return "timed out"
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__} ({error.strerror})"
    return type(error).__name__
