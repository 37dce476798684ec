"""What follows from each answer about a job, as a plain object."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from gameball_async.api.jobs import MOVES, Job, JobResults, JobState, JobStatus
from gameball_async.errors import AnswerLostError, UnknownJobError
from gameball_async.jobs.watched import AskAgain, GiveUp, Learned, WatchedJob

LISTS = JobResults([{"customerId": "a"}], [])
FINAL = (JobState.COMPLETED, JobState.FAILED, JobState.STOPPED)


def job(kind: str | None = "customers") -> WatchedJob:
    return WatchedJob.new(Job(7, kind, 2), 0.0)


def status(state: JobState, results: JobResults | None = None, finished: int = 0) -> JobStatus:
    return JobStatus(7, state, results=results, finished=finished)


def missing(known: WatchedJob, now: float, *, paths: int = 1, path_known: bool = True) -> object:
    return known.not_found(now, paths=paths, path_known=path_known, trouble=None)


class Watching(RuleBasedStateMachine):
    """Answers of all sorts come at all times; what is told of the job makes a history that can be."""

    @initialize(kind=st.sampled_from(["customers", None]))
    def begin(self, kind: str | None) -> None:
        self.known = job(kind)
        self.now = self.heard = 0.0
        self.states: list[JobState] = []
        self.over = False

    @precondition(lambda self: not self.over)
    @rule(
        state=st.sampled_from(JobState),
        lists=st.booleans(),
        seconds=st.floats(0.0, 4000.0),
        finished=st.integers(0, 2),
    )
    def answered(self, state: JobState, lists: bool, seconds: float, finished: int) -> None:
        self.now += seconds
        self.heard = self.now
        found = self.known.answered(
            status(state, LISTS if lists else None, finished=finished), self.now
        )
        if isinstance(found, AskAgain):
            assert state in FINAL and not lists
            return
        change = found.change
        if change is not None and change.moved:
            assert change.before == (self.states[-1] if self.states else None)
            assert change.status.state in MOVES[change.before]
            self.states.append(change.status.state)
        self.over = found.ended
        assert found.ended == (state in FINAL)

    @rule(seconds=st.floats(0.0, 4000.0))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: not self.over)
    @rule(seconds=st.floats(0.0, 4000.0))
    def lost(self, seconds: float) -> None:
        self.now += seconds
        found = self.known.lost(self.now)
        assert isinstance(found, GiveUp) == (self.now - self.heard > 3600)
        self.over = isinstance(found, GiveUp)

    @precondition(lambda self: not self.over)
    @rule(seconds=st.floats(0.0, 4000.0))
    def not_found(self, seconds: float) -> None:
        self.now += seconds
        self.over = isinstance(missing(self.known, self.now), GiveUp)


TestWatching = Watching.TestCase
TestWatching.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)


def test_a_submitted_job_may_be_missing_for_its_first_200_seconds() -> None:
    assert isinstance(missing(job(), 199.9), AskAgain)
    assert isinstance(missing(job(), 200.0), GiveUp)


def test_a_job_given_by_its_number_is_unknown_at_once() -> None:
    found = missing(job(kind=None), 1.0)
    assert isinstance(found, GiveUp) and isinstance(found.error, UnknownJobError)


def test_one_404_of_a_job_that_was_there_may_be_a_slip_and_two_are_not() -> None:
    known = job()
    known.answered(status(JobState.RUNNING), 500.0)
    assert isinstance(missing(known, 501.0), AskAgain)
    known.lost(502.0)
    assert isinstance(missing(known, 503.0), AskAgain), (
        "an answer between was lost: the count is new"
    )
    assert isinstance(missing(known, 504.0), GiveUp)


def test_a_job_is_given_up_after_an_hour_of_silence_and_not_before() -> None:
    known = job()
    known.answered(status(JobState.RUNNING), 100.0)
    assert isinstance(known.lost(3700.0), AskAgain)
    found = known.lost(3700.1)
    assert isinstance(found, GiveUp) and isinstance(found.error, AnswerLostError)


def test_where_both_paths_answer_404_the_trouble_is_named() -> None:
    known = job()
    assert missing(known, 1.0, paths=2, path_known=False) == AskAgain(None)
    found = missing(known, 2.0, paths=2, path_known=False)
    assert isinstance(found, AskAgain) and "404 to the status of job" in str(found.trouble)


def test_an_end_without_lists_is_asked_again_three_times() -> None:
    known = job()
    bare = status(JobState.COMPLETED)
    assert [isinstance(known.answered(bare, 1.0), AskAgain) for _ in range(4)] == [True] * 3 + [
        False
    ]


def test_of_an_earlier_answer_the_lists_count_only_where_they_are_longer() -> None:
    def earlier(listed: JobResults | None, before: JobResults) -> JobResults | None:
        found = job().answered(status(JobState.STOPPED, listed), 1.0, before)
        assert isinstance(found, Learned) and found.change is not None
        return found.change.status.earlier

    longer = JobResults([{"customerId": "a"}], [{"customerId": "b"}])
    assert earlier(LISTS, longer) == longer
    assert earlier(LISTS, LISTS) is None
    assert earlier(None, LISTS) == LISTS


def test_a_state_that_goes_back_is_no_transition() -> None:
    known = job()
    known.answered(status(JobState.RUNNING), 1.0)
    assert known.answered(status(JobState.QUEUED), 2.0) == Learned(None, False)


def test_an_answer_out_of_date_does_not_make_the_same_transition_come_twice() -> None:
    known = job()
    for state in (JobState.RUNNING, JobState.QUEUED):
        known.answered(status(state), 1.0)
    found = known.answered(status(JobState.RUNNING), 2.0)
    assert isinstance(found, Learned) and found.change is not None and not found.change.moved
