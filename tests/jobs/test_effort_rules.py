"""What polls cost and what pays for them, to the moment: pauses, the purse, and polls under way."""

from __future__ import annotations

import itertools

import pytest

from gameball_async.jobs.effort import IN_FLIGHT_MOST, Effort
from tests.jobs.looking import (
    DONE,
    INF,
    QUEUED,
    RUNNING,
    approx,
    at_once,
    look,
    looks,
    moving,
    next_look,
    polls_of,
)


def effort_after(submissions: int) -> Effort:
    effort = Effort()
    for number in range(submissions):
        effort.added(0.0, first=not number)
    return effort


# -- pauses


def test_looks_in_vain_hold_back_the_others_twice_as_long_each_time_up_to_half_a_second() -> None:
    times = looks(polls_of(9, 9.0), 5, 10.0)
    assert times == [approx(t) for t in (10.0, 10.25, 10.75, 11.25, 11.75)]


def test_they_hold_them_back_from_when_they_were_sent_however_long_the_answer_takes() -> None:
    polls = polls_of(9, 9.0)
    times: list[float] = []
    now = 10.0
    for _ in range(4):
        job, now = next_look(polls, now)
        polls.sent(job, now)
        times.append(now)
        now += 0.2
        polls.seen(job, now, 0.0, RUNNING, None)
    assert times == [approx(t) for t in (10.0, 10.25, 10.75, 11.25)]


def test_a_look_that_was_not_answered_holds_back_the_others_from_when_it_was_given_up() -> None:
    polls = polls_of(9, 9.0)
    job, now = next_look(polls, 10.0)
    polls.sent(job, now)
    polls.failed(job, 11.0, 0.0)
    assert next_look(polls, 11.0)[1] == approx(11.25)


def test_behind_a_queue_they_hold_back_the_others_for_up_to_a_second() -> None:
    polls = polls_of(9, 9.0)
    times: list[float] = []
    for _ in range(5):
        _, now = look(polls, times[-1] if times else 10.0, QUEUED)
        times.append(now)
    assert times == [approx(t) for t in (10.0, 10.25, 10.75, 11.75, 12.75)]


def test_where_nothing_has_stirred_for_long_pauses_are_a_twentieth_of_that_time() -> None:
    polls = polls_of(30)
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


def test_a_pause_is_a_twentieth_of_the_time_since_something_stirred_whenever_that_was() -> None:
    polls = polls_of(30, 1000.0)
    times = looks(polls, 6, 1040.0)
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert gaps == approx([0.25, 0.5, 1.0, 2.0, 2.3], abs=0.15)


def test_an_end_lifts_the_pause() -> None:
    polls = polls_of(9, 9.0)
    times = looks(polls, 3, 10.0)
    _, now = look(polls, times[-1], DONE)
    assert now == approx(11.25)
    assert polls.due(now)[0] is not None


def test_an_end_that_comes_after_a_look_in_vain_lifts_its_pause() -> None:
    polls = polls_of(3)
    polls.sent(1, 10.0)
    polls.sent(2, 10.0)
    polls.seen(1, 10.0, 0.0, RUNNING, None)
    assert polls.due(10.1)[0] is None
    polls.seen(2, 10.1, 0.0, DONE, None)
    assert polls.due(10.1) == (3, 10.1)


def test_an_end_that_was_expected_tells_nothing_of_the_others() -> None:
    polls = moving(9)
    polls.sent(9, 10.05)
    polls.seen(9, 10.05, 0.0, DONE, None)
    assert 9 not in polls
    assert polls.due(10.05) == (None, approx(10.1)), "the pause goes on"
    assert len(at_once(polls, 10.1)) == 3, "but two more may be under way"


def test_a_question_without_an_answer_holds_back_the_others_too() -> None:
    polls = polls_of(3)
    job, now = next_look(polls, 10.0)
    polls.sent(job, now)
    polls.failed(job, now, 0.0)
    assert polls.due(now) == (None, approx(10.25))


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


@pytest.mark.parametrize(("submissions", "due"), [(10, 40.0), (20, 36.0), (40, 32.727)])
def test_a_purse_that_is_not_rich_is_made_to_last_for_as_long_as_the_job_has_not_moved(
    submissions: int, due: float
) -> None:
    polls = polls_of(1, submissions=submissions)
    _, now = look(polls, 30.0)
    # Six looks are to last for 36 s, for which it has not moved by then. By the table it is due at 40.
    assert next_look(polls, now) == (1, approx(due, abs=0.001))


def test_each_look_that_is_paid_is_taken_from_the_purse_and_the_rest_lasts_for_longer() -> None:
    polls = polls_of(1, submissions=20)
    _, now = look(polls, 100.0)
    times = looks(polls, 3, now)
    assert times == [approx(t) for t in (120.0, 150.0, 200.0)], "of six, five and four looks"


def test_a_job_of_a_late_submission_is_paid_for_by_how_long_it_has_not_moved() -> None:
    polls = polls_of(1, 1000.0, submissions=20)
    polls.sent(1, 1030.0)
    polls.seen(1, 1030.0, 0.0, RUNNING, None)
    assert next_look(polls, 1030.0) == (1, approx(1036.0, abs=0.001))


@pytest.mark.parametrize(("age", "wait"), [(30.0, 1.5), (100.0, 2.0), (200.0, 2.0)])
def test_a_rich_purse_is_spent_after_a_twentieth_of_the_age_and_two_seconds_at_most(
    age: float, wait: float
) -> None:
    polls = polls_of(1, submissions=134)
    _, now = look(polls, age)
    assert next_look(polls, now) == (1, approx(age + wait))


def test_where_no_look_was_in_vain_the_purse_is_spent_at_once() -> None:
    polls = polls_of(3, submissions=17)
    polls.sent(1, 10.0)
    polls.sent(2, 10.0)
    polls.seen(1, 10.0, 0.0, RUNNING, None)
    polls.remove(3)
    polls.seen(2, 10.2, 0.0, DONE, None)
    assert polls.due(10.2) == (None, approx(10.5)), "as soon as a twentieth of its age has passed"


def paid_for(effort: Effort) -> int:
    """How many looks the purse pays for."""
    count = 0
    while effort.paying:
        effort.missed(0.0, 1, expected=False, paid=True)
        count += 1
    return count


def test_more_than_64_looks_are_not_saved() -> None:
    effort = effort_after(1000)
    for _ in range(20):
        effort.found(1.0, expected=False)
    assert paid_for(effort) == 64


def test_a_purse_of_one_look_pays_for_it() -> None:
    effort = effort_after(300)
    for _ in range(63):
        effort.missed(0.0, 1, expected=False, paid=True)
    assert paid_for(effort) == 1, "of 64 looks 63 were paid for"
    assert paid_for(effort_after(3)) == 0
    assert paid_for(effort_after(4)) == 1


def test_a_purse_of_just_half_is_not_rich() -> None:
    effort = effort_after(300)
    for _ in range(31):
        effort.missed(0.0, 1, expected=False, paid=True)
    assert effort.affordable
    effort.missed(0.0, 1, expected=False, paid=True)
    assert not effort.affordable


# -- in flight


@pytest.mark.parametrize(("jobs", "then"), [(117, 4), (116, 1)])
def test_while_the_purse_is_rich_four_polls_are_under_way_at_once_of_which_it_pays_three(
    jobs: int, then: int
) -> None:
    assert len(at_once(polls_of(100), 10.0)) == 1
    polls = polls_of(jobs)
    asked = at_once(polls, 10.0)
    assert len(asked) == 4
    for job in asked:
        polls.seen(job, 10.0, 0.0, RUNNING, None)
    assert len(at_once(polls, 12.0)) == then


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


def test_no_more_than_twelve_are_under_way_also_where_one_is_due_by_its_progress() -> None:
    polls = moving(40)
    for job in range(1, 7):
        polls.sent(job, 9.7)
        polls.seen(job, 9.7, 0.0, DONE, None)
    jobs = at_once(polls, 9.75)
    assert len(jobs) == IN_FLIGHT_MOST
    assert 40 not in jobs
    assert polls.due(10.06) == (None, INF)
    polls.remove(jobs[0])
    assert polls.due(10.06) == (40, 10.06)


def test_a_look_in_vain_halves_how_many_polls_are_under_way() -> None:
    polls = polls_of(60)
    now = 10.0
    for _ in range(3):
        _, now = look(polls, now, DONE)
    look(polls, now)
    assert polls.due(now)[0] is None
    now += 5.0
    jobs = at_once(polls, now)
    assert len(jobs) == 3
    for job in jobs:
        polls.seen(job, now, 0.0, RUNNING, None)
    assert len(at_once(polls, now + 5.0)) == 1


# -- a server that works through a queue, and one that is far away


def at_most(effort: Effort) -> int:
    """How many polls go out before an answer is needed, not one of them paid for."""
    count = 0
    while not (effort.beyond or effort.full):
        effort.sent(0.0)
        count += 1
    for _ in range(count):
        effort.in_flight -= 1
    return count


def far_away(trip: float, answers: int = 60) -> Effort:
    """What is spent where so many answers have come after *trip* seconds each."""
    effort = Effort()
    for _ in range(answers):
        effort.sent(0.0)
        effort.answered(trip)
    return effort


def test_at_first_one_poll_is_under_way_and_nothing_holds_it_back() -> None:
    effort = Effort()
    assert at_most(effort) == 1
    assert effort.free(0.0, 1) == -INF
    assert effort.sent_at == 0.0
    assert not effort.paying


def test_an_end_after_a_look_in_vain_holds_back_for_a_fifth_of_a_second_behind_a_queue() -> None:
    for queued, wait in ((True, 0.2), (False, 0.0)):
        effort = effort_after(1)
        if queued:
            effort.queued(1.0)
        effort.missed(2.0, 1, expected=False, paid=False)
        effort.found(3.0, expected=False)
        assert effort.free(3.0, 1) == 3.0 + wait
        effort.found(4.0, expected=False)
        assert effort.free(4.0, 1) == 4.0, "two ends in a row are a backlog"


def test_an_end_that_is_found_first_of_all_holds_back_nothing_behind_a_queue_either() -> None:
    effort = effort_after(1)
    effort.queued(1.0)
    effort.found(1.0, expected=False)
    assert effort.free(1.0, 1) == 1.0


def test_an_end_that_was_expected_leaves_the_pause_as_it_was() -> None:
    effort = effort_after(1)
    effort.missed(2.0, 1, expected=False, paid=False)
    effort.found(2.1, expected=True)
    assert effort.free(2.1, 1) == 2.25


def test_a_look_in_vain_that_was_expected_costs_a_look_and_holds_back_nothing() -> None:
    effort = effort_after(4)
    effort.missed(2.0, 1, expected=True, paid=False)
    assert not effort.paying
    assert effort.free(2.0, 1) == -INF
    effort = effort_after(4)
    effort.missed(2.0, 1, expected=False, paid=False)
    assert effort.paying, "one that is neither expected nor paid costs none"


def test_an_empty_purse_owes_nothing() -> None:
    effort = effort_after(1)
    effort.missed(2.0, 1, expected=True, paid=True)
    for _ in range(2):
        effort.found(3.0, expected=True)
    assert effort.paying, "two ends pay for 1.2 looks"


def test_an_end_pays_for_half_a_look_behind_a_queue() -> None:
    effort = Effort()
    effort.queued(0.0)
    for _ in range(20):
        effort.found(1.0, expected=False)
    assert paid_for(effort) == 10


def test_a_server_works_through_a_queue_until_half_a_minute_after_a_job_was_found_waiting() -> None:
    effort = Effort()
    assert not effort.queueing(0.0)
    effort.queued(10.0)
    assert effort.queueing(39.9)
    assert not effort.queueing(40.0)


def test_an_end_lets_two_more_polls_go_and_behind_a_queue_one() -> None:
    for queued, sizes in ((False, [3, 5, 7, 9, 11, 12, 12]), (True, [2, 3, 4, 5, 6, 7, 8])):
        effort = Effort()
        if queued:
            effort.queued(0.0)
        found = []
        for _ in sizes:
            effort.found(1.0, expected=False)
            found.append(at_most(effort))
        assert found == sizes


def test_where_a_trip_takes_half_a_second_five_times_as_many_polls_go_out() -> None:
    effort = far_away(0.5)
    effort.found(1.0, expected=False)
    assert at_most(effort) == 10
    for _ in range(9):
        effort.found(1.0, expected=False)
    assert at_most(effort) == 59, "twelve for each tenth of a second, which is nearly reached"
    effort.in_flight = 60
    assert effort.full


@pytest.mark.parametrize(("trip", "most"), [(0.1, 4), (0.5, 20)])
def test_a_rich_purse_pays_for_more_polls_at_once_where_a_trip_takes_long(
    trip: float, most: int
) -> None:
    effort = far_away(trip)
    for number in range(200):
        effort.added(0.0, first=not number)
    for count in range(most):
        assert effort.affordable, f"{count} are under way"
        effort.sent(0.0)
    assert not effort.affordable


def test_the_last_answer_counts_a_fifth_in_what_a_trip_takes() -> None:
    effort = far_away(0.6, 1)  # 0.1 s + a fifth of 0.5 s: two tenths
    effort.found(1.0, expected=False)
    assert at_most(effort) == 5
    effort = far_away(0.01)
    effort.found(1.0, expected=False)
    assert at_most(effort) == 3, "near is near"


def test_a_look_that_is_paid_waits_until_the_purse_lasts() -> None:
    effort = effort_after(20)  # six looks
    assert effort.free_if_paid(30.0) == -INF
    effort.missed(2.0, 1, expected=False, paid=False)
    assert effort.free_if_paid(30.0) == approx(7.0)
    assert effort.free_if_paid(0.6) == approx(2.4), "0.4 s at least"
    rich = effort_after(200)
    rich.missed(2.0, 1, expected=False, paid=False)
    assert rich.free_if_paid(30.0) == approx(2.4)


def test_of_many_jobs_none_is_held_back_for_long() -> None:
    effort = effort_after(1)
    for now in (1000.0, 1001.0, 1002.0, 1003.0, 1004.0, 1005.0, 1006.0, 1007.0):
        effort.missed(now, 10, expected=False, paid=False)
    assert effort.free(1007.0, 10) == approx(1007.0 + 9.25)
    assert effort.free(1007.0, 30) == approx(1007.0 + 92.5 / 30)
    assert effort.free(1007.0, 1000) == 1007.5
    effort.added(1007.0, first=False)
    assert effort.free(1007.0, 10) == 1007.5, "something has stirred"
    effort.queued(1007.0)
    assert effort.free(1007.0, 10) == 1008.0, "a second, behind a queue"
