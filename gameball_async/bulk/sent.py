"""Chunks on their way, what is known of them when a run is left, and a signal for those who wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import anyio
from attrs import define

from ..api.jobs import Job, JobState
from ..rows.chunk import Chunk
from ..rows.outcome import Outcome, Reason
from ..rows.row import BadRow
from .events import RowOutcomes

__all__ = ["Fates", "Sent", "Signal", "fates_when_left", "only", "reason_of", "rejected", "unsent"]

Fates = tuple[list[Outcome], dict[int, Reason]]
"""The outcome of each row of a chunk, and the reasons of some."""


@define(eq=False)
class Sent:
    """A chunk that has left the chunker and has no outcomes yet."""

    chunk: Chunk
    touched: bool = False  # bytes of it may have left, and may have had an effect
    noted: bool = False  # the journal has it, and has no outcomes of it
    job: Job | None = None
    resent: bool = False
    state: JobState = JobState.QUEUED
    answered: bool = False  # its job's status was read


class Signal:
    """Wakes those who wait for something to change: all of them, or who has waited longest."""

    def __init__(self) -> None:
        self._waiting: deque[anyio.Event] = deque()

    def all(self) -> None:
        """Wake everybody."""
        while self._waiting:
            self.one()

    def one(self) -> None:
        """Wake who has waited longest."""
        if self._waiting:
            self._waiting.popleft().set()

    async def wait(self) -> None:
        """Wait to be woken. Who is cancelled meanwhile leaves the queue."""
        event = anyio.Event()
        self._waiting.append(event)
        try:
            await event.wait()
        finally:
            if not event.is_set():
                self._waiting.remove(event)


_UNSENT = Reason("the run stopped before this row was sent")
_IN_FLIGHT = Reason("the run was left while this row was being sent")
_LEFT_OPEN = Reason(
    "the run was left while its job was open: resume it, or ask for the job's status"
)


def fates_when_left(sent: Sent) -> Fates:
    """What is known of a chunk's rows when the run is left before their outcome."""
    rows = len(sent.chunk)
    if sent.job is None and not sent.touched:
        return unsent(rows)
    if sent.job is None:
        return [Outcome.INDETERMINATE] * rows, dict.fromkeys(range(rows), _IN_FLIGHT)
    return [Outcome.PENDING] * rows, dict.fromkeys(range(rows), _LEFT_OPEN)


def unsent(rows: int) -> Fates:
    """So many rows that the run stopped before."""
    return [Outcome.UNSENT] * rows, dict.fromkeys(range(rows), _UNSENT)


def reason_of(row: BadRow) -> Reason:
    """Why a row cannot be sent: all of its faults in one."""
    first, *others = row.faults
    text = "; ".join([first.reason, *map(str, others)])
    return Reason(text, field=first.field)


def rejected(bad: Sequence[BadRow]) -> RowOutcomes:
    """Rows that never become items, as they are told."""
    return RowOutcomes(
        [row.position for row in bad],
        [row.key for row in bad],
        [Outcome.REJECTED] * len(bad),
        dict(enumerate(map(reason_of, bad))),
        None,
        None,
    )


def only(group: BaseExceptionGroup[Exception]) -> BaseException:
    """The first exception of a group: tasks that fail in one tick mostly fail of one cause."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
