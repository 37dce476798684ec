"""Many chunks at once, without waiting for their jobs: a stream of submissions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import anyio

from ..api.kinds import Kind
from ..errors import ClosedError
from ..jobs.submit import Submitter
from ..limits.calls import GaveUp
from ..rows.chunk import Chunk
from ..rows.feed import Feed
from ..rows.row import BadRow, Batch, sorts
from ..tasks import Running, Spawn, only
from .chunks import Chunker
from .event_queue import EventQueue
from .events import RowOutcomes, Submission
from .in_flight import rejected_rows
from .refusals import refusal_of

if TYPE_CHECKING:
    from anyio.abc import TaskGroup
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream


class Submissions:
    """
    The submissions of `GameballClient.submit_all`: open with ``async with``, read with ``async for``.

    Chunks hold the rows in the order they came. Rows are read as chunks leave, and chunks leave
    as submissions are read: a reader that pauses pauses it all.
    """

    def __init__(
        self,
        kind: Kind,
        feed: Feed,
        chunker: Chunker,
        submitter: Submitter,
        spawn: Spawn,
        *,
        concurrency: int | None,
        linger: float | None = None,
    ) -> None:
        self._kind = kind
        self._feed = feed
        self._chunker = chunker
        self._submitter = submitter
        self._spawn = spawn
        self._concurrency = concurrency
        self._senders = 0
        self._linger = linger
        self._error: BaseException | None = None
        self._running: Running | None = None
        self._finished = False
        self._out = EventQueue[Submission]()

    async def __aenter__(self) -> Self:
        if self._running is not None:
            raise ClosedError("these submissions were already opened: call submit_all() again")
        self._running = self._spawn(self._main)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._out.leave()
        if self._running is not None:
            await self._running.end()  # it only gives up its requests now

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Submission:
        """
        Wait for the next submission.

        Raises:
            GameballError: what ended the submissions early, such as keys that are refused.
            ClosedError: the block was left, or not entered yet.
            Exception: whatever the input's own iterator raised, as itself.
        """
        if self._running is None:
            raise ClosedError("these submissions are not open: read them inside `async with`")
        return await self._out.next(
            lambda: self._error,
            "these submissions are closed: read them inside their `async with` block",
        )

    async def _main(self) -> None:
        try:
            chunks, queue = anyio.create_memory_object_stream[Chunk](0)
            async with anyio.create_task_group() as tasks, queue:
                tasks.start_soon(self._read, chunks)
                self._add_senders(queue, tasks)
            self._finished = True
        except* (anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass  # the reader has left, or what ended it is kept in _error
        except* Exception as group:  # noqa: BLE001 - told to the reader, whatever it is
            self._error = self._error or only(group)
        finally:
            self._error = self._error or await self._feed.aclose()
            if not self._finished:
                self._error = self._error or ClosedError(
                    "the client was closed during these submissions: keep it open until they are read"
                )
            self._out.close()

    async def _read(self, chunks: MemoryObjectSendStream[Chunk]) -> None:
        async with chunks:
            async with anyio.create_task_group() as tasks:
                if self._linger is not None:
                    tasks.start_soon(self._tick, chunks, self._linger)
                while batch := await self._next_batch():
                    good, bad, _ = sorts(batch)
                    self._chunker.add_all(good)
                    if bad:
                        await self._out.put(_rejected(bad))
                    await self._pass_on(chunks)
                tasks.cancel_scope.cancel()
            self._chunker.end()
            await self._pass_on(chunks)

    async def _tick(self, chunks: MemoryObjectSendStream[Chunk], seconds: float) -> None:
        """Rows wait only so long for others to travel with."""
        while True:
            await anyio.sleep(seconds)
            self._chunker.tick()
            await self._pass_on(chunks)

    async def _next_batch(self) -> Batch:
        try:
            return await self._feed.batch()
        except Exception as error:  # noqa: BLE001 - the input is the caller's code
            # The input's own error: what was read before it is still submitted.
            self._error = self._error or error
            return []

    async def _pass_on(self, chunks: MemoryObjectSendStream[Chunk]) -> None:
        while (chunk := self._chunker.take()) is not None:
            await chunks.send(chunk)

    def _add_senders(self, queue: MemoryObjectReceiveStream[Chunk], tasks: TaskGroup) -> None:
        """As many as the distance to the server asks for, where the caller does not say."""
        while self._senders < (self._concurrency or self._submitter.at_once):
            self._senders += 1
            tasks.start_soon(self._send, queue.clone(), tasks)

    async def _send(self, queue: MemoryObjectReceiveStream[Chunk], tasks: TaskGroup) -> None:
        async with queue:
            async for chunk in queue:
                submission = await self._submit(chunk)
                self._add_senders(queue, tasks)
                await self._out.put(submission)
                if self._error is not None and submission.error is self._error:
                    return

    async def _submit(self, chunk: Chunk) -> Submission:
        result = await self._submitter.submit(self._kind, chunk.payloads)
        if not isinstance(result, GaveUp):
            none = RowOutcomes([], [], [], {}, None, None)
            return Submission(
                chunk.number, result.job, list(chunk.positions), none, resent=result.resent
            )
        refusal = refusal_of(result.error, result.unsure, self._kind)
        if refusal.ends_run:
            self._error = self._error or refusal.error
        rows = len(chunk)
        outcomes = RowOutcomes(
            chunk.positions,
            chunk.keys,
            [refusal.outcome] * rows,
            dict.fromkeys(range(rows), refusal.reason),
            None,
            chunk.number,
        )
        return Submission(chunk.number, None, list(chunk.positions), outcomes, refusal.error)


def _rejected(bad: list[BadRow]) -> Submission:
    return Submission(None, None, [row.position for row in bad], rejected_rows(bad)[0])
