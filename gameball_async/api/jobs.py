"""
Jobs: their states, the legal moves between them, and what an answer says of one.

Only facts of the API live here, as data. Source: "Batch APIs", steps 2 and 3 (the five states and
their samples), and the published OpenAPI file (the other dialect's words).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any

from attrs import field, frozen


class JobState(Enum):
    """The state of a job. UNKNOWN is any state that is not documented; the job may still end."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    STOPPED = "stopped"
    UNKNOWN = "unknown"

    @property
    def final(self) -> bool:
        """Whether a job in this state no longer changes."""
        return self in _FINAL


_FINAL = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.STOPPED})

# Both dialects' words, compared without regard to case.
STATE_WORDS: Mapping[str, JobState] = {
    "queued": JobState.QUEUED,
    "pending": JobState.QUEUED,
    "running": JobState.RUNNING,
    "processing": JobState.RUNNING,
    "completed": JobState.COMPLETED,
    "failed": JobState.FAILED,
    "stopped": JobState.STOPPED,
}

# From where to where a watcher may be told that a job has moved. What is not here (a state that
# goes back, anything after an end) is an answer out of date, and no transition.
MOVES: Mapping[JobState | None, frozenset[JobState]] = {
    None: frozenset(JobState),
    JobState.UNKNOWN: frozenset(JobState) - {JobState.UNKNOWN},
    JobState.QUEUED: frozenset(JobState) - {JobState.QUEUED},
    JobState.RUNNING: _FINAL | {JobState.UNKNOWN},
    JobState.COMPLETED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.STOPPED: frozenset(),
}

PLAIN_FIELDS = frozenset({"customerId", "orderId", "transactionId", "error", "message", "code"})
"""The fields of an entry that say whose it is, and why it was refused: what a row's outcome says too."""


@frozen
class Job:
    """
    A batch job at Gameball.

    Attributes:
        id: Gameball's number for it.
        kind: name of the batch kind; None if only the number is known.
        rows: how many items were submitted; None if only the number is known.
    """

    id: int
    kind: str | None = None
    rows: int | None = None


@frozen
class JobResults:
    """
    The two lists of results in an answer, as Gameball sent them.

    Attributes:
        successful: entries of items that were applied.
        failed: entries of items that were refused, with a reason under ``error`` or ``message``.
    """

    successful: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    failed: Sequence[Mapping[str, Any]] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        return True  # two empty lists are an answer too

    def __iter__(self) -> Iterator[tuple[bool, Mapping[str, Any]]]:
        """Each entry with whether it tells of a success."""
        for entry in self.successful:
            yield True, entry
        for entry in self.failed:
            yield False, entry

    def __len__(self) -> int:
        return len(self.successful) + len(self.failed)


@frozen
class JobStatus:
    """
    The status of a job in one answer.

    Attributes:
        job_id: the job.
        state: its state.
        word: the state as the answer spells it.
        operation: Gameball's name for the kind of job.
        total: items in the job; 0 while queued, whatever was sent; None if the answer does not say.
        finished: items applied so far; None if the answer does not say.
        errors: items refused so far; None if the answer does not say.
        created_at: when it was submitted, as the answer spells it.
        started_at: when it began to run, as the answer spells it.
        results: the two lists of results; None if the answer has none.
        earlier: the longer lists of an answer before the end, if there was one.
    """

    job_id: int
    state: JobState
    word: str = ""
    operation: str | None = None
    total: int | None = None
    finished: int | None = None
    errors: int | None = None
    created_at: str | None = None
    started_at: str | None = None
    results: JobResults | None = field(default=None, repr=False)
    earlier: JobResults | None = field(default=None, repr=False)

    @property
    def shown_state(self) -> str:
        """The state as text; a state that is not documented is shown as Gameball spells it."""
        if self.state is JobState.UNKNOWN and self.word:
            return f"unknown ({self.word[:40]})"
        return str(self.state.value)

    @property
    def done(self) -> int:
        """Items applied or refused so far, by the answer's own counts."""
        return (self.finished or 0) + (self.errors or 0)

    @property
    def share(self) -> float | None:
        """How much of the job is done, 0 to 1; None if the answer does not say."""
        if not self.total:
            return None
        return min(1.0, self.done / self.total)


@frozen
class Transition:
    """
    A job has moved.

    Attributes:
        job: the job.
        before: its previous state; None the first time.
        status: its new status.
        moved: False if only the counts changed (reported only with ``progress=True``).
    """

    job: Job
    before: JobState | None
    status: JobStatus
    moved: bool = True
