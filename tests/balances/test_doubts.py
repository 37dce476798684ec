"""What a customer's balances say of rows in doubt."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from gameball_async.balances.verdicts import Doubtful, Verdict, conclude, doubtful
from gameball_async.rows.outcome import Outcome, RowOutcome

UNITS = st.integers(-1_000_000, 1_000_000)
OPEN, APPLIED, NOT_APPLIED = Verdict.OPEN, Verdict.APPLIED, Verdict.NOT_APPLIED


def item(position: int, key: str, amount: float, outcome: Outcome) -> tuple[RowOutcome, bytes]:
    payload = json.dumps({"customerId": key, "amount": amount}).encode()
    return RowOutcome(position, outcome, key), payload


def test_only_customers_with_doubt_are_looked_at_and_what_is_certain_is_summed() -> None:
    items = [
        item(2, "a", 5, Outcome.SUCCEEDED),
        item(3, "a", 7, Outcome.INDETERMINATE),
        item(4, "a", 9, Outcome.FAILED),
        item(5, "b", 1, Outcome.SUCCEEDED),
        item(6, "c", 2.5, Outcome.INDETERMINATE),
    ]
    found = doubtful(items, {6}.__contains__)
    assert found == {"a": Doubtful([(3, 7_000_000)], 5_000_000)}
    again = doubtful(items, {4}.__contains__)
    assert again["a"].sent_again
    assert not again["c"].sent_again


@given(UNITS, UNITS, UNITS.filter(bool), st.booleans())
def test_at_rest_one_row_is_known_for_what_it_is(
    before: int, certain: int, amount: int, applied: bool
) -> None:
    after = before + certain + (amount if applied else 0)
    (found,) = conclude("a", Doubtful([(2, amount)], certain), before, after, after)
    assert found.verdict is (APPLIED if applied else NOT_APPLIED)
    assert not found.why


@given(UNITS, UNITS.filter(bool), UNITS, UNITS)
def test_nothing_is_concluded_from_what_does_not_fit(
    before: int, amount: int, first: int, second: int
) -> None:
    (found,) = conclude("a", Doubtful([(2, amount)]), before, first, second)
    fits = first == second and second - before in (0, amount)
    assert (found.verdict is OPEN) == (not fits)
    assert bool(found.why) == (not fits)


def test_what_is_not_known_leaves_the_row_in_doubt_and_is_said() -> None:
    one = Doubtful([(2, 5)])
    whys = [
        conclude("a", one, None, 1, 1),
        conclude("a", one, 1, None, 1),
        conclude("a", one, 1, 1, None),
        conclude("a", one, 1, 1, 6),
        conclude("a", Doubtful([(2, 5)], sent_again=True), 1, 1, 1),
        conclude("a", one, 1, 3, 3),
    ]
    assert {found.verdict for (found,) in whys} == {OPEN}
    assert len({found.why for (found,) in whys}) == 5
