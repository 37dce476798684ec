"""How many rows the input gives in one go: few where each has to be parsed as it is read."""

from __future__ import annotations

import pytest

from gameball_async.api.kinds import KINDS
from gameball_async.rows.check import preparer
from gameball_async.rows.feed import PARSED_SLICE, SLICE, Feed, Rows
from gameball_async.rows.row import Row

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
    assert {len(batch) for batch in found} == {SLICE}


async def test_rows_of_a_file_are_made_ready_in_short_slices_once_they_are_known_to_be_such() -> (
    None
):
    found = await slices([Row(n, item) for n, item in enumerate(ITEMS)])
    assert [position for batch in found for position in batch] == list(range(1000))
    assert {len(batch) for batch in found[1:]} == {PARSED_SLICE}
