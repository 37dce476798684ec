"""One run as the commands import, resume and retry show it: from its first row to its summary."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from typing import NoReturn

import click
import orjson
from attrs import define, field, frozen
from rich.text import Text

from ..api.jobs import Transition
from ..bulk.bulk import Bulk
from ..bulk.events import BulkEvent, Submitted
from ..client import GameballClient
from ..errors import GameballError, InputError, JournalError, UnreachableError
from ..rows.file_rows import FileRows
from ..rows.outcome import Outcome
from ..rows.report import Report
from ..rows.unknown import UnknownField
from . import account
from .account import InDoubt
from .checking import FirstCheck
from .connection import Connection, connect
from .ending import Ended, Exit, code_of, perform, print_error, say
from .inputs import about_null_words
from .live import Drive, Reaching, console_on, drive, driver, manner_of
from .manners import Collecting, Manners
from .words import clean, count


@define
class Task:
    """
    What is to be run.

    Attributes:
        what: in words.
        start: makes the run.
        rows: the open input; None where it is not read.
        journal: the file that records the run; None for none.
        resume: the command that resumes it; None without a journal.
        rejects: takes the rows that did not succeed; None if there is no such file.
        results: takes every row; the same.
        check: reads the whole input before anything is sent; None for no such check.
        first: is done before the run; None for nothing.
    """

    what: str
    start: Callable[[GameballClient], Bulk]
    rows: FileRows | None
    journal: str | None
    resume: str | None
    rejects: Collecting | None
    results: Collecting | None
    check: FirstCheck | None = None
    first: Callable[[GameballClient, Drive], Awaitable[None]] | None = None

    @property
    def left_out(self) -> tuple[UnknownField, ...]:
        """Columns that Gameball does not know, and that were not sent."""
        return () if self.rows is None else self.rows.left_out

    def warnings(self) -> dict[str, object]:
        """What the check has found, for programs."""
        found = None if self.check is None else self.check.findings
        return {} if found is None else {"warnings": [each.as_json() for each in found]}


@frozen
class Asked(ABC):
    """What a command was asked to do: its options, by their names."""

    connection: Connection
    how: Manners
    as_json: bool

    @abstractmethod
    async def prepare(self, files: ExitStack) -> Task:
        """Open what the run reads; *files* closes it again."""

    def carry_out(self) -> NoReturn:
        """Run it, show it, print its summary, and end the process with the right code."""
        moving = _Moving(self)
        ended = perform(moving.main, moving.last_words)
        raise SystemExit(moving.account(ended))


@define
class _Moving:
    """One run, while it goes and when it has ended."""

    asked: Asked
    task: Task | None = field(default=None, init=False)
    run: Bulk | None = field(default=None, init=False)
    unwritten: GameballError | OSError | None = field(default=None, init=False)
    open_jobs: set[int] = field(factory=set, init=False)
    _files: ExitStack = field(factory=ExitStack, init=False)

    async def main(self) -> int:
        """Run it to its end. `account` decides the exit code."""
        with self._files as files:
            task = self.task = await self.asked.prepare(files)
            try:
                await self._move(task)
            finally:
                if self.run is not None and task.rejects is not None:
                    self.unwritten = task.rejects.write()
                if self.run is not None and task.results is not None:
                    task.results.write()
        return Exit.OK

    async def _move(self, task: Task) -> None:
        async with AsyncExitStack() as stack:
            reaching = Reaching()
            client = await connect(stack, self.asked.connection, reaching)
            if task.check is not None:
                await task.check.carry_out(client)
            if task.first is not None:
                await task.first(client, driver(reaching, as_json=self.asked.as_json))
            run = self.run = await stack.enter_async_context(task.start(client))
            self.open_jobs.update(job.id for job in run.open_jobs)
            what = f"importing {task.what}"
            manner = manner_of(sys.stderr, as_json=self.asked.as_json)
            note = partial(self._note, task)
            await drive(run, what, manner, reaching, task.rows, note)

    def _note(self, task: Task, event: BulkEvent) -> None:
        if isinstance(event, Submitted):
            self.open_jobs.add(event.job.id)
        elif isinstance(event, Transition):
            if event.status.state.final:
                self.open_jobs.discard(event.job.id)
        else:
            others = list(event.outcomes.exceptions())
            pending = any(row.outcome is Outcome.PENDING for row in others)
            if event.job is not None and not pending:
                self.open_jobs.discard(event.job.id)
            if task.rejects is not None:
                task.rejects.add(others)
            if task.results is not None:
                task.results.add(event.outcomes)

    # -- the end

    def last_words(self) -> str:
        """Leave nothing behind, and say how to resume, if there is no time for a summary."""
        self._files.close()
        return f"exited at once; {self._go_on()}" if self._go_on() else "exited at once"

    def account(self, ended: Ended) -> int:
        """Print the outcomes of the rows, and return the exit code."""
        if self.task is not None and self.run is not None:
            broken = isinstance(ended.error, InputError)
            self._print(self.task, self.run.report, "" if broken else self._go_on())
        error = ended.error or self.unwritten
        if error is not None:
            say(clean(str(error), 2000))
        if ended.interrupted:
            say(f"interrupted: {self._left_open()}")
            if self._go_on():
                say(self._go_on())
            return Exit.INTERRUPTED
        if error is not None:
            return self._ended_by(error)
        if self.run is None:
            return Exit.STOPPED
        report = self.run.report
        if report.settled != report.rows:
            say(
                f"{report.rows:,} rows were read, and {report.settled:,} have an outcome. This is a bug in "
                "gameball-async: please report it, and do not trust the counts"
            )
            return Exit.STOPPED
        return Exit.OK if report.all_succeeded else Exit.SOME_FAILED

    def _ended_by(self, error: GameballError | OSError) -> int:
        if self.run is None:  # nothing was sent
            if self.asked.as_json:
                print_error(error, rows=0, **({} if self.task is None else self.task.warnings()))
            return Exit.UNUSABLE if isinstance(error, JournalError) else code_of(error)
        code, report = code_of(error), self.run.report
        if code is Exit.STOPPED and self._go_on():
            say(self._go_on())
            if isinstance(error, UnreachableError) and report.unsent == report.rows:
                say(
                    "if the address was wrong: nothing was sent, so import again with the right "
                    "--base-url and a new --journal FILE"
                )
        elif isinstance(error, InputError) and self.task is not None and self.task.journal:
            again = f", {self._go_on()}" if self._go_on() else ", import it again"
            sent = f"{count(report.rows, 'row')} before it" if report.rows else "nothing"
            say(
                f"{sent} {'was' if report.rows < 2 else 'were'} sent. If the input needs no change (a disk or a database "
                f"failed){again}. If it needs one, fix the rest in a separate file and import that: "
                "`resume` refuses a changed input"
            )
        return code

    def _go_on(self) -> str:
        task = self.task
        if task is None or task.resume is None or self.asked.connection.sandbox or self.run is None:
            return ""
        return f"resume with `{task.resume}`"

    def _print(self, task: Task, report: Report, go_on: str) -> None:
        rejects = task.rejects
        written = None if rejects is None or rejects.rows is None else rejects.file.path
        doubt = None
        if report.indeterminate:
            command = self.asked.connection.command
            doubt = account.in_doubt(task.journal, rejects=written, command=command)
        if self.asked.as_json:
            found = account.json_of(report, task.journal, task.left_out) | task.warnings()
            if report.complete and doubt is not None:
                found["in_doubt"] = doubt.as_values()
            click.echo(orjson.dumps(found))
            return
        notes = [*_about_rows(task, report), _about_journal(task, report, doubt, go_on)]
        console = console_on(sys.stdout)
        console.print(account.summary(report, task.what))
        console.print(Text("\n".join(filter(None, notes))), soft_wrap=True)  # commands stay whole

    def _left_open(self) -> str:
        if self.asked.connection.sandbox:
            return "the sandbox has ended, and all its jobs with it"
        if self.asked.how.on_cancel == "stop" and self.open_jobs:
            some = account.job_list(self.open_jobs)
            return f"Gameball was asked to stop {count(len(self.open_jobs), 'job')}: {some}"
        return account.left_open(self.open_jobs)


def _about_journal(task: Task, report: Report, doubt: InDoubt | None, go_on: str) -> str:
    """What the journal is still needed for."""
    path = clean(task.journal or "")
    if task.journal is not None and not report.complete:
        return f"Keep the journal {path}; {go_on}" if go_on else f"Keep the journal {path}"
    if doubt is not None:
        return doubt.as_text()
    if task.journal is None:
        return ""
    if report.unchanged:
        return (
            f"Keep the journal {path}: the next import can be compared with it (--changed-against)."
        )
    return f"The journal {path} is not needed to resume: keep it for `report` and `retry`, or delete it."


def _about_rows(task: Task, report: Report) -> Iterator[str | None]:
    """What was not sent, and where the rows of the run are now."""
    yield account.about_unknown(report.unknown_fields, task.left_out)
    if task.rows is not None:
        yield about_null_words(task.rows)
        if task.rows.skipped:
            yield f"{count(task.rows.skipped, 'row')} skipped, as the mapping says."
    rejects, results = task.rejects, task.results
    if report.succeeded + report.unchanged < report.rows:
        if rejects is None:
            yield "To keep the rows that did not succeed, with their reasons, add --rejects FILE."
        else:
            yield rejects.in_words("rejects", "reasons")
    if results is not None:
        yield results.in_words("results", "Gameball's answers")
