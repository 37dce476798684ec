"""
Every error that the library raises, in one tree::

    GameballError
    ├── ConfigurationError      a setting or a key is unusable (also a ValueError)
    ├── InputError              a file cannot be read any further; names the line and the cure
    ├── RowsError               the rows of a program cannot be read any further
    ├── JournalError            a journal cannot be used, or cannot be written any further
    ├── ItemError               an item breaks the API's rules; lists every fault (also a ValueError)
    ├── ChunkError              a chunk is empty, too long, or not a list of items (also a ValueError)
    ├── ClosedError             the client is closed, or belongs to another event loop
    ├── SharedQuotaError        the shared quota is unavailable, and the client may not send without it
    ├── APIError                Gameball answered with an error; carries its error object
    │   ├── AuthenticationError     401 or 403: the keys, the plan or High Security Mode
    │   ├── RateLimitError          429 for longer than the client is willing to wait
    │   ├── RejectedError           any other 4xx: the whole request was refused
    │   └── ServerError             5xx
    ├── TransportError          no answer from Gameball
    │   ├── NotSentError            it is certain that nothing of the request reached Gameball
    │   │   └── UnreachableError        cannot connect; says why, and whether waiting can help
    │   └── AnswerLostError         the request was written, but the answer is lost, late or unreadable
    │       └── NotGameballError        the first answer is a web page or a redirect: not Gameball's
    ├── FateUnknownError        a submission may or may not have been accepted; it was not repeated
    ├── UnknownJobError         Gameball does not know the job, or no longer knows it
    ├── DeadlineError           a job did not finish in time (also a TimeoutError); you may watch it again
    └── RunDeadlineError        a run did not finish in time, or stalled (also a TimeoutError); resume it

Messages say what happened, to what, and what to do now. They never contain keys or row data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .faults import ErrorObject, Fault

if TYPE_CHECKING:
    from .api.jobs import Job, JobStatus

__all__ = [
    "APIError", "AnswerLostError", "AuthenticationError", "ChunkError", "ClosedError",
    "ConfigurationError", "DeadlineError", "ErrorObject", "FateUnknownError", "Fault",
    "GameballError", "InputError", "ItemError", "JournalError", "NotGameballError", "NotSentError",
    "RateLimitError", "RejectedError", "RowsError", "RunDeadlineError", "ServerError",
    "SharedQuotaError", "TransportError", "UnknownJobError", "UnreachableError",
]  # fmt: skip


class GameballError(Exception):
    """The base class of every error that the library raises. All of them can be pickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.args), self.__dict__


def _again(kind: type[GameballError], args: tuple[Any, ...]) -> GameballError:
    """An unpickled error: its message as it was, rather than made once more."""
    error = kind.__new__(kind)
    error.args = args
    return error


class ConfigurationError(GameballError, ValueError):
    """A setting or a key is unusable. Its value is never shown."""


class InputError(GameballError):
    """
    A file cannot be read any further.

    Attributes:
        path: the file, as it was given.
        line: the line where reading ended, counted from 1; None if the error is not about a line.
    """

    def __init__(self, message: str, *, path: str, line: int | None = None) -> None:
        self.path = path
        self.line = line
        where = path if line is None else f"{path}, line {line}"
        super().__init__(f"{where}: {message}")


class RowsError(GameballError):
    """
    The rows of a program cannot be read any further; rows read before are sent and accounted for.

    Their iterator was cancelled or closed from within, or yielded a position twice.
    """


class JournalError(GameballError):
    """
    A journal cannot be used, or cannot be written any further.

    It belongs to another run, another process holds it, it is damaged, or the disk fails. The client
    never submits anything that it could not record first.
    """


class ItemError(GameballError, ValueError):
    """An item breaks the API's rules. *faults* lists all of them."""

    def __init__(self, faults: Sequence[Fault], *, position: int | None = None) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        self.position = position
        what = "item" if position is None else f"item {position}"
        super().__init__(f"{what} was not sent: " + "; ".join(map(str, self.faults)))


class ChunkError(GameballError, ValueError):
    """A chunk is empty, longer than 1,000 items, or not a list of items. Nothing was sent."""


class ClosedError(GameballError):
    """The client is closed, is not open yet, or is used from another event loop."""


class SharedQuotaError(GameballError):
    """
    The store of the shared quota is unavailable, and the client is set not to continue without it.

    The request was not sent. *heals*: whether waiting may help; it does not if a password is refused.
    """

    def __init__(self, message: str, *, heals: bool = True) -> None:
        self.heals = heals
        super().__init__(message)


class APIError(GameballError):
    """Gameball answered with an error. *error* is its error object."""

    advice: str = "look the code up in Gameball's list of errors"

    def __init__(
        self, error: ErrorObject, *, doing: str = "a request", advice: str | None = None
    ) -> None:
        self.error = error
        self.doing = doing
        self.advice: str = advice or type(self).advice
        super().__init__(f"Gameball refused {doing} ({error}): {self.advice}")

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.error.status

    @property
    def code(self) -> int | None:
        """Gameball's code; None if the answer had none."""
        return self.error.code


class AuthenticationError(APIError):
    """401 or 403: the keys, the plan, or High Security Mode."""

    advice = "check both keys, the plan, and whether the account is in High Security Mode"


class RateLimitError(APIError):
    """429 for longer than the client is willing to wait (`Patience.limited`)."""

    advice = (
        "wait as long as it asks, then try again. If other programs use this account's quota, "
        "lower yours with --quota (quota)"
    )


class RejectedError(APIError):
    """Gameball refused the whole request with a 4xx. Nothing of it was applied."""

    advice = "nothing of this request was applied; fix what the message names and send it again"


class ServerError(APIError):
    """5xx: a problem at Gameball."""

    advice = "the problem is on Gameball's side; try again later"


class TransportError(GameballError):
    """No answer from Gameball was received."""


class NotSentError(TransportError):
    """It is certain that nothing of the request reached Gameball."""


class UnreachableError(NotSentError):
    """
    Cannot connect to *host* because of *reason*; *cure* says what to do. Nothing was sent.

    If waiting can help (*heals*), the client has tried for *seconds*.
    """

    def __init__(
        self, host: str, reason: str, cure: str, *, heals: bool, seconds: float = 0.0
    ) -> None:
        self.host: str = host
        self.reason: str = reason
        self.cure: str = cure
        self.heals: bool = heals
        self.seconds: float | None = seconds
        tried = f", tried for {seconds:.0f} s" if seconds >= 1 else ""
        super().__init__(
            f"cannot connect to {host}: {reason}{tried}. Nothing was sent. What to do: {cure}"
        )


class AnswerLostError(TransportError):
    """The request was sent, but its answer is lost, late or unreadable."""


class NotGameballError(AnswerLostError):
    """The first answer to a client, from *host* with *status*, is a web page or a redirect."""

    def __init__(self, host: str, status: int) -> None:
        self.host: str = host
        self.status: int = status
        what = "a redirect" if 300 <= status < 400 else "a web page"
        super().__init__(
            f"{host} answered with {what} (HTTP {status}): it is not Gameball's API, or a login "
            "page of this network is in the way. What to do: log in to the network with a "
            "browser; otherwise check the address (base_url, GAMEBALL_BASE_URL, --base-url)"
        )


class FateUnknownError(GameballError):
    """
    A submission may or may not have been accepted, and the client could not find out.

    Attributes:
        kind: name of the batch kind.
        evidence: what came instead of an answer.
        repeatable: whether it is safe to send the same items again.
    """

    def __init__(self, kind: str, evidence: str, repeatable: bool = False) -> None:
        self.kind = kind
        self.evidence = evidence
        self.repeatable = repeatable
        advice = (
            "Sending the same items again is safe: resume the run, or submit them again"
            if repeatable
            else "It was not sent again: check some of its items in the dashboard before you send "
            "it again"
        )
        super().__init__(
            f"a chunk of {kind} may or may not have been accepted ({evidence}). {advice}"
        )


class UnknownJobError(GameballError):
    """Gameball does not know the job, or no longer knows it."""

    def __init__(self, job_id: int, why: str | None = None) -> None:
        self.job_id = job_id
        super().__init__(
            why
            or f"Gameball does not know job {job_id}: check the number, and that the keys belong "
            "to the account that submitted it"
        )


class RunDeadlineError(GameballError, TimeoutError):
    """A run did not finish in time, or stalled. *left_open*: its open jobs, each with its last state."""

    def __init__(self, why: str, left_open: Mapping[int, str]) -> None:
        self.left_open: dict[int, str] = dict(left_open)
        shown = ", ".join(f"{job} ({state})" for job, state in list(self.left_open.items())[:5])
        more = f" and {len(self.left_open) - 5:,} more" if len(self.left_open) > 5 else ""
        jobs = f"jobs still open: {shown}{more}" if shown else "no job is open"
        super().__init__(f"{why}; {jobs}. Resume the run to continue")


class DeadlineError(GameballError, TimeoutError):
    """
    A job did not finish in time. It keeps running at Gameball, and you may watch it again.

    Attributes:
        job: the job.
        status: its last known status; None if no status was received.
    """

    def __init__(
        self, job: Job, status: JobStatus | None, seconds: float, *, stalled: bool = False
    ) -> None:
        self.job = job
        self.status = status
        seen = "was never seen" if status is None else f"was last seen {status.shown_state}"
        why = "has not moved for" if stalled else "did not finish within"
        super().__init__(
            f"job {job.id} {why} {seconds:g} s ({seen}). It is still open at Gameball: watch it "
            "again, or stop it"
        )
