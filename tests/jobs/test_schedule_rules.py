"""Each rule of the schedule by itself, to the moment, and what it must not hold back."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from gameball_async.api.jobs import JobState
from gameball_async.jobs.schedule import FEW, IN_FLIGHT_MOST, LOOKS, Polls

RUNNING, QUEUED, DONE = JobState.RUNNING, JobState.QUEUED, JobState.COMPLETED
approx: Any = pytest.approx
INF = float("inf")


def polls_of(jobs: int, now: float = 0.0) -> Polls:
    polls = Polls()
    for job in range(1, jobs + 1):
        polls.add(job, now)
    return polls


def next_look(polls: Polls, now: float, *, spare: bool = False) -> tuple[int, float]:
    """The next job that is due, and when; nothing else happens meanwhile."""
    job, when = polls.due(now, spare=spare)
    while job is None:
        assert now < when < INF
        now = when
        job, when = polls.due(now, spare=spare)
    assert when == now
    return job, now


def look(
    polls: Polls,
    now: float,
    state: JobState = RUNNING,
    share: float | None = None,
    chance: float = 0.0,
    *,
    spare: bool = False,
) -> tuple[int, float]:
    """Ask about the next job, and be told *state* at once."""
    job, now = next_look(polls, now, spare=spare)
    polls.sent(job)
    polls.seen(job, now, chance, state, share)
    return job, now


def looks(polls: Polls, count: int, now: float = 0.0, **seen: float) -> list[float]:
    times = []
    for _ in range(count):
        _, now = look(polls, now, **seen)  # type: ignore[arg-type]
        times.append(now)
    return times


def at_once(polls: Polls, now: float) -> list[int]:
    """All that may be asked about before an answer comes."""
    sent = []
    while (job := polls.due(now)[0]) is not None:
        polls.sent(job)
        sent.append(job)
    return sent


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
            polls.sent(1)
            polls.seen(1, now, 0.0, state, None)
        return polls.due(moved)[1]

    assert next_after(150.0) == approx(165.0)
    assert next_after(5000.0) == approx(5185.0), "but three minutes at most"


# -- head of the line


def test_a_job_found_queued_keeps_its_place_for_three_looks() -> None:
    polls = polls_of(1)
    polls.add(2, 0.1)
    seen, now = [], 1.0
    for _ in range(5):
        job, now = look(polls, now, QUEUED)
        seen.append(job)
    assert seen == [1, 1, 1, 1, 2]


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


def test_of_jobs_that_are_due_those_that_run_go_in_the_order_in_which_they_began() -> None:
    polls = polls_of(3)
    times = {1: 3.0, 2: 1.0, 3: 2.0}
    for job in (2, 3, 1):
        polls.sent(job)
        polls.seen(job, times[job], 0.0, QUEUED, None)
    for job in (2, 3, 1):
        polls.sent(job)
        polls.seen(job, 3.0 + times[job], 0.0, RUNNING, None)
    order, now = [], 100.0
    while len(polls):
        job, now = look(polls, now, DONE)
        order.append(job)
    assert order == [2, 3, 1]


# -- pauses


def test_looks_in_vain_hold_back_the_others_twice_as_long_each_time_up_to_a_second() -> None:
    times = looks(polls_of(9), 5, 10.0)
    assert times == [approx(t) for t in (10.0, 10.25, 10.75, 11.75, 12.75)]


def test_where_nothing_has_stirred_for_long_pauses_are_a_twentieth_of_that_time() -> None:
    polls = polls_of(30)
    while polls._purse >= 1.0:  # nothing is paid for
        polls._purse -= 1.0
    times = looks(polls, 8, 100.0)
    gaps = [round(b - a, 3) for a, b in itertools.pairwise(times)]
    assert gaps == [
        0.25,
        0.5,
        1.0,
        2.0,
        approx(3.083, abs=0.01),
        approx(3.083, abs=0.01),
        approx(3.083, abs=0.01),
    ]


def test_an_end_lifts_the_pause() -> None:
    polls = polls_of(9)
    times = looks(polls, 3, 10.0)
    _, now = look(polls, times[-1], DONE)
    assert now == approx(11.75)
    assert polls.due(now)[0] is not None


def test_a_question_without_an_answer_holds_back_the_others_too() -> None:
    polls = polls_of(3)
    job, now = next_look(polls, 10.0)
    polls.sent(job)
    polls.failed(job, now, 0.0)
    assert polls.due(now) == (None, approx(10.25))


def test_a_question_without_an_answer_is_repeated_within_the_time_that_is_asked_for() -> None:
    polls = polls_of(1)
    _, _now = look(polls, 100.0)
    polls.sent(1)
    polls.failed(1, 101.0, 0.0, 3.0)
    assert polls.due(101.0) == (None, approx(104.0))
    assert polls.due(101.0, spare=True) == (None, approx(104.0)), "not in a spare slot either"
    polls = polls_of(1)
    polls.sent(1)
    polls.failed(1, 0.5, 0.0)
    assert polls.due(0.5) == (None, approx(0.9))


# -- purse


def test_submissions_pay_for_a_look_before_its_time() -> None:
    polls = polls_of(5)
    _, now = look(polls, 0.25)
    for job in range(2, 6):
        polls.remove(job)
    assert polls.due(now) == (None, approx(0.65)), "0.4 s after the look in vain"
    _, now = look(polls, now)
    assert now == approx(0.75), "a look and a half is to last for as long again"
    assert polls.due(now) == (None, approx(0.9)), "half a look is left in the purse"
    assert polls._purse == approx(0.5)


def test_an_end_pays_for_six_tenths_of_a_look() -> None:
    polls = polls_of(3)  # 0.9
    _, now = look(polls, 0.25, DONE)  # 1.5
    _, now = look(polls, now)
    polls.remove(3)
    assert next_look(polls, now) == (2, approx(0.75))
    polls = polls_of(2)
    _, now = look(polls, 0.25)
    polls.remove(2)
    assert next_look(polls, now) == (1, approx(0.9)), "nothing is paid"


def test_the_first_job_after_a_quiet_time_begins_with_a_new_purse() -> None:
    polls = polls_of(50)
    for job in range(1, 51):
        polls.remove(job)
    polls.add(99, 10.0)
    _, now = look(polls, 10.25)
    assert next_look(polls, now) == (99, approx(10.9))


@pytest.mark.parametrize(("purse", "due"), [(3.0, 40.0), (6.0, 36.0), (11.0, 33.0)])
def test_a_purse_that_is_not_rich_is_made_to_last_for_as_long_as_the_job_has_not_moved(
    purse: float, due: float
) -> None:
    polls = polls_of(1)
    polls._purse = purse
    _, now = look(polls, 30.0)
    # 30 s without a move: six looks are to last for about as long again. By the table it is due at 40.
    assert next_look(polls, now) == (1, approx(due, abs=0.001))


def test_a_rich_purse_is_spent_freely() -> None:
    polls = polls_of(1)
    polls._purse = 33.0
    _, now = look(polls, 30.0)
    assert next_look(polls, now) == (1, approx(31.5)), "after a twentieth of its age"
    polls._purse = 33.0
    _, now = look(polls, 31.5)
    polls = polls_of(1)
    polls._purse = 64.0
    _, now = look(polls, 100.0)
    assert next_look(polls, now) == (1, approx(102.0)), "two seconds at most"


def test_more_than_64_looks_are_not_saved() -> None:
    polls = polls_of(1000)
    assert polls._purse == 64.0
    for _ in range(20):
        look(polls, 10.0, DONE)
    assert polls._purse == 64.0


def test_while_the_purse_is_rich_four_polls_are_under_way_at_once() -> None:
    assert len(at_once(polls_of(100), 10.0)) == 1
    polls = polls_of(120)
    assert polls._purse == approx(36.0)
    jobs = at_once(polls, 10.0)
    assert len(jobs) == 4
    for job in jobs:
        polls.seen(job, 10.0, 0.0, RUNNING, None)
    assert polls._purse == approx(33.0), "three of them were paid for"


# -- in flight


def test_no_more_than_twelve_polls_are_under_way_whatever_ends_were_found() -> None:
    polls = polls_of(100)
    now = 10.0
    for _ in range(20):
        _, now = look(polls, now, DONE)
    jobs = at_once(polls, now)
    assert len(jobs) == IN_FLIGHT_MOST == 12
    assert polls.due(now) == (None, INF)
    polls.remove(jobs[0])
    assert len(at_once(polls, now)) == 1


def test_a_look_in_vain_halves_how_many_polls_are_under_way() -> None:
    polls = polls_of(60)
    now = 10.0
    for _ in range(6):
        _, now = look(polls, now, DONE)
    look(polls, now)
    assert polls.due(now)[0] is None
    now += 5.0
    jobs = at_once(polls, now)
    assert len(jobs) == 3
    for job in jobs:
        polls.seen(job, now, 0.0, RUNNING, None)
    assert len(at_once(polls, now + 5.0)) == 1


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
        polls.sent(1)
        polls.seen(1, now, 0.0, RUNNING, share)
    assert polls.due(10.0) == (None, approx(14.5)), "far off: by the table"
    polls = polls_of(1)
    for now, share in ((0.5, 0.0), (96.0, 0.96), (97.0, 0.97)):
        polls.sent(1)
        polls.seen(1, now, 0.0, RUNNING, share)
    assert polls.due(97.0) == (None, approx(100.05))


def test_the_end_that_counts_promise_is_looked_for_a_moment_later_and_half_a_second_apart() -> None:
    polls = polls_of(1)
    for now, share in ((0.25, 0.0), (0.3, 0.9)):
        polls.sent(1)
        polls.seen(1, now, 0.0, RUNNING, share)
    when = polls.due(0.3)[1]
    assert when == approx(0.3 / 0.9 + 0.05)


def moving(jobs: int) -> Polls:
    """So many jobs, of which the last is due at 10.05 by its progress, and others at 10.1 for a pause."""
    polls = polls_of(jobs)
    for now, share in ((0.5, 0.0), (9.6, 0.96), (9.7, 0.97)):
        polls.sent(jobs)
        polls.seen(jobs, now, 0.0, RUNNING, share)
    return polls


def test_a_job_that_is_due_by_its_progress_is_held_back_by_nothing_and_holds_back_nothing() -> None:
    polls = moving(9)
    assert polls.due(9.75) == (None, approx(10.05))
    assert polls.due(10.05) == (9, 10.05)
    purse = polls._purse
    polls.sent(9)
    polls.seen(9, 10.05, 0.0, RUNNING, 0.98)
    assert polls._purse == approx(purse - 1.0)
    assert polls.due(10.06) == (None, approx(10.1))
    assert polls.due(10.1)[0] == 1


def test_an_end_that_was_expected_tells_nothing_of_the_others() -> None:
    polls = moving(9)
    polls.sent(9)
    polls.seen(9, 10.05, 0.0, DONE, None)
    assert 9 not in polls
    assert polls.due(10.05) == (None, approx(10.1)), "the pause goes on"
    assert len(at_once(polls, 10.1)) == 2, "but one more may be under way"


def test_the_middle_between_two_expectations_is_looked_at_where_the_purse_pays() -> None:
    def due(purse: float) -> float:
        polls = polls_of(1)
        polls._purse = 40.0
        for now, share in ((0.5, 0.0), (30.0, 0.9)):
            polls.sent(1)
            polls.seen(1, now, 0.0, RUNNING, share)
        polls._purse = purse
        return polls.due(30.0)[1]

    latest = 30.0 / 0.9
    assert due(0.0) == approx(latest + 0.05)
    assert due(40.0) == approx((30.0 + latest) / 2)


def test_counts_of_a_job_that_does_not_run_are_no_progress() -> None:
    polls = polls_of(1)
    for now, share in ((10.0, 0.0), (20.0, 0.5), (30.0, 0.7), (40.0, 0.8), (45.0, 0.9)):
        polls.sent(1)
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
    polls = polls_of(2)
    polls._purse = 5.0
    job, now = look(polls, 0.2, spare=True)
    assert (job, now) == (1, 0.2)
    assert (polls._pause, polls._allowed, polls._purse) == (0.0, 1, 5.0)
    assert polls.due(0.25) == (2, 0.25)


def test_a_look_that_was_due_anyway_is_none_in_a_spare_slot() -> None:
    polls = polls_of(3)
    look(polls, 0.25, spare=True)
    assert polls._pause == 0.25


@pytest.mark.parametrize(("jobs", "wait"), [(1, 0.1), (5, 0.5), (9, 0.9), (10, 0.9)])
def test_more_jobs_leave_more_slots_spare(jobs: int, wait: float) -> None:
    polls = Polls()
    for job in range(jobs):
        polls.add(job, 0.0, submitted=False)
        polls.sent(job)
        polls.seen(job, 0.0, 0.0, QUEUED, None)
        polls.sent(job)
        polls.failed(job, 0.0, 0.0, 0.0)
    for each in polls._jobs.values():
        each.kept = 9
        each.resting = 0.0
    polls._ready.clear()
    polls._later.clear()
    polls._soon.clear()
    assert polls.due(0.0, spare=True) == (None, approx(wait))


def test_spare_slots_are_for_ten_jobs_at_most() -> None:
    assert polls_of(FEW).due(0.0, spare=True) == (None, 0.25)
    few, many = polls_of(FEW), polls_of(FEW + 1)
    for polls in (few, many):
        look(polls, 0.25)
    for jobs in (few, many):
        for job in range(2, 6):
            jobs.remove(job)
            jobs.add(20 + job, 0.25)
    assert few.due(0.26, spare=True)[1] <= 0.5
    assert many.due(0.26, spare=True)[1] == many.due(0.26)[1]


def test_of_jobs_in_spare_slots_the_one_not_looked_at_for_longest_goes_first() -> None:
    polls = polls_of(2)
    look(polls, 0.2, spare=True)
    assert polls.due(0.21, spare=True) == (2, 0.21)
    polls.sent(2)
    polls.sent(1)
    assert polls.due(5.0, spare=True) == (None, INF), "both are under way"


# -- whenever a job was submitted, and whatever stands beside it


def test_a_spare_look_counts_from_when_the_job_was_submitted() -> None:
    polls = polls_of(1, 100.0)
    assert polls.due(100.0, spare=True) == (None, approx(100.1))
    polls.sent(1)
    polls.seen(1, 120.0, 0.0, RUNNING, None)
    assert polls.due(120.0, spare=True) == (None, approx(121.1))


def test_a_pause_is_a_twentieth_of_the_time_since_something_stirred_whenever_that_was() -> None:
    polls = polls_of(30, 1000.0)
    polls._purse = 0.0
    times = looks(polls, 6, 1040.0)
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert gaps == approx([0.25, 0.5, 1.0, 2.0, 2.3], abs=0.15)


def test_a_purse_of_one_look_pays_for_it() -> None:
    for purse, due in ((1.0, 1.5), (0.9, 1.9)):
        polls = polls_of(1)
        polls.sent(1)
        polls.seen(1, 1.0, 0.0, RUNNING, None)
        polls._purse, polls._pause = purse, 0.0
        assert next_look(polls, 1.0) == (1, approx(due, abs=0.3))


def test_a_job_of_a_late_submission_is_paid_for_by_how_long_it_has_not_moved() -> None:
    polls = polls_of(1, 1000.0)
    polls._purse = 6.0
    polls.sent(1)
    polls.seen(1, 1030.0, 0.0, RUNNING, None)
    assert next_look(polls, 1030.0) == (1, approx(1036.0, abs=0.001))


def test_counts_of_a_late_submission_move_like_those_of_any_other() -> None:
    polls = polls_of(1, 1000.0)
    for now, share in ((1000.5, 0.0), (1010.0, 0.5)):
        polls.sent(1)
        polls.seen(1, now, 0.0, RUNNING, share)
    assert polls.due(1010.0) == (None, approx(1014.5))


def test_an_end_that_comes_after_a_look_in_vain_lifts_its_pause() -> None:
    polls = polls_of(3)
    polls.sent(1)
    polls.sent(2)
    polls.seen(1, 10.0, 0.0, RUNNING, None)
    assert polls.due(10.1)[0] is None
    polls.seen(2, 10.1, 0.0, DONE, None)
    assert polls.due(10.1) == (3, 10.1)


def test_of_jobs_that_are_due_one_that_runs_goes_before_one_of_which_nothing_is_known() -> None:
    polls = polls_of(2)
    polls.sent(1)
    polls.failed(1, 1.0, 0.0)
    polls.sent(2)
    polls.seen(2, 3.0, 0.0, RUNNING, None)
    assert polls.due(100.0) == (2, 100.0)


def test_else_whoever_can_bear_least_to_wait_longer_goes_first() -> None:
    polls = polls_of(1)
    polls.sent(1)
    polls.failed(1, 100.0, 0.0)  # due at 170, after 70 s
    polls.add(2, 165.0)
    polls.sent(2)
    polls.failed(2, 170.5, 0.0)  # due at 171.8, after 1.3 s
    assert polls.due(180.0) == (2, 180.0)


def test_a_job_whose_end_is_promised_soon_is_looked_at_half_a_second_later_at_the_earliest() -> (
    None
):
    polls = polls_of(1)
    for now, share in ((0.1, 0.0), (0.2, 0.1), (0.3, 0.12)):
        polls.sent(1)
        polls.seen(1, now, 0.0, RUNNING, share)
    assert polls.due(0.3) == (None, approx(0.8))


def test_a_purse_of_just_half_is_not_rich() -> None:
    for purse, jobs in ((32.0, 1), (32.1, 4)):
        polls = polls_of(20)
        polls._purse = purse
        assert len(at_once(polls, 10.0)) == jobs


def test_where_no_look_was_in_vain_the_purse_is_spent_at_once() -> None:
    polls = polls_of(3)
    polls.sent(1)
    polls.sent(2)
    polls.seen(1, 10.0, 0.0, RUNNING, None)
    polls.remove(3)
    polls._purse = 5.0
    polls.seen(2, 10.2, 0.0, DONE, None)
    assert polls.due(10.2) == (None, approx(10.5)), "as soon as a twentieth of its age has passed"


def test_no_more_than_twelve_are_under_way_also_where_one_is_due_by_its_progress() -> None:
    polls = moving(40)
    polls._allowed, polls._pause = IN_FLIGHT_MOST, 0.0
    jobs = at_once(polls, 9.75)
    assert len(jobs) == IN_FLIGHT_MOST
    assert 40 not in jobs
    assert polls.due(10.06) == (None, INF)
    polls.remove(jobs[0])
    assert polls.due(10.06) == (40, 10.06)


def test_a_rich_purse_does_not_mind_how_long_a_job_has_not_moved() -> None:
    polls = polls_of(1)
    polls._purse = 40.0
    _, now = look(polls, 200.0)
    assert next_look(polls, now) == (1, approx(202.0))


def test_a_middle_that_lies_near_is_looked_at_too() -> None:
    polls = polls_of(1)
    polls._purse = 40.0
    for now, share in ((0.5, 0.0), (9.0, 0.9)):
        polls.sent(1)
        polls.seen(1, now, 0.0, RUNNING, share)
    assert polls.due(9.0) == (None, approx(9.5))


def test_a_job_that_is_found_queued_again_is_held_back_like_any_other() -> None:
    polls = moving(3)
    polls.sent(3)
    polls.seen(3, 10.05, 0.0, QUEUED, None)
    assert polls.due(10.06) == (None, approx(10.1))
