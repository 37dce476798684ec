"""The verbs for single customers, single chunks and single jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import orjson

from ..api.jobs import Job, JobStatus
from ..api.kinds import KINDS, Kind, KindName, Replay, kind_of
from ..api.requests import MAX_ITEMS
from ..api.responses import parse_job_id
from ..api.wire import WireResponse
from ..bulk.refusals import fate_unknown
from ..errors import (
    AnswerLostError,
    ChunkError,
    ClosedError,
    ConfigurationError,
    GameballError,
    ItemError,
)
from ..jobs.changes import Changes
from ..limits.calls import GaveUp, value_of
from ..limits.queue import Rank
from ..rows.check import preparer
from ..rows.check_many import Prepare
from ..rows.feed import Feed
from ..rows.given import Rows, rows_of
from ..rows.row import BadRow
from ..rows.unknown import Unknown
from .lifecycle import Lifecycle

JobLike = Job | int | str


class JobVerbs(Lifecycle):
    """One customer, one chunk, one job at a time."""

    async def upsert_customer(self, customer: object, *, unknown: Unknown = "warn") -> int:
        """
        Create or update one customer.

        Args:
            customer: a `Customer` or a mapping with the API's field names.
            unknown: what to do with fields that Gameball does not know, as in `bulk`.

        Returns:
            Gameball's id of the customer.

        Raises:
            ItemError: the customer breaks the API's rules; nothing was sent.
            APIError: Gameball refused it.
            TransportError: no usable answer came, despite retries. Sending it again is safe.
        """
        upserts = self._running.upserts
        kind = KINDS["customers"]
        fields = self._running.unknown_fields(kind, unknown)
        row = preparer(kind, unknown=fields)(0, customer)
        del customer  # no row data in tracebacks with locals, which error trackers send off
        if isinstance(row, BadRow):
            raise ItemError(row.faults)
        result = await upserts.call(
            self._account.upsert(),
            row.payload,
            _gameball_id,
            replay=Replay.REPLAYABLE,
            rank=Rank.CALL,
        )
        return value_of(result)

    async def submit(self, kind: Kind | KindName, items: Rows, *, unknown: Unknown = "warn") -> Job:
        """
        Submit one chunk of 1 to 1,000 items.

        Args:
            kind: one of the eight kinds, or its name.
            items: models, mappings with the API's field names, dataclasses, pydantic models, named
                tuples or database rows; a table with an Arrow stream; order ids (text) for
                order-transactions.
            unknown: what to do with fields that Gameball does not know, as in `bulk`.

        Returns:
            The job that Gameball created for the chunk.

        Raises:
            ChunkError: there are no items, or more than 1,000; nothing was sent.
            ItemError: an item breaks the API's rules; nothing was sent.
            APIError: Gameball refused the chunk; nothing was applied.
            NotSentError: Gameball could not be reached; nothing was applied.
            FateUnknownError: the chunk may have been accepted; the message says what to do.
        """
        which = kind_of(kind)
        submitter = self._running.submitter
        prepare = preparer(which, unknown=self._running.unknown_fields(which, unknown))
        payloads = await _payloads(which, items, prepare)
        del items  # no row data in tracebacks with locals
        if isinstance(payloads, GameballError):
            raise payloads
        submission = submitter.submit(which, payloads)
        del payloads
        result = await submission
        if isinstance(result, GaveUp):
            if result.unsure:
                raise fate_unknown(which, str(result.error)) from result.error
            raise result.error
        return result.job

    async def status(self, job: JobLike) -> JobStatus:
        """
        Ask for the status of a job once.

        Raises:
            UnknownJobError: Gameball does not know the job.
            APIError: Gameball refused the request.
            TransportError: no usable answer came, despite retries.
        """
        return await self._running.status(_job(job).id)

    async def stop(self, job: JobLike) -> None:
        """
        Stop a job. Items already applied stay applied; stopping a job that has ended changes nothing.

        Raises:
            UnknownJobError: Gameball does not know the job.
            APIError: Gameball refused to stop it.
            TransportError: no answer came, despite retries. Stopping it again is safe.
        """
        await self._running.stop(_job(job))

    def watch(
        self,
        job: JobLike,
        *,
        progress: bool = False,
        deadline: float | None = None,
        stalled_for: float | None = None,
    ) -> Changes:
        """
        Watch a job until it ends: an async iterator that yields each of its transitions once.

        You may leave it at any time, also with ``break``: nothing keeps running for it.

        Args:
            job: a job, or its number.
            progress: also report changed counts.
            deadline: seconds after which `DeadlineError` is raised; None waits for the end.
            stalled_for: the same, after so many seconds without a change of state or counts.
        """
        return self.watch_all([job], progress=progress, deadline=deadline, stalled_for=stalled_for)

    def watch_all(
        self,
        jobs: Iterable[JobLike],
        *,
        progress: bool = False,
        deadline: float | None = None,
        stalled_for: float | None = None,
    ) -> Changes:
        """
        Watch any number of jobs with one poller. Use it with ``async with``, or like `watch`.

        Args:
            jobs: jobs, or their numbers.
            progress: also report changed counts.
            deadline: seconds after which `DeadlineError` is raised; None waits for the end.
            stalled_for: the same, after so many seconds without a change of state or counts.
        """
        engine = self._running
        changes = Changes(
            engine.watch, progress=progress, deadline=deadline, stalled_for=stalled_for
        )
        for job in jobs:
            changes.add(_job(job))
        return changes

    async def wait(
        self,
        job: JobLike,
        *,
        deadline: float | None = None,
        stalled_for: float | None = None,
    ) -> JobStatus:
        """
        Wait until a job has ended.

        Args:
            job: a job, or its number.
            deadline: seconds to wait at most; None waits as long as Gameball knows the job.
            stalled_for: seconds to wait at most while neither state nor counts change.

        Returns:
            Its last status.

        Raises:
            DeadlineError: it has not ended in time; it keeps running, and you may wait for it again.
            UnknownJobError: Gameball does not know the job.
            TransportError: its status could not be read for an hour.
        """
        status: JobStatus | None = None
        async with self.watch(job, deadline=deadline, stalled_for=stalled_for) as changes:
            async for change in changes:
                status = change.status
        if status is None:
            raise ClosedError(
                "the client was closed while it waited for a job: keep it open until the job has "
                "ended"
            )
        return status

    def stalled_for(self, job: JobLike) -> float:
        """Seconds since the last change seen of a watched job; 0 for a job that is not watched."""
        return self._running.watch.stalled_for(_job(job).id)


def _job(job: JobLike) -> Job:
    return job if isinstance(job, Job) else Job(parse_job_id(job))


async def _payloads(kind: Kind, items: Rows, prepare: Prepare) -> list[bytes] | GameballError:
    """The items' JSON, or what is wrong with them: raised elsewhere, where no item is at hand."""
    if isinstance(items, (str, bytes, Mapping)):
        return ChunkError("items is a single item: pass a list of items")
    feed = Feed(rows_of(items, kind), prepare)
    payloads: list[bytes] = []
    try:
        while batch := await feed.batch():
            for row in batch:
                if isinstance(row, BadRow):
                    return ItemError(row.faults, position=row.position)
                payloads.append(row.payload)
            if len(payloads) > MAX_ITEMS:
                return ChunkError(
                    f"a chunk can have at most {MAX_ITEMS:,} items, and there are more: use "
                    "submit_all or bulk. Nothing was sent"
                )
    except ConfigurationError as error:
        return ChunkError(str(error))
    finally:
        await feed.aclose()
    if not payloads:
        return ChunkError("a chunk needs at least one item, and there are none. Nothing was sent")
    return payloads


def _gameball_id(answer: WireResponse) -> int:
    try:
        return parse_job_id(orjson.loads(answer.body)["gameballId"])
    except (ValueError, KeyError, TypeError, ConfigurationError):
        pass  # raised below, so that the parser's error, which holds the answer, is not behind it
    raise AnswerLostError("the answer to an upsert has no gameballId")
