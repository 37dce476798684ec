"""Rows: what a source yields, and what becomes of it: an item ready to be sent, or a bad row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from copy import copy
from itertools import repeat
from typing import TypeAlias, overload

from attrs import define, field, frozen

from ..errors import Fault


@frozen
class Row:
    """
    What a source yields.

    Attributes:
        position: its line, counted from 1, in a file; its index from 0 in an iterable.
        value: a mapping, a model or a text.
    """

    position: int
    value: object = field(repr=False)


@frozen
class BadRow:
    """
    A row that cannot be sent.

    Attributes:
        position: where it came from.
        faults: all that is wrong with it; never empty.
        key: its customer (or order) id, where that could be read.
    """

    position: int
    faults: tuple[Fault, ...]
    key: str | None = field(default=None, repr=False)


def repeated_id(field: str, position: int, first: int) -> Fault:
    """What is wrong with a row whose id an earlier one had, where Gameball takes an id once."""
    return Fault(
        field,
        f"row {position} has the same id as row {first}, and Gameball takes each id only once: "
        "remove one of the two rows, or give it another id (rows are counted as the file's "
        "lines, or from 0)",
    )


@define
class Prepared:
    """
    An item, ready for the wire.

    Attributes:
        position: where it came from.
        key: the id that answers will name it by.
        item_id: what tells it from other items of that customer; None where its kind has nothing.
        payload: the item's JSON, in UTF-8.
    """

    position: int
    key: str = field(repr=False)
    item_id: str | None = field(repr=False)
    payload: bytes = field(repr=False)


@define(eq=False)
class Block(Sequence[Prepared]):
    """
    Items that came together, in columns: many of them cost no more objects than one.

    Attributes:
        positions: where each came from.
        keys: the id that answers will name each by.
        item_ids: what tells each from others of its key; None where their kind has nothing.
        payloads: each item's JSON, in UTF-8.
        size: bytes of all payloads.
    """

    positions: range | list[int]
    keys: list[str] = field(repr=False)
    item_ids: list[str | None] | None = field(repr=False)
    payloads: list[bytes] = field(repr=False)
    size: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.size = sum(map(len, self.payloads))

    @classmethod
    def of(cls, rows: Sequence[Prepared]) -> Block:
        """These items."""
        return cls(
            [row.position for row in rows],
            [row.key for row in rows],
            [row.item_id for row in rows],
            [row.payload for row in rows],
        )

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[Prepared]:
        item_ids = repeat(None) if self.item_ids is None else self.item_ids
        return map(Prepared, self.positions, self.keys, item_ids, self.payloads)

    @overload
    def __getitem__(self, index: int) -> Prepared: ...
    @overload
    def __getitem__(self, index: slice) -> Block: ...
    def __getitem__(self, index: int | slice) -> Prepared | Block:
        if isinstance(index, int):
            item_id = None if self.item_ids is None else self.item_ids[index]
            return Prepared(self.positions[index], self.keys[index], item_id, self.payloads[index])
        item_ids = None if self.item_ids is None else self.item_ids[index]
        return Block(self.positions[index], self.keys[index], item_ids, self.payloads[index])

    def pop_first(self, rows: int) -> Block:
        """So many items leave."""
        if rows >= len(self):
            taken = copy(self)
            self.positions, self.keys, self.item_ids, self.payloads, self.size = [], [], None, [], 0
            return taken
        taken = self[:rows]
        self.size -= taken.size
        self._drop(slice(rows))
        return taken

    def pop(self, key: str) -> Prepared:
        """The item of this key leaves."""
        index = self.keys.index(key)
        row = self[index]
        self.size -= len(row.payload)
        self._drop(slice(index, index + 1))
        return row

    def _drop(self, rows: slice) -> None:
        if isinstance(self.positions, range):
            self.positions = [*self.positions]
        for column in (self.positions, self.keys, self.item_ids, self.payloads):
            if column is not None:
                del column[rows]


@frozen
class Unchanged:
    """
    A row that need not be sent: what an earlier run has applied for its id last is the same.

    Attributes:
        position: where it came from.
        key: its customer (or order) id.
        item_id: its order or transaction id; None where its kind has none.
        digest: of what it holds, as `content.digest_of` makes it.
    """

    position: int
    key: str = field(repr=False)
    item_id: str | None = field(repr=False)
    digest: bytes = field(repr=False)


Batch: TypeAlias = Sequence[Prepared | BadRow | Unchanged]
"""Rows that were read, in their order."""


def sorts(batch: Batch) -> tuple[Block, list[BadRow], list[Unchanged]]:
    """The rows that were read, by what has become of them."""
    if isinstance(batch, Block):  # as is usual
        return batch, [], []
    return (
        Block.of([row for row in batch if isinstance(row, Prepared)]),
        [row for row in batch if isinstance(row, BadRow)],
        [row for row in batch if isinstance(row, Unchanged)],
    )


class Blocks(ABC):
    """Rows that come many at a time, from what may keep a caller waiting: read in a worker thread."""

    @abstractmethod
    def block(self) -> list[Row | BadRow]:
        """The next rows; none at the end."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what is open. Safe to call twice, and while a block is being read."""

    def __iter__(self) -> Iterator[Row | BadRow]:
        while rows := self.block():
            yield from rows
