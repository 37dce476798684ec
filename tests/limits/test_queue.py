"""Whose turn it is: ranks, the share of polls, the cap on uploads, and slots that come back."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gameball_async.api.jobs import JobState
from gameball_async.jobs.schedule import Polls
from gameball_async.limits.queue import Grant, Poll, Rank, Rest, Turns
from gameball_async.limits.uplink import Uplink
from gameball_async.limits.windows import Budget, Quota

WIDE = Quota((10_000, 1.0))


def turns_of(quota: Quota = WIDE, **settings: Any) -> Turns:
    return Turns(Budget(quota), Polls(), **settings)


@given(ranks=st.lists(st.sampled_from(Rank), max_size=30))
def test_a_stop_goes_first_then_calls_then_submissions_each_in_the_order_they_came(
    ranks: list[Rank],
) -> None:
    turns = turns_of(uplink=Uplink(near=100))
    tickets = [turns.join(rank, 0.0) for rank in ranks]
    granted = []
    while isinstance(turn := turns.next(0.0), Grant):
        granted.append(turn.ticket)
    assert granted == sorted(tickets, key=lambda ticket: ticket.rank)


def test_uploads_at_once_are_capped_and_calls_pass_by() -> None:
    turns = turns_of(uplink=Uplink(near=2))
    uploads = [turns.join(Rank.SUBMIT, 0.0) for _ in range(3)]
    call = turns.join(Rank.CALL, 0.0)
    assert [turns.next(0.0) for _ in range(3)] == [
        Grant(call),
        Grant(uploads[0]),
        Grant(uploads[1]),
    ]
    assert turns.next(0.0) == Rest(float("inf"))
    turns.finished(uploads[0])
    assert turns.next(0.0) == Grant(uploads[2])


def test_one_slot_in_four_is_a_poll_while_submissions_wait_and_ends_are_found() -> None:
    turns = turns_of(uplink=Uplink(near=1000))
    for job in range(100):
        turns.polls.add(job, 0.0)
    for _ in range(100):
        turns.join(Rank.SUBMIT, 0.0)
    sorts = []
    for _ in range(80):
        turn = turns.next(10.0)
        sorts.append(type(turn))
        if isinstance(turn, Poll):
            turns.polls.seen(turn.job_id, 10.0, 0.0, JobState.COMPLETED, None)
    assert sorts.count(Poll) == 20
    assert sorts[:8].count(Poll) == 2


def test_polls_get_all_slots_that_nobody_else_wants() -> None:
    turns = turns_of()
    for job in range(50):
        turns.polls.add(job, 0.0)
    for _ in range(50):
        turn = turns.next(10.0)
        assert isinstance(turn, Poll)
        turns.polls.seen(turn.job_id, 10.0, 0.0, JobState.COMPLETED, None)
    assert turns.idle


def test_a_poll_does_not_go_before_a_person_who_waits() -> None:
    turns = turns_of(Quota((1, 1.0)))
    turns.polls.add(1, 0.0)
    call = turns.join(Rank.CALL, 5.0)
    assert turns.next(5.0) == Grant(call)


def test_who_leaves_with_a_slot_gives_it_back() -> None:
    turns = turns_of(Quota((1, 60.0)), uplink=Uplink(near=1))
    first = turns.join(Rank.SUBMIT, 0.0)
    assert turns.next(0.0) == Grant(first)
    second = turns.join(Rank.SUBMIT, 0.0)
    assert isinstance(turns.next(0.0), Rest)
    turns.leave(first)
    assert turns.next(0.0) == Grant(second)


def test_who_leaves_the_queue_is_not_granted_a_slot() -> None:
    turns = turns_of()
    first, second = turns.join(Rank.CALL, 0.0), turns.join(Rank.CALL, 0.0)
    turns.leave(first)
    assert turns.next(0.0) == Grant(second)
    assert turns.next(0.0) == Rest(float("inf"))
    assert turns.idle


def test_the_time_that_callers_wait_for_quota_is_added_up() -> None:
    turns = turns_of(Quota((1, 1.0)))
    for _ in range(2):
        turns.join(Rank.CALL, 0.0)
    first = turns.next(0.0)
    assert isinstance(first, Grant)
    assert first.ticket.slot is not None
    turns.budget.answered(first.ticket.slot, 0.0)
    rest = turns.next(0.0)
    assert isinstance(rest, Rest)
    assert isinstance(turns.next(rest.until), Grant)
    assert turns.waited == rest.until
