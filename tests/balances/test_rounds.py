"""What became of an adjustment, judged by the answer to it and the looks afterwards."""

from __future__ import annotations

from attrs import evolve
from hypothesis import assume, given
from hypothesis import strategies as st

from gameball_async.balances.plan import Fate
from gameball_async.balances.verdicts import Answer, Looked, answer_of, judged, look_again
from gameball_async.rows.outcome import Outcome, Reason, RowOutcome

BALANCES = st.integers(-1_000, 1_000)
AMOUNTS = st.integers(-500, 500).filter(bool)


def seen(
    answer: Answer, before: int, amount: int, applied: bool, others: int = 0, later: int = 0
) -> Looked:
    """An adjustment as it would be seen: others move the balance before each of the two looks."""
    first = before + (amount if applied else 0) + others
    look = Looked(answer, before, amount, first)
    return evolve(look, second=first + later) if look_again(look) else look


@given(BALANCES, AMOUNTS, st.booleans())
def test_at_rest_an_adjustment_without_answer_is_known_for_what_it_is(
    before: int, amount: int, applied: bool
) -> None:
    fate = judged(seen(Answer.NONE, before, amount, applied)).fate
    assert fate is (Fate.SET if applied else Fate.PLANNED)


@given(st.sampled_from(Answer), BALANCES, AMOUNTS, BALANCES, BALANCES)
def test_it_is_sent_again_only_where_two_looks_agree_that_nothing_was_applied(
    answer: Answer, before: int, amount: int, first: int, second: int
) -> None:
    found = judged(Looked(answer, before, amount, first, second))
    if found.fate is Fate.PLANNED:
        assert answer in (Answer.NONE, Answer.LATER)
        assert first == second == before


@given(st.sampled_from(Answer), BALANCES, AMOUNTS, st.booleans(), AMOUNTS, BALANCES)
def test_what_others_moved_is_told_and_never_sent_again(
    answer: Answer, before: int, amount: int, applied: bool, others: int, later: int
) -> None:
    applied = answer is Answer.APPLIED or (answer is Answer.NONE and applied)
    assume(answer is not Answer.REFUSED)
    missing = 0 if applied else amount
    assume(missing not in (others, others + later))  # it moved the balance to where it should be
    assume(before not in (before + amount - missing + others,))  # it moved it back
    assume(others + later)
    found = judged(seen(answer, before, amount, applied, others, later))
    assert found.fate is Fate.MOVED
    assert found.why


@given(BALANCES, AMOUNTS, st.none() | BALANCES)
def test_where_it_could_not_be_looked_at_twice_it_stays_in_doubt(
    before: int, amount: int, first: int | None
) -> None:
    assume(first != before + amount)
    assert judged(Looked(Answer.NONE, before, amount, first)).fate is Fate.DOUBT
    assert judged(Looked(Answer.NONE, before, amount, None, before)).fate is Fate.DOUBT
    assert judged(Looked(Answer.APPLIED, before, amount, None)).fate is Fate.DOUBT


def test_an_adjustment_that_comes_between_the_looks_has_come() -> None:
    assert judged(Looked(Answer.NONE, 10, 5, 10, 15)).fate is Fate.SET
    assert judged(Looked(Answer.APPLIED, 10, 5, 10, 15)).fate is Fate.SET


def test_what_is_refused_for_good_is_not_sent_again() -> None:
    look = Looked(Answer.REFUSED, 10, 5, 10)
    assert not look_again(look)
    assert judged(look).fate is Fate.REFUSED


def test_the_outcome_of_a_row_says_what_was_answered() -> None:
    def of(outcome: Outcome, code: int | None = None) -> Answer:
        return answer_of(RowOutcome(1, outcome, "c", Reason("x", code)))

    assert of(Outcome.SUCCEEDED) is Answer.APPLIED
    assert of(Outcome.FAILED, 2001) is Answer.LATER
    assert of(Outcome.FAILED, 7000) is Answer.REFUSED
    assert of(Outcome.FAILED) is Answer.REFUSED
    assert {of(each) for each in (Outcome.INDETERMINATE, Outcome.PENDING, Outcome.UNSENT)} == {
        Answer.NONE
    }
