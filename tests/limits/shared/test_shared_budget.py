"""Permits: no window is ever exceeded at the API, whatever is late, lost, killed or forgotten."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameball_async.errors import ConfigurationError
from gameball_async.limits.exchange import Given, check_share
from gameball_async.limits.shared import LASTS, RETRY, SharedBudget
from gameball_async.limits.windows import Quota
from tests.limits.shared.shared_world import NaiveStore, World

QUOTA = Quota((6, 1.0), (20, 5.0))
trips = st.sampled_from([(0.0, 0.005), (0.0, 0.05), (0.1, 0.3), (0.0, 0.7), (0.0, 1.5)])
api_trips = st.sampled_from([(0.0, 0.0), (0.0, 0.05), (0.2, 0.7)])


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    trip=trips,
    api_trip=api_trips,
    clients=st.integers(1, 5),
    lossy=st.sampled_from([0.0, 0.3]),
)
def test_no_window_is_exceeded_at_the_api_however_late_the_store_and_the_answers_are(
    seed: int, trip: tuple[float, float], api_trip: tuple[float, float], clients: int, lossy: float
) -> None:
    world = World(
        NaiveStore(), seed, clients=clients, share=None, trip=trip, api_trip=api_trip, lossy=lossy
    )
    world.run(20.0)
    world.within()


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    begin=st.floats(0.5, 8.0),
    length=st.floats(0.1, 15.0),
    forget=st.booleans(),
    api_trip=api_trips,
    share=st.sampled_from([None, 1 / 3]),
)
def test_no_window_is_exceeded_when_the_store_goes_away_and_comes_back_with_or_without_its_memory(
    seed: int,
    begin: float,
    length: float,
    forget: bool,
    api_trip: tuple[float, float],
    share: float | None,
) -> None:
    world = World(
        NaiveStore(),
        seed,
        share=share,
        api_trip=api_trip,
        outages=[(begin, begin + length, forget)],
    )
    world.run(begin + length + 12.0)
    world.within()


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6))
def test_no_window_is_exceeded_when_processes_are_killed_and_others_begin(seed: int) -> None:
    world = World(NaiveStore(), seed, clients=3, api_trip=(0.0, 0.3))
    for second in range(1, 10):
        world.run(float(second))
        world.kill(world.members[-3])
        world.join()
    world.within()
    assert len(world.counted) > 15  # what the killed held is lost until it ages out


def test_all_of_the_quota_is_used_by_those_who_want_it() -> None:
    world = World(NaiveStore(), clients=4, api_trip=(0.0, 0.01))
    world.run(60.0)
    # 20 in 5 s, of which those that are cancelled or not sent cost a little.
    assert len([at for at in world.counted if at > 10]) >= 0.88 * 20 / 5 * 50


def test_while_the_store_is_away_a_share_is_used_once_what_was_before_has_passed() -> None:
    world = World(NaiveStore(), clients=3, outages=[(10.0, 1e9, False)])
    world.run(60.0)
    world.within()
    assert not [at for at in world.counted if 11.0 < at < 15.0]  # it had been used up
    late = [at for at in world.counted if at > 30.0]
    assert len(late) >= 0.85 * 30 * 3 * int(20 / 3) / 5


def test_where_little_was_used_the_share_is_there_at_once() -> None:
    budget = SharedBudget(Quota((30, 1.0), (360, 30.0)), "c", share=0.25)
    budget.ask(1, 0.0)
    budget.given(Given(1, 0.0, 1, "born", 1, 0.0, 1.0), 0.0, 0.01)
    budget.answered(budget.take(0.01), 0.1)
    now = lose(budget, 0.2)
    assert now <= 0.2 + 3.0 + RETRY
    assert budget.next_free(now) <= now + 0.01


def lose(budget: SharedBudget, now: float) -> float:
    """The store goes away; gives when it counts as that."""
    while not budget.away:
        now = max(now, budget.due(1, now))
        budget.ask(1, now)
        budget.failed(now, now)
    return now


def test_one_that_never_reached_the_store_waits_for_the_longest_window() -> None:
    budget = SharedBudget(QUOTA, "c", share=0.5)
    now = lose(budget, 0.0)
    assert budget.next_free(now) >= LASTS + 1.5 + 5.0


def test_what_was_sent_without_the_store_is_told_when_it_is_back() -> None:
    budget = SharedBudget(QUOTA, "c", share=0.5)
    now = budget.next_free(lose(budget, 0.0))
    first, second = budget.take(now), budget.take(now)
    budget.answered(first, now + 0.2)
    ask = budget.ask(1, now + 0.3)
    ages = dict(ask.own)
    assert ages["c:local:1"] == pytest.approx(0.1)
    assert ages["c:local:2"] == pytest.approx(-1.2)  # not answered: as late as can be
    budget.given(Given(0, 1.0, 2, "born", 1, 0.0, 1.0), now + 0.3, now + 0.3)
    budget.answered(second, now + 0.4)
    later = budget.ask(1, now + 0.5)
    assert later.own == ()
    assert dict(later.settled) == {"c:local:2": pytest.approx(0.1)}


def test_a_permit_is_not_used_after_its_time_and_is_given_back() -> None:
    budget = SharedBudget(QUOTA, "c", share=None)
    names = budget.ask(2, 0.0).permits(2)
    budget.given(Given(2, 0.0, 2, "born", 1, 0.0, 1.0), 0.0, 0.1)
    assert budget.next_free(0.1) == 0.1
    budget.take(0.1)
    assert budget.next_free(LASTS) == float("inf")
    assert budget.due(0, LASTS) <= LASTS + 0.1
    assert names[1] in budget.ask(0, LASTS + 0.1).unused


def test_what_was_asked_in_vain_is_given_back_and_told_again() -> None:
    budget = SharedBudget(QUOTA, "c", share=None)
    first = budget.ask(3, 0.0)
    budget.failed(0.0, 1.0)
    assert budget.due(3, 1.0) == 1.0 + RETRY
    again = budget.ask(3, 1.3)
    assert set(first.permits(3)) <= set(again.unused)
    assert not set(again.permits(3)) & set(first.permits(3))


def test_a_store_that_nobody_needs_is_not_spoken_with() -> None:
    budget = SharedBudget(QUOTA, "c", share=0.5)
    assert budget.due(0, 5.0) == float("inf")
    budget.ask(1, 5.0)
    budget.given(Given(1, 0.0, 1, "born", 1, 0.0, 1.0), 5.0, 5.0)
    budget.answered(budget.take(5.0), 5.1)
    assert budget.due(0, 5.1) <= 5.2  # the answer is told
    budget.ask(0, 5.2)
    budget.given(Given(0, 0.0, 1, "born", 2, 0.0, 1.0), 5.2, 5.2)
    assert budget.due(0, 5.2) == float("inf")


def test_a_429_of_one_is_told_and_a_429_of_another_is_heeded() -> None:
    budget = SharedBudget(QUOTA, "c", share=None)
    budget.ask(1, 0.0)
    budget.given(Given(1, 0.0, 1, "born", 1, 0.0, 1.0), 0.0, 0.0)
    budget.limited(budget.take(0.0), 0.1, 0.0, 7.0)
    assert budget.due(0, 0.1) <= 0.1
    ask = budget.ask(5, 0.1)
    assert ask.want == 0
    assert ask.pause == pytest.approx(7.0)
    budget.given(Given(0, 0.0, 1, "born", 2, 7.0, 0.5), 0.1, 0.1)
    assert budget.ask(0, 0.2).pause is None

    other = SharedBudget(QUOTA, "d", share=None)
    other.ask(1, 0.0)
    other.given(Given(0, 7.0, 1, "born", 3, 7.0, 0.5), 0.0, 0.0)
    assert other.share(0.0) == 0.5
    assert other.next_free(0.0) == 7.0
    assert other.due(1, 0.0) >= 7.0


@pytest.mark.parametrize("share", [0.0, -1.0, 1.5, 0.01, float("nan")])
def test_a_share_that_cannot_be_held_is_refused(share: float) -> None:
    with pytest.raises(ConfigurationError, match="share"):
        check_share(Quota((30, 1.0), (360, 30.0)), share)
