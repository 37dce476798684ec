"""Room for one more body, to the byte: near and far, before anything is known of the link and after."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gameball_async.limits.trips import Trips
from gameball_async.limits.uplink import AT_FIRST, FIRST_FLIGHT, MOST, REMEMBERED, SMALL, Uplink


def far(trip: float) -> Trips:
    trips = Trips()
    trips.connected(trip)
    return trips


def with_bodies(uplink: Uplink, sizes: Sequence[int], now: float = 0.0) -> Uplink:
    for size in sizes:
        uplink.begin(size, now)
    return uplink


def carried(uplink: Uplink, size: int, seconds: float) -> Uplink:
    """One body alone has taken so long."""
    uplink.over(uplink.begin(size, 100.0), 100.0 + seconds)
    return uplink


# -- by the distance


def test_near_the_server_eight_bodies_leave_at_once() -> None:
    uplink = with_bodies(Uplink(far(0.02)), [1] * 7)
    assert uplink.room(1)
    uplink.begin(1, 0.0)
    assert not uplink.room(1)
    assert (uplink.at_once, uplink.under_way) == (8, 8)


def test_far_from_it_twice_as_many_as_the_quota_lets_go_in_the_time_of_a_trip() -> None:
    assert Uplink(far(0.3)).at_once == 18
    assert Uplink(far(0.31)).at_once == 19, "of 18.6"
    assert Uplink(far(0.3), rate=20.0).at_once == 12
    assert Uplink(far(0.01), near=3).at_once == 3
    assert Uplink(far(9.0)).at_once == MOST == 30


@pytest.mark.parametrize(("flights", "count"), [(0, 8), (1, 15), (3, 23), (7, 30)])
def test_a_body_takes_one_more_trip_each_time_that_it_is_twice_as_large(
    flights: int, count: int
) -> None:
    uplink = with_bodies(Uplink(far(0.125)), [flights * FIRST_FLIGHT])
    assert uplink.at_once == count, "7.5 for each trip"


def test_far_from_it_small_bodies_are_as_many_as_that() -> None:
    uplink = with_bodies(Uplink(far(0.3)), [0] * 17)
    assert uplink.room(0)
    uplink.begin(0, 0.0)
    assert not uplink.room(0)


# -- before the distance is known


def test_before_a_body_has_left_eight_may_be_under_way() -> None:
    assert Uplink().at_once == 8
    assert Uplink(near=3).at_once == 3


@pytest.mark.parametrize(
    ("size", "count"),
    [
        (1, 30),
        (SMALL // 30, 30),
        (SMALL // 30 + 1, 29),
        (SMALL // 10, 10),
        (SMALL // 9, 9),
        (SMALL // 9 + 1, 8),
        (SMALL, 8),
    ],
)
def test_as_many_leave_as_are_256_kibibytes_together_and_eight_of_larger_ones(
    size: int, count: int
) -> None:
    uplink = with_bodies(Uplink(), [size])
    assert uplink.at_once == count
    while uplink.room(size):
        uplink.begin(size, 0.0)
    assert uplink.under_way == count


def test_bodies_of_any_size_beyond_the_eighth_are_256_kibibytes_together_with_those_before() -> (
    None
):
    uplink = with_bodies(Uplink(), [SMALL // 10] * 8)
    assert uplink.room(SMALL - 8 * (SMALL // 10))
    assert not uplink.room(SMALL - 8 * (SMALL // 10) + 1)


def test_once_the_distance_is_known_it_decides() -> None:
    trips = Trips()
    uplink = with_bodies(Uplink(trips), [1000] * 20)
    trips.connected(0.02)
    assert uplink.at_once == 8
    assert not uplink.room(1000)
    trips.connected(0.5)
    trips.connected(0.5)
    assert uplink.at_once == 30
    assert uplink.room(1000)


# -- by their bytes, before anything is known of the link


def test_one_body_may_leave_whatever_its_size() -> None:
    assert Uplink().room(100 * AT_FIRST)


def test_up_to_eight_leave_while_they_are_four_mebibytes_together() -> None:
    uplink = with_bodies(Uplink(), [AT_FIRST - 1000])
    assert uplink.room(1000)
    assert not uplink.room(1001)


def test_more_than_eight_leave_while_they_are_256_kibibytes_together() -> None:
    uplink = with_bodies(Uplink(far(0.5)), [1000] * 8)
    assert uplink.room(SMALL - 8000)
    assert not uplink.room(SMALL - 7999)


def test_a_body_that_was_answered_or_given_up_leaves_its_room() -> None:
    uplink = Uplink()
    uploads = [uplink.begin(AT_FIRST // 2, 0.0) for _ in range(2)]
    assert not uplink.room(1)
    uplink.over(uploads[0])
    assert uplink.under_way == 1
    assert uplink.room(AT_FIRST // 2)
    assert not uplink.room(AT_FIRST // 2 + 1)
    uplink.over(uploads[1], 9.0)
    assert uplink.under_way == 0


# -- by what the link was seen to carry


def test_a_link_is_trusted_with_twice_what_it_carried_in_the_time_that_a_body_took() -> None:
    # 8,000,000 bytes in two seconds: twice four million a second, for the two seconds of a body.
    uplink = with_bodies(carried(Uplink(), 8_000_000, 2.0), [1_000_000])
    assert uplink.room(15_000_000)
    assert not uplink.room(15_000_001)


def test_it_is_the_least_time_of_a_body_and_the_most_that_the_link_has_carried() -> None:
    uplink = carried(carried(Uplink(), 8_000_000, 2.0), 1_000_000, 1.0)
    with_bodies(uplink, [1_000_000])
    assert uplink.room(7_000_000)
    assert not uplink.room(7_000_001)


def test_a_large_body_is_given_the_time_that_it_takes_on_a_free_link() -> None:
    # 15 flights take five trips of 0.5 s; six million a second were carried.
    size = 15 * FIRST_FLIGHT
    uplink = with_bodies(carried(Uplink(far(0.5)), 3_000_000, 0.5), [30_000_000 - size])
    assert uplink.room(size)
    assert not with_bodies(uplink, [1]).room(size)


def test_a_thin_link_is_trusted_with_four_mebibytes_still() -> None:
    uplink = with_bodies(carried(Uplink(), 1_000, 2.0), [1])
    assert uplink.room(AT_FIRST - 1)
    assert not uplink.room(AT_FIRST)


def test_more_than_eight_leave_where_the_link_carries_them() -> None:
    # Two million bytes a second; a body of three flights takes three trips of 0.5 s.
    size = 3 * FIRST_FLIGHT
    uplink = carried(Uplink(far(0.5)), 1_000_000, 0.5)
    with_bodies(uplink, [*[0] * 7, 6_000_000 - size])
    assert uplink.room(size)
    assert not with_bodies(uplink, [1]).room(size)


def test_what_arrives_beside_a_body_counts_as_carried() -> None:
    uplink = Uplink()
    uploads = [uplink.begin(1_000_000, 0.0) for _ in range(4)]
    for upload in uploads:
        uplink.over(upload, 1.0)
    # Four million bytes in a second.
    with_bodies(uplink, [1_000_000])
    assert uplink.room(7_000_000)
    assert not uplink.room(7_000_001)


def test_what_had_arrived_before_a_body_left_does_not_count_as_carried_in_its_time() -> None:
    uplink = Uplink()
    first = uplink.begin(1_000_000, 0.0)
    uplink.over(first, 1.0)
    uplink.over(uplink.begin(3_000_000, 1.0), 2.0)
    with_bodies(uplink, [1_000_000])
    assert uplink.room(5_000_000)
    assert not uplink.room(5_000_001)


def test_a_body_that_was_given_up_tells_nothing_of_the_link() -> None:
    uplink = Uplink()
    for since, now in ((0.0, None), (5.0, 5.0), (5.0, 4.0)):
        uplink.over(uplink.begin(50_000_000, since), now)
    with_bodies(uplink, [1])
    assert not uplink.room(AT_FIRST)


def test_the_last_sixteen_bodies_tell_what_the_link_carries() -> None:
    uplink = carried(Uplink(), 8_000_000, 1.0)
    for _ in range(REMEMBERED - 1):
        carried(uplink, 1_000, 1.0)
    with_bodies(uplink, [1])
    assert uplink.room(16_000_000 - 1)
    carried(uplink, 1_000, 1.0)
    assert not uplink.room(AT_FIRST)
    assert uplink.room(AT_FIRST - 1)


def test_the_last_sixteen_bodies_tell_what_a_body_takes() -> None:
    uplink = carried(Uplink(), 10, 0.5)
    for _ in range(REMEMBERED):
        carried(uplink, 8_000_000, 2.0)
    with_bodies(uplink, [1])
    assert uplink.room(16_000_000 - 1)
    assert not uplink.room(16_000_000)
