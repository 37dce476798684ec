"""
What a journal says of its run: the account of every row, what is open, what may be sent again.

The account is the same whether the run has ended or was cut off anywhere: a row whose chunk has no
outcomes yet may or may not have been applied, and is counted so. The numbers are checked against
each other; a journal that contradicts itself is refused, not believed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from attrs import field, frozen

from ..api.codes import Code
from ..errors import JournalError
from ..rows.outcome import Outcome, RowOutcome
from ..rows.report import Report, Tally
from .state import DOUBT, OPEN, ChunkRecord, Odd, Positions, Resumable, Stage

RETRIES = ("transient", "failed", "indeterminate")
"""Which rows can be sent again."""


@frozen
class Doubt:
    """
    Rows of one chunk that may or may not have been applied.

    Attributes:
        chunk: its number.
        job_id: the job it has become; None where none is known.
        positions: where the rows came from: lines of a file, or indexes from 0.
        reasons: why, each once.
    """

    chunk: int
    job_id: int | None
    positions: Sequence[int] = field(repr=False)
    reasons: Sequence[str]


@frozen
class Recorded:
    """
    What a journal says of its run.

    Attributes:
        report: the account of every row that is recorded.
        open_jobs: jobs that had not ended when the journal was last written.
        doubts: chunks with rows that may or may not have been applied.
    """

    report: Report
    open_jobs: Sequence[int]
    doubts: Sequence[Doubt]


def recorded_of(journal: Resumable) -> Recorded:
    """
    Fold a journal into the account of its run.

    Raises:
        JournalError: its numbers do not add up.
    """
    odd = _by_chunk(journal)
    tally = Tally()
    for row in odd.pop(None, ()):
        tally.add(row.row.outcome, row.row.reason)
    tally.unchanged(sum(map(len, journal.unchanged)))
    rows, doubts, open_jobs = tally.settled, [], []
    for chunk in journal.chunks:
        rows += len(chunk.positions)
        found = odd.pop(chunk.number, [])
        doubt = _count(journal, chunk, found, tally)
        if doubt is not None:
            doubts.append(doubt)
        if chunk.stage is Stage.ACCEPTED and chunk.job_id is not None:
            open_jobs.append(chunk.job_id)
    _check(not odd, "it has outcomes of unknown chunks")
    _check(tally.settled == rows, f"it has {rows:,} rows, but {tally.settled:,} outcomes")
    return Recorded(_report(journal, rows, tally), open_jobs, doubts)


def _by_chunk(journal: Resumable) -> dict[int | None, list[Odd]]:
    found: dict[int | None, list[Odd]] = defaultdict(list)
    for odd in journal.odd:
        found[odd.row.chunk].append(odd)
    seen, total = Positions(), 0
    for positions in (
        *(chunk.positions for chunk in journal.chunks),
        *journal.unchanged,
        [odd.row.position for odd in found.get(None, ())],
    ):
        seen.add_all(positions)
        total += len(positions)
    _check(len(seen) == total, f"it has {total - len(seen):,} rows twice")
    return found


def _count(journal: Resumable, chunk: ChunkRecord, odd: list[Odd], tally: Tally) -> Doubt | None:
    """Count one chunk's rows; returns those in doubt that no retry has sent again."""
    rows = len(chunk.positions)
    if chunk.stage is not Stage.SETTLED:
        _check(not odd, f"chunk {chunk.number} has outcomes, but is not settled")
        if chunk.stage is Stage.ACCEPTED:
            tally.rows([Outcome.PENDING] * rows, dict.fromkeys(range(rows), OPEN))
            return None
        tally.rows([Outcome.INDETERMINATE] * rows, dict.fromkeys(range(rows), DOUBT))
        return Doubt(chunk.number, chunk.job_id, sorted(chunk.positions), [str(DOUBT)])
    others = [each.row for each in odd if each.row.outcome is not Outcome.SUCCEEDED]
    _check(
        chunk.succeeded + len(others) == rows
        and {each.row.position for each in odd} <= set(chunk.positions),
        f"chunk {chunk.number} has {rows:,} rows, and its outcomes do not match them",
    )
    tally.succeeded(chunk.succeeded)
    tally.add_all(others)
    unsure = [row for row in others if in_doubt(journal, row)]
    if not unsure:
        return None
    reasons = Counter("" if row.reason is None else str(row.reason) for row in unsure)
    return Doubt(
        chunk.number,
        chunk.job_id,
        sorted(row.position for row in unsure),
        [reason for reason, _ in reasons.most_common()],
    )


def in_doubt(journal: Resumable, row: RowOutcome) -> bool:
    """Whether a row may or may not have been applied, and no retry has sent it again."""
    return row.outcome is Outcome.INDETERMINATE and journal.sent_again(row.position) is None


def _report(journal: Resumable, rows: int, tally: Tally) -> Report:
    settled = all(chunk.stage is Stage.SETTLED for chunk in journal.chunks)
    used = journal.used
    return Report(
        kind=journal.header.kind,
        rows=rows,
        **tally.by_outcome(),
        jobs=sum(chunk.job_id is not None for chunk in journal.chunks),
        requests=used.requests,
        rate_limited=used.rate_limited,
        polls=used.polls,
        quota_wait=0.0,
        quota_share=1.0,
        seconds=used.seconds,
        complete=journal.input_ended and settled,
        reasons=tally.reasons(),
    )


def _check(sound: bool, what: str) -> None:
    if not sound:
        raise JournalError(
            f"the journal contradicts itself: {what}. Keep it, and look up its jobs with "
            "`gameball-async status JOB_ID`"
        )


def odd_to_retry(journal: Resumable, only: str) -> list[Odd]:
    """
    The rows to send again; those that an earlier retry has sent are left out.

    Args:
        journal: the record of a run that is over.
        only: ``transient`` for rows refused with a code that may pass later, ``failed`` for all
            that Gameball refused, ``indeterminate`` for those that may have been applied.

    Raises:
        JournalError: the run is not over: resume it first.
    """
    over = all(chunk.stage is Stage.SETTLED for chunk in journal.chunks)
    if not (over and journal.input_ended):
        raise JournalError(
            "the journal's run has not finished: resume it first, then send again what did not "
            "succeed"
        )
    return [
        odd
        for odd in journal.odd
        if odd.payload is not None
        and _matches(odd, only)
        and journal.sent_again(odd.row.position) is None
    ]


def _matches(odd: Odd, which: str) -> bool:
    row = odd.row
    if which == "indeterminate":
        return row.outcome is Outcome.INDETERMINATE
    if row.outcome not in (Outcome.FAILED, Outcome.REJECTED):
        return False
    code = Code.find(None if row.reason is None else row.reason.code)
    return which == "failed" or (code is not None and code.retryable)


def spans(positions: Iterable[int]) -> list[tuple[int, int]]:
    """Sorted positions as first and last of those that follow one another."""
    found: list[tuple[int, int]] = []
    for position in positions:
        if found and found[-1][1] == position - 1:
            found[-1] = (found[-1][0], position)
        else:
            found.append((position, position))
    return found
