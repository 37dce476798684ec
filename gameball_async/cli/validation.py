"""The command that checks a file without sending anything."""

from __future__ import annotations

from contextlib import ExitStack
from time import perf_counter
from typing import NoReturn

import click
import orjson
from attrs import define, field

from ..api.kinds import kind_of
from ..audit.check import Checked, WholeCheck
from ..audit.findings import Finding
from ..errors import GameballError
from ..limits.windows import Quota
from ..rows.row import BadRow, Prepared
from ..rows.source import Source
from ..rows.unknown import UnknownFields
from . import account
from .checking import about_amount, about_finding, whole_check
from .ending import Ended, Exit, finish, say
from .inputs import STDIN, about_null_words, open_input, refuse_unnamed, warn
from .kind import KIND_NAMES, kind_argument
from .reading import Settings, reads
from .words import clean, count, duration

__all__ = ["rehearse", "validate"]

CHUNK_ROWS = 1000
SHOWN = 3


@define
class Findings:
    """What was found in a file, so far."""

    whole: WholeCheck | None = field(default=None, repr=False)
    checked: Checked | None = None
    faulty: int = 0
    faults: int = 0
    skipped: int = 0
    seconds: float = 0.0
    unit: str = "line"
    error: GameballError | OSError | None = field(default=None)
    first: list[str] = field(factory=list, repr=False)
    unknown: UnknownFields | None = field(default=None)

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return 0 if self.whole is None else self.whole.rows

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What is doubtful, without what is among the faults."""
        if self.checked is None:
            return ()
        return tuple(each for each in self.checked.findings if not each.certain)

    def keep(self, row: Prepared) -> None:
        """A sound row: the first are kept."""
        if len(self.first) < SHOWN:
            self.first.append(row.payload.decode())

    def code(self, *, strict: bool) -> Exit:
        """The exit code, where the file could be read."""
        return Exit.SOME_FAILED if self.faulty or (strict and self.warnings) else Exit.OK


@click.command(epilog=KIND_NAMES)
@kind_argument
@reads
@click.option("--strict", is_flag=True, help="Warnings are faults: exit code 1.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, nothing else.")
def validate(kind: str, file: str, settings: Settings, strict: bool, as_json: bool) -> NoReturn:
    """
    Check every row of FILE, and all of them as a whole. Nothing is sent.

    Each fault is reported with line and field. Warnings are about the whole: an id that comes twice,
    dates in the future or before 2000, amounts that make no sense.

    FILE may be -, for standard input (with --format).

    Exit code 1 where a row would be rejected, 2 where the file cannot be read.
    """
    refuse_unnamed(file, settings)
    _carry_out(kind, file, settings, _JsonOutput(kind) if as_json else _TextOutput(file), strict)


def rehearse(kind: str, file: str, settings: Settings, quota: Quota, *, strict: bool) -> NoReturn:
    """Check a file, show its first rows as they would be sent, and how long they take at least."""
    _carry_out(kind, file, settings, _Rehearsal(file, quota), strict)


def _carry_out(
    kind: str, file: str, settings: Settings, show: _TextOutput | _JsonOutput, strict: bool
) -> NoReturn:
    """Check a file, show what was found, and end the process with the right code."""
    found = Findings()
    try:
        check(kind, file, show, found, settings)
    except KeyboardInterrupt:
        show.end(found)
        raise SystemExit(finish(Ended(interrupted=True))) from None
    except BrokenPipeError:
        raise
    except (GameballError, OSError) as error:
        found.error = error
    show.end(found)
    raise SystemExit(finish(Ended(code=found.code(strict=strict), error=found.error)))


def check(
    kind: str,
    path: str,
    show: _TextOutput | _JsonOutput,
    found: Findings,
    settings: Settings,
) -> None:
    """
    Check a file; *found* is filled in as it goes.

    Raises:
        InputError: the file cannot be read.
        OSError: the same.
    """
    began = perf_counter()
    unknown = found.unknown = UnknownFields(kind_of(kind), settings.unknown)
    try:
        with ExitStack() as files:
            rows = open_input(path, kind_of(kind), settings, files, keep=False)
            warn(rows)
            found.unit = rows.source.unit

            def bad(row: BadRow) -> None:
                found.faulty += 1
                found.faults += len(row.faults)
                show.faults(row, rows.source)

            whole = whole_check(rows, settings, unknown, bad=bad, good=found.keep)
            found.whole = files.enter_context(whole)
            try:
                while whole.step():
                    pass
            except GameballError as error:  # the rest cannot be read
                found.error = error
            found.checked = whole.end()
            found.skipped = rows.skipped
            said = about_null_words(rows)
            if said is not None:
                say(said)
    finally:
        found.seconds = perf_counter() - began


class _TextOutput:
    """One line for each fault, as compilers write them, and a last one."""

    def __init__(self, path: str) -> None:
        self._path = "standard input" if path == STDIN else clean(path)

    def faults(self, row: BadRow, source: Source) -> None:
        where = clean(self._path + source.place(row.position))
        for fault in row.faults:
            click.echo(f"{where}: {clean(str(fault))}")

    def end(self, found: Findings) -> None:
        rows = f"{count(found.rows, 'row')} read in {duration(found.seconds)}"
        if found.error is not None and not found.rows:
            return  # the error says it
        if found.faulty:
            rest = (
                f"{found.rows - found.faulty:,} sound, {found.faulty:,} with "
                f"{count(found.faults, 'fault')}"
            )
        else:
            rest = "no fault found" if found.error is None else f"{found.rows:,} sound"
        if found.warnings:
            rest += f", {count(len(found.warnings), 'warning')}"
        if found.skipped:
            rest += f", {count(found.skipped, 'row')} left out by the mapping"
        for finding in found.warnings:
            click.echo(about_finding(self._path, finding, found.unit))
        for amount in () if found.checked is None else found.checked.amounts:
            click.echo(about_amount(amount, found.unit))
        ignored = "" if found.unknown is None else account.about_unknown(found.unknown.found())
        if ignored:
            click.echo(ignored)
        cut = "" if found.error is None else ", but the rest of the file cannot be read"
        click.echo(f"{rows}: {rest}{cut}. Nothing was sent.")


class _Rehearsal(_TextOutput):
    """The same, with the first rows as they would be sent, and the least time of all."""

    def __init__(self, path: str, quota: Quota) -> None:
        super().__init__(path)
        self._quota = quota

    def end(self, found: Findings) -> None:
        for payload in found.first:
            click.echo(f"would send: {clean(payload, 1000)}")
        jobs = -(-(found.rows - found.faulty) // CHUNK_ROWS)
        seconds = 2 * jobs / min(most / each for most, each in self._quota.windows)
        if jobs:
            click.echo(
                f"at least {count(jobs, 'job')}, {count(2 * jobs, 'request')} with one poll each, and "
                f"{duration(seconds)} at this quota"
            )
        super().end(found)


class _JsonOutput:
    """One object, written as it comes: the faults are not kept."""

    def __init__(self, kind: str) -> None:
        click.echo(f'{{"kind":"{kind}","faults":[', nl=False)
        self._separator = ""

    def faults(self, row: BadRow, source: Source) -> None:
        sheet = source.reading.sheet
        where = {} if sheet is None else {"sheet": sheet}
        for fault in row.faults:
            entry = {**where, "line": row.position, "field": fault.field, "reason": fault.reason}
            click.echo(self._separator + orjson.dumps(entry).decode(), nl=False)
            self._separator = ","

    def end(self, found: Findings) -> None:
        checked = found.checked
        counts = {
            "rows": found.rows,
            "sound": found.rows - found.faulty,
            "faulty": found.faulty,
            "skipped": found.skipped,
            "seconds": round(found.seconds, 3),
            "complete": found.error is None,
            "warnings": [each.as_json() for each in found.warnings],
            "amounts": [] if checked is None else [each.as_json() for each in checked.amounts],
        }
        click.echo("]," + orjson.dumps(counts).decode()[1:])
