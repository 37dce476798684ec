"""Rows: what a source yields, and what becomes of it: an item ready to be sent, or a bad row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TypeAlias, cast

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


Batch: TypeAlias = list[Prepared | BadRow | Unchanged]
"""Rows that were read, in their order."""


def sorts(
    batch: Sequence[Prepared | BadRow | Unchanged],
) -> tuple[Sequence[Prepared], list[BadRow], list[Unchanged]]:
    """The rows that were read, by what has become of them."""
    if set(map(type, batch)) == {Prepared}:  # as is usual
        return cast(Sequence[Prepared], batch), [], []
    return (
        [row for row in batch if isinstance(row, Prepared)],
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
