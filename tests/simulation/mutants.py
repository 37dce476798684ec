"""Clients that are known to be bad, each by one change: the simulation must catch every one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from unittest.mock import patch

from attrs import evolve

from gameball_async.api.jobs import JobState
from gameball_async.api.kinds import Replay
from gameball_async.api.requests import join_items
from gameball_async.bulk import opening
from gameball_async.bulk import outcomes as judge
from gameball_async.bulk import state as states
from gameball_async.bulk.bulk import Bulk
from gameball_async.bulk.chunks import Chunker
from gameball_async.bulk.in_flight import Step, same
from gameball_async.bulk.order_doubts import Settlement
from gameball_async.errors import JournalError, UnknownJobError
from gameball_async.jobs import submit, watch
from gameball_async.journal import journal as journals
from gameball_async.journal import records as journal_records
from gameball_async.journal.file import LogFile
from gameball_async.journal.journal import JournalFile
from gameball_async.journal.state import Stage, left_to_do
from gameball_async.limits import calls
from gameball_async.limits import dispatcher as dispatch
from gameball_async.limits.retry import Evidence, evidence_of_status, next_step
from gameball_async.limits.windows import Budget
from gameball_async.rows.feed import Feed
from gameball_async.rows.outcome import Outcome, Reason

__all__ = ["MUTANTS"]

Mutant = Callable[[], Any]
MUTANTS: dict[str, Mutant] = {}


def _mutant(make: Mutant) -> Mutant:
    MUTANTS[make.__name__.replace("_", " ")] = make
    return make


@_mutant
def retry_every_post_on_timeout() -> Any:
    def again(replay: Replay, *rest: Any) -> Any:
        return next_step(Replay.REPLAYABLE, *rest)

    return patch.object(calls, "next_step", again)


@_mutant
def journal_after_the_send() -> Any:
    async def send(self: Any, request: Any, rank: Any, retry_after: Any, began: Any = None) -> Any:
        ticket = await self._slot(rank)
        try:
            answer = await self.carry(request, self._slot_of(ticket), retry_after)
            if began is not None:
                await began()
            return answer
        finally:
            self.turns.finished(ticket)
            self.nudge()

    return patch.object(dispatch.Dispatcher, "send", send)


@_mutant
def swallow_a_cancellation() -> Any:
    heard = Bulk.__anext__

    async def next_event(self: Any) -> Any:
        try:
            return await heard(self)
        except asyncio.CancelledError:
            raise StopAsyncIteration from None

    return patch.object(Bulk, "__anext__", next_event)


@_mutant
def trust_the_counts() -> Any:
    settle = judge.settle

    def counted(kind: Any, keys: Any, ids: Any, status: Any, **more: Any) -> Settlement:
        if status is None or not status.state.final or status.finished is None:
            return settle(kind, keys, ids, status, **more)
        good = min(status.finished, len(keys))
        ends = [Outcome.SUCCEEDED] * good + [Outcome.FAILED] * (len(keys) - good)
        return Settlement(ends, dict.fromkeys(range(good, len(keys)), Reason("counted")))

    return patch.object(judge, "settle", counted)


@_mutant
def forget_that_it_was_resent() -> Any:
    settle = judge.settle

    def forgetful(*given: Any, resent: bool, **more: Any) -> Settlement:
        return settle(*given, resent=False, **more)

    return patch.object(judge, "settle", forgetful)


@_mutant
def accept_a_repeated_job_id() -> Any:
    class Never(set[int]):
        def __contains__(self, _: object) -> bool:
            return False

    made = states.RunState.__init__

    def make(self: Any, *given: Any, **more: Any) -> None:
        made(self, *given, **more)
        self._seen_jobs = Never()

    return patch.object(states.RunState, "__init__", make)


@_mutant
def resend_unrepeatable_rows_on_resume() -> Any:
    return patch.object(opening, "left_to_do", lambda journal, _: left_to_do(journal, Replay.KEYED))


@_mutant
def settle_unsent_chunks() -> Any:
    def settling(self: Any, flight: Any, fates: Any, results: Any = None) -> Any:
        number, noted = flight.chunk.number, partial(self._noted, flight, fates, results)
        write = (lambda journal: journal.settled(number, *fates)) if flight.touched else None
        return Step(write, noted)

    return patch.object(states.RunState, "_settling", settling)


@_mutant
def skip_the_busy_check() -> Any:
    take = Chunker.take

    def take_and_release(self: Any) -> Any:
        chunk = take(self)
        if chunk is not None:
            self.release(chunk)
            self._open += 1
        return chunk

    return patch.object(Chunker, "take", take_and_release)


@_mutant
def count_404_as_failed() -> Any:
    lost = states.RunState.lost

    def give_up(self: Any, job: Any, error: Any) -> Any:
        if not isinstance(error, UnknownJobError):
            return lost(self, job, error)
        flight = self.flights.by_job[job.id]
        return self._settling(
            flight, same(len(flight.chunk), Outcome.FAILED, Reason("no such job"))
        )

    return patch.object(states.RunState, "lost", give_up)


@_mutant
def treat_429_as_a_refusal() -> Any:
    def evidence(status: int) -> Evidence:
        return Evidence.REFUSED if status == 429 else evidence_of_status(status)

    return patch.object(calls, "evidence_of_status", evidence)


@_mutant
def take_a_server_error_for_a_refusal() -> Any:
    def evidence(status: int) -> Evidence:
        return Evidence.REFUSED if status >= 500 else evidence_of_status(status)

    return patch.object(calls, "evidence_of_status", evidence)


@_mutant
def drop_odd_rows() -> Any:
    settled = journal_records.settled

    def hopeful(number: int, outcomes: Any, reasons: Any) -> Any:
        return settled(number, [end for end in outcomes if end is Outcome.SUCCEEDED], {})

    return patch.object(journal_records, "settled", hopeful)


@_mutant
def take_completed_without_lists_for_success() -> Any:
    settle = judge.settle

    def hopeful(kind: Any, keys: Any, ids: Any, status: Any, **more: Any) -> Settlement:
        if status is not None and status.state is JobState.COMPLETED and not status.results:
            return Settlement([Outcome.SUCCEEDED] * len(keys))
        return settle(kind, keys, ids, status, **more)

    return patch.object(judge, "settle", hopeful)


@_mutant
def acknowledge_what_is_not_kept() -> Any:
    return patch.object(LogFile, "keep", lambda self: None)


@_mutant
def go_on_with_any_copy() -> Any:
    return patch.object(journals, "why_not", lambda *given: None)


@_mutant
def go_on_after_a_failed_write() -> Any:
    write = JournalFile._write

    async def careless(self: Any, frame: Any, **more: Any) -> None:
        try:
            await write(self, frame, **more)
        except JournalError:
            self._broken = None

    return patch.object(JournalFile, "_write", careless)


@_mutant
def forget_the_job_number() -> Any:
    async def nothing(self: Any, *given: Any) -> None: ...

    return patch.object(JournalFile, "accepted", nothing)


@_mutant
def read_the_input_from_the_start_on_resume() -> Any:
    return patch.object(Feed, "skip", lambda self, done: None)


@_mutant
def let_customers_of_open_jobs_go_on_resume() -> Any:
    def occupy(self: Any, chunk: Any) -> None:
        self._open += 1

    return patch.object(Chunker, "occupy", occupy)


@_mutant
def lose_the_last_row_of_a_chunk() -> Any:
    def short(payloads: Sequence[bytes]) -> bytes:
        return join_items(list(payloads)[: max(1, len(payloads) - 1)])

    return patch.object(submit, "join_items", short)


@_mutant
def one_request_too_many() -> Any:
    free = Budget._window_free

    def loose(self: Any, now: float, limit: int, seconds: float) -> float:
        return free(self, now, limit + 1, seconds)

    return patch.object(Budget, "_window_free", loose)


@_mutant
def forget_the_requests_of_the_process_before() -> Any:
    return patch.object(Budget, "recall", lambda self, now, ages: None)


@_mutant
def never_give_a_customer_back() -> Any:
    return patch.object(Chunker, "release", lambda self, chunk: None)


@_mutant
def take_a_bad_answer_for_the_end() -> Any:
    read = watch.Watch._read

    def hasty(self: Any, answer: Any, job_id: int) -> Any:
        status = read(self, answer, job_id)
        return evolve(status, state=JobState.COMPLETED) if status.share else status

    return patch.object(watch.Watch, "_read", hasty)


@_mutant
def settle_chunks_in_doubt_as_failed() -> Any:
    def hopeless(journal: Any, replay: Any) -> Any:
        left = left_to_do(journal, replay)
        for record in left.doubtful:
            record.stage = Stage.SETTLED
        left.doubtful.clear()
        return left

    return patch.object(opening, "left_to_do", hopeless)


@_mutant
def read_on_from_where_the_last_chunk_ends() -> Any:
    """Rows that were passed over, as they waited for an open job, are lost."""
    skip = Feed.skip

    def skip_more(self: Any, done: Any) -> None:
        last = max((n for n in range(100) if n in done), default=-1)
        skip(self, range(last + 1))

    return patch.object(Feed, "skip", skip_more)
