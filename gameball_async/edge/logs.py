"""
Standard logging: stable logger names, one record for each thing seen, its facts as flat extras.

Extras are named ``gameball_…`` and are texts, numbers and truth values, so that any JSON formatter
takes them as they are. Keys, row data and Gameball's own messages (which may quote a row) are in none.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from pathlib import PurePath

from ..api.jobs import JobState
from ..pipeline.seen import (
    JobAccepted,
    JobLost,
    JobMoved,
    JournalFailed,
    PauseSeen,
    RequestSeen,
    RetrySeen,
    RowsSettled,
    RunBegan,
    RunEnded,
    Sighting,
    StatusMissing,
)

__all__ = ["Complaints", "Logs"]

logging.getLogger("gameball_async").addHandler(logging.NullHandler())

_REQUESTS = logging.getLogger("gameball_async.requests")
_RETRIES = logging.getLogger("gameball_async.retries")
_QUOTA = logging.getLogger("gameball_async.quota")
_JOBS = logging.getLogger("gameball_async.jobs")
_ROWS = logging.getLogger("gameball_async.rows")
_RUNS = logging.getLogger("gameball_async.runs")
_HOOKS = logging.getLogger("gameball_async.hooks")

# By sort: the logger, and the least level that a record of it can have.
_WHERE: Mapping[type[Sighting], tuple[logging.Logger, int]] = {
    RequestSeen: (_REQUESTS, logging.DEBUG),
    RetrySeen: (_RETRIES, logging.WARNING),
    PauseSeen: (_QUOTA, logging.WARNING),
    JobAccepted: (_JOBS, logging.INFO),
    JobMoved: (_JOBS, logging.INFO),
    JobLost: (_JOBS, logging.WARNING),
    StatusMissing: (_JOBS, logging.ERROR),
    RowsSettled: (_ROWS, logging.DEBUG),
    RunBegan: (_RUNS, logging.INFO),
    RunEnded: (_RUNS, logging.INFO),
    JournalFailed: (_RUNS, logging.ERROR),
}


class Logs:
    """`ports.Observer` that writes to the standard loggers, where their level lets it."""

    def wants(self, sort: type[Sighting]) -> bool:
        """Whether the sort's logger takes records of it now."""
        where = _WHERE.get(sort)
        return where is not None and where[0].isEnabledFor(where[1])

    def see(self, what: Sighting) -> None:
        """Write one record."""
        match what:
            case RequestSeen():
                _request(what)
            case RetrySeen():
                _retry(what)
            case PauseSeen():
                _log(
                    _QUOTA, logging.WARNING, "pause",
                    "429: everything waits %.2f s, then %.0f %% of the quota is used",
                    (what.seconds, 100 * what.share),
                    seconds=what.seconds, quota_share=what.share,
                )  # fmt: skip
            case StatusMissing():
                _log(_JOBS, logging.ERROR, "status_missing", "%s", (what.why,), why=what.why)
            case RowsSettled():
                counts = {outcome.value: rows for outcome, rows in what.counts.items()}
                text = ", ".join(f"{rows} {outcome}" for outcome, rows in counts.items())
                _log(_ROWS, logging.DEBUG, "rows", "%s: %s", (what.kind, text),
                     kind=what.kind, **counts)  # fmt: skip
            case JobAccepted() | JobMoved() | JobLost():
                _job(what)
            case RunBegan() | RunEnded() | JournalFailed():
                _run(what)
            case _:
                pass

    async def aclose(self) -> None:
        """Nothing is left to do."""


def _log(
    logger: logging.Logger,
    level: int,
    event: str,
    text: str,
    args: tuple[object, ...],
    **fields: str | float | None,
) -> None:
    if logger.isEnabledFor(level):
        extra = {f"gameball_{name}": value for name, value in fields.items() if value is not None}
        logger.log(level, text, *args, extra={"gameball_event": event, **extra})


def _request(what: RequestSeen) -> None:
    _log(
        _REQUESTS, logging.DEBUG, "request",
        "%s %s: %s in %.3f s, try %d, waited %.3f s",
        (what.method, what.path, what.status or what.error_type, what.seconds, what.attempt,
         what.waited),
        method=what.method, route=what.route, path=what.path, kind=what.kind, job_id=what.job_id,
        attempt=what.attempt, polled=what.polled, seconds=what.seconds, waited=what.waited,
        sent=what.sent, received=what.received, status=what.status, outcome=what.outcome,
        error_type=what.error_type,
        code=None if what.error is None else what.error.code,
        request_id=None if what.error is None else what.error.request_id,
    )  # fmt: skip


def _retry(what: RetrySeen) -> None:
    when = f"in {what.wait:.2f} s" if what.wait else "when its turn comes"
    _log(
        _RETRIES, logging.WARNING, "retry",
        "%s %s failed at try %d and is made again %s: %s",
        (what.method, what.route, what.attempt, when, what.why),
        method=what.method, route=what.route, kind=what.kind, job_id=what.job_id,
        attempt=what.attempt, error_type=what.error_type, why=what.why, wait=what.wait,
        code=None if what.error is None else what.error.code,
        request_id=None if what.error is None else what.error.request_id,
    )  # fmt: skip


def _job(what: JobAccepted | JobMoved | JobLost) -> None:
    if isinstance(what, JobMoved):
        job, status = what.change.job, what.change.status
        before = what.change.before
        odd = status.state is JobState.UNKNOWN
        _log(
            _JOBS, logging.WARNING if odd else logging.INFO, "job_moved",
            "job %d is %s after %.1f s: %s of %s, %s errors",
            (job.id, f"in a state that nobody knows ({status.word})" if odd else status.state.value,
             what.seconds, status.finished, status.total, status.errors),
            job_id=job.id, kind=job.kind, state=status.state.value, word=status.word,
            state_before=None if before is None else before.value, seconds=what.seconds,
            total=status.total, finished=status.finished, errors=status.errors,
        )  # fmt: skip
    elif isinstance(what, JobAccepted):
        job = what.job
        _log(_JOBS, logging.INFO, "job_accepted", "job %d: %s %s were accepted",
             (job.id, job.rows, job.kind),
             job_id=job.id, kind=job.kind, rows=job.rows, resent=what.resent)  # fmt: skip
    else:
        job = what.job
        _log(_JOBS, logging.WARNING, "job_lost", "job %d cannot be watched any more: %s: %s",
             (job.id, what.error_type, what.why),
             job_id=job.id, kind=job.kind, error_type=what.error_type, why=what.why)  # fmt: skip


def _run(what: RunBegan | RunEnded | JournalFailed) -> None:
    if isinstance(what, RunBegan):
        _log(_RUNS, logging.INFO, "run_began", "a run of %s begins; %d rows are done already",
             (what.kind, what.done), kind=what.kind, done=what.done)  # fmt: skip
    elif isinstance(what, JournalFailed):
        _log(_RUNS, logging.ERROR, "journal_failed", "a run of %s sends nothing more: %s",
             (what.kind, what.why), kind=what.kind, why=what.why)  # fmt: skip
    else:
        report = what.report
        _log(
            _RUNS, logging.INFO if what.error_type is None else logging.WARNING, "run_ended",
            "a run of %s ended after %.1f s%s: %d of %d rows succeeded",
            (report.kind, report.seconds,
             "" if what.error_type is None else f", stopped by {what.error_type}",
             report.succeeded, report.rows),
            kind=report.kind, rows=report.rows, succeeded=report.succeeded, failed=report.failed,
            rejected=report.rejected, indeterminate=report.indeterminate, pending=report.pending,
            unsent=report.unsent,
            jobs=report.jobs, requests=report.requests, rate_limited=report.rate_limited,
            polls=report.polls, quota_wait=report.quota_wait, seconds=report.seconds,
            complete=report.complete, error_type=what.error_type,
        )  # fmt: skip


class Complaints:
    """What is wrong with hooks and observers: each thing is logged once."""

    def __init__(self) -> None:
        self._said: set[tuple[str, str]] = set()

    def __call__(self, name: str, what: str, error: BaseException | None = None) -> None:
        """
        Log it. The error's own text may hold anything, so it is left out.

        Args:
            name: the hook's own name.
            what: what is wrong, in words.
            error: what it raised.
        """
        if (name, what) in self._said:
            return
        self._said.add((name, what))
        kind = None if error is None else type(error).__name__
        if error is not None:
            what = f"{what} {kind} ({_where(error)})"
        _log(_HOOKS, logging.ERROR, "hook_failed", "%s %s; this is said once", (name, what),
             hook=name, error_type=kind)  # fmt: skip


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{PurePath(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else "?"
