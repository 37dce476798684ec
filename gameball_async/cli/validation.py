"""The command that checks a file without sending anything."""

from __future__ import annotations

from contextlib import ExitStack
from time import perf_counter
from typing import NoReturn

import click
import orjson
from attrs import define, field

from ..api.kinds import kind_of
from ..errors import GameballError
from ..limits.windows import Quota
from ..rows.check import preparer
from ..rows.row import BadRow, Row
from ..rows.source import Source
from ..rows.unknown import UnknownFields
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
    """Counts of what was found in a file."""

    rows: int = 0
    faulty: int = 0
    faults: int = 0
    skipped: int = 0
    seconds: float = 0.0
    error: GameballError | OSError | None = field(default=None)
    first: list[str] = field(factory=list, repr=False)
    unknown: UnknownFields | None = field(default=None)


@click.command(epilog=KIND_NAMES)
@kind_argument
@reads
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, nothing else.")
def validate(kind: str, file: str, settings: Settings, as_json: bool) -> NoReturn:
    """
    Check every row of FILE, and report each fault with line and field. Nothing is sent.

    FILE may be -, for standard input (with --format).

    Exit code 1 where a row would be rejected, 2 where the file cannot be read.
    """
    refuse_unnamed(file, settings)
    show = _JsonOutput(kind) if as_json else _TextOutput(file)
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
    code = Exit.SOME_FAILED if found.faulty else Exit.OK
    raise SystemExit(finish(Ended(code=code, error=found.error)))


def check(
    kind: str,
    path: str,
    show: _TextOutput | _JsonOutput,
    found: Findings,
    settings: Settings,
) -> None:
    """
    Check a file row by row; *found* is filled in as it goes.

    Raises:
        InputError: the file cannot be read any further.
        OSError: it cannot be read at all.
    """
    began = perf_counter()
    found.unknown = UnknownFields(kind_of(kind), settings.unknown)
    prepare = preparer(
        kind_of(kind), ids_from_numbers=settings.ids_from_numbers, unknown=found.unknown
    )
    try:
        with ExitStack() as files:
            rows = open_input(path, kind_of(kind), settings, files, keep=False)
            warn(rows)
            for row in rows:
                found.rows += 1
                ready = prepare(row.position, row.value) if isinstance(row, Row) else row
                if isinstance(ready, BadRow):
                    found.faulty += 1
                    found.faults += len(ready.faults)
                    show.faults(ready, rows.source)
                elif len(found.first) < SHOWN:
                    found.first.append(ready.payload.decode())
            found.skipped = rows.skipped
            said = about_null_words(rows)
            if said is not None:
                say(said)
    finally:
        found.seconds = perf_counter() - began


def rehearse(kind: str, file: str, settings: Settings, quota: Quota) -> NoReturn:
    """Check a file, show its first rows as they would be sent, and how long they take at least."""
    found = Findings()
    show = _TextOutput(file)
    try:
        check(kind, file, show, found, settings)
    except (GameballError, OSError) as error:
        found.error = error
    for payload in found.first:
        click.echo(f"would send: {clean(payload, 1000)}")
    jobs = -(-(found.rows - found.faulty) // CHUNK_ROWS)
    seconds = 2 * jobs / min(most / each for most, each in quota.windows)
    if jobs:
        click.echo(
            f"at least {count(jobs, 'job')}, {count(2 * jobs, 'request')} with one poll each, and "
            f"{duration(seconds)} at this quota"
        )
    show.end(found)
    code = Exit.SOME_FAILED if found.faulty else Exit.OK
    raise SystemExit(finish(Ended(code=code, error=found.error)))


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
        if found.skipped:
            rest += f", {count(found.skipped, 'row')} left out by the mapping"
        fields = () if found.unknown is None else found.unknown.found()
        if fields:
            names = ", ".join(f"{each} in {count(each.rows, 'row')}" for each in fields)
            click.echo(
                f"Gameball does not know these fields, and ignores them: {clean(names, 1000)}"
            )
        cut = "" if found.error is None else ", but the rest of the file cannot be read"
        click.echo(f"{rows}: {rest}{cut}. Nothing was sent.")


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
        counts = {
            "rows": found.rows,
            "sound": found.rows - found.faulty,
            "faulty": found.faulty,
            "skipped": found.skipped,
            "seconds": round(found.seconds, 3),
            "complete": found.error is None,
        }
        click.echo("]," + orjson.dumps(counts).decode()[1:])
