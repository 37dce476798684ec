"""Rows to chunks: complete, in order, and never two open jobs of one customer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameball_async.api.kinds import Chunking
from gameball_async.bulk.chunks import Chunker, LookAhead
from gameball_async.rows.chunk import Chunk
from gameball_async.rows.row import Block, Prepared

WAYS = list(Chunking)
MAX_ROWS, MAX_BYTES = 5, 100


def row(position: int, key: str, size: int = 10) -> Prepared:
    return Prepared(position, key, f"i{position}", b"x" * size)


def chunker_of(way: Chunking, keys: Iterable[str], max_rows: int = 4) -> Chunker:
    """A chunker that has all of its rows, one for each of *keys*."""
    chunker = Chunker(way, max_rows=max_rows)
    for position, key in enumerate(keys):
        chunker.add(row(position, key))
    chunker.end()
    return chunker


def taken(chunker: Chunker) -> Chunk:
    chunk = chunker.take()
    assert chunk is not None
    return chunk


class World:
    """A chunker, what waits in it by a simpler account, and the chunks that are open."""

    def __init__(self, way: Chunking, rows: list[Prepared], look_ahead: int) -> None:
        self.way = way
        self.source = iter(rows)
        self.chunker = Chunker(
            way,
            with_item_ids=True,
            look_ahead=LookAhead(look_ahead, 10**6),
            max_rows=MAX_ROWS,
            max_bytes=MAX_BYTES,
        )
        self.waiting: dict[str, list[Prepared]] = defaultdict(list)
        self.open: list[Chunk] = []
        self.applied: list[int] = []
        self.by_key: dict[str, list[int]] = defaultdict(list)

    def read(self, at_once: int = 1) -> None:
        if not self.chunker.wants_rows:
            return
        new = list(islice(self.source, at_once))
        if new:
            self.chunker.add_all(Block.of(new))
        else:
            self.chunker.end()
        for each in new:
            self.waiting[each.key].append(each)

    def take(self) -> None:
        chunk = self.chunker.take()
        if chunk is None:
            return
        self._check(chunk)
        self.open.append(chunk)
        self._count()

    def _check(self, chunk: Chunk) -> None:
        assert 1 <= len(chunk) <= MAX_ROWS
        assert sum(map(len, chunk.payloads)) <= MAX_BYTES or len(chunk) == 1
        keys = set(chunk.keys)
        if self.way is not Chunking.PLAIN:
            assert not keys & {key for other in self.open for key in other.keys}
        if self.way is Chunking.UNIQUE:
            assert len(keys) == len(chunk)
        for sent in chunk.rows():
            assert self.waiting[sent.key].pop(0) == sent
        if self.way is Chunking.TOGETHER:  # only who has more than fits a chunk is parted
            assert {key for key in keys if self.waiting[key]} <= {chunk.keys[0]}

    def end_one(self, which: int) -> None:
        if self.open:
            chunk = self.open.pop(which % len(self.open))
            self.chunker.release(chunk)
            self.applied += chunk.positions
            for position, key in zip(chunk.positions, chunk.keys, strict=True):
                self.by_key[key].append(position)
            self._count()

    def refuse_one(self, which: int) -> None:
        """A chunk is too large for the server."""
        sizes = [len(chunk) for chunk in self.open]
        if self.way is not Chunking.PLAIN and sizes and sizes[which % len(sizes)] > 1:
            chunk = self.open.pop(which % len(sizes))
            self.chunker.put_back(chunk)
            for sent in reversed(list(chunk.rows())):
                self.waiting[sent.key].insert(0, sent)
            self._count()

    def _count(self) -> None:
        rows = {key: len(rows) for key, rows in self.waiting.items()}
        busy = {key for chunk in self.open for key in chunk.keys}
        assert self.chunker.waiting == sum(rows.values())
        if self.way is not Chunking.PLAIN:
            assert self.chunker.held_back == sum(rows.get(key, 0) for key in busy)
        can_leave = self.chunker.has_chunk
        assert (self.chunker.waiting_because is None) == (can_leave or not self.chunker.waiting)
        if not self.open and self.chunker.waiting and not self.chunker.wants_rows:
            assert can_leave  # else nothing would ever happen again

    def finish(self) -> None:
        while not self.chunker.done or self.open:
            while self.chunker.wants_rows:
                self.read()
            self.take()
            if not self.chunker.has_chunk:
                self.end_one(0)


@settings(max_examples=300)
@given(
    way=st.sampled_from(WAYS),
    keys=st.lists(st.sampled_from("abcdefghij"), max_size=60),
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=5),
    look_ahead=st.integers(1, 30),
    moves=st.lists(
        st.tuples(st.sampled_from(["read"] * 6 + ["take", "end", "tick", "refuse"]),
                  st.integers(0, 9)),
        max_size=150,
    ),
)  # fmt: skip
def test_every_row_leaves_once_in_order_and_no_customer_is_in_two_open_jobs(
    way: Chunking,
    keys: list[str],
    sizes: list[int],
    look_ahead: int,
    moves: list[tuple[str, int]],
) -> None:
    """Whatever the pattern of input, ends of jobs, refusals and time."""
    rows = [row(n, key, sizes[n % len(sizes)]) for n, key in enumerate(keys)]
    world = World(way, rows, look_ahead)
    for move, which in moves:
        if move == "read":
            world.read(1 + which % 5)
        elif move == "take":
            world.take()
        elif move == "end":
            world.end_one(which)
        elif move == "tick":
            world.chunker.tick()
        else:
            world.refuse_one(which)
    world.finish()
    assert sorted(world.applied) == list(range(len(rows)))
    if way is not Chunking.PLAIN:
        assert all(positions == sorted(positions) for positions in world.by_key.values())
    assert world.chunker.waiting == world.chunker.held_back == 0
    assert world.chunker.waiting_because is None


@given(
    keys=st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=40),
    max_rows=st.integers(1, 6),
)
def test_unique_takes_as_many_turns_as_the_busiest_customer_has_rows(
    keys: list[str], max_rows: int
) -> None:
    """With jobs that end in turn, and everything read: no customer waits for nothing."""
    chunker = chunker_of(Chunking.UNIQUE, keys, max_rows)
    rounds = 0
    while not chunker.done:
        open_chunks = []
        while (chunk := chunker.take()) is not None:
            open_chunks.append(chunk)
        for chunk in open_chunks:
            chunker.release(chunk)
        rounds += 1
    assert rounds == max(map(keys.count, keys))


def test_rows_that_share_a_customer_share_a_chunk_when_they_go_together() -> None:
    """A customer whose rows do not fit what room is left goes next, and whole."""
    chunker = chunker_of(Chunking.TOGETHER, "aababcb")
    assert taken(chunker).keys == ["a", "a", "a", "c"]
    assert taken(chunker).keys == ["b", "b", "b"]


def test_a_customer_with_more_rows_than_a_chunk_goes_first_and_in_parts() -> None:
    chunker = chunker_of(Chunking.TOGETHER, "abbbbbb")
    first = taken(chunker)
    assert list(first.positions) == [1, 2, 3, 4]
    assert chunker.take() is None  # nobody is in a hurry but the one who is under way
    chunker.release(first)
    assert sorted(taken(chunker).positions) == [0, 5, 6]


def test_rows_that_share_a_customer_take_turns_when_they_are_unique() -> None:
    chunker = chunker_of(Chunking.UNIQUE, "aabc")
    first = taken(chunker)
    assert first.keys == ["a", "b", "c"]
    assert chunker.take() is None
    assert chunker.held_back == 1
    chunker.release(first)
    assert list(taken(chunker).positions) == [1]


def test_the_customers_with_the_most_rows_go_first_when_they_are_unique() -> None:
    chunker = chunker_of(Chunking.UNIQUE, "abcdddbc", max_rows=2)
    assert taken(chunker).keys == ["d", "b"]


def test_a_small_chunk_waits_for_the_customer_who_has_the_longest_way_to_go() -> None:
    """It costs no time, and saves the quota many small jobs."""
    chunker = chunker_of(Chunking.UNIQUE, "aaabc", max_rows=2)
    first = taken(chunker)
    assert first.keys == ["a", "b"]
    assert chunker.take() is None
    assert chunker.waiting_because == (
        "2 of 3 rows wait for open jobs of their customers; "
        "one customer's rows alone take 2 more jobs, one after the other"
    )
    chunker.release(first)
    assert taken(chunker).keys == ["a", "c"]


def test_a_small_chunk_goes_at_once_with_the_customer_who_has_the_longest_way_to_go() -> None:
    chunker = Chunker(Chunking.UNIQUE)
    chunker.occupy(Chunk(1, [100], ["b"], None, []))
    for position, key in enumerate("baa"):
        chunker.add(row(position, key))
    chunker.end()
    assert chunker.held_back == 1
    assert taken(chunker).keys == ["a"]


@pytest.mark.parametrize("way", [Chunking.PLAIN, Chunking.TOGETHER])
def test_bytes_that_have_left_do_not_make_the_next_chunk_full(way: Chunking) -> None:
    chunker = Chunker(way, max_rows=5, max_bytes=100)
    for position in range(12):
        chunker.add(row(position, "a", 10))
    chunker.tick()
    for _ in range(2):
        first = taken(chunker)
        assert len(first) == 5
        chunker.release(first)
    assert chunker.take() is None


def test_together_reads_ahead_before_the_first_chunk() -> None:
    chunker = Chunker(Chunking.TOGETHER, max_rows=2)
    for position, key in enumerate("abca"):
        chunker.add(row(position, key))
    assert chunker.take() is None
    assert chunker.waiting_because == (
        "reading the input ahead, so that a customer's rows are sent together"
    )
    chunker.tick()
    assert list(taken(chunker).positions) == [
        1,
        2,
    ]  # who has more rows waits for those before the last
    assert list(taken(chunker).positions) == [0, 3]
    for position, key in enumerate("de", 4):
        chunker.add(row(position, key))
    assert taken(chunker).keys == ["d", "e"]  # from then on full chunks go at once


@pytest.mark.parametrize("way", [Chunking.UNIQUE, Chunking.PLAIN])
def test_the_other_ways_send_full_chunks_at_once(way: Chunking) -> None:
    chunker = Chunker(way, max_rows=2)
    chunker.add(row(0, "a"))
    assert chunker.take() is None
    assert chunker.waiting_because == "waiting for enough rows of the input to fill a chunk"
    chunker.add(row(1, "b"))
    assert len(taken(chunker)) == 2


@pytest.mark.parametrize("way", WAYS)
def test_a_slow_input_need_not_fill_a_chunk_but_waits_longer_with_jobs_open(way: Chunking) -> None:
    chunker = Chunker(way)
    chunker.add(row(0, "a"))
    assert chunker.take() is None
    chunker.tick()
    first = taken(chunker)
    chunker.add(row(1, "b"))
    chunker.tick()
    assert chunker.take() is None
    chunker.tick()
    assert len(taken(chunker)) == 1
    chunker.release(first)
    chunker.add(row(2, "c"))
    chunker.tick()
    assert chunker.take() is None
    chunker.tick()
    assert len(taken(chunker)) == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_file_that_is_all_one_customer_still_goes(way: Chunking) -> None:
    chunker = Chunker(way, look_ahead=LookAhead(5, 10**6), max_rows=2)
    sent = 0
    for n in range(20):
        while not chunker.wants_rows:
            chunk = taken(chunker)
            sent += len(chunk)
            chunker.release(chunk)
        chunker.add(row(n, "same"))
    chunker.end()
    while (chunk_left := chunker.take()) is not None:
        sent += len(chunk_left)
        chunker.release(chunk_left)
    assert sent == 20


@pytest.mark.parametrize(("way", "jobs"), [(Chunking.UNIQUE, 9), (Chunking.TOGETHER, 4)])
def test_a_file_that_is_all_one_customer_says_why_it_is_slow(way: Chunking, jobs: int) -> None:
    chunker = chunker_of(way, ["same"] * 10, max_rows=2)
    assert chunker.waiting_because is None
    rows = 10 - len(taken(chunker))
    assert chunker.waiting_because == (
        f"{rows} of {rows} rows wait for open jobs of their customers; "
        f"one customer's rows alone take {jobs} more jobs, one after the other"
    )


@pytest.mark.parametrize(
    ("bound", "sizes"), [(LookAhead(3, 100), (99, 1)), (LookAhead(2, 100), (1, 1))]
)
def test_look_ahead_is_bounded_by_rows_and_by_bytes(
    bound: LookAhead, sizes: tuple[int, int]
) -> None:
    chunker = Chunker(Chunking.UNIQUE, look_ahead=bound)
    wants = []
    for position, size in enumerate(sizes):
        chunker.add(row(position, "a", size))
        wants.append(chunker.wants_rows)
    assert wants == [True, False]


def test_draining_returns_what_waits_in_input_order() -> None:
    chunker = chunker_of(Chunking.UNIQUE, "abab", max_rows=2)
    taken(chunker)
    assert [r.position for r in chunker.drain()] == [2, 3]
    assert chunker.done
    assert chunker.held_back == 0


def test_a_chunk_too_large_for_the_server_comes_again_in_smaller_ones() -> None:
    chunker = chunker_of(Chunking.TOGETHER, "aaaabb")
    first = taken(chunker)
    assert first.keys == ["a", "a", "a", "a"]
    chunker.put_back(first)
    assert taken(chunker).keys == ["b", "b"]
    second = taken(chunker)
    assert list(second.positions) == [0, 1]
    assert chunker.take() is None  # the customer's other rows must wait for this job
    chunker.release(second)
    assert list(taken(chunker).positions) == [2, 3]


def test_plain_rows_that_come_again_go_before_those_that_were_behind_them() -> None:
    chunker = chunker_of(Chunking.PLAIN, "abcdef")
    chunker.put_back(taken(chunker))
    assert [list(taken(chunker).positions) for _ in range(3)] == [[0, 1], [2, 3], [4, 5]]


def test_customers_of_a_chunk_from_an_earlier_run_wait_until_it_has_ended() -> None:
    earlier = Chunk(7, [100], ["a"], None, [])
    chunker = Chunker(Chunking.UNIQUE)
    chunker.occupy(earlier)
    chunker.count_from(7)
    for position, key in enumerate("ab"):
        chunker.add(row(position, key))
    chunker.end()
    assert chunker.held_back == 1
    assert chunker.take() is None
    chunker.release(earlier)
    chunk = taken(chunker)
    assert (chunk.number, set(chunk.keys)) == (8, {"a", "b"})


def test_a_chunk_keeps_the_ids_of_its_rows() -> None:
    chunker = Chunker(Chunking.PLAIN, with_item_ids=True)
    chunker.add(row(3, "k"))
    chunker.end()
    chunk = taken(chunker)
    assert (chunk.number, list(chunk.positions), chunk.keys, chunk.item_ids) == (
        1,
        [3],
        ["k"],
        ["i3"],
    )
    assert list(chunk.rows()) == [row(3, "k")]
