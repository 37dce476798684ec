"""The command that settles rows in doubt from the balances before and after."""

from __future__ import annotations

from typing import Any, NoReturn

import click
import orjson

from ..balances.plan import BALANCE_FIELD
from ..balances.setting import REST
from ..balances.settling import Settlement, settle_by_balances
from ..balances.verdicts import Verdict
from ..client import GameballClient
from .connection import Connection, talk, talks
from .ending import Exit, finish
from .live import Reaching, driver
from .options import Option, file_option, flag, from_zero, journal_argument, only_copy
from .resuming import refuse_sandbox
from .words import clean, count

field_option: Option = click.option(
    "--balance-field",
    "balance",
    default=BALANCE_FIELD,
    metavar="NAME",
    help="The field in Gameball's answer that contains the balance.",
)
rest_option: Option = from_zero(
    "--rest",
    default=REST,
    metavar="SECONDS",
    help="Seconds between two looks at a balance; both must agree before anything is sent to that customer again.",
)


@click.command()
@journal_argument
@file_option(
    "--before",
    metavar="FILE",
    help="The balances before the run: CSV with customerId and balance, or the results of an import of "
    "balance-inquiries.  [default: the file that import --snapshot wrote]",
)
@flag("--send", help="Send again the rows that were not applied.")
@field_option
@rest_option
@only_copy
@talks
def settle(connection: Connection, as_json: bool, **options: Any) -> NoReturn:
    """
    Settle rows that JOURNAL's run left in doubt, from the balances before the run and now.

    The run must be a finished import of balance-adjustments. A row counts as applied, or as not applied, if the
    customer's balance shows it. If the balance moved in another way, the row stays in doubt.
    JOURNAL.settled-1.csv (then -2) shows what was concluded, and why. Rows that were not applied count as
    failed, and --send sends them again.
    """
    refuse_sandbox(connection)
    journal, found = options["journal"], Settlement()

    async def main(client: GameballClient, reaching: Reaching) -> int:
        nonlocal found
        drive = driver(reaching, as_json=as_json)
        found = await settle_by_balances(client, drive=drive, **options)
        return Exit.SOME_FAILED if found.journals else Exit.OK

    ended = talk(connection, main)
    if ended.code is not None:
        again = connection.command("balances", "settle", journal, "--send")
        click.echo(
            as_values(found) if as_json else as_text(found, journal, again, sent=options["send"])
        )
    tells = f"`gameball-async report {journal}` shows the rows"
    raise SystemExit(
        finish(ended, when_interrupted=f"run the same command again to continue; {tells}")
    )


def as_values(found: Settlement) -> bytes:
    """The result, for programs."""
    return orjson.dumps(
        {
            **{verdict.name.lower(): found.verdicts[verdict] for verdict in Verdict},
            "sent_again": found.sent_again,
            "reasons": found.reasons,
            "reports": found.reports,
            "journals": found.journals,
        }
    )


def as_text(found: Settlement, journal: str, again: str, *, sent: bool) -> str:
    """
    The same for people.

    Args:
        found: what came of it.
        journal: of the run.
        again: the command that sends rows again that were not applied.
        sent: whether this one did.
    """
    if not found.verdicts and not found.sent_again and not found.journals:
        return f"{clean(journal)} has no rows in doubt: nothing was asked or sent"
    applied, missing, open_ = (
        count(found.verdicts[each], "row")
        for each in (Verdict.APPLIED, Verdict.NOT_APPLIED, Verdict.OPEN)
    )
    lines = [f"settled: {applied} applied, {missing} not applied; {open_} still in doubt"]
    lines += [f"  {number:>10,}  {why}" for why, number in found.reasons.most_common()]
    if sent:
        lines.append(f"sent again: {count(found.sent_again, 'row')} succeeded")
    lines += [f"details of each row: {clean(path)}" for path in found.reports]
    if found.journals and not sent:
        lines.append(f"to send again the rows that were not applied: {clean(again, 1000)}")
    elif found.journals:
        left = clean(", ".join(found.journals), 1000)
        lines.append(
            f"rows are left in {left}: look up their customers in the dashboard, then use `gameball-async "
            "settle`"
        )
    return "\n".join(lines)
