"""What it means for a chunk's rows that their request came to nothing."""

from __future__ import annotations

from attrs import frozen

from ..api.kinds import Kind, Replay
from ..errors import (
    APIError,
    AuthenticationError,
    FateUnknownError,
    GameballError,
    NotGameballError,
    NotSentError,
    RateLimitError,
    RejectedError,
    SharedQuotaError,
)
from ..rows.outcome import Outcome, Reason

SECOND_ATTEMPT = (
    "refused on a second attempt; the answer to the first was lost, so it may have been applied"
)


@frozen
class Refusal:
    """
    What becomes of a chunk that was not accepted.

    Attributes:
        outcome: of each of its rows.
        reason: of each of its rows.
        error: to raise where this ends the run.
        ends_run: whether every other chunk would meet the same.
        too_large: whether smaller chunks may pass.
    """

    outcome: Outcome
    reason: Reason
    error: GameballError
    ends_run: bool = False
    too_large: bool = False


def refusal_of(error: GameballError, unsure: bool, kind: Kind) -> Refusal:
    """
    Judge a submission that was given up.

    Args:
        error: why the last try failed.
        unsure: whether some try may have been applied all the same.
        kind: the batch kind.
    """
    code = error.code if isinstance(error, APIError) else None
    ends_run = isinstance(
        error,
        (AuthenticationError, NotGameballError, NotSentError, RateLimitError, SharedQuotaError),
    )
    refused = error if isinstance(error, (RejectedError, AuthenticationError)) else None
    if refused and refused.status == 408:
        refused = None  # a proxy's time is up: the server may have had it
    if unsure and not (refused and kind.asks):  # a question applies nothing
        fate = error if isinstance(error, FateUnknownError) else fate_unknown(kind, str(error))
        text = f"this row may or may not have been applied: {error}"
        if refused:
            text = f"{SECOND_ATTEMPT} ({refused.error})"
        reason = Reason(text, code)
        return Refusal(Outcome.INDETERMINATE, reason, fate, ends_run)
    if isinstance(error, APIError) and not isinstance(error, RateLimitError):
        text = error.error.message or f"HTTP {error.status}"
        if isinstance(error, AuthenticationError):
            text = f"the keys were refused, not the row: {text}"
        reason = Reason(text, code)
        too_large = error.status == 413
        return Refusal(Outcome.REJECTED, reason, error, ends_run, too_large)
    return Refusal(Outcome.UNSENT, Reason(str(error), code), error, ends_run=True)


def repeated_job_id(kind: Kind, job_id: int) -> Refusal:
    """The answer named a job that this run has already: a stale answer, which proves nothing."""
    evidence = f"the answer named job {job_id}, which belongs to another chunk"
    reason = Reason("this row may or may not have been applied: " + evidence)
    return Refusal(Outcome.INDETERMINATE, reason, fate_unknown(kind, evidence))


def fate_unknown(kind: Kind, evidence: str) -> FateUnknownError:
    """What is raised of a chunk of which nobody knows whether it was accepted."""
    return FateUnknownError(kind.name, evidence, kind.replay is not Replay.UNREPEATABLE)
