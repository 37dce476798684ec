"""Errors say what happened, and survive being sent to another process."""

from __future__ import annotations

import copy
import pickle

import pytest

from gameball_async import (
    AnswerLostError,
    AuthenticationError,
    ChunkError,
    ClosedError,
    ConfigurationError,
    DeadlineError,
    ErrorObject,
    FateUnknownError,
    Fault,
    GameballError,
    InputError,
    ItemError,
    Job,
    JobState,
    JobStatus,
    JournalError,
    NotSentError,
    RateLimitError,
    RejectedError,
    RowsError,
    ServerError,
    UnknownJobError,
)

OBJECT = ErrorObject(422, 3003, "validation_error", "Invalid value", "r1", retry_after=2.0)
ERRORS = [
    AnswerLostError("a"),
    AuthenticationError(OBJECT, doing="a chunk"),
    ChunkError("a"),
    ClosedError("a"),
    ConfigurationError("a"),
    DeadlineError(Job(7), JobStatus(7, JobState.RUNNING), 3.5),
    FateUnknownError("events", "a reset"),
    FateUnknownError("orders", "a reset", repeatable=True),
    InputError("is not text", path="x.csv", line=3),
    RowsError("the rows ended"),
    ItemError([Fault("amount", "is missing")], position=4),
    JournalError("a"),
    NotSentError("a"),
    RateLimitError(OBJECT),
    RejectedError(OBJECT),
    ServerError(OBJECT),
    UnknownJobError(7),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_comes_back_from_a_pickle_as_it_was(error: GameballError) -> None:
    for back in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301
        assert type(back) is type(error)
        assert str(back) == str(error)
        assert vars(back) == vars(error)


def test_a_deadline_is_a_timeout_and_a_bad_setting_is_a_value_error() -> None:
    assert issubclass(DeadlineError, TimeoutError)
    assert issubclass(ConfigurationError, ValueError)
    assert issubclass(ItemError, ValueError)


def test_messages_name_what_happened_to_what_and_what_to_do() -> None:
    assert "code 3003" in str(RejectedError(OBJECT, doing="a chunk of orders"))
    assert "a chunk of orders" in str(RejectedError(OBJECT, doing="a chunk of orders"))
    assert "x.csv, line 3" in str(InputError("is not text", path="x.csv", line=3))
    assert "not sent again" in str(FateUnknownError("events", "a reset"))
    assert "is safe" in str(FateUnknownError("orders", "a reset", repeatable=True))
