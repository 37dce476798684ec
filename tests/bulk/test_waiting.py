"""Rows that wait by key, against lists that are searched from end to end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameball_async.bulk.waiting import Pool, Queue
from gameball_async.rows.row import Prepared


def row(position: int, key: str, size: int) -> Prepared:
    return Prepared(position, key, None, b"x" * size)


class Model:
    """A pool, and the same as plain lists."""

    def __init__(self, turn: int) -> None:
        self.turn = turn
        self.pool = Pool(turn)
        self.rows: dict[str, list[Prepared]] = {}
        self.place: dict[str, int] = {}
        self.queues: set[str] = set()  # keys whose rows are kept as a queue
        self.read = self.places = 0

    def turns(self, key: str) -> int:
        return -(-len(self.rows[key]) // self.turn)

    def keys(self) -> list[str]:
        return sorted(self.rows, key=lambda key: (-self.turns(key), self.place[key]))

    def _comes(self, key: str, rows: list[Prepared]) -> None:
        before = self.turns(key) if key in self.rows else 0
        if before:
            self.queues.add(key)
        self.rows[key] = self.rows.get(key, []) + rows
        if self.turns(key) != before:
            self.places += 1
            self.place[key] = self.places

    def add(self, key: str, size: int) -> None:
        new = row(self.read, key, size)
        self.read += 1
        self.pool.add(key, new)
        self._comes(key, [new])

    def add_new(self, keys: str, size: int) -> None:
        new = [row(self.read + n, key, size + n) for n, key in enumerate(keys)]
        self.read += len(new)
        if len(set(keys)) < len(keys):
            return
        fresh = not set(keys) & self.rows.keys()
        assert self.pool.add_new({each.key: each for each in new}) == fresh
        for each in new if fresh else []:
            self._comes(each.key, [each])

    def pop_first(self, count: int, room: int) -> None:
        first = self.keys()[:count]
        taken = [self.rows[key][0] for key in first]
        alone = len(first) == count and not self.queues & set(first)
        quick = alone and all(self.turns(key) == 1 for key in self.rows)
        fits = sum(len(each.payload) for each in taken) <= room
        assert self.pool.pop_first(count, room) == (taken if quick and fits else [])
        for key in first if quick and fits else []:
            del self.rows[key]

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
            self.queues.discard(key)
            if rows[count:]:
                self.pool.put(key, Queue(rows[count:]))
                self._comes(key, rows[count:])
                self.queues.add(key)

    def check(self) -> None:
        pool, firsts = self.pool, [rows[0] for rows in self.rows.values()]
        every = [each for rows in self.rows.values() for each in rows]
        able = firsts if self.turn == 1 else every
        assert pool.rows == len(every)
        assert bool(pool) == bool(every)
        assert pool.first_rows == len(able)
        assert pool.first_size == sum(len(each.payload) for each in able)
        assert pool.most_turns == max(map(self.turns, self.rows), default=0)
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
    st.tuples(st.just("add_new"), st.text("abcdef", min_size=1, max_size=4), sizes),
    st.tuples(st.just("pop_first"), st.integers(1, 3), st.integers(1, 20)),
    st.tuples(st.just("part"), keys, st.integers(0, 3)),
)


@settings(max_examples=200)
@given(turn=st.sampled_from([1, 2, 5]), moves=st.lists(moves, min_size=8, max_size=40))
def test_a_pool_counts_and_orders_as_plain_lists_do(
    turn: int, moves: list[tuple[str, int | str, int]]
) -> None:
    model = Model(turn)
    model.check()
    for name, *given_ in moves:
        getattr(model, name)(*given_)
        model.check()


@pytest.mark.parametrize(("count", "room", "left"), [(2, 7, 0), (2, 6, 2), (1, 9, 1), (3, 99, 2)])
def test_rows_leave_at_once_where_there_are_enough_and_they_fit(
    count: int, room: int, left: int
) -> None:
    model = Model(1)
    model.add_new("ab", 3)
    model.pop_first(count, room)
    model.check()
    assert model.pool.rows == left
