"""
Rows that wait, by key, and the order in which keys get their turn.

Keys that need the most turns come first: whoever has the longest way to go starts at once. Those
that one chunk could take whole are served first come, first served. Most keys have one row only in
most inputs: rows that came together, each alone under its key, stay together until another comes under it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias, cast

from ..rows.row import Block, Prepared


class Queue(list[Prepared]):
    """
    The rows of one key, in the order they came.

    Attributes:
        size: bytes of the rows' JSON.
        turns: chunks that the rows need, one after the other; kept by the pool.
    """

    __slots__ = ("size", "turns")

    def __init__(self, rows: Iterable[Prepared]) -> None:
        super().__init__(rows)
        self.size: int = sum([len(row.payload) for row in self])
        self.turns: int = 1


Waiting: TypeAlias = Prepared | Queue | Block
"""What waits under one key: a row, or a queue of at least one; or rows that stay together, in place of a key."""


class Pool:
    """
    Keys that are alike, with their rows: all may go, or all are held back.

    Args:
        turn: rows of one key that may travel in one chunk, at most.

    Attributes:
        rows: rows of all keys.
        first_rows: rows that one chunk could take of all keys, were it large enough.
        first_size: bytes of their JSON.
    """

    def __init__(self, turn: int) -> None:
        self._turn = turn
        self._short: dict[str | Block, Waiting] = {}  # in one turn
        self._long: dict[str, Queue] = {}
        self._by_turns: dict[int, dict[str, Queue]] = {}  # the long ones
        self.rows: int = 0
        self.first_rows: int = 0
        self.first_size: int = 0

    def __bool__(self) -> bool:
        return self.rows > 0

    def __iter__(self) -> Iterator[tuple[str | Block, Waiting]]:
        """The keys and what waits under each, those that need the most turns first."""
        for turns in sorted(self._by_turns, reverse=True):
            yield from self._by_turns[turns].items()
        yield from self._short.items()

    @property
    def most_turns(self) -> int:
        """Turns that the key with the most rows needs; 0 where there is none."""
        return max(self._by_turns, default=1 if self._short else 0)

    def first(self, waiting: Waiting) -> tuple[int, int]:
        """Rows and bytes that a chunk of any size could take of what waits under a key."""
        if isinstance(waiting, Prepared):
            return 1, len(waiting.payload)
        if isinstance(waiting, Queue) and self._turn == 1:
            return 1, len(waiting[0].payload)
        return len(waiting), waiting.size

    def add(self, key: str, row: Prepared) -> None:
        """A row comes, behind those of its key, which keeps its place unless it needs more turns."""
        waiting = cast(Prepared | Queue | None, self._short.get(key))
        if waiting is None and key not in self._long:
            self._short[key] = row
            self._count(row, 1)
            return
        if waiting is None:
            queue = self._long[key]
        else:
            queue = waiting if isinstance(waiting, Queue) else Queue((waiting,))
        self._count(queue, -1)
        queue.append(row)
        queue.size += len(row.payload)
        self._count(queue, 1)
        if queue.turns == 1:
            self._short[key] = queue
        if len(queue) > queue.turns * self._turn:
            self._unplace(key, queue)
            self._place(key, queue)

    def __contains__(self, key: str) -> bool:
        return key in self._short or key in self._long

    def has_any(self, keys: Mapping[str, object]) -> bool:
        """Whether any of these keys is here by itself, and not among rows that stay together."""
        return not (self._short.keys().isdisjoint(keys) and self._long.keys().isdisjoint(keys))

    def append(self, block: Block, *, first: bool = False) -> None:
        """Rows come, each alone under its key, which stay together: behind all others, or before them."""
        self._short[block] = block
        if first:
            self._short = {block: block, **self._short}
        self._count(block, 1)

    def part(self, block: Block, key: str) -> None:
        """A row of those that stay together is kept by its key instead, behind all others."""
        self._short[key] = block.pop(key)
        if not block:
            del self._short[block]

    def pop_first(self, block: Block, rows: int) -> Block:
        """So many of the rows that stay together leave."""
        taken = block.pop_first(rows)
        self._count(taken, -1)
        if not block:
            del self._short[block]
        return taken

    def put(self, key: str, waiting: Prepared | Queue) -> None:
        """A key comes, behind those that need as many turns."""
        if isinstance(waiting, Queue):
            self._count(waiting, 1)
            self._place(key, waiting)
        else:
            self.add(key, waiting)

    def pop(self, key: str) -> Prepared | Queue | None:
        """A key leaves, with what waits under it; None where nothing does."""
        waiting = cast(Prepared | Queue | None, self._short.pop(key, None))
        if waiting is None and self._long:
            waiting = queue = self._long.get(key)
            if queue is not None:
                self._unplace(key, queue)
        if waiting is not None:
            self._count(waiting, -1)
        return waiting

    def _place(self, key: str, queue: Queue) -> None:
        turns = queue.turns = -(-len(queue) // self._turn)
        if turns == 1:
            self._short[key] = queue
            return
        self._long[key] = queue
        alike = self._by_turns.get(turns)
        if alike is None:
            self._by_turns[turns] = {key: queue}
        else:
            alike[key] = queue

    def _unplace(self, key: str, queue: Queue) -> None:
        if queue.turns == 1:
            del self._short[key]
            return
        del self._long[key]
        alike = self._by_turns[queue.turns]
        del alike[key]
        if not alike:
            del self._by_turns[queue.turns]

    def _count(self, waiting: Waiting, sign: int) -> None:
        rows, size = self.first(waiting)
        self.rows += sign * (1 if isinstance(waiting, Prepared) else len(waiting))
        self.first_rows += sign * rows
        self.first_size += sign * size
