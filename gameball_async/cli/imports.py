"""The command that moves a file into Gameball."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Any, NoReturn

import click
from attrs import frozen

from ..api.kinds import Chunking, kind_of
from ..bulk.bulk import Bulk
from ..bulk.persons import MergeBy
from ..client import GameballClient
from ..compare import EarlierRows
from ..errors import ConfigurationError
from ..rows.check import preparer
from ..rows.feed import Feed
from ..rows.file_rows import FileRows
from ..rows.row import Prepared
from .checking import FirstCheck, obeys, tell_about_the_run
from .connection import talks
from .ending import remark
from .inputs import (
    earlier_rows,
    open_input,
    refuse_same_files,
    source_of,
    standard_input_speaks,
    warn,
)
from .live import Drive
from .manners import manners, refuse_earlier_rejects
from .moving import Asked, Task
from .options import KIND_NAMES, choice, exclusive, file_option, flag, kind_argument, taken
from .reading import STDIN, Settings, reads
from .validation import Rehearsal
from .words import clean


@click.command("import", epilog=KIND_NAMES)
@kind_argument
@choice(
    "--chunking",
    [way.value for way in Chunking],
    callback=lambda ctx, param, value: value and Chunking(value),
    help="How rows of one customer are spread over chunks.  [default: depends on the kind]",
)
@file_option(
    "--journal",
    help="The file that records the run, so that resume can continue it after any crash.  [default: "
    "FILE.gbjournal; none with --sandbox or standard input]",
)
@flag("--no-journal", help="Keep no journal: the run cannot be resumed.")
@flag(
    "--snapshot",
    help="For balance-adjustments: ask for the customers' balances first, so that `balances settle` can settle "
    "rows in doubt.",
)
@flag(
    "--dry-run",
    help="Send nothing. Check FILE, and show its first rows as they would be sent and the shortest possible time.",
)
@flag("--no-check", help="Do not check the whole FILE before sending.")
@flag("--strict", help="Send nothing if that check gives a warning: exit code 2.")
@choice(
    "--merge-by",
    ["email", "mobile"],
    help="The account merges customers by this field: also keep the rows of two ids with the same value in order.",
)
@file_option(
    "--since-file",
    metavar="LAST",
    help="Send only rows that differ from this earlier file, whose rows count as applied.",
)
@file_option(
    "--changed-against",
    metavar="JOURNAL",
    help="Send only rows that differ from what this journal's run applied; for nightly imports.",
)
@reads
@manners
@talks
@obeys
def import_(dry_run: bool, **options: Any) -> NoReturn:
    """
    Send the rows of FILE to Gameball in batches, and report the outcome of each.

    KIND says what a row is. FILE is CSV, TSV, JSON lines or a JSON array (also as .gz or .zst), Parquet,
    Arrow or Excel (.xlsx). Its columns have the API's field names, or a mapping (--map, --from) turns
    them into these. FILE may be - for standard input (with --format): it is sent as it is read, and such
    a run cannot be resumed.

    The whole file is checked first, with warnings about repeated ids, dates in the future or before 2000, and
    amounts that make no sense. --no-check skips this.
    """
    asked: _Import = taken(_Import, options)
    asked.refuse_contradictions(dry_run=dry_run)
    connection, settings = asked.connection, asked.settings
    if dry_run:
        Rehearsal(asked.kind, asked.file, settings, asked.strict, connection.quota).carry_out()
    if connection.goes_by is not None:
        tell_about_the_run(connection.goes_by, asked.kind, asked.file, settings)
    asked.carry_out()


@frozen
class _Import(Asked):
    kind: str
    file: str
    settings: Settings
    chunking: Chunking | None
    journal: str | None
    no_journal: bool
    snapshot: bool
    no_check: bool
    strict: bool
    merge_by: MergeBy | None
    since_file: str | None
    changed_against: str | None

    def refuse_contradictions(self, *, dry_run: bool) -> None:
        """
        Make sure that the options go together.

        Raises:
            UsageError: they do not.
        """
        exclusive(journal=self.journal, no_journal=self.no_journal)
        exclusive(no_check=self.no_check, strict=self.strict)
        exclusive(no_check=self.no_check, dry_run=dry_run)
        exclusive(since_file=self.since_file, changed_against=self.changed_against)
        if self.file == STDIN and self.journal is not None:
            raise click.UsageError(
                "a run that reads standard input cannot be resumed: write the rows to a file first, or remove "
                "--journal"
            )
        if self.strict and self._read_once and not dry_run:
            raise click.UsageError(
                "--strict checks all rows before any is sent, and standard input or a query can be read only "
                "once: write the rows to a file first, or remove --strict"
            )
        if dry_run and (self.since_file or self.changed_against):
            raise click.UsageError(
                "--since-file and --changed-against cannot be used with --dry-run: remove them"
            )
        if self.since_file is not None and self.settings.sql is not None:
            raise click.UsageError(
                "--since-file cannot be used with --sql: pass --changed-against instead"
            )
        if self.since_file == STDIN:
            raise click.UsageError("--since-file cannot be standard input: name a file")
        if self.snapshot and (self.kind != "balance-adjustments" or self._journal is None):
            raise click.UsageError(
                "--snapshot works only for balance-adjustments from a file, with a journal: remove it, or name a "
                "journal with --journal"
            )

    @property
    def _read_once(self) -> bool:
        return self.file == STDIN or self.settings.sql is not None

    @property
    def _journal(self) -> str | None:
        """The journal of the run; None for none."""
        if self.no_journal or self.journal is not None:
            return self.journal
        return None if self.connection.sandbox or self.file == STDIN else f"{self.file}.gbjournal"

    async def prepare(self, files: ExitStack) -> Task:
        """Open the input, and make sure that it can be journalled."""
        kind, settings, journal = kind_of(self.kind), self.settings, self._journal
        refuse_same_files(
            input=self.file,
            journal=journal,
            rejects=self.how.rejects,
            results=self.how.results,
            **{"since-file": self.since_file},
        )
        if self.file == STDIN:
            await standard_input_speaks()
        rows = open_input(self.file, kind, settings, files, keep=self.how.rejects is not None)
        rejects, results = self.how.collect(files, kind, rows)
        resume = source = None
        if journal is not None:
            resume = self.how.resume_command(journal, self.connection)
            refuse_old(journal, resume)
            source = await source_of(rows, settings)
        refuse_earlier_rejects(self.how.rejects)
        warn(rows)
        against: str | EarlierRows | None = self.changed_against
        if self.since_file or self.changed_against:
            earlier = clean(self.since_file or self.changed_against or "")
            remark(f"reading {earlier} first: only rows that differ from its rows are sent")
        if self.since_file is not None:
            against = await earlier_rows(self.since_file, kind, settings, files)

        def start(client: GameballClient) -> Bulk:
            return client.bulk(
                kind,
                rows,
                chunking=self.chunking,
                ids_from_numbers=settings.ids_from_numbers,
                unknown=settings.unknown,
                journal=journal,
                source=source,
                changed_against=against,
                merge_by=self.merge_by,
                **self.how.for_a_run(),
            )

        check = None
        if not (self._read_once or self.no_check):
            check = FirstCheck(self.file, kind, settings, strict=self.strict, as_json=self.as_json)
        what = f"{self.kind} from {'standard input' if self.file == STDIN else self.file}"
        first = self._take_snapshot if self.snapshot else None
        return Task(what, start, rows, journal, resume, rejects, results, check, first)

    async def _take_snapshot(self, client: GameballClient, drive: Drive) -> None:
        from ..balances.snapshot import snapshot_beside, take_snapshot

        with ExitStack() as files:
            rows = open_input(self.file, kind_of(self.kind), self.settings, files, keep=False)
            keys = keys_of(rows, ids_from_numbers=self.settings.ids_from_numbers)
            await take_snapshot(client, keys, snapshot_beside(self._journal or ""), drive=drive)


async def keys_of(rows: FileRows, *, ids_from_numbers: bool) -> AsyncIterator[str]:
    """The customers of the rows that can be sent."""
    feed = Feed(rows, preparer(rows.kind, ids_from_numbers=ids_from_numbers))
    while batch := await feed.batch():
        for row in batch:
            if isinstance(row, Prepared):
                yield row.key


def refuse_old(journal: str, command: str) -> None:
    """
    Make sure that a new journal can be made.

    Raises:
        ConfigurationError: there is one already; *command* resumes it.
    """
    if os.path.lexists(journal):
        raise ConfigurationError(
            f"{journal} already exists: it is the journal of an earlier import of this file. Resume it: "
            f"`{command}`. See the outcomes of its rows: `gameball-async report {journal}`. Import new rows from a "
            "separate file"
        )
