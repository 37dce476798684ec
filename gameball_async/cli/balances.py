"""The commands on balances: set, and what it shows; and settle, which has its own module."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NoReturn

import click
import orjson
from attrs import define, field

from ..api.kinds import TARGETS
from ..balances.plan import Fate, Report, Summary, as_number, shown
from ..balances.setting import apply_plan, plan_balances
from ..balances.taking import REPORT
from ..client import GameballClient
from ..errors import JournalError
from .balance_doubts import field_option, rest_option, settle
from .connection import Connection, talk, talks
from .ending import Ended, Exit, finish, print_error, say
from .inputs import open_input, source_of, warn
from .live import Reaching, driver
from .options import file_option, flag, from_zero
from .reading import STDIN, Settings, reads
from .words import clean, count


@click.group()
def balances() -> None:
    """Set customers' balances, and settle adjustments in doubt from the balances before and after."""


balances.add_command(settle)


@balances.command("set")
@file_option(
    "--state",
    metavar="FOLDER",
    help="The folder that records the run, so that the same command can continue it.  [default: FILE.gbbalances; "
    "none with --dry-run and --sandbox]",
)
@flag("--yes", help="Send without asking.")
@flag("--dry-run", help="Ask for the balances and show what would be sent. Nothing is sent.")
@from_zero(
    "--max-change",
    metavar="POINTS",
    help="Skip customers whose balance would change by more.",
)
@flag("--only-up", help="Skip customers who would lose points.")
@field_option
@rest_option
@reads
@talks
def set_(yes: bool, dry_run: bool, state: str | None, **options: Any) -> NoReturn:
    """
    Set each customer's balance to the one in FILE.

    FILE has the columns customerId and balance, or a mapping (--map, --from) turns its columns into these. The
    command asks for all balances, shows the differences, and sends them as adjustments once you confirm. Then
    it asks for the balances again: what is provably missing is sent again, and what moved meanwhile is
    reported. After any interruption, the same command continues where it stopped. No customer gets a second
    adjustment without a look at the balance in between.
    """
    sandbox, file = options["connection"].sandbox, options["file"]
    if file == STDIN:
        raise click.UsageError(
            "a run that reads standard input cannot be continued after an interruption: write "
            "the rows to a file first"
        )
    if not (yes or dry_run or sandbox or sys.stdin.isatty()):
        raise click.UsageError(
            "cannot ask before sending, because this is not a terminal: pass --yes to send without asking, or "
            "--dry-run to see what would be sent"
        )
    kept = state is not None or not (dry_run or sandbox)
    with ExitStack() as files:
        if not kept:
            state = files.enter_context(tempfile.TemporaryDirectory(prefix="gameball-async-"))
        state = state or f"{file}.gbbalances"
        bounds = {name: options.pop(name) for name in ("max_change", "only_up", "balance")}
        setting = _Setting(**options, state=state, kept=kept, bounds=bounds)
        raise SystemExit(setting.carry_out(yes=yes or sandbox, dry_run=dry_run))


@define
class _Setting:
    """What a run is to do, and how far it has come."""

    connection: Connection
    file: str
    settings: Settings
    state: str
    bounds: dict[str, Any]
    rest: float
    as_json: bool
    kept: bool
    summary: Summary | None = field(default=None, init=False)
    report: Report | None = field(default=None, init=False)

    def carry_out(self, *, yes: bool, dry_run: bool) -> int:
        """Plan, ask, send; gives the exit code."""
        if yes and not dry_run:
            return self._end(talk(self.connection, self._plan_and_apply))
        ended = talk(self.connection, self._plan)
        if self.summary is None or ended.code is not Exit.OK:
            return self._end(ended)
        if self.kept and not self.as_json:
            click.echo(f"what each row needs: {clean(self.state)}/{REPORT}")
        if dry_run:
            if self.as_json:
                click.echo(orjson.dumps({"plan": plan_values(self.summary)}))
            return Exit.OK
        refusal = self._refusal(self.summary)
        return self._end(talk(self.connection, self._apply)) if refusal is None else refusal

    def _refusal(self, plan: Summary) -> int | None:
        """Ask whether to send; None if the user agrees, or if there is nothing to ask."""
        if plan.begun or not plan.adjustments:
            return None
        try:
            if click.confirm(f"Send {count(plan.adjustments, 'adjustment')}?", err=True):
                return None
        except click.Abort:
            say(
                f"interrupted; nothing was sent, and the plan is kept in {clean(self.state)}: run the same command "
                "again to send it"
            )
            return Exit.INTERRUPTED
        say(
            f"nothing was sent; the plan is kept in {clean(self.state)}: run the same command again to send it"
        )
        return Exit.SOME_FAILED

    async def _plan_and_apply(self, client: GameballClient, reaching: Reaching) -> int:
        await self._plan(client, reaching)
        return await self._apply(client, reaching)

    async def _plan(self, client: GameballClient, reaching: Reaching) -> int:
        with ExitStack() as files:
            rows = open_input(self.file, TARGETS, self.settings, files, keep=False)
            source = await source_of(rows, self.settings)
            warn(rows)
            self.summary = await plan_balances(
                client,
                rows,
                self.state,
                **self.bounds,
                source=f"{source.digest} {source.settings}",
                ids_from_numbers=self.settings.ids_from_numbers,
                drive=driver(reaching, as_json=self.as_json),
            )
        if not self.as_json:
            click.echo(plan_text(self.summary, self.file))
        return Exit.OK

    async def _apply(self, client: GameballClient, reaching: Reaching) -> int:
        drive = driver(reaching, as_json=self.as_json)
        self.report = await apply_plan(client, self.state, rest=self.rest, drive=drive)
        return Exit.OK

    def _end(self, ended: Ended) -> int:
        """Print the outcomes of the rows, and how to continue; gives the exit code."""
        if self.report is not None and self.summary is not None:
            ended.code = Exit.OK if self.report.all_exact else Exit.SOME_FAILED
            if self.as_json:
                state = self.state if self.kept else None
                click.echo(orjson.dumps(report_values(self.summary, self.report, state)))
            else:
                click.echo(report_text(self.report, kept=self.kept))
        elif self.as_json and ended.error is not None:
            print_error(ended.error)
        again = self._go_on()
        if self.summary is None and isinstance(ended.error, JournalError):
            code = finish(ended, when_interrupted=again)
            return Exit.UNUSABLE if code is Exit.STOPPED else code
        return finish(ended, when_interrupted=again, when_stopped=again)

    def _go_on(self) -> str:
        if self.connection.sandbox:
            return "the sandbox has ended, and everything in it is lost"
        again = self.connection.command(
            "balances", "set", self.file, "--state", self.state, "--yes"
        )
        return f"run the same command again to continue (`{again}`, with the options that you gave)"


# -- what it shows


def plan_text(plan: Summary, path: str) -> str:
    """A plan for people."""
    up, most_up = (shown(units, signed=True) for units in (plan.up_sum, plan.most_up))
    down, most_down = (shown(-units) for units in (plan.down_sum, plan.most_down))
    lines = [
        f"balances from {clean(path)}: {count(plan.rows, 'row')}",
        f"  {plan.exact:>10,}  already have their balance",
        *_counted(
            (plan.up, f"gain points: {up} in total, {most_up} at most"),
            (plan.down, f"lose points: {down} in total, {most_down} at most"),
            (plan.held, _HELD),
            (plan.unknown, _UNKNOWN),
            (plan.unasked, _UNASKED),
            (plan.rejected, _REJECTED),
        ),
        *(f"              row {line}: {clean(why)}" for line, why in plan.faults),
        *_counted(
            (plan.pending, "of them have pending points, which count as part of the balance")
        ),
    ]
    return "\n".join(lines)


def _counted(*numbers: tuple[int, str]) -> Iterator[str]:
    return (f"  {number:>10,}  {what}" for number, what in numbers if number)


def plan_values(plan: Summary) -> dict[str, Any]:
    """The same for programs; points as numbers."""
    names = ("rows", "exact", "up", "down", "unknown", "rejected", "pending")
    points = {
        "points_up": plan.up_sum,
        "points_down": plan.down_sum,
        "most_up": plan.most_up,
        "most_down": plan.most_down,
    }
    return {
        **{name: getattr(plan, name) for name in names},
        **{name: float(as_number(units)) for name, units in points.items()},
        "held_back": plan.held,
        "not_asked": plan.unasked,
        "faults": [{"line": line, "reason": why} for line, why in plan.faults],
    }


_HELD = "are skipped (--max-change, --only-up)"
_UNKNOWN = "are not known to Gameball: import these customers first"
_UNASKED = "have a balance that could not be read"
_REJECTED = "cannot be used: the row has a fault, or its customer is in an earlier row"
_ENDS = {
    Fate.EXACT: "already had their balance",
    Fate.SET: "were set to their balance",
    Fate.MOVED: "were moved by something else meanwhile, and were not touched again",
    Fate.DOUBT: (
        "are in doubt: the balance could not be read afterwards; run the same command again"
    ),
    Fate.PLANNED: "still need their adjustment; run the same command again",
    Fate.SENT: "are being checked",
    Fate.REFUSED: "were refused by Gameball",
    Fate.HELD: _HELD,
    Fate.UNKNOWN: _UNKNOWN,
    Fate.UNASKED: _UNASKED,
    Fate.ASKED: _UNASKED,
    Fate.REJECTED: _REJECTED,
}


def report_text(report: Report, *, kept: bool) -> str:
    """The outcomes of the rows, for people."""
    head = (
        f"{count(report.rows, 'row')}, {count(report.adjustments, 'adjustment')} applied: "
        f"{shown(report.up_sum, signed=True)} and {shown(-report.down_sum)} points, "
        f"in {count(report.rounds, 'round')}"
    )
    lines = [head, *_counted(*((report.fates.get(fate, 0), end) for fate, end in _ENDS.items()))]
    if kept:
        lines.append(f"details of each row: {clean(report.folder)}/{REPORT}")
    return "\n".join(lines)


def report_values(plan: Summary, report: Report, state: str | None) -> dict[str, Any]:
    """The same for programs."""
    return {
        "rows": report.rows,
        **{fate.value.replace(" ", "_"): report.fates.get(fate, 0) for fate in _ENDS},
        "adjustments": report.adjustments,
        "points_added": float(as_number(report.up_sum)),
        "points_taken": float(as_number(report.down_sum)),
        "rounds": report.rounds,
        "complete": report.complete,
        "state": state,
        "plan": plan_values(plan),
    }
