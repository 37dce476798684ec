"""
What else moves rows: a kept bulk helper, and loops as people write them, all with the same rows.

Each gives one outcome for each row, and each is compared with the client in `bench_peers`. The loops begin with mappings,
as the client does; what they check and how they encode is what differs.

- elasticsearch-py's `async_streaming_bulk`, to a server that answers like Elasticsearch;
- pydantic models and httpx;
- cattrs models and aiohttp: rows are checked as the client's types are;
- aiohttp and the standard library's ``json``, with no check at all.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import orjson
from attrs import frozen
from cattrs.preconf.orjson import make_converter
from elasticsearch import AsyncElasticsearch
from elasticsearch.helpers import async_streaming_bulk
from pydantic import BaseModel, ConfigDict, Field

from .by_hand import PATH, Get, HandMade, Post, aiohttp_calls, httpx_calls
from .shop import ROWS

__all__ = ["with_aiohttp_and_json", "with_cattrs", "with_elasticsearch", "with_pydantic"]

Rows = Sequence[Mapping[str, Any]]

_DONE = ("completed", "failed", "stopped")

_Encode = Callable[[Rows], bytes]


def _chunks(rows: Rows) -> Iterator[Rows]:
    waiting = iter(rows)
    while chunk := list(islice(waiting, ROWS)):
        yield chunk


async def _loop(
    rows: Rows, workers: int, encode: _Encode, post: Post, get: Get, loads: Callable[[bytes], Any]
) -> HandMade:
    """Workers that take a chunk each: submit it, ask until it is over, read its outcomes."""
    done = HandMade()
    chunks = _chunks(rows)

    async def work() -> None:
        for chunk in chunks:
            job = loads(await post(encode(chunk)))["jobId"]
            while True:
                status = loads(await get(f"{PATH}{job}"))
                done.polls += 1
                if status["status"] in _DONE:
                    break
                await asyncio.sleep(0.25)
            done.read(job, [row["customerId"] for row in chunk], status)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(workers):
            tasks.create_task(work())
    return done


async def _with_aiohttp(
    origin: str, rows: Rows, workers: int, encode: _Encode, loads: Callable[[bytes], Any]
) -> HandMade:
    async with aiohttp_calls(origin) as (post, get):
        return await _loop(rows, workers, encode, post, get, loads)


async def with_aiohttp_and_json(origin: str, rows: Rows, workers: int) -> HandMade:
    """The shortest loop: no check, the standard library's JSON."""

    def encode(chunk: Rows) -> bytes:
        return json.dumps({"body": chunk}).encode()

    return await _with_aiohttp(origin, rows, workers, encode, json.loads)


class _Attributes(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)
    displayName: str | None = None
    firstName: str | None = None
    lastName: str | None = None
    gender: str | None = None
    dateOfBirth: str | None = None
    joinDate: str | None = None
    country: str | None = None
    city: str | None = None
    zip: str | None = None
    preferredLanguage: str | None = None
    source: str | None = None
    paymentMethods: list[str] | None = None
    totalSpent: float | None = None
    lastOrderDate: str | None = None
    totalOrders: int | None = Field(default=None, ge=0)
    avgOrderAmount: float | None = None
    channel: str | None = None
    custom: dict[str, Any] | None = None


class _Customer(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)
    customerId: str = Field(min_length=1)
    email: str | None = None
    mobile: str | None = None
    customerAttributes: _Attributes | None = None


class _Request(BaseModel):
    body: list[_Customer]


async def with_pydantic(origin: str, rows: Rows, workers: int) -> HandMade:
    """Rows checked by pydantic, sent with httpx."""

    def encode(chunk: Rows) -> bytes:
        request = _Request(body=[_Customer.model_validate(row) for row in chunk])
        return request.model_dump_json(exclude_none=True).encode()

    async with httpx_calls(origin) as (post, get):
        return await _loop(rows, workers, encode, post, get, json.loads)


@frozen
class _AttributesChecked:
    displayName: str | None = None
    firstName: str | None = None
    lastName: str | None = None
    gender: str | None = None
    dateOfBirth: str | None = None
    joinDate: str | None = None
    country: str | None = None
    city: str | None = None
    zip: str | None = None
    preferredLanguage: str | None = None
    source: str | None = None
    paymentMethods: list[str] | None = None
    totalSpent: float | None = None
    lastOrderDate: str | None = None
    totalOrders: int | None = None
    avgOrderAmount: float | None = None
    channel: str | None = None
    custom: dict[str, Any] | None = None


@frozen
class _CustomerChecked:
    customerId: str
    email: str | None = None
    mobile: str | None = None
    customerAttributes: _AttributesChecked | None = None


_checked = make_converter(omit_if_default=True, forbid_extra_keys=True)


async def with_cattrs(origin: str, rows: Rows, workers: int) -> HandMade:
    """Rows checked by cattrs, encoded by it and orjson, sent with aiohttp."""

    def encode(chunk: Rows) -> bytes:
        models = [_checked.structure(row, _CustomerChecked) for row in chunk]
        return orjson.dumps({"body": _checked.unstructure(models)})

    return await _with_aiohttp(origin, rows, workers, encode, orjson.loads)


async def with_elasticsearch(origin: str, rows: Rows, workers: int) -> HandMade:
    """elasticsearch-py's helper, in streams of its own side by side; it has no jobs to ask about."""
    done = HandMade()
    share = -(-len(rows) // (workers * ROWS)) * ROWS
    async with AsyncElasticsearch(origin) as client:

        async def work(part: Rows) -> None:
            actions = ({"_index": "c", "_id": row["customerId"], "_source": row} for row in part)
            async for good, _answer in async_streaming_bulk(
                client, actions, chunk_size=ROWS, raise_on_error=False
            ):
                if good:
                    done.succeeded += 1
                else:
                    done.failed += 1

        async with asyncio.TaskGroup() as tasks:
            for start in range(0, len(rows), share):
                tasks.create_task(work(rows[start : start + share]))
    done.jobs = -(-len(rows) // ROWS)
    return done
