"""What a chunker counts, to the byte and the row: how far it reads ahead, how much a chunk takes, how long rows wait."""

from __future__ import annotations

import pytest

from gameball_async.api.kinds import Chunking
from gameball_async.bulk.chunks import PASSED_OVER, Chunker, LookAhead
from gameball_async.rows.chunk import Chunk
from gameball_async.rows.row import Block, Prepared

WAYS = list(Chunking)


def row(position: int, key: str, size: int = 10) -> Prepared:
    return Prepared(position, key, None, b"x" * size)


def rows_of(keys: str, size: int = 10, start: int = 0) -> list[Prepared]:
    return [row(position, key, size) for position, key in enumerate(keys, start)]


def taken(chunker: Chunker) -> Chunk:
    chunk = chunker.take()
    assert chunk is not None
    return chunk


def room(chunker: Chunker, key: str = "z") -> int:
    """How many bytes are read before the look ahead is full, one by one."""
    count = 0
    while chunker.wants_rows:
        chunker.add(row(1000 + count, key, 1))
        count += 1
    return count


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("keys", ["abcde", "aaaaa", "aabbc"])
@pytest.mark.parametrize("at_once", [True, False])
def test_the_bytes_that_leave_with_a_chunk_are_room_to_read_on(
    way: Chunking, keys: str, at_once: bool
) -> None:
    chunker = Chunker(way, look_ahead=LookAhead(10_000, 100), max_rows=3)
    chunker.add(row(99, "y", 25))
    rows = rows_of(keys)
    for batch in [rows[:2], rows[2:]] if at_once else []:
        chunker.add_all(Block.of(batch))
    for each in () if at_once else rows:
        chunker.add(each)
    chunker.tick()
    left = sum(map(len, taken(chunker).payloads))
    assert left > 0
    assert room(chunker) == 25 + left


@pytest.mark.parametrize("way", WAYS)
def test_a_chunk_that_comes_back_takes_its_room_again(way: Chunking) -> None:
    chunker = Chunker(way, look_ahead=LookAhead(10_000, 100), max_rows=4)
    chunker.add_all(Block.of(rows_of("abcdef")))
    chunker.tick()
    chunk = taken(chunker)
    chunker.put_back(chunk)
    assert room(chunker) == 40


@pytest.mark.parametrize("way", WAYS)
def test_what_was_drained_leaves_room_for_all(way: Chunking) -> None:
    chunker = Chunker(way, look_ahead=LookAhead(10_000, 7))
    chunker.add_all(Block.of(rows_of("ab", 5)))
    assert not chunker.wants_rows
    chunker.drain()
    assert room(chunker) == 7


def test_draining_gives_rows_in_input_order_whether_they_were_held_back_or_not() -> None:
    chunker = Chunker(Chunking.UNIQUE)
    chunker.occupy(Chunk(1, [100], ["a"], None, []))
    chunker.add_all(Block.of(rows_of("abacb")))
    assert [each.position for each in chunker.drain()] == [0, 1, 2, 3, 4]


def test_chunks_are_numbered_on_from_the_highest_number_that_was_seen() -> None:
    chunker = Chunker(Chunking.UNIQUE, max_rows=1)
    chunker.count_from(7)
    chunker.count_from(2)
    chunker.add_all(Block.of(rows_of("ab")))
    assert [taken(chunker).number for _ in range(2)] == [8, 9]


@pytest.mark.parametrize("way", [Chunking.UNIQUE, Chunking.PLAIN])
def test_a_chunk_that_is_full_to_the_byte_goes_at_once_and_whole(way: Chunking) -> None:
    chunker = Chunker(way, max_bytes=100)
    for each in rows_of("ab", 50):
        assert chunker.take() is None
        chunker.add(each)
    assert len(taken(chunker)) == 2


@pytest.mark.parametrize("way", WAYS)
def test_a_byte_too_many_goes_with_the_next_chunk(way: Chunking) -> None:
    chunker = Chunker(way, max_bytes=100)
    chunker.add(row(0, "a", 50))
    chunker.add(row(1, "b", 51))
    chunker.end()
    assert [list(taken(chunker).positions) for _ in range(2)] == [[0], [1]]


@pytest.mark.parametrize(("passed_over", "fits"), [(PASSED_OVER, True), (PASSED_OVER + 1, False)])
def test_the_search_for_a_customer_who_fits_the_room_left_is_bounded(
    passed_over: int, fits: bool
) -> None:
    chunker = Chunker(Chunking.TOGETHER, max_rows=3)
    keys = [str(n) for n in range(passed_over + 1) for _ in "12"]
    for position, key in enumerate([*keys, "alone"]):
        chunker.add(row(position, key))
    chunker.end()
    assert ("alone" in taken(chunker).keys) == fits


def test_plain_rows_that_were_added_at_once_keep_their_order_when_they_come_again() -> None:
    chunker = Chunker(Chunking.PLAIN, max_rows=4)
    chunker.add_all(Block.of(rows_of("abcdef")))
    chunker.end()
    chunker.put_back(taken(chunker))
    assert [list(taken(chunker).positions) for _ in range(3)] == [[0, 1], [2, 3], [4, 5]]


def test_plain_rows_may_go_one_by_one() -> None:
    chunker = Chunker(Chunking.PLAIN, max_rows=1)
    chunker.add(row(0, "a"))
    assert list(taken(chunker).positions) == [0]


def test_a_customers_one_row_behind_a_chunk_that_comes_back_is_not_lost() -> None:
    chunker = Chunker(Chunking.UNIQUE, max_rows=2)
    chunker.add_all(Block.of(rows_of("ab")))
    chunk = taken(chunker)
    chunker.add(row(2, "a"))
    chunker.end()
    chunker.put_back(chunk)
    positions: list[int] = []
    while not chunker.done:
        chunk = taken(chunker)
        positions += chunk.positions
        chunker.release(chunk)
    assert sorted(positions) == [0, 1, 2]
    assert positions.index(0) < positions.index(2)


def test_however_small_a_chunk_was_it_comes_again_in_smaller_ones() -> None:
    chunker = Chunker(Chunking.UNIQUE)
    chunker.add_all(Block.of(rows_of("ab", 1)))
    chunker.end()
    chunker.put_back(taken(chunker))
    assert [len(taken(chunker)) for _ in range(2)] == [1, 1]


def test_rows_wait_for_company_once_longer_with_each_job_that_is_open() -> None:
    chunker = Chunker(Chunking.UNIQUE)
    earlier = [Chunk(n, [100 + n], [f"k{n}"], None, []) for n in range(3)]
    for chunk in earlier:
        chunker.occupy(chunk)
    chunker.release(earlier[0])
    chunker.add(row(0, "a"))
    waits = 0
    while chunker.take() is None:
        chunker.tick()
        waits += 1
    assert waits == 3  # two jobs are open


def test_a_customer_who_waits_for_one_more_job_is_no_reason_to_speak_of_turns() -> None:
    chunker = Chunker(Chunking.UNIQUE)
    chunker.occupy(Chunk(1, [100], ["a"], None, []))
    chunker.add(row(0, "a"))
    chunker.end()
    assert chunker.waiting_because == "1 of 1 rows wait for open jobs of their customers"


def test_a_chunk_has_no_item_ids_where_its_kind_has_none() -> None:
    chunker = Chunker(Chunking.UNIQUE, max_rows=1)
    chunker.add(row(0, "a"))
    assert taken(chunker).item_ids is None


# -- rows of customers of whom others are under way


@pytest.mark.parametrize("way", [Chunking.UNIQUE, Chunking.TOGETHER])
def test_more_rows_of_a_customer_whose_others_are_under_way_are_held_back(way: Chunking) -> None:
    chunker = Chunker(way, max_rows=1)
    for read in rows_of("aa"):
        chunker.add(read)
    chunker.tick()
    chunk = taken(chunker)
    chunker.add(row(2, "a"))
    assert (chunker.held_back, chunker.has_chunk) == (2, False)
    chunker.end()
    positions = [*chunk.positions]
    while not chunker.done:
        chunker.release(chunk)
        chunk = taken(chunker)
        positions += chunk.positions
    assert positions == [0, 1, 2]


def test_a_customers_rows_behind_a_chunk_that_comes_back_stay_behind_it() -> None:
    chunker = Chunker(Chunking.UNIQUE)
    chunker.add_all(Block.of(rows_of("aaa")))
    chunker.end()
    chunker.put_back(taken(chunker))
    positions: list[int] = []
    while not chunker.done:
        chunk = taken(chunker)
        positions += chunk.positions
        chunker.release(chunk)
    assert positions == [0, 1, 2]


def test_a_row_that_was_held_back_is_drained_and_others_may_be_held_back_after_it() -> None:
    chunker = Chunker(Chunking.UNIQUE)
    chunker.add_all(Block.of(rows_of("a")))
    chunker.tick()
    taken(chunker)
    chunker.add(row(1, "a"))
    assert [each.position for each in chunker.drain()] == [1]
    chunker.add_all(Block.of(rows_of("aa", start=2)))
    assert (chunker.held_back, chunker.waiting) == (2, 2)


def test_a_row_longer_than_a_chunk_goes_alone_also_after_it_was_held_back() -> None:
    chunker = Chunker(Chunking.UNIQUE, max_bytes=20)
    chunker.add(row(0, "a"))
    chunker.tick()
    chunk = taken(chunker)
    chunker.add(row(1, "a", 50))
    chunker.release(chunk)
    chunker.add(row(2, "b"))
    assert [list(taken(chunker).positions)] == [[1]]


def test_customers_who_fill_a_chunk_to_the_byte_go_together() -> None:
    chunker = Chunker(Chunking.TOGETHER, max_bytes=40)
    for read in rows_of("aabb"):
        chunker.add(read)
    chunker.end()
    assert taken(chunker).keys == ["a", "a", "b", "b"]


def test_what_is_left_of_a_customer_is_as_long_as_the_rows_that_are_left() -> None:
    chunker = Chunker(Chunking.TOGETHER, max_rows=3, max_bytes=100)
    chunker.add_all(Block.of(rows_of("aaaa")))
    chunker.end()
    chunk = taken(chunker)
    chunker.add(row(4, "b", 80))
    chunker.release(chunk)
    assert sorted(taken(chunker).keys) == ["a", "b"]


# -- plain rows


def test_plain_rows_keep_their_order_where_a_long_one_must_wait_for_the_next_chunk() -> None:
    chunker = Chunker(Chunking.PLAIN, max_bytes=35)
    chunker.add_all(Block.of([row(0, "a", 10), row(1, "b", 30)]))
    chunker.add_all(Block.of([row(2, "c", 5)]))
    chunker.end()
    assert [list(taken(chunker).positions) for _ in range(2)] == [[0], [1, 2]]


def test_nothing_is_remembered_of_the_customers_of_plain_rows() -> None:
    chunker = Chunker(Chunking.PLAIN)
    chunker.add_all(Block.of(rows_of("abc")))
    assert not chunker._taken
