"""
A server that costs little: aiohttp's, which takes chunks without reading them and answers from a table.

The sandbox checks every item and applies it, which costs more than any client; measured against it,
all clients look alike. This one knows the customers of `shop`, tells a chunk by its first customer,
has every job done at once, and refuses each hundredth row; it answers Elasticsearch's ``_bulk`` in the same way. It runs in a process of its own.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import orjson
from aiohttp import web

from . import shop

__all__ = ["FAILED_OF_EACH_CHUNK", "stub_server"]

_EVERY = 100
FAILED_OF_EACH_CHUNK = shop.ROWS // _EVERY
_ID = b'"cust-'


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
    return orjson.dumps(
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


def _bulk_answer(chunk: int) -> bytes:
    """The same as Elasticsearch answers it."""
    items = []
    for row in range(chunk * shop.ROWS, (chunk + 1) * shop.ROWS):
        entry: dict[str, object] = {"_index": "c", "_id": shop.customer_id(row), "status": 201}
        if row % _EVERY == 0:
            entry |= {"status": 400, "error": {"reason": "Customer could not be created"}}
        items.append({"index": entry})
    return orjson.dumps({"took": 1, "errors": True, "items": items})


class _Books:
    """Which job carried which chunk."""

    def __init__(self, chunks: int) -> None:
        self._answers = [_answer(chunk) for chunk in range(chunks)]
        self._bulk = [_bulk_answer(chunk) for chunk in range(chunks)]
        self._chunk_of: dict[str, int] = {}

    def submit(self, body: bytes) -> bytes:
        at = body.index(_ID) + len(_ID)
        job = str(100_000 + len(self._chunk_of))
        self._chunk_of[job] = int(body[at : at + 8]) // shop.ROWS
        return orjson.dumps({"jobId": int(job)})

    def bulk(self, body: bytes) -> bytes:
        """The answer of Elasticsearch's ``_bulk``: an entry for each row."""
        at = body.index(_ID) + len(_ID)
        return self._bulk[int(body[at : at + 8]) // shop.ROWS]

    def status(self, path: str) -> bytes | None:
        chunk = self._chunk_of.get(path.rpartition("/")[2])
        return None if chunk is None else self._answers[chunk]


async def _serve(pipe: Connection, chunks: int) -> None:
    books = _Books(chunks)

    async def handle(request: web.BaseRequest) -> web.Response:
        if request.path == "/_bulk":
            answer = books.bulk(await request.read())
            return web.Response(
                body=answer,
                headers={"X-Elastic-Product": "Elasticsearch"},
                content_type="application/vnd.elasticsearch+json",
            )
        if request.method == "POST":
            return _json(books.submit(await request.read()))
        found = books.status(request.path)
        return web.Response(status=404) if found is None else _json(found)

    runner = web.ServerRunner(web.Server(handle, access_log=None), shutdown_timeout=0.001)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        pipe.send(runner.addresses[0][1])
        # Until the parent lets go.
        await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
    finally:
        await runner.cleanup()


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json")


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
