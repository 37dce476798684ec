"""What is known of a trip, to the millisecond: from how many, how alike they were, and for how long."""

from __future__ import annotations

from typing import Any

import pytest

from gameball_async.limits.trips import HANDSHAKES, KEPT_ANSWERS, KEPT_HANDSHAKES, LEAST_FEW, Trips

approx: Any = pytest.approx


def seen(handshakes: list[float], answers: list[float]) -> Trips:
    """Trips of so many seconds, the answers first."""
    trips = Trips()
    for seconds in answers:
        trips.answered(seconds)
    for seconds in handshakes:
        trips.connected(seconds)
    return trips


def test_eight_trips_that_were_alike_are_credited_but_for_five_milliseconds() -> None:
    assert seen([0.1] * LEAST_FEW, []).credit == approx(0.095)
    assert seen([0.1] * (LEAST_FEW - 1), []).credit == 0.0


def test_answers_count_as_trips_beside_three_handshakes_at_least() -> None:
    assert seen([0.1] * HANDSHAKES, [0.1] * 5).credit == approx(0.095)
    assert seen([0.1] * (HANDSHAKES - 1), [0.1] * 20).credit == 0.0


def test_twice_as_much_less_is_credited_as_the_least_few_lie_apart() -> None:
    assert seen([0.1] * 7 + [0.11], []).credit == approx(0.1 - 2 * 0.01 - 0.005)
    assert seen([0.1] * 8 + [0.3] * 20, []).credit == approx(0.095), "the others do not matter"


def test_the_third_handshake_is_one_of_the_least_few_also_where_answers_are_shorter() -> None:
    trips = seen([0.1, 0.1, 0.12, 0.2], [0.1] * 20)
    assert trips.credit == approx(0.1 - 2 * 0.02 - 0.005)


def test_where_trips_lie_far_apart_nothing_is_credited() -> None:
    assert seen([0.1] * 7 + [0.2], []).credit == 0.0


def test_no_trip_is_credited_that_is_shorter_than_the_margin() -> None:
    assert seen([0.004] * 9, []).credit == 0.0
    assert seen([0.006] * 9, []).credit == approx(0.001)


def test_the_shortest_trip_of_all_is_remembered_when_those_beside_it_are_forgotten() -> None:
    trips = seen([0.1] * LEAST_FEW, [])
    trips.answered(0.05)
    assert trips.credit == 0.0
    for _ in range(KEPT_HANDSHAKES):
        trips.connected(0.06)
    for _ in range(KEPT_ANSWERS):
        trips.answered(0.06)
    assert trips.credit == approx(0.05 - 2 * 0.01 - 0.005)


def test_answers_of_long_ago_are_not_compared() -> None:
    trips = seen([0.05] * HANDSHAKES, [0.05] * 5)
    assert trips.credit == approx(0.045)
    for _ in range(KEPT_ANSWERS):
        trips.answered(0.06)
    assert trips.credit == approx(0.05 - 2 * 0.01 - 0.005)


def test_a_path_that_became_longer_is_credited_as_it_was() -> None:
    trips = seen([0.1] * LEAST_FEW, [])
    for _ in range(KEPT_HANDSHAKES):
        trips.connected(0.11)
    assert trips.credit == approx(0.1 - 2 * 0.01 - 0.005)


def test_after_a_429_that_it_may_have_caused_nothing_is_credited_whatever_is_seen() -> None:
    trips = seen([0.1] * LEAST_FEW, [])
    trips.distrust()
    assert trips.credit == 0.0
    for _ in range(20):
        trips.connected(0.1)
        trips.answered(0.1)
    assert trips.credit == 0.0
    assert trips.usual == 0.1


def test_a_usual_trip_is_the_median_handshake_whatever_the_server_took() -> None:
    assert Trips().usual == 0.0
    assert seen([], [0.5] * 9).usual == 0.0
    assert seen([0.3, 0.1, 0.9], [5.0] * 9).usual == 0.3
    assert seen([0.3, 0.1], []).usual == 0.1
