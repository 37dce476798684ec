"""
How dlt's load files are sent: what makes the job of each, the job, and the judgement of a whole load.

dlt hands over a load's files one after the other. A file whose worker died is handed over again, under a
name with a counter, so its run keeps a journal under a name without it, and continues where it stopped.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Annotated, Any, Final, cast

import anyio
import dlt
from dlt.common.configuration import configspec
from dlt.common.configuration.specs.base_configuration import NotResolved
from dlt.common.destination.client import (
    DestinationClientConfiguration,
    JobClientBase,
    LoadJob,
    RunnableLoadJob,
)
from dlt.common.destination.exceptions import (
    DestinationTerminalException,
    DestinationTransientException,
)
from dlt.common.destination.typing import PreparedTableSchema
from dlt.common.runtime import signals
from dlt.common.schema.utils import is_dlt_table_or_column
from dlt.common.storages import ParsedLoadJobFileName
from dlt.destinations.job_impl import FinalizedLoadJob

from ...bulk.bulk import Bulk
from ...client import GameballClient
from ...errors import AuthenticationError, ConfigurationError, GameballError, InputError
from ...faults import Refusal
from ...rows.closing import Closing
from ...rows.report import Report
from ...rows.unknown import Unknown
from .journals import LoadFile, Loads, open_load_file
from .tables import Columns, LoadTable, kind_of_table, refusal_of

LOG = logging.getLogger("gameball_async.dlt")
LOOK_UP = 0.2
"""Seconds between two looks for a signal that dlt was sent."""


class DoubtfulRows(DestinationTerminalException):
    """A load has rows that may or may not have been applied. Its other rows are done; none is sent again."""


Given: NotResolved = NotResolved()
"""Of a field that is given in code, and never looked up: dlt would take a variable named ``KIND`` for it."""


@configspec
class GameballConfiguration(DestinationClientConfiguration):
    """What `gameball` was given."""

    destination_type: Final[str] = dataclasses.field(  # type: ignore[misc]
        default="gameball", init=False, repr=False, compare=False
    )
    api_key: Annotated[str | None, Given] = dataclasses.field(default=None, repr=False)
    secret_key: Annotated[str | None, Given] = dataclasses.field(default=None, repr=False)
    base_url: Annotated[str | None, Given] = None
    kind: Annotated[str | None, Given] = None
    tables: Annotated[dict[str, str] | None, Given] = None
    journals: Annotated[str | None, Given] = None
    doubts: Annotated[str, Given] = "raise"
    unknown: Annotated[Unknown, Given] = "warn"
    ids_from_numbers: Annotated[bool, Given] = False
    naive_as: Annotated[str, Given] = ""
    client: Annotated[Any | None, Given] = None

    def make_client(self) -> GameballClient:
        """The client that sends one load file."""
        if self.client is not None:
            return self.client()  # type: ignore[no-any-return]
        return GameballClient(self.api_key, self.secret_key, base_url=self.base_url)

    def __str__(self) -> str:
        return self.base_url or "Gameball"


class LoadClient(Closing, JobClientBase):
    """Makes the job of each load file, and judges a load when all of its files are done."""

    config: GameballConfiguration

    def initialize_storage(self, truncate_tables: Iterable[str] | None = None) -> None:
        """Nothing is to be made at Gameball."""

    def is_storage_initialized(self) -> bool:
        """It always is."""
        return True

    def drop_storage(self) -> None:
        """Nothing can be removed from Gameball."""

    def verify_schema(
        self,
        only_tables: Iterable[str] | None = None,
        new_jobs: Iterable[ParsedLoadJobFileName] | None = None,
    ) -> list[PreparedTableSchema]:
        """
        Judge every table before any row is sent.

        Raises:
            DestinationTerminalException: one cannot be loaded; the text says why, and what to do.
        """
        found = super().verify_schema(cast(Any, only_tables), cast(Any, new_jobs))
        for table in found:
            if not self._is_dlts(table["name"]):
                self._check(table)
        return found

    def create_load_job(
        self, table: PreparedTableSchema, file_path: str, load_id: str, restore: bool = False
    ) -> LoadJob:
        """
        The job that sends one load file; one that has nothing to do for a table of dlt's own.

        Raises:
            DestinationTerminalException: the table cannot be loaded, or the file was begun and what
                it has sent is not known any more.
        """
        if self._is_dlts(table["name"]):
            return FinalizedLoadJob(file_path)
        meant = self._check(table)
        loads = self._loads()
        folder, parsed = loads.folder / load_id, ParsedLoadJobFileName.parse(file_path)
        if not (restore or parsed.retry_count):
            loads.begin(load_id)
        elif not folder.is_dir():
            raise DestinationTerminalException(
                f"load {load_id} was started before, but its journals are not in {folder}, so it is not known "
                "which rows were sent: put them back, or set journals to their folder. If no row was sent, create "
                "that folder"
            )
        return FileJob(file_path, self.config, meant, LoadFile(folder, parsed.job_id()))

    def complete_load(self, load_id: str) -> None:
        """
        All files of a load are done: report what did not succeed.

        Raises:
            DoubtfulRows: some rows may or may not have been applied, and are not settled.
        """
        doubtful = [why for file in self._loads().files(load_id) for why in _told(file)]
        if not doubtful:
            return
        message = (
            f"{'; '.join(doubtful)}. They are not sent again. Look up these customers in Gameball, record what you "
            "found with: gameball-async settle JOURNAL --applied FILE --not-applied FILE, and run the pipeline "
            "again: it sends no row of this load twice. Do not abort the load: dlt would extract its rows again. "
            "To accept loads with such rows, pass gameball(doubts='warn')"
        )
        if self.config.doubts == "raise":
            raise DoubtfulRows(message)
        LOG.warning(message)

    def close(self) -> None:
        """Nothing is open."""

    def _is_dlts(self, name: str | None) -> bool:
        return is_dlt_table_or_column(name or "", self.schema._dlt_tables_prefix)

    def _check(self, table: PreparedTableSchema) -> LoadTable:
        """What a table is; refused where it cannot be loaded."""
        how, name = self.config, table["name"] or ""
        columns: Columns = {
            column: hints.get("data_type") or "text"
            for column, hints in table["columns"].items()
            if not self._is_dlts(column)
        }
        try:
            kind = kind_of_table(name, how.kind, how.tables)
            if refusal := refusal_of(table, kind):
                raise DestinationTerminalException(refusal)
            found = LoadTable(kind, columns, how.ids_from_numbers, how.naive_as)
            found.under()
        except ConfigurationError as error:
            raise DestinationTerminalException(str(error)) from None
        except Refusal as error:
            raise DestinationTerminalException(f"table {name!r}: {error}") from None
        return found

    def _loads(self) -> Loads:
        return Loads.of(dlt.current.pipeline().working_dir, self.config.journals)


def _told(file: LoadFile) -> Iterator[str]:
    """Warn of rows that were not applied; the caller reports rows that may have been applied."""
    for journal, recorded in file.accounts():
        report = recorded.report
        if not report.complete:  # dlt was told to go on without it (raise_on_failed_jobs)
            LOG.warning(
                "table %s was not sent completely: see gameball-async report %s",
                file.table,
                journal,
            )
        refused = report.failed + report.rejected
        if refused:
            LOG.warning(
                "%d of %d rows of table %s were not applied: load outcomes(pipeline) into a table to see "
                "them, or run gameball-async report %s",
                refused,
                report.rows,
                file.table,
                journal,
            )
        doubtful = sum(len(doubt.positions) for doubt in recorded.doubts)
        if doubtful:
            rows = "row" if doubtful == 1 else "rows"
            yield f"{doubtful:,} {rows} of table {file.table} may or may not have been applied ({journal})"


class FileJob(RunnableLoadJob):
    """Sends one load file, or what is left of it."""

    def __init__(
        self, file_path: str, config: GameballConfiguration, table: LoadTable, file: LoadFile
    ) -> None:
        super().__init__(file_path)
        self._config = config
        self._table = table
        self._file = file

    def run(self) -> None:
        """
        Send the rows, and wait for their outcomes.

        Raises:
            DestinationTerminalException: it cannot succeed until something is changed.
            DestinationTransientException: it stopped early; the next try continues where it stopped.
        """
        try:
            self._file.keep(self._file_path)
            # In a thread of its own: dlt's may have an event loop, as in a notebook.
            with ThreadPoolExecutor(1) as thread:
                report = thread.submit(anyio.run, self._move).result()
        except (AuthenticationError, ConfigurationError, InputError, Refusal) as error:
            table = f"table {self.load_table_name}: "
            raise DestinationTerminalException(table + str(error)) from None
        except GameballError as error:
            raise DestinationTransientException(str(error)) from None
        if not report.complete:
            raise DestinationTransientException(
                "stopped by a signal: the next run of the pipeline continues where it stopped"
            )
        if report.all_succeeded:
            self._file.kept.unlink(missing_ok=True)

    async def _move(self) -> Report:
        how, journal = self._config, self._file.journal
        options: Any = {"ids_from_numbers": how.ids_from_numbers, "unknown": how.unknown}
        async with how.make_client() as client:
            with closing(open_load_file(self._file.kept)) as source:
                rows = self._table.rows(source.records())
                if journal.exists():
                    run = client.resume(journal, rows, **options)
                else:
                    run = client.bulk(self._table.kind, rows, journal=journal, **options)
                async with run:
                    return await _finished(run)


async def _finished(run: Bulk) -> Report:
    """The report of a run that ends by itself, or early where dlt was sent a signal."""
    failure: GameballError | Refusal | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_stop_on_signal, run)
        try:
            await run.finish()
        except (GameballError, Refusal) as error:
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return run.report


async def _stop_on_signal(run: Bulk) -> None:
    while not signals.was_signal_received():  # noqa: ASYNC110 - dlt has a number, and no event of ours
        await anyio.sleep(LOOK_UP)
    run.stop()
