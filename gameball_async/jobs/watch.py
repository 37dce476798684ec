"""
The one poll loop's other half: what is known of each job, and who is told when it moves.

Five watchers of a job cost one poll. A watcher (`changes`) that joins late is told the present state
first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakSet

import anyio
from attrs import define, evolve, field

from ..api.jobs import MOVES, Job, JobState, JobStatus, Transition
from ..api.requests import Account, Dialect, Dialects
from ..api.responses import error_for, read_error, read_status
from ..api.wire import WireRequest, WireResponse
from ..errors import (
    AnswerLostError,
    AuthenticationError,
    ClosedError,
    GameballError,
    NotGameballError,
    RejectedError,
    TransportError,
    UnknownJobError,
    UnreachableError,
)
from ..limits.calls import retry_after_of
from ..limits.contact import tried_for
from ..limits.dispatcher import Dispatcher
from ..limits.retry import Patience
from ..observe.events import (
    JobTransition,
    RetryScheduled,
    StatusNotFound,
    WatchFailed,
    WatchStarted,
    why,
)
from .partial import Partial

if TYPE_CHECKING:
    from .changes import Changes

__all__ = ["Watch"]

YOUNG = 200.0
"""Seconds after a submission during which a 404 may mean that the job is not visible yet."""
SILENCE = 3600.0
"""Seconds without one readable answer after which a job is given up."""
NO_LISTS = 3
"""How often a finished job without its lists is asked again before it is taken as it is."""

KEPT = 16 * 1024 * 1024
"""Bytes of answers with partial lists that are kept over all open jobs; the oldest are dropped first."""

NO_PATH = (
    "the status of job {} is answered with 404 on both paths that Gameball's documents name: check "
    "the base URL and the version (--base-url, --api-version), or ask Gameball's support for the "
    "path. Then resume: how the jobs ended is asked again"
)


@define(eq=False)
class _Watched:
    """One open job and those who watch it."""

    job: Job
    since: float
    heard: float
    status: JobStatus | None = None
    moved_at: float = 0.0
    bare_ends: int = 0
    asked: int = 0
    missing: int = 0  # answers in a row that said that there is no such job
    # Weak, so that an iterator that was dropped half-way does not keep its job polled.
    watchers: WeakSet[Changes] = field(factory=WeakSet)


class Watch:
    """
    Asks about jobs that somebody watches, and tells of their transitions.

    Args:
        dispatcher: owns the quota; calls `ask` when a job's turn has come.
        account: makes the requests.
        chance: draws numbers in [0, 1).
        dialects: on which path to ask.
        patience: for how long a server that was not reached yet is tried.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        account: Account,
        chance: Callable[[], float],
        dialects: Dialects,
        patience: Patience,
    ) -> None:
        self._patience = patience
        self._dispatcher = dispatcher
        self._stream = dispatcher.stream
        self._account = account
        self._chance = chance
        self._dialects = dialects
        self._jobs: dict[int, _Watched] = {}
        self._partial = Partial(KEPT)
        self.polls = 0
        self.trouble: str | None = None
        dispatcher.ask = self._ask
        dispatcher.give_up = self.fail

    def follow(self, changes: Changes, job: Job, *, submitted: bool) -> None:
        """*changes* is to be told of *job* from now on."""
        self._account.need_secret()
        now = anyio.current_time()
        watched = self._jobs.get(job.id)
        if watched is None:
            watched = self._jobs[job.id] = _Watched(job, since=now, heard=now, moved_at=now)
            if self._stream.wants(WatchStarted):
                self._stream.emit(WatchStarted(job))
            self._dispatcher.turns.polls.add(job.id, now, submitted=submitted)
        elif watched.status is not None:
            changes.tell(Transition(job, None, watched.status))
        watched.watchers.add(changes)
        if self._dispatcher.pauses_too_long(now):
            self._give_up(watched, self._dispatcher.limited_error())
        self._dispatcher.nudge()

    def leave(self, changes: Changes, job_id: int) -> None:
        """*changes* is not to be told any more; a job that nobody watches is not asked about."""
        watched = self._jobs.get(job_id)
        if watched is None or changes not in watched.watchers:
            return
        watched.watchers.discard(changes)
        if not watched.watchers:
            self._forget(job_id)
            self._dispatcher.wake()

    def stalled_for(self, job_id: int) -> float:
        """Seconds since anything about a watched job was last seen to change; 0 if unwatched."""
        watched = self._jobs.get(job_id)
        return 0.0 if watched is None else anyio.current_time() - watched.moved_at

    def latest(self, job_id: int) -> JobStatus | None:
        """What was last seen of a watched job, without lists; None before, and once it has ended."""
        watched = self._jobs.get(job_id)
        return None if watched is None else watched.status

    def close(self, error: BaseException | None = None) -> None:
        """Let no watcher wait any longer: the client is closed, or its loop has failed."""
        for watched in list(self._jobs.values()):
            closed = ClosedError("the client was closed while a job was watched")
            closed.__cause__ = error
            self._give_up(watched, closed)

    def fail(self, error: GameballError) -> None:
        """No job can be asked about now: let no watcher wait for it. The jobs go on."""
        for watched in list(self._jobs.values()):
            self._give_up(watched, error)

    async def _ask(self, job_id: int, slot: int) -> None:
        dialect = self._path_for(job_id)
        call = self._account.status(job_id, dialect)
        call.about.polled = True
        within = self._dispatcher.contact.connect_within(self._tried(job_id))
        request = WireRequest(
            call.method, call.path, None, call.secret, call.about, connect_within=within
        )
        self.polls += 1
        try:
            answer = await self._dispatcher.carry(request, slot, retry_after_of)
            status = self._read(answer, job_id)
        except TransportError as error:
            if self._stream.wants(RetryScheduled):
                self._stream.emit(RetryScheduled.of(call.method, call.about, error, None))
            if isinstance(error, UnreachableError):
                self._no_connection(job_id, error)
            elif isinstance(error, NotGameballError):
                self.fail(error.with_traceback(None))
            else:
                self._lost(job_id)
        except GameballError as error:
            # Without its traceback: the frames that read the answer hold what it said.
            self._refused(job_id, error.with_traceback(None))
        else:
            self._dialects.answered(dialect)
            self.trouble = None
            self._heard(job_id, status, answer.body)

    def _tried(self, job_id: int) -> float:
        watched = self._jobs.get(job_id)
        return 0.0 if watched is None else anyio.current_time() - watched.heard

    def _path_for(self, job_id: int) -> Dialect:
        """The path that answers; while that is not known, both by turns."""
        order = self._dialects.order()
        watched = self._jobs.get(job_id)
        if watched is None:
            return order[0]
        watched.asked += 1
        return order[(watched.asked - 1) % len(order)]

    def _no_connection(self, job_id: int, error: UnreachableError) -> None:
        """Tell it, and give up where waiting cannot mend it, or has not for long enough."""
        tried = self._tried(job_id)
        first = not self._dispatcher.contact.worked
        most = self._patience.connecting(reached=False) if first else SILENCE
        left = self._dispatcher.unreachable(error, most, tried)
        if error.heals and (left or not first):
            self._lost(job_id, left or SILENCE)
        else:
            self.fail(tried_for(error, tried).with_traceback(None))

    def _read(self, answer: WireResponse, job_id: int) -> JobStatus:
        foreign = self._dispatcher.contact.foreign(answer)
        if foreign is not None:
            raise foreign
        if 200 <= answer.status < 300:
            return read_status(answer.body, job_id)
        if answer.status == 404 or (answer.status == 405 and self._dialects.known is None):
            raise UnknownJobError(job_id)
        error = error_for(
            read_error(answer.status, answer.body), f"the status of job {job_id}", asks=True
        )
        if isinstance(error, (AuthenticationError, RejectedError)) and answer.status != 408:
            raise error
        raise AnswerLostError(why(error))

    def _heard(self, job_id: int, status: JobStatus, body: bytes) -> None:
        now = anyio.current_time()
        watched = self._jobs.get(job_id)
        polls = self._dispatcher.turns.polls
        if watched is None:
            return
        watched.heard = now
        watched.missing = 0
        before = None if watched.status is None else watched.status.state
        if self._bare_end(watched, status):
            polls.failed(job_id, now, self._chance())
            return
        polls.seen(job_id, now, self._chance(), status.state, status.share)
        status = self._keep(watched, status, body, now)
        if status.state in MOVES[before]:
            change = Transition(watched.job, before, status)
            if self._stream.wants(JobTransition):
                self._stream.emit(JobTransition(change, now - watched.since))
            self._tell(watched, change)
        elif before is status.state:
            self._tell(watched, Transition(watched.job, before, status, moved=False))
        if status.state.final:
            self._forget(job_id)

    @staticmethod
    def _bare_end(watched: _Watched, status: JobStatus) -> bool:
        """Whether this is an end without lists, which proves nothing of any row: ask again."""
        bare = status.state in (JobState.COMPLETED, JobState.FAILED) and status.results is None
        watched.bare_ends += bare
        return bare and watched.bare_ends <= NO_LISTS

    def _keep(self, watched: _Watched, status: JobStatus, body: bytes, now: float) -> JobStatus:
        known = watched.status
        if known is None or (known.state, known.share) != (status.state, status.share):
            watched.moved_at = now
        listed = 0 if status.results is None else len(status.results)
        if not status.state.final:
            if listed:
                self._partial.keep(status.job_id, body)
            watched.status = evolve(status, results=None)
        elif snapshot := self._partial.pop(status.job_id):
            earlier = read_status(snapshot, status.job_id).results
            if earlier is not None and len(earlier) > listed:
                status = evolve(status, earlier=earlier)
        return status

    def _lost(self, job_id: int, within: float = SILENCE) -> None:
        watched = self._jobs.get(job_id)
        if watched is not None:
            watched.missing = 0  # the path may be there
        self._unheard(job_id, within)

    def _unheard(self, job_id: int, within: float = SILENCE) -> None:
        now = anyio.current_time()
        watched = self._jobs.get(job_id)
        if watched is None:
            return
        if now - watched.heard > SILENCE:
            self._give_up(
                watched,
                AnswerLostError(
                    f"job {job_id} could not be asked about for {SILENCE / 60:.0f} minutes; it may "
                    "well go on at Gameball: watch it again once the connection is back"
                ),
            )
        else:
            self._dispatcher.turns.polls.failed(job_id, now, self._chance(), within)

    def _refused(self, job_id: int, error: GameballError) -> None:
        watched = self._jobs.get(job_id)
        if watched is None:
            return
        if isinstance(error, UnknownJobError) and self._may_be_there(watched):
            self._unheard(job_id)
        elif isinstance(error, UnknownJobError) and watched.job.kind is not None:
            self._give_up(watched, UnknownJobError(job_id, self.trouble))
        else:
            self._give_up(watched, error)

    def _may_be_there(self, watched: _Watched) -> bool:
        """Whether a job that is not found is asked about again."""
        watched.missing += 1
        paths = len(self._dialects.order())
        submitted = watched.job.kind is not None  # else its number may be a slip of the user's
        if submitted and watched.missing >= paths and self._dialects.known is None:
            self._tell_trouble(NO_PATH.format(watched.job.id))
        if watched.status is not None:
            return watched.missing < 2  # it was there before: one 404 may be a slip
        young = anyio.current_time() - watched.since < YOUNG and submitted
        return young or watched.missing < paths

    def _tell_trouble(self, why: str) -> None:
        if self.trouble is None:
            self.trouble = why
            if self._stream.wants(StatusNotFound):
                self._stream.emit(StatusNotFound(why))

    def _give_up(self, watched: _Watched, error: GameballError) -> None:
        self._forget(watched.job.id)
        if self._stream.wants(WatchFailed) and not isinstance(error, ClosedError):
            self._stream.emit(WatchFailed(watched.job, type(error).__name__, why(error)))
        for changes in list(watched.watchers):
            changes.fail(watched.job, error)

    def _forget(self, job_id: int) -> None:
        self._dispatcher.turns.polls.remove(job_id)
        self._jobs.pop(job_id, None)
        self._partial.pop(job_id)

    @staticmethod
    def _tell(watched: _Watched, change: Transition) -> None:
        for changes in list(watched.watchers):
            changes.tell(change)
