"""The check of a whole file, as validate makes it and import makes it before anything is sent."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic

import anyio
import anyio.lowlevel
import anyio.to_thread
import click
from attrs import define, field
from rich.live import Live
from rich.text import Text

from ..api.kinds import Kind
from ..audit.check import Checked, WholeCheck
from ..audit.findings import AmountSummary, Finding, about_faulty
from ..client import GameballClient
from ..errors import GameballError, InputError, UnknownJobError
from ..rows.check import preparer
from ..rows.file_rows import FileRows
from ..rows.row import BadRow, Prepared
from ..rows.unknown import UnknownFields
from .ending import remark
from .live import LINES, Manner, console_on, manner_of
from .reading import Settings
from .words import clean, count, duration

Say = Callable[[str], None]

REACH_AFTER = 1.0
"""Seconds of a check after which Gameball is asked for something: an address that is wrong is told then."""


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
        strict: nothing is to be sent where something is doubtful.
        as_json: show nothing.
        findings: what is doubtful; None before it was looked for.
    """

    path: str
    kind: Kind
    settings: Settings
    strict: bool = field(kw_only=True)
    as_json: bool = field(kw_only=True)
    findings: tuple[Finding, ...] | None = field(default=None, init=False)

    async def carry_out(self, client: GameballClient) -> None:
        """
        Look, and say what is doubtful; where that takes a while, ask meanwhile whether Gameball is there.

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
        with self.settings.open(self.path, self.kind) as rows:
            unit = rows.source.unit
            found = self.findings = tuple(await self._findings(rows))
        if not self.as_json:
            for finding in found:
                remark(about_finding(self.path, finding, unit))
        if found and self.strict:
            raise InputError(
                f"nothing was sent, as --strict asks: the check of the whole file gave "
                f"{count(len(found), 'warning')}. Mend the file, or leave --strict out",
                path=self.path,
            )

    async def _findings(self, rows: FileRows) -> list[Finding]:
        found = list[Finding]()
        unknown = UnknownFields(self.kind, self.settings.unknown)
        with whole_check(rows, self.settings, unknown) as whole:
            began = monotonic()
            manner = manner_of(sys.stderr, as_json=self.as_json)
            try:
                with _shown(f"checking {self.path}", manner) as show:
                    # Some rows at a time, so that Ctrl-C does not have to wait for the rest.
                    while await anyio.to_thread.run_sync(whole.step):
                        show(_how_far(rows.position_fraction, monotonic() - began))
            except InputError as error:  # the run will end there, too
                why = f"cannot be read to its end: {error}"
                found.append(Finding(why, "unreadable", "", 0, ()))
            checked = await _ended(whole)
        if checked.faulty:
            found.append(about_faulty(checked.faulty, checked.faulty_lines))
        return [*found, *checked.findings]


async def _ended(whole: WholeCheck) -> Checked:
    """What was found. Sorting on the disk takes a while: it is broken off where this is cancelled."""

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


@contextmanager
def _shown(what: str, manner: Manner) -> Iterator[Say]:
    """Gives what shows how far a check is: in place on a terminal, else a line now and then."""
    what = clean(what)
    if manner is Manner.LIVE:
        with Live(console=console_on(sys.stderr), auto_refresh=False, transient=True) as block:
            yield lambda text: block.update(Text(f"{what}: {text}"), refresh=True)
        return
    last = monotonic()

    def line(text: str) -> None:
        nonlocal last
        if manner is Manner.PLAIN and monotonic() - last >= LINES:
            last = monotonic()
            click.echo(f"{what}: {text}", err=True, file=sys.stderr)

    yield line
