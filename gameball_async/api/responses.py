"""
Reads answers: a submission's, a job's status in both dialects, an error. Says what is not there.

What cannot be read is an AnswerLostError, never a guess: above all, no job is called finished
unless the answer says so in a documented word. Sources: "Batch APIs" (the tutorial's dialect), the
published OpenAPI file (the other one), "Status and Error Codes".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from ..errors import (
    AnswerLostError,
    APIError,
    AuthenticationError,
    ConfigurationError,
    ErrorObject,
    RateLimitError,
    RejectedError,
    ServerError,
)
from .jobs import STATE_WORDS, JobResults, JobState, JobStatus
from .wire import TEXT_LIMIT, WORD_LIMIT, clean_text, count, documented, read_code, read_object
from .wire import job_id as job_id_of

_LONGEST_WAIT = 7 * 86_400.0
_SECONDS = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{1,9})?")

_TUTORIAL = frozenset({"response", "totalCount", "finishedCount", "errorCount"})
_OPENAPI = frozenset(
    {"totalItems", "processedItems", "failedItems", "results", "errors", "progress"}
)


def parse_job_id(value: object) -> int:
    """
    The job id that a user hands in: a positive integer, a whole float or ASCII digits.

    Raises:
        ConfigurationError: it is anything else. It must not get as far as a URL.
    """
    number = job_id_of(value)
    if number is None:
        raise ConfigurationError(
            "a job id is a positive whole number below 2**63, written in the digits 0 to 9; this "
            f"{type(value).__name__} is not one"
        )
    return number


def read_job_id(body: bytes) -> int:
    """
    The job id in the answer to a submission.

    Raises:
        AnswerLostError: there is none that can be relied on; the job may exist all the same.
    """
    answer = read_object(body, "the answer to a submission")
    said = answer.get("jobId")
    number = job_id_of(answer.get("batchId") if said is None else said)
    if number is None:
        raise AnswerLostError("the answer to a submission has no usable job id")
    return number


def read_stop(body: bytes) -> None:
    """
    Make sure that the answer to a stop is one: an object in JSON, or nothing at all.

    The documents say no more than 200. A page of a proxy's is no answer of Gameball's.

    Raises:
        AnswerLostError: it is anything else; the job may be stopped all the same.
    """
    if body.strip():
        read_object(body, "the answer to a stop")


def read_status(body: bytes, job_id: int) -> JobStatus:
    """
    What an answer to a status call says of a job, in either dialect.

    Args:
        body: the answer's bytes.
        job_id: the job that was asked about.

    Raises:
        AnswerLostError: the answer cannot be read, is no job's status, or is about another job.
    """
    answer = read_object(body, f"the status of job {job_id}")
    for name in ("jobId", "batchId"):
        said = answer.get(name)
        if said is not None and job_id_of(said) != job_id:
            raise AnswerLostError(f"the answer to the status of job {job_id} is about another job")
    word = answer.get("status")
    if word is None and not answer.keys() & (_TUTORIAL | _OPENAPI):
        raise AnswerLostError(f"the status of job {job_id} has no field of a status")
    state = JobState.UNKNOWN
    if isinstance(word, str):
        # lower(), not casefold(): the words are ASCII, and nothing else may fold into one.
        state = STATE_WORDS.get(word.strip().lower(), JobState.UNKNOWN)
    if answer.keys() & _OPENAPI and not answer.keys() & _TUTORIAL:
        total, finished, errors = _openapi_counts(answer, state)
        results = _openapi_results(answer)
    else:
        total, finished, errors = (
            count(answer.get(name)) for name in ("totalCount", "finishedCount", "errorCount")
        )
        results = _results(answer.get("response"))
    return JobStatus(
        job_id=job_id,
        state=state,
        word=clean_text(word, WORD_LIMIT),
        operation=_text(answer, "operation"),
        total=total,
        finished=finished,
        errors=errors,
        created_at=_text(answer, "createdAt", WORD_LIMIT),
        started_at=_text(answer, "startedAt", WORD_LIMIT),
        results=results,
    )


def _openapi_counts(
    answer: Mapping[str, Any], state: JobState
) -> tuple[int | None, int | None, int | None]:
    total, done, failed = (
        count(answer.get(name)) for name in ("totalItems", "processedItems", "failedItems")
    )
    # Whether "processed" takes the failed ones in is not written. It does, unless both together
    # make the total of a job that has ended.
    apart = state.final and failed and total == (done or 0) + failed
    if done and failed and not apart:
        done = max(0, done - failed)
    return total, done, failed


def _openapi_results(answer: Mapping[str, Any]) -> JobResults | None:
    listed = answer.get("results")
    if isinstance(listed, dict):
        return _results(listed)
    failed = _entries(answer.get("errors"))
    entries = _entries(listed)
    if entries is None and failed is None:
        return None
    # What goes into "results" is not written: an entry there that tells of a failure is one.
    bad = [entry for entry in entries or () if _tells_failure(entry)]
    good = [entry for entry in entries or () if not _tells_failure(entry)] if bad else entries
    return JobResults(good or (), [*(failed or ()), *bad])


def _tells_failure(entry: Mapping[str, Any]) -> bool:
    if entry.get("error") or entry.get("errors") or entry.get("success") is False:
        return True
    word = entry.get("status")
    return isinstance(word, str) and word.strip().lower() in {"failed", "failure", "error"}


def _results(response: object) -> JobResults | None:
    if not isinstance(response, dict):
        return None
    response = documented(response)
    successful = _entries(response.get("successful"))
    failed = _entries(response.get("failed"))
    if successful is None and failed is None:
        return None
    return JobResults(successful or (), failed or ())


def _entries(value: object) -> Sequence[Mapping[str, Any]] | None:
    """The objects of a list, as they were parsed; None where there is no list."""
    if not isinstance(value, list):
        return None
    if set(map(type, value)) <= {dict}:
        return value
    return [entry for entry in value if isinstance(entry, dict)]


def _text(answer: Mapping[str, Any], name: str, limit: int = TEXT_LIMIT) -> str | None:
    return clean_text(answer.get(name), limit) or None


def read_error(status: int, body: bytes, *, retry_after: float | None = None) -> ErrorObject:
    """
    Gameball's error object in a non-2xx answer, as far as there is one. Never raises.

    Args:
        status: the HTTP status.
        body: the answer's bytes: Gameball's object, a proxy's page, or nothing.
        retry_after: seconds, as :func:`parse_retry_after` read them.
    """
    try:
        answer = read_object(body, "the error")
    except AnswerLostError:
        return ErrorObject(status, retry_after=retry_after)
    inner = answer.get("error")
    if isinstance(inner, dict) and answer.get("code") is None:
        answer |= documented(inner)
    texts = (_text(answer, name) for name in ("message", "error", "detail", "title"))
    return ErrorObject(
        status,
        code=read_code(answer.get("code")),
        type=_text(answer, "type"),
        message=next((text for text in texts if text), None),
        request_id=_text(answer, "requestId"),
        retry_after=retry_after,
    )


def error_for(error: ErrorObject, doing: str, *, asks: bool = False) -> APIError:
    """
    The exception for an error object.

    Args:
        error: what the answer said.
        doing: what was refused, such as "a submission".
        asks: it was a question, which applies nothing.
    """
    status = error.status
    if status in (401, 403):
        return AuthenticationError(error, doing=doing)
    if status == 429:
        return RateLimitError(error, doing=doing)
    if 400 <= status < 500:
        advice = "fix what the message names and ask again" if asks else None
        return RejectedError(error, doing=doing, advice=advice)
    return (ServerError if status >= 500 else APIError)(error, doing=doing)


def parse_retry_after(value: str | None, date: str | None) -> float | None:
    """
    Seconds to wait, from the header ``Retry-After``; None where it says nothing usable.

    Args:
        value: ``Retry-After``: seconds, or an HTTP date.
        date: ``Date`` of the same answer. A date is counted from there, not from a clock of ours,
            which may be wrong.

    Returns:
        0 to 604,800 seconds, a week.
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return min(max(float(text), 0.0), _LONGEST_WAIT)
    until, now = http_date(text), http_date(date or "")
    if until is None or now is None:
        return None
    return min(max((until - now).total_seconds(), 0.0), _LONGEST_WAIT)


def http_date(text: str) -> datetime | None:
    """The instant that an HTTP date names; None where it is none."""
    if not 0 < len(text) <= 64:
        return None
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)
