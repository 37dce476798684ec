"""Whose turn it is, slot by slot: stops, spare slots, the share of the polls, and what is wanted."""

from __future__ import annotations

from typing import Any, cast

import pytest

from gameball_async.api.jobs import JobState
from gameball_async.jobs.schedule import Polls
from gameball_async.limits.queue import Grant, Poll, Rank, Rest, Ticket, Turns
from gameball_async.limits.uplink import AT_FIRST, Uplink
from gameball_async.limits.windows import Budget, Quota

WIDE = Quota((10_000, 1.0))


def turns_of(quota: Quota = WIDE, **settings: Any) -> Turns:
    return Turns(Budget(quota), Polls(), **settings)


def granted(turns: Turns, now: float) -> Ticket:
    turn = turns.next(now)
    assert isinstance(turn, Grant)
    return turn.ticket


def sorts(turns: Turns, count: int, now: float = 10.0) -> str:
    """The next turns: P for a poll, which finds an end, and S for a submission."""
    found = ""
    for _ in range(count):
        turn = turns.next(now)
        if isinstance(turn, Poll):
            turns.polls.seen(turn.job_id, now, 0.0, JobState.COMPLETED, None)
        found += "P" if isinstance(turn, Poll) else "S"
    return found


def with_jobs(turns: Turns, jobs: int, submissions: int) -> Turns:
    for job in range(jobs):
        turns.polls.add(job, 0.0)
    for _ in range(submissions):
        turns.join(Rank.SUBMIT, 10.0)
    return turns


def test_three_submissions_go_then_a_poll() -> None:
    assert sorts(with_jobs(turns_of(uplink=Uplink(near=99)), 50, 50), 12) == "SSSPSSSPSSSP"


def test_polls_that_used_idle_slots_owe_submissions_the_like_of_one_poll_more() -> None:
    turns = with_jobs(turns_of(uplink=Uplink(near=99)), 50, 0)
    assert sorts(turns, 10) == "P" * 10
    for _ in range(20):
        turns.join(Rank.SUBMIT, 10.0)
    assert 6 <= sorts(turns, 12).index("P") <= 7


def test_submissions_that_went_while_no_poll_was_due_owe_polls_one_slot() -> None:
    turns = with_jobs(turns_of(uplink=Uplink(near=99)), 0, 60)
    assert sorts(turns, 30) == "S" * 30
    for job in range(9):
        turns.polls.add(job, 0.0)
    assert sorts(turns, 6) == "PSSSPS"


def test_eight_submissions_are_under_way_at_once_unless_told_otherwise() -> None:
    assert sorts(with_jobs(turns_of(), 0, 20), 8) == "S" * 8
    assert turns_of().next(0.0) == Rest(float("inf"))
    turns = with_jobs(turns_of(), 0, 20)
    tickets = [granted(turns, 10.0) for _ in range(8)]
    assert isinstance(turns.next(10.0), Rest)
    turns.finished(tickets[0])
    granted(turns, 10.0)
    assert isinstance(turns.next(10.0), Rest), "one has ended, and one may go"


@pytest.mark.parametrize("rank", [Rank.CALL, Rank.SUBMIT, Rank.STOP])
def test_a_stop_alone_is_sent_while_a_429_makes_all_others_pause(rank: Rank) -> None:
    turns = turns_of()
    turns.join(Rank.CALL, 0.0)
    slot = granted(turns, 0.0).slot
    assert slot is not None
    turns.budget.limited(slot, 0.0, 0.0, 30.0)
    turns.join(rank, 0.0)
    assert isinstance(turns.next(0.0), Grant) == (rank is Rank.STOP)


class Asked:
    """A schedule of no jobs, which keeps whether slots were called spare."""

    def __init__(self) -> None:
        self.spare: list[bool] = []

    def due(self, now: float, *, spare: bool = False) -> tuple[int | None, float]:
        self.spare.append(spare)
        return None, float("inf")


@pytest.mark.parametrize(
    ("used", "waits", "spare"), [(0, False, True), (0, True, False), (2, False, False)]
)
def test_slots_are_spare_where_nobody_waits_and_most_are_free(
    used: int, waits: bool, spare: bool
) -> None:
    asked = Asked()
    turns = Turns(Budget(Quota((3, 1.0))), cast(Any, asked))
    for _ in range(used):
        turns.budget.take(0.0)
    if waits:
        turns.join(Rank.SUBMIT, 0.0)
    turns.next(0.0)
    assert asked.spare == [spare]


def test_as_many_slots_are_wanted_as_could_be_used_at_once() -> None:
    turns = turns_of(uplink=Uplink(near=3))
    assert turns.wanted(5.0) == 0
    for rank in (Rank.CALL, Rank.CALL, Rank.STOP):
        turns.join(rank, 5.0)
    assert turns.wanted(5.0) == 3
    for _ in range(2):
        turns.join(Rank.SUBMIT, 5.0)
    assert turns.wanted(5.0) == 5
    for _ in range(2):
        turns.join(Rank.SUBMIT, 5.0)
    assert turns.wanted(5.0) == 6, "three uploads at once"
    for _ in range(4):
        granted(turns, 5.0)
    assert turns.wanted(5.0) == 2, "one of three is under way"
    turns.polls.add(1, 5.0)
    assert turns.wanted(5.0) == 2
    assert turns.wanted(5.25) == 3, "a poll is due"


def test_no_upload_is_wanted_while_as_many_are_under_way_as_may_be() -> None:
    turns = with_jobs(turns_of(uplink=Uplink(near=3)), 0, 5)
    for _ in range(3):
        granted(turns, 10.0)
    assert turns.wanted(10.0) == 0
    turns.join(Rank.CALL, 10.0)
    assert turns.wanted(10.0) == 1


def test_far_from_the_server_as_many_are_under_way_as_the_quota_and_the_distance_ask_for() -> None:
    turns = turns_of(Quota((20, 1.0)))
    turns.budget.trips.connected(0.3)
    assert turns.uplink.at_once == 12
    with_jobs(turns, 0, 20)
    assert sorts(turns, 12) == "S" * 12
    assert isinstance(turns.next(10.0), Rest)


def test_large_bodies_wait_until_one_has_arrived_and_shown_what_the_link_carries() -> None:
    turns = turns_of()
    turns.join(Rank.SUBMIT, 10.0, 2 * AT_FIRST)
    turns.join(Rank.SUBMIT, 10.0, 2 * AT_FIRST)
    turns.join(Rank.SUBMIT, 10.0, AT_FIRST)
    first = granted(turns, 10.0)
    assert isinstance(turns.next(10.0), Rest), "bodies so large go alone"
    turns.finished(first, 11.0)
    granted(turns, 11.0)
    granted(turns, 11.0)


def test_a_body_that_was_lost_shows_nothing_of_the_link() -> None:
    turns = turns_of()
    for size in (2 * AT_FIRST, 2 * AT_FIRST, AT_FIRST):
        turns.join(Rank.SUBMIT, 10.0, size)
    turns.finished(granted(turns, 10.0))
    granted(turns, 11.0)
    assert isinstance(turns.next(11.0), Rest)


def test_a_call_of_no_known_size_takes_no_room_of_the_link() -> None:
    turns = turns_of()
    turns.join(Rank.SUBMIT, 10.0, AT_FIRST)
    turns.join(Rank.SUBMIT, 10.0)
    for _ in range(2):
        granted(turns, 10.0)


def test_the_seconds_that_each_caller_has_waited_are_added_up() -> None:
    turns = turns_of()
    for since in (1.0, 3.0):
        turns.join(Rank.CALL, since)
    for _ in range(2):
        granted(turns, 4.0)
    assert turns.waited == 4.0


def idle(turns: Turns) -> bool:
    return turns.idle


def test_nobody_is_left_only_where_nobody_waits_and_no_job_is_open() -> None:
    turns = turns_of()
    assert idle(turns)
    ticket = turns.join(Rank.CALL, 0.0)
    assert not idle(turns)
    turns.polls.add(1, 0.0)
    turns.leave(ticket)
    assert not idle(turns)
    turns.polls.remove(1)
    assert idle(turns)


def test_a_poll_takes_a_slot_that_can_be_given_back() -> None:
    turns = turns_of(Quota((1, 60.0)))
    turns.polls.add(1, 0.0)
    turns.polls.add(2, 0.0)
    poll = turns.next(1.0)
    assert isinstance(poll, Poll)
    turns.polls.seen(poll.job_id, 1.0, 0.0, JobState.COMPLETED, None)
    assert isinstance(turns.next(1.0), Rest)
    turns.budget.unsent(poll.slot)
    assert isinstance(turns.next(1.0), Poll)
