"""Addresses where something is wrong with the network: one for each way that a connection can fail."""

from __future__ import annotations

import datetime
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
import trustme
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.tls import TLSListener
from attrs import field, frozen

from tests.http.raw import raw_server

CA = trustme.CA()
PAGE = b"<!DOCTYPE html><title>Welcome to our WLAN</title>"


@frozen
class Place:
    """Where a client is sent, with which variables of the environment."""

    url: str
    environment: Mapping[str, str] = field(factory=dict)


def trusting() -> ssl.SSLContext:
    """A client's context that trusts our authority."""
    context = ssl.create_default_context()
    CA.configure_trust(context)
    return context


def page(status: str, body: bytes = b"", header: str = "") -> bytes:
    """An answer in HTTP."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{header}\r\n"
    return head.encode() + body


async def _take(stream: SocketStream) -> bytes:
    """A request's head and, where it has one, its body."""
    got = b""
    while b"\r\n\r\n" not in got or (got.startswith(b"POST") and not got.endswith(b"}")):
        got += await stream.receive()
    return got


@asynccontextmanager
async def refused() -> AsyncIterator[Place]:
    """Nobody listens on the port, which nobody else can take meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield Place(f"http://127.0.0.1:{held.getsockname()[1]}")


def at(url: str, **environment: str) -> Callable[[], AbstractAsyncContextManager[Place]]:
    """No server."""

    @asynccontextmanager
    async def serve() -> AsyncIterator[Place]:
        yield Place(url, environment)

    return serve


unreachable = at("https://224.0.0.1")  # a group, to which no TCP leads on any network
unresolved = at("https://gameball.invalid")


@asynccontextmanager
async def reset_at_tls() -> AsyncIterator[Place]:
    async def reset(stream: SocketStream) -> None:
        await stream.receive()
        raw = stream.extra(SocketAttribute.raw_socket)  # noqa: S610
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async with raw_server(reset) as url:
        yield Place(url.replace("http:", "https:"))


@asynccontextmanager
async def silent_at_tls() -> AsyncIterator[Place]:
    async def say_nothing(stream: SocketStream) -> None:
        await anyio.sleep_forever()

    async with raw_server(say_nothing) as url:
        yield Place(url.replace("http:", "https:"))


def certified(
    configure: Callable[[ssl.SSLContext], None],
) -> Callable[[], AbstractAsyncContextManager[Place]]:
    """A server that speaks TLS with a certificate."""

    @asynccontextmanager
    async def serve() -> AsyncIterator[Place]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        configure(context)
        tcp = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port = tcp.extra(SocketAttribute.local_port)  # noqa: S610
        listener = TLSListener(tcp, context, standard_compatible=False)

        async def answer(stream: anyio.abc.ByteStream) -> None:
            async with stream:
                await stream.receive()
                await stream.send(page("200 OK", b'{"jobId": 5, "status": "completed"}'))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, answer)
            yield Place(f"https://127.0.0.1:{port}")
            tasks.cancel_scope.cancel()
        await listener.aclose()

    return serve


def issued(name: str, days: int = 1) -> Callable[[ssl.SSLContext], None]:
    """A certificate of our authority, for *name*, good for so many days from now."""
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    return CA.issue_cert(name, not_after=until).configure_cert


def self_signed(context: ssl.SSLContext) -> None:
    """Give the server the certificate of an authority that is its own."""
    own = trustme.CA()
    with own.cert_pem.tempfile() as certificate, own.private_key_pem.tempfile() as key:
        context.load_cert_chain(certificate, key)


def answering(
    answer: bytes, *, tls: bool = False
) -> Callable[[], AbstractAsyncContextManager[Place]]:
    """A server of plain HTTP that answers everything so; addressed as one of TLS where *tls*."""

    @asynccontextmanager
    async def serve() -> AsyncIterator[Place]:
        async def reply(stream: SocketStream) -> None:
            await (stream.receive() if tls else _take(stream))
            await stream.send(answer)

        async with raw_server(reply) as url:
            yield Place(url.replace("http:", "https:") if tls else url)

    return serve


def behind_proxy(scheme: str, answer: bytes) -> Callable[[], AbstractAsyncContextManager[Place]]:
    """A proxy that answers everything so."""

    @asynccontextmanager
    async def serve() -> AsyncIterator[Place]:
        async def reply(stream: SocketStream) -> None:
            await _take(stream)
            await stream.send(answer)

        async with raw_server(reply) as url:
            proxy = url.replace("//", "//user:canary-proxy-77@")
            yield Place(f"{scheme}://127.0.0.1:9", {f"{scheme.upper()}_PROXY": proxy})

    return serve


@asynccontextmanager
async def away_proxy() -> AsyncIterator[Place]:
    async with refused() as nobody:
        yield Place("https://127.0.0.1:9", {"HTTPS_PROXY": nobody.url})
