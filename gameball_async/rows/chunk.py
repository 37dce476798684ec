"""A chunk: rows that travel in one request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import eq

from attrs import define, field

from .row import Prepared


def compact(positions: Sequence[int]) -> Sequence[int]:
    """The same positions: as a range, which takes no room, where they follow each other, as most do."""
    if positions and positions[-1] - positions[0] == len(positions) - 1:
        in_order = range(positions[0], positions[-1] + 1)
        if all(map(eq, positions, in_order)):
            return in_order
    return positions


@define(eq=False)
class Chunk:
    """
    Rows that travel in one request.

    Attributes:
        number: from 1, in the order of sending.
        positions: where each row came from.
        keys: each row's customer (or order) id.
        item_ids: each row's order or transaction id; None where the kind has none.
        payloads: each row's JSON; emptied once the server has accepted the chunk.
    """

    number: int
    positions: Sequence[int] = field(repr=False)
    keys: list[str] = field(repr=False)
    item_ids: list[str | None] | None = field(repr=False)
    payloads: list[bytes] = field(repr=False)

    def __len__(self) -> int:
        return len(self.keys)

    def rows(self) -> Iterator[Prepared]:
        """The rows again, as long as their JSON is there."""
        item_ids = self.item_ids or [None] * len(self)
        return map(Prepared, self.positions, self.keys, item_ids, self.payloads)
