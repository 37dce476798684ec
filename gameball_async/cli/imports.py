"""The command that moves a file into Gameball."""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack, ExitStack
from typing import NoReturn

import anyio
import click
import orjson
from attrs import define, field

from ..edge.files import FileRows, open_rows
from ..edge.rejects import RejectsFile
from ..engine.bulk import Bulk
from ..errors import GameballError
from ..model.jobs import Transition
from ..model.kinds import KINDS, Chunking, kind_of
from ..pipeline.events import BulkEvent, Submitted
from ..pipeline.report import Progress, Report
from . import account
from .connection import Connection, connect, talks
from .ending import Ended, Exit, code_of, perform, say
from .live import Manner, console_on, follow, manner_of
from .words import clean, count

__all__ = ["KIND_NAMES", "import_", "json_of", "warn"]

KIND_NAMES = f"KIND is one of: {', '.join(KINDS)}."

JSON_KEYS = (
    "kind", "rows", "succeeded", "failed", "rejected", "indeterminate", "unsent", "jobs",
    "requests", "rate_limited", "seconds",
)  # fmt: skip


@click.command("import", epilog=KIND_NAMES)
@click.argument("kind", metavar="KIND", type=click.Choice(list(KINDS)))
@click.argument("file", type=click.Path())
@click.option(
    "--format", "form", type=click.Choice(["csv", "jsonl"]), help="[default: by the file's suffix]"
)
@click.option(
    "--rejects", type=click.Path(), help="Write the rows that did not succeed here, and why."
)
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="Chunks being submitted at once.",
)
@click.option(
    "--chunking",
    type=click.Choice([way.value for way in Chunking]),
    help="How rows of one customer are spread over chunks.  [default: what suits the kind]",
)
@click.option("--custom", is_flag=True, help="Send columns that the API does not know as custom.")
@click.option("--ids-from-numbers", is_flag=True, help="Take whole numbers as ids (JSONL).")
@talks
def import_(
    connection: Connection,
    kind: str,
    file: str,
    form: str | None,
    rejects: str | None,
    concurrency: int,
    chunking: str | None,
    custom: bool,
    ids_from_numbers: bool,
    as_json: bool,
) -> NoReturn:
    """
    Send the rows of FILE (CSV or JSONL) to Gameball as batches, and account for each.

    KIND says what a row is. A CSV file's header has the API's field names.
    """
    task = Import(
        connection,
        kind,
        file,
        form=form,
        rejects_path=rejects,
        concurrency=concurrency,
        chunking=None if chunking is None else Chunking(chunking),
        custom=custom,
        ids_from_numbers=ids_from_numbers,
        manner=manner_of(sys.stderr, as_json=as_json),
    )
    ended = perform(task.main)
    raise SystemExit(task.account(ended, as_json=as_json))


@define
class Import:
    """
    One import: what it was asked to do, and what has become of it.

    Attributes:
        connection: whom to talk to.
        kind: name of the batch kind.
        path: the file.
        form: ``csv`` or ``jsonl``; None to go by the suffix.
        rejects_path: where the rows that did not succeed go; None for nowhere.
        concurrency: chunks being submitted at once.
        chunking: how rows of one customer are spread; None for the kind's own way.
        custom: send unknown columns as custom.
        ids_from_numbers: take whole numbers as ids.
        manner: how the run is shown.
    """

    connection: Connection
    kind: str
    path: str
    form: str | None = field(kw_only=True)
    rejects_path: str | None = field(kw_only=True)
    concurrency: int = field(kw_only=True)
    chunking: Chunking | None = field(kw_only=True)
    custom: bool = field(kw_only=True)
    ids_from_numbers: bool = field(kw_only=True)
    manner: Manner = field(kw_only=True)
    run: Bulk | None = field(default=None, init=False)
    error: GameballError | OSError | None = field(default=None, init=False)
    rejected_rows: int | None = field(default=None, init=False)
    open_jobs: set[int] = field(factory=set, init=False)
    _leaving: bool = field(default=False, init=False)
    _rejects: RejectsFile | None = field(default=None, init=False)

    @property
    def what(self) -> str:
        """What is imported, in words."""
        return f"{self.kind} from {self.path}"

    async def main(self) -> int:
        """Run it to its end, however it comes. The exit code is `account`'s to tell."""
        with ExitStack() as files:
            kind = kind_of(self.kind)
            rows = open_rows(self.path, kind, custom=self.custom, format=self.form)
            files.enter_context(rows)
            if self.rejects_path is not None:
                self._rejects = files.enter_context(RejectsFile(self.rejects_path, rows))
            warn(rows, custom=self.custom)
            try:
                await self._move(rows)
            finally:
                self._write_rejects()
        return Exit.OK

    async def _move(self, rows: FileRows) -> None:
        async with AsyncExitStack() as stack:
            client = await connect(stack, self.connection, batch=True)
            run = client.bulk(
                self.kind,
                rows,
                concurrency=self.concurrency,
                chunking=self.chunking,
                ids_from_numbers=self.ids_from_numbers,
            )
            self.run = await stack.enter_async_context(run)

            def look() -> tuple[Progress, float | None]:
                return run.progress, rows.position_fraction

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(follow, look, self.what, self.manner, sys.stderr)
                try:
                    await self._take_events(run)
                finally:
                    tasks.cancel_scope.cancel()

    async def _take_events(self, run: Bulk) -> None:
        try:
            async for event in run:
                self._note(event)
        except anyio.get_cancelled_exc_class():
            # Ctrl-C: nothing more is sent or watched, and every row still gets its outcome.
            self._leaving = True
            run.stop()
            with anyio.move_on_after(10, shield=True):
                async for event in run:
                    self._note(event)
            raise
        except (GameballError, OSError) as error:
            self.error = error

    def _note(self, event: BulkEvent) -> None:
        if isinstance(event, Submitted):
            self.open_jobs.add(event.job.id)
        elif isinstance(event, Transition):
            if event.status.state.final:
                self.open_jobs.discard(event.job.id)
        else:
            if event.job is not None and not self._leaving:
                self.open_jobs.discard(event.job.id)
            if self._rejects is not None:
                self._rejects.add(event.outcomes.exceptions())

    def _write_rejects(self) -> None:
        if self._rejects is None or self.run is None:
            return
        try:
            self.rejected_rows = self._rejects.write()
        except (GameballError, OSError) as error:
            self.error = self.error or error

    # -- the end

    def account(self, ended: Ended, *, as_json: bool) -> int:
        """Print what has become of the rows, and return the exit code."""
        if self.run is not None:
            self._print(self.run.report, as_json=as_json)
        error = ended.error or self.error
        if error is not None:
            say(clean(str(error), 2000))
        if ended.interrupted:
            say(f"interrupted: {self._left_open()}")
            return Exit.INTERRUPTED
        if error is not None:
            return code_of(error)
        good = self.run is not None and self.run.report.all_succeeded
        return Exit.OK if good else Exit.SOME_FAILED

    def _print(self, report: Report, *, as_json: bool) -> None:
        if as_json:
            click.echo(orjson.dumps(json_of(report)))
            return
        console = console_on(sys.stdout)
        console.print(account.summary(report, self.what, self._about_rejects(report)))

    def _about_rejects(self, report: Report) -> str | None:
        if report.succeeded == report.rows:
            return None
        if self.rejects_path is None:
            return "To keep the rows that did not succeed, with their reasons, add --rejects FILE."
        if self.rejected_rows is None:
            return f"The rejects could not be written to {clean(self.rejects_path)}."
        return f"{count(self.rejected_rows, 'row')} with reasons are in {clean(self.rejects_path)}"

    def _left_open(self) -> str:
        if self.connection.sandbox:
            return "its sandbox has ended, and all jobs with it"
        return account.left_open(self.open_jobs)


def warn(rows: FileRows, *, custom: bool) -> None:
    """Say once what the user should know before anything is sent."""
    for warning in rows.warnings:
        cure = "" if custom else " (--custom)"
        say(clean(f"{rows.path}: {warning}{cure}", 1000))


def json_of(report: Report) -> dict[str, object]:
    """The final object, with these keys in this order; *journal* is the file kept, if any."""
    values = report.as_json()
    return {
        **{key: values[key] for key in JSON_KEYS},
        "journal": None,
        "failures_by_reason": report.failures_by_reason(),
    }
