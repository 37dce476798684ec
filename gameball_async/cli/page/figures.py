"""
All numbers of a run's page, from its journal: bounded whatever the run's size, and checked.

The page and ``--json`` are made from the same value. Numbers that do not agree are refused, not shown.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import asdict, frozen

from ...errors import JournalError
from ...journal.account import Doubt, recorded_of
from ...journal.retry import Later
from ...journal.state import Resumable, Stage
from ...limits.windows import Quota
from ...rows.outcome import Outcome
from .. import account
from ..words import clean
from .reasons import Reasons, Step, reasons_of, steps_of
from .series import JobTimes, Series, job_times_of, series_of

SHOWN_CHUNKS = 50
SHOWN_RETRIES = 20
_AS_IN_REPORT = ("complete", "rows", "jobs", "requests", "polls", "rate_limited")


@frozen
class DoubtfulChunk:
    """
    Rows of one chunk that may or may not have been applied.

    Attributes:
        chunk: its number.
        job_id: the job it has become; None where none is known.
        rows: how many.
        lines: which, in words; cut where they are many spans.
        reasons: why.
    """

    chunk: int
    job_id: int | None
    rows: int
    lines: str
    reasons: Sequence[str]


@frozen
class QuotaUse:
    """
    The quota that was used, while processes worked on the run.

    Attributes:
        windows: pairs of requests and seconds, which all hold at once.
        used: requests that left.
        allowed: requests that the windows would have let through in that time, at most.
        steady: requests a second that they allow in the long run.
    """

    windows: Sequence[tuple[int, float]]
    used: int
    allowed: int
    steady: float


@frozen
class Figures:
    """
    All that a page shows.

    Attributes:
        kind: of the rows.
        source: the name of their file, without its folder; empty for a program's rows.
        origin: where they were sent.
        journal: the journal, as it was named.
        began, ended: seconds of the time of day; None where the journal does not say.
        sessions: processes that worked on it; 0 where the journal does not say.
        complete: whether the run has finished.
        rows: that were read.
        outcomes: how many have which outcome, all six of them.
        reasons: why rows did not succeed.
        doubts: chunks with rows in doubt, at most `SHOWN_CHUNKS`.
        more_doubts: how many other chunks have some.
        doubtful_rows: rows in doubt that no retry has sent again, of all chunks.
        open_jobs: jobs that had not ended, how many.
        jobs, requests, polls, rate_limited, seconds: as a report has them.
        unsaid: processes that were killed, or are still running: their polls and 429s are not known.
        quota: None where the journal does not say.
        job_times: None where the journal does not say.
        series: the same.
        retries: later runs that sent rows again: their journal, rows, and how many succeeded.
        succeeded_later: rows that succeeded in those, or where their rows were sent again.
        steps: what to do now.
        missing: what the journal does not say, in sentences.
    """

    kind: str
    source: str
    origin: str
    journal: str
    began: float | None
    ended: float | None
    sessions: int
    complete: bool
    rows: int
    outcomes: Mapping[str, int]
    reasons: Reasons
    doubts: Sequence[DoubtfulChunk]
    more_doubts: int
    doubtful_rows: int
    open_jobs: int
    jobs: int
    requests: int
    polls: int
    rate_limited: int
    seconds: float
    unsaid: int
    quota: QuotaUse | None
    job_times: JobTimes | None
    series: Series | None
    retries: Sequence[tuple[str, int, int | None]]
    succeeded_later: int
    steps: Sequence[Step]
    missing: Sequence[str]

    def as_values(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)

    @property
    def good_rows(self) -> int:
        """Rows that stand at Gameball as they do in the input."""
        return self.outcomes["succeeded"] + self.outcomes["unchanged"] + self.succeeded_later


def figures_of(
    journal: Resumable, path: str, later: Sequence[Later] = (), succeeded_later: int = 0,
    *, show_keys: bool = False,
) -> Figures:  # fmt: skip
    """
    Everything that a page says of a run.

    Args:
        journal: what is known of the run.
        path: where its journal is, as it was given.
        later: the runs that sent rows of it again.
        succeeded_later: how many rows succeeded in those, and in theirs.
        show_keys: whether ids stand unmasked in the examples.

    Raises:
        JournalError: the journal's numbers do not agree.
    """
    recorded = recorded_of(journal)
    report, history, header = recorded.report, journal.history, journal.header
    found = Figures(
        **{name: getattr(report, name) for name in _AS_IN_REPORT},
        kind=header.kind,
        source=clean(os.path.basename(header.source.name)) if header.source.digest else "",
        origin=header.origin,
        journal=path,
        began=history.sessions[0].began if history.sessions else None,
        ended=history.sessions[-1].ended if history.sessions else None,
        sessions=len(history.sessions),
        outcomes={each.value: getattr(report, each.value) for each in Outcome},
        reasons=reasons_of(journal, show_keys=show_keys),
        doubts=[_chunk(each) for each in recorded.doubts[:SHOWN_CHUNKS]],
        more_doubts=max(0, len(recorded.doubts) - SHOWN_CHUNKS),
        doubtful_rows=sum(len(each.positions) for each in recorded.doubts),
        open_jobs=len(recorded.open_jobs),
        seconds=round(report.seconds, 3),
        unsaid=history.unsaid,
        quota=_quota(journal),
        job_times=job_times_of(journal),
        series=series_of(journal),
        retries=[_later(each) for each in later[:SHOWN_RETRIES]],
        succeeded_later=succeeded_later,
        steps=steps_of(journal, recorded, path),
        missing=_missing(journal),
    )
    _check(found, journal)
    return found


def _chunk(doubt: Doubt) -> DoubtfulChunk:
    lines = account.in_words(doubt.positions)
    return DoubtfulChunk(
        doubt.chunk,
        doubt.job_id,
        len(doubt.positions),
        lines,
        [clean(r) for r in doubt.reasons[:3]],
    )


def _later(later: Later) -> tuple[str, int, int | None]:
    return (
        later.journal, later.rows,
        None if later.recorded is None else later.recorded.report.succeeded,
    )  # fmt: skip


def _quota(journal: Resumable) -> QuotaUse | None:
    history = journal.history
    if not journal.used.quota or not history.sessions or _begins_untimed(journal):
        return None
    quota = Quota.parse(journal.used.quota)
    return QuotaUse(
        quota.windows,
        journal.used.requests,
        sum(quota.most_in(each.ended - each.began) for each in history.sessions),
        round(min(most / seconds for most, seconds in quota.windows), 3),
    )


def _begins_untimed(journal: Resumable) -> bool:
    """Whether an earlier version, which noted no times, wrote a part of the journal."""
    return any(
        chunk.stage is Stage.SETTLED and chunk.number not in journal.history.settled
        for chunk in journal.chunks
    )


def _missing(journal: Resumable) -> list[str]:
    history, missing = journal.history, []
    if not history.sessions:
        missing.append(
            "When things happened: this journal was written by an earlier version, which recorded no times. So "
            "there are no charts, no durations of jobs and no use of the quota."
        )
    elif _begins_untimed(journal):
        missing.append(
            "Part of the times: an earlier version wrote the beginning of this journal. Charts and durations "
            "cover what came after."
        )
    if history.unsaid:
        missing.append(
            "A process was killed, or is still running. How many of its requests asked for the status of a job or "
            "were answered with 429 is recorded only when a process ends normally."
        )
    return missing


def _check(found: Figures, journal: Resumable) -> None:
    """Make sure that numbers that count the same thing agree."""
    history = journal.history
    odd = found.rows - found.good_rows + found.succeeded_later
    agree = sum(found.outcomes.values()) == found.rows and found.reasons.rows == odd
    if found.series is not None:
        timed = sum(
            len(chunk.positions) for chunk in journal.chunks if chunk.number in history.settled
        ) + sum(rows for _, rows in history.rejected)
        shown = sum(part.succeeded + part.others for part in found.series.parts)
        sent = sum(part.requests for part in found.series.parts)
        agree &= shown == timed <= found.rows
        agree &= sent == sum(requests for _, requests in history.requests)
    if found.job_times is not None:
        agree &= sum(jobs for *_, jobs in found.job_times.bars) == found.job_times.jobs
    if not agree:
        raise JournalError(
            "the journal contradicts itself: its numbers do not add up. Keep it, and look up its jobs with "
            "`gameball-async status JOB_ID`"
        )
