"""The command that checks a file without sending anything."""

from __future__ import annotations

from contextlib import ExitStack
from time import perf_counter
from typing import NoReturn

import click
import orjson
from attrs import define, field

from ..api.kinds import KINDS, kind_of
from ..errors import GameballError
from ..rows.check import preparer
from ..rows.files import open_rows
from ..rows.row import BadRow, Row
from .ending import Ended, Exit, finish
from .imports import KIND_NAMES, warn
from .inputs import STDIN, from_standard_input
from .words import clean, count, duration

__all__ = ["validate"]


@define
class Findings:
    """Counts of what was found in a file."""

    rows: int = 0
    faulty: int = 0
    faults: int = 0
    seconds: float = 0.0
    error: GameballError | OSError | None = field(default=None)


@click.command(epilog=KIND_NAMES)
@click.argument("kind", metavar="KIND", type=click.Choice(list(KINDS)))
@click.argument("file", type=click.Path())
@click.option(
    "--format", "form", type=click.Choice(["csv", "jsonl"]), help="[default: by the file's suffix]"
)
@click.option("--custom", is_flag=True, help="Send columns that the API does not know as custom.")
@click.option("--ids-from-numbers", is_flag=True, help="Take whole numbers as ids (JSONL).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, nothing else.")
def validate(
    kind: str, file: str, form: str | None, custom: bool, ids_from_numbers: bool, as_json: bool
) -> NoReturn:
    """
    Check every row of FILE, and report each fault with line and field. Nothing is sent.

    FILE may be -, for standard input (with --format).

    Exit code 1 where a row would be rejected, 2 where the file cannot be read.
    """
    if file == STDIN and form is None:
        raise click.UsageError("pass --format csv or --format jsonl with standard input")
    show = _JsonOutput(kind) if as_json else _TextOutput(file)
    found = Findings()
    try:
        with ExitStack() as files:
            path = from_standard_input(files) if file == STDIN else file
            check(
                kind, path, show, found, form=form, custom=custom, ids_from_numbers=ids_from_numbers
            )
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
    *,
    form: str | None,
    custom: bool,
    ids_from_numbers: bool,
) -> None:
    """
    Check a file row by row; *found* is filled in as it goes.

    Raises:
        InputError: the file cannot be read any further.
        OSError: it cannot be read at all.
    """
    began = perf_counter()
    prepare = preparer(kind_of(kind), ids_from_numbers=ids_from_numbers)
    try:
        with open_rows(path, kind_of(kind), custom=custom, format=form) as rows:
            warn(rows, custom=custom)
            for row in rows:
                found.rows += 1
                ready = prepare(row.position, row.value) if isinstance(row, Row) else row
                if isinstance(ready, BadRow):
                    found.faulty += 1
                    found.faults += len(ready.faults)
                    show.faults(ready)
    finally:
        found.seconds = perf_counter() - began


class _TextOutput:
    """One line for each fault, as compilers write them, and a last one."""

    def __init__(self, path: str) -> None:
        self._path = "standard input" if path == STDIN else clean(path)

    def faults(self, row: BadRow) -> None:
        for fault in row.faults:
            click.echo(f"{self._path}:{row.position}: {clean(str(fault))}")

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
        cut = "" if found.error is None else ", but the rest of the file cannot be read"
        click.echo(f"{rows}: {rest}{cut}. Nothing was sent.")


class _JsonOutput:
    """One object, written as it comes: the faults are not kept."""

    def __init__(self, kind: str) -> None:
        click.echo(f'{{"kind":"{kind}","faults":[', nl=False)
        self._separator = ""

    def faults(self, row: BadRow) -> None:
        for fault in row.faults:
            entry = {"line": row.position, "field": fault.field, "reason": fault.reason}
            click.echo(self._separator + orjson.dumps(entry).decode(), nl=False)
            self._separator = ","

    def end(self, found: Findings) -> None:
        counts = {
            "rows": found.rows,
            "sound": found.rows - found.faulty,
            "faulty": found.faulty,
            "seconds": round(found.seconds, 3),
            "complete": found.error is None,
        }
        click.echo("]," + orjson.dumps(counts).decode()[1:])
