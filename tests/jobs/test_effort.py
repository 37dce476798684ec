"""What is spent on polls: more at a distance, less behind a queue, and spare slots for the last of many."""

from __future__ import annotations

import itertools

import pytest

from gameball_async.api.jobs import JobState
from gameball_async.jobs.effort import Effort
from gameball_async.jobs.schedule import FEW, SPARE_LAST, SPARE_PART, Polls

RUNNING, QUEUED, DONE = JobState.RUNNING, JobState.QUEUED, JobState.COMPLETED


def at_once(effort: Effort, now: float) -> int:
    """How many polls may be under way."""
    count = 0
    while not effort.beyond and not effort.full:
        effort.sent(now)
        count += 1
    for _ in range(count):
        effort.in_flight -= 1
    return count


def found(trip: float, *, queued: bool = False) -> int:
    """How many may be, after one end was found, where a trip takes so long."""
    effort = Effort()
    for _ in range(30):
        effort.sent(0.0)
        effort.answered(trip)
    if queued:
        effort.queued(0.0)
    effort.found(1.0, expected=False)
    return at_once(effort, 1.0)


def test_an_end_lets_more_polls_go_where_a_trip_takes_long() -> None:
    assert found(0.05) == 3
    assert 10 <= found(0.5) <= 11


def test_behind_a_queue_an_end_is_no_sign_of_others() -> None:
    assert found(0.05, queued=True) == 2
    assert found(0.5, queued=True) == 2


def test_where_one_of_the_last_has_just_ended_the_others_are_looked_at_soon() -> None:
    polls = Polls()
    for job in (1, 2):
        polls.add(job, 0.0)
    for job in (1, 2):
        polls.sent(job, 599.0)
        polls.seen(job, 600.0, 0.0, RUNNING, None)
    polls.sent(1, 600.0)
    polls.seen(1, 600.0, 0.0, DONE, None)
    assert polls.due(600.0, spare=True)[1] <= 600.0 + SPARE_LAST
    assert polls.due(600.0 + SPARE_LAST, spare=True)[0] == 2
    polls.sent(2, 603.0)
    polls.seen(2, 604.0, 0.0, RUNNING, None)
    again, when = polls.due(604.0, spare=True)
    assert again is None
    assert when <= 604.0 + SPARE_LAST + SPARE_PART * 4.0 + 1e-9


@pytest.mark.parametrize(("state", "most"), [(RUNNING, 1.0), (QUEUED, 4.0)])
def test_of_many_one_is_looked_at_each_second_where_slots_are_spare(
    state: JobState, most: float
) -> None:
    polls, now, looks = Polls(), 0.0, []
    for job in range(FEW + 5):
        polls.add(job, 0.0)
    while now < 400.0:
        found_job, when = polls.due(now, spare=True)
        if found_job is None:
            assert when > now
            now = when
            continue
        looks.append(now)
        polls.sent(found_job, now)
        polls.seen(found_job, now, 0.5, state, None)
    late = [at for at in looks if at > 100.0]
    gaps = [after - before for before, after in itertools.pairwise(late)]
    assert max(gaps) <= most + 1e-6
    assert sum(gap > most - 1e-6 for gap in gaps) > len(gaps) / 2
