"""
Which connection a request goes out on, and why none came about.

A proxy that answers twice leaves an answer on a kept-alive connection, and aiohttp gives it to the next
request there. So a connection is closed when bytes arrive while it is idle, and it is used again only
once it has been quiet for a moment. A request that must not be left in doubt gets a connection of its own.

How long each TCP handshake takes is told to whoever wants to know: names, TLS and other addresses that
were tried are not in it.

Where no connection came about, `connection_fault` makes a `ConnectionFault` of aiohttp's exception: whether
waiting can mend it, what the operating system said, and the cure. The exceptions hold our headers; only their
error numbers and OpenSSL's words are read. The name of a proxy is shown, its user and password are not.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from time import monotonic
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from attrs import frozen

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


_ADDRESS = "check the address (base_url, GAMEBALL_BASE_URL, --base-url)"
_NETWORK = f"{_ADDRESS}, and that this machine has a network and no firewall in between"
_PROXY = "check the proxy that HTTP_PROXY or HTTPS_PROXY names, or remove trust_env (--trust-env)"
_UNUSABLE = f"{_ADDRESS}, and with trust_env (--trust-env) the proxy's in HTTPS_PROXY or HTTP_PROXY"
_ISSUER = (
    f"{_ADDRESS}. If the certificate is of a server or proxy of your own, set SSL_CERT_FILE to a "
    "file with its issuer's certificate"
)

_CERTIFICATES = {  # OpenSSL's numbers, X509_V_ERR_…
    9: f"check the clock of this machine; otherwise {_ADDRESS}",
    10: "check the clock of this machine; otherwise have the server's certificate renewed, or "
    f"{_ADDRESS}",
    62: f"{_ADDRESS}: it must be one of the names in the certificate",
    64: f"{_ADDRESS}: it must be one of the names in the certificate",
}
_PLAIN_HTTP = {
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG",
}
_NUMBER = re.compile(r"\[Errno (\d+)\]")


@frozen
class ConnectionFault:
    """
    Why there is no connection.

    Attributes:
        heals: whether waiting can mend it.
        reason: what the operating system or OpenSSL said, in words.
        cure: what to do.
        proxy: the host and port of the proxy that failed; None where it was Gameball's server, or is not known.
    """

    heals: bool
    reason: str
    cure: str
    proxy: str | None = None


def connection_fault(error: BaseException) -> ConnectionFault | None:
    """
    What kept a request from a connection; None where there may have been one.

    Args:
        error: what aiohttp raised before any of the request's body was written.
    """
    match error:
        case aiohttp.ClientHttpProxyError(status=status):
            return proxy_refused(status)
        case aiohttp.ClientProxyConnectionError():
            reason = f"the proxy cannot be reached: {_of_system(error.os_error)}"
            return ConnectionFault(True, reason, _PROXY, f"{error.host}:{error.port}")
        case aiohttp.ClientConnectorCertificateError():
            return _certificate(error.certificate_error)
        case aiohttp.ClientConnectorSSLError():
            return _tls(error.os_error)
        case aiohttp.ClientConnectorDNSError():
            said = error.os_error.strerror or "no address for it"
            return ConnectionFault(True, f"the name does not resolve ({said})", _NETWORK)
        case aiohttp.ClientConnectorError():
            if isinstance(error.os_error, ssl.SSLError):
                return _tls(error.os_error)
            return ConnectionFault(True, _of_system(error.os_error), _NETWORK)
        case aiohttp.ConnectionTimeoutError():
            return ConnectionFault(True, "timed out (ETIMEDOUT)", _NETWORK)
        case UnicodeDecodeError():
            return None  # of an answer
        case aiohttp.InvalidURL() | UnicodeError():  # of a host that is no name
            return ConnectionFault(False, "the address cannot be used", _UNUSABLE)
    return None


def proxy_refused(status: int) -> ConnectionFault:
    """A proxy answered *status* in place of passing the request on."""
    if status == 407:
        reason = "the proxy wants a user and a password (HTTP 407)"
        cure = "give both in HTTPS_PROXY or HTTP_PROXY: http://user:password@host:port"
        return ConnectionFault(False, reason, cure)
    return ConnectionFault(status >= 500, f"the proxy does not connect (HTTP {status})", _PROXY)


def _certificate(error: BaseException) -> ConnectionFault:
    said = getattr(error, "verify_message", "") or "the certificate is not valid"
    cure = _CERTIFICATES.get(getattr(error, "verify_code", 0), _ISSUER)
    return ConnectionFault(False, f"{said.rstrip('.')} (CERTIFICATE_VERIFY_FAILED)", cure)


def _tls(error: OSError) -> ConnectionFault:
    said = getattr(error, "reason", None) or type(error).__name__
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return ConnectionFault(True, f"the connection was closed during TLS ({said})", _NETWORK)
    if said in _PLAIN_HTTP:
        reason = f"the server does not speak TLS on this port ({said})"
        return ConnectionFault(False, reason, f"{_ADDRESS}: its port, and https or http")
    return ConnectionFault(False, f"no agreement on TLS ({said})", _ADDRESS)


def _of_system(error: OSError) -> str:
    """``connection refused (ECONNREFUSED)``; asyncio's own texts hold addresses instead."""
    number = error.errno
    if number is None and (found := _NUMBER.search(str(error))):  # one for each address
        number = int(found[1])
    if number is None or number not in errno.errorcode:
        return "no connection"
    said = os.strerror(number)
    return f"{said[:1].lower()}{said[1:]} ({errno.errorcode[number]})"
