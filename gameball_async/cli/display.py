"""
What people see while something runs: progress and transitions. Plain functions from values to text.

Text from the server is shown as it is and never read as markup; its control characters are escaped.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ..api.jobs import JobState, JobStatus, Transition
from ..bulk.progress import Progress
from .words import clean, count, duration, listed

OUR_OWN = 35.0
"""Seconds after which no request of an earlier process is in the quota's windows any more."""
QUIET = 10.0
"""Seconds without any movement before a remark says so."""

_STATES = (
    JobState.QUEUED, JobState.RUNNING, JobState.UNKNOWN, JobState.COMPLETED, JobState.FAILED,
    JobState.STOPPED,
)  # fmt: skip


def not_succeeded(progress: Progress) -> str:
    """How many rows failed, were rejected, or are indeterminate so far."""
    names = ("failed", "rejected", "indeterminate")
    return listed((getattr(progress, name), name) for name in names) or "none failed"


def _rows(progress: Progress) -> str:
    found = (
        f"{progress.rows_read:,} read, {progress.succeeded:,} succeeded, {not_succeeded(progress)}"
    )
    more = ((progress.unchanged, "unchanged"), (progress.rows_done, "done in open jobs"))
    return ", ".join(filter(None, (found, listed(more))))


def _rate(progress: Progress) -> str:
    return f"{progress.pace:,.0f} rows/s" if progress.pace else "no outcome yet"


def _left(progress: Progress, part_read: float | None) -> str:
    left = progress.seconds_left(part_read)
    return "time left unknown" if left is None else f"about {duration(left)} left"


def _jobs(progress: Progress) -> str:
    jobs = listed((progress.jobs.get(state, 0), state.value) for state in _STATES)
    return f"{count(progress.chunks, 'chunk')}; jobs: {jobs or 'none yet'}"


def _requests(progress: Progress) -> str:
    used = progress.requests / progress.allowed if progress.allowed else 0.0
    return (
        f"{progress.requests:,} of {progress.allowed:,} allowed ({used:.0%}), "
        f"{count(progress.polls, 'poll')}"
    )


def _quota(progress: Progress) -> str:
    found = []
    if progress.quota_wait >= 0.05:
        found.append(f"waited {duration(progress.quota_wait)} for it, all calls together")
    if progress.rate_limited:
        found.append(f"{progress.rate_limited:,} × 429")
    if progress.quota_share < 0.995:
        found.append(f"using {progress.quota_share:.0%} of it")
    return ", ".join(found) or "no wait yet"


def remarks(progress: Progress, part_read: float | None, away: str | None = None) -> list[str]:
    """
    Remarks on a run: nothing moves, rows are held back, other clients use the account.

    Args:
        progress: where the run stands.
        part_read: which part of the input has been read, 0 to 1; None if unknown.
        away: why Gameball cannot be reached now; None where it can.
    """
    found = [said for said in (away, progress.trouble) if said is not None]
    if progress.stalled_for >= QUIET and away is None:
        found.append(f"nothing has moved for {duration(progress.stalled_for)}: " + _why(progress))
    if progress.waiting_because and progress.held_back >= progress.waiting / 2:
        found.append(progress.waiting_because)
    if progress.rate_limited and progress.quota_share < 0.995:
        # Until the windows have passed, they may hold requests of our own process before.
        others = progress.seconds > OUR_OWN
        who = "another client uses this account's quota" if others else "the quota is used up"
        cure = " (if it is your own, give each a part: --quota 7/1,90/30)" if others else ""
        found.append(f"Gameball answered 429: {who}, so the run slows down{cure}")
    if part_read is not None and part_read < 1 and progress.rows_read and not progress.chunks:
        found.append("reading; the first chunk has not been sent yet")
    return found


def _why(progress: Progress) -> str:
    busy = sum(progress.jobs.get(s, 0) for s in (JobState.QUEUED, JobState.RUNNING))
    if busy:
        return f"{count(busy, 'job')} open at Gameball, checked less and less often"
    if progress.chunks:
        return "waiting for Gameball's answer"
    return "waiting for the input"


def milestones(
    before: Progress | None, now: Progress, *, was_read: bool, is_read: bool
) -> list[str]:
    """
    What a log should report at once, between two looks at a run.

    Args:
        before: the earlier look; None for the first.
        now: the later look.
        was_read: whether the input had been read to its end by then.
        is_read: whether it has been now.
    """
    found = []
    if is_read and not was_read:
        found.append(f"the whole input has been read: {count(now.rows_read, 'row')}")
    if _troubled(now) and (before is None or not _troubled(before)):
        found.append(f"the first rows that did not succeed: {not_succeeded(now)}")
    if now.trouble and (before is None or before.trouble != now.trouble):
        found.append(now.trouble)
    if now.rate_limited and (before is None or not before.rate_limited):
        found.append("Gameball answered 429 for the first time: the run slows down")
    return found


def _troubled(progress: Progress) -> int:
    return progress.failed + progress.rejected + progress.indeterminate


def plain_line(progress: Progress, part_read: float | None, away: str | None = None) -> str:
    """Progress as one line, for logs."""
    parts = [
        f"{duration(progress.seconds)}: rows: {_rows(progress)}",
        f"{_rate(progress)}, {_left(progress, part_read)}",
        _jobs(progress),
        f"requests: {_requests(progress)}",
        f"quota: {_quota(progress)}",
        *remarks(progress, part_read, away),
    ]
    return "; ".join(parts)


def live(
    progress: Progress,
    part_read: float | None,
    what: str,
    width: int = 80,
    away: str | None = None,
) -> Group:
    """
    Progress as a block of lines, for a terminal.

    Args:
        progress: where the run stands.
        part_read: which part of the input has been read, 0 to 1; None if unknown.
        what: what the run does, such as ``importing customers from customers.csv``.
        width: columns of the terminal.
        away: why Gameball cannot be reached now; None where it can.
    """
    part = progress.part_done(part_read)
    bar = ProgressBar(
        total=1.0,
        completed=part or 0.0,
        width=max(10, min(40, width - 44)),
        pulse=part is None,
        complete_style="green",
        finished_style="green",
    )
    head = Table.grid(padding=(0, 1))
    head.add_row(
        bar,
        Text("" if part is None else f"{part:4.0%}"),
        Text(f"{duration(progress.seconds)}, {_left(progress, part_read)}"),
    )
    lines = Table.grid(padding=(0, 1))
    lines.add_column(style="dim", no_wrap=True)
    lines.add_column(overflow="fold")
    rows = f"{_rows(progress)}; {_rate(progress)}"
    lines.add_row("rows", Text(rows, style="yellow" if _troubled(progress) else ""))
    lines.add_row("jobs", Text(_jobs(progress)))
    lines.add_row("requests", Text(_requests(progress)))
    lines.add_row("quota", Text(_quota(progress)))
    for remark in remarks(progress, part_read, away):
        lines.add_row("", Text(remark, style="yellow"))
    return Group(Text(clean(what), style="bold"), head, lines)


def transition_line(change: Transition) -> str:
    """One transition as one line: ``job 7: queued → running, 3 of 10 done, 0 failed``."""
    status = change.status
    before = f"{change.before.value} → " if change.before is not None and change.moved else ""
    line = f"job {status.job_id}: {before}{clean(status.shown_state)}"
    if not status.total:
        return line
    done, errors = status.finished or 0, status.errors or 0
    return f"{line}, {done:,} of {status.total:,} done, {errors:,} failed"


def status_table(statuses: Iterable[JobStatus]) -> Table:
    """Jobs as a table."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("job", "state", "operation", "created", "started"):
        table.add_column(name, overflow="fold")
    for name in ("total", "done", "failed"):
        table.add_column(name, justify="right")
    for status in statuses:
        table.add_row(
            str(status.job_id),
            Text(clean(status.shown_state)),
            *(
                Text(clean(text or "", 40))
                for text in (status.operation, status.created_at, status.started_at)
            ),
            *(
                "" if n is None else f"{n:,}"
                for n in (status.total, status.finished, status.errors)
            ),
        )
    return table
