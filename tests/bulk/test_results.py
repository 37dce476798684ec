"""What Gameball answered for a row can be seen with its outcome, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gameball_async import GameballClient, Settled
from gameball_async.api.jobs import JobResults, JobState, JobStatus
from gameball_async.api.kinds import KINDS
from gameball_async.bulk.results import Results
from gameball_async.journal import records
from gameball_async.journal.journal import read_rows
from gameball_async.rows.outcome import Outcome
from gameball_async.sandbox import Sandbox

anyio_test = pytest.mark.anyio


def results_of(
    kind: str, keys: list[str], good: list[Any], bad: list[Any], ids: list[str | None] | None = None
) -> Results:
    status = JobStatus(1, JobState.COMPLETED, results=JobResults(good, bad))
    return Results(KINDS[kind], keys, ids, status)


async def bulk(sandbox: Sandbox, kind: str, rows: list[Any], **options: Any) -> list[Settled]:
    """The rows of a run, as they are settled."""
    async with (
        GameballClient(sandbox.api_key, sandbox.secret_key, base_url=sandbox.url) as client,
        client.bulk(KINDS[kind], rows, **options) as run,
    ):
        return [event async for event in run if isinstance(event, Settled)]


@anyio_test
async def test_the_balance_of_each_customer_comes_with_its_row() -> None:
    async with Sandbox() as sandbox:
        points = [{"customerId": f"c{n}", "amount": n} for n in range(5)]
        await bulk(sandbox, "balance-adjustments", points)
        rows = [{"customerId": f"c{n}"} for n in (3, 1, 4)] + [{}]
        events = await bulk(sandbox, "balance-inquiries", rows)
    found = {row.position: row.result or {} for event in events for row in event.outcomes}
    balances = [found[n].get("availablePointsBalance") for n in range(4)]
    assert balances == [3, 1, 4, None]


@anyio_test
async def test_the_transactions_of_an_order_come_with_its_row_and_a_refusal_too() -> None:
    async with Sandbox() as sandbox:
        order = {"customerId": "c1", "orderId": "o1", "orderDate": "2024-01-02T00:00:00Z"}
        await bulk(sandbox, "orders", [order | {"totalPaid": 9, "totalPrice": 9}])
        events = await bulk(sandbox, "order-transactions", ["o2", "o1"])
    missing, there = (row for event in events for row in event.outcomes)
    assert (missing.outcome, there.outcome) == (Outcome.FAILED, Outcome.SUCCEEDED)
    assert missing.result is not None
    assert missing.result["customerId"] == "o2"
    assert there.result is not None
    assert there.result["transactions"][0]["amount"] == 9


@anyio_test
async def test_no_repr_of_an_event_or_a_row_shows_a_result() -> None:
    async with Sandbox() as sandbox:
        events = await bulk(sandbox, "balance-inquiries", [{"customerId": "c1"}])
    shown = [repr(events), repr(events[0].outcomes), *map(repr, events[0].outcomes)]
    assert events[0].outcomes[0].result
    assert not [text for text in shown if "oints" in text]


def test_entries_that_do_not_tell_rows_apart_are_no_rows_result() -> None:
    entries = [{"customerId": "a", "n": 1}, {"customerId": "a", "n": 2}, {"customerId": "b"}]
    found = results_of("events", ["a", "a", "b"], entries, [])
    assert [found.of(n) for n in range(3)] == [None, None, {"customerId": "b"}]


def test_an_entry_with_the_rows_own_id_is_its_result() -> None:
    entries = [{"customerId": "a", "orderId": f"o{n}", "n": n} for n in (2, 1)]
    found = results_of("orders", ["a", "a"], entries, [], ["o1", "o2"])
    assert [entry and entry["n"] for entry in map(found.of, range(2))] == [1, 2]


def test_entries_that_contradict_each_other_are_no_rows_result() -> None:
    found = results_of(
        "balance-inquiries", ["a"], [{"customerId": "a"}], [{"customerId": "a", "error": ""}]
    )
    assert found.of(0) is None


def test_an_earlier_answer_tells_of_what_the_last_one_lacks() -> None:
    earlier = JobResults([{"customerId": "a", "n": 1}])
    status = JobStatus(1, JobState.STOPPED, results=None, earlier=earlier)
    found = Results(KINDS["balance-inquiries"], ["a", "b"], None, status)
    assert (found.of(0), found.of(1)) == ({"customerId": "a", "n": 1}, None)


def test_what_a_rows_outcome_says_already_is_not_kept() -> None:
    good, bad = (
        {"customerId": "a", "message": "Customer created"},
        {"customerId": "b", "error": "no", "code": 1},
    )
    assert results_of("customers", ["a", "b"], [good], [bad]).telling() == {}
    more = {"customerId": "a", "gameballId": 4}
    assert results_of("customers", ["a", "b"], [more], [bad]).telling() == {0: more}


@anyio_test
async def test_a_journal_keeps_the_results_that_say_more(tmp_path: Path) -> None:
    journal = tmp_path / "run.gbjournal"
    rows = [{"customerId": f"c{n}"} for n in range(3)] + [{}]
    async with Sandbox() as sandbox:
        events = await bulk(sandbox, "balance-inquiries", rows, journal=journal)
    told = {row.position: row for event in events for row in event.outcomes}
    read = {row.position: row for row in read_rows(journal)}
    assert read == told
    assert {n: row.result for n, row in read.items()} == {n: row.result for n, row in told.items()}


def test_an_entry_nested_deeper_than_can_be_written_is_left_out_of_the_journal() -> None:
    deep: Any = 0
    for _ in range(300):
        deep = [deep]
    entries = {0: {"customerId": "a", "deep": deep}, 1: {"customerId": "b", "n": 1}}
    ends = [Outcome.SUCCEEDED] * 2
    kept = records.settled(1, ends, {}, lambda: entries)()
    assert kept == records.settled(1, ends, {}, lambda: {1: entries[1]})()
