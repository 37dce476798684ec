"""
Whose turn it is: what one bucket sends in its next free slot.

A stop goes first, also while a 429 makes all others pause; then what a person waits for (a status,
an upsert), then submissions. One slot in four is a poll where one is due, and so are all that are
left over. Plain code: the dispatcher asks `Turns.next` and does what it says.
"""

from __future__ import annotations

from collections import deque
from enum import IntEnum
from typing import Protocol

from attrs import define, frozen

from ..api.jobs import JobState
from .uplink import Uplink, Upload
from .windows import Budget

POLLS_EARNED = 1 / 3
"""Polls that each submission earns: where both wait, one slot in four is a poll."""


class Rank(IntEnum):
    """In which order waiting calls are let through."""

    STOP = 0
    CALL = 1
    SUBMIT = 2


@define(eq=False)
class Ticket:
    """A place in the queue of callers, for *size* bytes of body. *slot* is set once it is granted."""

    rank: Rank
    since: float
    size: int = 0
    slot: int | None = None
    upload: Upload | None = None


@frozen
class Grant:
    """The caller behind *ticket* may send."""

    ticket: Ticket


@frozen
class Poll:
    """Ask about *job_id*; the slot is taken."""

    job_id: int
    slot: int


@frozen
class Rest:
    """Nothing to do before *until* (infinity: before something changes)."""

    until: float


class PollSchedule(Protocol):
    """Which open job is asked about next: `jobs.schedule.Polls`, which lies a room higher."""

    def __len__(self) -> int: ...
    def __contains__(self, job_id: int, /) -> bool: ...
    def add(self, job_id: int, now: float, *, submitted: bool = True) -> None: ...
    def remove(self, job_id: int) -> None: ...
    def due(self, now: float, *, spare: bool = False) -> tuple[int | None, float]: ...
    def sent(self, job_id: int, now: float) -> None: ...
    def seen(
        self, job_id: int, now: float, chance: float, state: JobState, share: float | None
    ) -> None: ...
    def failed(self, job_id: int, now: float, chance: float, within: float = ...) -> None: ...


class Turns:
    """
    The callers and the polls of one bucket, and the budget that they share.

    Args:
        budget: the bucket's quota.
        polls: the open jobs.
        uplink: submissions under way at once, so that bodies do not crowd the link.
    """

    def __init__(
        self, budget: Budget, polls: PollSchedule, *, uplink: Uplink | None = None
    ) -> None:
        self.budget = budget
        self.polls = polls
        self.uplink: Uplink = uplink or Uplink(budget.trips, rate=budget.quota.fastest)
        self._queues: dict[Rank, deque[Ticket]] = {rank: deque() for rank in Rank}
        self._credit = 0.0  # of polls, against submissions
        self.waited: float = 0.0  # seconds that callers have waited for quota, in all

    @property
    def idle(self) -> bool:
        """Whether nobody waits and no job is open."""
        return not len(self.polls) and not any(self._queues.values())

    def join(self, rank: Rank, now: float, size: int = 0) -> Ticket:
        """Queue up for a slot, with so many bytes of body."""
        ticket = Ticket(rank, now, size)
        self._queues[rank].append(ticket)
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """A caller gives up. A slot that it was granted, and did not use, is given back."""
        if ticket.slot is None:
            self._queues[ticket.rank].remove(ticket)
        else:
            self.budget.unsent(ticket.slot)
            self._done(ticket)

    def finished(self, ticket: Ticket, now: float | None = None) -> None:
        """The call of a granted ticket is over, answered at *now* or not; its slot was settled."""
        self._done(ticket, now)

    def next(self, now: float) -> Grant | Poll | Rest:
        """What to do at *now*. Grants and polls have their slot taken already."""
        ticket = self._first()
        job_id, due = self.polls.due(now, spare=ticket is None and self.budget.spare(now))
        if ticket is None and job_id is None:
            return Rest(due)
        free = self.budget.next_free(now, urgent=self._is_stop(ticket))
        if free > now:
            return Rest(free)
        if job_id is not None and (ticket is None or self._poll_first(ticket)):
            self._credit = max(-1.0, self._credit - 1.0)
            self.polls.sent(job_id, now)
            return Poll(job_id, self.budget.take(now))
        assert ticket is not None  # noqa: S101
        return self._grant(ticket, now)

    def wanted(self, now: float) -> int:
        """How many slots would be used at *now*, if they were free."""
        submissions = len(self._queues[Rank.SUBMIT])
        calls = sum(map(len, self._queues.values())) - submissions
        able = min(submissions, max(0, self.uplink.at_once - self.uplink.under_way))
        return calls + able + (self.polls.due(now)[0] is not None)

    @staticmethod
    def _is_stop(ticket: Ticket | None) -> bool:
        return ticket is not None and ticket.rank is Rank.STOP

    def _poll_first(self, ticket: Ticket) -> bool:
        return ticket.rank is Rank.SUBMIT and self._credit >= 1.0

    def _grant(self, ticket: Ticket, now: float) -> Grant:
        self._queues[ticket.rank].popleft()
        ticket.slot = self.budget.take(now)
        self.waited += now - ticket.since
        if ticket.rank is Rank.SUBMIT:
            ticket.upload = self.uplink.begin(ticket.size, now)
            self._credit = min(1.0, self._credit + POLLS_EARNED)
        return Grant(ticket)

    def _first(self) -> Ticket | None:
        for rank, queue in self._queues.items():
            if queue and (rank is not Rank.SUBMIT or self.uplink.room(queue[0].size)):
                return queue[0]
        return None

    def _done(self, ticket: Ticket, now: float | None = None) -> None:
        if ticket.upload is not None:
            self.uplink.over(ticket.upload, now)
