"""Rows that wait by key, against lists that are searched from end to end."""

from __future__ import annotations

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
        self.place: dict[str | Block, int] = {}
        self.read = self.places = 0
        self.together: dict[Block, list[Prepared]] = {}

    def turns(self, key: str | Block) -> int:
        if isinstance(key, Block):
            return 1
        return -(-len(self.rows[key]) // self.turn)

    def keys(self) -> list[str | Block]:
        keys: list[str | Block] = [*self.rows, *self.together]
        return sorted(keys, key=lambda key: (-self.turns(key), self.place[key]))

    def _comes(self, key: str, rows: list[Prepared]) -> None:
        before = self.turns(key) if key in self.rows else 0
        self.rows[key] = self.rows.get(key, []) + rows
        if self.turns(key) != before:
            self.places += 1
            self.place[key] = self.places

    def add(self, key: str, size: int) -> None:
        self._part(key)
        new = row(self.read, key, size)
        self.read += 1
        self.pool.add(key, new)
        self._comes(key, [new])

    def append(self, keys: str, size: int, *, first: bool = False) -> None:
        new = [row(self.read + n, key, size + n) for n, key in enumerate(keys)]
        self.read += len(new)
        assert self.pool.has_any(dict.fromkeys(keys)) == bool(set(keys) & self.rows.keys())
        taken = {*self.rows, *(each.key for rows in self.together.values() for each in rows)}
        if len(set(keys)) == len(keys) and not set(keys) & taken:
            block = Block.of(new)
            if first:
                self.pool.append(block, first=True)
            else:
                self.pool.append(block)
            self.together[block] = new
            self.places += 1
            self.place[block] = -self.places if first else self.places

    def append_first(self, keys: str, size: int) -> None:
        self.append(keys, size, first=True)

    def pop_first(self, which: int, count: int) -> None:
        for block, rows in [*self.together.items()][which : which + 1]:
            assert list(self.pool.pop_first(block, count)) == rows[:count]
            del rows[:count]
        self._drop_empty()

    def _drop_empty(self) -> None:
        self.together = {block: rows for block, rows in self.together.items() if rows}

    def _part(self, key: str) -> None:
        """A row comes under the key of one of those that stay together."""
        for block, rows in self.together.items():
            for each in [each for each in rows if each.key == key]:
                self.pool.part(block, key)
                rows.remove(each)
                self._comes(key, [each])
        self._drop_empty()

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
        together = [each for rows in self.together.values() for each in rows]
        able = (firsts if self.turn == 1 else every) + together
        every += together
        assert pool.rows == len(every)
        assert bool(pool) == bool(every)
        assert pool.first_rows == len(able)
        assert pool.first_size == sum(len(each.payload) for each in able)
        assert pool.most_turns == max(map(self.turns, self.rows), default=int(bool(self.together)))
        assert [key for key, _ in pool] == self.keys()
        assert [key for key in "abcdef" if key in pool] == sorted(self.rows)
        for key, waiting in pool:
            if isinstance(key, Block):
                assert waiting is key
                assert list(key) == self.together[key]
                continue
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
    st.tuples(st.just("append_first"), st.text("abcdef", min_size=1, max_size=4), sizes),
    st.tuples(st.just("pop_first"), st.integers(0, 2), st.integers(1, 5)),
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
