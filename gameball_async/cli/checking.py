"""
What is looked at before anything is sent: the whole file, and the findings of `check`.

validate makes the first check, too; import, resume and retry use the findings.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from time import monotonic
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import click
from attrs import define, evolve, field

from ..api.kinds import Kind, kind_of
from ..api.requests import Dialect
from ..audit.check import Checked, WholeCheck
from ..audit.findings import AmountSummary, Finding, about_faulty
from ..client import GameballClient
from ..errors import ConfigurationError, GameballError, InputError, UnknownJobError
from ..preflight.findings import (
    DEFAULT_NAME,
    Findings,
    about_the_run,
    in_short,
    of_another,
    read_findings,
    warnings_of,
)
from ..preflight.learned import looks_like_the_other_unit
from ..rows.check import preparer
from ..rows.file_rows import FileRows
from ..rows.row import BadRow, Prepared, Row
from ..rows.unknown import UnknownFields
from .connection import API_KEY, Connection, account_of
from .ending import print_error, refuse, remark
from .live import manner_of, showing
from .options import Option, adapting, exclusive, flag, given, together
from .reading import STDIN, Settings
from .words import clean, count, duration

REACH_AFTER = 1.0
"""Seconds of a check after which Gameball is asked for something, so that a wrong address is reported early."""
LOOKED_AT = 1_000
"""How many rows of a file have their amounts checked."""


def whole_check(
    rows: FileRows,
    settings: Settings,
    unknown: UnknownFields,
    *,
    bad: Callable[[BadRow], None] = lambda row: None,
    good: Callable[[Prepared], None] = lambda row: None,
) -> WholeCheck:
    """The check of an open file, as of now."""
    prepare = preparer(rows.kind, ids_from_numbers=settings.ids_from_numbers, unknown=unknown)
    return WholeCheck(rows.kind, rows, prepare, now=datetime.now(UTC), bad=bad, good=good)


@define
class FirstCheck:
    """
    The check of a file that is read to its end before any of it is sent.

    Attributes:
        path: the file.
        kind: the batch kind.
        settings: how it is read.
        strict: send nothing if something is doubtful.
        as_json: show nothing.
        findings: what is doubtful; None before the check.
    """

    path: str
    kind: Kind
    settings: Settings
    strict: bool = field(kw_only=True)
    as_json: bool = field(kw_only=True)
    findings: tuple[Finding, ...] | None = field(default=None, init=False)

    async def carry_out(self, client: GameballClient) -> None:
        """
        Check the file and print warnings; if that takes a while, ask meanwhile whether Gameball answers.

        Raises:
            InputError: the file cannot be opened, or nothing is to be sent.
            GameballError: Gameball cannot be reached, or refuses the keys.
        """
        failure: Exception | None = None

        async def reach() -> None:
            nonlocal failure
            await anyio.sleep(REACH_AFTER)
            try:
                await client.status(1)  # any number: an answer about a job is an answer
            except UnknownJobError:
                pass
            except GameballError as error:
                failure = error
                tasks.cancel_scope.cancel()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(reach)
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001 - raised below, as itself and not in a group
                failure = error
            tasks.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def _look(self) -> None:
        found = list[Finding]()
        unknown = UnknownFields(self.kind, self.settings.unknown)
        with (
            self.settings.open(self.path, self.kind) as rows,
            whole_check(rows, self.settings, unknown) as whole,
        ):
            began = monotonic()
            manner = manner_of(sys.stderr, as_json=self.as_json)
            try:
                with showing(f"checking {self.path}", manner) as show:
                    # Some rows at a time, so that Ctrl-C does not have to wait for the rest.
                    while await anyio.to_thread.run_sync(whole.step):
                        show(_how_far(rows.position_fraction, monotonic() - began))
            except InputError as error:  # the run will end there, too
                why = f"cannot be read to its end: {error}"
                found.append(Finding(why, "unreadable", "", 0, ()))
            checked = await _ended(whole)
        if checked.faulty:
            found.append(about_faulty(checked.faulty, checked.faulty_lines))
        found += checked.findings
        self.findings = tuple(found)
        if not self.as_json:
            for finding in found:
                remark(about_finding(self.path, finding, rows.source.unit))
        if found and self.strict:
            raise InputError(
                "nothing was sent, because of --strict: the check of the whole file gave "
                f"{count(len(found), 'warning')}. Fix the file, or remove --strict",
                path=self.path,
            )


async def _ended(whole: WholeCheck) -> Checked:
    """What was found. Sorting on the disk takes a while; cancelling this interrupts it."""

    async def break_off() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            whole.break_off()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(break_off)
        checked = await anyio.to_thread.run_sync(whole.end)
        tasks.cancel_scope.cancel()
    await anyio.lowlevel.checkpoint_if_cancelled()
    return checked


def about_finding(path: str, finding: Finding, unit: str) -> str:
    """One line on a finding."""
    return clean(f"{path}: warning: {finding.text(unit)}", 1000)


def about_amount(amount: AmountSummary, unit: str) -> str:
    """One line on what the amounts of a field come to."""
    return (
        f"{amount.field}: {count(amount.rows, 'row')}, {amount.total:,.12g} in all, from "
        f"{amount.least:,.12g} ({unit} {amount.least_line:,}) to {amount.greatest:,.12g} ({unit} "
        f"{amount.greatest_line:,})"
    )


def _how_far(share: float | None, seconds: float) -> str:
    if not share:
        return duration(seconds)
    return f"{share:.0%}, {duration(seconds * (1 - share) / share)} to go (--no-check skips this)"


# -- what check has found of the account

findings_options: Option = together(
    click.option(
        "--findings",
        type=click.Path(dir_okay=False),
        metavar="FILE",
        help=f"The file with the findings of check for this account.  [default: {DEFAULT_NAME}, if it exists]",
    ),
    flag("--no-findings", help="Neither read nor write findings of check."),
)
"""The options that name the file of findings."""


def _go_by_findings(options: dict[str, Any]) -> None:
    findings, no_findings = options.pop("findings"), options.pop("no_findings")
    exclusive(findings=findings, no_findings=no_findings)
    connection = options["connection"]
    if connection.sandbox and findings is not None:
        raise click.UsageError(
            "--findings cannot be used with --sandbox, which is a separate account: remove one "
            "of the two"
        )
    if not (no_findings or connection.sandbox):
        try:
            options["connection"] = _going_by(connection, _read(connection, findings))
        except ConfigurationError as error:
            if options.get("as_json"):  # as where the import itself refuses
                print_error(error, rows=0)
            refuse(error)


obeys: Option = together(findings_options, adapting(_go_by_findings))
"""
Let a command that talks use the findings of `check` for its account.

Options on the command line override them. Put it below `talks`.
"""


def _read(connection: Connection, path: str | None) -> Findings | None:
    """The findings to use, with a remark on them; None if there are none for this account."""
    name = path or DEFAULT_NAME
    if not os.environ.get(API_KEY) or (path is None and not os.path.exists(name)):
        return None  # without a key there is no account: its absence is an error of its own
    findings = read_findings(name)
    other = of_another(findings, account_of(connection))
    if other is not None and path is not None:
        raise ConfigurationError(
            f"the findings {path} belong to {other}: remove --findings, or run `gameball-async check` for this "
            "account"
        )
    if other is not None:
        remark(
            f"{name} is ignored, because it belongs to {clean(other)}: run `gameball-async check` for this one"
        )
        return None
    named = " and ".join(
        f"--{each}" for each in ("api-version", "dialect") if given(each.replace("-", "_"))
    )
    goes_by = in_short(findings) + (f" (except for {named})" if named else "")
    remark(f"using {clean(name)}: {goes_by}")
    for warning in warnings_of(findings, datetime.now(UTC)):
        remark(f"{clean(name)}: {warning}")
    return findings


def _going_by(connection: Connection, findings: Findings | None) -> Connection:
    if findings is None:
        return connection
    found: dict[str, Any] = {"goes_by": findings}
    if findings.version is not None and not given("api_version"):
        found["api_version"] = findings.version
    if findings.dialect is not None and not given("dialect"):
        found["dialect"] = Dialect(findings.dialect)
    return evolve(connection, **found)


def tell_about_the_run(findings: Findings, kind: str, path: str, settings: Settings) -> None:
    """Say what the findings mean for the rows of a file."""
    for text in about_the_run(findings, kind):
        remark(text)
    if kind != "balance-adjustments" or findings.amount is None:
        return
    why = looks_like_the_other_unit(findings.amount, _first_amounts(kind, path, settings))
    if why is not None:
        counts = findings.amount.counts
        remark(
            f"the check found that amount means {counts}, but {clean(path)} seems to contain the other: {why}. If "
            "so, press Ctrl-C and fix the file"
        )


def _first_amounts(kind: str, path: str, settings: Settings) -> list[int | float | Decimal]:
    """Amounts of the first rows of a file; none of an input that cannot be read twice."""
    if path == STDIN or settings.sql is not None:
        return []
    try:
        with settings.open(path, kind_of(kind)) as rows:
            values = (row.value for row in islice(rows, LOOKED_AT) if isinstance(row, Row))
            found = [value.get("amount") for value in values if isinstance(value, Mapping)]
    except (GameballError, OSError):
        return []  # the import says it
    numbers = (each for each in found if isinstance(each, int | float | Decimal))
    return [each for each in numbers if not isinstance(each, bool)]
