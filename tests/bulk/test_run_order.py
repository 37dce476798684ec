"""
A customer's rows are never in two open jobs, and are applied in the order of the input.

Judged by the server: it fails rows of customers that are in two open jobs with 2001, and keeps the
order in which it applied rows.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from attrs import frozen

from benchmarks.virtual import run_virtual
from gameball_async.api.kinds import KINDS, Chunking
from gameball_async.bulk.events import Settled
from gameball_async.rows.outcome import Outcome
from gameball_async.sandbox import LogNormal
from gameball_async.session import RunOptions
from tests.engine_items import item
from tests.loopback import Loopback, LoopbackEngine

BUSY = 2001
ROWS = 2000
IN_ORDER = [Chunking.UNIQUE, Chunking.TOGETHER]
# Of each replay class: replayable, keyed, unrepeatable.
KINDS_SENT = ["customers", "orders", "cashback", "events"]


@frozen
class Seen:
    """
    What a run came to.

    Attributes:
        busy: customers with a row that the server refused with 2001.
        inverted: customers with a row that was applied after a later one.
        doubtful: customers with a row in a request that was sent twice or whose fate is unknown.
        outcomes: how many rows ended how.
    """

    busy: set[str]
    inverted: set[str]
    doubtful: set[str]
    outcomes: Counter[Outcome]


def shop_rows(kind: str, seed: int) -> list[Any]:
    """Rows of many customers, of whom few have many; each tells its place in the input."""
    chance = random.Random(seed)
    rows = []
    for n in range(ROWS):
        row = item(kind, f"c{int(700 * chance.random() ** 2)}", n)
        if kind == "customers":
            row["email"] = f"{n}@example.com"
        rows.append(row)
    return rows


def place_of(kind: str, row: Any) -> int:
    """Where in the input a row of `shop_rows` was."""
    told: dict[str, Callable[[], Any]] = {
        "customers": lambda: row["email"].partition("@")[0],
        "orders": lambda: row["orderId"][1:],
        "cashback": lambda: row["transactionId"][1:],
        "events": lambda: row["events"]["visit"]["n"],
    }
    return int(told[kind]())


def import_of(
    kind: str,
    chunking: Chunking,
    *,
    seed: int = 1,
    strict: bool = True,
    script: Callable[[Loopback], None] = lambda _: None,
) -> Seen:
    """Import a shop's rows, on a virtual clock; jobs take two seconds, or a third, or ten."""
    wire = Loopback(
        seed,
        latency=(0.02, 0.2),
        service_time=LogNormal(2.0, 0.8, queue=0.1),
        strict_customers=strict,
        codes="field",
        entry_ids=True,
    )
    script(wire)
    rows = shop_rows(kind, seed)
    outcomes: Counter[Outcome] = Counter()
    doubtful: set[str] = set()

    async def main() -> None:
        async with (
            LoopbackEngine(wire, seed=seed) as engine,
            engine.bulk(
                KINDS[kind], rows, RunOptions(concurrency=8, chunking=chunking, max_items=100)
            ) as run,
        ):
            async for event in run:
                if isinstance(event, Settled):
                    for row in event.outcomes:
                        outcomes[row.outcome] += 1
                        if row.outcome is Outcome.INDETERMINATE and row.job_id is None:
                            doubtful.add(str(row.key))

    run_virtual(main, seed=seed)
    assert outcomes.total() == ROWS
    wire.service.advance(1e9)
    return Seen(
        busy_customers(wire),
        inverted_customers(wire, kind),
        doubtful | sent_twice(wire),
        outcomes,
    )


def busy_customers(wire: Loopback) -> set[str]:
    return {
        job.details().names[index]
        for job in wire.service.jobs.values()
        for index, reason in job.details().failures.items()
        if reason.code == BUSY
    }


def inverted_customers(wire: Loopback, kind: str) -> set[str]:
    last: dict[str | None, int] = defaultdict(lambda: -1)
    found = set()
    for entry in wire.service.ledger.entries(kind):
        place = place_of(kind, entry.item)
        if place < last[entry.customer]:
            found.add(str(entry.customer))
        last[entry.customer] = place
    return found


def sent_twice(wire: Loopback) -> set[str]:
    bodies = Counter(request.body for request in wire.sent if request.body is not None)
    return {
        row["customerId"]
        for body, times in bodies.items()
        if times > 1
        for row in orjson.loads(body)["body"]
        if isinstance(row, dict)
    }


@pytest.mark.parametrize("chunking", IN_ORDER)
@pytest.mark.parametrize("kind", KINDS_SENT)
def test_no_customer_meets_another_job_of_theirs_and_rows_are_applied_in_order(
    kind: str, chunking: Chunking
) -> None:
    seen = import_of(kind, chunking)
    assert not seen.busy
    assert not seen.inverted
    assert not seen.doubtful
    assert seen.outcomes == {Outcome.SUCCEEDED: ROWS}


@pytest.mark.parametrize("kind", ["customers", "events"])
def test_plain_chunking_promises_neither_and_the_server_tells(kind: str) -> None:
    """Else the tests beside it would prove nothing."""
    assert len(import_of(kind, Chunking.PLAIN).busy) > 20
    assert len(import_of(kind, Chunking.PLAIN, strict=False).inverted) > 20


@pytest.mark.parametrize("chunking", IN_ORDER)
@pytest.mark.parametrize("kind", KINDS_SENT)
@pytest.mark.parametrize("fault", ["reset_before_commit", "rate_limit"])
def test_requests_that_came_to_nothing_do_not_change_that(
    kind: str, chunking: Chunking, fault: str
) -> None:
    """What had no effect is no job; that we did not know costs unrepeatable rows their certainty."""

    def script(wire: Loopback) -> None:
        getattr(wire.faults, fault)(on="submit", times=2, after=4)
        getattr(wire.faults, fault)(on="poll", times=20, probability=0.3)

    seen = import_of(kind, chunking, script=script)
    assert not seen.busy
    assert not seen.inverted


@pytest.mark.parametrize("chunking", IN_ORDER)
@pytest.mark.parametrize("kind", KINDS_SENT)
@pytest.mark.parametrize("fault", ["reset_after_commit", "error_after"])
def test_where_an_answer_was_lost_only_its_own_customers_may_meet_the_job_of_it(
    kind: str, chunking: Chunking, fault: str
) -> None:
    """
    The number of that job is lost, so nobody can wait for its end: neither before the same bytes are
    sent again, nor before the customers' next rows are. All others keep what they were promised.
    """

    def script(wire: Loopback) -> None:
        getattr(wire.faults, fault)(on="submit", times=2, after=4)

    seen = import_of(kind, chunking, script=script)
    assert seen.doubtful  # the fault did what is meant here
    if (kind, chunking) != ("events", Chunking.TOGETHER):  # nothing is sent again or comes later
        assert seen.busy
    assert seen.busy <= seen.doubtful
    assert seen.inverted <= seen.doubtful
    assert seen.outcomes[Outcome.SUCCEEDED] > ROWS / 2


@pytest.mark.parametrize("chunking", IN_ORDER)
def test_chunks_that_were_too_large_keep_their_customers_in_order(chunking: Chunking) -> None:
    def script(wire: Loopback) -> None:
        wire.faults.answer(413, "too large", on="submit", times=4, after=3, commit=False)

    seen = import_of("orders", chunking, script=script)
    assert not seen.busy
    assert not seen.inverted
    assert seen.outcomes == {Outcome.SUCCEEDED: ROWS}
