"""How many rows the input gives in one go: few where each has to be parsed as it is read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gameball_async.api.customers import Customer
from gameball_async.api.kinds import KINDS
from gameball_async.rows.check import preparer
from gameball_async.rows.check_many import AT_ONCE, AT_ONCE_WITH_LISTS
from gameball_async.rows.feed import PARSED_SLICE, SLICE, Feed
from gameball_async.rows.given import Rows
from gameball_async.rows.row import BadRow, Prepared, Row

pytestmark = pytest.mark.anyio

ITEMS = [{"customerId": f"c{n}"} for n in range(1000)]


async def slices(rows: Rows) -> list[list[int]]:
    """The positions of each batch."""
    feed = Feed(rows, preparer(KINDS["customers"]))
    found = []
    while batch := await feed.batch():
        found.append([row.position for row in batch])
    return found


async def test_items_that_are_at_hand_are_made_ready_in_long_slices() -> None:
    found = await slices(ITEMS)
    assert [position for batch in found for position in batch] == list(range(1000))
    assert {len(batch) for batch in found} == {AT_ONCE}


async def test_orders_are_made_ready_in_shorter_slices_for_they_may_have_many_line_items() -> None:
    feed = Feed([{"customerId": "c"}] * 1000, preparer(KINDS["orders"]))
    assert len(await feed.batch()) == AT_ONCE_WITH_LISTS < AT_ONCE


async def test_a_generator_is_asked_for_fewer_rows_at_once() -> None:
    found = await slices(item for item in ITEMS)
    assert [position for batch in found for position in batch] == list(range(1000))
    assert {len(batch) for batch in found} == {SLICE}


async def test_a_generator_may_change_a_mapping_and_yield_it_again() -> None:
    item: dict[str, object] = {}

    def again() -> Iterator[dict[str, object]]:
        for number in range(300):
            item["customerId"] = f"c{number}"
            yield item

    feed, found = Feed(again(), preparer(KINDS["customers"])), []
    while batch := await feed.batch():
        found += [row.key for row in batch]
    assert found == [f"c{n}" for n in range(300)]


async def test_a_list_of_rows_of_all_sorts_is_read_in_its_order() -> None:
    values = [{"customerId": "a"}, Customer(customer_id="b"), {"customerId": ""}, 5] * 200
    feed, found = Feed(values, preparer(KINDS["customers"])), list[Prepared | BadRow]()
    while batch := await feed.batch():
        found += batch
    assert [row.position for row in found] == list(range(800))
    assert [type(row) for row in found[:4]] == [Prepared, Prepared, BadRow, BadRow]


async def test_rows_of_a_file_are_made_ready_in_short_slices_once_they_are_known_to_be_such() -> (
    None
):
    found = await slices([Row(n, item) for n, item in enumerate(ITEMS)])
    assert [position for batch in found for position in batch] == list(range(1000))
    assert {len(batch) for batch in found[1:]} == {PARSED_SLICE}
