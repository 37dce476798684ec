"""
Which job to ask about next: every open job in one order, with time and chance as arguments.

Nothing is ever learned from how long other jobs took: what was seen of *this* job orders the
polls, and only the pauses of `effort` hold them back. The rules, each named where it stands:

- *first come*: a job that was never asked about is due a moment after it was submitted.
- *progress*: a running job whose counts move is due when they will be full, if they go on so.
- *head of the line*: a job found queued keeps its place for two looks, since servers that work
  through a queue will come to it first; once it runs, it goes before those submitted later.
- *ever more rarely*: any other job is due again by its age since it last moved, at the `LOOKS`.
- *spare*: while a few jobs are open and most of the quota is free, each is looked at again after a
  twentieth of its age, whatever the other rules say: few looks are worth something only where somebody
  else wants the slots. Where another has just ended, of the time since; a job that was found queued
  after that end is left to the rule before. Of more jobs one is looked at
  each second, behind a queue every fourth second. Such a look holds back nothing.
- what is spent on looks before that, and on many at once: see `effort`.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right

from attrs import define

from ..api.jobs import JobState
from .effort import Effort
from .pace import Pace

LOOKS = (0.9, 1.9, 3.2, 5.3, 8.8, 14.5, 24.0, 40.0, 66.0, 108.0, 170.0, 270.0, 420.0, 605.0)
"""
Seconds without a move after which a job is looked at: its end is seen late by two thirds of its age
at most. Nothing better can be had for so few looks where the server does not tell how far it is:
one look each 2 % of the age would be 270 of them in the first ten minutes.
"""
LOOKS_APART = 185.0
"""Seconds between the looks that follow."""

FIRST_LOOK = 0.25
"""Seconds after the submission before which no job is asked about."""
SHORT_PART = 0.05
"""Part of its age after which a job may be looked at again, paid by the purse."""
SHORT_LEAST = 0.25
SHORT_MOST = 2.0
PLACES_KEPT = 2
"""Three cost a seventh more polls behind one worker of 5 s; one sees the last of a run twice as late."""
FEW = 10
"""Jobs that are open, at most, where spare slots are used."""
SPARE_MANY, SPARE_MANY_QUEUE = 1.0, 4.0
"""
Seconds after any poll until a spare slot goes to one of more jobs; the second behind a queue. With none
there, ten workers' last job of 20 s is seen ten seconds late; with 2 s, one worker's jobs of 5 s cost an
eighth more polls, and nothing is seen sooner.
"""
SPARE_PART = 0.05
"""Part of its age after which a job is looked at again while there are spare slots."""
SPARE_LAST = 0.2
"""Seconds for each open job that are enough, after an end, besides that part of the time since."""
SPARE_LEAST, SPARE_MOST = 0.1, 0.9
"""Seconds added to that for each open job, so that ten leave slots spare; and for all of them at most."""
_Heap = list[tuple[float, int, int, int]]  # due or order, tie, job, version


@define(eq=False)
class _Open:
    """What is known of one open job."""

    job_id: int
    version: int  # another one after each look; what a heap holds of an earlier one is void
    since: float
    due: float
    place: float  # in the order of those that are due
    moved_at: float
    pace: Pace
    kept: int = 0
    state: JobState | None = None
    soon: float = 0.0  # due by the purse
    paid: bool = False
    in_flight: bool = False
    ahead: bool = False  # due by progress: no pause holds it back
    asked_at: float = 0.0
    looked_at: float = 0.0
    spare: bool = False  # the look under way, or the last one, used a spare slot
    resting: float = float(
        "-inf"
    )  # until then no spare slot is used: its last look was not answered


class Polls:
    """The open jobs, and the order in which to ask about them."""

    def __init__(self) -> None:
        self._jobs: dict[int, _Open] = {}
        self._ahead: _Heap = []
        self._later: _Heap = []
        self._ready: _Heap = []
        self._soon: _Heap = []
        self._numbers = 0
        self._effort = Effort()

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
        self._effort.added(now, first=not self._jobs)
        due = now + FIRST_LOOK if submitted else now
        job = _Open(job_id, self._number(), now, due, due, now, Pace(now), looked_at=now)
        self._jobs[job_id] = job
        self._push(job)

    def remove(self, job_id: int) -> None:
        """Nobody wants to know about the job any more, or it has ended."""
        job = self._jobs.pop(job_id, None)
        if job is not None and job.in_flight:
            self._effort.in_flight -= 1

    def due(self, now: float, *, spare: bool = False) -> tuple[int | None, float]:
        """
        The job to ask about now, if any; else None and when to come back (infinity: never).

        Args:
            now: the time.
            spare: nobody else wants the slots.
        """
        job_id, when = self._due(now)
        if job_id is not None:
            self._jobs[job_id].spare = False
        if job_id is not None or not spare:
            return job_id, when
        at, job = self._spare(now)
        if job is None or at > now:
            return None, min(when, at)
        job.spare = True
        return job.job_id, now

    def _spare(self, now: float) -> tuple[float, _Open | None]:
        """The job that a spare slot goes to, and when; infinity where there is none."""
        if len(self._jobs) > FEW:
            soon = self._top(self._soon)
            apart = SPARE_MANY_QUEUE if self._effort.queueing(now) else SPARE_MANY
            at = float("inf") if soon is None else max(soon.soon, self._effort.sent_at + apart)
            return at, soon
        waiting = [job for job in self._jobs.values() if not job.in_flight]
        job = min(waiting, key=lambda job: (self._spare_at(job), job.job_id), default=None)
        return (float("inf") if job is None else self._spare_at(job)), job

    def _spare_at(self, job: _Open) -> float:
        count, age = len(self._jobs), job.looked_at - job.since
        wait = min(SPARE_MOST, SPARE_LEAST * count) + SPARE_PART * age
        # The last of many: where one has just ended, the others' ends are near, but not of those that
        # still wait for their turn.
        quiet = max(0.0, job.looked_at - self._effort.stirred_at)
        if not quiet or job.state is not JobState.QUEUED:
            wait = min(wait, SPARE_LAST * count + SPARE_PART * quiet)
        return max(job.looked_at + wait, job.resting)

    def _due(self, now: float) -> tuple[int | None, float]:
        ahead, ready = self._top(self._ahead), self._ripe(now)
        effort = self._effort
        if effort.full:
            return None, float("inf")  # before one of them is answered
        if ahead is not None and ahead.due <= now:
            return ahead.job_id, now
        when = float("inf") if ahead is None else ahead.due
        beyond = effort.beyond
        if beyond and not effort.affordable:
            return None, when
        if ready is not None:
            free = effort.free(now, len(self._jobs))
            if free <= now:
                return self._offer(ready, paid=beyond), now
            when = min(when, free)
        elif (later := self._top(self._later)) is not None:
            when = min(when, later.due)
        soon = self._top(self._soon)
        if soon is not None and effort.paying:
            free = max(soon.soon, effort.free_if_paid(now - soon.moved_at))
            if free <= now:
                return self._offer(soon, paid=True), now
            when = min(when, free)
        return None, when

    def _ripe(self, now: float) -> _Open | None:
        """The first in order of the jobs that are due, if any is."""
        while (later := self._top(self._later)) is not None and later.due <= now:
            heapq.heappop(self._later)
            self._put(self._ready, later.place, later)
        return self._top(self._ready)

    @staticmethod
    def _offer(job: _Open, *, paid: bool) -> int:
        job.paid = paid
        return job.job_id

    def sent(self, job_id: int, now: float) -> None:
        """A question about the job is on its way."""
        job = self._jobs[job_id]
        job.asked_at = now
        job.in_flight = True
        job.version = self._number()
        self._effort.sent(now)

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
        job = self._back(job_id, now)
        if job is None:
            return
        if state.final:
            del self._jobs[job_id]
            self._effort.found(now, expected=job.ahead)
            return
        done = share if share is not None and state is JobState.RUNNING else 0.0
        if job.state not in (None, state) or done != job.pace.share:
            job.moved_at = now
        job.state = state
        if state is JobState.QUEUED:
            self._effort.queued(now)
        job.pace.saw(now, state is JobState.RUNNING, done)
        job.looked_at = now
        self._missed(job, job.asked_at)
        self._plan(job, now, chance)

    def failed(self, job_id: int, now: float, chance: float, within: float = float("inf")) -> None:
        """The question was not answered, or not so that it could be read; it is due *within* seconds."""
        job = self._back(job_id, now)
        if job is not None:
            self._missed(job, now)
            self._later_again(job, now, chance, within)
            job.looked_at, job.resting = now, job.due

    def _back(self, job_id: int, now: float) -> _Open | None:
        job = self._jobs.get(job_id)
        if job is None or not job.in_flight:
            return None
        job.in_flight = False
        self._effort.answered(now - job.asked_at)
        return job

    def _missed(self, job: _Open, since: float) -> None:
        if not job.spare:
            self._effort.missed(since, len(self._jobs), expected=job.ahead, paid=job.paid)

    def _plan(self, job: _Open, now: float, chance: float) -> None:
        """When the job is due again, after a look that did not find its end."""
        end = job.pace.end(now)
        if end is not None:
            # Far off, a little makes much of a difference, so once it has run twice as long will do.
            expected, latest = end
            job.ahead = True
            age = now - job.pace.began
            wait = max(0.5, age if expected == latest else _next_look(age) - age)
            job.due = job.place = min(latest + 0.05, now + wait)
            self._push(job)
            if expected + 0.05 < job.due:
                job.soon = max(expected, now + SHORT_LEAST)
                self._put(self._soon, job.soon, job)
        elif job.state is JobState.QUEUED and job.kept < PLACES_KEPT:
            job.kept += not job.spare
            job.ahead = False
            self._push(job)
        else:
            self._later_again(job, now, chance)

    def _later_again(
        self, job: _Open, now: float, chance: float, within: float = float("inf")
    ) -> None:
        job.ahead = False
        age = now - job.moved_at
        wait = max(_next_look(age) - age, min(LOOKS_APART, 0.1 * (now - job.since)))
        job.due = now + min(within, wait + chance * min(0.1 * wait, 5.0))
        # Of those that are due, what runs goes in the order in which it was seen to move last, behind a
        # queue in that of submission, before what waits there: it is nearer to its end. Then whoever
        # can bear least to wait longer.
        began = job.since if self._effort.queueing(now) else job.moved_at
        job.place = began if job.state is JobState.RUNNING else job.due + 4.0 * wait
        job.soon = now + min(SHORT_MOST, max(SHORT_LEAST, SHORT_PART * age))
        self._push(job)
        self._put(self._soon, job.soon, job)

    def _push(self, job: _Open) -> None:
        self._put(self._ahead if job.ahead else self._later, job.due, job)

    def _put(self, heap: _Heap, key: float, job: _Open) -> None:
        heapq.heappush(heap, (key, self._number(), job.job_id, job.version))

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _top(self, heap: _Heap) -> _Open | None:
        """The first job of *heap*, after what it holds in vain was dropped."""
        while heap:
            _, _, job_id, version = heap[0]
            job = self._jobs.get(job_id)
            if job is not None and job.version == version and not job.in_flight:
                return job
            heapq.heappop(heap)
        return None


def _next_look(age: float) -> float:
    """At which age to look next; not at once again where a look was late."""
    index = bisect_right(LOOKS, age * 1.2)
    return LOOKS[index] if index < len(LOOKS) else age + LOOKS_APART
