"""The commands that continue from a journal: resume, and retry of what did not succeed."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import Any, NoReturn

import click
from anyio import to_thread
from attrs import field, frozen

from ..api.kinds import kind_of
from ..bulk.bulk import Bulk
from ..client import GameballClient, Retry
from ..errors import ConfigurationError
from ..journal.account import RETRIES, odd_to_retry
from ..journal.journal import read_journal
from ..journal.results import journals_of, recorded_rows, rows_before
from ..journal.retry import next_retry
from ..journal.settle import refuse_others
from ..journal.state import Resumable, Stage
from ..rows.named import NamedRows
from ..rows.outcome import Outcome
from .checking import obeys
from .connection import Connection, talks
from .ending import say
from .inputs import (
    can_do_without,
    earlier_again,
    input_of,
    origin_of,
    refuse_same_files,
    reopen_input,
)
from .manners import manners, refuse_earlier_rejects, refuse_no_rejects
from .moving import Asked, Task
from .options import (
    choice,
    database,
    file_option,
    flag,
    journal_argument,
    only_copy,
    taken,
    together,
)
from .reading import Settings
from .words import count

_goes_on = together(
    journal_argument,
    only_copy,
    flag("--account-changed", help="The API key is a new key of the same account."),
    database,
    manners,
    talks,
    obeys,
)


@click.command()
@_goes_on
def resume(**options: Any) -> NoReturn:
    """
    Resume JOURNAL's run after an interrupt, a crash or an error.

    Open jobs are watched to their end. A chunk in doubt is sent again, with the same bytes, if that is safe;
    otherwise its rows are indeterminate. Then the rest of the input is sent. The input, the account and the
    address must be those of the run. Resuming a finished run sends nothing, and prints its summary again.
    """
    asked: _Resume = taken(_Resume, options)
    refuse_sandbox(asked.connection)
    asked.carry_out()


@frozen
class _GoingOn(Asked):
    """What is asked of a journal: the options that both commands have, by their names."""

    journal: str
    only_copy: bool
    account_changed: bool
    database: str | None = field(repr=False)


@frozen
class _Resume(_GoingOn):
    async def prepare(self, files: ExitStack) -> Task:
        """Read the journal, and open the input that it names."""
        written = {"rejects": self.how.rejects, "results": self.how.results}
        refuse_same_files(journal=self.journal, **written)
        recorded = await to_thread.run_sync(partial(read_journal, self.journal, idle=True))
        header = recorded.header
        origin = await origin_of(header)
        refuse_same_files(journal=self.journal, input=input_of(origin), **written)
        refuse_no_rejects(self.how.rejects)
        is_retry = origin is not header
        rows = None
        if self.how.rejects is not None or not (is_retry or can_do_without(recorded)):
            rows = await reopen_input(origin, self.journal, files, self.database)
        read = None if is_retry else rows
        done = read is None or recorded.input_ended
        earlier = None if done else await earlier_again(origin, files)
        rejects, results = self.how.collect(files, kind_of(header.kind), rows)
        if rejects is not None:
            known = (odd.row for odd in recorded.odd if odd.row.outcome is not Outcome.SUCCEEDED)
            rejects.add(row for row in known if recorded.sent_again(row.position) is None)
        if results is not None:
            before = await to_thread.run_sync(rows_before, self.journal)
            await to_thread.run_sync(results.add, before)

        def start(client: GameballClient) -> Bulk:
            return client.resume(
                self.journal,
                read,
                ids_from_numbers=not is_retry and Settings.of(header.source).ids_from_numbers,
                unknown="warn" if is_retry else Settings.of(header.source).unknown,
                changed_against=earlier,
                **self.how.for_a_run(),
                only_copy=self.only_copy,
                account_changed=self.account_changed,
            )

        say_where_it_stands(recorded)
        what = f"{header.kind} from {header.source.name}"
        command = self.how.resume_command(self.journal, self.connection)
        return Task(what, start, read, self.journal, command, rejects, results)


def say_where_it_stands(recorded: Resumable) -> None:
    """Say what is left to do."""
    if recorded.input_ended and all(c.stage is Stage.SETTLED for c in recorded.chunks):
        say("the run is finished: nothing is sent")
        return
    stages = [chunk.stage for chunk in recorded.chunks]
    say(
        f"resuming the run: {count(stages.count(Stage.SETTLED), 'chunk')} done, "
        f"{count(stages.count(Stage.ACCEPTED), 'open job')}, {count(stages.count(Stage.INTENDED), 'chunk')} in "
        "doubt"
    )


@click.command()
@choice(
    "--only",
    RETRIES,
    required=True,
    help="transient: rows refused with a code that may pass later. failed: all rows that Gameball refused. "
    "indeterminate: rows that may have been applied.",
)
@flag(
    "--i-checked",
    help="You made sure that the indeterminate rows were not applied: otherwise they are applied twice.",
)
@file_option(
    "--rows",
    "named",
    metavar="FILE",
    help="Only the rows that FILE lists: a rejects file, or one line number per line.",
)
@_goes_on
def retry(i_checked: bool, **options: Any) -> NoReturn:
    """
    Send rows of JOURNAL's finished run again, as they are stored in it.

    A retry is a separate run with the journal JOURNAL.retry-1, then -2. A row that an earlier retry of JOURNAL
    has sent is not sent again. Rows that were rejected before they were sent are not stored: fix them in the
    rejects file, and import that.
    """
    asked: _Retry = taken(_Retry, options)
    refuse_sandbox(asked.connection)
    if asked.only == "indeterminate" and not i_checked:
        raise click.UsageError(
            "these rows may have been applied, and would be applied twice: look at them in the dashboard "
            "(`gameball-async report JOURNAL` lists their lines), then add --i-checked; or record which were "
            "applied, with `gameball-async settle`"
        )
    asked.carry_out()


@frozen
class _Retry(_GoingOn):
    only: Retry
    named: str | None

    async def prepare(self, files: ExitStack) -> Task:
        """Find the rows."""
        written = {"rejects": self.how.rejects, "results": self.how.results}
        refuse_same_files(journal=self.journal, **written, rows=self.named)
        recorded = await to_thread.run_sync(partial(read_journal, self.journal, idle=True))
        into = next_retry(self.journal, recorded)
        positions = {odd.row.position for odd in odd_to_retry(recorded, self.only)}
        if self.named is not None:
            named = await to_thread.run_sync(NamedRows.read, self.named)
            refuse_others(recorded, named, positions, f"only {self.only} rows can be sent again")
            positions = set(named.lines)
        if not positions:
            raise ConfigurationError(nothing_left(self.journal, self.only, recorded))
        origin = await origin_of(recorded.header)
        refuse_same_files(journal=into, input=input_of(origin), **written)
        refuse_earlier_rejects(self.how.rejects)
        rows = None
        if self.how.rejects is not None:
            rows = await reopen_input(origin, self.journal, files, self.database)
        rejects, results = self.how.collect(files, kind_of(recorded.header.kind), rows)
        if results is not None:
            told = recorded_rows(journals_of(self.journal), sorted(positions))
            await to_thread.run_sync(results.add, told)

        def start(client: GameballClient) -> Bulk:
            return client.retry(
                self.journal,
                self.only,
                into=into,
                positions=positions,
                **self.how.for_a_run(),
                only_copy=self.only_copy,
                account_changed=self.account_changed,
            )

        command = self.how.resume_command(into, self.connection)
        what = f"{recorded.header.kind} from {self.journal}, {self.only} rows again"
        return Task(what, start, None, into, command, rejects, results)


def nothing_left(journal: str, only: str, recorded: Resumable) -> str:
    """Why a retry has nothing to send, and where other rows may be."""
    if not recorded.retried:
        return (
            f"{journal} has no {only} rows that can be sent again. Rows that were rejected before they were sent "
            "are in the rejects file (--rejects): fix them there and import that"
        )
    last = recorded.retried[-1].journal
    return (
        f"{journal} has no {only} rows that an earlier retry has not sent: resume that retry with `gameball-async "
        f"resume {last}`, or see `gameball-async report {last}`; send what did not succeed there again with "
        f"`gameball-async retry {last}`"
    )


def refuse_sandbox(connection: Connection) -> None:
    """
    Refuse a new sandbox: it does not know the jobs of a journal.

    Raises:
        UsageError: *connection* is a new sandbox.
    """
    if connection.sandbox:
        raise click.UsageError(
            "--sandbox cannot be used here, because a new sandbox does not know the journal's jobs: start one "
            "with `gameball-async sandbox`, and point both commands to it"
        )
