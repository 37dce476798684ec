"""Each thing that a run learns, and the one step that follows: what is noted, counted and told."""

from __future__ import annotations

from collections import deque
from typing import Any, cast

import pytest

from gameball_async.api.jobs import Job, JobResults, JobState, JobStatus, Transition
from gameball_async.api.kinds import KINDS, Replay
from gameball_async.api.responses import error_for
from gameball_async.bulk.chunks import Chunker, LookAhead
from gameball_async.bulk.events import BulkEvent, Settled, Submitted
from gameball_async.bulk.in_flight import AskOrders, InFlight, Step
from gameball_async.bulk.state import RunState
from gameball_async.errors import (
    AnswerLostError,
    ErrorObject,
    FateUnknownError,
    Fault,
    GameballError,
    NotSentError,
    RunDeadlineError,
    UnknownJobError,
)
from gameball_async.jobs.submit import Accepted
from gameball_async.journal.header import Header
from gameball_async.journal.history import Used
from gameball_async.journal.state import ChunkRecord, Odd, Resumable, Stage, left_to_do
from gameball_async.limits.calls import GaveUp
from gameball_async.rows.outcome import Outcome, Reason, RowOutcome
from gameball_async.rows.report import Tally
from gameball_async.rows.row import BadRow, Prepared

OK, FAILED, UNSURE = Outcome.SUCCEEDED, Outcome.FAILED, Outcome.INDETERMINATE
REJECTED, UNSENT, PENDING = Outcome.REJECTED, Outcome.UNSENT, Outcome.PENDING
COMPLETED, RUNNING = JobState.COMPLETED, JobState.RUNNING
WRONG_KEYS = error_for(ErrorObject(401, 1000, message="Bad key"), "a submission")
BAD = error_for(ErrorObject(400, 3016, message="Bad payload"), "a submission")
LOST = FateUnknownError("customers", "lost")


class Notes:
    """A journal that keeps what it is told."""

    def __init__(self) -> None:
        self.written: list[tuple[Any, ...]] = []

    def __getattr__(self, verb: str) -> Any:
        async def write(*given: Any) -> None:
            self.written.append((verb, *given))

        return write


def run_state(kind: str = "customers", *, window: int = 4, rows: int = 2) -> RunState:
    of = KINDS[kind]
    ahead = LookAhead(10)
    chunker = Chunker(
        of.chunking, with_item_ids=of.item_key is not None, max_rows=rows, look_ahead=ahead
    )
    return RunState(of, chunker, Tally(kind), window=window)


def rows_of(keys: str, start: int = 0) -> list[Prepared]:
    return [Prepared(n, key, f"i{n}", b"{}") for n, key in enumerate(keys, start)]


def carried_out(
    step: Any, notes: Notes | None = None
) -> tuple[list[tuple[Any, ...]], BulkEvent | None]:
    """What a step writes, and what it tells."""
    assert isinstance(step, Step)
    notes = notes or Notes()
    if step.note is not None:
        with pytest.raises(StopIteration):
            cast(Any, step.note(cast(Any, notes))).send(None)
    return notes.written, step.done()


def settled(event: BulkEvent | None) -> list[tuple[int, Outcome]]:
    assert isinstance(event, Settled)
    return [(each.position, each.outcome) for each in event.outcomes]


def sent(state: RunState) -> InFlight:
    flight = state.next_chunk()
    assert flight is not None
    flight.noted = flight.touched = True
    return flight


def accepted(state: RunState, number: int = 7, *, resent: bool = False) -> InFlight:
    flight = sent(state)
    job = Job(number, state.kind.name, len(flight.chunk))
    carried_out(state.answered(flight, Accepted(job, resent)))
    return flight


def status(job_id: int, state: JobState, *good: str, bad: tuple[str, ...] = ()) -> JobStatus:
    def named(keys: tuple[str, ...]) -> list[Any]:
        return [{"customerId": key} for key in keys]

    results = JobResults(named(good), named(bad)) if state.final else None
    return JobStatus(job_id, state, results=results)


def moved(state: RunState, flight: InFlight, now: JobStatus) -> Step | AskOrders | None:
    assert flight.job is not None
    return state.moved(Transition(flight.job, None, now))


# -- rows in


def test_a_new_run_has_done_nothing() -> None:
    state = run_state()
    assert (state.rows_read, state.chunks, state.jobs, state.settled_before) == (0, 0, 0, 0)
    assert (state.used_before, state.left_open, state.input_ended) == (Used(), [], False)


def test_all_rows_that_were_read_are_counted() -> None:
    state = run_state()
    for start in (0, 2, 4):
        state.read(rows_of("ab", start))
    assert state.rows_read == 6


def test_a_job_number_that_comes_twice_proves_nothing_of_the_second_chunk() -> None:
    state = run_state()
    state.read(rows_of("abcd"))
    accepted(state, 7)
    _, event = carried_out(state.answered(sent(state), Accepted(Job(7, "customers", 2), False)))
    assert settled(event) == [(2, UNSURE), (3, UNSURE)]
    assert isinstance(event, Settled)
    assert "the answer named job 7, which belongs to another chunk" in str(event.outcomes[0].reason)


def test_rows_that_cannot_be_sent_are_noted_counted_and_told_at_once() -> None:
    state = run_state()
    bad = BadRow(1, (Fault("customerId", "is missing"),), "k")
    (step,) = state.read([rows_of("a")[0], bad])
    assert (state.rows_read, state.chunker.waiting) == (2, 1)
    assert state.tally.counts[REJECTED] == 1, "before the note is written"
    ((verb, rows),), event = carried_out(step)
    assert verb == "rejected"
    assert [(row.position, row.key) for row in rows] == [(1, "k")]
    assert settled(event) == [(1, REJECTED)]
    assert isinstance(event, Settled) and (event.chunk, event.job) == (None, None)
    assert next(iter(state.leave())).outcomes[0].position == 0, "told once"
    assert state.read(rows_of("b", 2)) == []


def test_a_rejected_row_that_was_not_told_is_told_when_the_run_is_left() -> None:
    state = run_state()
    state.read([BadRow(0, (Fault("", "is odd"),))])
    state.read([BadRow(1, (Fault("", "is odd"),))])
    assert [settled(event) for event in state.leave()] == [[(0, REJECTED)], [(1, REJECTED)]]
    assert not list(state.leave())


def test_of_two_orders_with_one_id_the_second_is_rejected_and_all_are_counted() -> None:
    state = run_state("orders")
    rows = [Prepared(n, "a", "same", b"{}") for n in range(2)]
    (step,) = state.read(rows)
    _, event = carried_out(step)
    assert settled(event) == [(1, REJECTED)]
    assert (state.rows_read, state.chunker.waiting) == (2, 1)


def test_ids_are_remembered_as_far_as_rows_are_read_ahead() -> None:
    state = run_state("orders")
    state.read([Prepared(n, "a", f"i{n}", b"{}") for n in range(11)])
    assert state.read([Prepared(11, "a", "i0", b"{}")]) == [], "the eleventh is forgotten"
    (step,) = state.read([Prepared(12, "a", "i5", b"{}")])
    _, event = carried_out(step)
    assert settled(event) == [(12, REJECTED)]


# -- chunks out


def test_as_many_chunks_are_in_flight_as_the_window_holds() -> None:
    state = run_state(window=2)
    state.read(rows_of("abcdef"))
    for number in (1, 2):
        assert state.may_send
        assert sent(state).chunk.number == number
        assert (state.chunks, sorted(state.flights.by_number)) == (
            number,
            list(range(1, number + 1)),
        )
    assert not state.may_send
    assert state.next_chunk() is None
    assert not state.all_sent


def test_all_is_sent_once_the_input_has_ended_and_nothing_waits() -> None:
    state = run_state()
    state.read(rows_of("ab"))
    assert not state.all_sent
    state.chunker.end()
    assert not state.all_sent
    sent(state)
    assert state.all_sent


def test_after_a_stop_nothing_is_sent() -> None:
    state = run_state()
    state.read(rows_of("ab"))
    state.stop()
    assert not state.may_send
    assert state.next_chunk() is None
    assert state.all_sent
    assert state.error is None


@pytest.mark.parametrize("resent", [True, False])
def test_an_accepted_chunk_is_noted_with_its_job_and_lets_its_bytes_go(resent: bool) -> None:
    state = run_state()
    state.read(rows_of("ab"))
    flight = sent(state)
    job = Job(7, "customers", 2)
    step = state.answered(flight, Accepted(job, resent))
    assert step.shielded
    assert carried_out(step) == ([("accepted", 1, 7, resent)], Submitted(1, job, 2))
    assert (flight.job, flight.resent, state.jobs) == (job, resent, 1)
    assert not flight.chunk.payloads
    assert state.flights.open_jobs() == [job]


def test_a_chunk_that_may_have_been_applied_before_stays_so() -> None:
    state = run_state()
    state.read(rows_of("ab"))
    flight = sent(state)
    flight.resent = True
    written, _ = carried_out(state.answered(flight, Accepted(Job(7, "customers", 2), False)))
    assert written == [("accepted", 1, 7, True)]
    assert flight.resent


def test_a_refusal_of_what_may_have_been_applied_before_proves_nothing() -> None:
    state = run_state()
    state.read(rows_of("ab"))
    flight = sent(state)
    flight.resent = True
    _, event = carried_out(state.answered(flight, GaveUp(BAD, unsure=False)))
    assert settled(event) == [(0, UNSURE), (1, UNSURE)]


def test_a_refused_chunk_is_settled_with_what_is_said_of_it() -> None:
    state = run_state()
    state.read(rows_of("ab"))
    step = state.answered(sent(state), GaveUp(BAD, unsure=False))
    assert not state.stopping
    assert not state.tally.settled, "it counts once it is noted"
    (note,), event = carried_out(step)
    reason = Reason("Bad payload", 3016)
    assert note == ("settled", 1, [REJECTED] * 2, {0: reason, 1: reason}, None)
    assert settled(event) == [(0, REJECTED), (1, REJECTED)]
    assert isinstance(event, Settled) and (event.chunk, event.job) == (1, None)
    assert +state.tally.counts == {REJECTED: 2}
    assert not state.flights.by_number


def test_a_row_alone_is_settled_like_many() -> None:
    state = run_state(rows=1)
    state.read(rows_of("ab"))
    written, event = carried_out(state.answered(sent(state), GaveUp(BAD, unsure=False)))
    assert [verb for verb, *_ in written] == ["settled"]
    assert settled(event) == [(0, REJECTED)]
    lost = NotSentError("no way")
    written, event = carried_out(state.answered(sent(state), GaveUp(lost, unsure=False)))
    assert (written, settled(event)) == ([("dropped", 2)], [(1, UNSENT)])


def test_a_chunk_that_never_left_is_dropped_and_ends_the_run() -> None:
    state = run_state()
    state.read(rows_of("abcd"))
    error = NotSentError("no way")
    written, event = carried_out(state.answered(sent(state), GaveUp(error, unsure=False)))
    assert written == [("dropped", 1)]
    assert settled(event) == [(0, UNSENT), (1, UNSENT)]
    assert state.stopping and state.error is error


def test_a_chunk_that_the_journal_does_not_have_is_not_dropped_from_it() -> None:
    state = run_state()
    state.read(rows_of("ab"))
    flight = state.next_chunk()
    assert flight is not None
    written, _ = carried_out(state.answered(flight, GaveUp(NotSentError("no way"), unsure=False)))
    assert written == []
    assert not list(state.put_away())


def test_a_chunk_refused_for_its_keys_is_dropped_so_that_a_resumed_run_sends_it() -> None:
    state = run_state()
    state.read(rows_of("ab"))
    state.chunker.end()
    state.input_ended = True
    written, event = carried_out(state.answered(sent(state), GaveUp(WRONG_KEYS, unsure=False)))
    assert written == [("dropped", 1)]
    assert settled(event) == [(0, REJECTED), (1, REJECTED)]
    assert state.stopping and state.error is WRONG_KEYS
    assert not state.nothing_left
    assert not state.end()


@pytest.mark.parametrize("kind", ["customers", "balance-adjustments"])
def test_doubt_that_ends_a_run_is_left_to_a_resumed_one_where_the_bytes_may_go_again(
    kind: str,
) -> None:
    state = run_state(kind)
    state.read(rows_of("ab"))
    state.chunker.end()
    state.input_ended = True
    state.stop()
    assert state.nothing_left is False
    state = run_state(kind)
    state.read(rows_of("ab"))
    state.chunker.end()
    state.input_ended = True
    flight = sent(state)
    state.stop()
    written, event = carried_out(state.answered(flight, GaveUp(LOST, unsure=True)))
    again = KINDS[kind].replay is not Replay.UNREPEATABLE
    assert [verb for verb, *_ in written] == ([] if again else ["settled"])
    assert settled(event) == [(0, UNSURE), (1, UNSURE)]
    assert state.nothing_left == (not again)


def test_a_chunk_too_large_is_dropped_and_its_rows_wait_again() -> None:
    state = run_state()
    state.read(rows_of("ab"))
    too_large = error_for(ErrorObject(413, None, message="Too large"), "a submission")
    written, event = carried_out(state.answered(sent(state), GaveUp(too_large, unsure=False)))
    assert (written, event) == ([("dropped", 1)], None)
    assert (state.chunker.waiting, state.flights.by_number) == (2, {})
    assert not state.tally.settled


@pytest.mark.parametrize("doubts", [2, 3])
def test_the_third_doubt_in_a_row_stops_the_run_and_says_so(doubts: int) -> None:
    state = run_state()
    state.read(rows_of("abcdef"))
    for flight in [sent(state) for _ in range(3)][:doubts]:
        carried_out(state.answered(flight, GaveUp(LOST, unsure=True)))
    assert state.stopping == (doubts == 3)
    if state.stopping:
        assert isinstance(state.error, FateUnknownError)
        assert state.error.evidence == (
            "the third in a row, so the run stopped and did not send the remaining rows; the "
            f"last error: {LOST}"
        )


def test_an_accepted_chunk_ends_a_row_of_doubts() -> None:
    state = run_state(window=9)
    state.read(rows_of("abcdefghij"))
    flights = [sent(state) for _ in range(5)]
    for number, flight in enumerate(flights):
        if number == 2:
            state.answered(flight, Accepted(Job(7, "customers", 2), False))
        else:
            carried_out(state.answered(flight, GaveUp(LOST, unsure=True)))
    assert not state.stopping


def test_after_a_certain_answer_doubts_are_counted_from_the_first_again() -> None:
    state = run_state(window=9)
    state.read(rows_of("abcdefgh"))
    flights = [sent(state) for _ in range(4)]
    carried_out(state.answered(flights[0], GaveUp(BAD, unsure=False)))
    for number, flight in enumerate(flights[1:], start=1):
        carried_out(state.answered(flight, GaveUp(LOST, unsure=True)))
        assert state.stopping == (number == 3)


def test_the_error_that_ended_a_run_first_is_kept() -> None:
    state = run_state()
    first, second = NotSentError("first"), NotSentError("second")
    state.fail(None)
    assert state.error is None
    state.fail(first)
    state.stop(second)
    state.stop()
    assert state.error is first


# -- jobs


def test_a_jobs_end_settles_its_rows_and_lets_its_customers_go() -> None:
    state = run_state(rows=3)
    state.read(rows_of("abc") + rows_of("a", 3))
    state.chunker.end()
    flight = accepted(state)
    assert moved(state, flight, status(7, RUNNING)) is None
    assert flight.state is RUNNING
    assert state.next_chunk() is None, "the customer's job is open"
    step = moved(state, flight, status(7, COMPLETED, "a", bad=("b",)))
    (note,), event = carried_out(step)
    verb, number, outcomes, reasons, entries = note
    assert (verb, number, outcomes) == ("settled", 1, [OK, FAILED, UNSURE])
    assert [str(reasons[n]) for n in (1, 2)] == [
        "refused without a reason", "the answer does not name this row",
    ]  # fmt: skip
    assert entries() == {}
    assert isinstance(event, Settled) and (event.chunk, event.job) == (1, flight.job)
    assert [each.job_id for each in event.outcomes] == [7] * 3
    assert [each.chunk for each in event.outcomes] == [1] * 3
    assert +state.tally.counts == {OK: 1, FAILED: 1, UNSURE: 1}
    assert state.flights.ended == {COMPLETED: 1}
    assert list(sent(state).chunk.positions) == [3]


def test_what_an_end_lists_is_told_with_each_row() -> None:
    state = run_state("cashback")
    state.read(rows_of("ab"))
    flight = accepted(state)
    entries: list[Any] = [{"customerId": key, "earned": 5} for key in "ab"]
    before = JobResults(entries[:1], [])
    now = JobStatus(7, COMPLETED, results=JobResults(entries, []), earlier=before)
    _, event = carried_out(moved(state, flight, now))
    assert isinstance(event, Settled)
    assert [each.result for each in event.outcomes] == entries
    assert flight.seen is not None
    assert flight.seen.results is flight.seen.earlier is None, "lists are not kept"


@pytest.mark.parametrize("exists", [True, False])
def test_orders_that_an_answer_does_not_tell_apart_are_asked_for(exists: bool) -> None:
    state = run_state("orders")
    state.read(rows_of("aa"))
    state.chunker.end()
    flight = accepted(state)
    found = moved(state, flight, status(7, COMPLETED, "a", bad=("a",)))
    assert isinstance(found, AskOrders)
    assert list(found.order_ids) == ["i0", "i1"]
    step = found.answered({"i0": exists, "i1": not exists})
    (note,), event = carried_out(step)
    assert note[:3] == ("settled", 1, [OK, FAILED] if exists else [FAILED, OK])
    assert settled(event) == [(0, OK if exists else FAILED), (1, FAILED if exists else OK)]


def test_what_an_end_lists_is_told_with_each_order_after_asking_too() -> None:
    state = run_state("orders", rows=3)
    state.read(rows_of("aab"))
    state.chunker.end()
    flight = accepted(state)
    entries: list[Any] = [{"customerId": "b", "points": 5}, {"customerId": "a", "points": 7}]
    found = moved(state, flight, JobStatus(7, COMPLETED, results=JobResults(entries, [])))
    assert isinstance(found, AskOrders)
    (note,), event = carried_out(found.answered({"i0": True, "i1": False}))
    assert isinstance(event, Settled)
    assert [each.result for each in event.outcomes] == [None, None, entries[0]]
    assert note[4]() == {2: entries[0]}


def lost(state: RunState, flight: InFlight, error: GameballError) -> Step | AskOrders | None:
    assert flight.job is not None
    return state.lost(flight.job, error)


def test_a_job_that_is_unknown_while_others_answer_leaves_its_rows_in_doubt() -> None:
    state = run_state()
    state.read(rows_of("abcd"))
    first, second = accepted(state, 7), accepted(state, 8)
    assert state.jobs == 2
    moved(state, first, status(7, RUNNING))
    unknown = UnknownJobError(8)
    _, event = carried_out(lost(state, second, unknown))
    assert settled(event) == [(2, UNSURE), (3, UNSURE)]
    assert isinstance(event, Settled)
    assert {str(each.reason) for each in event.outcomes} == {str(unknown)}
    assert not state.stopping
    assert state.flights.ended == {JobState.QUEUED: 1}


@pytest.mark.parametrize("why", ["it was there", "nothing answers", "another error"])
def test_a_job_that_may_come_back_stays_open_for_a_resumed_run(why: str) -> None:
    state = run_state()
    state.read(rows_of("abcd"))
    first, second = accepted(state, 7), accepted(state, 8)
    if why != "nothing answers":
        moved(state, first, status(7, RUNNING))
    error = AnswerLostError("lost") if why == "another error" else UnknownJobError(8)
    assert lost(state, first if why == "it was there" else second, error) is None
    assert state.stopping and state.error is error
    assert len(state.flights.open_jobs()) == 2


def may_send(state: RunState) -> bool:
    return state.may_send


def test_the_first_status_opens_the_window_of_a_kind_that_cannot_be_repeated() -> None:
    state = run_state("balance-adjustments", window=3)
    state.read(rows_of("abcdef"))
    flight = accepted(state)
    assert not may_send(state)
    assert state.next_chunk() is None
    moved(state, flight, status(7, RUNNING))
    assert may_send(state)
    for _ in range(2):
        sent(state)
    assert not may_send(state)


# -- the end


@pytest.mark.parametrize("ended", [True, False])
def test_a_run_is_complete_once_its_input_was_read_to_the_end(ended: bool) -> None:
    state = run_state()
    state.chunker.end()
    state.input_ended = ended
    assert state.end() == ended
    state.fail(NotSentError("no way"))
    assert not state.end()


def nothing_left(state: RunState) -> bool:
    return state.nothing_left


def test_nothing_is_left_only_where_all_was_read_and_sent() -> None:
    state = run_state()
    state.chunker.end()
    assert not nothing_left(state), "the input was not read to its end"
    state.input_ended = True
    assert nothing_left(state)
    state._again = deque([cast(InFlight, object())])
    assert not nothing_left(state)
    state = run_state()
    state.input_ended = True
    assert not nothing_left(state), "rows may still come"
    state.chunker.end()
    state.tally.add(UNSENT, None)
    assert not nothing_left(state)


def test_a_run_that_takes_too_long_names_its_open_jobs() -> None:
    state = run_state()
    state.read(rows_of("ab"))
    accepted(state)
    error = state.overdue("it took an hour")
    assert isinstance(error, RunDeadlineError)
    assert error.left_open == {7: "queued"}
    assert str(error).startswith("it took an hour; jobs still open: 7 (queued).")


def test_a_run_that_is_left_tells_every_row_and_keeps_its_open_jobs() -> None:
    state = run_state(window=3)
    state.read(rows_of("abcdefg"))
    opened, under_way, held = accepted(state), sent(state), sent(state)
    held.touched = False
    told = list(state.leave())
    assert [settled(event) for event in told] == [
        [(0, PENDING), (1, PENDING)],
        [(2, UNSURE), (3, UNSURE)],
        [(4, UNSENT), (5, UNSENT)],
        [(6, UNSENT)],
    ]
    assert [event.chunk for event in told] == [1, 2, 3, None]
    assert told[3].outcomes[0].key == "g"
    assert (told[3].job, told[3].outcomes[0].job_id, told[3].outcomes[0].chunk) == (None,) * 3
    assert state.left_open == [opened.job]
    assert +state.tally.counts == {PENDING: 2, UNSURE: 2, UNSENT: 3}
    assert not list(state.leave())
    assert state.left_open == [opened.job]
    notes = Notes()
    for note in state.put_away():
        carried_out(Step(note, lambda: None), notes)
    assert notes.written == [("dropped", held.chunk.number)], "of it not one byte has left"
    assert under_way.touched
    assert not list(state.put_away())


# -- a resumed run


def record(number: int, stage: Stage, keys: str, start: int, **more: Any) -> ChunkRecord:
    positions = list(range(start, start + len(keys)))
    job_id = None if stage is Stage.INTENDED else 70 + number
    payloads = [b"{}"] * len(keys)
    return ChunkRecord(number, stage, job_id, False, positions, list(keys), None, payloads, **more)


def resumed(kind: str = "customers") -> tuple[RunState, list[Step]]:
    chunks = [
        record(1, Stage.SETTLED, "ab", 0, succeeded=1),
        record(2, Stage.ACCEPTED, "cd", 2),
        record(5, Stage.INTENDED, "ef", 4),
    ]
    odd = [
        Odd(RowOutcome(1, FAILED, "b", Reason("no"), 71, 1)),
        Odd(RowOutcome(9, REJECTED, "j", Reason("bad"))),
        Odd(RowOutcome(0, OK, "a", Reason("before"), 71, 1)),
    ]
    header = Header(kind, "a", "o", "v", "c")
    recorded = Resumable(header, chunks, odd, used=Used(1.0, 2, 3, 4))
    state = run_state(kind)
    return state, state.take_up(recorded, left_to_do(recorded, KINDS[kind].replay))


def test_a_resumed_run_begins_with_what_the_journal_says() -> None:
    state, steps = resumed()
    assert steps == []
    assert (state.rows_read, state.chunks, state.jobs) == (7, 3, 2)
    assert state.used_before == Used(1.0, 2, 3, 4)
    assert +state.tally.counts == {OK: 1, FAILED: 1, REJECTED: 1}
    assert state.tally.reasons() == {"failed: no": 1, "rejected: bad": 1}
    assert state.settled_before == 3
    assert [(job.id, job.kind, job.rows) for job in state.flights.open_jobs()] == [
        (72, "customers", 2)
    ]


def test_a_resumed_run_sends_what_may_be_repeated_first_and_numbers_chunks_on() -> None:
    state, _ = resumed()
    state.chunker.end()
    assert state.may_send
    assert not state.all_sent
    again = state.next_chunk()
    assert again is not None
    assert (again.chunk.number, again.chunk.keys) == (5, ["e", "f"])
    assert (again.touched, again.noted, again.resent) == (True, True, True)
    assert state.chunks == 3, "it was counted before"
    assert state.next_chunk() is None
    assert state.all_sent


def test_customers_whose_chunk_is_under_way_wait_in_a_resumed_run_too() -> None:
    state, _ = resumed()
    state.next_chunk()
    state.read(rows_of("cezz", 20))
    state.chunker.end()
    chunk = sent(state).chunk
    assert (chunk.number, chunk.keys) == (6, ["z"])
    assert state.next_chunk() is None


def test_a_job_of_an_earlier_attempt_settles_its_rows() -> None:
    state, _ = resumed()
    flight = state.flights.by_job[72]
    _, event = carried_out(moved(state, flight, status(72, COMPLETED, "c", "d")))
    assert settled(event) == [(2, OK), (3, OK)]
    assert state.tally.settled - state.settled_before == 2


@pytest.mark.parametrize("job_id", [71, 72])
def test_the_number_of_an_earlier_job_proves_nothing_when_it_comes_again(job_id: int) -> None:
    state, _ = resumed()
    flight = state.next_chunk()
    assert flight is not None
    _, event = carried_out(state.answered(flight, Accepted(Job(job_id, "customers", 2), False)))
    assert settled(event) == [(4, UNSURE), (5, UNSURE)]


def test_what_cannot_be_repeated_is_settled_as_in_doubt_when_a_run_is_resumed() -> None:
    state, (step,) = resumed("balance-adjustments")
    (note,), event = carried_out(step)
    assert note[:3] == ("settled", 5, [UNSURE] * 2)
    assert settled(event) == [(4, UNSURE), (5, UNSURE)]
    assert "the run was cut off while it was being sent" in str(note[3][0])
    assert state.next_chunk() is None


def test_a_resumed_run_that_is_left_at_once_tells_the_rows_that_were_open() -> None:
    state, _ = resumed()
    assert [settled(event) for event in state.leave()] == [
        [(2, PENDING), (3, PENDING)],
        [(4, UNSURE), (5, UNSURE)],
    ]


def test_an_empty_journal_leaves_a_run_as_it_is() -> None:
    state = run_state()
    recorded = Resumable(Header("customers", "a", "o", "v", "c"), [], [])
    assert state.take_up(recorded, left_to_do(recorded, Replay.REPLAYABLE)) == []
    state.read(rows_of("ab"))
    assert sent(state).chunk.number == 1
