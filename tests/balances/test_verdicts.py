"""Rows in doubt of one customer, judged by its balance before and after."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from gameball_async.balances.verdicts import MOST_ROWS, Verdict, verdicts

AMOUNTS = st.lists(st.integers(-50, 50), min_size=1, max_size=6)


@given(AMOUNTS, st.data())
def test_what_is_concluded_is_what_happened_up_to_rows_of_the_same_amount(
    amounts: list[int], data: st.DataObject
) -> None:
    truth = [data.draw(st.booleans()) for _ in amounts]
    movement = sum(a for a, applied in zip(amounts, truth, strict=True) if applied)
    found = verdicts(movement, amounts)
    for amount in set(amounts):
        of_it = [v for v, a in zip(found, amounts, strict=True) if a == amount]
        if Verdict.OPEN in of_it:
            assert set(of_it) == {Verdict.OPEN}
            continue
        applied = sum(t for t, a in zip(truth, amounts, strict=True) if a == amount)
        assert of_it.count(Verdict.APPLIED) == applied


@given(AMOUNTS, st.integers(-400, 400))
def test_a_row_is_called_something_only_where_every_explanation_agrees(
    amounts: list[int], movement: int
) -> None:
    fits = [
        choice
        for choice in product((0, 1), repeat=len(amounts))
        if sum(a * n for a, n in zip(amounts, choice, strict=True)) == movement
    ]
    for amount, verdict in zip(amounts, verdicts(movement, amounts), strict=True):
        taken = {sum(n for a, n in zip(amounts, c, strict=True) if a == amount) for c in fits}
        assert (verdict is Verdict.OPEN) == (len(taken) != 1)


def test_a_movement_that_no_choice_explains_leaves_all_open() -> None:
    assert verdicts(7, [5]) == [Verdict.OPEN]
    assert verdicts(-5, [5, 10]) == [Verdict.OPEN] * 2


def test_a_movement_that_two_choices_explain_leaves_those_open() -> None:
    assert verdicts(5, [5, 2, 3]) == [Verdict.OPEN] * 3
    assert verdicts(15, [10, 5, 2, 3]) == [Verdict.APPLIED, *[Verdict.OPEN] * 3]


def test_of_rows_with_the_same_amount_the_earlier_ones_are_called_applied() -> None:
    assert verdicts(10, [5, 5, 5]) == [Verdict.APPLIED, Verdict.APPLIED, Verdict.NOT_APPLIED]


def test_an_amount_of_nothing_and_too_many_rows_stay_open() -> None:
    assert verdicts(5, [0, 5]) == [Verdict.OPEN, Verdict.APPLIED]
    assert set(verdicts(0, [1] * (MOST_ROWS + 1))) == {Verdict.OPEN}
