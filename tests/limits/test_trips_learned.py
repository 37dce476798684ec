"""What is known of a trip, to the millisecond: from how many, how alike they were, and for how long."""

from __future__ import annotations

from typing import Any

import pytest

from gameball_async.limits.trips import Trips

approx: Any = pytest.approx


def seen(handshakes: list[float], answers: list[float]) -> Trips:
    """Trips of so many seconds, the answers first."""
    trips = Trips()
    for seconds in answers:
        trips.answered(seconds)
    for seconds in handshakes:
        trips.connected(seconds)
    return trips


# -- how many must be seen


def test_eight_trips_that_were_alike_are_credited_but_for_five_milliseconds() -> None:
    assert seen([0.1] * 8, []).credit == approx(0.095)
    assert seen([0.1] * 7, []).credit == 0.0


def test_answers_count_as_trips_beside_three_handshakes_at_least() -> None:
    assert seen([0.1] * 3, [0.1] * 5).credit == approx(0.095)
    assert seen([0.1] * 2, [0.1] * 20).credit == 0.0


def test_no_trip_is_credited_that_is_shorter_than_the_margin() -> None:
    assert seen([0.004] * 9, []).credit == 0.0
    assert seen([0.006] * 9, []).credit == approx(0.001)


# -- how alike they were


def test_of_few_trips_twice_as_much_less_is_credited_as_the_least_eight_lie_apart() -> None:
    assert seen([0.1] * 7 + [0.11], []).credit == approx(0.1 - 2 * 0.01 - 0.005)
    assert seen([0.1] * 8 + [0.3] * 20, []).credit == approx(0.095), "the others do not matter"


def test_of_many_trips_three_fifths_less_is_credited_of_what_the_least_32_lie_apart() -> None:
    trips = seen([0.1] * 3, [0.1] * 4 + [0.12] * 24)
    assert trips.credit == approx(0.1 - 2 * 0.02 - 0.005), "31 are too few"
    trips.answered(0.12)
    assert trips.credit == approx(0.1 - 0.6 * 0.02 - 0.005)
    for _ in range(9):
        trips.answered(0.3)
    assert trips.credit == approx(0.1 - 0.6 * 0.02 - 0.005), "the others do not matter"


def test_of_both_the_larger_is_credited() -> None:
    assert seen([0.1] * 8, [0.2] * 40).credit == approx(0.095)


def test_where_trips_lie_far_apart_nothing_is_credited() -> None:
    assert seen([0.1] * 7 + [0.2], []).credit == 0.0


# -- that the server's work is not in it


def test_of_less_than_eight_handshakes_the_third_is_compared_with_the_least_answer() -> None:
    trips = seen([0.11, 0.12, 0.13, 0.14, 0.14, 0.14, 0.14], [0.1] * 8)
    assert trips.credit == approx(0.1 - 2 * 0.03 - 0.005)


def test_of_eight_or_more_it_is_the_second_and_of_sixteen_the_least() -> None:
    trips = seen([0.11, 0.12, 0.13, 0.14, 0.14, 0.14, 0.14, 0.14], [0.1] * 8)
    assert trips.credit == approx(0.1 - 2 * 0.02 - 0.005)
    for _ in range(7):
        trips.connected(0.14)
    assert trips.credit == approx(0.1 - 2 * 0.02 - 0.005), "15"
    trips.connected(0.14)
    assert trips.credit == approx(0.1 - 2 * 0.01 - 0.005)
    for _ in range(30):
        trips.connected(0.14)
    assert trips.credit == approx(0.1 - 2 * 0.01 - 0.005), "there is none before the least"


def test_where_no_handshake_was_as_short_as_answers_nothing_is_credited() -> None:
    assert seen([0.3] * 40, [0.1] * 40).credit == 0.0


# -- for how long


def test_the_shortest_trips_are_remembered_whatever_comes_after_them() -> None:
    trips = seen([0.1] * 8, [])
    for _ in range(1000):
        trips.connected(0.2)
        trips.answered(0.3)
    assert trips.credit == approx(0.095)


def test_a_trip_that_is_shorter_than_all_takes_the_credit_down_until_others_are_as_short() -> None:
    trips = seen([0.1] * 40, [])
    trips.answered(0.09)
    assert trips.credit == approx(0.09 - 2 * 0.01 - 0.005), (
        "as far as the least handshake lies apart"
    )
    trips.connected(0.09)
    assert trips.credit == approx(0.09 - 0.6 * 0.01 - 0.005)
    for _ in range(30):
        trips.answered(0.09)
    assert trips.credit == approx(0.085)


def test_after_a_429_that_it_may_have_caused_the_credit_is_learned_anew() -> None:
    trips = seen([0.1] * 20, [0.1] * 40)
    trips.distrust()
    assert trips.credit == 0.0
    for _ in range(40):
        trips.answered(0.05)
    trips.connected(0.05)
    trips.connected(0.05)
    assert trips.credit == 0.0, (
        "two handshakes are too few, and what was seen before does not count"
    )
    trips.connected(0.06)
    for _ in range(4):
        trips.connected(0.07)
    assert trips.credit == approx(0.05 - 2 * 0.01 - 0.005), "nor do the handshakes before"
    trips.connected(0.07)
    assert trips.credit == approx(0.045), "the eighth: the second counts"


def test_after_a_second_one_nothing_is_credited_whatever_is_seen() -> None:
    trips = seen([0.1] * 20, [])
    trips.distrust()
    for _ in range(20):
        trips.connected(0.05)
    assert trips.credit > 0.0
    trips.distrust()
    assert trips.credit == 0.0
    for _ in range(20):
        trips.connected(0.05)
        trips.answered(0.05)
    assert trips.credit == 0.0
    assert trips.usual == 0.05


# -- what a trip takes as a rule


def test_a_usual_trip_is_the_median_handshake_whatever_the_server_took() -> None:
    assert Trips().usual == 0.0
    assert seen([], [0.5] * 9).usual == 0.0
    assert seen([0.3, 0.1, 0.9], [5.0] * 9).usual == 0.3
    assert seen([0.3, 0.1], []).usual == 0.1


def test_it_is_of_the_last_64_handshakes_also_after_a_credit_was_too_much() -> None:
    trips = seen([0.1] * 64, [])
    for _ in range(31):
        trips.connected(0.3)
    assert trips.usual == 0.1
    trips.connected(0.3)
    trips.connected(0.3)
    trips.distrust()
    assert trips.usual == 0.3


def test_the_distance_is_known_with_the_first_handshake_and_stays_so() -> None:
    assert not seen([], [0.5] * 9).known
    trips = seen([0.1], [])
    assert trips.known
    trips.distrust()
    assert trips.known, "what a trip takes as a rule is not forgotten"
