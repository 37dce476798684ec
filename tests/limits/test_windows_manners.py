"""The budget to the moment: what counts for how long, what a 429 costs, what is spare and what is forgotten."""

from __future__ import annotations

import pytest

from gameball_async.errors import ConfigurationError
from gameball_async.limits.windows import Budget, Quota

WIDE = Quota((1000, 1.0))


def refuse(budget: Budget, now: float, chance: float = 0.0, after: float | None = None) -> float:
    """A request is sent and refused at *now*; gives how long everybody pauses."""
    budget.limited(budget.take(now), now, chance, after)
    return budget.paused_until - now


# -- pauses


def test_each_pause_is_twice_as_long_as_the_last_up_to_two_and_a_half_seconds() -> None:
    budget, now, pauses = Budget(WIDE), 0.0, []
    for _ in range(4):
        pauses.append(refuse(budget, now))
        now = budget.paused_until
    assert pauses == [1.0, 2.0, 2.5, 2.5]


@pytest.mark.parametrize(("quiet", "pause"), [(3.9, 2.0), (4.0, 1.0)])
def test_after_four_quiet_seconds_a_pause_is_as_short_as_the_first(
    quiet: float, pause: float
) -> None:
    budget = Budget(WIDE)
    refuse(budget, 100.0)
    assert refuse(budget, budget.paused_until + quiet) == pytest.approx(pause)


def test_up_to_half_a_pause_more_is_left_to_chance() -> None:
    assert [refuse(Budget(WIDE), 0.0, chance) for chance in (0.0, 0.5, 1.0)] == [1.0, 1.25, 1.5]


def test_what_the_last_refusal_of_a_burst_asks_for_is_waited_for_and_nothing_else_is_added() -> (
    None
):
    budget = Budget(WIDE)
    slots = [budget.take(1.0) for _ in range(3)]
    budget.limited(slots[0], 1.1, 0.0, None)
    assert budget.paused_until == 2.1
    budget.limited(slots[1], 2.0, 0.0, None)
    assert budget.paused_until == 2.1
    budget.limited(slots[2], 2.0, 0.0, 17.0)
    assert budget.paused_until == 19.0


def test_a_stop_heeds_the_windows_and_no_pause() -> None:
    budget = Budget(Quota((2, 1.0), (10, 10.0)), margin=0.0)
    refuse(budget, 5.0, after=60.0)
    assert budget.next_free(5.0) == 65.0
    assert budget.next_free(5.0, urgent=True) == 5.0
    budget.take(5.0)
    assert budget.next_free(5.0, urgent=True) == 6.0


def test_a_refused_request_was_counted_by_the_time_of_its_answer() -> None:
    budget = Budget(Quota((1, 10.0)), margin=0.0)
    budget.limited(budget.take(0.0), 1.0, 0.0, None)
    assert budget.next_free(1.0, urgent=True) == 11.0


def test_a_refusal_that_comes_after_the_hold_is_heeded_like_any_other() -> None:
    budget = Budget(WIDE)
    slot = budget.take(0.0)
    budget.next_free(9.0)
    budget.limited(slot, 9.0, 0.0, None)
    assert (budget.paused_until, budget.refused) == (10.0, 1)


def test_what_was_sent_before_a_429_counts_against_the_smaller_share() -> None:
    budget = Budget(Quota((4, 1.0), (8, 30.0)), margin=0.0)
    for now in (0.0, 0.0, 0.0, 0.0, 1.1):
        budget.answered(budget.take(now), now)
    refuse(budget, 1.1)
    assert budget.next_free(2.2) == 30.0  # six in thirty seconds, of which four may be
    assert budget.next_free(5.0) < 6.0, "the share has grown meanwhile"


# -- what counts, and for how long


def test_a_request_without_an_answer_counts_for_a_second_and_a_half_longer_than_its_window() -> (
    None
):
    budget = Budget(Quota((1, 10.0)), margin=0.0)
    slot = budget.take(0.0)
    for now in (0.0, 1.0, 5.0):
        assert budget.next_free(now) == 11.5
    budget.answered(slot, 6.0)
    budget.unsent(slot)
    assert budget.next_free(6.0) == 11.5, "an answer that late changes nothing"


def test_a_window_is_longer_by_the_margin() -> None:
    budget = Budget(Quota((1, 1.0)), margin=0.5)
    budget.answered(budget.take(0.0), 0.0)
    assert budget.next_free(1.25) == 1.5
    assert budget.next_free(1.5) == 1.5


def test_requests_of_an_earlier_process_count_as_if_they_were_unanswered() -> None:
    budget = Budget(Quota((1, 1.0)), margin=0.5, hold=1.5)
    budget.recall(10.0, [1.0])
    assert budget.next_free(10.0) == 12.0
    budget = Budget(Quota((1, 1.0)), margin=0.5, hold=1.5)
    budget.recall(10.0, [2.5, 4.0])
    assert budget.next_free(10.0) == 10.5


def test_what_no_window_reaches_any_more_is_forgotten() -> None:
    budget = Budget(Quota((1000, 1.0), (1000, 10.0)))
    for now in range(1000):
        budget.next_free(float(now))
        budget.answered(budget.take(float(now)), float(now))
    assert len(budget._stamps) <= 12


# -- what is spare


def test_slots_are_spare_until_two_thirds_of_a_window_are_used() -> None:
    budget = Budget(Quota((3, 1.0), (300, 30.0)))
    assert budget.spare(0.0)
    slots = [budget.take(0.0)]
    assert budget.spare(0.0)
    slots.append(budget.take(0.0))
    assert not budget.spare(0.0), "two are open"
    for slot in slots:
        budget.answered(slot, 0.5)
    assert not budget.spare(1.0), "two were counted"
    assert budget.spare(2.0)


def test_the_margin_of_a_window_is_not_spare() -> None:
    budget = Budget(Quota((3, 1.0), (300, 30.0)), margin=0.5)
    for _ in range(4):
        budget.answered(budget.take(0.0), 0.0)
    assert not budget.spare(1.25)
    assert budget.spare(1.75)


def test_nothing_is_spare_after_a_429_until_all_of_the_share_is_back() -> None:
    budget = Budget(WIDE)
    refuse(budget, 0.0)
    assert not budget.spare(0.5)
    assert not budget.spare(7.4)
    assert budget.spare(7.5)


def near_the_credit() -> Budget:
    """A budget of two requests a second, of which a third is sent early, for the credit of 0.395 s."""
    budget = Budget(Quota((2, 1.0)), margin=0.0)
    for _ in range(8):
        budget.trips.connected(0.4)
    for now in (0.0, 0.0):
        budget.answered(budget.take(now), now)
    assert budget.next_free(0.6) == pytest.approx(0.605)
    return budget


def test_nothing_is_spare_in_a_pause_that_the_credit_may_have_caused_although_the_share_is_whole() -> (
    None
):
    budget = near_the_credit()
    budget.limited(budget.take(0.61), 5.0, 0.0, None)
    assert (budget.share(5.0), budget.paused_until) == (1.0, 6.0)
    assert not budget.spare(5.9)
    assert budget.spare(6.0)


def test_a_share_that_was_refused_again_is_regained_first_and_then_whole_eleven_seconds_later() -> (
    None
):
    budget = Budget(WIDE)
    refuse(budget, 0.0)
    before = budget.share(3.0)
    refuse(budget, 3.0)
    assert budget.paused_until == 5.0
    assert budget.share(5.0) == before / 2
    assert budget.share(8.0) < budget.share(11.4) < before
    assert budget.share(11.5) == pytest.approx(before)
    assert before < budget.share(15.9) < 1.0
    assert budget.share(16.0) == 1.0


# -- the quota in words


@pytest.mark.parametrize("windows", [(), ((0, 1.0),), ((1, 0.0),), ((1, float("nan")),)])
def test_a_quota_of_nothing_is_refused(
    windows: tuple[tuple[int, float], ...],
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Quota(*windows)
    assert str(refused.value) == (
        "a quota has pairs of requests and seconds, both positive, such as Quota((30, 1), (360, "
        "30))"
    )


@pytest.mark.parametrize("text", ["1/86401", "30/1,1/86401"])
def test_a_quota_of_more_than_a_day_is_refused_for_that_reason(text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Quota.parse(text)
    assert str(refused.value) == (
        "a quota's window is 86,401 s, and can be at most a day (86,400 s): use the windows that "
        "Gameball counts by, such as Quota((30, 1), (360, 30))"
    )


def test_a_quota_of_one_request_a_day_is_one() -> None:
    assert str(Quota((1, 86_400))) == "1/86400"


def test_a_quota_that_cannot_be_read_is_repeated_as_far_as_its_40th_character() -> None:
    with pytest.raises(ConfigurationError) as refused:
        Quota.parse("x" * 40 + "y")
    assert str(refused.value) == (
        f"quota '{'x' * 40}' cannot be read: write requests/seconds, such as 30/1,360/30"
    )
