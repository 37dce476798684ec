"""What becomes of a chunk whose request was refused or given up."""

from __future__ import annotations

import pytest

from gameball_async.api.kinds import KINDS
from gameball_async.api.responses import error_for
from gameball_async.bulk.refusals import SECOND_ATTEMPT, Refusal, refusal_of
from gameball_async.errors import ErrorObject
from gameball_async.rows.outcome import Outcome


def refused(kind: str, status: int, *, unsure: bool) -> Refusal:
    error = error_for(ErrorObject(status, 3016, message="Bad payload"), "a submission")
    return refusal_of(error, unsure, KINDS[kind])


@pytest.mark.parametrize("kind", ["customers", "orders"])
@pytest.mark.parametrize("status", [400, 401, 413, 422])
def test_rows_refused_on_a_second_attempt_say_that_the_first_may_have_been_applied(
    kind: str, status: int
) -> None:
    told = refused(kind, status, unsure=True)
    assert told.outcome is Outcome.INDETERMINATE
    assert told.reason.text.startswith(f"{SECOND_ATTEMPT} (HTTP {status}")
    assert "nothing of this request was applied" not in told.reason.text
    first = refused(kind, status, unsure=False)
    of_keys = "the keys were refused, not the row: " if status == 401 else ""
    assert (first.outcome, first.reason.text) == (Outcome.REJECTED, f"{of_keys}Bad payload")


@pytest.mark.parametrize("kind", ["balance-inquiries", "order-transactions"])
def test_a_question_that_is_refused_on_a_second_attempt_is_refused(kind: str) -> None:
    """It applies nothing, so nothing of it is in doubt."""
    assert refused(kind, 422, unsure=True).outcome is Outcome.REJECTED


def test_a_408_is_no_refusal() -> None:
    told = refused("customers", 408, unsure=True)
    assert told.reason.text.startswith("this row may or may not have been applied")
