"""The commands on a journal that send nothing: report, and settle."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any, NoReturn

import click
import orjson
from rich.console import Group
from rich.text import Text

from ..api.kinds import kind_of
from ..journal.account import Doubt, Recorded, recorded_of, spans
from ..journal.header import Header
from ..journal.journal import read_journal
from ..journal.results import journals_of, recorded_rows
from ..journal.retry import Later, later_of
from ..journal.settle import settle as settle_rows
from ..rows.named import NamedRows
from ..rows.outcomes import write_outcomes
from ..rows.results import ResultsFile
from . import account
from .ending import Exit, say, unusable
from .inputs import input_of, refuse_same_files
from .live import console_on
from .options import as_json as json_option
from .options import by_suffix, file_option, flag, journal_argument, only_copy
from .options import results as results_option
from .page.figures import Figures, figures_of
from .page.reasons import doubts_of
from .words import clean, command_line, count

SHOWN_DOUBTS = 20


@click.command()
@journal_argument
@results_option
@file_option(
    "--outcomes",
    callback=by_suffix(".csv", ".parquet"),
    help="Write a line for every row to this file (.csv or .parquet): its outcome, code, reason and job.",
)
@file_option(
    "--html",
    callback=by_suffix(".html"),
    help="Write a page to this file that you can share: one HTML file, without scripts. Needs the extra report.",
)
@flag(
    "--show-keys",
    help="Do not mask ids in the examples of the page and of --json.",
)
@json_option
def report(journal: str, show_keys: bool, as_json: bool, **files: str | None) -> NoReturn:
    """
    Report the outcome of every row in JOURNAL's run, as far as it is recorded. Nothing is sent.

    Until the run is resumed, rows whose job had not ended are pending, and rows whose chunk was being sent are
    indeterminate. The exit codes are those of import; 3 if the run has not finished.
    """
    with unusable():
        found = read_journal(journal)
        recorded = recorded_of(found)
        later = later_of(found, journal)
        figures = figures_of(found, journal, later, succeeded_later(later), show_keys=show_keys)
        refuse_same_files(journal=journal, input=input_of(found.header), **files)
        if results := files["results"]:
            with ResultsFile(results, kind_of(found.header.kind)) as file:
                file.add(recorded_rows(journals_of(journal)))  # later retries count
                rows = file.write()
            say(f"wrote {count(rows, 'row')} with Gameball's answers to {clean(results)}")
        if outcomes := files["outcomes"]:
            rows = write_outcomes(outcomes, recorded_rows(journals_of(journal)))
            say(f"wrote the outcomes of {count(rows, 'row')} to {clean(outcomes)}")
        if page := files["html"]:
            from .page.render import write_page

            write_page(page, figures, time.time())
            say(f"wrote the page to {clean(page)}")
    if as_json:
        click.echo(orjson.dumps(as_values(recorded, figures, found.header, later)))
    else:
        console_on(sys.stdout).print(as_text(recorded, figures, found.header, later))
    if not figures.complete:
        raise SystemExit(Exit.STOPPED)
    raise SystemExit(Exit.OK if figures.good_rows == figures.rows else Exit.SOME_FAILED)


def succeeded_later(later: Sequence[Later]) -> int:
    """How many rows succeeded in these retries, or in the retries of those."""
    found = 0
    for each in later:
        if each.recorded is not None:
            again = later_of(read_journal(each.journal), each.journal)
            found += each.recorded.report.succeeded + succeeded_later(again)
    return found


def as_values(
    recorded: Recorded, figures: Figures, header: Header, later: Sequence[Later]
) -> dict[str, Any]:
    """The final object of an import, with what else a journal knows; *lines* are from, to."""
    return {
        **account.json_of(recorded.report, figures.journal),
        "complete": recorded.report.complete,
        "polls": recorded.report.polls,
        "source": header.source.name,
        "open_jobs": list(recorded.open_jobs),
        "ambiguous": [
            {
                "chunk": doubt.chunk,
                "job_id": doubt.job_id,
                "rows": len(doubt.positions),
                "lines": spans(doubt.positions),
                "reasons": list(doubt.reasons),
            }
            for doubt in recorded.doubts
        ],
        "retries": [
            {
                "journal": each.journal,
                "rows": each.rows,
                "succeeded": None if each.recorded is None else each.recorded.report.succeeded,
                "complete": None if each.recorded is None else each.recorded.report.complete,
            }
            for each in later
        ],
        "page": figures.as_values(),
    }


def as_text(recorded: Recorded, figures: Figures, header: Header, later: Sequence[Later]) -> Group:
    """The same for people; what to do now is what the page says."""
    what = f"{header.kind} from {header.source.name or 'a program'}"
    steps, left = figures.steps, len(recorded.doubts) - SHOWN_DOUBTS
    lines = [clean(doubt_line(doubt), 1000) for doubt in recorded.doubts[:SHOWN_DOUBTS]]
    if left > 0:
        lines.append(f"and {count(left, 'more chunk')} in doubt; see --json")
    lines += [clean(later_line(each), 1000) for each in later]
    if later:
        good = f"{figures.good_rows:,} of {count(figures.rows, 'row')} succeeded"
        lines.append(f"including later retries, {good}")
    if not figures.complete:
        jobs = account.job_list(recorded.open_jobs)
        lines.append(f"The run has not finished{f'; open at Gameball: {jobs}' if jobs else ''}.")
    elif recorded.doubts:
        steps = steps[1:]  # the first is about these
        lines.append(doubts_of(recorded, header, figures.journal).as_text())
    lines += [
        clean(f"{step.title}: {' '.join(step.commands)}", 1000) for step in steps if step.commands
    ]
    return Group(account.summary(recorded.report, what), *map(Text, lines))


def doubt_line(doubt: Doubt) -> str:
    """``in doubt: chunk 3, job 123458, 1,000 rows, lines 2001-3000: why``."""
    job = "no job is known" if doubt.job_id is None else f"job {doubt.job_id}"
    rows, lines = count(len(doubt.positions), "row"), account.in_words(doubt.positions)
    return f"in doubt: chunk {doubt.chunk}, {job}, {rows}, lines {lines}: {doubt.reasons[0]}"


def later_line(later: Later) -> str:
    """``sent again later: 3 rows, of which 2 succeeded; see `gameball-async report FILE```."""
    rows = f"sent again later: {count(later.rows, 'row')}"
    if later.recorded is None:
        return f"{rows}, by a run whose journal {later.journal} does not exist: their outcomes are not known"
    report = later.recorded.report
    end = f"{report.succeeded:,} succeeded{'' if report.complete else ' so far'}"
    return f"{rows}, of which {end}; see `gameball-async report {later.journal}`"


@click.command()
@journal_argument
@file_option("--applied", metavar="FILE", help="A file that lists rows that were applied.")
@file_option("--not-applied", metavar="FILE", help="A file that lists rows that were not applied.")
@only_copy
@json_option
def settle(
    journal: str, applied: str | None, not_applied: str | None, only_copy: bool, as_json: bool
) -> None:
    """
    Record what happened to rows that JOURNAL's run left in doubt. Nothing is sent.

    Rows that were applied then count as succeeded. Rows that were not applied count as failed, and `retry
    --only failed` sends them again. FILE lists rows by their lines in the input: a rejects file with only these
    rows, another CSV or JSONL file with a column `line`, or one line number per line. If a row is not in doubt,
    nothing is changed. A row cannot be settled twice.
    """
    if applied is None and not_applied is None:
        raise click.UsageError("pass --applied FILE, --not-applied FILE, or both")
    with unusable():
        refuse_same_files(journal=journal, applied=applied, not_applied=not_applied)
        yes = NamedRows() if applied is None else NamedRows.read(applied)
        no = NamedRows() if not_applied is None else NamedRows.read(not_applied)
        settle_rows(journal, yes, no, only_copy=only_copy)
        recorded = recorded_of(read_journal(journal))
    left = account.InDoubt.of(recorded.doubts, journal)
    if as_json:
        values = {"applied": len(yes.lines), "not_applied": len(no.lines)}
        click.echo(orjson.dumps({**values, "in_doubt": left.as_values()}))
        return
    click.echo(
        f"settled: {count(len(yes.lines), 'row')} applied, {count(len(no.lines), 'row')} not applied"
    )
    if not_applied is not None:
        again = command_line("retry", journal, only="failed", rows=not_applied)
        click.echo(f"send those again: {clean(again, 1000)}")
    if recorded.report.complete and left.lines:
        click.echo(left.as_text())
