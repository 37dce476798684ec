"""What a trial of +1 and -1 teaches, and what became of each of the two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

from gameball_async.api.jobs import JobResults, JobState, JobStatus
from gameball_async.preflight.facts import Facts, Plan
from gameball_async.preflight.judging import judge_amount
from gameball_async.preflight.learned import (
    Amount,
    Balance,
    Fate,
    Step,
    Trial,
    amount_of,
    balance_of,
    fate_of,
    looks_like_the_other_unit,
    plainly,
)

DONE = Step(Fate.APPLIED, 7)
LOST = Step(Fate.UNSURE, None, "the answer is lost")
NOT_SENT = Step()
REFUSED = Step(Fate.REFUSED, 7, "job 7 ended as failed")

Pair = tuple[float, float | None] | None


def trial(before: Pair, between: Pair, after: Pair, add: Step = DONE, take: Step = DONE) -> Trial:
    balances = [None if pair is None else Balance(*pair) for pair in (before, between, after)]
    return Trial(balances[0], add, balances[1], take, balances[2], "")


def points(number: float = 1) -> Amount:
    return Amount(counts="points", points_for_one=number)


def money(number: float) -> Amount:
    return Amount(counts="money", points_for_one=number)


@pytest.mark.parametrize(
    ("made", "learned"),
    [
        (trial((5, 0.5), (6, 0.6), (5, 0.5)), points()),
        (trial((5, 5), (6, 6), (5, 5)), Amount(counts="either", points_for_one=1)),
        (trial((5, 0.5), (15, 1.5), (5, 0.5)), money(10)),
        (trial((5, 0.01), (6, 0.01), (5, 0.01)), points()),  # a point is worth less than a cent
        (trial((0, 0), (3.333333333, 1.0), (0, 0)), money(3.333333)),
        (trial((5, None), (6, None), (5, None)), points()),
        (trial((5, None), (15, None), (5, None)), money(10)),
        # not shown to be undone: the ten points may be somebody else's
        (trial((5, None), (15, None), (14, None)), None),
        (trial((5, None), (15, None), None, take=LOST), None),
        (trial((5, 0.5), (15, 1.5), None, take=LOST), money(10)),
        (trial((5, 0.5), (6, 0.6), None, take=LOST), points()),
        # nothing moved, or something else did
        (trial((5, 0.5), (5, 0.5), (5, 0.5)), None),
        (trial((5, 0.5), (9, 0.9), (8, 0.8)), None),
        (trial((5, 0.5), (4, 0.4), (5, 0.5)), None),
        (trial((5, 0.5), None, (5, 0.5)), None),
        (trial((5, 0.5), None, (6, 0.6), add=LOST, take=NOT_SENT), None),
        (trial((5, 0.5), None, (5, 0.5), add=REFUSED, take=NOT_SENT), None),
        (trial(None, None, None, add=NOT_SENT, take=NOT_SENT), None),
    ],
)
def test_what_a_trial_teaches(made: Trial, learned: Amount | None) -> None:
    assert amount_of(made) == learned


def told(made: Trial | None, *, try_it: bool = True) -> tuple[str, str, str]:
    facts = Facts(Plan(version="v4.0", customer="c1", try_it=try_it), trial=made)
    probe = judge_amount(facts)
    return probe.verdict, probe.said, probe.cure


def test_a_trial_that_taught_all_is_well() -> None:
    verdict, said, cure = told(trial((5, 0.5), (6, 0.6), (5, 0.5)))
    assert (verdict, cure) == ("ok", "")
    assert said == (
        "amount means points; +1 was applied, and -1 after it; the balance was 5 points, then 6, and is "
        "5 now"
    )


@pytest.mark.parametrize(
    ("made", "parts"),
    [
        (
            trial((5, None), None, (6, None), add=LOST, take=NOT_SENT),
            (
                "+1 was sent, and may or may not",
                "is 6 now",
                "was not sent again, and -1 was not sent",
            ),
        ),
        (
            trial((5, None), None, None, add=LOST, take=NOT_SENT),
            ("was 5 points before, and could not be read since", "Look at the customer's history"),
        ),
        (
            trial((5, None), (6, None), (6, None), take=LOST),
            (
                "amount means points",
                "-1 after it may or may not",
                "is 6 now",
                "take 1 away by hand",
            ),
        ),
        (
            trial((5, None), (6, None), (5, None), take=LOST),
            (
                "-1 after it may or may not",
                "is 5 now",
                "-1 was applied, and there is nothing to do",
            ),
        ),
        (
            trial((5, None), (6, None), (6, None), take=REFUSED),
            ("-1 after it was refused", "is 6 now", "take 1 away by hand"),
        ),
        (
            trial((5, None), (6, None), None, take=NOT_SENT),
            ("-1 after it was not sent", "6 points when it was last read", "take 1 away by hand"),
        ),
        (
            trial((5, None), None, (5, None), add=REFUSED, take=NOT_SENT),
            ("+1 was refused (job 7 ended as failed), and nothing was adjusted", "is 5 now"),
        ),
        (
            trial((5, None), (6, None), (8, None)),
            ("is 8 now", "compare the balance with the dashboard"),
        ),
        (trial((5, None), (5, None), (5, None)), ("could not be seen", "try another customer")),
        (trial(None, None, None, NOT_SENT, NOT_SENT), ("nothing was adjusted", "another customer")),
    ],
)
def test_a_trial_that_went_wrong_says_where_the_balance_is_and_what_to_do(
    made: Trial, parts: Sequence[str]
) -> None:
    verdict, said, cure = told(made)
    assert verdict == "hinders"
    for part in parts:
        assert part in f"{said} {cure}"


def test_a_trial_that_nobody_asked_for_or_that_could_not_begin_is_no_hindrance() -> None:
    assert told(None, try_it=False)[0] == "skipped"
    assert told(None)[0] == "unknown"


def status(
    state: JobState,
    good: Sequence[Mapping[str, Any]] | None = None,
    bad: Sequence[Mapping[str, Any]] | None = None,
    **counts: Any,
) -> JobStatus:
    results = None if good is None and bad is None else JobResults(good or (), bad or ())
    return JobStatus(7, state, results=results, **counts)


ENTRY = {"customerId": "c1", "message": "done"}


@pytest.mark.parametrize(
    ("seen", "fate"),
    [
        (status(JobState.COMPLETED, [ENTRY], [], finished=1, errors=0), Fate.APPLIED),
        (status(JobState.COMPLETED, finished=1, errors=0), Fate.APPLIED),
        (status(JobState.COMPLETED, [], [ENTRY], finished=0, errors=1), Fate.REFUSED),
        (status(JobState.FAILED, [], [ENTRY], finished=0, errors=1), Fate.REFUSED),
        (status(JobState.FAILED, errors=1), Fate.REFUSED),
        (status(JobState.FAILED), Fate.UNSURE),
        (status(JobState.COMPLETED), Fate.UNSURE),
        (status(JobState.COMPLETED, [ENTRY], [ENTRY]), Fate.UNSURE),
        (status(JobState.FAILED, [ENTRY]), Fate.UNSURE),
        (status(JobState.STOPPED, [ENTRY]), Fate.UNSURE),
        (status(JobState.STOPPED, [], [ENTRY]), Fate.UNSURE),
        (status(JobState.STOPPED), Fate.UNSURE),
        (status(JobState.RUNNING, [ENTRY], finished=1), Fate.UNSURE),
    ],
)
def test_what_became_of_an_adjustment_is_proven_or_unsure(seen: JobStatus, fate: Fate) -> None:
    assert fate_of(seen) is fate


@pytest.mark.parametrize(
    ("entry", "balance"),
    [
        ({"customerId": "c1", "totalPointsBalance": 5, "totalPointsValue": 0.5}, Balance(5, 0.5)),
        ({"customerId": "c1", "totalPointsBalance": 0}, Balance(0, None)),
        ({"customerId": "c1", "totalPointsBalance": 5, "totalPointsValue": "?"}, Balance(5, None)),
        ({"customerId": "c2", "totalPointsBalance": 5}, None),  # somebody else's
        ({"customerId": "c1", "totalPointsBalance": True}, None),
        ({"customerId": "c1", "totalPointsBalance": float("nan")}, None),
        ({"customerId": "c1", "points": 5}, None),
    ],
)
def test_a_balance_is_read_of_the_customer_that_was_asked_about(
    entry: Mapping[str, Any], balance: Balance | None
) -> None:
    assert balance_of(status(JobState.COMPLETED, [entry]), "c1") == balance


@pytest.mark.parametrize(
    ("amount", "amounts", "looks"),
    [
        (points(), [5, 10, 200], False),
        (points(), [5.0, Decimal(10)], False),
        (points(), [5, 12.5], True),
        (points(), [], False),
        (money(10), [5] * 10, True),
        (money(10), [5] * 9, False),  # too few to tell
        (money(10), [5] * 20 + [Decimal("0.5")], False),
        (Amount(counts="either", points_for_one=1), [5.5] * 20, False),
    ],
)
def test_amounts_of_a_file_may_look_like_the_other_unit(
    amount: Amount, amounts: list[int | float | Decimal], looks: bool
) -> None:
    assert (looks_like_the_other_unit(amount, amounts) is not None) is looks


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0"), (-1, "-1"), (0.25, "0.25"), (1_234_567.0, "1,234,567"), (3.3333333, "3.333333")],
)
def test_a_balance_is_never_rounded_to_its_first_digits(number: float, words: str) -> None:
    assert plainly(number) == words
