"""The command that ends doubt: which rows were applied, and which were not."""

from __future__ import annotations

import shlex
from typing import NoReturn

import click
import orjson

from ..errors import GameballError
from ..journal.account import recorded_of
from ..journal.journal import read_journal
from ..journal.settle import settle as settle_rows
from ..rows.named import NamedRows
from . import doubts
from .ending import Exit, say
from .inputs import refuse_same_files
from .resuming import vouches
from .words import clean, count

__all__ = ["settle"]


@click.command()
@click.argument("journal", type=click.Path())
@click.option("--applied", type=click.Path(), metavar="FILE", help="These rows were applied.")
@click.option("--not-applied", type=click.Path(), metavar="FILE", help="These rows were not.")
@vouches
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, nothing else.")
def settle(
    journal: str, applied: str | None, not_applied: str | None, only_copy: bool, as_json: bool
) -> NoReturn:
    """
    Say what became of rows that the run of JOURNAL left in doubt. Nothing is sent.

    Rows that were applied have then succeeded; rows that were not have failed, and `retry --only
    failed` sends them again. FILE names rows by their lines in the input: a rejects file with the
    rows that are meant, another CSV or JSONL file with a column `line`, or one number a line. Where
    a row is not in doubt, nothing is changed. A row that is settled stays settled.
    """
    if applied is None and not_applied is None:
        raise click.UsageError("give --applied FILE, --not-applied FILE, or both")
    try:
        refuse_same_files(journal=journal, applied=applied, not_applied=not_applied)
        yes = NamedRows() if applied is None else NamedRows.read(applied)
        no = NamedRows() if not_applied is None else NamedRows.read(not_applied)
        settle_rows(journal, yes, no, only_copy=only_copy)
        recorded = recorded_of(read_journal(journal))
    except (GameballError, OSError) as error:
        say(clean(str(error), 2000))
        raise SystemExit(Exit.UNUSABLE) from None
    left = doubts.of(recorded.doubts, journal)
    if as_json:
        values = {"applied": len(yes.lines), "not_applied": len(no.lines)}
        click.echo(orjson.dumps({**values, "in_doubt": left.as_values()}))
        raise SystemExit(Exit.OK)
    click.echo(
        f"settled: {count(len(yes.lines), 'row')} applied, {count(len(no.lines), 'row')} not applied"
    )
    if not_applied is not None:
        words = ["gameball-async", "retry", journal, "--only", "failed", "--rows", not_applied]
        click.echo(f"send those again: {clean(shlex.join(words), 1000)}")
    if recorded.report.complete and left.lines:
        click.echo(left.as_text())
    raise SystemExit(Exit.OK)
