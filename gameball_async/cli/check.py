"""The command that looks at the account before a migration."""

from __future__ import annotations

import os
import sys
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any, NoReturn

import click
import orjson
from attrs import asdict, define, evolve, field
from click.core import ParameterSource

from ..api.requests import Account, Dialect
from ..client import GameballClient
from ..errors import ConfigurationError
from ..observe.hooks import OnRequest
from ..preflight.amounts import Trial
from ..preflight.assumptions import ASSUMPTIONS
from ..preflight.facts import MADE_UP, Facts, Plan
from ..preflight.file import DEFAULT_NAME, read_findings, refuse_other_files, write_findings
from ..preflight.findings import Findings
from ..preflight.judging import conclude, judge
from ..preflight.obeying import of_another
from ..preflight.probing import Prober
from ..preflight.verdicts import Probe
from ..sandbox import Sandbox
from .checked import as_table
from .connection import Connection, client_of, sandbox_of, talks
from .ending import Ended, Exit, finish, perform, remark, say
from .findings import findings_options
from .live import console_on
from .options import SECONDS
from .reaching import Reaching
from .words import clean

__all__ = ["check"]

DEADLINE = 300.0


@click.command()
@click.option(
    "--customer",
    metavar="ID",
    help="Ask for the balance of this customer.  [default: of a made-up one]",
)
@click.option(
    "--try-customer",
    metavar="ID",
    help="Move the balance of this customer by 1 and back, to learn what the amount of an adjustment counts.",
)
@click.option(
    "--deadline",
    type=SECONDS,
    default=DEADLINE,
    show_default=True,
    metavar="SECONDS",
    help="How long each of its jobs is waited for.",
)
@findings_options
@talks
def check(
    connection: Connection,
    customer: str | None,
    try_customer: str | None,
    deadline: float,
    findings: str | None,
    no_findings: bool,
    as_json: bool,
) -> NoReturn:
    """
    Look at your account before a migration, and write down what it found for import to go by.

    It learns whether the keys work, which version and which status path answer, how far the clocks are
    apart, and whether an inquiry for a balance comes to its end. Nothing is changed, unless
    --try-customer allows it: +1 and -1 on the balance of that customer.

    Exit codes: 0 all is well; 1 something hinders a migration; 2 usage or configuration; 3 Gameball
    cannot be reached; 130 interrupted.
    """
    if customer is not None and try_customer is not None:
        raise click.UsageError("--customer and --try-customer exclude each other: keep one")
    if findings is not None and no_findings:
        raise click.UsageError("--findings and --no-findings exclude each other: keep one")
    named = try_customer if try_customer is not None else customer
    if named is not None and not named.strip():
        raise click.UsageError("the customer's id is empty: name one that Gameball knows")
    into = findings
    if into is None and not (no_findings or connection.sandbox):
        into = DEFAULT_NAME
    dialect = connection.dialect
    plan = Plan(
        version=connection.api_version,
        version_given=_given("api_version"),
        dialect_given=None if dialect is Dialect.AUTO else dialect.value,
        customer=MADE_UP if named is None else named,
        try_it=try_customer is not None,
    )
    checking = _Checking(connection, Facts(plan), deadline, into)
    ended = perform(checking.main, checking.last_words)
    raise SystemExit(checking.show(ended, as_json=as_json))


def _given(name: str) -> bool:
    source = click.get_current_context().get_parameter_source(name)
    return source is not ParameterSource.DEFAULT


@define
class _Checking:
    """One check, while it goes and when it has ended."""

    connection: Connection
    facts: Facts
    deadline: float
    into: str | None
    account: Account | None = field(default=None, init=False)

    async def main(self) -> int:
        """Ask everything."""
        if self.into is not None:
            refuse_other_files(self.into)
        async with AsyncExitStack() as stack:
            sandbox = await sandbox_of(stack, self.connection, batch=True)
            open_client = partial(self._client, sandbox, Reaching())
            self.account = open_client(self.connection.api_version, Dialect.AUTO, None).account
            self.facts.key_mode = self.account.key_mode
            self.facts.earlier = self._earlier(self.account)
            if self.facts.plan.try_it:
                self._announce()
            prober = Prober(open_client, self.facts, remark, time.time, self.deadline)
            await prober.run()
        return Exit.OK

    def _client(
        self,
        sandbox: Sandbox | None,
        reaching: Reaching,
        version: str,
        dialect: Dialect,
        on_request: OnRequest | None,
    ) -> GameballClient:
        connection = evolve(self.connection, api_version=version, dialect=dialect)
        return client_of(connection, sandbox, reaching, on_request)

    def _earlier(self, account: Account) -> Findings | None:
        """What an earlier check of this account has written; None where there is none."""
        if self.into is None or not os.path.exists(self.into):
            return None
        try:
            found = read_findings(self.into)
        except ConfigurationError:
            return None  # it is written anew
        return found if of_another(found, account) is None else None

    def _announce(self) -> None:
        """Say before anything is sent what will be."""
        key = {"test": "a test key", "live": "a live key"}.get(
            self.facts.key_mode or "", "this key"
        )
        say(
            f"with {key}, two batches will move the balance of customer {clean(self.facts.plan.customer)}: "
            "an adjustment of +1, then its inverse, -1. Neither is ever sent twice; Ctrl-C waits until +1 is "
            "taken back, a second one leaves at once"
        )

    def last_words(self) -> str:
        """Where there is no time for more: what became of the adjustments."""
        if self.facts.trial is None:
            return "left at once; nothing was adjusted"
        probe = judge(self.facts)[-1]
        return f"left at once; {clean(probe.said, 1000)}. {probe.cure}"

    # -- the end

    def show(self, ended: Ended, *, as_json: bool) -> int:
        """Print all probes, write the findings, and return the exit code."""
        if self.account is None:
            if as_json and ended.error is not None:
                click.echo(orjson.dumps({"error": clean(str(ended.error), 2000)}))
            return finish(ended)
        probes = judge(self.facts)
        asked = not ended.interrupted and ended.error is None
        # Where no batch was accepted, there is nothing to go by, and older findings may be right.
        written = self._write(probes) if asked and self.facts.job_id is not None else None
        if as_json:
            click.echo(orjson.dumps(self._values(probes, written)))
        else:
            console_on(sys.stdout).print(as_table(probes, written))
        if not asked:
            return finish(ended)
        if not self.facts.reached:
            return Exit.STOPPED
        hindered = any(probe.verdict == "hinders" for probe in probes)
        return Exit.SOME_FAILED if hindered else Exit.OK

    def _write(self, probes: list[Probe]) -> str | None:
        if self.into is None:
            return None
        try:
            write_findings(self.into, self._findings(probes))
        except OSError as error:
            say(f"the findings cannot be written to {clean(self.into)}: {error.strerror}")
            return None
        return self.into

    def _findings(self, probes: list[Probe]) -> Findings:
        assert self.account is not None  # noqa: S101 - there are no probes without
        return conclude(self.facts, probes, self.account, datetime.now(UTC))

    def _values(self, probes: list[Probe], written: str | None) -> dict[str, Any]:
        found = self._findings(probes)
        hinders = any(probe.verdict == "hinders" for probe in probes)
        return {
            "ready": self.facts.reached and not hinders,
            "reached": self.facts.reached,
            "origin": found.origin,
            "key": found.key,
            "version": found.version,
            "dialect": found.dialect,
            "clock": None if found.clock is None else asdict(found.clock),
            "amount": None if found.amount is None else asdict(found.amount),
            "probes": [
                {"name": p.name, "verdict": p.verdict, "said": clean(p.said, 2000), "cure": p.cure}
                for p in probes
            ],
            "assumptions": [
                {**asdict(each), "holds": found.assumptions.get(name)}
                for name, each in ASSUMPTIONS.items()
            ],
            "trial": None if self.facts.trial is None else _trial(self.facts.trial),
            "findings": written,
        }


def _trial(trial: Trial) -> dict[str, Any]:
    steps = {"add": trial.add, "take": trial.take}
    balances = {"before": trial.before, "between": trial.between, "after": trial.after}
    return {
        **{
            name: {"fate": step.fate.name.lower(), "job_id": step.job_id}
            for name, step in steps.items()
        },
        **{
            name: None if balance is None else asdict(balance) for name, balance in balances.items()
        },
    }
