"""
What is known of one open job, and what follows from each answer about it.

A plain class without an await or a clock: the moment is an argument. `watch` asks, and tells.
"""

from __future__ import annotations

from attrs import define, evolve, frozen

from ..api.jobs import MOVES, Job, JobResults, JobState, JobStatus, Transition
from ..errors import AnswerLostError, GameballError, UnknownJobError

YOUNG = 200.0
"""Seconds after a submission during which a 404 may mean that the job is not visible yet."""
SILENCE = 3600.0
"""Seconds without one readable answer after which a job is given up."""
NO_LISTS = 3
"""How often a finished job without its lists is asked again before it is taken as it is."""

NO_PATH = (
    "Gameball answers 404 to the status of job {} on both paths in its documentation: check the "
    "base URL and the API version (--base-url, --api-version), or ask Gameball's support for the "
    "path. Then resume the run, which asks for the jobs again"
)


@frozen
class Learned:
    """
    An answer that shows where the job stands.

    Attributes:
        change: what watchers are told; None where it is out of date.
        ended: the job is asked about no more.
    """

    change: Transition | None
    ended: bool


@frozen
class AskAgain:
    """
    An answer that shows nothing.

    Attributes:
        trouble: why no job can be asked about, as far as that is seen; None for nothing.
    """

    trouble: str | None = None


@frozen
class GiveUp:
    """The job is asked about no more, and its watchers get *error*."""

    error: GameballError


@define(eq=False)
class WatchedJob:
    """
    One open job.

    Attributes:
        job: the job.
        since: when it began to be watched.
        heard: when an answer last showed where it stands.
        moved_at: when something about it last changed.
        status: what was last seen, without lists.
        asked: how often it was asked about.
        missing: answers in a row that said that there is no such job.
        bare_ends: answers that showed an end without lists.
    """

    job: Job
    since: float
    heard: float
    moved_at: float
    status: JobStatus | None = None
    asked: int = 0
    missing: int = 0
    bare_ends: int = 0

    @classmethod
    def new(cls, job: Job, now: float) -> WatchedJob:
        """A job that begins to be watched now."""
        return cls(job, now, now, now)

    def answered(
        self, status: JobStatus, now: float, earlier: JobResults | None = None
    ) -> Learned | AskAgain:
        """
        An answer shows a status.

        Arguments:
            status: as it was read.
            now: the moment.
            earlier: the lists of the last answer before the end that had some.
        """
        self.heard = now
        self.missing = 0
        if self._is_bare_end(status):
            return AskAgain()
        known = self.status
        before = None if known is None else known.state
        moved = status.state in MOVES[before]
        if not moved and before is not status.state:
            return Learned(None, status.state.final)  # out of date
        if known is None or (known.state, known.share) != (status.state, status.share):
            self.moved_at = now
        if not status.state.final:
            self.status = evolve(status, results=None)
        elif earlier is not None and len(earlier) > len(status.results or ()):
            status = evolve(status, earlier=earlier)
        return Learned(Transition(self.job, before, status, moved=moved), status.state.final)

    def _is_bare_end(self, status: JobStatus) -> bool:
        """Whether this is an end without lists, which proves nothing of any row: ask again."""
        bare = status.state in (JobState.COMPLETED, JobState.FAILED) and status.results is None
        self.bare_ends += bare
        return bare and self.bare_ends <= NO_LISTS

    def lost(self, now: float) -> AskAgain | GiveUp:
        """An answer was lost, or cannot be read."""
        self.missing = 0  # the path may be there
        return self._silent(now)

    def _silent(self, now: float, trouble: str | None = None) -> AskAgain | GiveUp:
        if now - self.heard <= SILENCE:
            return AskAgain(trouble)
        return GiveUp(
            AnswerLostError(
                f"the status of job {self.job.id} could not be read for {SILENCE / 60:.0f} "
                "minutes. It may still be running at Gameball: watch it again, or resume the "
                "run, once the connection is back"
            )
        )

    def not_found(
        self, now: float, *, paths: int, path_known: bool, trouble: str | None
    ) -> AskAgain | GiveUp:
        """
        An answer says that there is no such job.

        Arguments:
            now: the moment.
            paths: on how many paths it is asked about by turns.
            path_known: whether some job has answered on one of them.
            trouble: why no job can be asked about, where that is known already.
        """
        self.missing += 1
        submitted = self.job.kind is not None  # else its number may be a slip of the user's
        if submitted and self.missing >= paths and not path_known:
            trouble = trouble or NO_PATH.format(self.job.id)
        if self.status is not None:
            again = self.missing < 2  # it was there before: one 404 may be a slip
        else:
            again = (submitted and now - self.since < YOUNG) or self.missing < paths
        if again:
            return self._silent(now, trouble)
        return GiveUp(UnknownJobError(self.job.id, trouble if submitted else None))
