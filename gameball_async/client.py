"""GameballClient: wires the edges to the engine, and holds the verbs that users call."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self, TypeVar

import aiohttp
import anyio
import anyio.lowlevel
import orjson

from .edge.background import Background, see_through
from .edge.http import AiohttpTransport, open_session
from .edge.journal import read_header
from .edge.journaling import begin_journal, reopen_journal
from .engine.bulk import Bulk, OnCancel
from .engine.calls import GaveUp, value_of
from .engine.core import Engine, no_journal
from .engine.feed import SLICE, Rows
from .engine.submissions import Submissions
from .engine.watch import Changes
from .errors import (
    AnswerLostError,
    ChunkError,
    ClosedError,
    ConfigurationError,
    FateUnknownError,
    ItemError,
)
from .model.jobs import Job, JobStatus
from .model.kinds import KINDS, Chunking, Kind, Replay, kind_of
from .model.secret import Secret
from .pipeline.chunks import LookAhead
from .pipeline.ledger import Source
from .pipeline.rows import BadRow, preparer
from .ports import WireResponse
from .protocol.requests import DEFAULT_ORIGIN, MAX_ITEMS, Account, Dialect
from .protocol.responses import parse_job_id, read_status
from .schedule.budget import Quota
from .schedule.retry import Patience
from .schedule.turns import Rank

__all__ = ["GameballClient"]

USER_AGENT = "gameball_async"
DEFAULT_QUOTA = Quota((30, 1.0), (360, 30.0))
OPEN_JOBS = 512
"""Jobs that one bulk run keeps open at once, at most."""

CLOSE_WITHIN = 10.0
"""Seconds that closing the connections takes, at most."""

JobLike = Job | int | str
T = TypeVar("T")


class GameballClient:
    """
    An async client of Gameball's API: batches, their jobs, and single customers.

    Open it with ``async with``, or with `open` and `aclose`; it may be opened and closed in different
    tasks, and shared by any number of tasks of one event loop.

    Args:
        api_key: the API key; from ``GAMEBALL_API_KEY`` where not given.
        secret_key: the secret key, which all batch calls need; from ``GAMEBALL_SECRET_KEY``.
        base_url: scheme, host and port; from ``GAMEBALL_BASE_URL``, else Gameball's own.
        api_version: ``v4.0`` (default), ``v4`` or ``v4.1``.
        high_security: the account is in High Security Mode: both keys on every call.
        session: an aiohttp session to borrow; it is neither changed nor closed. Without one the
            client opens its own.
        quota: requests that are allowed in which time, for each bucket; all calls share it.
        dialect: which paths ask for a status and stop a job.
        patience: where retries end.

    Raises:
        ConfigurationError: a key, the URL or the version is unusable. The value is never shown.
    """

    def __init__(
        self,
        api_key: str | None = None,
        secret_key: str | None = None,
        *,
        base_url: str | None = None,
        api_version: str = "v4.0",
        high_security: bool = False,
        session: aiohttp.ClientSession | None = None,
        quota: Quota = DEFAULT_QUOTA,
        dialect: Dialect = Dialect.TUTORIAL,
        patience: Patience | None = None,
    ) -> None:
        self._account = Account(
            origin=(base_url or os.environ.get("GAMEBALL_BASE_URL") or DEFAULT_ORIGIN).rstrip("/"),
            version=api_version,
            api_key=_api_key(api_key),
            secret_key=_secret_key(secret_key),
            high_security=high_security,
            dialect=dialect,
        )
        self._quota = quota
        self._patience = patience or Patience()
        self._borrowed = session
        self._own: aiohttp.ClientSession | None = None
        self._background = Background(self._crashed)
        self._engine: Engine | None = None

    def __repr__(self) -> str:
        state = "closed" if self._engine is None else "open"
        return f"<GameballClient of {self._account.origin}, {self._account.version}, {state}>"

    async def open(self) -> None:
        """Open the client. Opening an open client changes nothing."""
        if self._engine is not None:
            return
        session = self._borrowed
        if session is None:
            session = self._own = open_session()
        account = self._account
        transport = AiohttpTransport(
            session,
            account.origin,
            account.api_key,
            account.secret_key,
            user_agent=USER_AGENT,
        )
        self._engine = Engine(
            account,
            transport,
            self._background.spawn,
            quota=self._quota,
            patience=self._patience,
            chance=random.random,
        )

    async def aclose(self) -> None:
        """End everything that runs in the background, and close an own session."""
        engine, self._engine = self._engine, None
        session, self._own = self._own, None
        if engine is None:
            return
        engine.close()
        await see_through(self._shut(session))

    async def _shut(self, session: aiohttp.ClientSession | None) -> None:
        try:
            await self._background.aclose()
        finally:
            if session is not None:
                with anyio.move_on_after(CLOSE_WITHIN):
                    await session.close()

    def _crashed(self, error: BaseException) -> None:
        """A fault of this library: nobody may wait for what will not come."""
        if self._engine is not None:
            self._engine.close(error)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def upsert_customer(self, customer: object) -> int:
        """
        Create or update one customer.

        Args:
            customer: a `Customer` or a mapping with the API's field names.

        Returns:
            Gameball's own id of the customer.

        Raises:
            ItemError: the customer breaks the API's rules; nothing was sent.
            APIError: Gameball refused it.
            TransportError: no usable answer came, in spite of retries. Sending it again is safe.
        """
        row = preparer(KINDS["customers"])(0, customer)
        if isinstance(row, BadRow):
            raise ItemError(row.faults)
        result = await self._running.upserts.call(
            self._account.upsert(),
            row.payload,
            _gameball_id,
            replay=Replay.REPLAYABLE,
            rank=Rank.CALL,
        )
        return value_of(result)

    async def submit(self, kind: Kind | str, items: Iterable[object]) -> Job:
        """
        Submit one chunk of 1 to 1,000 items.

        Args:
            kind: one of the eight kinds, or its name.
            items: models, or mappings with the API's field names; order ids (text) for
                order-transactions.

        Returns:
            The job that the chunk has become.

        Raises:
            ChunkError: there are no items, or more than 1,000; nothing was sent.
            ItemError: an item breaks the API's rules; nothing was sent.
            APIError: Gameball refused the chunk; nothing was applied.
            NotSentError: Gameball could not be reached; nothing was applied.
            FateUnknownError: the chunk may have been accepted, and was not sent again.
        """
        which = kind_of(kind)
        payloads = await _payloads(which, items)
        result = await self._running.submitter.submit(which, payloads)
        if isinstance(result, GaveUp):
            raise FateUnknownError(which.name, str(result.error)) if result.unsure else result.error
        return result.job

    def submit_all(self, kind: Kind | str, rows: Rows, *, concurrency: int = 8) -> Submissions:
        """
        Submit any number of rows as chunks of 1,000, several at once, without waiting for the jobs.

        Chunks hold the rows in the order they came, and rows are read only as chunks leave. What the
        jobs do at the same time is up to Gameball: use `bulk` for rows of the same customers.

        Args:
            kind: one of the eight kinds, or its name.
            rows: any sync or async iterable of items, read lazily.
            concurrency: chunks under way at once, at most.

        Returns:
            A stream of `Submission`, to be opened with ``async with``.
        """
        return self._running.submissions(
            kind_of(kind), rows, concurrency=_positive(concurrency, "concurrency")
        )

    async def status(self, job: JobLike) -> JobStatus:
        """
        Ask once how a job stands.

        Raises:
            UnknownJobError: Gameball does not know the job.
            APIError: Gameball refused to tell.
            TransportError: no usable answer came, in spite of retries.
        """
        job_id = _job(job).id

        def read(answer: WireResponse) -> JobStatus:
            return read_status(answer.body, job_id)

        result = await self._running.calls.call(
            self._account.status(job_id), None, read, replay=Replay.REPLAYABLE, rank=Rank.CALL
        )
        return value_of(result, job_id)

    async def stop(self, job: JobLike) -> None:
        """
        Stop a job. Items that were applied already stay applied; a job that has ended stays as it is.

        Raises:
            UnknownJobError: Gameball does not know the job.
            APIError: Gameball refused to stop it.
            TransportError: no answer came, in spite of retries. Stopping it again is safe.
        """
        await self._running.stop(_job(job))

    def watch(
        self, job: JobLike, *, progress: bool = False, deadline: float | None = None
    ) -> Changes:
        """
        Watch a job: an async iterator of its transitions, each told once, until it ends.

        It may be left at any time, by ``break`` too: nothing keeps running for it.

        Args:
            job: a job, or its number.
            progress: tell changed counts too.
            deadline: seconds after which `DeadlineError` is raised; None waits for the end.
        """
        return self.watch_all([job], progress=progress, deadline=deadline)

    def watch_all(
        self,
        jobs: Iterable[JobLike],
        *,
        progress: bool = False,
        deadline: float | None = None,
    ) -> Changes:
        """
        Watch any number of jobs with one poller. Use it with ``async with``, or as `watch`.

        Args:
            jobs: jobs, or their numbers.
            progress: tell changed counts too.
            deadline: seconds after which `DeadlineError` is raised; None waits for the end.
        """
        engine = self._running
        changes = Changes(engine.watch, progress=progress, deadline=deadline)
        for job in jobs:
            changes.add(_job(job))
        return changes

    async def wait(self, job: JobLike, *, deadline: float | None = None) -> JobStatus:
        """
        Wait until a job has ended.

        Args:
            job: a job, or its number.
            deadline: seconds to wait, at most; None waits as long as the job is known.

        Returns:
            Its last status.

        Raises:
            DeadlineError: it has not ended in time; it goes on, and may be waited for again.
            UnknownJobError: Gameball does not know the job.
            TransportError: it could not be asked about for an hour.
        """
        status: JobStatus | None = None
        async with self.watch(job, deadline=deadline) as changes:
            async for change in changes:
                status = change.status
        if status is None:
            raise ClosedError("the client was closed while it waited for a job")
        return status

    def stalled_for(self, job: JobLike) -> float:
        """Seconds since anything about a watched job was seen to change; 0 for one not watched."""
        return self._running.watch.stalled_for(_job(job).id)

    def bulk(
        self,
        kind: Kind | str,
        rows: Rows,
        *,
        concurrency: int = 8,
        chunking: Chunking | str | None = None,
        look_ahead: LookAhead | None = None,
        open_jobs: int = OPEN_JOBS,
        ids_from_numbers: bool = False,
        journal: str | os.PathLike[str] | None = None,
        source: Source | None = None,
        on_cancel: OnCancel = "detach",
    ) -> Bulk:
        """
        Move any number of rows: chunks, jobs, outcomes, and a report that accounts for each row.

        Args:
            kind: one of the eight kinds, or its name.
            rows: any sync or async iterable of items, read lazily.
            concurrency: chunks being submitted at once, at most.
            chunking: how rows of one customer are spread; the kind's own way where not given.
            look_ahead: how far rows are read ahead of what is sent, at most.
            open_jobs: jobs that are open at once, at most.
            ids_from_numbers: take whole numbers as ids, as their digits.
            journal: a file that will remember the run, so that `resume` can take it up after any
                crash; it must not exist yet. None remembers nothing.
            source: what the rows come from, for the journal to check when the run is resumed.
            on_cancel: what becomes of open jobs when the run is left early: ``detach`` lets them go
                on at Gameball, ``stop`` stops them.

        Returns:
            A run, to be opened with ``async with``; its events are read with ``async for``.
        """
        which = kind_of(kind)
        way = _chunking(chunking, which)
        return self._running.bulk(
            which,
            rows,
            concurrency=_positive(concurrency, "concurrency"),
            chunking=way,
            look_ahead=look_ahead,
            open_jobs=_positive(open_jobs, "open_jobs"),
            ids_from_numbers=ids_from_numbers,
            open_journal=(
                no_journal if journal is None
                else begin_journal(journal, self._account, which, way, source)
            ),
            on_cancel=on_cancel,
        )  # fmt: skip

    def resume(
        self,
        journal: str | os.PathLike[str],
        rows: Rows | None = None,
        *,
        concurrency: int = 8,
        look_ahead: LookAhead | None = None,
        open_jobs: int = OPEN_JOBS,
        ids_from_numbers: bool = False,
        source: Source | None = None,
        on_cancel: OnCancel = "detach",
    ) -> Bulk:
        """
        Take up a run where its journal ends: after a crash, a kill, an interrupt or an error.

        Open jobs are watched to their end. Chunks whose fate is unknown are sent again, the same
        bytes, where their kind allows; else they are reported as indeterminate. Then the input
        goes on after what is recorded. Resuming a finished run sends nothing.

        Args:
            journal: the file that the run wrote.
            rows: the same rows in the same order as the first time; those that are recorded are
                skipped. None where the input was read to its end already.
            concurrency: chunks being submitted at once, at most.
            look_ahead: how far rows are read ahead of what is sent, at most.
            open_jobs: jobs that are open at once, at most.
            ids_from_numbers: take whole numbers as ids, as their digits.
            source: what the rows come from; a changed one is refused.
            on_cancel: what becomes of open jobs when the run is left early.

        Returns:
            A run, to be opened with ``async with``. Its report counts the rows of all attempts.

        Raises:
            JournalError: the journal cannot be read, is held by another process, or belongs to
                another account, address or input. Raised here or when the run is opened.
        """
        header = read_header(journal)
        kind = kind_of(header.kind)
        return self._running.bulk(
            kind,
            () if rows is None else rows,
            concurrency=_positive(concurrency, "concurrency"),
            chunking=Chunking(header.chunking),
            look_ahead=look_ahead,
            open_jobs=_positive(open_jobs, "open_jobs"),
            ids_from_numbers=ids_from_numbers,
            open_journal=reopen_journal(journal, self._account, source, with_rows=rows is not None),
            on_cancel=on_cancel,
        )

    @property
    def _running(self) -> Engine:
        if self._engine is None:
            raise ClosedError("the client is not open: use it inside `async with GameballClient()`")
        return self._engine


def _api_key(given: str | None) -> Secret:
    key = given if given is not None else os.environ.get("GAMEBALL_API_KEY")
    if not key:
        raise ConfigurationError("the API key is missing: give api_key, or set GAMEBALL_API_KEY")
    return Secret(key)


def _secret_key(given: str | None) -> Secret | None:
    key = given if given is not None else os.environ.get("GAMEBALL_SECRET_KEY")
    return None if key is None else Secret(key)


def _job(job: JobLike) -> Job:
    return job if isinstance(job, Job) else Job(parse_job_id(job))


def _positive(number: int, what: str) -> int:
    if number < 1:
        raise ConfigurationError(f"{what} is {number}: it must be at least 1")
    return number


def _chunking(chosen: Chunking | str | None, kind: Kind) -> Chunking:
    if chosen is None:
        return kind.chunking
    try:
        return Chunking(chosen)
    except ValueError:
        names = ", ".join(way.value for way in Chunking)
        raise ConfigurationError(f"chunking {chosen!r} is not one of: {names}") from None


async def _payloads(kind: Kind, items: Iterable[object]) -> list[bytes]:
    if isinstance(items, (str, bytes, Mapping)):
        raise ChunkError("items is a single item: give a list of them")
    prepare = preparer(kind)
    payloads: list[bytes] = []
    for position, item in enumerate(items):
        if position >= MAX_ITEMS:
            raise ChunkError(
                f"a chunk holds at most {MAX_ITEMS:,} items, and there are more: use submit_all or "
                "bulk. Nothing was sent"
            )
        if position and position % SLICE == 0:
            await anyio.lowlevel.checkpoint()
        row = prepare(position, item)
        if isinstance(row, BadRow):
            raise ItemError(row.faults, position=position)
        payloads.append(row.payload)
    if not payloads:
        raise ChunkError("a chunk holds at least one item, and there are none; nothing was sent")
    return payloads


def _gameball_id(answer: WireResponse) -> int:
    try:
        return parse_job_id(orjson.loads(answer.body)["gameballId"])
    except (ValueError, KeyError, TypeError, ConfigurationError):
        raise AnswerLostError("the answer to an upsert names no gameballId") from None
