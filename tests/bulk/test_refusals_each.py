"""Each error that a submission may end with, and what it makes of the chunk and of the run."""

from __future__ import annotations

import pytest

from gameball_async.api.kinds import KINDS
from gameball_async.api.responses import error_for
from gameball_async.bulk.refusals import fate_unknown, refusal_of, repeated_job_id
from gameball_async.errors import (
    AnswerLostError,
    ErrorObject,
    FateUnknownError,
    GameballError,
    JournalError,
    NotGameballError,
    NotSentError,
    SharedQuotaError,
)
from gameball_async.rows.outcome import Outcome

CUSTOMERS, ADJUSTMENTS = KINDS["customers"], KINDS["balance-adjustments"]
REJECTED, UNSENT, UNSURE = Outcome.REJECTED, Outcome.UNSENT, Outcome.INDETERMINATE


def answered(status: int, message: str | None = "Bad payload") -> GameballError:
    return error_for(ErrorObject(status, 3016, message=message), "a submission")


@pytest.mark.parametrize(
    ("error", "outcome", "ends_run", "too_large"),
    [
        (answered(400), REJECTED, False, False),
        (answered(413), REJECTED, False, True),
        (answered(414), REJECTED, False, False),
        (answered(401), REJECTED, True, False),
        (answered(403), REJECTED, True, False),
        (answered(500), REJECTED, False, False),
        (answered(429), UNSENT, True, False),
        (NotSentError("no way"), UNSENT, True, False),
        (SharedQuotaError("no store"), UNSENT, True, False),
        (JournalError("no disk"), UNSENT, True, False),
    ],
)
def test_what_surely_was_not_applied(
    error: GameballError, outcome: Outcome, ends_run: bool, too_large: bool
) -> None:
    told = refusal_of(error, False, CUSTOMERS)
    assert (told.outcome, told.ends_run, told.too_large) == (outcome, ends_run, too_large)
    assert told.error is error
    if outcome is UNSENT:
        assert told.reason.text == str(error)


@pytest.mark.parametrize(
    ("error", "ends_run"),
    [
        (answered(500), False),
        (answered(429), True),
        (AnswerLostError("lost"), False),
        (NotGameballError("a.example", 200), True),
        (NotSentError("no way"), True),
        (SharedQuotaError("no store"), True),
    ],
)
def test_what_may_have_been_applied(error: GameballError, ends_run: bool) -> None:
    told = refusal_of(error, True, CUSTOMERS)
    assert (told.outcome, told.ends_run, told.too_large) == (UNSURE, ends_run, False)
    assert told.reason.text == f"this row may or may not have been applied: {error}"
    assert isinstance(told.error, FateUnknownError)
    assert told.error.evidence == str(error)


def test_an_unknown_fate_is_told_as_it_came() -> None:
    error = FateUnknownError("customers", "lost")
    assert refusal_of(error, True, CUSTOMERS).error is error


def test_reasons_keep_the_code_that_the_answer_had() -> None:
    assert refusal_of(answered(400), False, CUSTOMERS).reason.code == 3016
    assert refusal_of(answered(400), True, CUSTOMERS).reason.code == 3016
    assert refusal_of(answered(429), False, CUSTOMERS).reason.code == 3016
    assert refusal_of(NotSentError("no way"), False, CUSTOMERS).reason.code is None


def test_a_refusal_without_a_message_is_told_by_its_status() -> None:
    assert refusal_of(answered(422, None), False, CUSTOMERS).reason.text == "HTTP 422"


def test_a_408_proves_nothing_also_of_a_question() -> None:
    asks = KINDS["balance-inquiries"]
    assert refusal_of(answered(408), True, asks).outcome is UNSURE
    assert refusal_of(answered(422), True, asks).outcome is REJECTED
    assert refusal_of(answered(500), True, asks).outcome is UNSURE


def test_a_job_that_another_chunk_has_become_proves_nothing() -> None:
    told = repeated_job_id(CUSTOMERS, 7)
    assert (told.outcome, told.ends_run, told.too_large) == (UNSURE, False, False)
    evidence = "the answer named job 7, which belongs to another chunk"
    assert told.reason.text == f"this row may or may not have been applied: {evidence}"
    assert isinstance(told.error, FateUnknownError)
    assert (told.error.kind, told.error.evidence) == ("customers", evidence)


def test_only_of_a_kind_that_can_be_repeated_it_is_said_that_it_may_be_sent_again() -> None:
    assert fate_unknown(CUSTOMERS, "lost").repeatable
    assert not fate_unknown(ADJUSTMENTS, "lost").repeatable
    assert fate_unknown(ADJUSTMENTS, "lost").kind == "balance-adjustments"
