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
    ├── SharedQuotaError        what the quota is shared through is away, and nothing may be sent without
    ├── APIError                Gameball answered with an error; carries its error object
    │   ├── AuthenticationError     401 and 403: the keys, the plan or the mode
    │   ├── RateLimitError          429 for longer than the client is willing to wait
    │   ├── RejectedError           any other 4xx: the whole request was refused
    │   └── ServerError             5xx
    ├── TransportError          no answer of Gameball's was had
    │   ├── NotSentError            provably nothing of the request reached Gameball
    │   │   └── UnreachableError        no connection came about; says why, and whether waiting can mend it
    │   └── AnswerLostError         written, but the answer is lost, late or unreadable
    │       └── NotGameballError        the first answer is a web page or a redirect: not Gameball's
    ├── FateUnknownError        a submission may or may not have been accepted; it was not repeated
    ├── UnknownJobError         Gameball does not know the job (any more)
    ├── DeadlineError           a job was not finished in time (also a TimeoutError); it may be watched again
    └── RunDeadlineError        a run was not over in time, or stood still (also a TimeoutError); resume it

Messages say what happened, to what, and what to do now. Neither keys nor row data are ever in one.
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
    """The root of everything that the library raises on purpose. Any of it can be pickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.args), self.__dict__


def _again(kind: type[GameballError], args: tuple[Any, ...]) -> GameballError:
    """An unpickled error: its message as it was, rather than made once more."""
    error = kind.__new__(kind)
    error.args = args
    return error


class ConfigurationError(GameballError, ValueError):
    """A setting or a key is unusable. The value itself is never shown."""


class InputError(GameballError):
    """
    A file cannot be read any further.

    Attributes:
        path: the file, as it was given.
        line: the line where reading ended, counted from 1; None where no line is to blame.
    """

    def __init__(self, message: str, *, path: str, line: int | None = None) -> None:
        self.path = path
        self.line = line
        where = path if line is None else f"{path}, line {line}"
        super().__init__(f"{where}: {message}")


class RowsError(GameballError):
    """
    The rows that were given cannot be read any further; what was read before is sent and accounted for.

    Their iterator was cancelled or closed from within, or gave a position twice.
    """


class JournalError(GameballError):
    """
    A journal cannot be used, or cannot be written any further.

    It belongs to another run, another process holds it, it is damaged, or the disk refuses. Nothing
    is submitted that could not be recorded before.
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
    """The client is closed or not open yet, or it is used from another event loop."""


class SharedQuotaError(GameballError):
    """
    What the quota is shared through is away, and the client is set not to go on without it.

    The request was not sent. *heals*: whether waiting may mend it; a password that is refused stays so.
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
        """Gameball's code; None where the answer had none."""
        return self.error.code


class AuthenticationError(APIError):
    """401 or 403: the keys, the plan, or High Security Mode."""

    advice = "check both keys, the plan, and whether the account is in High Security Mode"


class RateLimitError(APIError):
    """429 for longer than the client is willing to wait (`Patience.limited`)."""

    advice = (
        "wait as long as it asks, then go on. Where others use this account's quota, lower the quota "
        "setting (--quota)"
    )


class RejectedError(APIError):
    """The whole request was refused with a 4xx: nothing of it was applied."""

    advice = "nothing of this request was applied; mend what the message names and send it again"


class ServerError(APIError):
    """5xx: Gameball's own trouble."""

    advice = "the trouble is on Gameball's side; try again later"


class TransportError(GameballError):
    """No answer of Gameball's was had."""


class NotSentError(TransportError):
    """Provably nothing of the request reached Gameball: nothing has happened."""


class UnreachableError(NotSentError):
    """
    No connection to *host* came about, for *reason*; *cure* says what to do. Nothing was sent.

    Where waiting can mend it (*heals*), it was tried for so many *seconds*.
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
    """The request was written, but its answer is lost, late or unreadable."""


class NotGameballError(AnswerLostError):
    """The first answer that a client got, from *host* with *status*, is a web page or a redirect."""

    def __init__(self, host: str, status: int) -> None:
        self.host: str = host
        self.status: int = status
        what = "a redirect" if 300 <= status < 400 else "a web page"
        super().__init__(
            f"{host} answered with {what} (HTTP {status}): it is not Gameball's API, or a login page "
            "of this network stands in between. What to do: log in to the network with a browser; "
            "else check the address (base_url, GAMEBALL_BASE_URL, --base-url)"
        )


class FateUnknownError(GameballError):
    """
    A submission may or may not have been accepted, and nothing more could be learned of it.

    Attributes:
        kind: name of the batch kind.
        evidence: what was seen instead of an answer.
        repeatable: whether sending the same items again does no harm.
    """

    def __init__(self, kind: str, evidence: str, repeatable: bool = False) -> None:
        self.kind = kind
        self.evidence = evidence
        self.repeatable = repeatable
        advice = (
            "Sending the same items again does no harm: resume the run, or submit them again"
            if repeatable
            else "It was not sent again: check some of its items in the dashboard before you do"
        )
        super().__init__(
            f"a chunk of {kind} may or may not have been accepted ({evidence}). {advice}"
        )


class UnknownJobError(GameballError):
    """Gameball does not know the job, or does not know it any more."""

    def __init__(self, job_id: int, why: str | None = None) -> None:
        self.job_id = job_id
        super().__init__(
            why
            or f"Gameball does not know job {job_id}: check the number, and that the keys are those "
            "of the account that submitted it"
        )


class RunDeadlineError(GameballError, TimeoutError):
    """A run was not over in time, or stood still. *left_open*: its open jobs, each with its last state."""

    def __init__(self, why: str, left_open: Mapping[int, str]) -> None:
        self.left_open: dict[int, str] = dict(left_open)
        shown = ", ".join(f"{job} ({state})" for job, state in list(self.left_open.items())[:5])
        more = f" and {len(self.left_open) - 5:,} more" if len(self.left_open) > 5 else ""
        jobs = f"jobs still open: {shown}{more}" if shown else "no job is open"
        super().__init__(f"{why}; {jobs}. Resume the run to go on with them")


class DeadlineError(GameballError, TimeoutError):
    """
    A job was not finished in time. It goes on at Gameball, and may be watched again.

    Attributes:
        job: the job.
        status: what was last seen of it; None where it was never seen.
    """

    def __init__(
        self, job: Job, status: JobStatus | None, seconds: float, *, stalled: bool = False
    ) -> None:
        self.job = job
        self.status = status
        seen = "was never seen" if status is None else f"was last seen {status.shown_state}"
        why = "has not moved for" if stalled else "was not finished after"
        super().__init__(
            f"job {job.id} {why} {seconds:g} s ({seen}); it goes on at "
            "Gameball: watch it again, or stop it"
        )
