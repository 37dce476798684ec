"""Items that came together, in columns, are what each is by itself."""

from __future__ import annotations

import pytest

from gameball_async.rows.row import Block, Prepared

ROWS = [Prepared(5 + n, f"c{n}", f"i{n}", b"x" * (n + 1)) for n in range(5)]


def test_a_block_is_its_items() -> None:
    block = Block.of(ROWS)
    assert list(block) == [block[n] for n in range(5)] == ROWS
    assert list(block[1:3]) == ROWS[1:3]
    assert (len(block), block.size) == (5, 15)
    assert list(Block(range(2), ["a", "b"], None, [b"1", b"2"])) == [
        Prepared(0, "a", None, b"1"),
        Prepared(1, "b", None, b"2"),
    ]


@pytest.mark.parametrize("with_ids", [True, False])
def test_items_leave_a_block_from_its_beginning_or_by_their_key(with_ids: bool) -> None:
    ids: list[str | None] | None = ["i0", "i1", "i2", "i3"] if with_ids else None
    block = Block(range(4), ["a", "b", "c", "d"], ids, [b"1", b"22", b"333", b"4444"])
    block.pop_first(1)
    assert block.pop("c") == Prepared(2, "c", "i2" if with_ids else None, b"333")
    assert [(row.position, row.key, row.payload) for row in block] == [
        (1, "b", b"22"),
        (3, "d", b"4444"),
    ]
    assert block.size == 6
    block.pop_first(2)
    assert not block and block.size == 0
