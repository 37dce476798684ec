"""An item id that comes twice in one input: the second row is rejected before it is sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.virtual import run_virtual
from gameball_async.api.kinds import KINDS
from gameball_async.bulk.events import Settled
from gameball_async.bulk.repeats import Repeats
from gameball_async.rows.outcome import Outcome
from gameball_async.rows.row import Block, Prepared
from gameball_async.session import RunOptions
from tests.engine_items import item
from tests.loopback import Loopback, LoopbackEngine

ORDERS = KINDS["orders"]


def rows_of(ids: list[str], start: int = 0) -> Block:
    rows = range(start, start + len(ids))
    return Block(rows, ["c"] * len(ids), [*ids], [b"{}"] * len(ids))


@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=5), max_size=6))
def test_each_id_is_let_through_once_and_a_repetition_names_both_rows(slices: list[Any]) -> None:
    repeats, seen, start = Repeats(ORDERS, 1000), dict[str, int](), 0
    for ids in slices:
        fresh, bad = repeats.split(rows_of(ids, start))
        assert len(fresh) + len(bad) == len(ids)
        for row in fresh:
            assert seen.setdefault(row.item_id or "", row.position) == row.position
        for wrong in bad:
            first = seen[ids[wrong.position - start]]
            assert f"row {wrong.position} has the same id as row {first}," in str(wrong.faults[0])
        start += len(ids)


def test_only_so_many_ids_are_remembered() -> None:
    repeats = Repeats(ORDERS, 2)
    repeats.split(rows_of(["a", "b", "c"]))
    fresh, bad = repeats.split(rows_of(["a", "b"], 3))
    assert [row.item_id for row in fresh] == ["a"]
    assert [row.position for row in bad] == [4]


@pytest.mark.parametrize("kind", ["customers", "events", "order-transactions"])
def test_kinds_that_are_not_taken_once_by_an_id_are_let_through(kind: str) -> None:
    rows = rows_of(["a", "a"])
    assert Repeats(KINDS[kind], 10).split(rows) == (rows, [])


def test_a_repeated_order_id_leaves_the_other_orders_of_its_customer_out_of_doubt() -> None:
    orders = [item("orders", "c1", n) for n in range(6)]
    orders[4] = {**orders[4], "orderId": orders[1]["orderId"]}

    async def main() -> dict[int, Outcome]:
        gameball = Loopback()
        async with LoopbackEngine(gameball) as engine:
            run = engine.bulk(ORDERS, orders, RunOptions(concurrency=2, chunking=ORDERS.chunking))
            ends = {}
            async with run:
                async for event in run:
                    if isinstance(event, Settled):
                        ends.update({row.position: row.outcome for row in event.outcomes})
            return ends

    ends = run_virtual(main)
    assert ends.pop(4) is Outcome.REJECTED
    assert set(ends.values()) == {Outcome.SUCCEEDED}


def test_a_row_without_an_id_repeats_no_other() -> None:
    rows = Block.of([Prepared(n, "c", None, b"{}") for n in range(3)])
    assert Repeats(ORDERS, 10).split(rows) == (rows, [])


def test_a_repetition_is_a_fault_of_its_id_and_keeps_its_customer() -> None:
    fresh, (bad,) = Repeats(ORDERS, 10).split(rows_of(["a", "a"], 7))
    assert [row.position for row in fresh] == [7]
    assert (bad.position, bad.key) == (8, "c")
    (fault,) = bad.faults
    assert fault.field == "orderId"
    assert fault.reason == (
        "row 8 has the same id as row 7, and Gameball takes each id only once: remove one of the two rows, "
        "or give it another id (rows are counted as the file's lines, or from 0)"
    )


def test_as_many_ids_are_remembered_as_may_be() -> None:
    repeats = Repeats(ORDERS, 2)
    repeats.split(rows_of(["a", "b"]))
    _, bad = repeats.split(rows_of(["a", "b"], 2))
    assert [row.position for row in bad] == [2, 3]
