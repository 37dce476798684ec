"""
What an open client does, as values: one event for each thing that happens.

None of them holds a key, and none but `JobTransition`, whose last status lists them, holds single rows. Texts
of Gameball's are escaped and cut before they get here. They are named tuples, since they are imported
with every client and an attrs class takes three times as long to make.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from attrs import evolve

from ..api.responses import http_date, parse_retry_after, read_error
from ..errors import APIError, ErrorObject, GameballError

if TYPE_CHECKING:  # imported with the client: it brings along nothing that it need not
    from ..api.jobs import Job, Transition
    from ..api.wire import About, WireRequest, WireResponse
    from ..rows.outcome import Outcome
    from ..rows.report import Report


def why(error: Exception) -> str:
    """What went wrong, in words, but without Gameball's own message, which may quote a row."""
    if isinstance(error, APIError):
        return str(evolve(error.error, message=None))
    return str(error)


class RequestEnded(NamedTuple):
    """
    One HTTP request is over, with or without an answer.

    Attributes:
        method: GET, POST or DELETE.
        route: its path with ``{jobId}`` in place of a number: one value for each type of call.
        path: its path.
        kind: the batch kind of a submission; None for other requests.
        job_id: the job that was asked about or stopped; None for other requests.
        attempt: the number of the attempt within one call, from 1.
        polled: whether it was a poll, made in the background for everything that watches the job.
        seconds: seconds from its quota slot to the complete answer, or to the failure.
        waited: seconds that it waited for quota before.
        sent: bytes of its body.
        received: bytes of the answer's decoded body; 0 if no answer came.
        status: the HTTP status; None if no complete answer came.
        error: Gameball's error object if the request was refused; otherwise None.
        error_type: the status if the request was refused, such as ``429``; the exception's name if no
            answer came, such as ``AnswerLostError``; None if all is well.
        server_time: the answer's ``Date`` header, in seconds since 1970; None if it had none.
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
    server_time: float | None = None

    @classmethod
    def of(
        cls,
        request: WireRequest,
        answer: WireResponse | None,
        failure: BaseException | None,
        seconds: float,
    ) -> RequestEnded:
        """The event for *request* with its *answer*, or with the *failure* if none came."""
        about, refusal = request.about, None
        error_type = None if failure is None else type(failure).__name__
        told = None if answer is None else http_date(answer.date or "")
        if answer is not None and not 200 <= answer.status < 300:
            wait = parse_retry_after(answer.retry_after, answer.date)
            refusal = read_error(answer.status, answer.body, retry_after=wait)
            error_type = str(answer.status)
        return cls(
            method=request.method,
            route=about.route,
            path=request.path,
            kind=about.kind,
            job_id=about.job_id,
            attempt=about.attempt,
            polled=about.polled,
            seconds=seconds,
            waited=about.waited,
            sent=len(request.body or b""),
            received=0 if answer is None else len(answer.body),
            status=None if answer is None else answer.status,
            error=refusal,
            error_type=error_type,
            server_time=None if told is None else told.timestamp(),
        )

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
    "UnreachableError": "unsent",
    "ClosedError": "unsent",
    "CancelledError": "cancelled",
}


class RetryScheduled(NamedTuple):
    """
    A request has failed and will be made again.

    Attributes:
        method: GET, POST or DELETE.
        route: its path with ``{jobId}`` in place of a number.
        kind: the batch kind of a submission; None for all else.
        job_id: the job that was asked about; None for all else.
        attempt: which attempt has failed, from 1; always 1 for a poll.
        error_type: name of the exception, such as ``AnswerLostError``.
        why: what went wrong, in words of ours.
        wait: seconds until the next attempt, at least; None for a poll, whose schedule decides.
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
    def of(
        cls, method: str, about: About, error: GameballError, wait: float | None
    ) -> RetryScheduled:
        """A retry of the request that *about* describes, because of *error*."""
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


class ConnectionTrouble(NamedTuple):
    """
    The client cannot connect to *host*. Emitted at the first failure, and for each new reason.

    Attributes:
        host: host and port; those of the proxy if the proxy cannot be reached.
        reason: the reason that the operating system or OpenSSL gave.
        seconds_left: how long the client keeps trying; 0 if waiting cannot help.
    """

    host: str
    reason: str
    seconds_left: float


class ConnectionRestored(NamedTuple):
    """*host* answered again, *seconds* after the trouble was first reported."""

    host: str
    seconds: float


class QuotaPaused(NamedTuple):
    """A 429: its bucket sends nothing for *seconds*, then uses *quota_share* of the limits, until that grows back."""

    seconds: float
    quota_share: float


class JobAccepted(NamedTuple):
    """A chunk has become *job*. *resent*: an earlier attempt may have been applied too."""

    job: Job
    resent: bool


class WatchStarted(NamedTuple):
    """*job* is watched that was not before."""

    job: Job


class JobTransition(NamedTuple):
    """
    A watched job has moved; emitted once, however many watch it.

    Attributes:
        change: from where to where.
        seconds: since it was first watched, which for a bulk run is when it was accepted.
    """

    change: Transition
    seconds: float


class WatchFailed(NamedTuple):
    """*job* cannot be watched any more: the name of the exception, and what went wrong, in words."""

    job: Job
    error_type: str
    why: str


class StatusNotFound(NamedTuple):
    """No path answers when a job is asked about. *why*: what was answered, and what to do."""

    why: str


class RowsSettled(NamedTuple):
    """Rows of a bulk run of *kind* have their outcome: how many of them have which."""

    kind: str
    counts: Mapping[Outcome, int]


class RunStarted(NamedTuple):
    """A bulk run of *kind* starts. *done*: rows that were settled before, for a run that is resumed."""

    kind: str
    done: int


class RunEnded(NamedTuple):
    """
    A bulk run is over.

    Attributes:
        report: what became of its rows.
        error_type: name of the exception that stopped it early; None where it finished.
    """

    report: Report
    error_type: str | None

    def __repr__(self) -> str:  # the report's reasons hold Gameball's messages
        return f"RunEnded(kind={self.report.kind!r}, error_type={self.error_type!r})"


class UnknownFieldMet(NamedTuple):
    """
    A field that Gameball does not know appears for the first time in a run or call.

    Attributes:
        kind: name of the batch kind.
        field: its name in the rows.
        meant: the field that was probably meant; None if none is similar.
    """

    kind: str
    field: str
    meant: str | None


class JournalFailed(NamedTuple):
    """The journal of a run of *kind* cannot be written: nothing more is sent. *why*, in words."""

    kind: str
    why: str


Event = (
    RequestEnded | RetryScheduled | ConnectionTrouble | ConnectionRestored | QuotaPaused | JobAccepted
    | WatchStarted | JobTransition | WatchFailed | StatusNotFound | RowsSettled | RunStarted | RunEnded
    | JournalFailed | UnknownFieldMet
)  # fmt: skip
