"""Whose turn it is, against a naive model: the windows hold, nobody starves, nothing leaks."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from gameball_async.api.jobs import JobState
from gameball_async.jobs.schedule import Polls
from gameball_async.limits.queue import Grant, Poll, Rank, Rest, Ticket, Turns
from gameball_async.limits.uplink import Uplink
from gameball_async.limits.windows import Budget, Quota

WINDOWS = ((4, 1.0), (12, 8.0))
UPLOADS = 2


def turns() -> Turns:
    return Turns(Budget(Quota(*WINDOWS)), Polls(), uplink=Uplink(near=UPLOADS))


class Schedule(RuleBasedStateMachine):
    """Callers come, wait, go and are answered; jobs are added, asked about, and end."""

    @initialize()
    def start(self) -> None:
        self.turns = turns()
        self.now = 0.0
        self.waiting: list[Ticket] = []
        self.granted: list[Ticket] = []
        self.asking: dict[int, int] = {}  # job: slot
        self.open: set[int] = set()
        self.jobs = 0
        self.counted: list[float] = []  # when a server counted each request, at the latest

    @rule(rank=st.sampled_from(Rank))
    def join(self, rank: Rank) -> None:
        self.waiting.append(self.turns.join(rank, self.now))

    @rule(submitted=st.booleans())
    def add_job(self, submitted: bool) -> None:
        self.jobs += 1
        self.open.add(self.jobs)
        self.turns.polls.add(self.jobs, self.now, submitted=submitted)

    @rule(seconds=st.sampled_from([0.01, 0.3, 1.0, 5.0, 40.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def act(self) -> None:
        for _ in range(100):
            turn = self.turns.next(self.now)
            if isinstance(turn, Rest):
                assert turn.until > self.now
                return
            self.counted.append(self.now)
            if isinstance(turn, Grant):
                self._granted(turn.ticket)
            else:
                self._asked(turn)
        raise AssertionError("it never rests")

    def _granted(self, ticket: Ticket) -> None:
        same = [other for other in self.waiting if other.rank is ticket.rank]
        assert ticket is same[0], "callers of one rank are served in the order they came"
        for other in self.waiting:
            urgent = other.rank < ticket.rank
            assert not urgent, "a less urgent caller was let through before"
        self.waiting.remove(ticket)
        self.granted.append(ticket)

    def _asked(self, turn: Poll) -> None:
        assert turn.job_id in self.open, "a job that has ended, or is not watched, was asked about"
        assert turn.job_id not in self.asking, "a job was asked about twice at once"
        assert not [t for t in self.waiting if t.rank < Rank.SUBMIT], "a person waits longer"
        self.asking[turn.job_id] = turn.slot

    @precondition(lambda self: self.granted)
    @rule(data=st.data())
    def answer_a_call(self, data: Any) -> None:
        ticket = self.granted.pop(data.draw(st.integers(0, len(self.granted) - 1)))
        assert ticket.slot is not None
        self.turns.budget.answered(ticket.slot, self.now)
        self.turns.finished(ticket)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def a_caller_gives_up(self, data: Any) -> None:
        ticket = self.waiting.pop(data.draw(st.integers(0, len(self.waiting) - 1)))
        self.turns.leave(ticket)

    @precondition(lambda self: self.asking)
    @rule(
        data=st.data(),
        state=st.sampled_from([JobState.QUEUED, JobState.RUNNING, JobState.COMPLETED]),
        share=st.sampled_from([None, 0.0, 0.4, 0.9]),
        lost=st.booleans(),
    )
    def answer_a_poll(self, data: Any, state: JobState, share: float | None, lost: bool) -> None:
        job = data.draw(st.sampled_from(sorted(self.asking)))
        self.turns.budget.answered(self.asking.pop(job), self.now)
        if lost:
            self.turns.polls.failed(job, self.now, 0.5)
            return
        self.turns.polls.seen(job, self.now, 0.5, state, share)
        if state.final:
            self.open.discard(job)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def a_job_is_not_watched_any_more(self, data: Any) -> None:
        job = data.draw(st.sampled_from(sorted(self.open)))
        self.open.discard(job)
        slot = self.asking.pop(job, None)
        self.turns.polls.remove(job)
        if slot is not None:
            self.turns.budget.answered(slot, self.now)

    @invariant()
    def no_window_is_exceeded(self) -> None:
        for limit, seconds in WINDOWS:
            for start in self.counted[-40:]:
                within = sum(1 for at in self.counted if start <= at < start + seconds)
                assert within <= limit

    @invariant()
    def uploads_are_capped(self) -> None:
        assert sum(1 for ticket in self.granted if ticket.rank is Rank.SUBMIT) <= UPLOADS

    @invariant()
    def what_is_open_is_known(self) -> None:
        assert len(self.turns.polls) == len(self.open)
        assert self.turns.idle == (not self.open and not self.waiting)

    def teardown(self) -> None:
        """Nobody is forgotten: with answers coming, every caller is served and every job asked."""
        if not hasattr(self, "turns"):
            return
        asked: set[int] = set()
        for ticket in self.granted:
            assert ticket.slot is not None
            self.turns.budget.answered(ticket.slot, self.now)
            self.turns.finished(ticket)
        for job, slot in self.asking.items():
            self.turns.budget.answered(slot, self.now)
            self.turns.polls.seen(job, self.now, 0.5, JobState.COMPLETED, None)
            asked.add(job)
        for _ in range(2000):
            if self.turns.idle:
                break
            turn = self.turns.next(self.now)
            if isinstance(turn, Rest):
                assert turn.until < self.now + 400, "somebody would wait for ever"
                self.now = turn.until
            elif isinstance(turn, Grant):
                assert turn.ticket.slot is not None
                self.turns.budget.answered(turn.ticket.slot, self.now)
                self.turns.finished(turn.ticket)
                self.waiting.remove(turn.ticket)
            else:
                self.turns.budget.answered(turn.slot, self.now)
                self.turns.polls.seen(turn.job_id, self.now, 0.5, JobState.COMPLETED, None)
                asked.add(turn.job_id)
        assert not self.waiting
        assert asked == self.open


TestSchedule = Schedule.TestCase
TestSchedule.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
