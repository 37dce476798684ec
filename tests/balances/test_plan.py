"""Points as whole millionths, and what a customer needs."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameball_async.balances.plan import (
    MOST,
    Fate,
    Planned,
    answered,
    as_number,
    in_units,
    planned,
    shown,
)
from gameball_async.rows.outcome import Outcome, Reason, RowOutcome

UNITS = st.integers(-MOST, MOST)


@given(UNITS)
def test_units_come_back_from_the_number_that_is_sent(units: int) -> None:
    assert in_units(as_number(units)) == units


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
def test_fractions_that_floats_cannot_hold_still_add_up(one: int, other: int) -> None:
    tenths = [in_units(n / 10) for n in (one, other, one + other)]
    assert tenths[0] is not None
    assert tenths[1] is not None
    assert tenths[0] + tenths[1] == tenths[2]


@pytest.mark.parametrize("odd", [None, True, "x", float("nan"), float("inf"), [], 1e300])
def test_what_is_no_number_of_points_is_none(odd: object) -> None:
    assert in_units(odd) is None


def test_points_are_shown_as_people_write_them() -> None:
    assert shown(1_250_000_000) == "1,250"
    assert shown(-500_000) == "-0.5"
    assert shown(40_000_000, signed=True) == "+40"
    assert as_number(1_500_000) == Decimal("1.5")


@given(UNITS, UNITS, st.integers(0, MOST) | st.none(), st.booleans())
def test_what_is_planned_keeps_the_bounds(
    target: int, balance: int, most: int | None, only_up: bool
) -> None:
    change = target - balance
    fate = planned(target, balance, most, only_up=only_up).fate
    assert (fate is Fate.EXACT) == (change == 0)
    if fate is Fate.PLANNED:
        assert most is None or abs(change) <= most
        assert change > 0 or not only_up
    elif change:
        assert fate is Fate.HELD


def asked(
    outcome: Outcome, code: int | None = None, text: str = "no", **entry: object
) -> int | Planned:
    reason = None if outcome is Outcome.SUCCEEDED else Reason(text, code)
    return answered(
        RowOutcome(2, outcome, "c", reason, entry=lambda index: entry), "totalPointsBalance"
    )


def test_an_answer_is_a_balance_or_says_why_there_is_none() -> None:
    assert asked(Outcome.SUCCEEDED, totalPointsBalance=12.5) == 12_500_000
    assert asked(Outcome.FAILED, 7000) == Planned(
        Fate.UNKNOWN, "Gameball does not know this customer"
    )
    without_code = asked(Outcome.FAILED, text="Customer not found")
    assert without_code == asked(Outcome.FAILED, 7000)
    for odd in (
        asked(Outcome.SUCCEEDED, points=3),
        asked(Outcome.FAILED, 5003),
        asked(Outcome.INDETERMINATE),
    ):
        assert isinstance(odd, Planned)
        assert odd.fate is Fate.UNASKED
