"""A set of row positions that stays small with millions of rows."""

from __future__ import annotations

from collections.abc import Sequence


class Positions:
    """A set of row positions, one byte each."""

    def __init__(self) -> None:
        self._known = bytearray()

    def add_all(self, positions: Sequence[int]) -> None:
        """Add positions, in whatever order."""
        if isinstance(positions, range) and positions.step == 1 and positions:
            self._add_range(positions.start, positions.stop)
            return
        missing = max(positions, default=-1) + 1 - len(self._known)
        if missing > 0:
            self._known.extend(bytes(missing))
        known = self._known
        for position in positions:
            known[position] = 1

    def _add_range(self, start: int, stop: int) -> None:
        missing = start - len(self._known)
        if missing > 0:
            self._known.extend(bytes(missing))
        self._known[start:stop] = b"\1" * (stop - start)

    def __contains__(self, position: object) -> bool:
        return (
            isinstance(position, int)
            and 0 <= position < len(self._known)
            and self._known[position] == 1
        )

    def __len__(self) -> int:
        return self._known.count(1)
