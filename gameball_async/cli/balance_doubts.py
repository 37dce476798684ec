"""The command that settles rows in doubt by the balances before and after."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any, NoReturn

import click
import orjson
from attrs import define, field

from ..balances.doubts import Verdict
from ..balances.settling import Settlement, settle_by_balances
from .balance_options import field_option, rest_option
from .connection import Connection, connect, talks
from .driving import driver
from .ending import Exit, finish, perform
from .options import command_for
from .reaching import Reaching
from .resuming import refuse_sandbox, vouches
from .words import clean, count

__all__ = ["settle"]


@click.command()
@click.argument("journal", type=click.Path())
@click.option(
    "--before",
    type=click.Path(),
    metavar="FILE",
    help="The balances before the run: CSV with customerId and balance, or the results of an import of "
    "balance-inquiries.  [default: what import --snapshot has written]",
)
@click.option("--send", is_flag=True, help="Send rows again that were not applied.")
@field_option
@rest_option
@vouches
@talks
def settle(
    connection: Connection,
    journal: str,
    before: str | None,
    send: bool,
    balance_field: str,
    rest: float,
    only_copy: bool,
    as_json: bool,
) -> NoReturn:
    """
    Settle rows that the run of JOURNAL left in doubt, by the balances before the run and now.

    The run is one of balance-adjustments, and over. A row is called applied, or not applied, where the
    customer's balance shows it; where the balance moved otherwise, it stays in doubt. What was concluded from what
    is written to JOURNAL.settled-1.csv, then -2. Rows that were not applied have failed, and --send sends them again.
    """
    refuse_sandbox(connection)
    settling = _Settling(connection, journal, before, send, balance_field, rest, only_copy, as_json)
    ended = perform(settling.main)
    if ended.code is None:
        go_on = (
            f"go on with the same command; `gameball-async report {journal}` tells how rows stand"
        )
        raise SystemExit(finish(ended, when_interrupted=go_on))
    raise SystemExit(settling.account())


@define
class _Settling:
    """What was asked for, and what came of it."""

    connection: Connection
    journal: str
    before: str | None
    send: bool
    balance_field: str
    rest: float
    only_copy: bool
    as_json: bool
    found: Settlement = field(factory=Settlement, init=False)

    async def main(self) -> int:
        """Settle. The exit code is `account`'s to tell."""
        async with AsyncExitStack() as stack:
            reaching = Reaching()
            client = await connect(stack, self.connection, batch=True, reaching=reaching)
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
        if self.as_json:
            click.echo(orjson.dumps(self._values()))
        else:
            click.echo(self._text())
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
            words = ["balances", "settle", self.journal, "--send"]
            again = clean(command_for(words, self.connection), 1000)
            lines.append(f"to send those again that were not applied: {again}")
        elif found.journals:
            left = clean(", ".join(found.journals), 1000)
            lines.append(f"rows are left in {left}: look at them, and use `gameball-async settle`")
        return "\n".join(lines)
