"""The command that tells what a journal says, without talking to anybody."""

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
from ..errors import GameballError
from ..journal.account import Doubt, Recorded, recorded_of, spans
from ..journal.header import Header
from ..journal.journal import read_journal
from ..journal.results import journals_of, recorded_rows
from ..journal.retry import Later, later_of
from ..rows.outcomes import write_outcomes
from ..rows.results import ResultsFile
from . import account, doubts
from .ending import Exit, say
from .inputs import input_of, refuse_same_files
from .live import console_on
from .options import by_suffix, results_option
from .page.figures import Figures, figures_of
from .page.steps import Step, doubts_of
from .words import clean, count

__all__ = ["report"]

SHOWN_DOUBTS = 20


@click.command()
@click.argument("journal", type=click.Path())
@results_option
@click.option(
    "--outcomes",
    type=click.Path(),
    callback=by_suffix(".csv", ".parquet"),
    help="Write a line for every row here (.csv or .parquet): its outcome, code, reason and job.",
)
@click.option(
    "--html",
    "page",
    type=click.Path(),
    callback=by_suffix(".html"),
    help="Write a page here that can be handed on: one file, without scripts. Needs the extra report.",
)
@click.option(
    "--show-keys",
    is_flag=True,
    help="Show ids whole in the examples of the page and of --json; else they are masked.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, nothing else.")
def report(
    journal: str,
    results: str | None,
    outcomes: str | None,
    page: str | None,
    show_keys: bool,
    as_json: bool,
) -> NoReturn:
    """
    Tell what became of the rows of JOURNAL's run, as far as it is recorded. Nothing is sent.

    Rows whose job had not ended are pending, and those whose chunk was being sent indeterminate,
    until the run is resumed. Exit codes as those of import; 3 where the run is not over.
    """
    try:
        found = read_journal(journal)
        recorded = recorded_of(found)
        later = later_of(found, journal)
        figures = figures_of(found, journal, later, show_keys=show_keys)
        files = {"results": results, "outcomes": outcomes, "html": page}
        refuse_same_files(journal=journal, input=input_of(found.header), **files)
        if results is not None:
            write_results(results, found.header.kind, journal)
        if outcomes is not None:
            rows = write_outcomes(outcomes, recorded_rows(journals_of(journal)))
            say(f"the outcomes of {count(rows, 'row')} are in {clean(outcomes)}")
        if page is not None:
            write_page(page, figures)
    except (GameballError, OSError) as error:
        say(clean(str(error), 2000))
        raise SystemExit(Exit.UNUSABLE) from None
    if as_json:
        click.echo(orjson.dumps(as_values(recorded, figures, found.header, later)))
    else:
        console_on(sys.stdout).print(as_text(recorded, figures, found.header, later))
    raise SystemExit(exit_code(recorded))


def write_results(path: str, kind: str, journal: str) -> None:
    """Write each row of the run, with the last that is known of it: later retries count."""
    with ResultsFile(path, kind_of(kind)) as results:
        results.add(recorded_rows(journals_of(journal)))
        rows = results.write()
    say(f"{count(rows, 'row')} with what Gameball answered are in {clean(path)}")


def write_page(path: str, figures: Figures) -> None:
    """Write the page that can be handed on."""
    from .page import render

    render.write_page(path, figures, time.time())
    say(f"the page is in {clean(path)}")


def exit_code(recorded: Recorded) -> Exit:
    """The exit code that tells how the run stands."""
    if not recorded.report.complete:
        return Exit.STOPPED
    return Exit.OK if recorded.report.all_succeeded else Exit.SOME_FAILED


def as_values(
    recorded: Recorded, figures: Figures, header: Header, later: Sequence[Later]
) -> dict[str, Any]:
    """The final object of an import, with what a journal knows besides; *lines* are from, to."""
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
    parts: list[Any] = [account.summary(recorded.report, what)]
    parts += [Text(clean(doubt_line(doubt), 1000)) for doubt in recorded.doubts[:SHOWN_DOUBTS]]
    if len(recorded.doubts) > SHOWN_DOUBTS:
        rest = len(recorded.doubts) - SHOWN_DOUBTS
        parts.append(Text(f"and {count(rest, 'more chunk')} in doubt; see --json"))
    parts += [Text(clean(later_line(each), 1000)) for each in later]
    steps = figures.steps
    if not figures.complete:
        jobs = account.job_list(recorded.open_jobs)
        goes = f"; open at Gameball: {jobs}" if jobs else ""
        parts.append(Text(f"The run is not over{goes}."))
    elif recorded.doubts:
        steps = steps[1:]  # the first is about these
        parts.append(Text(doubts_of(recorded, header, figures.journal).as_text()))
    parts += [Text(clean(step_line(step), 1000)) for step in steps if step.commands]
    return Group(*parts)


def step_line(step: Step) -> str:
    """``Send 3 rows again: gameball-async retry …``."""
    return f"{step.title}: {' '.join(step.commands)}"


def doubt_line(doubt: Doubt) -> str:
    """``in doubt: chunk 3, job 123458, 1,000 rows, lines 2001-3000: why``."""
    job = "no job is known" if doubt.job_id is None else f"job {doubt.job_id}"
    rows, lines = count(len(doubt.positions), "row"), doubts.in_words(doubt.positions)
    return f"in doubt: chunk {doubt.chunk}, {job}, {rows}, lines {lines}: {doubt.reasons[0]}"


def later_line(later: Later) -> str:
    """``sent again later: 3 rows, of which 2 succeeded; see `gameball-async report FILE```."""
    rows = f"sent again later: {count(later.rows, 'row')}"
    if later.recorded is None:
        return f"{rows}, by a run whose journal {later.journal} is not there: how they ended is not known"
    end = f"{later.recorded.report.succeeded:,} succeeded" + (
        "" if later.recorded.report.complete else " so far"
    )
    return f"{rows}, of which {end}; see `gameball-async report {later.journal}`"
