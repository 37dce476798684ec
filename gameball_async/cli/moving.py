"""One run as the commands import, resume and retry show it: from its first row to its account."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from typing import NoReturn

import anyio
import click
import orjson
from attrs import define, field
from rich.text import Text

from ..api.jobs import Transition
from ..bulk.bulk import Bulk
from ..bulk.events import BulkEvent, Submitted
from ..bulk.progress import Progress
from ..client import GameballClient
from ..errors import GameballError, InputError, JournalError, UnreachableError
from ..rows.files import FileRows
from ..rows.rejects import RejectsFile
from ..rows.report import Report
from ..rows.results import ResultsFile
from ..rows.unknown import UnknownField
from . import account, doubts
from .checking import FirstCheck
from .connection import Connection, connect
from .driving import WIND_UP, Drive, driver
from .ending import Ended, Exit, code_of, perform, say
from .inputs import about_null_words
from .live import console_on, follow, manner_of
from .reaching import Reaching
from .words import clean, count

__all__ = ["Moving", "Task", "carry_out"]


@define
class Task:
    """
    What is to be run.

    Attributes:
        what: in words.
        start: makes the run.
        rows: the open input; None where it is not read.
        rejects: collects the rows that did not succeed; None where nobody asked for them.
        journal: what remembers the run; None for nothing.
        resume: the command that takes it up again; None without a journal.
        results: takes every row; None where nobody asked for them.
        check: reads the whole input before anything is sent; None for no such check.
        first: is done before the run; None for nothing.
    """

    what: str
    start: Callable[[GameballClient], Bulk]
    rows: FileRows | None = None
    rejects: RejectsFile | None = None
    journal: str | None = None
    resume: str | None = None
    results: ResultsFile | None = None
    check: FirstCheck | None = None
    first: Callable[[GameballClient, Drive], Awaitable[None]] | None = None


Prepare = Callable[[ExitStack], Awaitable[Task]]
"""Opens what a run reads; the stack closes it again."""


def carry_out(
    connection: Connection, prepare: Prepare, *, on_cancel: str, as_json: bool
) -> NoReturn:
    """Run a task, show it, print its account, and end the process with the right code."""
    moving = Moving(connection, prepare, on_cancel=on_cancel, as_json=as_json)
    ended = perform(moving.main, moving.last_words)
    raise SystemExit(moving.account(ended))


@define
class Moving:
    """
    One run, while it goes and when it has ended.

    Attributes:
        connection: whom to talk to.
        prepare: opens what it reads.
        on_cancel: what becomes of open jobs when it is interrupted: ``detach`` or ``stop``.
        as_json: print one object at the end, and nothing else.
    """

    connection: Connection
    prepare: Prepare
    on_cancel: str = field(kw_only=True)
    as_json: bool = field(kw_only=True)
    task: Task | None = field(default=None, init=False)
    run: Bulk | None = field(default=None, init=False)
    error: GameballError | OSError | None = field(default=None, init=False)
    rejected_rows: int | None = field(default=None, init=False)
    result_rows: int | None = field(default=None, init=False)
    open_jobs: set[int] = field(factory=set, init=False)
    _leaving: bool = field(default=False, init=False)
    _unwritten: str = field(default="", init=False)  # why the rejects cannot be
    _no_results: str = field(default="", init=False)  # why the results cannot be
    _files: ExitStack = field(factory=ExitStack, init=False)

    async def main(self) -> int:
        """Run it to its end, however it comes. The exit code is `account`'s to tell."""
        with self._files as files:
            task = self.task = await self.prepare(files)
            try:
                await self._move(task)
            finally:
                self._write_rejects(task)
                self._write_results(task)
        return Exit.OK

    async def _move(self, task: Task) -> None:
        async with AsyncExitStack() as stack:
            reaching = Reaching()
            client = await connect(stack, self.connection, batch=True, reaching=reaching)
            if task.check is not None:
                await task.check.carry_out(client)
            if task.first is not None:
                await task.first(client, driver(reaching, as_json=self.as_json))
            run = await stack.enter_async_context(task.start(client))
            self.run = run

            def look() -> tuple[Progress, float | None]:
                return run.progress, None if task.rows is None else task.rows.position_fraction

            manner = manner_of(sys.stderr, as_json=self.as_json)
            async with anyio.create_task_group() as tasks:
                what = f"importing {task.what}"
                tasks.start_soon(follow, look, what, manner, sys.stderr, reaching)
                try:
                    await self._take_events(run, task)
                finally:
                    tasks.cancel_scope.cancel()

    async def _take_events(self, run: Bulk, task: Task) -> None:
        self.open_jobs.update(job.id for job in run.open_jobs)
        try:
            async for event in run:
                self._note(event, task)
        except anyio.get_cancelled_exc_class():
            # Ctrl-C: nothing more is sent, and every row still gets its outcome.
            self._leaving = True
            run.stop()
            with anyio.move_on_after(WIND_UP, shield=True):
                try:
                    async for event in run:
                        self._note(event, task)
                except (GameballError, OSError) as error:
                    self.error = error
            raise
        except (GameballError, OSError) as error:
            self.error = error

    def _note(self, event: BulkEvent, task: Task) -> None:
        if isinstance(event, Submitted):
            self.open_jobs.add(event.job.id)
        elif isinstance(event, Transition):
            if event.status.state.final:
                self.open_jobs.discard(event.job.id)
        else:
            if event.job is not None and not self._leaving:
                self.open_jobs.discard(event.job.id)
            if task.rejects is not None and not self._unwritten:
                try:
                    task.rejects.add(event.outcomes.exceptions())
                except (OSError, sqlite3.Error) as error:  # told at the end; the run goes on
                    self._unwritten = f"{type(error).__name__}: {error}"
            if task.results is not None and not self._no_results:
                try:
                    task.results.add(event.outcomes)
                except OSError as error:  # likewise
                    self._no_results = f"{type(error).__name__}: {error}"

    def _write_rejects(self, task: Task) -> None:
        if task.rejects is None or self.run is None or self._unwritten:
            return
        try:
            self.rejected_rows = task.rejects.write()
        except (GameballError, OSError) as error:
            self.error = self.error or error

    def _write_results(self, task: Task) -> None:
        if task.results is None or self.run is None or self._no_results:
            return
        try:
            self.result_rows = task.results.write()
        except OSError as error:
            self._no_results = f"{type(error).__name__}: {error}"

    # -- the end

    def last_words(self) -> str:
        """Leave nothing behind, and say how to go on, where there is no time for an account."""
        self._files.close()
        return f"left at once; {self._go_on()}" if self._go_on() else "left at once"

    def account(self, ended: Ended) -> int:
        """Print what has become of the rows, and return the exit code."""
        if self.run is not None:
            self._print(self.run.report)
        error = ended.error or self.error
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
        return self._checked(self.run.report)

    def _checked(self, report: Report) -> int:
        """The exit code of a run that has ended by itself, if its numbers add up to its input."""
        if report.settled != report.rows:
            say(
                f"{report.rows:,} rows were read, and {report.settled:,} have an outcome. This is a "
                "fault of gameball-async: please report it, and do not trust the counts"
            )
            return Exit.STOPPED
        return Exit.OK if report.all_succeeded else Exit.SOME_FAILED

    def _ended_by(self, error: GameballError | OSError) -> int:
        if self.run is None:  # nothing was sent
            if self.as_json:
                said = {"error": clean(str(error), 2000), "rows": 0}
                click.echo(orjson.dumps(said | self._warnings()))
            return Exit.UNUSABLE if isinstance(error, JournalError) else code_of(error)
        code = code_of(error)
        if code is Exit.STOPPED and self._go_on():
            say(self._go_on())
            report = self.run.report
            if isinstance(error, UnreachableError) and report.unsent == report.rows:
                say(
                    "if the address was wrong: nothing was sent, so import again with the right "
                    "--base-url and a new --journal FILE"
                )
        elif isinstance(error, InputError) and self.task is not None and self.task.journal:
            say("the rows before it are done: import the rest from a file of its own")
        return code

    def _warnings(self) -> dict[str, object]:
        check = None if self.task is None else self.task.check
        if check is None or check.findings is None:
            return {}
        return {"warnings": [each.as_json() for each in check.findings]}

    def _go_on(self) -> str:
        task = self.task
        if task is None or task.resume is None or self.connection.sandbox or self.run is None:
            return ""
        return f"take it up again with `{task.resume}`"

    def _print(self, report: Report) -> None:
        assert self.task is not None  # noqa: S101 - there is no run without it
        if self.as_json:
            found = account.json_of(report, self.task.journal, self._left_out)
            found |= self._warnings()
            if report.complete and report.indeterminate:
                found["in_doubt"] = self._doubts().as_values()
            click.echo(orjson.dumps(found))
            return
        notes = [
            note
            for note in (
                account.about_unknown(report.unknown_fields, self._left_out),
                None if self.task.rows is None else about_null_words(self.task.rows),
                self._about_skipped(),
                self._about_rejects(report),
                self._about_results(),
                self._about_journal(report),
            )
            if note
        ]
        console = console_on(sys.stdout)
        console.print(account.summary(report, self.task.what))
        console.print(Text("\n".join(notes)), soft_wrap=True)  # commands stay in one piece

    @property
    def _left_out(self) -> tuple[UnknownField, ...]:
        return () if self.task is None or self.task.rows is None else self.task.rows.left_out

    def _about_skipped(self) -> str | None:
        assert self.task is not None  # noqa: S101
        if self.task.rows is None or not self.task.rows.skipped:
            return None
        return f"{count(self.task.rows.skipped, 'row')} left out, as the mapping says."

    def _about_rejects(self, report: Report) -> str | None:
        assert self.task is not None  # noqa: S101
        if report.succeeded + report.unchanged == report.rows:
            return None
        if self.task.rejects is None:
            return "To keep the rows that did not succeed, with their reasons, add --rejects FILE."
        path = clean(self.task.rejects.path)
        if self.rejected_rows is None:
            why = f" ({clean(self._unwritten)})" if self._unwritten else ""
            return f"The rejects could not be written to {path}{why}."
        are = "is" if self.rejected_rows == 1 else "are"
        return f"{count(self.rejected_rows, 'row')} with reasons {are} in {path}"

    def _about_results(self) -> str | None:
        assert self.task is not None  # noqa: S101
        if self.task.results is None:
            return None
        path = clean(self.task.results.path)
        if self.result_rows is None:
            return f"The results could not be written to {path} ({clean(self._no_results)})."
        return f"{count(self.result_rows, 'row')} with what Gameball answered are in {path}"

    def _about_journal(self, report: Report) -> str | None:
        assert self.task is not None  # noqa: S101
        if self.task.journal is None:
            return self._doubts().as_text() if report.indeterminate else None
        path = clean(self.task.journal)
        if not report.complete:
            go_on = f"; {self._go_on()}" if self._go_on() else ""
            return f"Keep the journal {path}{go_on}"
        if report.indeterminate:
            return self._doubts().as_text()
        if report.unchanged:
            return f"Keep the journal {path} for the next import to be compared with (--changed-against)."
        return f"The journal {path} is not needed to go on; it can be kept, or deleted."

    def _doubts(self) -> doubts.InDoubt:
        assert self.task is not None  # noqa: S101
        written = None if self.rejected_rows is None else self.task.rejects
        rejects = None if written is None else written.path
        return doubts.read(self.task.journal, rejects, self.connection)

    def _left_open(self) -> str:
        if self.connection.sandbox:
            return "its sandbox has ended, and all jobs with it"
        if self.on_cancel == "stop" and self.open_jobs:
            some = account.job_list(self.open_jobs)
            return f"Gameball was asked to stop {count(len(self.open_jobs), 'job')}: {some}"
        return account.left_open(self.open_jobs)
