"""What people are told of an import, as JSON values: its state, its jobs, the rows that did not succeed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gameball_async import (
    Bulk,
    Outcome,
    Report,
    RowOutcome,
    Submitted,
    Transition,
    UnknownField,
)

REASONS = 8  # that are told one by one
ROWS = 20  # that did not succeed and are told one by one; the download has all of them

GOOD = (Outcome.SUCCEEDED, Outcome.PENDING, Outcome.UNSENT)


class Problems:
    """The first rows that did not succeed, and how many may be sent again."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.retryable = 0

    def add(self, rows: Iterable[RowOutcome]) -> None:
        """Note rows; those that succeeded, or that wait, are none."""
        for row in rows:
            if row.outcome in GOOD:
                continue
            sent = row.outcome is Outcome.REJECTED and row.chunk is not None
            self.retryable += sent or row.outcome is Outcome.FAILED
            if len(self.rows) < ROWS:
                why = str(row.reason or "")
                self.rows.append(
                    {"line": row.position, "outcome": row.outcome.value, "reason": why}
                )


def running(run: Bulk, part_read: float | None) -> dict[str, Any]:
    """
    Where a run stands.

    Args:
        run: it, open or over.
        part_read: which part of the input has been read, 0 to 1.
    """
    report, at = run.report, run.progress
    open_rows = sum(job.rows or 0 for job in run.open_jobs)
    left = None if report.settled == report.rows else at.seconds_left(part_read)
    return {
        **counts(report),
        "share": 1.0 if report.complete else share(report, at.rows_done, part_read),
        "seconds_left": left and round(left),
        "at_gameball": report.pending or open_rows,
        "done_there": at.rows_done if open_rows else 0,
        "trouble": at.trouble,
        "job_states": {state.value: count for state, count in at.jobs.items()},
        "jobs": report.jobs,
        "requests": report.requests,
        **reasons(report),
    }


def counts(report: Report) -> dict[str, int]:
    """How many rows ended in which way."""
    told = ("rows", "succeeded", "failed", "rejected", "indeterminate", "pending", "unsent")
    return {name: getattr(report, name) for name in told}


def share(report: Report, done_there: int, part_read: float | None) -> float:
    """How much is done, 0 to 1: rows that wait at Gameball, or were never sent, are not."""
    done = report.succeeded + report.failed + report.rejected + report.indeterminate + done_there
    return min(1.0, done * (part_read or 0.0) / max(1, report.rows))


def reasons(report: Report) -> dict[str, Any]:
    """Why rows did not succeed, most rows first, and how much is left out."""
    failures = [each for each in report.failures_by_reason().items() if not _waits(each[0])]
    rest = failures[REASONS:]
    return {
        "reasons": [{"reason": reason, "rows": rows} for reason, rows in failures[:REASONS]],
        "more_reasons": {"reasons": len(rest), "rows": sum(rows for _, rows in rest)},
    }


def _waits(reason: str) -> bool:
    return reason.startswith((Outcome.PENDING.value, Outcome.UNSENT.value))


def unknown(*fields: UnknownField) -> list[dict[str, Any]]:
    """Columns and fields that Gameball does not know."""
    return [{"name": each.name, "meant": each.meant, "sent": each.sent} for each in fields]


def queued(event: Submitted) -> dict[str, Any]:
    """A job that is new."""
    return job_of(event.job.id, event.rows, "queued")


def moved(event: Transition) -> dict[str, Any]:
    """A job, as it stands now."""
    status = event.status
    job = job_of(event.job.id, event.job.rows or 0, status.shown_state)
    return {**job, "succeeded": status.finished or 0, "failed": status.errors or 0}


def job_of(job_id: int, rows: int, state: str) -> dict[str, Any]:
    """What is told of each job."""
    return {"job": job_id, "rows": rows, "state": state, "succeeded": 0, "failed": 0}


def recorded(rows: Iterable[RowOutcome]) -> tuple[list[dict[str, Any]], Problems]:
    """The jobs of a journal and its problems: what a run that goes on will not tell again."""
    jobs: dict[int, dict[str, Any]] = {}
    problems = Problems()
    for row in rows:
        problems.add((row,))
        if row.job_id is None:
            continue
        job = jobs.setdefault(row.job_id, job_of(row.job_id, 0, "ended"))
        job["rows"] += 1
        job["succeeded" if row.outcome is Outcome.SUCCEEDED else "failed"] += 1
    return list(jobs.values()), problems
