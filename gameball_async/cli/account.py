"""
The summary of a run, as people read it: counts by outcome, reasons with advice, what is open or in doubt.

Plain functions from values to text, with the commands that settle rows in doubt. Text from the server or a file
is never read as markup.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from attrs import asdict, field, frozen
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..api.codes import Code
from ..errors import GameballError
from ..journal.account import Doubt, recorded_of, spans
from ..journal.journal import read_journal
from ..rows.outcome import Outcome
from ..rows.report import Report
from ..rows.unknown import UnknownField
from .words import clean, command_line, count, duration

JSON_KEYS = (
    "kind", "rows", "succeeded", "failed", "rejected", "indeterminate", "pending", "unsent", "unchanged",
    "jobs", "requests", "rate_limited", "seconds",
)  # fmt: skip
_STYLES = {
    Outcome.SUCCEEDED: "green", Outcome.FAILED: "red", Outcome.REJECTED: "red", Outcome.UNCHANGED: "",
}  # fmt: skip
SHOWN_REASONS = 20
SHOWN_JOBS = 5
SHOWN_SPANS = 8

ITS_JOB = re.compile(r"\bjob \d+")
_CODE = re.compile(r"\(code (\d{1,6})\)$")


@frozen
class Failure:
    """
    Rows that did not succeed for one reason.

    Attributes:
        outcome: their outcome.
        reason: why.
        rows: how many.
        advice: what to do; empty if the code gives no advice.
    """

    outcome: str
    reason: str
    rows: int
    advice: str


def failures(report: Report) -> list[Failure]:
    """The report's reasons, with advice, most rows first. Reasons differing in the job are one."""
    grouped: Counter[str] = Counter()
    for heading, rows in report.failures_by_reason().items():
        grouped[ITS_JOB.sub("its job", heading)] += rows
    found = []
    for heading, rows in grouped.most_common():
        outcome, _, reason = heading.partition(": ") if ": " in heading else ("", "", heading)
        code = _CODE.search(reason)
        advice = advice_on(int(code[1]) if code else None)
        found.append(Failure(outcome, clean(reason), rows, advice))
    return found


def advice_on(code: int | None) -> str:
    """What to do about Gameball's code; empty if there is no advice."""
    found = Code.find(code)
    return "" if found is None else found.advice


def summary(report: Report, what: str) -> Group:
    """
    The summary that a run prints at its end.

    Args:
        report: the run's report.
        what: what was imported.
    """
    parts: list[RenderableType] = [Text(_verdict(report, what), style="bold")]
    counts = Table.grid(padding=(0, 2))
    counts.add_column()
    counts.add_column(justify="right")
    counts.add_row("rows read", f"{report.rows:,}")
    for each in Outcome:
        number = getattr(report, each.value)
        if number or each is not Outcome.UNCHANGED:
            style = _STYLES.get(each, "yellow") if number else "dim"
            counts.add_row(f"  {each.value}", Text(f"{number:,}", style=style))
    parts += [counts, Text(_effort(report))]
    found = failures(report)
    if found:
        parts += [Text(), _failure_table(found)]
    if len(found) > SHOWN_REASONS:
        parts.append(Text(f"and {len(found) - SHOWN_REASONS:,} more reasons; see --json"))
    return Group(*parts)


def _effort(report: Report) -> str:
    rate = report.settled / report.seconds if report.seconds > 0 else 0.0
    text = (
        f"{count(report.jobs, 'job')}, {count(report.requests, 'request')} "
        f"({count(report.polls, 'poll')}, {report.rate_limited:,} answered 429), "
        f"{duration(report.seconds)} ({rate:,.0f} rows/s)"
    )
    if report.quota_wait >= 0.05:
        text += f"; waited {duration(report.quota_wait)} for quota, all calls together"
    if report.quota_share < 0.995:
        text += f"; {report.quota_share:.0%} of the quota in use at the end"
    return text


def _verdict(report: Report, what: str) -> str:
    what = clean(what)
    unchanged = f", {report.unchanged:,} unchanged" if report.unchanged else ""
    if report.unchanged and report.all_succeeded:
        return f"{what}: {count(report.succeeded, 'row')} succeeded{unchanged} and not sent"
    if report.all_succeeded and report.rows == 1:
        return f"{what}: the only row succeeded"
    if report.all_succeeded:
        return f"{what}: all {count(report.rows, 'row')} succeeded"
    if report.complete:
        rest = report.rows - report.succeeded - report.unchanged
        return f"{what}: {count(rest, 'row')} of {report.rows:,} did not succeed{unchanged}"
    done = f"{report.succeeded:,} of {count(report.rows, 'row')} succeeded"
    return f"{what}: stopped early; {done}{unchanged}"


def _failure_table(found: list[Failure]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    table.add_column("reason, and what to do", overflow="fold")
    for failure in found[:SHOWN_REASONS]:
        text = Text(failure.reason)
        if failure.advice:
            text.append(f"\n→ {failure.advice}", style="dim")
        table.add_row(f"{failure.rows:,}", failure.outcome, text)
    return table


def job_list(job_ids: Iterable[int]) -> str:
    """A few job ids and how many more: ``7, 8, 9 and 12 more``."""
    ids = sorted(job_ids)
    shown = ", ".join(map(str, ids[:SHOWN_JOBS]))
    return shown if len(ids) <= SHOWN_JOBS else f"{shown} and {len(ids) - SHOWN_JOBS:,} more"


def jobs_go_on(job_ids: Sequence[int]) -> str:
    """``2 jobs are still open at Gameball: 7, 8``."""
    goes = "1 job is" if len(job_ids) == 1 else f"{len(job_ids):,} jobs are"
    return f"{goes} still open at Gameball: {job_list(job_ids)}"


def left_open(job_ids: Iterable[int]) -> str:
    """Which jobs are open after a run ended early, and what to do about them."""
    ids = sorted(job_ids)
    if not ids:
        return "no job is open"
    some = " ".join(map(str, ids[:SHOWN_JOBS]))
    return (
        f"{jobs_go_on(ids)}. To follow them: `gameball-async watch {some}`; to stop them: `gameball-async stop "
        f"{some}`"
    )


def in_words(positions: Sequence[int]) -> str:
    """Sorted lines: ``2-4, 9``, and how many more ranges."""
    found = spans(positions)
    shown = ", ".join(
        str(first) if first == last else f"{first}-{last}" for first, last in found[:SHOWN_SPANS]
    )
    more = f" and {len(found) - SHOWN_SPANS:,} more ranges" if len(found) > SHOWN_SPANS else ""
    return shown + more


@frozen
class InDoubt:
    """
    Rows that may or may not have been applied, of a finished run.

    Attributes:
        lines: their lines in the input, sorted.
        journal: the file that records the run; None if none was kept.
        rejects: the file with the rows; None if none was written.
        command: makes a command that talks to the same Gameball as the run.
    """

    lines: Sequence[int] = field(repr=False)
    journal: str | None
    rejects: str | None = None
    command: Callable[..., str] = command_line

    @classmethod
    def of(cls, doubts: Sequence[Doubt], journal: str | None, **more: Any) -> InDoubt:
        """The rows of doubts that are known."""
        return cls(sorted(line for doubt in doubts for line in doubt.positions), journal, **more)

    def commands(self) -> list[str]:
        """The commands that record rows as applied, or as not applied, or send the latter again at once."""
        if self.journal is None or not self.lines:
            return []
        rows = self.rejects or "LINES.txt"
        again = ("retry", self.journal, "--only", "indeterminate", "--i-checked")
        return [
            command_line("settle", self.journal, applied=rows),
            command_line("settle", self.journal, not_applied=rows),
            self.command(*again, rows=rows),
        ]

    def as_values(self) -> dict[str, Any]:
        """For programs: how many, their lines as spans, what to run."""
        return {
            "rows": len(self.lines),
            "lines": spans(self.lines),
            "commands": self.commands(),
        }

    def as_text(self) -> str:
        """For people."""
        from ..balances.snapshot import snapshot_beside

        if self.journal is None:
            return (
                "Rows are in doubt: they may or may not have been applied, and this run kept no journal to settle "
                "them in. Look up the customers of the rejects file (--rejects) in Gameball's dashboard before "
                "you import them again."
            )
        path = clean(self.journal)
        if not self.lines:
            report = command_line("report", self.journal)
            return f"Keep the journal {path}: `{report}` lists its rows in doubt."
        applied, not_applied, retry = (clean(words, 1000) for words in self.commands())
        by_balances = ""
        if os.path.exists(snapshot_beside(self.journal)):  # they were asked for before the run
            settle = clean(command_line("balances", "settle", self.journal), 1000)
            by_balances = f"\nOr let the balances before and after decide:\n  {settle}"
        where = "LINES.txt is a file that you write, with one line number per line."
        if self.rejects is not None:
            where = f"{clean(self.rejects)} lists all of them: pass each command a copy with only its rows."
        return (
            f"{count(len(self.lines), 'row')} in doubt, lines {in_words(self.lines)}: they may or may not have "
            f"been applied. Keep the journal {path}. Look at these customers' balances or activities in Gameball's "
            "dashboard (or import them as balance-inquiries). Then record which rows were applied and which were "
            f"not:\n  {applied}\n  {not_applied}\nor, in one step, send again the rows that were not applied:\n  "
            f"{retry}\n{where}{by_balances}"
        )


def in_doubt(journal: str | None, **more: Any) -> InDoubt:
    """What a journal says of its rows in doubt; no lines if it cannot be read."""
    doubts: Sequence[Doubt] = ()
    if journal is not None:
        with suppress(GameballError, OSError):
            doubts = recorded_of(read_journal(journal)).doubts
    return InDoubt.of(doubts, journal, **more)


def about_unknown(sent: Sequence[UnknownField], left_out: Sequence[UnknownField] = ()) -> str:
    """The fields that Gameball does not know, sent or not sent; empty for none."""
    found = []
    if sent:
        names = ", ".join(f"{each} in {count(each.rows, 'row')}" for each in sent)
        found.append(f"Gameball does not know these fields and ignores them: {clean(names, 1000)}.")
    if left_out:
        names = ", ".join(map(str, left_out))
        found.append(f"Not sent, because Gameball does not know them: {clean(names, 1000)}.")
    return " ".join(found)


def json_of(
    report: Report, journal: str | None, left_out: Sequence[UnknownField] = ()
) -> dict[str, object]:
    """The final object, with these keys in this order; *journal* is the file kept, if any."""
    values = report.as_json()
    return {
        **{key: values[key] for key in JSON_KEYS},
        "journal": journal,
        "failures_by_reason": report.failures_by_reason(),
        "unknown_fields": [asdict(each) for each in (*report.unknown_fields, *left_out)],
    }
