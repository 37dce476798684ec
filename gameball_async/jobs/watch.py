"""
The one poll loop's other half: what is known of each job, and who is told when it moves.

Five watchers of a job cost one poll. A watcher (`changes`) that joins late is told the present state
first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol
from weakref import WeakSet

from attrs import define, field

from ..api.jobs import Job, JobResults, JobStatus, Transition
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
from ..tasks import loop_time
from .partial import Partial
from .watched import SILENCE, AskAgain, GiveUp, WatchedJob

KEPT = 16 * 1024 * 1024
"""Bytes of answers with partial lists that are kept over all open jobs; the oldest are dropped first."""


class Watcher(Protocol):
    """Is told of jobs; kept weakly, so that an iterator that was dropped half-way keeps no job polled."""

    def tell(self, change: Transition) -> None:
        """A job has moved."""
        ...

    def fail(self, job: Job, error: GameballError) -> None:
        """A job cannot be watched any more."""
        ...


@define(eq=False)
class _Watched:
    """One open job and those who watch it."""

    known: WatchedJob
    watchers: WeakSet[Watcher] = field(factory=WeakSet)


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
        self.polls: int = 0
        self.trouble: str | None = None
        dispatcher.ask = self._ask
        dispatcher.give_up = self.fail

    def follow(self, watcher: Watcher, job: Job, *, submitted: bool) -> None:
        """*watcher* is to be told of *job* from now on."""
        self._account.need_secret()
        now = loop_time()
        watched = self._jobs.get(job.id)
        if watched is None:
            watched = self._jobs[job.id] = _Watched(WatchedJob.new(job, now))
            if self._stream.wants(WatchStarted):
                self._stream.emit(WatchStarted(job))
            self._dispatcher.turns.polls.add(job.id, now, submitted=submitted)
        elif watched.known.status is not None:
            watcher.tell(Transition(job, None, watched.known.status))
        watched.watchers.add(watcher)
        if self._dispatcher.pauses_too_long(now):
            self._give_up(watched, self._dispatcher.limited_error())
        self._dispatcher.nudge()

    def leave(self, watcher: Watcher, job_id: int) -> None:
        """*watcher* is not to be told any more; a job that nobody watches is not asked about."""
        watched = self._jobs.get(job_id)
        if watched is None or watcher not in watched.watchers:
            return
        watched.watchers.discard(watcher)
        if not watched.watchers:
            self._forget(job_id)
            self._dispatcher.wake()

    def stalled_for(self, job_id: int) -> float:
        """Seconds since anything about a watched job was last seen to change; 0 if unwatched."""
        watched = self._jobs.get(job_id)
        return 0.0 if watched is None else loop_time() - watched.known.moved_at

    def latest(self, job_id: int) -> JobStatus | None:
        """What was last seen of a watched job, without lists; None before, and once it has ended."""
        watched = self._jobs.get(job_id)
        return None if watched is None else watched.known.status

    def close(self, error: BaseException | None = None) -> None:
        """Let no watcher wait any longer: the client is closed, or its loop has failed."""
        for watched in list(self._jobs.values()):
            closed = ClosedError(
                "the client was closed while a job was watched: keep it open until the job has "
                "ended"
            )
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
        return 0.0 if watched is None else loop_time() - watched.known.heard

    def _path_for(self, job_id: int) -> Dialect:
        """The path that answers; while that is not known, both by turns."""
        order = self._dialects.order()
        watched = self._jobs.get(job_id)
        if watched is None:
            return order[0]
        watched.known.asked += 1
        return order[(watched.known.asked - 1) % len(order)]

    def _no_connection(self, job_id: int, error: UnreachableError) -> None:
        """Tell it, and give up where waiting cannot mend it, or has not for long enough."""
        tried = self._tried(job_id)
        first = not self._dispatcher.contact.worked
        most = self._patience.connecting(reached=False) if first else SILENCE
        left = self._dispatcher.unreachable(error, most, tried)
        watched = self._jobs.get(job_id)
        if watched is not None and error.heals and (left or not first):
            self._follow_up(watched, watched.known.lost(loop_time()), left or SILENCE)
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
        now = loop_time()
        watched = self._jobs.get(job_id)
        if watched is None:
            return
        found = watched.known.answered(status, now, self._earlier(status, body))
        if isinstance(found, AskAgain):
            self._follow_up(watched, found)
            return
        polls = self._dispatcher.turns.polls
        polls.seen(job_id, now, self._chance(), status.state, status.share)
        change = found.change
        if change is not None:
            if change.moved and self._stream.wants(JobTransition):
                self._stream.emit(JobTransition(change, now - watched.known.since))
            for watcher in list(watched.watchers):
                watcher.tell(change)
        if found.ended:
            self._forget(job_id)

    def _earlier(self, status: JobStatus, body: bytes) -> JobResults | None:
        """Keep an answer that lists rows before the end; at the end, the lists of the last one."""
        if not status.state.final:
            if status.results:
                self._partial.keep(status.job_id, body)
            return None
        kept = self._partial.get(status.job_id)
        return None if kept is None else read_status(kept, status.job_id).results

    def _lost(self, job_id: int) -> None:
        watched = self._jobs.get(job_id)
        if watched is not None:
            self._follow_up(watched, watched.known.lost(loop_time()))

    def _refused(self, job_id: int, error: GameballError) -> None:
        watched = self._jobs.get(job_id)
        if watched is None:
            return
        if not isinstance(error, UnknownJobError):
            self._give_up(watched, error)
            return
        found = watched.known.not_found(
            loop_time(),
            paths=len(self._dialects.order()),
            path_known=self._dialects.known is not None,
            trouble=self.trouble,
        )
        self._follow_up(watched, found)

    def _follow_up(
        self, watched: _Watched, found: AskAgain | GiveUp, within: float = SILENCE
    ) -> None:
        """Ask again, later each time, or give the job up."""
        if isinstance(found, GiveUp):
            self._give_up(watched, found.error)
            return
        if found.trouble is not None and self.trouble is None:
            self.trouble = found.trouble
            if self._stream.wants(StatusNotFound):
                self._stream.emit(StatusNotFound(found.trouble))
        polls, now = self._dispatcher.turns.polls, loop_time()
        polls.failed(watched.known.job.id, now, self._chance(), within)

    def _give_up(self, watched: _Watched, error: GameballError) -> None:
        job = watched.known.job
        self._forget(job.id)
        if self._stream.wants(WatchFailed) and not isinstance(error, ClosedError):
            self._stream.emit(WatchFailed(job, type(error).__name__, why(error)))
        for watcher in list(watched.watchers):
            watcher.fail(job, error)

    def _forget(self, job_id: int) -> None:
        self._dispatcher.turns.polls.remove(job_id)
        self._jobs.pop(job_id, None)
        self._partial.pop(job_id)
