"""When a job's end is to be expected by how its counts have moved."""

from __future__ import annotations

from typing import Any

import pytest

from gameball_async.jobs.pace import LET_DOWN, Pace

approx: Any = pytest.approx


def pace(*seen: tuple[float, float], began: float = 0.0) -> Pace:
    """A job that was seen to begin at *began* and then to have done so much at each moment."""
    found = Pace(began)
    found.saw(began, True, 0.0)
    for now, share in seen:
        found.saw(now, True, share)
    return found


def test_counts_that_have_not_moved_or_say_that_all_is_done_tell_nothing() -> None:
    assert Pace(0.0).end(5.0) is None
    assert pace((5.0, 0.0)).end(5.0) is None
    assert pace((5.0, 1.0)).end(5.0) is None
    assert pace((5.0, 0.5), (6.0, 1.0)).end(6.0) is None


def test_the_end_is_expected_between_the_next_step_and_what_the_last_one_promised() -> None:
    half = pace((10.0, 0.5))
    assert half.end(10.0) == (15.0, 20.0), "the next step may be the last"
    assert half.end(14.0) == (17.0, 20.0)
    finer = pace((10.0, 0.5), (12.0, 0.6))
    assert finer.end(12.0) == (approx((12 / 0.7 + 20) / 2), approx(20.0))


def test_the_smallest_step_that_was_seen_counts() -> None:
    steps = pace((10.0, 0.1), (30.0, 0.3), (40.0, 0.4))
    assert steps.end(40.0) == (approx((40 / 0.5 + 100) / 2), approx(100.0))


def test_a_share_counts_from_when_it_was_seen_first() -> None:
    waiting = pace((10.0, 0.5), (14.0, 0.5), (16.0, 0.5))
    assert waiting.end(16.0) == (18.0, 20.0)


def test_two_moments_that_are_as_good_as_one_are_one() -> None:
    fine = pace((0.0, 0.0), (96.0, 0.96), (97.0, 0.97))
    assert fine.end(97.0) == (approx(100.0), approx(100.0))
    rough = pace((0.0, 0.0), (9.0, 0.9))
    assert rough.end(9.0) == (9.5, 10.0), "a second apart is much for a job of nine"
    late = pace((1009.0, 0.9), began=1000.0)
    assert late.end(1009.0) == (approx(1009.5), approx(1010.0)), "whenever it began"
    short = pace((2.7, 0.9))
    assert short.end(2.7) == (3.0, 3.0), "less than half a second is one moment for any job"


def test_what_was_promised_is_over_when_it_has_passed() -> None:
    assert pace((10.0, 0.5)).end(20.0) is None
    assert pace((10.0, 0.5)).end(21.0) is None


def test_a_job_that_waits_has_not_begun() -> None:
    queued = Pace(0.0)
    queued.saw(40.0, False, 0.0)
    assert queued.began == 40.0
    queued.saw(40.5, True, 0.0)
    queued.saw(50.0, True, 0.5)
    assert queued.end(50.0) == (55.0, 60.0)


def test_a_job_seen_running_a_second_after_it_waited_may_have_begun_at_any_time() -> None:
    sure, unsure = Pace(0.0), Pace(0.0)
    sure.saw(0.9, True, 0.0)
    unsure.saw(1.0, True, 0.0)
    for each in (sure, unsure):
        each.saw(10.0, True, 0.2)
    assert sure.end(10.0) == (approx((25.0 + 50.0) / 2), 50.0)
    assert unsure.end(10.0) is None, "from here on its pace counts"
    assert unsure.began == 10.0
    unsure.saw(20.0, True, 0.4)
    assert unsure.end(20.0) == (approx((30.0 + 50.0) / 2), approx(50.0))


def test_whether_the_beginning_was_seen_is_decided_once() -> None:
    seen = Pace(0.0)
    seen.saw(0.5, True, 0.0)
    seen.saw(5.0, True, 0.0)
    seen.saw(10.0, True, 0.5)
    assert seen.end(10.0) == (15.0, 20.0)


def test_counts_that_go_back_are_taken_as_they_are() -> None:
    back = pace((10.0, 0.5), (20.0, 0.4))
    assert back.share == 0.4
    assert back.end(20.0) == (approx((20 / 0.9 + 50) / 2), approx(50.0))


def crawling(broken: int) -> Pace:
    """A job that was found unfinished so many times when its end was promised."""
    job = pace((999.0, 0.998), (1000.0, 0.999))
    for _ in range(broken):
        end = job.end(1000.0)
        assert end is not None
        job.saw(end[1], True, 0.999)
        job.share, job._share_at = 0.999, 1000.0
    return job


@pytest.mark.parametrize(
    ("broken", "patience"),
    [(0, 1.001), (1, 5.0), (2, 15.0), (3, 35.0), (6, 315.0), (7, 500.0), (9, 500.0)],
)
def test_each_broken_promise_makes_the_next_wait_longer_up_to_half_the_time_it_has_run(
    broken: int, patience: float
) -> None:
    assert LET_DOWN == 0.005
    assert crawling(broken).end(1000.0) == (approx(1000.0 + patience, abs=0.001),) * 2


def test_a_look_before_the_promised_moment_breaks_no_promise() -> None:
    job = pace((999.0, 0.998), (1000.0, 0.999))
    for _ in range(3):
        assert job.end(1000.0) == (approx(1001.001, abs=0.001),) * 2
        job.saw(1000.5, True, 0.999)
        job.saw(5000.0, True, 0.999)  # nothing is promised any more
