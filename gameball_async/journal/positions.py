"""A set of row positions that stays small with millions of rows."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

__all__ = ["Positions"]


class Positions:
    """A set of row positions, one bit each."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add_all(self, positions: Sequence[int]) -> None:
        """Add positions; those that follow one another are added in one go."""
        if not positions:
            return
        first, last = positions[0], positions[-1]
        if last - first + 1 == len(positions) and _follow(positions, first, last):
            self._reach(last)
            self._bits[first : last + 1] = b"\1" * len(positions)
            return
        try:
            self._add_each(positions)
        except IndexError:
            self._reach(max(positions))
            self._add_each(positions)

    def _add_each(self, positions: Sequence[int]) -> None:
        bits = self._bits
        for position in positions:
            bits[position] = 1

    def _reach(self, highest: int) -> None:
        if highest >= len(self._bits):
            self._bits.extend(bytes(highest + 1 - len(self._bits) + (1 << 16)))

    def __contains__(self, position: object) -> bool:
        return (
            isinstance(position, int)
            and 0 <= position < len(self._bits)
            and self._bits[position] == 1
        )

    def __len__(self) -> int:
        return self._bits.count(1)


def _follow(positions: Sequence[int], first: int, last: int) -> bool:
    """Whether the positions are those from *first* to *last*, in order."""
    in_order = array("q", range(first, last + 1)).tobytes()
    return array("q", positions).tobytes() == in_order
