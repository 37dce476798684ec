"""Polls, turns and budget together against a naive model: whatever the server and the callers do."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gameball_async.api.jobs import JobState
from gameball_async.jobs.schedule import Polls
from gameball_async.limits.queue import Grant, Poll, Rank, Rest, Ticket, Turns
from gameball_async.limits.uplink import Uplink
from gameball_async.limits.windows import Budget, Quota

RUNNING, QUEUED, DONE = JobState.RUNNING, JobState.QUEUED, JobState.COMPLETED


class Schedule(RuleBasedStateMachine):
    """
    Polls, turns and budget together, against lists that are searched from end to end.

    The server counts each request at a moment of its own choice between send and answer.
    """

    QUOTA = Quota((3, 1.0), (12, 10.0))

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.turns = Turns(Budget(self.QUOTA), Polls(), uplink=Uplink(near=2))
        self.open: list[int] = []
        self.asked: list[tuple[int, int, float]] = []  # job, slot, sent
        self.waiting: deque[Ticket] = deque()
        self.granted: list[tuple[Ticket, float]] = []
        self.counted: list[float] = []
        self.refused_until = float("-inf")
        self.jobs = 0

    @rule(seconds=st.floats(0.001, 3.0))
    def time_passes(self, seconds: float) -> None:
        oldest = min(
            [sent for _, _, sent in self.asked] + [sent for _, sent in self.granted] + [9e9]
        )
        # Answers come within the hold; what is slower is another test's business.
        self.now = min(self.now + seconds, max(self.now, oldest + 1.5))

    @rule(submitted=st.booleans())
    def add_job(self, submitted: bool) -> None:
        self.jobs += 1
        self.open.append(self.jobs)
        self.turns.polls.add(self.jobs, self.now, submitted=submitted)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def forget_job(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(self.open))
        self.open.remove(job)
        self.turns.polls.remove(job)

    @rule(rank=st.sampled_from(Rank))
    def join(self, rank: Rank) -> None:
        self.waiting.append(self.turns.join(rank, self.now))

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(list(self.waiting)))
        self.waiting.remove(ticket)
        self.turns.leave(ticket)

    @precondition(lambda self: self.granted)
    @rule(data=st.data())
    def give_up_late(self, data: st.DataObject) -> None:
        granted = data.draw(st.sampled_from(self.granted))
        if granted[1] == self.now:  # before anything was sent
            self.granted.remove(granted)
            self.turns.leave(granted[0])

    @rule()
    def take_a_turn(self) -> None:
        match self.turns.next(self.now):
            case Grant(ticket):
                uploads = sum(other.rank is Rank.SUBMIT for other, _ in self.granted)
                able = [t for t in self.waiting if t.rank is not Rank.SUBMIT or uploads < 2]
                assert ticket is min(able, key=lambda t: t.rank)  # the first of the best rank
                self.waiting.remove(ticket)
                self.granted.append((ticket, self.now))
            case Poll(job, slot):
                assert job in self.open
                assert job not in [asked for asked, _, _ in self.asked]
                assert not any(ticket.rank < Rank.SUBMIT for ticket in self.waiting)
                self.asked.append((job, slot, self.now))
            case Rest(until):
                assert until > self.now
                if until == float("inf"):
                    # Only an answer, or the end of an upload, can change anything.
                    assert self.asked or not self.open
                    assert self.granted or not self.waiting

    @precondition(lambda self: self.asked)
    @rule(
        data=st.data(),
        state=st.sampled_from([QUEUED, RUNNING, RUNNING, DONE]),
        share=st.sampled_from([None, 0.0, 0.3, 0.6, 1.0]),
        when=st.floats(0, 1),
        chance=st.floats(0, 0.99),
    )
    def poll_answered(
        self, data: st.DataObject, state: JobState, share: float | None, when: float, chance: float
    ) -> None:
        job, slot, sent = asked = data.draw(st.sampled_from(self.asked))
        self.asked.remove(asked)
        self.counted.append(sent + when * (self.now - sent))
        self.turns.budget.answered(slot, self.now)
        self.turns.polls.seen(job, self.now, chance, state, share)
        if state.final and job in self.open:
            self.open.remove(job)

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), when=st.floats(0, 1))
    def poll_lost(self, data: st.DataObject, when: float) -> None:
        job, slot, sent = asked = data.draw(st.sampled_from(self.asked))
        self.asked.remove(asked)
        self.counted.append(sent + when * (self.now - sent))
        self.turns.budget.answered(slot, self.now)
        self.turns.polls.failed(job, self.now, 0.5)

    @precondition(lambda self: self.granted)
    @rule(data=st.data(), when=st.floats(0, 1))
    def call_answered(self, data: st.DataObject, when: float) -> None:
        ticket, sent = granted = data.draw(st.sampled_from(self.granted))
        self.granted.remove(granted)
        assert ticket.slot is not None
        self.counted.append(sent + when * (self.now - sent))
        self.turns.budget.answered(ticket.slot, self.now)
        self.turns.finished(ticket)

    @precondition(lambda self: self.granted)
    @rule(data=st.data(), when=st.floats(0, 1), after=st.sampled_from([None, 0.5, 7.0]))
    def call_refused(self, data: st.DataObject, when: float, after: float | None) -> None:
        ticket, sent = granted = data.draw(st.sampled_from(self.granted))
        self.granted.remove(granted)
        assert ticket.slot is not None
        self.counted.append(sent + when * (self.now - sent))
        self.turns.budget.limited(ticket.slot, self.now, 0.5, after)
        self.turns.finished(ticket)
        if after is not None:
            assert self.turns.budget.next_free(self.now) >= self.now + after

    @invariant()
    def no_window_is_exceeded_at_the_server(self) -> None:
        self.counted = sorted(time for time in self.counted if time > self.now - 30)
        for limit, seconds in self.QUOTA.windows:
            for index, start in enumerate(self.counted):
                inside = [time for time in self.counted[index:] if time < start + seconds]
                assert len(inside) <= limit

    @invariant()
    def the_same_jobs_are_open(self) -> None:
        assert len(self.turns.polls) == len(self.open)
        assert all(job in self.turns.polls for job in self.open)
        assert self.turns.idle == (not self.open and not self.waiting)

    @invariant()
    def the_share_is_a_part(self) -> None:
        assert 1 / 16 <= self.turns.budget.share(self.now) <= 1.0

    def teardown(self) -> None:
        """Whatever has happened: with every question answered, all jobs are seen to end."""
        for ticket in list(self.waiting):
            self.turns.leave(ticket)
        for ticket, _ in self.granted:
            assert ticket.slot is not None
            self.turns.budget.answered(ticket.slot, self.now)
            self.turns.finished(ticket)
        for job, slot, _ in self.asked:
            self.turns.budget.answered(slot, self.now)
            self.turns.polls.seen(job, self.now, 0.0, RUNNING, None)
        deadline = self.now + 200.0 + 10.0 * len(self.open)
        while len(self.turns.polls):
            turn = self.turns.next(self.now)
            if isinstance(turn, Rest):
                assert turn.until > self.now
                self.now = turn.until
                assert self.now < deadline
            else:
                assert isinstance(turn, Poll)
                self.turns.budget.answered(turn.slot, self.now)
                self.turns.polls.seen(turn.job_id, self.now, 0.0, DONE, None)
        assert self.turns.idle


TestSchedule = pytest.mark.timeout(300)(Schedule.TestCase)
TestSchedule.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
