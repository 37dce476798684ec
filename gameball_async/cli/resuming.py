"""The commands that go on from a journal: resume, and retry of what did not succeed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any, NoReturn, TypeVar

import anyio.to_thread
import click
from attrs import field, frozen

from ..api.kinds import kind_of
from ..bulk.bulk import Bulk
from ..client import GameballClient, Retry
from ..errors import ConfigurationError
from ..journal.account import RETRIES
from ..journal.journal import read_journal
from ..journal.results import journals_of, recorded_rows, rows_before
from ..journal.retry import next_retry, rows_to_retry
from ..journal.settle import refuse_others
from ..journal.state import Resumable, Stage
from ..rows.files import FileRows
from ..rows.named import NamedRows
from ..rows.outcome import Outcome
from ..rows.rejects import RejectsFile
from ..rows.results import ResultsFile
from .connection import Connection, talks
from .earlier import earlier_again
from .ending import say
from .findings import obeys
from .inputs import can_do_without, input_of, origin_of, refuse_same_files, reopen_input
from .moving import Task, carry_out
from .options import Manners, manners, resume_command
from .reading import Settings, database_option
from .words import count

__all__ = ["resume", "retry", "vouches"]

F = TypeVar("F", bound=Callable[..., Any])


def vouches(command: F) -> F:
    """Give a command the option."""
    return click.option(
        "--only-copy",
        is_flag=True,
        help="This is the only copy of the journal, and nothing was sent since it was written.",
    )(command)


def renews(command: F) -> F:
    """Give a command the option."""
    return click.option(
        "--account-changed", is_flag=True, help="The API key is a new one of the same account."
    )(command)


@click.command()
@click.argument("journal", type=click.Path())
@vouches
@renews
@database_option
@manners
@talks
@obeys
def resume(
    connection: Connection,
    journal: str,
    how: Manners,
    only_copy: bool,
    account_changed: bool,
    database: str | None,
    as_json: bool,
) -> NoReturn:
    """
    Take up the run of JOURNAL where it was left: after an interrupt, a crash, an error.

    Jobs that are open are watched to their end. A chunk whose fate is unknown is sent again, the
    same bytes, where that is safe; else its rows are indeterminate. Then the input goes on. The
    input, the account and the address must be those of the run. Resuming a finished run sends
    nothing, and prints its account again.
    """
    refuse_sandbox(connection)
    task = _Resume(
        journal,
        how,
        resume_command(journal, connection, how),
        only_copy=only_copy,
        account_changed=account_changed,
        database=database,
    )
    carry_out(connection, task.prepare, on_cancel=how.on_cancel, as_json=as_json)


@frozen
class _Resume:
    """What a resumption was asked to do."""

    journal: str
    how: Manners
    command: str
    only_copy: bool
    account_changed: bool
    database: str | None = field(repr=False)

    async def prepare(self, files: ExitStack) -> Task:
        """Read the journal, and open the input that it names."""
        refuse_same_files(journal=self.journal, rejects=self.how.rejects, results=self.how.results)
        recorded = await anyio.to_thread.run_sync(partial(read_journal, self.journal, idle=True))
        header = recorded.header
        origin = await origin_of(header)
        refuse_same_files(
            journal=self.journal,
            input=input_of(origin),
            rejects=self.how.rejects,
            results=self.how.results,
        )
        is_retry = origin is not header
        rows = None
        if self.how.rejects is not None or not (is_retry or can_do_without(recorded)):
            rows = await reopen_input(origin, self.journal, files, self.database)
        done = rows is None or recorded.input_ended
        earlier = None if done else await earlier_again(origin, files)
        rejects = None
        if rows is not None and self.how.rejects is not None:
            rejects = files.enter_context(RejectsFile(self.how.rejects, rows))
            known = (odd.row for odd in recorded.odd if odd.row.outcome is not Outcome.SUCCEEDED)
            rejects.add(row for row in known if recorded.sent_again(row.position) is None)
        results = None
        if self.how.results is not None:
            results = files.enter_context(ResultsFile(self.how.results, kind_of(header.kind)))
            before = await anyio.to_thread.run_sync(rows_before, self.journal)
            await anyio.to_thread.run_sync(results.add, before)

        def start(client: GameballClient) -> Bulk:
            return client.resume(
                self.journal,
                None if is_retry else rows,
                ids_from_numbers=not is_retry and Settings.of(header.source).ids_from_numbers,
                unknown="warn" if is_retry else Settings.of(header.source).unknown,
                changed_against=None if is_retry else earlier,
                **self.how.for_a_run(),
                only_copy=self.only_copy,
                account_changed=self.account_changed,
            )

        say_where_it_stands(recorded)
        what = f"{header.kind} from {header.source.name}"
        read = None if is_retry else rows
        return Task(what, start, read, rejects, self.journal, self.command, results)


def say_where_it_stands(recorded: Resumable) -> None:
    """Say what is left to do."""
    if recorded.input_ended and all(c.stage is Stage.SETTLED for c in recorded.chunks):
        say("the run is finished: nothing is sent")
        return
    stages = [chunk.stage for chunk in recorded.chunks]
    say(
        f"the run goes on: {count(stages.count(Stage.SETTLED), 'chunk')} done, "
        f"{count(stages.count(Stage.ACCEPTED), 'open job')}, "
        f"{count(stages.count(Stage.INTENDED), 'chunk')} of unknown fate"
    )


@click.command()
@click.argument("journal", type=click.Path())
@click.option(
    "--only",
    type=click.Choice(RETRIES),
    required=True,
    help="transient: refused with a code that may pass later. failed: all that Gameball refused. "
    "indeterminate: may have been applied.",
)
@click.option(
    "--i-checked",
    is_flag=True,
    help="I made sure that the indeterminate rows were not applied: else they are applied twice.",
)
@click.option(
    "--rows",
    "named",
    type=click.Path(),
    metavar="FILE",
    help="Only the rows that FILE names: a rejects file, or one line number a line.",
)
@vouches
@renews
@database_option
@manners
@talks
@obeys
def retry(
    connection: Connection,
    journal: str,
    only: Retry,
    i_checked: bool,
    named: str | None,
    how: Manners,
    only_copy: bool,
    account_changed: bool,
    database: str | None,
    as_json: bool,
) -> NoReturn:
    """
    Send rows of the finished run of JOURNAL again, as they are stored in it.

    They become a run of their own, whose journal is JOURNAL.retry-1, then -2; a row that an earlier
    retry of JOURNAL has sent is not sent again. Rows that were rejected before they were sent
    are not stored: mend them in the rejects file, and import that.
    """
    refuse_sandbox(connection)
    if only == "indeterminate" and not i_checked:
        raise click.UsageError(
            "these rows may have been applied, and would be applied twice: look at them in the "
            "dashboard (`gameball-async report JOURNAL` lists their lines), then add --i-checked; or "
            "say which were applied, with `gameball-async settle`"
        )
    task = _Retry(
        connection,
        journal,
        only,
        named,
        how,
        only_copy=only_copy,
        account_changed=account_changed,
        database=database,
    )
    carry_out(connection, task.prepare, on_cancel=how.on_cancel, as_json=as_json)


@frozen
class _Retry:
    """What a retry was asked to do."""

    connection: Connection
    journal: str
    only: Retry
    named: str | None
    how: Manners
    only_copy: bool
    account_changed: bool
    database: str | None = field(repr=False)

    async def prepare(self, files: ExitStack) -> Task:
        """Find the rows."""
        refuse_same_files(
            journal=self.journal,
            rejects=self.how.rejects,
            results=self.how.results,
            rows=self.named,
        )
        recorded = await anyio.to_thread.run_sync(partial(read_journal, self.journal, idle=True))
        into = next_retry(self.journal, recorded)
        positions = {odd.row.position for odd in rows_to_retry(recorded, self.only)}
        if self.named is not None:
            named = await anyio.to_thread.run_sync(NamedRows.read, self.named)
            refuse_others(recorded, named, positions, f"only {self.only} rows can be sent again")
            positions = set(named.lines)
        if not positions:
            raise ConfigurationError(nothing_left(self.journal, self.only, recorded))
        rejects = None
        origin = await origin_of(recorded.header)
        refuse_same_files(
            journal=into, input=input_of(origin), rejects=self.how.rejects, results=self.how.results
        )
        if self.how.rejects is not None:
            rows: FileRows = await reopen_input(origin, self.journal, files, self.database)
            rejects = files.enter_context(RejectsFile(self.how.rejects, rows))
        results = None
        if self.how.results is not None:
            results = files.enter_context(
                ResultsFile(self.how.results, kind_of(recorded.header.kind))
            )
            told = recorded_rows(journals_of(self.journal), sorted(positions))
            await anyio.to_thread.run_sync(results.add, told)

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

        command = resume_command(into, self.connection, self.how)
        what = f"{recorded.header.kind} from {self.journal}, {self.only} rows again"
        return Task(what, start, None, rejects, into, command, results)


def nothing_left(journal: str, only: str, recorded: Resumable) -> str:
    """Why a retry has nothing to send, and where rows may be that it does not see."""
    if not recorded.retried:
        return (
            f"{journal} has no {only} rows that can be sent again. Rows that were rejected before "
            "they were sent are in the rejects file (--rejects): mend them there and import that"
        )
    last = recorded.retried[-1].journal
    return (
        f"{journal} has no {only} rows that an earlier retry has not sent: resume that with "
        f"`gameball-async resume {last}`, or see `gameball-async report {last}`; what did not "
        f"succeed there is sent again with `gameball-async retry {last}`"
    )


def refuse_sandbox(connection: Connection) -> None:
    """
    A journal's jobs are where they are.

    Raises:
        UsageError: *connection* is a new sandbox.
    """
    if connection.sandbox:
        raise click.UsageError(
            "a sandbox of this command's own knows nothing of the journal's jobs: start one with "
            "`gameball-async sandbox` and point both commands to it"
        )
