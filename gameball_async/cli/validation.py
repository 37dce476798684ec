"""The commands that look at a file without sending anything: validate, and map, which proposes a mapping."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import islice
from time import perf_counter
from typing import NoReturn, TextIO

import click
import orjson
from attrs import define, field

from ..api.kinds import kind_of
from ..audit.check import Checked, WholeCheck
from ..audit.findings import Finding
from ..errors import GameballError
from ..limits.windows import Quota
from ..mapping.proposal import Proposal, propose
from ..mapping.rules import mapping_of, recognised
from ..rows.check import preparer
from ..rows.file_rows import FileRows
from ..rows.files import header_of, open_rows
from ..rows.kind_columns import known_columns, needed_columns
from ..rows.row import BadRow, Prepared, Row
from ..rows.source import Source
from ..rows.unknown import UnknownFields
from . import account
from .checking import about_amount, about_finding, whole_check
from .ending import Ended, Exit, finish, say, unusable
from .inputs import about_null_words, open_input, warn
from .options import KIND_NAMES, flag, kind_argument
from .options import as_json as json_option
from .reading import STDIN, Settings, reads
from .words import clean, count, duration

CHUNK_ROWS = 1000
SHOWN = 3


@click.command(epilog=KIND_NAMES)
@kind_argument
@reads
@flag("--strict", help="Treat warnings as faults: exit code 1.")
@json_option
def validate(kind: str, file: str, settings: Settings, strict: bool, as_json: bool) -> NoReturn:
    """
    Check every row of FILE, and the file as a whole. Nothing is sent.

    Each fault is reported with its line and field. Warnings are about the whole file: repeated ids, dates in
    the future or before 2000, amounts that make no sense.

    FILE may be - for standard input (with --format).

    Exit code 1 if a row would be rejected, 2 if the file cannot be read.
    """
    (_AsJson if as_json else _AsLines)(kind, file, settings, strict).carry_out()


@define
class _AsLines:
    """A check of a file, and what it has found so far: a line for each fault, as compilers write them."""

    kind: str
    file: str
    settings: Settings
    strict: bool
    whole: WholeCheck | None = field(default=None, init=False)
    checked: Checked = field(default=Checked(0, 0, (), (), ()), init=False)
    faulty: int = field(default=0, init=False)
    faults: int = field(default=0, init=False)
    input: FileRows | None = field(default=None, init=False)
    ended: Ended = field(factory=Ended, init=False)
    first: list[str] = field(factory=list, init=False, repr=False)
    unknown: UnknownFields = field(init=False)

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return 0 if self.whole is None else self.whole.rows

    @property
    def skipped(self) -> int:
        """How many rows the mapping skipped."""
        return 0 if self.input is None else self.input.skipped

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What is doubtful, except for what is among the faults."""
        return tuple(each for each in self.checked.findings if not each.certain)

    def carry_out(self) -> NoReturn:
        """Check the file, show what was found, and end the process with the right code."""
        self.unknown = UnknownFields(kind_of(self.kind), self.settings.unknown)
        began, ended = perf_counter(), self.ended
        self.begin()
        try:
            with ExitStack() as files:
                self._check(files)
        except KeyboardInterrupt:
            ended.interrupted = True
        except BrokenPipeError:
            raise
        except (GameballError, OSError) as error:
            ended.error = error
        self.end(perf_counter() - began)
        failed = self.faulty or (self.strict and self.warnings)
        ended.code = Exit.SOME_FAILED if failed else Exit.OK
        raise SystemExit(finish(ended))

    def _check(self, files: ExitStack) -> None:
        rows = open_input(self.file, kind_of(self.kind), self.settings, files, keep=False)
        self.input = rows
        warn(rows)

        def bad(row: BadRow) -> None:
            self.faulty += 1
            self.faults += len(row.faults)
            self.tell(row, rows.source)

        def good(row: Prepared) -> None:
            if len(self.first) < SHOWN:
                self.first.append(row.payload.decode())

        whole = whole_check(rows, self.settings, self.unknown, bad=bad, good=good)
        self.whole = files.enter_context(whole)
        try:
            while whole.step():
                pass
        except GameballError as error:  # the rest cannot be read
            self.ended.error = error
        self.checked = whole.end()
        said = about_null_words(rows)
        if said is not None:
            say(said)

    # -- what is shown

    @property
    def path(self) -> str:
        """What the file is called."""
        return "standard input" if self.file == STDIN else clean(self.file)

    def begin(self) -> None:
        """Before the file is opened."""

    def tell(self, row: BadRow, source: Source) -> None:
        """A row with faults."""
        where = clean(self.path + source.place(row.position))
        for fault in row.faults:
            click.echo(f"{where}: {clean(str(fault))}")

    def end(self, seconds: float) -> None:
        """All that is left."""
        if self.ended.error is not None and not self.rows:
            return  # the error says it
        rest = "no fault found" if self.ended.error is None else f"{self.rows:,} valid"
        if self.faulty:
            faults = count(self.faults, "fault")
            rest = f"{self.rows - self.faulty:,} valid, {self.faulty:,} with {faults}"
        if self.warnings:
            rest += f", {count(len(self.warnings), 'warning')}"
        if self.skipped:
            rest += f", {count(self.skipped, 'row')} skipped by the mapping"
        unit = "line" if self.input is None else self.input.source.unit
        for finding in self.warnings:
            click.echo(about_finding(self.path, finding, unit))
        for amount in self.checked.amounts:
            click.echo(about_amount(amount, unit))
        ignored = account.about_unknown(self.unknown.found())
        if ignored:
            click.echo(ignored)
        cut = "" if self.ended.error is None else ", but the rest of the file cannot be read"
        read = f"{count(self.rows, 'row')} read in {duration(seconds)}"
        click.echo(f"{read}: {rest}{cut}. Nothing was sent.")


@define
class Rehearsal(_AsLines):
    """The same for an import: with the first rows as they would be sent, and the shortest possible time."""

    quota: Quota

    def end(self, seconds: float) -> None:
        for payload in self.first:
            click.echo(f"would send: {clean(payload, 1000)}")
        jobs = -(-(self.rows - self.faulty) // CHUNK_ROWS)
        least = 2 * jobs / min(most / each for most, each in self.quota.windows)
        if jobs:
            click.echo(
                f"at least {count(jobs, 'job')}, {count(2 * jobs, 'request')} with one poll each, and "
                f"{duration(least)} at this quota"
            )
        super().end(seconds)


@define
class _AsJson(_AsLines):
    """One object, written piece by piece: the faults are not kept."""

    separator: str = field(default="", init=False)

    def begin(self) -> None:
        click.echo(f'{{"kind":"{self.kind}","faults":[', nl=False)

    def tell(self, row: BadRow, source: Source) -> None:
        sheet = source.reading.sheet
        where = {} if sheet is None else {"sheet": sheet}
        for fault in row.faults:
            entry = {**where, "line": row.position, "field": fault.field, "reason": fault.reason}
            click.echo(self.separator + orjson.dumps(entry).decode(), nl=False)
            self.separator = ","

    def end(self, seconds: float) -> None:
        counts = {
            "rows": self.rows,
            "sound": self.rows - self.faulty,
            "faulty": self.faulty,
            "skipped": self.skipped,
            "seconds": round(seconds, 3),
            "complete": self.ended.error is None,
            "warnings": [each.as_json() for each in self.warnings],
            "amounts": [each.as_json() for each in self.checked.amounts],
        }
        click.echo("]," + orjson.dumps(counts).decode()[1:])


# -- the proposal of a mapping


@click.command("map", epilog=KIND_NAMES)
@kind_argument
@click.argument("file", type=click.Path())
@click.option(
    "--out",
    type=click.File("x", encoding="utf-8"),
    help="Write the mapping to this file, which must not exist yet.",
)
def map_(kind: str, file: str, out: TextIO | None) -> None:
    """
    Propose a mapping from the columns of FILE (CSV) to Gameball's, and show its first rows.

    The mapping is TOML, on standard output or in --out. Review it, fix what is wrong, and pass it to `import
    --map`. Nothing is sent.
    """
    with unusable():
        header = header_of(file)
        shop = recognised(header, kind)
        if shop is not None:
            say(f"{clean(file)} is an export of {shop}: import it with --from {shop}")
        wanted = kind_of(kind)
        needed = needed_columns(wanted, known_columns(wanted))
        found = propose(header, kind=kind, known=list(known_columns(wanted)), required=needed)
        text = found.as_toml()
        click.echo(text, nl=False, file=out)
        _preview(file, kind, found, text)


def _preview(file: str, kind: str, found: Proposal, text: str) -> None:
    """The first rows as they would be sent, on standard error."""
    if found.missing:
        say(f"no column was found for {', '.join(found.missing)}: name it under [columns]")
        return
    prepare = preparer(kind_of(kind))
    with open_rows(file, kind_of(kind), mapping=mapping_of(text, name="the proposal")) as rows:
        for row in islice(rows, SHOWN):
            ready = prepare(row.position, row.value) if isinstance(row, Row) else row
            if isinstance(ready, BadRow):
                said = "; ".join(map(str, ready.faults))
                say(clean(f"line {row.position} would be rejected: {said}", 1000))
            else:
                say(clean(f"line {row.position} would be sent as {ready.payload.decode()}", 1000))
