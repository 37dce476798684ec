"""
Which job to ask about next: every open job in one order, with time and chance as arguments.

Nothing is ever learned from durations: what was seen of *this* job orders the polls, and only the
pauses below hold them back. The rules, each named where it stands:

- *first come*: a job that was never asked about is due a moment after it was submitted.
- *progress*: a running job whose counts move is due where its counts will be full.
- *head of the line*: a job found queued keeps its place for three looks, since servers that work
  through a queue will come to it first.
- *ever more rarely*: any other job is due again after a part of its age.
- *pause*: a look that finds nothing new holds back the others, twice as long each time; a look
  that finds an end lifts it. Due progress is not held back.
- *in flight*: the number of polls under way grows by one with each end found, and is halved by each
  look in vain.
"""

from __future__ import annotations

import heapq

from attrs import define, field

from ..model.jobs import JobState

__all__ = ["Polls"]

FIRST_LOOK = 0.25
"""Seconds after the submission before which no job is asked about."""
AGAIN_LEAST = 1.0
"""Seconds between two looks at one job, at least."""
AGAIN_PART = 0.05
"""Part of a job's age before it is looked at again; a guess at what is fair to wait for more."""
AGAIN_MOST = 30.0
"""Seconds between two looks at one job, at most, for a job that answers."""
PAUSE_FIRST = 0.25
PAUSE_LEAST_CAP = 1.25
PLACES_KEPT = 3
IN_FLIGHT_MOST = 30


@define(eq=False)
class _Open:
    """What is known of one open job."""

    job_id: int
    since: float
    due: float
    place: float
    looks: int = 0
    kept: int = 0
    state: JobState | None = None
    share: float | None = None
    moved_at: float = 0.0
    in_flight: bool = False
    ahead: bool = False  # due by progress: not held back by a pause
    version: int = field(default=0)


class Polls:
    """The open jobs, and the order in which to ask about them."""

    def __init__(self) -> None:
        self._jobs: dict[int, _Open] = {}
        self._held: list[tuple[float, int, int, int]] = []  # due, tie, job, version
        self._ahead: list[tuple[float, int, int, int]] = []
        self._ties = 0
        self._in_flight = 0
        self._allowed = 1
        self._pause = 0.0
        self._paused_at = float("-inf")
        self._newest: list[int] = []  # jobs in the order they were added, the last one open

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, job_id: int) -> bool:
        return job_id in self._jobs

    def add(self, job_id: int, now: float, *, submitted: bool = True) -> None:
        """
        A job is to be asked about from now on.

        Args:
            job_id: the job.
            now: the time.
            submitted: it was submitted just now; a job of unknown age is asked about at once.
        """
        if job_id in self._jobs:
            return
        due = now + FIRST_LOOK if submitted else now
        job = self._jobs[job_id] = _Open(job_id, since=now, due=due, place=due, moved_at=now)
        self._newest.append(job_id)
        self._push(job)

    def remove(self, job_id: int) -> None:
        """Nobody wants to know about the job any more, or it has ended."""
        job = self._jobs.pop(job_id, None)
        if job is not None and job.in_flight:
            self._in_flight -= 1

    def due(self, now: float) -> tuple[int | None, float]:
        """The job to ask about now, if any; else None and when to come back (infinity: never)."""
        self._drop_stale(self._ahead)
        self._drop_stale(self._held)
        if self._ahead and self._in_flight < IN_FLIGHT_MOST and self._ahead[0][0] <= now:
            return self._ahead[0][2], now
        when = self._ahead[0][0] if self._ahead else float("inf")
        if self._held and self._in_flight < self._allowed:
            job = self._jobs[self._held[0][2]]
            ready = max(job.due, self._paused_at + min(self._pause, self._patience(now)))
            if ready <= now:
                return job.job_id, now
            when = min(when, ready)
        return None, when

    def sent(self, job_id: int) -> None:
        """A question about the job is on its way."""
        job = self._jobs[job_id]
        job.in_flight = True
        job.version += 1
        self._in_flight += 1

    def seen(
        self, job_id: int, now: float, chance: float, state: JobState, share: float | None
    ) -> None:
        """
        An answer about the job has come.

        Args:
            job_id: the job.
            now: the time.
            chance: a number in [0, 1), which spreads the next looks.
            state: what was seen; a final one removes the job.
            share: which part of the job is done; None where the answer does not tell.
        """
        job = self._back(job_id)
        if job is None:
            return
        if state.final:
            del self._jobs[job_id]
            self._pause = 0.0
            self._allowed = min(IN_FLIGHT_MOST, self._allowed + 1)
            return
        self._missed(job, now)
        if state is not job.state or share != job.share:
            job.moved_at = now
        job.state, job.share = state, share
        self._plan(job, now, chance)
        self._push(job)

    def failed(self, job_id: int, now: float, chance: float) -> None:
        """The question about the job was not answered, or not so that it could be read."""
        job = self._back(job_id)
        if job is None:
            return
        self._missed(job, now)
        job.due = now + self._again(job, now) * (1.0 + 0.5 * chance)
        job.ahead = False
        self._push(job)

    def _back(self, job_id: int) -> _Open | None:
        job = self._jobs.get(job_id)
        if job is None or not job.in_flight:
            return None
        job.in_flight = False
        job.looks += 1
        self._in_flight -= 1
        return job

    def _missed(self, job: _Open, now: float) -> None:
        self._allowed = max(1, self._allowed // 2)
        self._pause = min(max(PAUSE_FIRST, self._pause * 2), self._pause_cap(job, now))
        self._paused_at = now

    def _patience(self, now: float) -> float:
        """How long a pause the youngest open job bears: an old one must not hide its end."""
        while self._newest and self._newest[-1] not in self._jobs:
            self._newest.pop()
        return self._pause_cap(self._jobs[self._newest[-1]], now)

    @staticmethod
    def _pause_cap(job: _Open, now: float) -> float:
        return min(AGAIN_MOST, max(PAUSE_LEAST_CAP, AGAIN_PART * (now - job.since)))

    def _again(self, job: _Open, now: float) -> float:
        return min(AGAIN_MOST, max(AGAIN_LEAST, AGAIN_PART * (now - job.moved_at)))

    def _plan(self, job: _Open, now: float, chance: float) -> None:
        """When the job is due again, after a look that did not find its end."""
        share = job.share
        job.ahead = False
        if job.state is JobState.QUEUED and job.kept < PLACES_KEPT:
            job.kept += 1
            job.due = job.place
        elif share is not None and 0.0 < share < 1.0:
            job.ahead = True
            ran = now - job.since
            job.due = now + max(0.1, ran * (1.0 - share) / share * 1.02)
        else:
            job.due = now + self._again(job, now) * (1.0 + 0.1 * chance)

    def _push(self, job: _Open) -> None:
        self._ties += 1
        heap = self._ahead if job.ahead else self._held
        heapq.heappush(heap, (job.due, self._ties, job.job_id, job.version))

    def _drop_stale(self, heap: list[tuple[float, int, int, int]]) -> None:
        while heap:
            _, _, job_id, version = heap[0]
            job = self._jobs.get(job_id)
            if job is not None and job.version == version and not job.in_flight:
                return
            heapq.heappop(heap)
