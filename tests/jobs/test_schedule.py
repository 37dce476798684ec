"""Which job is asked about next: each rule of the schedule, and all of them against a naive model."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench_dispatch import alone
from gameball_async.api.jobs import JobState
from gameball_async.jobs.effort import IN_FLIGHT_MOST
from gameball_async.jobs.schedule import LOOKS, LOOKS_APART, Polls

RUNNING, QUEUED, DONE = JobState.RUNNING, JobState.QUEUED, JobState.COMPLETED


def next_poll(polls: Polls, now: float) -> tuple[int, float]:
    """The next job that is due, and when; nothing else happens meanwhile."""
    while True:
        job, when = polls.due(now)
        if job is not None:
            return job, now
        assert now < when < float("inf")
        now = when


def look(
    polls: Polls, now: float, state: JobState, share: float | None = None
) -> tuple[int, float]:
    """Ask about the next job, and be told *state* at once."""
    job, now = next_poll(polls, now)
    polls.sent(job, now)
    polls.seen(job, now, 0.0, state, share)
    return job, now


def test_jobs_are_asked_about_in_the_order_they_were_submitted() -> None:
    polls, now, order = Polls(), 0.0, []
    for job in range(20):
        polls.add(job, 0.1 * job)
    while len(polls):
        job, now = look(polls, now, DONE)
        order.append(job)
    assert order == list(range(20))


def test_a_job_of_unknown_age_is_asked_about_at_once_and_one_just_submitted_a_moment_later() -> (
    None
):
    polls = Polls()
    polls.add(1, 5.0)
    assert polls.due(5.0)[0] is None
    polls.add(2, 5.0, submitted=False)
    assert polls.due(5.0)[0] == 2


def test_a_job_that_does_not_move_is_asked_ever_more_rarely() -> None:
    polls, now, times = Polls(), 0.0, []
    polls.add(1, 0.0)
    while now < 7200:
        _, now = look(polls, now, RUNNING)
        times.append(now)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert all(later >= 0.95 * earlier for earlier, later in itertools.pairwise(gaps))
    assert max(gaps) <= LOOKS_APART * 1.05
    assert sum(time <= LOOKS[-1] + 1 for time in times) == 15


@given(
    span=st.floats(0.1, 7200),
    steps=st.sampled_from([0, 1, 3, 20, 100, 1000]),
    trip=st.sampled_from([0.01, 0.1, 0.5]),
    seed=st.integers(0, 99),
)
def test_the_end_of_a_job_alone_is_seen_late_by_a_part_of_its_age_at_most(
    span: float, steps: int, trip: float, seed: int
) -> None:
    late, _ = alone(span, steps=steps, trip=trip, seed=seed)
    assert late <= min(1.5 + 0.75 * span, LOOKS_APART * 1.05) + 2 * trip


@given(span=st.floats(30, 7200), seed=st.integers(0, 99))
def test_counts_that_move_evenly_show_the_end_within_two_hundredths(span: float, seed: int) -> None:
    late, polls = alone(span, steps=1000, seed=seed)
    assert late <= 0.4 + 0.02 * span
    assert polls <= 25


def test_a_job_that_crawls_at_its_end_is_not_asked_ever_more_often() -> None:
    polls, now, count = Polls(), 0.0, 0
    polls.add(1, 0.0)
    while now < 3600:
        share = 1 - 1 / (1 + now / 10)  # always moving, never there
        _, now = look(polls, now, RUNNING, share)
        count += 1
    assert count <= 60


def test_counts_that_say_done_while_the_job_runs_are_no_reason_to_ask_more() -> None:
    polls, now, count = Polls(), 0.0, 0
    polls.add(1, 0.0)
    while now < LOOKS[-1]:
        _, now = look(polls, now, RUNNING, 1.0)
        count += 1
    assert count <= 16


def test_the_one_found_queued_keeps_its_place_at_the_head() -> None:
    polls = Polls()
    for job in range(3):
        polls.add(job, 0.1 * job)
    seen, now = [], 1.0
    for _ in range(5):
        job, now = look(polls, now, QUEUED)
        seen.append(job)
    assert seen == [0, 0, 0, 1, 1]


def test_looks_in_vain_pause_the_others_and_an_end_lifts_the_pause() -> None:
    polls, now, times = Polls(), 10.0, []
    for job in range(9):
        polls.add(job, 0.0)
    for _ in range(4):
        _, now = look(polls, now, RUNNING)
        times.append(now)
    gaps = [round(b - a, 3) for a, b in itertools.pairwise(times)]
    assert gaps == sorted(gaps)
    assert gaps[0] < gaps[-1]
    _, now = look(polls, now, DONE)
    assert polls.due(now)[0] is not None


def test_ends_found_let_more_polls_go_at_once_and_a_look_in_vain_fewer() -> None:
    polls = Polls()
    for job in range(100):
        polls.add(job, 0.0)

    def at_once(now: float) -> list[int]:
        sent = []
        while (job := polls.due(now)[0]) is not None:
            polls.sent(job, now)
            sent.append(job)
        return sent

    sizes = []
    for step in range(4):
        jobs = at_once(10.0 + step)
        sizes.append(len(jobs))
        for job in jobs:
            polls.seen(job, 10.0 + step, 0.0, DONE, None)
    assert sizes == [1, 3, 9, 12]
    jobs = at_once(20.0)
    assert len(jobs) == IN_FLIGHT_MOST
    polls.seen(jobs[0], 20.0, 0.0, RUNNING, None)
    for job in jobs[1:]:
        polls.remove(job)
    assert len(at_once(30.0)) == IN_FLIGHT_MOST // 2


def test_answers_about_a_job_that_is_not_watched_any_more_change_nothing() -> None:
    polls = Polls()
    polls.add(1, 0.0)
    polls.sent(1, 0.0)
    polls.remove(1)
    polls.seen(1, 1.0, 0.0, DONE, None)
    polls.failed(1, 1.0, 0.0)
    assert len(polls) == 0
    polls.add(1, 2.0)
    assert next_poll(polls, 2.0) == (1, 2.25)


def test_questions_that_get_no_answer_are_repeated_ever_more_rarely() -> None:
    polls, now, count = Polls(), 0.0, 0
    polls.add(1, 0.0)
    while now < 600:
        job, now = next_poll(polls, now)
        polls.sent(job, now)
        polls.failed(job, now, 0.5)
        count += 1
    assert count <= 15
