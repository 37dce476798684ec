"""Rows that wait by key, against lists that are searched from end to end."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameball_async.bulk.waiting import Pool, Queue
from gameball_async.rows.row import Block, Prepared


def row(position: int, key: str, size: int) -> Prepared:
    return Prepared(position, key, None, b"x" * size)


class Model:
    """A pool, and the same as plain lists."""

    def __init__(self, turn: int) -> None:
        self.turn = turn
        self.pool = Pool(turn)
        self.rows: dict[str, list[Prepared]] = {}
        self.place: dict[str, int] = {}
        self.read = self.places = 0
        self.together: list[Prepared] = []  # behind all others
        self.blocks: list[int] = []  # how many of them in each

    def turns(self, key: str) -> int:
        return -(-len(self.rows[key]) // self.turn)

    def keys(self) -> list[str]:
        return sorted(self.rows, key=lambda key: (-self.turns(key), self.place[key]))

    def _comes(self, key: str, rows: list[Prepared]) -> None:
        before = self.turns(key) if key in self.rows else 0
        self.rows[key] = self.rows.get(key, []) + rows
        if self.turns(key) != before:
            self.places += 1
            self.place[key] = self.places

    def add(self, key: str, size: int) -> None:
        if any(each.key == key for each in self.together):
            self.split()
        new = row(self.read, key, size)
        self.read += 1
        self.pool.add(key, new)
        self._comes(key, [new])

    def append(self, keys: str, size: int) -> None:
        new = [row(self.read + n, key, size + n) for n, key in enumerate(keys)]
        self.read += len(new)
        together = {each.key for each in self.together}
        assert self.pool.has_any(frozenset(keys)) == bool(set(keys) & self.rows.keys())
        if len(set(keys)) == len(keys) and not set(keys) & (self.rows.keys() | together):
            self.pool.append(Block.of(new))
            self.together += new
            self.blocks.append(len(new))

    def pop_block(self, count: int, room: int) -> None:
        least = room % 2
        first = self.together[: min(self.blocks[0], count)] if self.blocks else []
        sizes = accumulate(len(each.payload) for each in first)
        first = first[: max(least, sum(size <= room for size in sizes))]
        assert list(self.pool.pop_block(count, room, least=least) or ()) == first
        del self.together[: len(first)]
        if first:
            self.blocks[0] -= len(first)
            self.blocks = [rows for rows in self.blocks if rows]

    def split(self) -> None:
        """A row may come under the key of one of those that stay together."""
        assert self.pool.split() == [each.key for each in self.together]
        for each in self.together:
            self._comes(each.key, [each])
        self.together, self.blocks = [], []

    def part(self, key: str, count: int) -> None:
        """Rows of a key leave, and the others come again."""
        found = self.pool.pop(key)
        rows = self.rows.pop(key, [])
        assert (found is None) == (not rows)
        if isinstance(found, Prepared):
            assert [found] == rows
            if count == 0:
                self.pool.put(key, found)
                self._comes(key, rows)
        elif found is not None:
            assert found == rows
            assert found.size == sum(len(each.payload) for each in rows)
            if rows[count:]:
                self.pool.put(key, Queue(rows[count:]))
                self._comes(key, rows[count:])

    def check(self) -> None:
        pool, firsts = self.pool, [rows[0] for rows in self.rows.values()]
        every = [each for rows in self.rows.values() for each in rows]
        able = (firsts if self.turn == 1 else every) + self.together
        every += self.together
        assert pool.rows == len(every)
        assert bool(pool) == bool(every)
        assert pool.first_rows == len(able)
        assert pool.first_size == sum(len(each.payload) for each in able)
        assert pool.most_turns == max(map(self.turns, self.rows), default=int(bool(self.together)))
        assert [key for key, _ in pool] == self.keys()
        for key, waiting in pool:
            assert (list(waiting) if isinstance(waiting, Queue) else [waiting]) == self.rows[key]
            if isinstance(waiting, Queue):
                first = (
                    (1, len(waiting[0].payload)) if self.turn == 1 else (len(waiting), waiting.size)
                )
                assert pool.first(waiting) == first


keys = st.sampled_from("abc")
sizes = st.integers(1, 9)
moves = st.one_of(
    st.tuples(st.just("add"), keys, sizes),
    st.tuples(st.just("add"), keys, sizes),
    st.tuples(st.just("append"), st.text("abcdef", min_size=1, max_size=4), sizes),
    st.tuples(st.just("pop_block"), st.integers(1, 3), st.integers(1, 20)),
    st.tuples(st.just("split")),
    st.tuples(st.just("part"), keys, st.integers(0, 3)),
)


@settings(max_examples=200)
@given(turn=st.sampled_from([1, 2, 5]), moves=st.lists(moves, min_size=8, max_size=40))
def test_a_pool_counts_and_orders_as_plain_lists_do(
    turn: int, moves: list[tuple[str, *tuple[int | str, ...]]]
) -> None:
    model = Model(turn)
    model.check()
    for name, *given_ in moves:
        getattr(model, name)(*given_)
        model.check()


@pytest.mark.parametrize(
    ("count", "room", "left"),
    [(2, 7, 0), (2, 6, 1), (1, 9, 1), (3, 99, 0), (2, 2, 2), (2, 1, 1)],
)
def test_rows_that_stay_together_leave_as_far_as_they_fit(count: int, room: int, left: int) -> None:
    model = Model(1)
    model.append("ab", 3)
    model.pop_block(count, room)
    model.check()
    assert model.pool.rows == left
