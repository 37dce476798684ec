"""
The loops that a good engineer would write by hand, with ready bytes: aiohttp and httpx.

Each job is one submission, as many polls as it takes, and its 1,000 outcomes as small objects. No
check of the rows, no quota, no retry, no order of a customer's rows, no account of what went wrong:
what the client's CPU is compared with.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx
import orjson
from attrs import define
from cattrs.preconf.orjson import make_converter

__all__ = [
    "PATH", "Get", "HandMade", "Post", "Ready", "aiohttp_calls", "httpx_calls", "with_aiohttp", "with_httpx",
]  # fmt: skip

_HEADERS = {"APIKey": "key", "SecretKey": "secret", "Content-Type": "application/json"}
PATH = "/api/v4.0/integrations/batch/"


@dataclass(slots=True)
class RowResult:
    """The outcome of one row."""

    customer_id: str
    succeeded: bool
    error: str | None
    job_id: int


@define
class Entry:
    """An entry of an answer's lists."""

    customerId: str
    message: str | None = None
    error: str | None = None


@define
class Lists:
    """An answer's lists."""

    successful: list[Entry]
    failed: list[Entry]


@define
class Status:
    """A job's status."""

    status: str
    totalCount: int
    finishedCount: int
    errorCount: int
    response: Lists


_typed = make_converter(detailed_validation=False)


@dataclass
class HandMade:
    """What a loop did."""

    jobs: int = 0
    polls: int = 0
    succeeded: int = 0
    failed: int = 0

    def read(self, job_id: int, ids: Sequence[str], answer: dict[str, Any]) -> list[RowResult]:
        """The outcome of each row of a finished job, in the order of the rows, counted."""
        lists = answer["response"]
        found = {}
        for entry in lists["successful"]:
            found[entry["customerId"]] = RowResult(entry["customerId"], True, None, job_id)
        for entry in lists["failed"]:
            error = entry.get("error") or entry.get("message")
            found[entry["customerId"]] = RowResult(entry["customerId"], False, error, job_id)
        return self._counted([found[each] for each in ids])

    def read_typed(
        self, job_id: int, ids: Sequence[str], answer: dict[str, Any]
    ) -> list[RowResult]:
        """The same for who likes answers typed: cattrs first makes models of it."""
        lists = _typed.structure(answer, Status).response
        found = {
            entry.customerId: RowResult(entry.customerId, True, None, job_id)
            for entry in lists.successful
        }
        for entry in lists.failed:
            error = entry.error or entry.message
            found[entry.customerId] = RowResult(entry.customerId, False, error, job_id)
        return self._counted([found[each] for each in ids])

    def _counted(self, rows: list[RowResult]) -> list[RowResult]:
        self.jobs += 1
        for row in rows:
            if row.succeeded:
                self.succeeded += 1
            else:
                self.failed += 1
        return rows


Ready = tuple[list[str], bytes]
"""A chunk: its rows' ids, and the body that carries them."""

Post = Callable[[bytes], Coroutine[Any, Any, bytes]]
Get = Callable[[str], Coroutine[Any, Any, bytes]]


async def _loop(
    chunks: Sequence[Ready], workers: int, post: Post, get: Get, *, typed: bool = False
) -> HandMade:
    done = HandMade()
    read = done.read_typed if typed else done.read
    waiting = iter(chunks)

    async def work() -> None:
        for ids, body in waiting:
            job_id = orjson.loads(await post(body))["jobId"]
            while True:
                answer = orjson.loads(await get(PATH + str(job_id)))
                done.polls += 1
                if answer["status"] in ("completed", "failed", "stopped"):
                    break
                await asyncio.sleep(0.25)
            read(job_id, ids, answer)

    await asyncio.gather(*(work() for _ in range(workers)))
    return done


@asynccontextmanager
async def aiohttp_calls(origin: str) -> AsyncIterator[tuple[Post, Get]]:
    """How aiohttp submits a body and asks about a job."""
    async with aiohttp.ClientSession(origin, headers=_HEADERS) as session:

        async def post(body: bytes) -> bytes:
            async with session.post(PATH + "customers", data=body) as response:
                response.raise_for_status()
                return await response.read()

        async def get(path: str) -> bytes:
            async with session.get(path) as response:
                response.raise_for_status()
                return await response.read()

        yield post, get


@asynccontextmanager
async def httpx_calls(origin: str) -> AsyncIterator[tuple[Post, Get]]:
    """How httpx does."""
    async with httpx.AsyncClient(base_url=origin, headers=_HEADERS) as session:

        async def post(body: bytes) -> bytes:
            response = await session.post(PATH + "customers", content=body)
            return response.raise_for_status().content

        async def get(path: str) -> bytes:
            response = await session.get(path)
            return response.raise_for_status().content

        yield post, get


async def with_aiohttp(
    origin: str, chunks: Sequence[Ready], workers: int, *, typed: bool = False
) -> HandMade:
    """Move ready bytes with aiohttp, so many jobs at a time; *typed*: with answers as models."""
    async with aiohttp_calls(origin) as (post, get):
        return await _loop(chunks, workers, post, get, typed=typed)


async def with_httpx(origin: str, chunks: Sequence[Ready], workers: int) -> HandMade:
    """The same with httpx."""
    async with httpx_calls(origin) as (post, get):
        return await _loop(chunks, workers, post, get)
