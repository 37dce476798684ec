"""
The loops that a good engineer would write by hand, with ready bytes: aiohttp and httpx.

Each job is one submission, as many polls as it takes, and its 1,000 outcomes as small objects. No
check of the rows, no quota, no retry, no order of a customer's rows, no account of what went wrong:
what the client's CPU is compared with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx
import orjson

__all__ = ["HandMade", "Ready", "with_aiohttp", "with_httpx"]

_HEADERS = {"APIKey": "key", "SecretKey": "secret", "Content-Type": "application/json"}
_PATH = "/api/v4.0/integrations/batch/"


@dataclass(slots=True)
class RowResult:
    """The outcome of one row."""

    customer_id: str
    succeeded: bool
    error: str | None
    job_id: int


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
        rows = [found[each] for each in ids]
        self.jobs += 1
        for row in rows:
            if row.succeeded:
                self.succeeded += 1
            else:
                self.failed += 1
        return rows


Ready = tuple[list[str], bytes]
"""A chunk: its rows' ids, and the body that carries them."""

_Post = Callable[[bytes], Coroutine[Any, Any, bytes]]
_Get = Callable[[str], Coroutine[Any, Any, bytes]]


async def _loop(chunks: Sequence[Ready], workers: int, post: _Post, get: _Get) -> HandMade:
    done = HandMade()
    waiting = iter(chunks)

    async def work() -> None:
        for ids, body in waiting:
            job_id = orjson.loads(await post(body))["jobId"]
            while True:
                answer = orjson.loads(await get(_PATH + str(job_id)))
                done.polls += 1
                if answer["status"] in ("completed", "failed", "stopped"):
                    break
                await asyncio.sleep(0.25)
            done.read(job_id, ids, answer)

    await asyncio.gather(*(work() for _ in range(workers)))
    return done


async def with_aiohttp(origin: str, chunks: Sequence[Ready], workers: int) -> HandMade:
    """Move ready bytes with aiohttp, so many jobs at a time."""
    async with aiohttp.ClientSession(origin, headers=_HEADERS) as session:

        async def post(body: bytes) -> bytes:
            async with session.post(_PATH + "customers", data=body) as response:
                response.raise_for_status()
                return await response.read()

        async def get(path: str) -> bytes:
            async with session.get(path) as response:
                response.raise_for_status()
                return await response.read()

        return await _loop(chunks, workers, post, get)


async def with_httpx(origin: str, chunks: Sequence[Ready], workers: int) -> HandMade:
    """The same with httpx."""
    async with httpx.AsyncClient(base_url=origin, headers=_HEADERS) as session:

        async def post(body: bytes) -> bytes:
            response = await session.post(_PATH + "customers", content=body)
            return response.raise_for_status().content

        async def get(path: str) -> bytes:
            response = await session.get(path)
            return response.raise_for_status().content

        return await _loop(chunks, workers, post, get)
