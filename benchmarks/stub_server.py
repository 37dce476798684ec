"""
A server that costs next to nothing: it takes chunks without reading them and answers from a table.

The sandbox checks every item and applies it, which costs more than any client; measured against it,
all clients look alike. This one knows the customers of `shop`, tells a chunk by its first customer,
has every job done at once, and refuses each hundredth row. It runs in a process of its own.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import orjson

from . import shop

__all__ = ["FAILED_OF_EACH_CHUNK", "stub_server"]

_EVERY = 100
FAILED_OF_EACH_CHUNK = shop.ROWS // _EVERY
_ID = b'"customerId":"cust-'
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}"


def _answer(chunk: int) -> bytes:
    """The answer to a status call about a chunk: 1,000 entries, one in a hundred refused."""
    rows = range(chunk * shop.ROWS, (chunk + 1) * shop.ROWS)
    good = [
        {"customerId": shop.customer_id(row), "message": "Customer created successfully"}
        for row in rows
        if row % _EVERY
    ]
    bad = [
        {"customerId": shop.customer_id(row), "error": "Customer could not be created"}
        for row in rows
        if row % _EVERY == 0
    ]
    body = orjson.dumps(
        {
            "operation": "CreateCustomers",
            "errorCount": len(bad),
            "totalCount": shop.ROWS,
            "finishedCount": len(good),
            "startedAt": "2025-03-14T10:00:00Z",
            "createdAt": "2025-03-14T10:00:00Z",
            "status": "completed",
            "response": {"successful": good, "failed": bad},
        }
    )
    return _HEAD % (len(body), body)


class _Books:
    """Which job carried which chunk."""

    def __init__(self, chunks: int) -> None:
        self.answers = [_answer(chunk) for chunk in range(chunks)]
        self.chunk_of: dict[bytes, int] = {}
        self.submits = 0
        self.polls = 0

    def submit(self, start_of_body: bytes) -> bytes:
        at = start_of_body.index(_ID) + len(_ID)
        self.submits += 1
        job = b"%d" % (100_000 + self.submits)
        self.chunk_of[job] = int(start_of_body[at : at + 8]) // shop.ROWS
        return _HEAD % (len(job) + 10, b'{"jobId":%b}' % job)

    def status(self, path: bytes) -> bytes:
        self.polls += 1
        chunk = self.chunk_of.get(path.rpartition(b"/")[2])
        return _NOT_FOUND if chunk is None else self.answers[chunk]


class _Peer(asyncio.Protocol):
    """One connection; requests come one after the other."""

    def __init__(self, books: _Books) -> None:
        self._books = books
        self._head = b""
        self._start = b""
        self._left = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        if not self._left:
            self._head += data
            head, blank, data = self._head.partition(b"\r\n\r\n")
            if not blank:
                return
            self._head = b""
            if head.startswith(b"GET "):
                self._transport.write(self._books.status(head.split(b" ", 2)[1]))
                return
            _, _, length = head.lower().partition(b"content-length:")
            self._left = int(length.split(b"\r\n", 1)[0])
        if len(self._start) < 256:
            self._start += data[:256]
        self._left -= len(data)
        if not self._left:
            self._transport.write(self._books.submit(self._start))
            self._start = b""


async def _serve(pipe: Connection, chunks: int) -> None:
    books = _Books(chunks)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Peer(books), "127.0.0.1", 0)
    pipe.send(server.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, pipe.recv)  # until the parent lets go


def _main(pipe: Connection, chunks: int) -> None:
    asyncio.run(_serve(pipe, chunks))


@contextmanager
def stub_server(chunks: int) -> Iterator[str]:
    """Run the server for the first so many chunks of `shop`; gives its origin."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_main, args=(theirs, chunks), daemon=True
    )
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
        ours.send(None)
        process.join(5)
    finally:
        process.kill()
