"""The order in which items are applied, as the ledger tells it, and conflicts between jobs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gameball_async.sandbox import Constant, ServiceTime, Workers
from tests.sandbox.sandbox_desk import ITEMS, Desk, people, read


def test_items_of_jobs_that_run_at_once_interleave_in_time_and_each_job_in_order() -> None:
    desk = Desk(service_time=Constant(10.0))
    for start in (0, 100):
        desk.submit("customers", people(50, start))
        desk.now += 0.05
    desk.service.advance(100.0)
    entries = list(desk.service.ledger.entries())
    assert [entry.time for entry in entries] == sorted(entry.time for entry in entries)
    assert [entry.job_id for entry in entries[:4]] == [123456, 123457, 123456, 123457]
    for job in (123456, 123457):
        assert [e.index for e in entries if e.job_id == job] == list(range(50))


def test_the_ledger_tells_sequence_times_and_customers() -> None:
    desk = Desk()
    adjust = ITEMS["balance-adjustments"]
    desk.run("balance-adjustments", [adjust, {**adjust, "amount": 5}, {**adjust, "amount": None}])
    desk.run("balance-adjustments", [{**adjust, "customerId": "c2"}, adjust])
    ledger = desk.service.ledger
    entries = list(ledger.entries("balance-adjustments"))
    assert [(e.sequence, e.customer, e.item["amount"], e.nth) for e in entries] == [
        (0, "c1", -3, 1),
        (1, "c1", 5, 1),
        (2, "c2", -3, 1),
        (3, "c1", -3, 2),
    ]
    assert sorted(ledger.times("balance-adjustments").values()) == [1, 1, 2]
    assert ledger.times("balance-adjustments", key=lambda item: item["customerId"]) == {
        "c1": 3,
        "c2": 1,
    }


def test_items_of_a_customer_in_two_open_jobs_fail_with_2001_only_if_strict() -> None:
    def failures(strict: bool) -> list[tuple[int, str, int]]:
        desk = Desk(service_time=Constant(10.0), strict_customers=strict, codes="field")
        first = desk.submit("customers", [{"customerId": "shared"}, {"customerId": "a"}])
        desk.now = 1.0
        second = desk.submit("customers", [{"customerId": "b"}, {"customerId": "shared"}])
        desk.now = 100.0
        return [
            (job - first, entry["customerId"], entry["code"])
            for job in (first, second)
            for entry in desk.poll(job)["response"]["failed"]
        ]

    # The first item's turn comes at 5 s, with the second job open; the last one's at 11 s,
    # when the first job has ended.
    assert failures(False) == []
    assert failures(True) == [(0, "shared", 2001)]


def test_a_strict_queued_job_counts_as_open() -> None:
    desk = Desk(service_time=Workers(1, 10.0), strict_customers=True)
    first = desk.submit("orders", [ITEMS["orders"]])
    second = desk.submit("cashback", [ITEMS["cashback"]])
    desk.now = 100.0
    assert desk.poll(first)["errorCount"] == 1
    assert desk.poll(second)["errorCount"] == 0


def test_one_customer_twice_in_one_job_is_no_conflict() -> None:
    desk = Desk(strict_customers=True)
    assert desk.run("customers", [{"customerId": "c"}, {"customerId": "c"}])["errorCount"] == 0


def test_a_strict_upsert_is_refused_while_its_customer_is_in_an_open_job() -> None:
    desk = Desk(strict_customers=True)
    desk.submit("customers", [{"customerId": "c1"}])
    reply = desk.ask("POST", "/customers", {"customerId": "c1"})
    assert (reply.status, read(reply)["code"]) == (422, 2001)
    desk.now = 10.0
    assert desk.ask("POST", "/customers", {"customerId": "c1"}).status == 200


@given(
    jobs=st.lists(
        st.tuples(
            st.floats(0, 5),
            st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), min_size=1, max_size=30),
        ),
        min_size=1,
        max_size=8,
    ),
    workers=st.sampled_from([None, 1, 2]),
    stops=st.sets(st.integers(0, 7)),
    polls=st.integers(0, 3),
)
def test_every_item_is_applied_once_refused_once_or_left_by_a_stop(
    jobs: list[tuple[float, list[tuple[str, bool]]]],
    workers: int | None,
    stops: set[int],
    polls: int,
) -> None:
    """Whatever the arrivals, workers, failures, stops and polls: counts, lists and ledger agree."""
    model: ServiceTime = Constant(3.0, queue=0.5) if workers is None else Workers(workers, 3.0)
    desk = Desk(service_time=model, keep_lists=True, fail_if=lambda kind, item: item["amount"] < 0)
    number = 0
    for index, (pause, rows) in enumerate(jobs):
        items = []
        for customer, fails in rows:
            number += 1
            items.append({"customerId": customer, "amount": -number if fails else number})
        job = desk.submit("balance-adjustments", items)
        desk.now += pause
        for _ in range(polls):
            desk.poll(job)
        if index in stops:
            desk.ask("DELETE", f"/batch/{job}")
    desk.now += 1000
    desk.service.advance(desk.now)
    entries = list(desk.service.ledger.entries())
    assert all(entry.nth == 1 and entry.item["amount"] > 0 for entry in entries)
    for job_id, known in desk.service.jobs.items():
        told = desk.poll(job_id)
        assert told["finishedCount"] == len(told["response"]["successful"])
        assert told["errorCount"] == len(told["response"]["failed"])
        applied = [entry.index for entry in entries if entry.job_id == job_id]
        assert applied == sorted(applied)
        assert len(applied) == told["finishedCount"] == known.finished
        if told["status"] != "stopped":
            assert known.applied == known.rows == told["totalCount"]
