"""What a trip takes at least: learned from handshakes, credited to the windows, given up after a 429."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Sequence

import pytest
from attrs import define
from hypothesis import given, settings
from hypothesis import strategies as st

from gameball_async.limits.trips import MARGIN, Trips
from gameball_async.limits.windows import Budget, Quota

QUOTA = Quota((30, 1.0), (360, 30.0))
SMALL = Quota((3, 0.5), (10, 4.0))
FRESH = (0.0, 2.0, 6.0, float("inf"))

Way = Callable[[float], tuple[float, float, float]]
"""There, back and the server's work in between, of what leaves at a time."""


@define
class Seen:
    """What a server has counted: when, and what it refused."""

    counted: list[float]
    refused: list[float]
    credits: list[float]


def over(counted: Sequence[float], windows: Quota = QUOTA) -> int:
    """How many requests were more than a window allows, as the server counts them."""
    times = sorted(counted)
    return sum(
        later - first < seconds
        for limit, seconds in windows.windows
        for first, later in zip(times, times[limit:], strict=False)
    )


def send_all(
    way: Way,
    count: int,
    windows: Quota = QUOTA,
    *,
    refuses: bool = True,
    fresh_from: float = float("inf"),
) -> Seen:
    """
    Sends *count* requests as fast as allowed, on connections that are opened where none is idle.

    The server counts in the order of arrival; where it *refuses*, one too many is a 429. From
    *fresh_from* on, each request opens a connection of its own.
    """
    trips = Trips()
    budget = Budget(windows, trips=trips)
    seen = Seen([], [], [])
    now, idle, number, sent = 0.0, 0, 0, 0
    events: list[tuple[float, int, int, float]] = []  # at, order, slot, left at; slot < 0: arrives
    verdicts: dict[int, bool] = {}

    def admitted(at: float) -> bool:
        held = [time for time in seen.counted if time not in seen.refused]
        full = any(
            sum(at - time < seconds for time in held) >= limit for limit, seconds in windows.windows
        )
        return not (refuses and full)

    while sent < count or events:
        free = budget.next_free(now) if sent < count else float("inf")
        if events and events[0][0] <= max(now, free):
            now, _, slot, left = heapq.heappop(events)
            if slot < 0:
                verdicts[-slot] = admitted(now)
                if not verdicts[-slot]:
                    seen.refused.append(now)
                seen.counted.append(now)
                continue
            idle += 1
            trips.answered(now - left)
            if verdicts[slot]:
                budget.answered(slot, now)
            else:
                budget.limited(slot, now, 0.0, None)
            continue
        if free > now:
            now = free
            continue
        slot = budget.take(now)
        there, back, work = way(now)
        left = now
        if idle and now < fresh_from:
            idle -= 1
        else:
            trips.connected(there + back)
            now_there = there + back  # the handshake goes first
            left += now_there
            there, back, work = way(left)
        number += 2
        heapq.heappush(events, (left + there, number, -slot, left))
        heapq.heappush(events, (left + there + work + back, number + 1, slot, now))
        seen.credits.append(trips.credit)
        sent += 1
    seen.credits.append(trips.credit)
    return seen


@settings(max_examples=30, deadline=None)
@given(there=st.floats(0.0, 0.5), back=st.floats(0.0, 0.5), work=st.floats(0.0, 0.4))
def test_on_a_steady_path_almost_the_whole_trip_is_credited_however_it_splits(
    there: float, back: float, work: float
) -> None:
    seen = send_all(lambda now: (there, back, work), 90)
    assert seen.credits[-1] == pytest.approx(max(0.0, there + back - MARGIN))
    assert over(seen.counted) == 0


@settings(max_examples=60, deadline=None)
@given(
    there=st.floats(0.0, 0.3),
    spread=st.floats(0.0, 0.2),
    work=st.floats(0.01, 0.3),
    seed=st.integers(0, 10_000),
    windows=st.sampled_from([QUOTA, SMALL]),
    fresh_from=st.sampled_from(FRESH),
)
def test_the_servers_work_brings_no_window_over_its_limit_where_both_ways_differ(
    there: float, spread: float, work: float, seed: int, windows: Quota, fresh_from: float
) -> None:
    """The server takes the same time for each, so that the least answer has all of it in it."""
    chance = random.Random(seed)

    def way(now: float) -> tuple[float, float, float]:
        return there + chance.uniform(0.0, spread), chance.expovariate(1 / (spread + 0.001)), work

    seen = send_all(way, 150, windows, refuses=False, fresh_from=fresh_from)
    assert over(seen.counted, windows) == 0


@given(there=st.floats(0.05, 0.4), back=st.floats(0.05, 0.4), work=st.floats(0.1, 0.3))
def test_the_servers_work_is_never_credited(there: float, back: float, work: float) -> None:
    trips = Trips()
    for _ in range(100):
        trips.answered(there + work + back)
    assert trips.credit == 0.0
    for _ in range(3):
        trips.connected(there + back)
    assert trips.credit <= there + back


def test_a_handshake_that_lost_its_syn_credits_nothing() -> None:
    trips = Trips()
    trips.connected(1.1)
    for _ in range(100):
        trips.answered(0.2)
    assert trips.credit == 0.0
    trips.connected(0.1)
    trips.connected(0.1)
    assert trips.credit == 0.0  # the third least is the lost one still
    trips.connected(0.1)
    trips.connected(0.1)
    assert trips.credit < 0.1


def test_where_trips_differ_less_is_credited_than_the_least() -> None:
    trips = Trips()
    for number in range(40):
        trips.connected(0.1 + 0.005 * number)
    assert trips.credit < 0.1 - 0.03


def test_a_shorter_trip_takes_the_credit_down_at_once() -> None:
    trips = Trips()
    for _ in range(20):
        trips.connected(0.4)
    assert trips.credit == pytest.approx(0.4 - MARGIN)
    trips.answered(0.2)
    assert trips.credit <= 0.2


@settings(max_examples=40, deadline=None)
@given(
    least=st.floats(0.0, 0.4),
    spread=st.floats(0.0, 0.1),
    work=st.floats(0.0, 0.3),
    seed=st.integers(0, 10_000),
    windows=st.sampled_from([QUOTA, SMALL]),
)
def test_no_window_is_exceeded_on_a_path_whose_messages_take_between_two_times(
    least: float, spread: float, work: float, seed: int, windows: Quota
) -> None:
    chance = random.Random(seed)

    def way(now: float) -> tuple[float, float, float]:
        there, back = (least / 2 + chance.uniform(0.0, spread) for _ in range(2))
        return there, back, work * chance.random()

    seen = send_all(way, 120, windows)
    assert over(seen.counted, windows) == 0


def pauses(seen: Seen, on_the_way: float) -> int:
    """Bouts of 429s: those of one were all on their way when the first answer came."""
    times = sorted(seen.refused)
    return sum(not number or at - times[number - 1] > on_the_way for number, at in enumerate(times))


@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    legs=st.lists(st.floats(0.0, 0.6), min_size=2, max_size=4),
    share=st.floats(0.0, 1.0),
    work=st.floats(0.0, 0.2),
    windows=st.sampled_from([QUOTA, SMALL]),
    fresh_from=st.sampled_from(FRESH),
)
def test_each_time_that_a_path_becomes_quicker_costs_one_pause_at_most_and_only_twice(
    data: st.DataObject,
    legs: list[float],
    share: float,
    work: float,
    windows: Quota,
    fresh_from: float,
) -> None:
    """The trip takes first one time, then another, and so on."""
    changes = sorted(data.draw(st.lists(st.floats(0.1, 12.0), min_size=3, max_size=3)))

    def way(now: float) -> tuple[float, float, float]:
        trip = legs[sum(now >= at for at in changes[: len(legs) - 1])]
        return share * trip, (1 - share) * trip, work

    seen = send_all(way, 150, windows, fresh_from=fresh_from)
    quicker = sum(later < earlier for earlier, later in itertools.pairwise(legs))
    assert pauses(seen, 3 * max(legs) + work) <= min(2, quicker)


@settings(max_examples=40, deadline=None)
@given(
    times=st.lists(st.floats(0.0, 0.7), min_size=1, max_size=9),
    work=st.floats(0.0, 0.2),
    seed=st.integers(0, 10_000),
    fresh_from=st.sampled_from(FRESH),
)
def test_whatever_the_path_does_there_are_two_pauses_at_most(
    times: list[float], work: float, seed: int, fresh_from: float
) -> None:
    """Each message takes any of a few times, however far apart: the credit is given up twice at most."""
    chance = random.Random(seed)
    seen = send_all(
        lambda now: (chance.choice(times), chance.choice(times), work), 150, fresh_from=fresh_from
    )
    assert pauses(seen, 4 * 0.7 + work) <= 2


def test_a_path_that_became_quicker_is_credited_anew_once_new_connections_tell_of_it() -> None:
    seen = send_all(lambda now: (0.2, 0.2, 0.0) if now < 5 else (0.1, 0.1, 0.0), 240, fresh_from=7)
    assert pauses(seen, 1.5) == 1
    assert 0.0 in seen.credits[100:]
    assert seen.credits[-1] == pytest.approx(0.2 - MARGIN)


def test_after_a_429_that_the_credit_may_have_caused_the_share_stays_whole() -> None:
    trips = Trips()
    for _ in range(20):
        trips.connected(0.4)
    budget = Budget(Quota((1, 1.0)), trips=trips)
    budget.answered(budget.take(0.0), 0.4)
    assert budget.next_free(0.4) == pytest.approx(1.4 + 0.002 - 0.4 + MARGIN)
    slot = budget.take(1.1)
    budget.limited(slot, 1.5, 0.0, None)
    assert budget.share(1.5) == 1.0
    assert trips.credit == 0.0
    assert budget.next_free(1.5) >= 2.5


def test_a_429_with_nothing_sent_early_is_of_others_and_the_credit_stays() -> None:
    trips = Trips()
    for _ in range(20):
        trips.connected(0.4)
    budget = Budget(QUOTA, trips=trips)
    budget.limited(budget.take(0.0), 0.4, 0.0, None)
    assert budget.share(0.4) == 0.5
    assert trips.credit > 0.0


def test_a_request_that_was_lost_has_no_way_back_that_could_be_credited() -> None:
    trips = Trips()
    for _ in range(20):
        trips.connected(0.4)
    budget = Budget(Quota((1, 1.0)), margin=0.0, trips=trips)
    budget.answered(budget.take(0.0), 0.4, lost=True)
    assert budget.next_free(0.4) == 1.4


def test_what_an_earlier_process_has_sent_is_not_credited() -> None:
    trips = Trips()
    budget = Budget(Quota((1, 10.0)), margin=0.0, trips=trips)
    budget.recall(0.0, [1.0])
    for _ in range(20):
        trips.connected(0.4)
    assert budget.next_free(0.0) == 10.5
