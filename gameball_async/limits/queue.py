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
from .windows import Budget

__all__ = ["Grant", "Poll", "PollSchedule", "Rank", "Rest", "Ticket", "Turns"]


POLLS_EARNED = 1 / 3
"""Polls that each submission earns: where both wait, one slot in four is a poll."""


class Rank(IntEnum):
    """In which order waiting calls are let through."""

    STOP = 0
    CALL = 1
    SUBMIT = 2


@define(eq=False)
class Ticket:
    """A place in the queue of callers. *slot* is set once it is granted."""

    rank: Rank
    since: float
    slot: int | None = None


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
    def sent(self, job_id: int) -> None: ...
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
        uploads: submissions under way at once, at most, so that bodies do not crowd the uplink.
    """

    def __init__(self, budget: Budget, polls: PollSchedule, *, uploads: int = 8) -> None:
        self.budget = budget
        self.polls = polls
        self._queues: dict[Rank, deque[Ticket]] = {rank: deque() for rank in Rank}
        self._uploads_most = uploads
        self._uploads = 0
        self._credit = 0.0  # of polls, against submissions
        self.waited: float = 0.0  # seconds that callers have waited for quota, in all

    @property
    def idle(self) -> bool:
        """Whether nobody waits and no job is open."""
        return not len(self.polls) and not any(self._queues.values())

    def join(self, rank: Rank, now: float) -> Ticket:
        """Queue up for a slot."""
        ticket = Ticket(rank, now)
        self._queues[rank].append(ticket)
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """A caller gives up. A slot that it was granted, and did not use, is given back."""
        if ticket.slot is None:
            self._queues[ticket.rank].remove(ticket)
        else:
            self.budget.unsent(ticket.slot)
            self._done(ticket)

    def finished(self, ticket: Ticket) -> None:
        """The call of a granted ticket is over; its slot was settled with the budget."""
        self._done(ticket)

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
            self.polls.sent(job_id)
            return Poll(job_id, self.budget.take(now))
        assert ticket is not None  # noqa: S101
        return self._grant(ticket, now)

    def wanted(self, now: float) -> int:
        """How many slots would be used at *now*, if they were free."""
        submissions = len(self._queues[Rank.SUBMIT])
        calls = sum(map(len, self._queues.values())) - submissions
        able = min(submissions, self._uploads_most - self._uploads)
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
            self._uploads += 1
            self._credit = min(1.0, self._credit + POLLS_EARNED)
        return Grant(ticket)

    def _first(self) -> Ticket | None:
        for rank, queue in self._queues.items():
            if queue and (rank is not Rank.SUBMIT or self._uploads < self._uploads_most):
                return queue[0]
        return None

    def _done(self, ticket: Ticket) -> None:
        if ticket.rank is Rank.SUBMIT:
            self._uploads -= 1
