"""
Standard logging: stable logger names, one record for each event, its facts as flat extras.

Extras are named ``gameball_…`` and are texts, numbers and truth values, so that any JSON formatter
takes them as they are. Keys, row data and Gameball's own messages (which may quote a row) are in none.
"""

from __future__ import annotations

import logging
import traceback
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from attrs import asdict

from ..api.jobs import JobState
from . import events
from .events import Event

if TYPE_CHECKING:
    from ..api.jobs import Job

logging.getLogger("gameball_async").addHandler(logging.NullHandler())

# By class: the logger, the least level that a record of it can have, and its name.
_RECORDS: dict[type[Event], tuple[logging.Logger, int, str]] = {
    event: (logging.getLogger(f"gameball_async.{logger}"), level, name)
    for event, logger, level, name in (
        (events.RequestEnded, "requests", logging.DEBUG, "request"),
        (events.RetryScheduled, "retries", logging.WARNING, "retry"),
        (events.ConnectionTrouble, "connection", logging.WARNING, "connection_trouble"),
        (events.ConnectionRestored, "connection", logging.INFO, "connection_restored"),
        (events.QuotaPaused, "quota", logging.WARNING, "pause"),
        (events.JobAccepted, "jobs", logging.INFO, "job_accepted"),
        (events.JobTransition, "jobs", logging.INFO, "job_transition"),
        (events.WatchFailed, "jobs", logging.WARNING, "watch_failed"),
        (events.StatusNotFound, "jobs", logging.ERROR, "status_not_found"),
        (events.RowsSettled, "rows", logging.DEBUG, "rows"),
        (events.UnknownFieldMet, "rows", logging.WARNING, "unknown_field"),
        (events.RunStarted, "runs", logging.INFO, "run_started"),
        (events.RunEnded, "runs", logging.INFO, "run_ended"),
        (events.JournalFailed, "runs", logging.ERROR, "journal_failed"),
    )
}
_HOOKS = logging.getLogger("gameball_async.hooks")


class LogObserver:
    """`stream.Observer` that writes to the standard loggers, where their level lets it."""

    def wants(self, event: type[Event]) -> bool:
        """Whether the event's logger takes records of it now."""
        record = _RECORDS.get(event)
        return record is not None and record[0].isEnabledFor(record[1])

    def on_event(self, event: Event) -> None:
        """Write one record."""
        logger, level, name = _RECORDS[type(event)]
        if _odd(event):
            level = logging.WARNING
        text, *args = _text(event)
        logger.log(level, text, *args, extra=_extra(name, _facts(event)))

    async def aclose(self) -> None:
        """Nothing is left to do."""


def _odd(event: Event) -> bool:
    if isinstance(event, events.JobTransition):
        return event.change.status.state is JobState.UNKNOWN
    return isinstance(event, events.RunEnded) and event.error_type is not None


def _extra(name: str, facts: dict[str, Any]) -> dict[str, Any]:
    """Those facts that have a flat value, as extras."""
    flat = {fact: value for fact, value in facts.items() if isinstance(value, str | int | float)}
    return {"gameball_event": name, **{f"gameball_{fact}": value for fact, value in flat.items()}}


def _facts(event: Event) -> dict[str, Any]:
    facts = event._asdict()
    match event:
        case events.RequestEnded(error=error) | events.RetryScheduled(error=error):
            if isinstance(event, events.RequestEnded):
                facts["outcome"] = event.outcome
            if error is not None:
                facts |= {"code": error.code, "request_id": error.request_id}
        case events.JobAccepted(job=job) | events.WatchFailed(job=job):
            facts |= _of_job(job)
        case events.JobTransition(change=change):
            status, before = change.status, change.before
            facts |= _of_job(change.job) | {
                "state": status.state.value,
                "state_before": None if before is None else before.value,
                "word": status.word,
                "total": status.total,
                "finished": status.finished,
                "errors": status.errors,
            }
        case events.RowsSettled(counts=counts):
            facts |= {outcome.value: rows for outcome, rows in counts.items()}
        case events.RunEnded(report=report):
            facts |= asdict(report, recurse=False)
    return facts


def _of_job(job: Job) -> dict[str, Any]:
    return {"job_id": job.id, "kind": job.kind, "rows": job.rows}


def _text(event: Event) -> tuple[Any, ...]:
    """What a record says: a template, and what is put into it."""
    match event:
        case events.RequestEnded() as e:
            return ("%s %s: %s in %.3f s, attempt %d, waited %.3f s",
                    e.method, e.path, e.status or e.error_type, e.seconds, e.attempt, e.waited)  # fmt: skip
        case events.RetryScheduled() as e:
            when = f"in {e.wait:.2f} s" if e.wait else "as soon as the quota allows"
            when = "at the next poll" if e.wait is None else when
            return ("%s %s failed at attempt %d and is retried %s: %s",
                    e.method, e.route, e.attempt, when, e.why)  # fmt: skip
        case events.ConnectionTrouble(host, reason, left):
            more = f"trying for {left:.0f} s more" if left else "waiting does not help"
            return "cannot connect to %s: %s; %s", host, reason, more
        case events.ConnectionRestored(host, seconds):
            return "connected to %s again after %.1f s", host, seconds
        case events.QuotaPaused(seconds, share):
            return ("429: nothing is sent for %.2f s, then %.0f %% of the quota is used",
                    seconds, 100 * share)  # fmt: skip
        case events.JobAccepted(job):
            return "job %d: %s %s were accepted", job.id, job.rows, job.kind
        case events.JobTransition(change, seconds):
            at = change.status
            unknown = at.state is JobState.UNKNOWN
            state = f"in an unknown state ({at.word})" if unknown else at.state.value
            return ("job %d is %s after %.1f s: %s of %s, %s errors",
                    change.job.id, state, seconds, at.finished, at.total, at.errors)  # fmt: skip
        case events.WatchFailed(job, error_type, why):
            return "job %d can no longer be watched: %s: %s", job.id, error_type, why
        case events.StatusNotFound(why):
            return "%s", why
        case events.RowsSettled(kind, counts):
            each = ", ".join(f"{rows} {outcome.value}" for outcome, rows in counts.items())
            return "%s: %s", kind, each
        case events.RunStarted(kind, done):
            return "a run of %s starts; %d rows were done before", kind, done
        case events.RunEnded(report, error_type):
            stopped = "" if error_type is None else f", stopped by {error_type}"
            return ("a run of %s ended after %.1f s%s: %d of %d rows succeeded",
                    report.kind, report.seconds, stopped, report.succeeded, report.rows)  # fmt: skip
        case events.UnknownFieldMet(kind, name, meant):
            near = "" if meant is None else f"; did you mean {meant}?"
            return "%s have a field that Gameball does not know and ignores: %s%s", kind, name, near
        case events.JournalFailed(kind, why):
            return "a run of %s sends nothing more: %s", kind, why
        case _:
            return (type(event).__name__,)


class OnceLogger:
    """Logs what is wrong with hooks and observers, each thing once."""

    def __init__(self) -> None:
        self._logged: set[tuple[str, str]] = set()

    def __call__(self, observer: object, error: BaseException) -> None:
        """Log that *observer* raised. The error's own text may hold anything, so it is left out."""
        frames = traceback.extract_tb(error.__traceback__)
        where = f"{PurePath(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else "?"
        kind = type(error).__name__
        self.log(observer, "raised", f" {kind} ({where})", error_type=kind)

    def log(self, observer: object, what: str, detail: str = "", **facts: str) -> None:
        """Log *what* is wrong with *observer*."""
        name = _name(observer)
        if (name, what) not in self._logged:
            self._logged.add((name, what))
            extra = _extra("hook_failed", {"hook": name, **facts})
            _HOOKS.error("%s %s%s; this is logged once", name, what, detail, extra=extra)


def _name(observer: Any) -> str:
    observer = getattr(observer, "func", observer)  # of a functools.partial
    named = observer if hasattr(observer, "__qualname__") else type(observer)
    return f"{named.__module__}.{named.__qualname__}"
