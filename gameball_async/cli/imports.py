"""The command that moves a file into Gameball."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import NoReturn

import click
from attrs import frozen

from ..api.kinds import Chunking, kind_of
from ..bulk.bulk import Bulk
from ..bulk.persons import MergeBy
from ..client import GameballClient
from ..compare.comparison import EarlierRows
from ..errors import ConfigurationError
from ..journal.header import Source
from ..rows.check import preparer
from ..rows.feed import Feed
from ..rows.files import FileRows
from ..rows.rejects import RejectsFile
from ..rows.results import ResultsFile
from ..rows.row import Prepared
from .checking import FirstCheck
from .connection import Connection, talks
from .driving import Drive
from .earlier import compares, earlier_rows, refuse_both
from .ending import remark
from .findings import obeys, tell_about_the_run
from .inputs import (
    STDIN,
    open_input,
    refuse_same_files,
    refuse_unnamed,
    source_of,
    standard_input_speaks,
    warn,
)
from .kind import KIND_NAMES, kind_argument
from .moving import Task, carry_out
from .options import Manners, manners, resume_command
from .reading import Settings, reads
from .validation import rehearse
from .words import clean

__all__ = ["import_"]


@click.command("import", epilog=KIND_NAMES)
@kind_argument
@click.option(
    "--chunking",
    type=click.Choice([way.value for way in Chunking]),
    help="How rows of one customer are spread over chunks.  [default: what suits the kind]",
)
@click.option(
    "--journal",
    type=click.Path(),
    help="What remembers the run, so that resume can take it up after any crash.  "
    "[default: FILE.gbjournal; with --sandbox, whose jobs end with it, and - none]",
)
@click.option("--no-journal", is_flag=True, help="Remember nothing: the run cannot be resumed.")
@click.option(
    "--snapshot",
    is_flag=True,
    help="Of balance-adjustments: ask for the customers' balances first, so that `balances settle` can settle "
    "rows whose fate is unknown.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Send nothing: check FILE, show its first rows as they would be sent, and the least time.",
)
@click.option(
    "--no-check",
    is_flag=True,
    help="Do not read the whole FILE first, to warn of what is doubtful in it.",
)
@click.option(
    "--strict", is_flag=True, help="Send nothing where that check warns of something: exit code 2."
)
@click.option(
    "--merge-by",
    type=click.Choice(["email", "mobile"]),
    help="The account merges customers by it: keep the rows of two ids that share it in order too.",
)
@compares
@reads
@manners
@talks
@obeys
def import_(
    connection: Connection,
    kind: str,
    file: str,
    settings: Settings,
    how: Manners,
    chunking: str | None,
    journal: str | None,
    no_journal: bool,
    snapshot: bool,
    dry_run: bool,
    no_check: bool,
    strict: bool,
    merge_by: MergeBy | None,
    since_file: str | None,
    changed_against: str | None,
    as_json: bool,
) -> NoReturn:
    """
    Send the rows of FILE to Gameball as batches, and account for each.

    KIND says what a row is. FILE is CSV, TSV, JSON lines or a JSON array (also as .gz or .zst), Parquet,
    Arrow or Excel (.xlsx). Its columns have the API's field names, or a mapping (--map, --from) turns
    them into those. FILE may be -, for standard input (with --format), which is sent as it comes;
    such a run cannot be resumed.

    A file is read to its end first, and what is doubtful in it as a whole is named: an id that comes
    twice, dates in the future or before 2000, amounts that make no sense. --no-check skips that.
    """
    if no_journal and journal is not None:
        raise click.UsageError("--journal and --no-journal exclude each other: keep one")
    if file == STDIN and journal is not None:
        raise click.UsageError(
            "a run that reads standard input cannot be resumed: write the rows to a file first, "
            "or leave --journal out"
        )
    refuse_unnamed(file, settings)
    check = _first_check(
        kind, file, settings, no_check=no_check, strict=strict, dry_run=dry_run, as_json=as_json
    )
    refuse_both(since_file, changed_against, settings, dry_run=dry_run)
    if dry_run:
        rehearse(kind, file, settings, connection.quota, strict=strict)
    if connection.findings is not None:
        tell_about_the_run(connection.findings, kind, file, settings)
    if journal is None and not (no_journal or connection.sandbox or file == STDIN):
        journal = f"{file}.gbjournal"
    if snapshot and (kind != "balance-adjustments" or journal is None or file == STDIN):
        raise click.UsageError(
            "--snapshot is for balance-adjustments from a file, with a journal: leave it out, or name a "
            "journal with --journal"
        )
    command = None if journal is None else resume_command(journal, connection, how)
    way = None if chunking is None else Chunking(chunking)
    task = _Import(
        kind, file, settings, way, how, journal, command, check, since_file, changed_against, merge_by, snapshot
    )  # fmt: skip
    carry_out(connection, task.prepare, on_cancel=how.on_cancel, as_json=as_json)


def _first_check(
    kind: str,
    file: str,
    settings: Settings,
    *,
    no_check: bool,
    strict: bool,
    dry_run: bool,
    as_json: bool,
) -> FirstCheck | None:
    """
    The check of the whole file; None where there is to be none.

    Raises:
        UsageError: the options contradict each other.
    """
    if no_check and (strict or dry_run):
        other = "--strict" if strict else "--dry-run"
        raise click.UsageError(f"--no-check and {other} exclude each other: keep one")
    once = file == STDIN or settings.sql is not None
    if strict and once and not dry_run:
        raise click.UsageError(
            "--strict reads the rows before any is sent, and standard input or a query is read once: "
            "write the rows to a file first, or leave --strict out"
        )
    if once or no_check:
        return None
    return FirstCheck(file, kind_of(kind), settings, strict=strict, as_json=as_json)


@frozen
class _Import:
    """What an import was asked to do."""

    kind: str
    path: str
    settings: Settings
    chunking: Chunking | None
    how: Manners
    journal: str | None
    resume: str | None
    check: FirstCheck | None
    since_file: str | None
    changed_against: str | None
    merge_by: MergeBy | None
    snapshot: bool

    async def prepare(self, files: ExitStack) -> Task:
        """Open the input, and make sure that it can be journalled."""
        refuse_same_files(
            input=self.path,
            journal=self.journal,
            rejects=self.how.rejects,
            results=self.how.results,
            **{"since-file": self.since_file},
        )
        settings = self.settings
        if self.path == STDIN:
            await standard_input_speaks()
        keep = self.how.rejects is not None
        rows = open_input(self.path, kind_of(self.kind), settings, files, keep=keep)
        rejects = None
        if self.how.rejects is not None:
            rejects = files.enter_context(RejectsFile(self.how.rejects, rows))
        results = None
        if self.how.results is not None:
            results = files.enter_context(ResultsFile(self.how.results, kind_of(self.kind)))
        source = None
        if self.journal is not None:
            refuse_old(self.journal, self.resume)
            source = await source_of(rows, settings)
        warn(rows)
        if self.since_file or self.changed_against:
            earlier = clean(self.since_file or self.changed_against or "")
            remark(f"only rows that differ from those of {earlier} are sent; it is read first")
        against: str | EarlierRows | None = self.changed_against
        if self.since_file is not None:
            against = await earlier_rows(self.since_file, kind_of(self.kind), settings, files)

        def start(client: GameballClient) -> Bulk:
            return self._start(client, rows, source, against)

        shown = "standard input" if self.path == STDIN else self.path
        what = f"{self.kind} from {shown}"
        first = self._take_snapshot if self.snapshot else None
        return Task(
            what, start, rows, rejects, self.journal, self.resume, results, self.check, first
        )

    async def _take_snapshot(self, client: GameballClient, drive: Drive) -> None:
        from ..balances.snapshot import snapshot_beside, take_snapshot

        with ExitStack() as files:
            rows = open_input(self.path, kind_of(self.kind), self.settings, files, keep=False)
            keys = keys_of(rows, ids_from_numbers=self.settings.ids_from_numbers)
            await take_snapshot(client, keys, snapshot_beside(self.journal or ""), drive=drive)

    def _start(
        self,
        client: GameballClient,
        rows: FileRows,
        source: Source | None,
        against: str | EarlierRows | None,
    ) -> Bulk:
        return client.bulk(
            kind_of(self.kind),
            rows,
            chunking=self.chunking,
            ids_from_numbers=self.settings.ids_from_numbers,
            unknown=self.settings.unknown,
            journal=self.journal,
            source=source,
            changed_against=against,
            merge_by=self.merge_by,
            **self.how.for_a_run(),
        )


async def keys_of(rows: FileRows, *, ids_from_numbers: bool) -> AsyncIterator[str]:
    """The customers of the rows that can be sent."""
    feed = Feed(rows, preparer(rows.kind, ids_from_numbers=ids_from_numbers))
    while batch := await feed.batch():
        for row in batch:
            if isinstance(row, Prepared):
                yield row.key


def refuse_old(journal: str, command: str | None) -> None:
    """
    Make sure that a new journal can be made.

    Raises:
        ConfigurationError: there is one already; *command* takes it up.
    """
    if os.path.lexists(journal):
        raise ConfigurationError(
            f"{journal} exists already: it is the journal of an earlier import of this file. Go on "
            f"with it: `{command}`. See what became of its rows: `gameball-async report {journal}`. "
            "Import rows that are new from a file of their own"
        )
