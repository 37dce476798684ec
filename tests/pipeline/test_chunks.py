"""Rows to chunks: complete, in order, and never two open jobs of one customer."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameball_async.model.kinds import Chunking
from gameball_async.pipeline.chunks import Chunk, Chunker, LookAhead
from gameball_async.pipeline.rows import Prepared

WAYS = list(Chunking)


def row(position: int, key: str, size: int = 10) -> Prepared:
    return Prepared(position, key, f"i{position}", b"x" * size)


@given(
    way=st.sampled_from(WAYS),
    keys=st.lists(st.sampled_from("abcdefgh"), max_size=60),
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=5),
    look_ahead=st.integers(1, 30),
    max_rows=st.integers(1, 7),
    ends=st.lists(st.integers(0, 9), max_size=80),
)
def test_every_row_leaves_once_in_order_and_no_customer_is_in_two_open_jobs(
    way: Chunking,
    keys: list[str],
    sizes: list[int],
    look_ahead: int,
    max_rows: int,
    ends: list[int],
) -> None:
    chunker = Chunker(
        way, look_ahead=LookAhead(look_ahead, 10**6), max_rows=max_rows, max_bytes=100
    )
    rows = [row(n, key, sizes[n % len(sizes)]) for n, key in enumerate(keys)]
    source, draw = iter(rows), iter(ends)
    open_chunks: list[Chunk] = []
    left: list[int] = []
    by_key: dict[str, list[int]] = defaultdict(list)
    while not chunker.done or open_chunks:
        while chunker.wants_rows:
            new = next(source, None)
            if new is None:
                chunker.end()
            else:
                chunker.add(new)
        chunk = chunker.take()
        if chunk is not None:
            open_keys = {key for other in open_chunks for key in other.keys}
            if way is not Chunking.PLAIN:
                assert not open_keys & set(chunk.keys)
            if way is Chunking.UNIQUE:
                assert len(set(chunk.keys)) == len(chunk)
            assert 1 <= len(chunk) <= max_rows
            assert sum(map(len, chunk.payloads)) <= 100 or len(chunk) == 1
            open_chunks.append(chunk)
            left += chunk.positions
            for position, key in zip(chunk.positions, chunk.keys, strict=True):
                by_key[key].append(position)
        if open_chunks and (chunk is None or next(draw, 0) % 2):
            chunker.release(open_chunks.pop(next(draw, 0) % len(open_chunks)))
    assert sorted(left) == list(range(len(rows)))
    if way is Chunking.PLAIN:
        assert left == list(range(len(rows)))
    else:
        assert all(positions == sorted(positions) for positions in by_key.values())
    assert chunker.waiting == chunker.held_back == 0


def test_rows_that_share_a_customer_share_a_chunk_when_they_go_together() -> None:
    chunker = Chunker(Chunking.TOGETHER, max_rows=4)
    for n, key in enumerate("aababc"):
        chunker.add(row(n, key))
    chunker.end()
    first = chunker.take()
    assert first is not None
    assert first.keys == ["a", "a", "a", "b"]


def test_rows_that_share_a_customer_take_turns_when_they_are_unique() -> None:
    chunker = Chunker(Chunking.UNIQUE, max_rows=4)
    for n, key in enumerate("aabc"):
        chunker.add(row(n, key))
    chunker.end()
    first = chunker.take()
    assert first is not None
    assert first.keys == ["a", "b", "c"]
    assert chunker.take() is None
    assert chunker.held_back == 1
    chunker.release(first)
    second = chunker.take()
    assert second is not None
    assert second.positions == [1]


@pytest.mark.parametrize("way", WAYS)
def test_a_file_that_is_all_one_customer_still_goes(way: Chunking) -> None:
    chunker = Chunker(way, look_ahead=LookAhead(5, 10**6), max_rows=2)
    sent = 0
    for n in range(20):
        while not chunker.wants_rows:
            chunk = chunker.take()
            assert chunk is not None
            sent += len(chunk)
            chunker.release(chunk)
        chunker.add(row(n, "same"))
    chunker.end()
    while (chunk := chunker.take()) is not None:
        sent += len(chunk)
        chunker.release(chunk)
    assert sent == 20


def test_look_ahead_is_bounded_by_rows_and_by_bytes() -> None:
    chunker = Chunker(Chunking.UNIQUE, look_ahead=LookAhead(3, 100))
    chunker.add(row(0, "a", 99))
    assert chunker.wants_rows
    chunker.add(row(1, "a", 1))
    assert not chunker.wants_rows


def test_draining_returns_what_waits_in_input_order() -> None:
    chunker = Chunker(Chunking.UNIQUE, max_rows=2)
    for n, key in enumerate("abab"):
        chunker.add(row(n, key))
    chunker.end()
    assert chunker.take() is not None
    assert [r.position for r in chunker.drain()] == [2, 3]
    assert chunker.done


def test_halving_a_chunk_keeps_every_row_in_order() -> None:
    chunker = Chunker(Chunking.PLAIN, with_item_ids=True, max_rows=5)
    for n in range(5):
        chunker.add(row(n, "k"))
    chunker.end()
    chunk = chunker.take()
    assert chunk is not None
    first, second = chunk.halves(chunker.new_number())
    assert first.positions + second.positions == [0, 1, 2, 3, 4]
    assert (first.number, second.number) == (1, 2)
    assert second.item_ids == ["i2", "i3", "i4"]
