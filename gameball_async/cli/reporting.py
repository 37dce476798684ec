"""The command that tells what a journal says, without talking to anybody."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import click
import orjson
from rich.console import Group
from rich.text import Text

from ..api.kinds import kind_of
from ..errors import GameballError
from ..journal.account import Doubt, Recorded, recorded_of, spans
from ..journal.journal import read_journal
from ..journal.results import journals_of, recorded_rows
from ..journal.state import Header
from ..rows.results import ResultsFile
from . import account
from .ending import Exit, say
from .inputs import input_of, refuse_same_files
from .live import console_on
from .moving import json_of
from .options import results_option
from .words import clean, count

__all__ = ["report"]

SHOWN_DOUBTS = 20
SHOWN_SPANS = 8


@click.command()
@click.argument("journal", type=click.Path())
@results_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, nothing else.")
def report(journal: str, results: str | None, as_json: bool) -> NoReturn:
    """
    Tell what became of the rows of JOURNAL's run, as far as it is recorded. Nothing is sent.

    Rows whose job had not ended are pending, and those whose chunk was being sent indeterminate,
    until the run is resumed. Exit codes as those of import; 3 where the run is not over.
    """
    try:
        found = read_journal(journal)
        recorded = recorded_of(found)
        if results is not None:
            source = input_of(found.header)
            refuse_same_files(journal=journal, input=source, results=results)
            write_results(results, found.header.kind, journal)
    except (GameballError, OSError) as error:
        say(clean(str(error), 2000))
        raise SystemExit(Exit.UNUSABLE) from None
    if as_json:
        click.echo(orjson.dumps(as_values(recorded, found.header, journal)))
    else:
        console_on(sys.stdout).print(as_text(recorded, found.header, journal))
    raise SystemExit(exit_code(recorded))


def write_results(path: str, kind: str, journal: str) -> None:
    """Write each row of the run, with the last that is known of it: later retries count."""
    with ResultsFile(path, kind_of(kind)) as results:
        results.add(recorded_rows(journals_of(journal)))
        rows = results.write()
    say(f"{count(rows, 'row')} with what Gameball answered are in {clean(path)}")


def exit_code(recorded: Recorded) -> Exit:
    """The exit code that tells how the run stands."""
    if not recorded.report.complete:
        return Exit.STOPPED
    return Exit.OK if recorded.report.all_succeeded else Exit.SOME_FAILED


def as_values(recorded: Recorded, header: Header, journal: str) -> dict[str, Any]:
    """The final object of an import, with what a journal knows besides; *lines* are from, to."""
    return {
        **json_of(recorded.report, journal),
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
    }


def as_text(recorded: Recorded, header: Header, journal: str) -> Group:
    """The same for people."""
    what = f"{header.kind} from {header.source.name or 'a program'}"
    parts: list[Any] = [account.summary(recorded.report, what)]
    parts += [Text(clean(doubt_line(doubt), 1000)) for doubt in recorded.doubts[:SHOWN_DOUBTS]]
    if len(recorded.doubts) > SHOWN_DOUBTS:
        rest = len(recorded.doubts) - SHOWN_DOUBTS
        parts.append(Text(f"and {count(rest, 'more chunk')} in doubt; see --json"))
    if not recorded.report.complete:
        jobs = f"; {account.left_open(recorded.open_jobs)}" if recorded.open_jobs else ""
        parts.append(Text(f"The run is not over{jobs}. Go on: gameball-async resume {journal}"))
    return Group(*parts)


def doubt_line(doubt: Doubt) -> str:
    """``in doubt: chunk 3, job 123458, 1,000 rows, lines 2001-3000: why``."""
    found = spans(doubt.positions)
    shown = ", ".join(
        str(first) if first == last else f"{first}-{last}" for first, last in found[:SHOWN_SPANS]
    )
    more = f" and {len(found) - SHOWN_SPANS:,} more spans" if len(found) > SHOWN_SPANS else ""
    job = "no job is known" if doubt.job_id is None else f"job {doubt.job_id}"
    rows = count(len(doubt.positions), "row")
    return f"in doubt: chunk {doubt.chunk}, {job}, {rows}, lines {shown}{more}: {doubt.reasons[0]}"
