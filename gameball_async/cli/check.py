"""The command that checks the account before a migration."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from typing import Any, NoReturn

import click
import orjson
from attrs import asdict, define, evolve, field
from rich.console import Group
from rich.table import Table
from rich.text import Text

from ..api.requests import Account, Dialect
from ..client import GameballClient
from ..errors import ConfigurationError
from ..observe.hooks import OnRequest
from ..preflight.facts import ASSUMPTIONS, MADE_UP, Facts, Plan, Probe
from ..preflight.findings import (
    DEFAULT_NAME,
    TRIAL,
    Findings,
    forget_trial,
    note_trial,
    noted_trial,
    of_another,
    read_findings,
    refuse_other_files,
    write_findings,
)
from ..preflight.judging import conclude, judge
from ..preflight.learned import SMALLEST, Trial
from ..preflight.probing import REASON, Prober
from .checking import findings_options
from .connection import Connection, client_of, sandbox_of, talks
from .ending import Ended, Exit, finish, perform, print_error, remark, say
from .live import Reaching, console_on
from .options import exclusive, given, seconds
from .words import clean, count

DEADLINE = 300.0
_STYLES = {"ok": "green", "hinders": "red", "unknown": "yellow", "skipped": "dim"}


@click.command()
@click.option(
    "--customer",
    metavar="ID",
    help="Ask for the balance of this customer.  [default: a made-up customer]",
)
@click.option(
    "--try-customer",
    metavar="ID",
    help=(
        "Move the balance of this customer by 1 and back, to find out whether the amount of an adjustment means "
        "points or money."
    ),
)
@seconds("--deadline", default=DEADLINE, help="How long to wait for each of its jobs.")
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
    Check your account before a migration, and save the findings for import to use.

    It finds out whether the keys work, which version and which status path answer, how far the clocks are
    apart, and whether a balance inquiry runs to its end. It changes nothing, unless you pass --try-customer:
    then it adds 1 to the balance of that customer and takes it back.

    Exit codes: 0 nothing blocks a migration; 1 something blocks it; 2 usage or configuration; 3 Gameball
    cannot be reached; 130 interrupted.
    """
    exclusive(customer=customer, try_customer=try_customer)
    exclusive(findings=findings, no_findings=no_findings)
    named = try_customer if try_customer is not None else customer
    if named is not None and not named.strip():
        raise click.UsageError(
            "the customer id is empty: pass the id of a customer that Gameball knows"
        )
    into = findings
    if into is None and not (no_findings or connection.sandbox):
        into = DEFAULT_NAME
    dialect = connection.dialect
    plan = Plan(
        version=connection.api_version,
        version_given=given("api_version"),
        dialect_given=None if dialect is Dialect.AUTO else dialect.value,
        customer=MADE_UP if named is None else named,
        try_it=try_customer is not None,
    )
    checking = _Checking(connection, Facts(plan), deadline, into)
    ended = perform(checking.main, checking.last_words)
    raise SystemExit(checking.show(ended, as_json=as_json))


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
            left = noted_trial(self.into)
            if left is not None and self.facts.plan.try_it:
                raise ConfigurationError(self._tell_of(left))
            if left is not None:
                say(self._tell_of(left))
        async with AsyncExitStack() as stack:
            sandbox = await sandbox_of(stack, self.connection)
            reaching = Reaching()

            def open_client(
                version: str, dialect: Dialect, on_request: OnRequest | None
            ) -> GameballClient:
                connection = evolve(self.connection, api_version=version, dialect=dialect)
                return client_of(connection, sandbox, reaching, on_request)

            self.account = open_client(self.connection.api_version, Dialect.AUTO, None).account
            self.facts.key_mode = self.account.key_mode
            self.facts.earlier = self._earlier(self.account)
            if self.facts.plan.try_it:
                customer = clean(self.facts.plan.customer)
                say(
                    f"with {self.facts.key_words}, two batches will change the balance of customer {customer}: an "
                    "adjustment of +1, then one of -1. Neither is sent twice. The first Ctrl-C waits until +1 is "
                    "taken back; a second Ctrl-C exits at once"
                )
            prober = Prober(open_client, self.facts, remark, self._begin, time.time, self.deadline)
            await prober.run()
        return Exit.OK

    def _earlier(self, account: Account) -> Findings | None:
        """What an earlier check of this account wrote; None if there is none."""
        if self.into is not None:
            with suppress(ConfigurationError):  # it is written anew
                found = read_findings(self.into)
                return found if of_another(found, account) is None else None
        return None

    def _tell_of(self, customer: str) -> str:
        """What a check that was cut off may have left at Gameball, and how to take it back."""
        item = {"customerId": customer, "amount": -SMALLEST, "reason": REASON}
        take = self.connection.command("import", "balance-adjustments", "-", "--format", "jsonl")
        note = clean(f"{self.into}{TRIAL}")
        return (
            f"an earlier check was about to add 1 to the balance of customer {clean(customer)}, and may not have "
            f"taken it back. Look at the customer's history in the dashboard. If it shows +1 for `{REASON}` "
            f"without its -1, take it back with:\n  printf '%s\\n' {shlex.quote(orjson.dumps(item).decode())} | "
            f"{take}\nIn either case, remove {note} afterwards"
        )

    def _begin(self) -> None:
        """Note that +1 is about to be sent: whatever ends this check, the next one says so."""
        if self.into is None:
            return
        try:
            note_trial(self.into, self.facts.plan.customer)
        except OSError as error:
            raise ConfigurationError(
                f"nothing was adjusted, because {self.into}{TRIAL} cannot be written first ({error.strerror}): "
                "free space for it, name another file with --findings, or pass --no-findings"
            ) from None

    def last_words(self) -> str:
        """What happened to the adjustments, if there is no time for more."""
        if self.facts.trial is None:
            return "exited at once; nothing was adjusted"
        probe = judge(self.facts)[-1]
        return f"exited at once; {clean(probe.said, 1000)}. {probe.cure}"

    # -- the end

    def show(self, ended: Ended, *, as_json: bool) -> int:
        """Print all probes, write the findings, and return the exit code."""
        if self.account is None:
            if as_json and ended.error is not None:
                print_error(ended.error)
            return finish(ended)
        facts, probes = self.facts, judge(self.facts)
        found = conclude(facts, probes, self.account, datetime.now(UTC))
        asked, written = not ended.interrupted and ended.error is None, None
        # Where no batch was accepted, there is nothing to go by, and older findings may be right.
        if self.into is not None and asked and facts.job_id is not None:
            try:
                write_findings(self.into, found)
                written = self.into
            except OSError as error:
                path = clean(self.into)
                say(
                    f"the findings cannot be written to {path} ({error.strerror}): name another file with --findings"
                )
        if self.into is not None and facts.trial is not None and facts.trial.undone:
            with suppress(OSError):  # the next check asks for a look that is not needed
                forget_trial(self.into)
        if as_json:
            click.echo(orjson.dumps(as_values(facts, probes, found, written)))
        else:
            console_on(sys.stdout).print(as_table(probes, written))
        if not asked:
            return finish(ended)
        if not facts.reached:
            return Exit.STOPPED
        return Exit.SOME_FAILED if found.hindrances else Exit.OK


def as_values(
    facts: Facts, probes: Sequence[Probe], found: Findings, written: str | None
) -> dict[str, Any]:
    """The result of a check, for programs; see `as_table`."""
    plain, names = asdict(found), ("origin", "key", "version", "dialect", "clock", "amount")
    return {
        "ready": facts.reached and not found.hindrances,
        "reached": facts.reached,
        **{name: plain[name] for name in names},
        "probes": [
            {"name": p.name, "verdict": p.verdict, "said": clean(p.said, 2000), "cure": p.cure}
            for p in probes
        ],
        "assumptions": [
            {**asdict(each), "holds": found.assumptions.get(name)}
            for name, each in ASSUMPTIONS.items()
        ],
        "trial": None if facts.trial is None else _trial(facts.trial),
        "findings": written,
    }


def _trial(trial: Trial) -> dict[str, Any]:
    plain = asdict(trial)
    for name, step in {"add": trial.add, "take": trial.take}.items():
        plain[name] = {"fate": step.fate.name.lower(), "job_id": step.job_id}
    return {name: plain[name] for name in ("add", "take", "before", "between", "after")}


def as_table(probes: Sequence[Probe], written: str | None) -> Group:
    """
    The result of a check.

    Args:
        probes: in the order in which they are shown.
        written: the file that holds the findings now; None for none.
    """
    hindered = sum(probe.verdict == "hinders" for probe in probes)
    verdict = f"{count(hindered, 'problem')} to fix before a migration"
    verdict = verdict if hindered else "nothing blocks a migration"
    parts: list[Text | Table] = [Text(verdict, style="bold"), _table(probes), *_assumptions(probes)]
    if written == DEFAULT_NAME:
        parts.append(Text(f"\nImports that start in this directory use {written} from now on."))
    elif written is not None:
        parts.append(Text(f"\nTo use it, pass --findings {clean(written)} to import."))
    return Group(*parts)


def _table(probes: Sequence[Probe]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for probe in probes:
        text = Text(clean(probe.said, 1000))
        if probe.cure:
            text.append(f"\n→ {probe.cure}", style="" if probe.verdict == "hinders" else "dim")
        table.add_row(probe.name, Text(probe.verdict, style=_STYLES[probe.verdict]), text)
    return table


def _assumptions(probes: Sequence[Probe]) -> list[Text]:
    """The assumptions, by result."""
    holds = {name: value for probe in probes for name, value in probe.holds.items()}
    found = []
    for heading, wanted in (("confirmed", True), ("contradicted", False), ("not tested", None)):
        named = [each for name, each in ASSUMPTIONS.items() if holds.get(name) is wanted]
        if named:
            lines = "".join(f"\n  {each.says} ({each.source})" for each in named)
            found.append(
                Text(f"\nassumptions {heading}:{lines}", style="dim" if wanted is None else "")
            )
    return found
