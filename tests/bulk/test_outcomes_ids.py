"""Ids that are not quite what was sent, and refusals that may hide an order that is there."""

from __future__ import annotations

from typing import Any

import pytest

from gameball_async.api.jobs import JobResults, JobState, JobStatus
from gameball_async.api.kinds import KINDS
from gameball_async.bulk.matching import id_text
from gameball_async.bulk.outcomes import settle
from gameball_async.rows.outcome import Outcome

OK, FAILED, UNSURE = Outcome.SUCCEEDED, Outcome.FAILED, Outcome.INDETERMINATE


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("007", "007"),
        (7, "7"),
        (7.0, "7"),
        (-7.0, "-7"),
        (7.5, None),
        (True, None),
        (None, None),
        ([7], None),
        (2.0**53 - 1, "9007199254740991"),
        (2.0**53, None),  # 9007199254740993 arrives as the same number
        (-(2.0**53), None),
        (float("inf"), None),
        (2**70, "1180591620717411303424"),
    ],
)
def test_a_number_names_an_id_only_where_it_is_exact(value: object, text: str | None) -> None:
    assert id_text(value) == text


def test_an_id_that_lost_its_last_digit_on_its_way_decides_nothing() -> None:
    status = JobStatus(
        1, JobState.COMPLETED, results=JobResults([{"customerId": 9007199254740993.0}], [])
    )
    found = settle(KINDS["customers"], ["9007199254740992"], None, status)
    assert (found.outcomes, found.foreign) == ([UNSURE], 1)


@pytest.mark.parametrize(("code", "order"), [(3003, UNSURE), (3016, UNSURE), (3000, FAILED)])
def test_an_order_refused_as_invalid_may_be_there_already_and_other_items_are_not(
    code: int, order: Outcome
) -> None:
    """Under which code a duplicate order is refused is not documented; it may be an invalid value or payload."""
    entries: list[Any] = [{"customerId": "a", "error": "Refused", "code": code}]
    status = JobStatus(1, JobState.COMPLETED, results=JobResults([], entries))

    def fate(kind: str) -> Outcome:
        return settle(KINDS[kind], ["a"], ["t"], status, resent=True).outcomes[0]

    assert fate("orders") is order
    assert fate("cashback") is FAILED
