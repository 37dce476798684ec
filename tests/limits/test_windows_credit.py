"""What a known way to the server changes in the windows, to the moment; and how the share grows back."""

from __future__ import annotations

from typing import Any

import pytest

from gameball_async.limits.windows import Budget, Quota

approx: Any = pytest.approx


def credited(quota: Quota) -> Budget:
    """A budget whose trips of 0.4 s are credited with 0.395 s."""
    budget = Budget(quota, margin=0.0)
    for _ in range(8):
        budget.trips.connected(0.4)
    assert budget.trips.credit == approx(0.395)
    return budget


def early() -> Budget:
    """The same after a slot was taken at 0.61 that the credit had freed."""
    budget = credited(Quota((2, 1.0)))
    for _ in range(2):
        budget.answered(budget.take(0.0), 0.0)
    assert budget.next_free(0.5) == approx(0.605)
    budget.answered(budget.take(0.61), 0.61)
    return budget


def test_a_window_after_an_answer_ends_earlier_by_the_credit_and_after_a_lost_one_it_does_not() -> (
    None
):
    budget = credited(Quota((2, 1.0)))
    answered, lost = budget.take(0.0), budget.take(0.0)
    budget.answered(answered, 0.0)
    budget.answered(lost, 0.1, lost=True)
    assert budget.next_free(0.5) == approx(0.605)
    budget.answered(budget.take(0.61), 0.61)
    assert budget.next_free(0.61) == approx(1.1)


def test_a_request_without_an_answer_counts_for_two_trips_longer() -> None:
    budget = Budget(Quota((1, 10.0)), margin=0.0)
    budget.trips.connected(0.4)
    budget.take(0.0)
    assert budget.next_free(0.0) == approx(12.3)


def test_a_429_of_a_slot_that_was_free_anyway_halves_the_share_and_leaves_the_credit() -> None:
    budget = credited(Quota((2, 1.0)))
    budget.limited(budget.take(0.0), 0.1, 0.0, None)
    assert budget.share(0.1) == 0.5
    assert budget.trips.credit == approx(0.395)


@pytest.mark.parametrize(("taken", "share", "credit"), [(3.8, 1.0, 0.0), (4.0, 0.5, 0.395)])
def test_a_slot_taken_early_is_the_cause_of_a_429_within_a_window_and_the_hold_after_it(
    taken: float, share: float, credit: float
) -> None:
    budget = early()
    budget.limited(budget.take(taken), taken, 0.0, None)
    assert (budget.share(taken), budget.trips.credit) == (share, approx(credit))


def test_the_next_429_after_one_that_the_credit_may_have_caused_halves_the_share() -> None:
    budget = early()
    budget.limited(budget.take(0.7), 0.7, 0.0, None)
    assert budget.share(2.0) == 1.0
    budget.limited(budget.take(2.0), 2.0, 0.0, None)
    assert budget.share(2.0) == 0.5


def test_the_share_slows_down_towards_where_it_was_refused_and_then_hastens_to_the_whole() -> None:
    budget = Budget(Quota((1000, 1.0)))
    budget.limited(budget.take(0.0), 0.0, 0.0, None)
    assert budget.share(1.0 + 3.25) == approx(1.0 - 0.5 / 8)
    refused = budget.share(2.0)
    budget.limited(budget.take(2.0), 2.0, 0.0, None)
    assert budget.share(4.0 + 3.25) == approx(refused - refused / 2 / 8)
    assert budget.share(4.0 + 8.75) == approx(refused + (1.0 - refused) / 8)


def test_the_fastest_window_tells_how_many_may_be_sent_for_a_moment() -> None:
    assert Quota((30, 1.0), (360, 30.0)).fastest == 30.0
    assert Quota((10, 5.0)).fastest == 2.0
