"""How many bodies are on their way at once: by the distance, by their bytes, and by what the link carries."""

from __future__ import annotations

import heapq

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameball_async.limits.trips import Trips
from gameball_async.limits.uplink import AT_FIRST, MOST, NEAR, SMALL, Uplink, Upload

KB, MB = 1_000, 1_000_000


def far(trip: float) -> Trips:
    trips = Trips()
    for _ in range(20):
        trips.connected(trip)
    return trips


def filled(uplink: Uplink, size: int, now: float = 0.0) -> int:
    """How many bodies leave before one must wait."""
    count = 0
    while uplink.room(size):
        uplink.begin(size, now)
        count += 1
    return count


@pytest.mark.parametrize(("trip", "count"), [(0.0, 8), (0.02, 8), (0.1, 8), (0.3, 20), (0.5, MOST)])
def test_small_bodies_are_as_many_at_once_as_the_distance_asks_for(trip: float, count: int) -> None:
    assert filled(Uplink(far(trip)), 1_000) == count


def test_before_anything_is_known_of_the_link_large_bodies_are_few() -> None:
    assert filled(Uplink(far(0.5)), 500 * KB) == NEAR
    assert filled(Uplink(far(0.5)), 2 * MB) == 2
    assert filled(Uplink(far(0.02)), 10 * MB) == 1


def carried(uplink: Uplink, size: int, link: float, trip: float, bodies: int) -> float:
    """Send *bodies* over a link of so many bytes a second; gives the most seconds that one took."""
    now, free, worst, sent = 0.0, 0.0, 0.0, 0
    under_way: list[tuple[float, int]] = []
    uploads = {}
    while sent < bodies or under_way:
        if sent < bodies and uplink.room(size):
            free = max(free, now) + size / link
            uploads[sent] = uplink.begin(size, now)
            heapq.heappush(under_way, (free + 3 * trip, sent))
            sent += 1
            continue
        now, number = heapq.heappop(under_way)
        worst = max(worst, now - uploads[number].since)
        uplink.over(uploads[number], now)
    return worst


def test_a_fat_link_to_a_far_server_is_found_out_and_filled() -> None:
    uplink = Uplink(far(0.5))
    carried(uplink, 500 * KB, link=20 * MB, trip=0.5, bodies=100)
    assert filled(uplink, 500 * KB) > 2 * NEAR


def test_a_thin_link_carries_no_more_at_once_than_at_first() -> None:
    uplink = Uplink(far(0.5))
    worst = carried(uplink, 200 * KB, link=250 * KB, trip=0.5, bodies=60)
    assert filled(uplink, 200 * KB) <= NEAR
    assert worst < 20


@given(
    trip=st.floats(0.0, 1.0),
    sizes=st.lists(st.integers(0, 8 * MB), min_size=1, max_size=60),
    took=st.floats(0.001, 30.0),
)
def test_one_body_may_always_leave_and_never_more_than_the_most(
    trip: float, sizes: list[int], took: float
) -> None:
    uplink, now = Uplink(far(trip)), 0.0
    open_: list[Upload] = []
    for size in sizes:
        while not uplink.room(size):
            now += took
            uplink.over(open_.pop(0), now)
        open_.append(uplink.begin(size, now))
        assert uplink.under_way == len(open_) <= MOST
    for upload in open_:
        uplink.over(upload)
    assert uplink.under_way == 0
    assert uplink.room(max(AT_FIRST, SMALL) * 100)
