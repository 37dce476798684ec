"""What a run decides, as a plain object: whatever happens in whatever order, each row ends exactly once."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any, cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gameball_async.api.jobs import Job, JobResults, JobState, JobStatus, Transition
from gameball_async.api.kinds import KINDS
from gameball_async.api.responses import error_for
from gameball_async.bulk.chunks import Chunker
from gameball_async.bulk.events import BulkEvent, Settled, Submitted
from gameball_async.bulk.in_flight import AskOrders, InFlight, Step
from gameball_async.bulk.state import RunState
from gameball_async.errors import (
    ErrorObject,
    FateUnknownError,
    Fault,
    GameballError,
    JournalError,
    NotSentError,
    UnknownJobError,
)
from gameball_async.jobs.submit import Accepted
from gameball_async.limits.calls import GaveUp
from gameball_async.rows.outcome import Outcome
from gameball_async.rows.report import Tally
from gameball_async.rows.row import BadRow, Prepared, Unchanged

WINDOW = 4


class Notes:
    """A journal that keeps what it is told."""

    def __init__(self) -> None:
        self.written: list[tuple[Any, ...]] = []

    def __getattr__(self, verb: str) -> Any:
        async def write(*given: Any) -> None:
            self.written.append((verb, *given))

        return write


def run_state(kind: str = "customers", **more: Any) -> RunState:
    of = KINDS[kind]
    chunker = Chunker(of.chunking, with_item_ids=of.item_key is not None, max_rows=3, **more)
    return RunState(of, chunker, Tally(kind), window=WINDOW)


def row(position: int, key: str) -> Prepared:
    return Prepared(position, key, f"i{position}", b"{}")


def write(step: Step, notes: Notes) -> BulkEvent | None:
    """Carry a step out, without an event loop."""
    if step.note is not None:
        with pytest.raises(StopIteration):
            cast(Any, step.note(cast(Any, notes))).send(None)
    return step.done()


def refused(status: int) -> GameballError:
    return error_for(ErrorObject(status, 3016, message="Bad payload"), "a submission")


REFUSALS = {
    "refused": lambda: GaveUp(refused(400), unsure=False),
    "too large": lambda: GaveUp(refused(413), unsure=False),
    "wrong keys": lambda: GaveUp(refused(401), unsure=False),
    "lost": lambda: GaveUp(
        FateUnknownError("customers", "the answer was lost", False), unsure=True
    ),
    "not sent": lambda: GaveUp(NotSentError("no connection"), unsure=False),
}


class Run(RuleBasedStateMachine):
    """Rows are read, chunks leave, are accepted or refused; jobs move, end and are lost; notes are written."""

    @initialize(kind=st.sampled_from(["customers", "orders", "balance-adjustments"]))
    def begin(self, kind: str) -> None:
        self.state = run_state(kind)
        self.notes = Notes()
        self.sending: list[InFlight] = []
        self.jobs: dict[int, InFlight] = {}
        self.steps: dict[int, deque[Step]] = {}  # of each chunk, in the order they were decided
        self.questions: list[tuple[int, AskOrders]] = []
        self.told: list[BulkEvent] = []
        self.read_rows = self.last_job = 0
        self.left = False

    def decided(self, number: int, step: Step | None) -> None:
        if step is not None:
            self.steps.setdefault(number, deque()).append(step)

    @precondition(lambda self: not self.state.chunker.ended and not self.state.stopping)
    @rule(keys=st.lists(st.sampled_from("abcdef?="), min_size=1, max_size=5))
    def read(self, keys: list[str]) -> None:
        batch: list[Prepared | BadRow | Unchanged] = []
        for position, key in enumerate(keys, self.read_rows):
            bad = BadRow(position, (Fault("customerId", "is missing"),))
            same = Unchanged(position, "z", f"i{position}", b"0" * 16)
            batch.append(bad if key == "?" else same if key == "=" else row(position, key))
        self.read_rows += len(keys)
        for step in self.state.read(batch):
            self.decided(0, step)

    @rule()
    def end_input(self) -> None:
        for step in self.state.read_all():
            self.decided(0, step)
        self.state.chunker.end()

    @rule()
    def send(self) -> None:
        may_send = self.state.may_send
        flight = self.state.next_chunk()
        assert (flight is not None) == may_send
        if flight is not None:
            self.sending.append(flight)

    @precondition(lambda self: self.sending)
    @rule(data=st.data())
    def leaves(self, data: st.DataObject) -> None:
        """Bytes of a chunk leave; the journal was told before."""
        flight = data.draw(st.sampled_from(self.sending))
        flight.noted = flight.touched = True

    @precondition(lambda self: any(flight.touched for flight in self.sending))
    @rule(data=st.data(), resent=st.booleans(), again=st.booleans())
    def accepted(self, data: st.DataObject, resent: bool, again: bool) -> None:
        flight = data.draw(st.sampled_from([each for each in self.sending if each.touched]))
        self.sending.remove(flight)
        if not (again and self.last_job):  # else a proxy repeats an earlier answer
            self.last_job += 1
        job = Job(self.last_job, self.state.kind.name, len(flight.chunk))
        self.decided(flight.chunk.number, self.state.answered(flight, Accepted(job, resent)))
        if flight.job is not None:
            self.jobs[job.id] = flight

    @precondition(lambda self: self.sending)
    @rule(data=st.data(), why=st.sampled_from(sorted(REFUSALS)))
    def refused(self, data: st.DataObject, why: str) -> None:
        flight = data.draw(st.sampled_from(self.sending))
        self.sending.remove(flight)
        flight.noted = flight.touched = True
        self.decided(flight.chunk.number, self.state.answered(flight, REFUSALS[why]()))

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), ends=st.booleans(), named=st.integers(0, 7))
    def moved(self, data: st.DataObject, ends: bool, named: int) -> None:
        job_id = data.draw(st.sampled_from(sorted(self.jobs)))
        flight = self.jobs[job_id]
        good = [{"customerId": key} for n, key in enumerate(flight.chunk.keys) if named & 1 << n]
        state = JobState.COMPLETED if ends else JobState.RUNNING
        status = JobStatus(job_id, state, results=JobResults(good, []) if ends else None)
        assert flight.job is not None
        found = self.state.moved(Transition(flight.job, None, status))
        assert (found is not None) == ends
        self.found(job_id, found)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def lost(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(sorted(self.jobs)))
        job = self.jobs[job_id].job
        assert job is not None
        found = self.state.lost(job, UnknownJobError(job_id))
        assert found is not None or self.state.stopping
        self.found(job_id, found)

    def found(self, job_id: int, found: Step | AskOrders | None) -> None:
        if found is None:
            return
        number = self.jobs.pop(job_id).chunk.number
        if isinstance(found, AskOrders):
            self.questions.append((number, found))
        else:
            self.decided(number, found)

    @precondition(lambda self: self.questions)
    @rule(exists=st.booleans())
    def asked(self, exists: bool) -> None:
        number, question = self.questions.pop()
        self.decided(number, question.answered(dict.fromkeys(question.order_ids, exists)))

    @precondition(lambda self: any(self.steps.values()))
    @rule(data=st.data())
    def carry_out(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from([n for n, steps in self.steps.items() if steps]))
        event = write(self.steps[number].popleft(), self.notes)
        if event is not None:
            self.told.append(event)

    @rule()
    def stop(self) -> None:
        self.state.stop()

    @invariant()
    def nobody_is_in_two_open_chunks(self) -> None:
        flights = self.state.flights.by_number.values()
        keys = Counter(key for flight in flights for key in set(flight.chunk.keys))
        assert not [key for key, chunks in keys.items() if chunks > 1]

    @invariant()
    def no_more_chunks_are_open_than_may_be(self) -> None:
        careful = self.state.kind.name == "balance-adjustments" and not self.state._any_answered
        assert len(self.state.flights.by_number) <= (1 if careful else WINDOW)

    @invariant()
    def what_is_told_as_certain_is_noted(self) -> None:
        noted = {number for verb, number, *_ in self.notes.written if verb == "settled"}
        certain = (Outcome.SUCCEEDED, Outcome.FAILED)
        for event in self.told:
            if isinstance(event, Settled) and any(
                each.outcome in certain for each in event.outcomes
            ):
                assert event.chunk in noted

    @invariant()
    def a_job_is_noted_before_it_is_told(self) -> None:
        noted = {job for verb, _, job, *_ in self._verbs("accepted")}
        assert {e.job.id for e in self.told if isinstance(e, Submitted)} <= noted

    def _verbs(self, verb: str) -> list[tuple[Any, ...]]:
        return [note for note in self.notes.written if note[0] == verb]

    def teardown(self) -> None:
        if not hasattr(self, "state"):
            return
        self.told += self.state.leave()
        settled = [each for e in self.told if isinstance(e, Settled) for each in e.outcomes]
        assert sorted(each.position for each in settled) == list(range(self.read_rows))
        assert Counter(each.outcome for each in settled) == +self.state.tally.counts
        assert self.state.rows_read == self.read_rows == self.state.tally.settled
        assert not list(self.state.leave()), "leaving twice tells nothing twice"
        sent = {
            number for flight in self.sending if flight.touched for number in [flight.chunk.number]
        }
        for each in settled:
            if each.outcome is Outcome.UNSENT and each.chunk in sent:
                raise AssertionError("rows whose bytes have left are called unsent")


TestRun = Run.TestCase
TestRun.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)


def flown(state: RunState, *keys: str) -> InFlight:
    """A chunk with rows of these keys whose bytes have left."""
    state.read([row(n, key) for n, key in enumerate(keys, state.rows_read)])
    state.chunker.end()
    flight = state.next_chunk()
    assert flight is not None
    flight.noted = flight.touched = True
    return flight


def test_the_note_of_a_job_number_is_shielded_as_it_cannot_be_had_again() -> None:
    state = run_state()
    step = state.answered(flown(state, "a"), Accepted(Job(7, "customers", 1), False))
    assert step.shielded


def test_the_keys_of_a_chunk_go_again_only_once_its_outcomes_are_noted() -> None:
    state = run_state()
    flight = flown(state, "a", "a")
    state.answered(flight, Accepted(Job(7, "customers", 1), False)).done()
    status = JobStatus(7, JobState.COMPLETED, results=JobResults([{"customerId": "a"}], []))
    step = state.moved(Transition(Job(7, "customers", 1), None, status))
    assert isinstance(step, Step) and state.next_chunk() is None
    write(step, Notes())
    assert state.next_chunk() is not None


def test_three_chunks_in_a_row_whose_fate_is_unknown_stop_the_run() -> None:
    state = run_state()
    flights = []
    state.read([row(n, f"k{n}") for n in range(9)])
    for _ in range(3):
        flight = state.next_chunk()
        assert flight is not None
        flight.noted = flight.touched = True
        flights.append(flight)
    for flight in flights:
        assert not state.stopping
        state.answered(flight, REFUSALS["lost"]()).done()
    assert state.stopping and isinstance(state.error, FateUnknownError)


def test_a_chunk_that_is_too_large_goes_again_in_smaller_ones() -> None:
    state = run_state()
    flight = flown(state, "a", "b")
    notes = Notes()
    assert write(state.answered(flight, REFUSALS["too large"]()), notes) is None
    assert notes.written == [("dropped", 1)]
    smaller = [state.next_chunk(), state.next_chunk()]
    assert [list(each.chunk.keys) for each in smaller if each] == [["a"], ["b"]]


def test_a_row_that_is_too_large_alone_is_rejected() -> None:
    state = run_state()
    event = write(state.answered(flown(state, "a"), REFUSALS["too large"]()), Notes())
    assert isinstance(event, Settled)
    assert [each.outcome for each in event.outcomes] == [Outcome.REJECTED]


def test_a_chunk_that_the_journal_has_and_that_never_left_is_dropped_at_the_end() -> None:
    state = run_state()
    flight = flown(state, "a")
    flight.touched = False
    state.stop()
    (event,) = state.leave()
    assert event.outcomes[0].outcome is Outcome.UNSENT
    notes = Notes()
    for note in state.put_away():
        write(Step(note, lambda: None), notes)
    assert notes.written == [("dropped", 1)]


def in_flight(state: RunState, chunks: int) -> list[InFlight]:
    """So many chunks of one row each."""
    state.read([row(n, f"k{n}") for n in range(state.rows_read, state.rows_read + 3 * chunks)])
    flights = []
    while (flight := state.next_chunk()) is not None:
        flight.noted = flight.touched = True
        flights.append(flight)
    return flights


def test_one_chunk_of_a_kind_that_cannot_be_repeated_is_open_until_a_job_has_answered() -> None:
    state = run_state("balance-adjustments")
    (first,) = in_flight(state, 3)
    state.answered(first, Accepted(job := Job(1, "balance-adjustments", 3), False)).done()
    assert state.next_chunk() is None
    assert state.moved(Transition(job, None, JobStatus(1, JobState.RUNNING))) is None
    assert state.next_chunk() is not None and state.next_chunk() is not None


def test_a_job_number_that_comes_again_proves_nothing() -> None:
    state = run_state()
    first, second = in_flight(state, 2)
    state.answered(first, Accepted(Job(1, "customers", 3), False)).done()
    event = write(state.answered(second, Accepted(Job(1, "customers", 3), False)), Notes())
    assert isinstance(event, Settled) and second.job is None
    assert {each.outcome for each in event.outcomes} == {Outcome.INDETERMINATE}


def test_doubts_count_only_in_a_row() -> None:
    state = run_state()
    flights = in_flight(state, 4)
    for flight in flights[:2]:
        state.answered(flight, REFUSALS["lost"]()).done()
    state.answered(flights[2], REFUSALS["refused"]()).done()
    state.answered(flights[3], REFUSALS["lost"]()).done()
    assert not state.stopping


def test_doubt_that_stopped_a_run_does_not_hide_what_fails_afterwards() -> None:
    """Found by the simulation: a journal that failed after the doubt, and a run that was called complete."""
    state = run_state()
    flights = in_flight(state, 3)
    state.chunker.end()
    state.input_ended = True
    for flight in flights:
        state.answered(flight, REFUSALS["lost"]()).done()
    failed = JournalError("the disk is full")
    state.stop(failed)
    assert not state.end() and state.error is failed


def test_doubt_that_stopped_a_run_with_nothing_left_to_send_is_its_end() -> None:
    state = run_state("balance-adjustments")
    state._proved = True
    flights = in_flight(state, 3)
    state.chunker.end()
    state.input_ended = True
    for flight in flights:
        state.answered(flight, REFUSALS["lost"]()).done()
    assert state.stopping and state.end() and state.error is None
