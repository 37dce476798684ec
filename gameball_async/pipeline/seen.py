"""
What can be seen of a client from outside: values for logs, hooks and telemetry.

None of them holds a key, and none but `JobMoved`, whose last status lists them, tells of single rows.
Texts of Gameball's are escaped and cut before they get here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from ..errors import APIError, ErrorObject, GameballError

if TYPE_CHECKING:  # this is imported with the client: it brings along nothing that it need not
    from ..api.jobs import Job, Transition
    from ..api.requests import About
    from ..bulk.report import Report
    from ..rows.outcome import Outcome

__all__ = [
    "JobAccepted",
    "JobLost",
    "JobMoved",
    "JobWatched",
    "JournalFailed",
    "PauseSeen",
    "RequestSeen",
    "RetrySeen",
    "RowsSettled",
    "RunBegan",
    "RunEnded",
    "Sighting",
    "StatusMissing",
    "why",
]


def why(error: Exception) -> str:
    """What went wrong, in words, but without Gameball's own message, which may quote a row."""
    if isinstance(error, APIError):
        return str(evolve(error.error, message=None))
    return str(error)


@frozen
class RequestSeen:
    """
    One HTTP request is over, whatever came of it.

    Attributes:
        method: GET, POST or DELETE.
        route: its path with ``{jobId}`` in place of a number: one value for each sort of call.
        path: its path.
        kind: the batch kind of a submission; None for all else.
        job_id: the job that was asked about or stopped; None for all else.
        attempt: which try of one call this was, from 1.
        polled: asked in the background, for whoever watches the job.
        seconds: from the slot to the whole answer, or to what came instead.
        waited: seconds that it waited for quota before.
        sent: bytes of its body.
        received: bytes of the answer's body, decoded; 0 where none came.
        status: the HTTP status; None where no whole answer came.
        error: Gameball's error object in an answer that refuses; None elsewhere.
        error_type: the status of an answer that refuses, such as ``429``; the exception's name
            where no answer came, such as ``AnswerLostError``; None where all is well.
    """

    method: str
    route: str
    path: str
    kind: str | None
    job_id: int | None
    attempt: int
    polled: bool
    seconds: float
    waited: float
    sent: int
    received: int
    status: int | None
    error: ErrorObject | None
    error_type: str | None

    @property
    def outcome(self) -> str:
        """``ok``, ``limited`` (429), ``refused`` (4xx), ``failed``, ``unsent``, ``lost``, ``cancelled``."""
        if self.status is None:
            return _WITHOUT_ANSWER.get(self.error_type or "", "lost")
        if 200 <= self.status < 300:
            return "ok"
        if self.status == 429:
            return "limited"
        return "refused" if 400 <= self.status < 500 else "failed"


_WITHOUT_ANSWER = {
    "NotSentError": "unsent",
    "ClosedError": "unsent",
    "CancelledError": "cancelled",
}


@frozen
class RetrySeen:
    """
    A request has failed and will be made again.

    Attributes:
        method: GET, POST or DELETE.
        route: its path with ``{jobId}`` in place of a number.
        kind: the batch kind of a submission; None for all else.
        job_id: the job that was asked about; None for all else.
        attempt: which try has failed, from 1; always 1 for a poll, which is made again by itself.
        error_type: name of the exception, such as ``AnswerLostError``.
        why: what went wrong, in words of ours.
        wait: seconds until the next try, at least; None where the schedule of polls decides.
        error: Gameball's error object, where it gave one.
    """

    method: str
    route: str
    kind: str | None
    job_id: int | None
    attempt: int
    error_type: str
    why: str
    wait: float | None
    error: ErrorObject | None

    @classmethod
    def of(cls, method: str, about: About, error: GameballError, wait: float | None) -> RetrySeen:
        """A retry of what *about* tells, because of *error*."""
        return cls(
            method=method,
            route=about.route,
            kind=about.kind,
            job_id=about.job_id,
            attempt=about.attempt,
            error_type=type(error).__name__,
            why=why(error),
            wait=wait,
            error=error.error if isinstance(error, APIError) else None,
        )


@frozen
class PauseSeen:
    """
    A 429 was answered: everything in its bucket waits.

    Attributes:
        seconds: how long.
        share: which part of the limits is used after that, until it grows back.
    """

    seconds: float
    share: float


@frozen
class JobAccepted:
    """
    A chunk has become a job.

    Attributes:
        job: the job.
        resent: an earlier try of the same bytes may have been applied too.
    """

    job: Job
    resent: bool


@frozen
class JobWatched:
    """A job is watched that was not before. Attributes: *job*."""

    job: Job


@frozen
class JobMoved:
    """
    A watched job has moved; told once, however many watch it.

    Attributes:
        change: from where to where.
        seconds: since it was first watched, which for a bulk run is when it was accepted.
    """

    change: Transition
    seconds: float


@frozen
class JobLost:
    """
    A job cannot be watched any more.

    Attributes:
        job: the job.
        error_type: name of the exception.
        why: what went wrong, in words.
    """

    job: Job
    error_type: str
    why: str


@frozen
class StatusMissing:
    """
    No path answers when a job is asked about.

    Attributes:
        why: what was answered, and what to do.
    """

    why: str


@frozen
class RowsSettled:
    """
    Rows of a bulk run have their outcome.

    Attributes:
        kind: the batch kind.
        counts: how many of them ended how.
    """

    kind: str
    counts: Mapping[Outcome, int]


@frozen
class RunBegan:
    """
    A bulk run begins.

    Attributes:
        kind: the batch kind.
        done: rows that an earlier attempt has dealt with, for a run that is resumed.
    """

    kind: str
    done: int


@frozen
class RunEnded:
    """
    A bulk run is over.

    Attributes:
        report: what became of its rows.
        error_type: name of the exception that stopped it early; None where it finished.
    """

    report: Report = field(repr=False)
    error_type: str | None


@frozen
class JournalFailed:
    """
    A run's journal cannot be relied upon: nothing more is sent.

    Attributes:
        kind: the batch kind.
        why: what went wrong, in words.
    """

    kind: str
    why: str


Sighting = (
    RequestSeen
    | RetrySeen
    | PauseSeen
    | JobAccepted
    | JobWatched
    | JobMoved
    | JobLost
    | StatusMissing
    | RowsSettled
    | RunBegan
    | RunEnded
    | JournalFailed
)
