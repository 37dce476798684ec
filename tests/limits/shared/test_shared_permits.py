"""Permits one by one: when a client may send, what it tells the store, and what it does while that is away."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from gameball_async.errors import ConfigurationError
from gameball_async.limits.exchange import Ask, Given, Known, check_share
from gameball_async.limits.shared import GATHER, LASTS, LINGER, RETRY, SharedBudget
from gameball_async.limits.trips import Trips
from gameball_async.limits.windows import Quota

QUOTA = Quota((10, 1.0), (20, 5.0))
HOLD, MARGIN = 1.5, 0.002
approx: Any = pytest.approx


def given(
    granted: int = 0,
    *,
    wait: float = 0.0,
    used: int = 0,
    count: int = 1,
    pause: float = 0.0,
    share: float = 1.0,
) -> Given:
    return Given(granted, wait, used, "born", count, pause, share)


def stocked(permits: int, at: float = 0.0, share: float | None = None) -> SharedBudget:
    """A client that was given so many permits."""
    budget = SharedBudget(QUOTA, "c", share=share)
    budget.ask(permits, at)
    budget.given(given(permits, used=permits), at, at)
    return budget


def told(budget: SharedBudget, now: float, wanted: int = 0) -> Ask:
    """What the store is told at *now*; it takes note."""
    ask = budget.ask(wanted, now)
    budget.given(given(count=2), now, now)
    return ask


def lost(
    *, used: int | None = None, at: float = 0.0, noticed: float = 3.0, share: float | None = 0.5
) -> SharedBudget:
    """A client whose store is away: it was reached at 0 with so many requests used, or never was."""
    budget = SharedBudget(QUOTA, "c", share=share)
    if used is not None:
        budget.ask(0, 0.0)
        budget.given(given(used=used), 0.0, 0.0)
    budget.ask(0, at)
    budget.failed(at, noticed)
    return budget


# -- permits


def test_without_a_permit_nothing_is_sent_but_a_stop() -> None:
    budget = SharedBudget(QUOTA, "c", share=None)
    assert budget.next_free(1.0) == inf
    assert budget.next_free(1.0, urgent=True) == 1.0
    assert not budget.spare(1.0), "others may want it"


def test_a_permit_may_be_used_for_half_a_second_from_when_it_was_asked_for() -> None:
    budget = SharedBudget(QUOTA, "c", share=None)
    budget.ask(1, 1.0)
    budget.given(given(1), 1.0, 1.3)
    assert budget.next_free(1.4) == 1.4
    assert budget.next_free(1.0 + LASTS) == inf
    assert told(budget, 1.0 + LASTS).unused == ("c:1:1",)


def test_permits_do_not_help_against_the_windows_or_a_pause() -> None:
    budget = stocked(11)
    for _ in range(10):
        budget.answered(budget.take(0.0), 0.0)
    assert budget.next_free(0.1) == 1.0 + MARGIN
    budget = stocked(1)
    budget.ask(0, 0.0)
    budget.given(given(pause=3.0), 0.0, 0.0)
    assert budget.next_free(0.1) == 3.0


def test_permits_are_used_in_the_order_they_came_and_told_with_the_age_of_their_answer() -> None:
    budget = stocked(3)
    first, second, third = (budget.take(0.1) for _ in range(3))
    budget.answered(second, 0.2)
    budget.unsent(first)
    budget.answered(third, 0.4)
    ask = told(budget, 0.5)
    assert ask.settled == (("c:1:2", approx(0.3)), ("c:1:3", approx(0.1)))
    assert ask.unused == ("c:1:1",)
    assert ask.own == ()
    again = told(budget, 0.6)
    assert (again.settled, again.unused) == ((), ()), "once"


def test_what_happens_during_an_exchange_is_told_with_the_next() -> None:
    budget = stocked(2)
    first, second = budget.take(0.0), budget.take(0.0)
    budget.answered(first, 0.1)
    budget.ask(0, 0.2)
    budget.answered(second, 0.3)
    budget.given(given(count=2), 0.2, 0.4)
    assert budget.due(0, 0.4) == approx(0.4 + GATHER)
    assert [name for name, _ in told(budget, 0.5).settled] == ["c:1:2"]


def test_a_stop_without_a_permit_is_told_afterwards_as_counted_as_late_as_can_be() -> None:
    budget = SharedBudget(QUOTA, "c", share=None)
    slot = budget.take(1.0)
    assert budget.due(0, 1.0) == approx(1.0 + GATHER)
    ask = budget.ask(0, 1.1)
    assert dict(ask.own) == {"c:local:1": approx(1.1 - 1.0 - HOLD)}
    budget.failed(1.1, 1.2)
    budget.answered(slot, 1.3)
    budget.answered(slot, 1.4)
    assert dict(told(budget, 1.5).own) == {"c:local:1": approx(0.2)}
    assert told(budget, 1.6).own == ()


def test_an_answer_after_the_hold_does_not_make_it_count_later() -> None:
    budget = SharedBudget(QUOTA, "c", share=None)
    slot = budget.take(1.0)
    budget.answered(slot, 4.0)
    assert dict(budget.ask(0, 4.0).own) == {"c:local:1": approx(1.5)}


def test_a_stop_that_is_given_up_during_an_exchange_is_told_once() -> None:
    budget = SharedBudget(QUOTA, "c", share=None)
    slot = budget.take(1.0)
    assert budget.ask(0, 1.1).own
    budget.unsent(slot)
    budget.given(given(), 1.1, 1.2)
    assert budget.ask(0, 1.3).own == ()


def test_a_permit_that_is_given_back_during_an_exchange_is_told_soon() -> None:
    budget = stocked(1)
    slot = budget.take(0.0)
    budget.ask(0, 0.1)
    budget.unsent(slot)
    budget.given(given(count=2), 0.1, 0.2)
    assert budget.due(0, 0.2) == approx(0.2 + GATHER)
    assert told(budget, 0.3).unused == ("c:1:1",)


def test_a_stop_that_never_left_is_not_told() -> None:
    budget = SharedBudget(QUOTA, "c", share=None)
    budget.unsent(budget.take(1.0))
    assert budget.ask(0, 1.1).own == ()


def test_a_stop_waits_for_no_pause() -> None:
    budget = stocked(1)
    budget.limited(budget.take(0.0), 0.1, 0.0, 7.0)
    assert budget.next_free(0.2, urgent=True) == 0.2


def test_permits_that_were_not_used_leave_our_own_windows_as_they_were() -> None:
    budget = stocked(11)
    slots = [budget.take(0.0) for _ in range(10)]
    assert budget.next_free(0.1) > 1.0
    for slot in slots:
        budget.unsent(slot)
        budget.unsent(slot)
    assert budget.next_free(0.1) == 0.1


def test_a_refused_request_was_counted_by_the_time_of_its_answer() -> None:
    budget = SharedBudget(Quota((1, 10.0)), "c", share=None)
    budget.limited(budget.take(0.0), 1.0, 0.0, None)
    assert budget.next_free(1.0, urgent=True) == 11.0 + MARGIN


def test_a_store_that_is_away_is_asked_again_whatever_was_sent_without_it() -> None:
    budget = lost(share=None)
    for _ in range(10):
        budget.answered(budget.take(100.0), 100.0)
    told(budget, 100.0)
    budget.ask(0, 100.0)
    budget.failed(100.0, 103.0)
    assert budget.lost
    for _ in range(10):
        budget.take(103.5)
    assert budget.due(1, 103.51) <= 103.51


# -- when the store is spoken with, and what it is asked for


def test_permits_are_asked_for_at_once_where_more_are_wanted_than_are_there() -> None:
    budget = stocked(2)
    assert budget.due(3, 0.01) <= 0.01
    assert budget.ask(3, 0.01).want == 1
    budget.given(given(count=2), 0.01, 0.01)
    assert budget.ask(2, 0.02).want == 0
    budget.given(given(count=3), 0.02, 0.02)
    assert budget.ask(1, 0.03).want == 0


def test_permits_that_are_not_wanted_any_more_are_given_back_after_a_moment() -> None:
    budget = stocked(3)
    assert budget.due(3, 0.0) == inf
    assert budget.due(1, 0.0) == LINGER
    assert budget.ask(1, 0.09).unused == ()
    budget.given(given(count=2), 0.09, 0.09)
    assert budget.ask(1, LINGER).unused == ("c:1:1", "c:1:2")
    assert budget.next_free(LINGER) == LINGER, "one is left"


def test_nothing_is_asked_for_that_our_own_windows_do_not_allow() -> None:
    budget = stocked(10)
    for _ in range(10):
        budget.answered(budget.take(0.0), 0.0)
    assert budget.ask(5, 0.5).want == 0
    budget.given(given(count=2), 0.5, 0.5)
    assert budget.due(5, 0.5) == 1.0 + MARGIN
    assert budget.ask(5, 1.1).want == 5


def test_where_fewer_were_given_than_asked_for_the_store_says_when_to_come_again() -> None:
    budget = SharedBudget(QUOTA, "c", share=None)
    budget.ask(3, 0.0)
    budget.given(given(1, wait=0.4), 0.0, 0.1)
    assert budget.due(1, 0.1) == inf
    assert budget.due(2, 0.1) == 0.5
    budget.ask(2, 0.5)
    budget.given(given(1, wait=9.0, count=2), 0.5, 0.5)
    assert budget.due(3, 0.5) <= 0.5, "all that were asked for came"


def test_an_ask_says_who_asks_for_the_how_maniest_time_and_how_long_permits_last() -> None:
    budget = stocked(1)
    ask = budget.ask(3, 0.1)
    assert (ask.client, ask.number, ask.windows) == ("c", 2, QUOTA.windows)
    assert (ask.want, ask.lasts, ask.pause) == (2, LASTS + HOLD, None)
    assert ask.permits(2) == ["c:2:1", "c:2:2"]


def test_news_are_gathered_for_a_moment_before_they_are_told() -> None:
    budget = stocked(2)
    first, second = budget.take(0.0), budget.take(0.0)
    budget.answered(first, 0.2)
    budget.unsent(second)
    assert budget.due(0, 0.2) == approx(GATHER), "since the second was taken"


def test_a_429_is_told_at_once_with_what_is_left_of_the_pause() -> None:
    budget = stocked(1)
    budget.limited(budget.take(0.0), 0.1, 0.0, 7.0)
    assert budget.due(0, 0.1) == -inf
    assert budget.ask(0, 0.6).pause == approx(6.5)
    budget.failed(0.6, 0.7)
    assert budget.due(0, 0.7) == 0.7 + RETRY
    assert budget.ask(0, 1.1).pause == approx(6.0), "the store did not hear it"
    budget.given(given(count=2), 1.1, 1.2)
    assert budget.ask(0, 1.3).pause is None
    budget.given(given(count=3), 1.3, 1.3)
    budget.limited(budget.take(8.0), 8.0, 0.0, None)
    assert budget.ask(0, 8.0).pause == approx(2.0)
    budget.failed(8.0, 8.0)
    assert budget.ask(0, 10.0).pause is None, "it is over"


def test_a_pause_of_others_is_kept_and_not_told_back() -> None:
    budget = stocked(1)
    budget.ask(0, 0.1)
    budget.given(given(count=2, pause=4.0), 0.1, 0.2)
    assert budget.paused_until == 4.2
    assert budget.ask(0, 0.3).pause is None
    budget.given(given(count=3, pause=1.0), 0.3, 0.4)
    assert budget.paused_until == 4.2
    assert budget.ask(0, 0.5).pause is None


def test_a_share_of_others_like_ours_does_not_make_a_429_look_old() -> None:
    budget = stocked(1)
    slot = budget.take(0.0)
    budget.ask(0, 0.1)
    budget.given(given(count=2, share=1.0), 0.1, 0.1)
    budget.limited(slot, 0.2, 0.0, None)
    assert (budget.paused_until, budget.share(0.2)) == (1.2, 0.5)


def test_a_short_pause_of_others_is_kept_as_well() -> None:
    budget = stocked(1)
    budget.ask(0, 0.1)
    budget.given(given(count=2, pause=0.5), 0.1, 0.2)
    assert budget.paused_until == 0.7


def test_a_smaller_share_of_others_is_taken_over_and_grows_back() -> None:
    budget = stocked(1)
    budget.ask(0, 1.0)
    budget.given(given(count=2, share=0.5), 1.0, 1.0)
    assert budget.share(1.0) == 0.5
    assert budget.share(7.4) < 1.0
    assert budget.share(7.5) == 1.0
    before = budget.share(2.0)
    assert 0.5 < before < 0.9
    budget.ask(0, 2.0)
    budget.given(given(count=3, share=0.9), 2.0, 2.0)
    assert budget.share(2.0) == before, "theirs is not smaller"
    assert budget.next_free(2.0) == inf, "there is no permit, whatever the share"


def test_a_share_of_others_grows_to_twice_as_much_and_to_the_whole_and_never_beyond() -> None:
    for share, regained in ((0.25, 0.5), (0.5, 1.0), (0.9, 1.0)):
        budget = stocked(1)
        budget.ask(0, 1.0)
        budget.given(given(count=2, share=share), 1.0, 1.0)
        shares = [budget.share(1.0 + step / 10) for step in range(150)]
        assert shares == sorted(shares)
        assert (shares[0], shares[-1]) == (share, 1.0)
        assert budget.share(7.5) == approx(regained)


def test_after_a_share_of_others_requests_are_spaced_evenly_for_a_long_window() -> None:
    for now, wait in ((30.9, 0.5), (31.0, 0.0)):
        budget = SharedBudget(Quota((10, 1.0), (60, 30.0)), "c", share=None)
        budget.ask(0, 1.0)
        budget.given(given(count=2, share=0.9), 1.0, 1.0)
        budget.ask(2, now)
        budget.given(given(2, count=3), now, now)
        budget.take(now)
        assert budget.share(now) == 1.0
        assert budget.next_free(now) == approx(now + wait)


def test_what_is_known_of_the_way_to_the_server_is_shared_with_whoever_learns_it() -> None:
    trips = Trips()
    assert SharedBudget(QUOTA, "c", share=None, trips=trips).trips is trips


# -- what is forgotten


def test_what_has_aged_out_is_not_told() -> None:
    budget = stocked(3)
    first, second, never = budget.take(0.0), budget.take(0.0), budget.take(0.0)
    budget.answered(first, 0.1)
    budget.answered(second, 1.0)
    ask = budget.ask(0, 5.5)
    assert [name for name, _ in ask.settled] == ["c:1:2"]
    budget.given(given(count=2), 5.5, 5.5)
    budget.answered(never, 6.0)
    assert told(budget, 6.0).settled == (), "the store takes it as counted by itself"


@pytest.mark.parametrize(("now", "names"), [(7.5, ["c:local:1"]), (7.6, [])])
def test_what_was_sent_without_the_store_is_told_until_it_has_aged_out(
    now: float, names: list[str]
) -> None:
    budget = SharedBudget(QUOTA, "c", share=None)
    budget.take(1.0)
    assert [name for name, _ in budget.ask(0, now).own] == names


# -- what the store should know


def test_a_store_that_lost_its_memory_is_told_what_was_known_of_it() -> None:
    budget = SharedBudget(QUOTA, "c", share=None)
    assert budget.ask(0, 0.0).known is None
    budget.given(given(used=3, count=7), 0.0, 0.1)
    # Until now all together may have sent as many more as ten a second allow.
    assert budget.ask(0, 0.5).known == Known("born", 7, 13, 0.0)
    budget.failed(0.5, 1.0)
    later = budget.ask(0, 6.0).known
    assert later is not None
    assert (later.presumed, later.age) == (20, approx(6.0 - 1.0 - LASTS - HOLD))
    budget.failed(6.0, 6.0)
    assert budget.ask(0, 7.0).known is not None
    budget.failed(7.0, 7.0)
    assert budget.ask(0, 7.1).known is None, "nothing of that time is in any window"


# -- while the store is away


def where(budget: SharedBudget) -> tuple[bool, bool]:
    return budget.lost, budget.away


def test_a_store_counts_as_away_after_three_seconds_without_one_answer() -> None:
    budget = SharedBudget(QUOTA, "c", share=0.5)
    for asked, now in [(1.0, 2.0), (2.5, 3.9)]:
        budget.ask(0, asked)
        budget.failed(asked, now)
        assert where(budget) == (False, False)
        assert budget.due(1, now) == now + RETRY
    budget.ask(0, 3.95)
    budget.failed(3.95, 4.0)
    assert where(budget) == (True, True)
    budget.ask(0, 5.0)
    budget.given(given(), 5.0, 5.0)
    assert where(budget) == (False, False)
    budget.ask(0, 6.0)
    budget.failed(6.0, 8.9)
    assert where(budget) == (False, False), "it has answered between"


def test_without_a_share_a_client_waits_for_the_store() -> None:
    budget = lost(share=None)
    assert budget.lost and not budget.away
    assert budget.next_free(100.0) == inf
    assert budget.due(1, 100.0) <= 100.0


def test_one_who_never_reached_the_store_waits_until_nothing_of_before_can_count() -> None:
    budget = lost(noticed=3.0)
    clean = 3.0 + LASTS + HOLD + 5.0 + MARGIN
    assert budget.next_free(3.0) == approx(clean)
    assert budget.free_alone(3.0) == approx(clean)


def test_after_that_a_part_of_each_window_may_be_used() -> None:
    budget = lost()
    for expected in [100.0] * 5 + [101.0 + MARGIN] * 5 + [105.0 + MARGIN]:
        now = budget.next_free(max(100.0, expected - 0.5))
        assert now == approx(expected)
        budget.answered(budget.take(now), now)


def test_a_part_is_one_request_at_least() -> None:
    budget = lost(share=0.01)
    assert budget.next_free(100.0) == 100.0
    budget.answered(budget.take(100.0), 100.0)
    assert budget.next_free(100.0) == approx(105.0 + MARGIN)


def test_before_that_a_part_of_what_was_surely_left_may_be_used() -> None:
    # Two were used, and ten may have followed until the store was found to be away: eight are left.
    budget = SharedBudget(Quota((10, 1.0), (20, 5.0)), "c", share=0.5, patience=0.0)
    budget.ask(0, 0.0)
    budget.given(given(used=2), 0.0, 0.0)
    budget.ask(0, 0.1)
    budget.failed(0.1, 0.2)
    assert budget.away
    second = 0.2 + LASTS + HOLD + 1.0 + MARGIN  # when the window of one second is clean
    longest = 0.2 + LASTS + HOLD + 5.0 + MARGIN
    assert budget.next_free(0.2) == approx(second)
    for _ in range(4):
        now = budget.next_free(second + 0.1)
        assert now == approx(second + 0.1)
        budget.answered(budget.take(now), now)
    assert budget.next_free(second + 0.1) == approx(longest), "rather than in five seconds"


def test_what_is_sent_alone_is_told_when_the_store_is_back_and_others_are_waited_for() -> None:
    budget = lost()
    for _ in range(3):
        budget.answered(budget.take(100.0), 100.0)
    ask = budget.ask(9, 100.5)
    assert [name for name, _ in ask.own] == [f"c:local:{n}" for n in (1, 2, 3)]
    budget.given(given(9), 100.5, 100.6)
    for _ in range(2):
        assert budget.next_free(100.6) == 100.6
        budget.answered(budget.take(100.6), 100.6)
    assert budget.next_free(100.6) == approx(101.0 + MARGIN), "still a part alone"
    budget = stocked(9, 110.0)
    assert budget.next_free(110.1) == 110.1


def test_five_seconds_after_the_store_came_back_all_may_be_used_again() -> None:
    budget = lost()
    budget.ask(0, 100.0)
    budget.given(given(), 100.0, 100.0)
    counts = []
    for at in (104.9, 105.0):
        budget.ask(10, at)
        budget.given(given(10, count=2), at, at)
        counts.append(0)
        while budget.next_free(at) <= at:
            budget.take(at)
            counts[-1] += 1
    assert counts == [5, 5], "a part at first, then all ten"


# -- a share


@pytest.mark.parametrize(
    ("share", "fits"), [(0.1, True), (0.099, False), (0.0, False), (1.0, True), (1.01, False)]
)
def test_a_share_is_one_request_of_each_window_at_least_and_all_at_most(
    share: float, fits: bool
) -> None:
    if fits:
        check_share(QUOTA, share)
        return
    with pytest.raises(ConfigurationError) as refused:
        check_share(QUOTA, share)
    assert str(refused.value) == (
        f"a share of {share:g} of the quota 10/1,20/5 is more than all of it, or less than one "
        "request: pass share, from 0.1 to 1, such as 1 / the number of processes"
    )


def test_permits_are_named_by_who_asked_and_numbered_from_one() -> None:
    ask = Ask("c", 4, QUOTA.windows, 2.0, 3)
    assert ask.permits(3) == ["c:4:1", "c:4:2", "c:4:3"]
    assert ask.permits(0) == []


# -- other quotas, and other moments


def test_a_longer_hold_counts_for_our_own_windows_as_well() -> None:
    budget = SharedBudget(Quota((1, 10.0)), "c", share=None, hold=9.0)
    budget.take(0.0)
    assert budget.next_free(1.0, urgent=True) == approx(19.0 + MARGIN)
    assert budget.ask(0, 1.0).lasts == LASTS + 9.0


@pytest.mark.parametrize(
    ("quota", "presumed"), [(QUOTA, 13), (Quota((30, 1.0), (20, 5.0)), 20), (Quota((2, 1.0)), 2)]
)
def test_what_all_may_have_sent_since_is_bounded_by_the_longest_window(
    quota: Quota, presumed: int
) -> None:
    budget = SharedBudget(quota, "c", share=None)
    budget.ask(0, 100.0)
    budget.given(given(used=3), 100.0, 100.0)
    known = budget.ask(0, 100.5).known
    assert known is not None and known.presumed == presumed


@pytest.mark.parametrize(("used", "left"), [(2, 4), (6, 2), (7, 1), (8, 1), (9, 0)])
def test_what_may_be_used_while_the_store_is_away_may_be_a_single_request(
    used: int, left: int
) -> None:
    budget = SharedBudget(QUOTA, "c", share=0.5, patience=0.0)
    budget.ask(0, 100.0)
    budget.given(given(used=used), 100.0, 100.0)
    budget.ask(0, 100.1)
    budget.failed(100.1, 100.2)
    now = 100.2 + LASTS + HOLD + 1.0 + MARGIN + 0.1  # the window of one second is clean
    count = 0
    while budget.next_free(now) <= now:
        budget.answered(budget.take(now), now)
        count += 1
    assert count == left
