"""What is told of a job that cannot be asked about, and when something about it last changed."""

from __future__ import annotations

import pytest

from gameball_async.api.jobs import Job, JobResults, JobState, JobStatus
from gameball_async.errors import AnswerLostError, UnknownJobError
from gameball_async.jobs.watched import AskAgain, GiveUp, Learned, WatchedJob

NO_PATH = (
    "Gameball answers 404 to the status of job 7 on both paths in its documentation: check the "
    "base URL and the API version (--base-url, --api-version), or ask Gameball's support for the "
    "path. Then resume the run, which asks for the jobs again"
)


def job(kind: str | None = "customers", now: float = 0.0) -> WatchedJob:
    return WatchedJob.new(Job(7, kind, 2), now)


def running(finished: int) -> JobStatus:
    return JobStatus(7, JobState.RUNNING, total=10, finished=finished)


def test_a_new_job_counts_from_when_it_began_to_be_watched() -> None:
    known = job(now=5.0)
    assert (known.since, known.heard, known.moved_at) == (5.0, 5.0, 5.0)
    assert (known.status, known.asked, known.missing, known.bare_ends) == (None, 0, 0, 0)


def test_a_job_moves_when_its_state_or_its_counts_change() -> None:
    known = job()
    moves = []
    for now, status in enumerate(
        [running(0), running(0), running(3), running(3), JobStatus(7, JobState.STOPPED)], start=1
    ):
        found = known.answered(status, float(now))
        moves.append((known.heard, known.moved_at))
        assert isinstance(found, Learned) and found.change is not None
        assert found.change.moved is (now in (1, 5))
        assert found.change.job == Job(7, "customers", 2)
    assert moves == [(1.0, 1.0), (2.0, 1.0), (3.0, 3.0), (4.0, 3.0), (5.0, 5.0)]


def test_a_job_that_is_silent_for_an_hour_is_told_as_such() -> None:
    found = job().lost(3601.0)
    assert isinstance(found, GiveUp) and isinstance(found.error, AnswerLostError)
    assert str(found.error) == (
        "the status of job 7 could not be read for 60 minutes. It may still be running at "
        "Gameball: watch it again, or resume the run, once the connection is back"
    )


def test_an_hour_of_404s_of_a_job_that_answered_is_silence_too() -> None:
    known = job()
    known.answered(running(0), 100.0)
    found = known.not_found(3701.0, paths=1, path_known=True, trouble=None)
    assert isinstance(found, GiveUp) and isinstance(found.error, AnswerLostError)


@pytest.mark.parametrize("since", [0.0, 1000.0])
def test_a_job_is_young_for_200_seconds_from_when_it_was_submitted(since: float) -> None:
    known = job(now=since)
    for seconds, kind in [(199.0, AskAgain), (200.0, GiveUp)]:
        found = known.not_found(since + seconds, paths=1, path_known=True, trouble=None)
        assert isinstance(found, kind)


def test_a_submitted_job_that_no_path_knows_is_given_up_with_that_trouble() -> None:
    known = job()
    first = known.not_found(1.0, paths=2, path_known=False, trouble=None)
    second = known.not_found(2.0, paths=2, path_known=False, trouble=None)
    assert [first, second] == [AskAgain(None), AskAgain(NO_PATH)]
    end = known.not_found(200.0, paths=2, path_known=False, trouble=None)
    assert isinstance(end, GiveUp) and isinstance(end.error, UnknownJobError)
    assert (str(end.error), end.error.job_id) == (NO_PATH, 7)


def test_a_trouble_that_is_known_already_is_kept() -> None:
    known = job()
    known.not_found(1.0, paths=1, path_known=False, trouble="as told")
    found = known.not_found(2.0, paths=1, path_known=False, trouble="as told")
    assert found == AskAgain("as told")


@pytest.mark.parametrize(("kind", "path_known"), [(None, False), ("customers", True)])
def test_a_number_that_may_be_a_slip_or_a_job_among_others_is_unknown_without_a_trouble(
    kind: str | None, path_known: bool
) -> None:
    known = job(kind)
    known.not_found(300.0, paths=2, path_known=path_known, trouble=None)
    found = known.not_found(301.0, paths=2, path_known=path_known, trouble=None)
    assert isinstance(found, GiveUp)
    assert str(found.error) == str(UnknownJobError(7))
    of_others = job(None)
    of_others.not_found(1.0, paths=1, path_known=False, trouble="as told")
    found = of_others.not_found(2.0, paths=1, path_known=False, trouble="as told")
    assert isinstance(found, GiveUp) and str(found.error) == str(UnknownJobError(7))


def test_a_job_that_answered_is_given_up_at_its_second_404_in_a_row() -> None:
    known = job()
    known.answered(running(0), 1.0)
    assert isinstance(known.not_found(2.0, paths=2, path_known=True, trouble=None), AskAgain)
    known.answered(running(1), 3.0)
    assert isinstance(known.not_found(4.0, paths=2, path_known=True, trouble=None), AskAgain)
    assert isinstance(known.not_found(5.0, paths=2, path_known=True, trouble=None), GiveUp)


def test_the_lists_of_a_job_that_goes_on_are_told_and_not_kept() -> None:
    known = job()
    lists = JobResults([{"customerId": "a"}], [])
    found = known.answered(JobStatus(7, JobState.RUNNING, results=lists), 1.0)
    assert isinstance(found, Learned) and found.change is not None
    assert found.change.status.results == lists
    assert known.status is not None and known.status.results is None
