"""The command that settles rows in doubt by the balances before and after."""

from __future__ import annotations

from typing import Any, NoReturn

import click
import orjson
from attrs import define, field

from ..balances.plan import BALANCE_FIELD
from ..balances.setting import REST
from ..balances.settling import Settlement, settle_by_balances
from ..balances.verdicts import Verdict
from ..client import GameballClient
from .connection import Connection, talk, talks
from .ending import Exit, finish
from .live import Reaching, driver
from .options import Option, file_option, flag, from_zero, journal_argument, only_copy, taken
from .resuming import refuse_sandbox
from .words import clean, count

field_option: Option = click.option(
    "--balance-field",
    default=BALANCE_FIELD,
    metavar="NAME",
    help="The field of Gameball's answer that is the balance.",
)
rest_option: Option = from_zero(
    "--rest",
    default=REST,
    metavar="SECONDS",
    help="Between two looks at an account that must agree before anything is sent to it again.",
)


@click.command()
@journal_argument
@file_option(
    "--before",
    metavar="FILE",
    help="The balances before the run: CSV with customerId and balance, or the results of an import of "
    "balance-inquiries.  [default: what import --snapshot has written]",
)
@flag("--send", help="Send rows again that were not applied.")
@field_option
@rest_option
@only_copy
@talks
def settle(**options: Any) -> NoReturn:
    """
    Settle rows that the run of JOURNAL left in doubt, by the balances before the run and now.

    The run is one of balance-adjustments, and over. A row is called applied, or not applied, where the
    customer's balance shows it; where the balance moved otherwise, it stays in doubt. What was concluded from what
    is written to JOURNAL.settled-1.csv, then -2. Rows that were not applied have failed, and --send sends them again.
    """
    settling: _Settling = taken(_Settling, options)
    refuse_sandbox(settling.connection)
    ended = talk(settling.connection, settling.main)
    if ended.code is None:
        tells = f"`gameball-async report {settling.journal}` tells how rows stand"
        raise SystemExit(finish(ended, when_interrupted=f"go on with the same command; {tells}"))
    raise SystemExit(settling.account())


@define
class _Settling:
    """What was asked for, by the names of the options, and what came of it."""

    connection: Connection
    journal: str
    before: str | None
    send: bool
    balance_field: str
    rest: float
    only_copy: bool
    as_json: bool
    found: Settlement = field(factory=Settlement, init=False)

    async def main(self, client: GameballClient, reaching: Reaching) -> int:
        """Settle. The exit code is `account`'s to tell."""
        self.found = await settle_by_balances(
            client,
            self.journal,
            before=self.before,
            send=self.send,
            balance=self.balance_field,
            rest=self.rest,
            only_copy=self.only_copy,
            drive=driver(reaching, as_json=self.as_json),
        )
        return Exit.OK

    def account(self) -> int:
        """Print what came of it, and return the exit code."""
        click.echo(orjson.dumps(self._values()) if self.as_json else self._text())
        return Exit.SOME_FAILED if self.found.journals else Exit.OK

    def _values(self) -> dict[str, Any]:
        found = self.found
        return {
            **{verdict.name.lower(): found.verdicts[verdict] for verdict in Verdict},
            "sent_again": found.sent_again,
            "reasons": dict(found.reasons),
            "reports": found.reports,
            "journals": found.journals,
        }

    def _text(self) -> str:
        found = self.found
        if not found.verdicts and not found.sent_again and not found.journals:
            return f"{clean(self.journal)} has no rows in doubt: nothing was asked or sent"
        head = (
            f"settled: {count(found.verdicts[Verdict.APPLIED], 'row')} applied, "
            f"{count(found.verdicts[Verdict.NOT_APPLIED], 'row')} not applied; "
            f"{count(found.verdicts[Verdict.OPEN], 'row')} still in doubt"
        )
        lines = [head, *(f"  {number:>10,}  {why}" for why, number in found.reasons.most_common())]
        if self.send:
            lines.append(f"sent again: {count(found.sent_again, 'row')} succeeded")
        lines += [f"what was concluded from what: {clean(path)}" for path in found.reports]
        if found.journals and not self.send:
            again = clean(
                self.connection.command("balances", "settle", self.journal, "--send"), 1000
            )
            lines.append(f"to send those again that were not applied: {again}")
        elif found.journals:
            left = clean(", ".join(found.journals), 1000)
            lines.append(f"rows are left in {left}: look at them, and use `gameball-async settle`")
        return "\n".join(lines)
