"""The caller's rows: their end is told as theirs, and what they hold is what it was when they gave it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from gameball_async.client import GameballClient
from gameball_async.errors import RowsError
from gameball_async.rows.row import Row
from gameball_async.sandbox import Constant, Sandbox

pytestmark = pytest.mark.anyio

Rows = Any


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(service_time=Constant(0, queue=0), limits=None) as sandbox:
        yield sandbox


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[GameballClient]:
    keys = sandbox.api_key, sandbox.secret_key
    async with GameballClient(*keys, base_url=sandbox.url) as client:
        yield client


def item(n: int) -> dict[str, Any]:
    return {"customerId": f"c{n}", "amount": 1}


def sync_rows(end: BaseException) -> Iterator[dict[str, Any]]:
    yield from map(item, range(550))
    raise end


async def async_rows(end: BaseException) -> AsyncIterator[dict[str, Any]]:
    for n in range(550):
        yield item(n)
    raise end


class Ending:
    """An iterator, sync and async, that raises what a generator cannot let out."""

    def __init__(self, end: BaseException) -> None:
        self._end = end
        self._numbers = iter(range(550))

    def __iter__(self) -> Ending:
        return self

    def __next__(self) -> dict[str, Any]:
        for n in self._numbers:
            return item(n)
        raise self._end


ENDS = [asyncio.CancelledError(), GeneratorExit()]
SOURCES: list[Callable[[BaseException], Rows]] = [sync_rows, async_rows, Ending]


@pytest.mark.parametrize("end", ENDS, ids=["cancelled", "generator exit"])
@pytest.mark.parametrize("rows", SOURCES)
async def test_a_cancellation_from_within_the_rows_ends_a_run_with_an_error_that_names_it(
    sandbox: Sandbox, client: GameballClient, rows: Callable[..., Rows], end: BaseException
) -> None:
    async with client.bulk("balance-adjustments", rows(end)) as run:
        with pytest.raises(RowsError, match=f"reading the rows raised {type(end).__name__}"):
            await run.finish()
    assert (run.report.rows, run.report.succeeded, run.report.complete) == (550, 550, False)
    assert len(list(sandbox.ledger.entries("balance-adjustments"))) == 550


@pytest.mark.parametrize("end", [*ENDS, ValueError("theirs")])
@pytest.mark.parametrize("rows", SOURCES)
async def test_all_rows_before_it_are_submitted(
    client: GameballClient, rows: Callable[..., Rows], end: BaseException
) -> None:
    given = 0
    expected = ValueError if isinstance(end, ValueError) else RowsError
    async with client.submit_all("balance-adjustments", rows(end)) as submissions:
        with pytest.raises(expected):
            async for submission in submissions:
                given += len(submission.positions)
    assert given == 550


async def test_a_cancellation_of_the_readers_own_task_stays_one(client: GameballClient) -> None:
    async def slow() -> AsyncIterator[dict[str, Any]]:
        yield item(0)
        await asyncio.sleep(60)

    async def main() -> None:
        async with client.bulk("balance-adjustments", slow()) as run:
            await run.finish()

    task = asyncio.create_task(main())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_mapping_that_is_changed_and_given_again_is_sent_as_it_was_each_time(
    sandbox: Sandbox, client: GameballClient
) -> None:
    def rows() -> Iterator[dict[str, Any]]:
        shared: dict[str, Any] = {}
        for n in range(2_500):
            shared["customerId"], shared["amount"] = f"c{n}", n + 1
            yield shared

    async with client.bulk("balance-adjustments", rows()) as run:
        assert (await run.finish()).succeeded == 2_500
    entries = list(sandbox.ledger.entries("balance-adjustments"))
    assert Counter(e.customer for e in entries) == Counter(f"c{n}" for n in range(2_500))
    assert all(e.item["amount"] == int(str(e.customer)[1:]) + 1 for e in entries)


async def test_so_is_a_part_that_is_changed_and_shared_by_rows(
    sandbox: Sandbox, client: GameballClient
) -> None:
    def rows() -> Iterator[dict[str, Any]]:
        attributes: dict[str, Any] = {}
        for n in range(250):
            attributes["city"] = f"city {n}"
            yield {"customerId": f"c{n}", "customerAttributes": attributes}

    async with client.bulk("customers", rows()) as run:
        assert (await run.finish()).succeeded == 250
    cities = {
        e.customer: e.item["customerAttributes"]["city"]
        for e in sandbox.ledger.entries("customers")
    }
    assert cities == {f"c{n}": f"city {n}" for n in range(250)}


@pytest.mark.parametrize(
    ("position", "words"),
    [(7, "two rows have the position 7"), (-1, "whole number"), (2**63, "whole number"),
     (True, "whole number"), ("8", "whole number"), (1.0, "whole number")],
)  # fmt: skip
async def test_a_position_that_is_none_or_was_given_before_ends_the_rows(
    client: GameballClient, position: Any, words: str
) -> None:
    rows = [*(Row(n, item(n)) for n in range(110)), Row(position, item(200)), Row(300, item(300))]
    async with client.bulk("balance-adjustments", rows) as run:
        with pytest.raises(RowsError, match=words):
            await run.finish()
    assert run.report.rows == run.report.succeeded == 110
