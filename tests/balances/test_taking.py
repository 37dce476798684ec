"""All steps of a run over a world that loses answers, refuses, and moves balances: no server, no network."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from gameball_async.balances import taking
from gameball_async.balances.plan import Fate
from gameball_async.balances.store import Header, Stage, Step, Store
from gameball_async.balances.taking import (
    ROUNDS,
    begin_again,
    take_answers,
    take_balances,
    take_look,
)
from gameball_async.rows.outcome import Outcome, Reason, RowOutcome

UNIT = 1_000_000
MOST_MOVEMENTS = 18
"""Each by another power of two: together they are less than a point."""
LATER, NEVER = Reason("busy", 2001), Reason("no", 3003)


class World:
    """An account, as a run sees it through the journals of its steps."""

    def __init__(self, customers: int, data: st.DataObject) -> None:
        self.data = data
        self.balances = {f"c{n}": data.draw(st.integers(0, 5)) * UNIT for n in range(customers)}
        self.targets = {name: data.draw(st.integers(0, 5)) * UNIT for name in self.balances}
        self.applied: Counter[str] = Counter()
        self.moved: set[str] = set()
        self.movements = 0

    def others(self, least: int) -> None:
        """
        Something else moves one balance, by points that no adjustment and no other movements add up to.

        A movement by exactly the points of an adjustment whose answer is lost cannot be told from it.
        """
        if self.movements < MOST_MOVEMENTS and self.data.draw(st.integers(0, 5)) < least:
            name = self.data.draw(st.sampled_from(sorted(self.balances)))
            self.balances[name] += 1 << self.movements
            self.movements += 1
            self.moved.add(name)

    def answers(self, store: Store) -> Iterator[RowOutcome]:
        """What a round of adjustments brings."""
        for line, name, amount in chain.from_iterable(
            store.pages("line, id, amount", Fate.PLANNED)
        ):
            happens = self.data.draw(st.sampled_from(["said", "lost", "gone", "later", "never"]))
            if happens in ("said", "lost"):
                self.balances[name] += amount
                self.applied[name] += 1
            outcome, reason = {
                "said": (Outcome.SUCCEEDED, None),
                "later": (Outcome.FAILED, LATER),
                "never": (Outcome.FAILED, NEVER),
            }.get(happens, (Outcome.INDETERMINATE, None))
            yield RowOutcome(line, outcome, name, reason)
            self.others(1)

    def looks(self, store: Store, fate: Fate) -> Iterator[RowOutcome]:
        """What an inquiry brings: now and then nothing."""
        self.others(2)
        for line, name in chain.from_iterable(store.pages("line, id", fate)):
            entry = {"totalPointsBalance": self.balances[name] / UNIT}
            if self.data.draw(st.integers(0, 9)):
                yield RowOutcome(line, Outcome.SUCCEEDED, name, None, entry=partial(_copy, entry))
            else:
                yield RowOutcome(line, Outcome.FAILED, name, Reason("later", 5003))


def _copy(entry: dict[str, float], index: int) -> dict[str, float]:
    return {**entry}


def play(store: Store, world: World) -> None:
    """Do the steps until nothing is left."""
    while (step := store.stage.step) is not Step.DONE:
        if step is Step.SEND:
            rows, take = list(world.answers(store)), take_answers
        else:
            fate = Fate.ASKED if step is Step.ASK else Fate.SENT
            rows = list(world.looks(store, fate))
            take = take_balances if step is Step.ASK else take_look
        with patch.object(taking, "_rows", lambda _, rows=rows: iter(rows)):
            take(store, None)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 6), st.data())
def test_whatever_happens_nothing_is_applied_twice_and_what_is_told_is_true(
    customers: int, data: st.DataObject
) -> None:
    world = World(customers, data)
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder), Header("a")) as store:
        with store.change():
            for line, (name, target) in enumerate(world.targets.items()):
                store.add(line, name, target)
            store.advance(Stage(Step.ASK))
        play(store, world)
        if begin_again(store):
            play(store, world)
        assert store.stage.round <= 2 * ROUNDS + 2
        rows = {name: (Fate(fate), last) for name, fate, last in store.each("id, fate, last")}
    assert max(world.applied.values(), default=0) <= 1
    for name, (fate, last) in rows.items():
        if fate in (Fate.EXACT, Fate.SET):
            assert last == world.targets[name]
            assert name in world.moved or world.balances[name] == world.targets[name]
        if fate is Fate.MOVED:
            assert name in world.moved
        assert fate in (
            Fate.EXACT, Fate.SET, Fate.MOVED, Fate.REFUSED, Fate.UNASKED, Fate.DOUBT, Fate.PLANNED
        )  # fmt: skip
