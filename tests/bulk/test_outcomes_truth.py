"""
Outcomes held against a simulated server that knows the truth and answers it badly.

It drops, doubles and reorders entries and adds foreign ones, but invents nothing about our rows,
and of one customer it does not double entries while others are missing: a list that is wrong in
both ways at once looks like a right one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st

from gameball_async.api.jobs import JobResults, JobState, JobStatus
from gameball_async.api.kinds import KINDS, Kind
from gameball_async.bulk.order_doubts import Settlement, settle_orders
from gameball_async.bulk.outcomes import settle
from gameball_async.rows.outcome import Outcome

Entry = Mapping[str, Any]
NAMES = st.sampled_from(["a", "b", "c", "D", "007", " e", "ü"])
EXISTS = [
    {"code": 9004, "message": "Transaction id already exists"},
    {"error": "Order id already exists"},
    {"error": "9004: exists"},
    {"error": "Could not be added"},  # a duplicate that nobody can recognise
]
AT_FAULT: list[dict[str, Any]] = [
    {"code": 7000, "error": "Customer not found"},
    {"code": 3000, "message": "Missing arguments"},
    {"error": "Failed to create"},
]
PASSING: list[dict[str, Any]] = [
    {"code": 2001, "error": "In progress"},
    {"code": 9003, "message": "Transaction time already exists"},
    {"error": "Failed to create"},
    {},
]


@define
class World:
    """What happened to a chunk, and what the server says of it."""

    kind: Kind
    keys: list[str]
    items: list[str]
    resent: bool
    before: set[str]
    applied: set[int] = field(factory=set)
    good: list[tuple[str, Entry]] = field(factory=list)
    bad: list[tuple[str, Entry]] = field(factory=list)

    def exists(self, row: int) -> bool:
        item = self.items[row]
        return item in self.before or any(self.items[other] == item for other in self.applied)


@st.composite
def worlds(draw: st.DrawFn, kind: str | None = None, *, before: bool = True) -> World:
    """A chunk, sent once or twice, its rows applied or refused."""
    table = KINDS[kind or draw(st.sampled_from([name for name in KINDS if KINDS[name].key]))]
    size = draw(st.integers(1, 8))
    keys = draw(st.lists(NAMES, min_size=size, max_size=size))
    items = [f"o{row}" for row in range(size)]
    rows = st.sets(st.integers(0, size - 1))
    there = {items[row] for row in draw(rows)} if before and table.item_key else set()
    # What may be repeated is applied anew by its last attempt, and that is what counts.
    resent = table.replay.value == "keyed" and draw(st.booleans())
    world = World(table, keys, items, resent, there)
    at_fault, carried = draw(rows), table.item_key is not None and draw(st.booleans())
    if resent:
        world.applied |= {row for row in draw(rows) - at_fault if not world.exists(row)}
    stopped_at = draw(st.integers(0, size)) if draw(st.booleans()) else size
    for row in range(stopped_at):
        entry: dict[str, Any] = {"customerId": keys[row]}
        if carried:
            entry[table.item_key or ""] = items[row]
        if row in at_fault:
            world.bad.append((keys[row], entry | draw(st.sampled_from(AT_FAULT))))
        elif table.item_key is not None and world.exists(row):
            world.bad.append((keys[row], entry | draw(st.sampled_from(EXISTS))))
        elif draw(st.booleans()):
            world.applied.add(row)
            world.good.append((keys[row], entry))
        else:
            world.bad.append((keys[row], entry | draw(st.sampled_from(PASSING))))
    return world


@st.composite
def answers(draw: st.DrawFn, world: World, *, whole: bool = False) -> JobStatus:
    """The server's answer: true in each entry, or in all."""
    processed = len(world.good) + len(world.bad)
    dropping = set() if whole else draw(st.sets(NAMES)) | set(world.keys[processed:])
    lists: list[list[Entry]] = []
    for entries in (world.good, world.bad):
        told: list[Entry] = []
        for name, entry in entries:
            times = draw(st.sampled_from([0, 1] if name in dropping else [1, 1, 2]))
            told += [entry] * (1 if whole else times)
        if not whole:
            told += [{"customerId": "stranger"}] * draw(st.integers(0, 1))
            told = draw(st.permutations(told))
        lists.append(told)
    state = draw(st.sampled_from([JobState.COMPLETED, JobState.FAILED, JobState.STOPPED]))
    exact = (len(world.good), len(world.bad))
    finished, errors = draw(st.sampled_from([exact, (0, 0), (None, None)]))
    return JobStatus(1, state, finished=finished, errors=errors, results=JobResults(*lists))


def ask(world: World, status: JobStatus) -> Settlement:
    items = world.items if world.kind.item_key else None
    return settle(world.kind, world.keys, items, status, resent=world.resent)


def check_shape(world: World, told: Settlement) -> None:
    """Each row in one class, a reason for all but the plain successes."""
    assert len(told.outcomes) == len(world.keys)
    assert set(told.outcomes) <= {Outcome.SUCCEEDED, Outcome.FAILED, Outcome.INDETERMINATE}
    for row, outcome in enumerate(told.outcomes):
        assert (row in told.reasons) or outcome is Outcome.SUCCEEDED
    assert set(told.reasons) <= set(range(len(world.keys)))
    assert all(told.outcomes[row] is Outcome.INDETERMINATE for row in told.unsettled)
    assert len(set(told.unsettled)) == len(told.unsettled)


def check_truth(world: World, told: Settlement) -> None:
    """
    No success that was not applied, no failure that was.

    After an ambiguous attempt, that an id was somebody else's before cannot be told.
    """
    for row, outcome in enumerate(told.outcomes):
        if outcome is Outcome.SUCCEEDED:
            before = world.resent and world.items[row] in world.before
            assert row in world.applied or before
        elif outcome is Outcome.FAILED:
            assert row not in world.applied


@settings(max_examples=200)
@given(st.data())
def test_no_answer_makes_a_success_of_what_was_not_applied_or_a_failure_of_what_was(
    data: st.DataObject,
) -> None:
    """Whatever is dropped, doubled, reordered or foreign; and the classes partition the chunk."""
    world = data.draw(worlds())
    told = ask(world, data.draw(answers(world)))
    check_shape(world, told)
    check_truth(world, told)


@settings(max_examples=100)
@given(st.data())
def test_a_row_is_decided_only_by_an_entry_that_names_its_customer(data: st.DataObject) -> None:
    """On the list that its outcome says; or on the other with proof of an earlier attempt."""
    world = data.draw(worlds())
    status = data.draw(answers(world))
    assert status.results is not None
    good = {entry["customerId"] for entry in status.results.successful}
    bad = {entry["customerId"] for entry in status.results.failed}
    for row, outcome in enumerate(ask(world, status).outcomes):
        if outcome is Outcome.SUCCEEDED:
            assert world.keys[row] in (good | bad if world.resent else good)
        elif outcome is Outcome.FAILED:
            assert world.keys[row] in bad


@settings(max_examples=100)
@given(st.data())
def test_a_whole_answer_to_rows_of_different_customers_leaves_nothing_open(
    data: st.DataObject,
) -> None:
    """Each processed row has its true outcome where no attempt was ambiguous."""
    world = data.draw(worlds())
    if world.resent or len(set(world.keys)) < len(world.keys):
        return
    told = ask(world, data.draw(answers(world, whole=True)))
    processed = len(world.good) + len(world.bad)
    for row, outcome in enumerate(told.outcomes):
        if row >= processed:
            assert outcome is Outcome.INDETERMINATE
        else:
            assert outcome is (Outcome.SUCCEEDED if row in world.applied else Outcome.FAILED)


@settings(max_examples=200)
@given(st.data())
def test_asking_for_orders_keeps_to_the_truth_if_none_was_there_before(
    data: st.DataObject,
) -> None:
    """Whatever the first answer drops, and whichever orders are not answered for."""
    world = data.draw(worlds("orders", before=False))
    told = ask(world, data.draw(answers(world)))
    asked = data.draw(st.sets(st.sampled_from(world.items)))
    found = {world.items[row]: world.exists(row) for row in told.unsettled}
    after = settle_orders(told, world.items, {i: yes for i, yes in found.items() if i in asked})
    check_shape(world, after)
    check_truth(world, after)
    for before, now in zip(told.outcomes, after.outcomes, strict=True):
        assert now is before or before is Outcome.INDETERMINATE


@settings(max_examples=200)
@given(st.data())
def test_asking_for_orders_keeps_to_the_truth_after_a_whole_answer(data: st.DataObject) -> None:
    """Even where orders were there before the run: they are refused, and so on the list."""
    world = data.draw(worlds("orders"))
    if len(world.good) + len(world.bad) < len(world.keys):
        return
    told = ask(world, data.draw(answers(world, whole=True)))
    found = {item: world.exists(row) for row, item in enumerate(world.items)}
    after = settle_orders(told, world.items, found)
    check_shape(world, after)
    check_truth(world, after)


@settings(max_examples=100)
@given(st.data())
def test_asking_for_orders_after_a_whole_answer_leaves_nothing_open(data: st.DataObject) -> None:
    """If none was there before and no attempt was ambiguous."""
    world = data.draw(worlds("orders", before=False))
    if world.resent:
        return
    told = ask(world, data.draw(answers(world, whole=True)))
    found = {item: world.exists(row) for row, item in enumerate(world.items)}
    after = settle_orders(told, world.items, found)
    assert after.unsettled == []
    for row, outcome in enumerate(after.outcomes):
        assert outcome is (Outcome.SUCCEEDED if row in world.applied else Outcome.FAILED)


@settings(max_examples=100)
@given(st.data())
def test_asking_for_orders_calls_none_succeeded_that_is_not_there(data: st.DataObject) -> None:
    """In whatever world, and none failed that one of our attempts has applied."""
    world = data.draw(worlds("orders"))
    told = ask(world, data.draw(answers(world)))
    found = {item: world.exists(row) for row, item in enumerate(world.items)}
    after = settle_orders(told, world.items, found)
    check_shape(world, after)
    for row, outcome in enumerate(after.outcomes):
        if outcome is Outcome.SUCCEEDED:
            assert world.exists(row)
        elif outcome is Outcome.FAILED:
            assert row not in world.applied
