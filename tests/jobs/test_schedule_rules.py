"""Each rule of the schedule by itself, to the moment, and what it must not hold back."""

from __future__ import annotations

import pytest

from gameball_async.api.jobs import JobState
from gameball_async.jobs.schedule import FEW, LOOKS, Polls
from tests.jobs.looking import (
    DONE,
    INF,
    QUEUED,
    RUNNING,
    approx,
    look,
    looks,
    moving,
    next_look,
    polls_of,
)

# -- first come, and ever more rarely


def test_a_job_is_due_a_quarter_of_a_second_after_its_submission() -> None:
    polls = polls_of(1, 5.0)
    assert polls.due(5.2) == (None, 5.25)
    assert polls.due(5.25) == (1, 5.25)
    assert 1 in polls and 2 not in polls and len(polls) == 1


def test_a_job_that_is_added_again_keeps_its_place() -> None:
    polls = polls_of(2)
    polls.add(1, 9.0)
    assert len(polls) == 2
    assert polls.due(9.0) == (1, 9.0)


def test_no_job_is_due_where_none_is_open() -> None:
    assert Polls().due(5.0) == (None, INF)
    assert Polls().due(5.0, spare=True) == (None, INF)
    polls = polls_of(1)
    polls.remove(1)
    polls.remove(1)
    assert polls.due(5.0) == (None, INF)


def test_a_job_that_does_not_move_is_looked_at_at_the_ages_of_the_table_and_then_evenly() -> None:
    times = looks(polls_of(1), 19)
    assert times == [approx(t) for t in (0.25, *LOOKS, 790.0, 975.0, 1160.0, 1345.0)]


def test_a_look_that_was_late_is_not_followed_by_another_at_once() -> None:
    polls = polls_of(1)
    _, now = look(polls, 1.6)  # 1.9 is near
    assert next_look(polls, now) == (1, approx(3.2))


@pytest.mark.parametrize(("age", "due"), [(0.25, 0.9 + 0.5 * 0.065), (605.0, 790.0 + 0.5 * 5.0)])
def test_chance_spreads_looks_by_a_tenth_of_the_wait_and_five_seconds_at_most(
    age: float, due: float
) -> None:
    polls = polls_of(1)
    _, now = look(polls, age, chance=0.5)
    assert polls.due(now) == (None, approx(due))


def test_a_job_that_moved_is_looked_at_again_after_a_tenth_of_its_whole_age() -> None:
    def next_after(moved: float) -> float:
        polls = polls_of(1)
        for now, state in ((moved - 50.0, QUEUED), (moved, RUNNING)):
            polls.sent(1, now)
            polls.seen(1, now, 0.0, state, None)
        return polls.due(moved)[1]

    assert next_after(150.0) == approx(165.0)
    assert next_after(5000.0) == approx(5185.0), "but three minutes at most"


# -- head of the line


def test_a_job_found_queued_keeps_its_place_for_two_looks() -> None:
    polls = polls_of(1)
    polls.add(2, 0.1)
    seen, now = [], 1.0
    for _ in range(4):
        job, now = look(polls, now, QUEUED)
        seen.append(job)
    assert seen == [1, 1, 1, 2]


def test_looks_at_spare_slots_do_not_count_against_its_place() -> None:
    polls = polls_of(1)
    now = 0.0
    for _ in range(6):
        _, now = look(polls, now + 0.01, QUEUED, spare=True)
    assert now < 2.0
    seen = 0
    while now < 4.0:
        _, now = look(polls, now, QUEUED)
        seen += 1
    assert seen >= 4


def test_of_jobs_that_are_due_those_that_run_behind_a_queue_go_in_the_order_of_submission() -> None:
    polls = Polls()
    for job in (1, 2, 3):
        polls.add(job, 0.1 * job)
    for state in (QUEUED, RUNNING):
        for job in (3, 2, 1):
            polls.sent(job, 5.0 - job)
            polls.seen(job, 5.0 - job, 0.0, state, None)
    order, now = [], 100.0
    while len(polls):
        job, now = look(polls, now, DONE)
        order.append(job)
    assert order == [1, 2, 3]


def test_of_jobs_that_are_due_those_that_run_go_in_the_order_in_which_they_moved_last() -> None:
    polls = polls_of(3)
    for job in (2, 3, 1):
        polls.sent(job, 1.0)
        polls.seen(job, 1.0 + 0.1 * (job == 1), 0.0, RUNNING, None)
    order, now = [], 100.0
    while len(polls):
        job, now = look(polls, now, DONE)
        order.append(job)
    assert order[-1] == 1


def test_where_nobody_queues_a_job_that_moved_of_late_goes_after_one_submitted_later() -> None:
    polls = polls_of(1)
    polls.add(2, 0.5)
    for job, share in ((1, 1.0), (2, 0.0)):
        polls.sent(job, 5.0)
        polls.seen(job, 5.0, 0.0, RUNNING, share)
    assert polls.due(100.0)[0] == 2


def test_a_job_that_runs_goes_before_one_at_the_head_of_the_line_that_was_submitted_later() -> None:
    polls = Polls()
    polls.add(1, 0.0)
    polls.add(2, 0.1)
    for state in (QUEUED, RUNNING):
        polls.sent(1, 0.5)
        polls.seen(1, 0.5, 0.0, state, None)
    polls.sent(2, 0.6)
    polls.seen(2, 0.6, 0.0, QUEUED, None)
    assert polls.due(100.0)[0] == 1


def test_a_job_that_still_waits_after_an_end_is_looked_at_by_its_age_alone() -> None:
    def next_spare(state: JobState) -> float:
        polls = Polls()
        for job in (1, 2):
            polls.add(job, 0.0)
        polls.sent(1, 100.0)
        polls.seen(1, 100.0, 0.0, DONE, None)
        polls.sent(2, 100.5)
        polls.seen(2, 101.0, 0.0, state, None)
        polls._later.clear()  # what is due anyway
        return polls.due(101.0, spare=True)[1] - 101.0

    assert next_spare(RUNNING) <= 0.1 + 0.2 + 0.05 * 1.0
    assert next_spare(QUEUED) > 0.9


def test_a_question_without_an_answer_is_repeated_within_the_time_that_is_asked_for() -> None:
    polls = polls_of(1)
    _, _now = look(polls, 100.0)
    polls.sent(1, 101.0)
    polls.failed(1, 101.0, 0.0, 3.0)
    assert polls.due(101.0) == (None, approx(104.0))
    assert polls.due(101.0, spare=True) == (None, approx(104.0)), "not in a spare slot either"
    polls = polls_of(1)
    polls.sent(1, 0.5)
    polls.failed(1, 0.5, 0.0)
    assert polls.due(0.5) == (None, approx(0.9))


def test_an_answer_that_nobody_waits_for_changes_nothing() -> None:
    polls = polls_of(2)
    polls.seen(1, 1.0, 0.0, DONE, None)
    polls.failed(1, 1.0, 0.0)
    assert len(polls) == 2
    assert polls.due(1.0) == (1, 1.0)


# -- progress


def test_a_job_whose_counts_move_is_due_when_they_will_be_full() -> None:
    polls = polls_of(1)
    for now, share in ((0.5, 0.0), (10.0, 0.5)):
        polls.sent(1, now)
        polls.seen(1, now, 0.0, RUNNING, share)
    assert polls.due(10.0) == (None, approx(14.5)), "far off: by the table"
    polls = polls_of(1)
    for now, share in ((0.5, 0.0), (96.0, 0.96), (97.0, 0.97)):
        polls.sent(1, now)
        polls.seen(1, now, 0.0, RUNNING, share)
    assert polls.due(97.0) == (None, approx(100.05))


def test_the_end_that_counts_promise_is_looked_for_a_moment_later_and_half_a_second_apart() -> None:
    polls = polls_of(1)
    for now, share in ((0.25, 0.0), (0.3, 0.9)):
        polls.sent(1, now)
        polls.seen(1, now, 0.0, RUNNING, share)
    when = polls.due(0.3)[1]
    assert when == approx(0.3 / 0.9 + 0.05)


def test_a_job_that_is_due_by_its_progress_is_held_back_by_nothing_and_holds_back_nothing() -> None:
    polls = moving(9)
    assert polls.due(9.75) == (None, approx(10.05))
    assert polls.due(10.05) == (9, 10.05)
    polls.sent(9, 10.05)
    polls.seen(9, 10.05, 0.0, RUNNING, 0.98)
    assert polls.due(10.06) == (None, approx(10.1))
    assert polls.due(10.1)[0] == 1


def test_the_middle_between_two_expectations_is_looked_at_where_the_purse_pays() -> None:
    def due(submissions: int) -> float:
        polls = polls_of(1, submissions=submissions)
        for now, share in ((0.5, 0.0), (30.0, 0.9)):
            polls.sent(1, now)
            polls.seen(1, now, 0.0, RUNNING, share)
        return polls.due(30.0)[1]

    latest = 30.0 / 0.9
    assert due(1) == approx(latest + 0.05)
    assert due(134) == approx((30.0 + latest) / 2)


def test_counts_of_a_job_that_does_not_run_are_no_progress() -> None:
    polls = polls_of(1)
    for now, share in ((10.0, 0.0), (20.0, 0.5), (30.0, 0.7), (40.0, 0.8), (45.0, 0.9)):
        polls.sent(1, now)
        polls.seen(1, now, 0.0, QUEUED, share)
    assert polls.due(45.0)[1] > 60.0


# -- spare


def test_a_job_alone_is_looked_at_in_spare_slots_after_a_twentieth_of_its_age() -> None:
    polls = polls_of(1)
    assert polls.due(0.05, spare=True) == (None, approx(0.1))
    assert polls.due(0.1, spare=True) == (1, 0.1)
    _, now = look(polls, 100.0)
    assert polls.due(now, spare=True) == (None, approx(105.1))
    assert polls.due(now)[1] > 105.1


def test_a_look_in_a_spare_slot_holds_back_nothing_and_costs_nothing() -> None:
    polls = polls_of(2, submissions=4)
    assert look(polls, 0.2, spare=True) == (1, 0.2)
    assert polls.due(0.25) == (2, 0.25)
    alone = polls_of(1, submissions=20)
    _, now = look(alone, 0.2, spare=True)
    _, now = look(alone, 5.0)
    assert next_look(alone, now) == (1, approx(6.0)), "six looks are to last for 6 s"


def test_a_look_that_was_due_anyway_is_none_in_a_spare_slot() -> None:
    polls = polls_of(3)
    look(polls, 0.25, spare=True)
    assert polls.due(0.25) == (None, 0.5), "it holds back the others"


def looked_at_together(jobs: int, now: float = 10.0) -> Polls:
    """So many jobs, each of which was found running at *now*."""
    polls = polls_of(jobs)
    for job in range(1, jobs + 1):
        polls.sent(job, now)
        polls.seen(job, now, 0.0, RUNNING, None)
    return polls


@pytest.mark.parametrize(("jobs", "wait"), [(1, 0.1), (5, 0.5), (9, 0.9), (FEW, 0.9)])
def test_more_jobs_leave_more_slots_spare(jobs: int, wait: float) -> None:
    polls = looked_at_together(jobs)
    assert polls.due(10.0, spare=True) == (None, approx(10.5 + wait))


def test_of_more_than_ten_jobs_one_each_second_is_looked_at_in_a_spare_slot() -> None:
    polls = looked_at_together(FEW + 1)
    for second in (11.0, 12.0, 13.0):
        assert polls.due(second - 1.0, spare=True) == (None, approx(second))
        look(polls, second, spare=True)
    assert polls.due(13.0)[1] > 13.9, "else none so soon"


def test_of_more_than_ten_jobs_none_is_looked_at_that_was_looked_at_just_now() -> None:
    polls = looked_at_together(FEW + 1, 100.0)
    assert polls.due(100.0, spare=True) == (None, approx(102.0))


def test_of_more_than_ten_jobs_none_is_looked_at_in_spare_slots_before_each_was_looked_at() -> None:
    polls = polls_of(FEW + 1)
    assert polls.due(0.0, spare=True) == (None, 0.25)


def test_of_jobs_in_spare_slots_the_one_not_looked_at_for_longest_goes_first() -> None:
    polls = polls_of(2)
    look(polls, 0.2, spare=True)
    assert polls.due(0.21, spare=True) == (2, 0.21)
    polls.sent(2, 0.21)
    polls.sent(1, 0.21)
    assert polls.due(5.0, spare=True) == (None, INF), "both are under way"


# -- whenever a job was submitted, and whatever stands beside it


def test_a_spare_look_counts_from_when_the_job_was_submitted() -> None:
    polls = polls_of(1, 100.0)
    assert polls.due(100.0, spare=True) == (None, approx(100.1))
    polls.sent(1, 120.0)
    polls.seen(1, 120.0, 0.0, RUNNING, None)
    assert polls.due(120.0, spare=True) == (None, approx(121.1))


def test_counts_of_a_late_submission_move_like_those_of_any_other() -> None:
    polls = polls_of(1, 1000.0)
    for now, share in ((1000.5, 0.0), (1010.0, 0.5)):
        polls.sent(1, now)
        polls.seen(1, now, 0.0, RUNNING, share)
    assert polls.due(1010.0) == (None, approx(1014.5))


def test_of_jobs_that_are_due_one_that_runs_goes_before_one_of_which_nothing_is_known() -> None:
    polls = polls_of(2)
    polls.sent(1, 1.0)
    polls.failed(1, 1.0, 0.0)
    polls.sent(2, 3.0)
    polls.seen(2, 3.0, 0.0, RUNNING, None)
    assert polls.due(100.0) == (2, 100.0)


def test_else_whoever_can_bear_least_to_wait_longer_goes_first() -> None:
    polls = polls_of(1)
    polls.sent(1, 100.0)
    polls.failed(1, 100.0, 0.0)  # due at 170, after 70 s
    polls.add(2, 165.0)
    polls.sent(2, 170.5)
    polls.failed(2, 170.5, 0.0)  # due at 171.8, after 1.3 s
    assert polls.due(180.0) == (2, 180.0)


def test_a_job_whose_end_is_promised_soon_is_looked_at_half_a_second_later_at_the_earliest() -> (
    None
):
    polls = polls_of(1)
    for now, share in ((0.1, 0.0), (0.2, 0.1), (0.3, 0.12)):
        polls.sent(1, now)
        polls.seen(1, now, 0.0, RUNNING, share)
    assert polls.due(0.3) == (None, approx(0.8))


def test_a_middle_that_lies_near_is_looked_at_too() -> None:
    polls = polls_of(1, submissions=134)
    for now, share in ((0.5, 0.0), (9.0, 0.9)):
        polls.sent(1, now)
        polls.seen(1, now, 0.0, RUNNING, share)
    assert polls.due(9.0) == (None, approx(9.5))


def test_a_job_that_is_found_queued_again_is_held_back_like_any_other() -> None:
    polls = moving(3)
    polls.sent(3, 10.05)
    polls.seen(3, 10.05, 0.0, QUEUED, None)
    assert polls.due(10.06) == (None, approx(10.1))
