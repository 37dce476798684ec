"""
Rows that wait, by key, and the order in which keys get their turn.

Keys that need the most turns come first: whoever has the longest way to go starts at once. Those
that one chunk could take whole are served first come, first served. Most keys have one row only in
most inputs, so that rows that came together stay together until another row comes under a key of theirs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import TypeAlias

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


Waiting: TypeAlias = Prepared | Queue
"""What waits under one key: a row, or a queue of at least one."""


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
        self._short: dict[str, Waiting] = {}  # in one turn
        self._long: dict[str, Queue] = {}
        self._by_turns: dict[int, dict[str, Queue]] = {}  # the long ones
        self._together = deque[Block]()  # rows each alone under its key, behind all others
        self.rows: int = 0
        self.first_rows: int = 0
        self.first_size: int = 0

    def __bool__(self) -> bool:
        return self.rows > 0

    def __iter__(self) -> Iterator[tuple[str, Waiting]]:
        """The keys and what waits under each, those that need the most turns first; no rows that stay together."""
        for turns in sorted(self._by_turns, reverse=True):
            yield from self._by_turns[turns].items()
        yield from self._short.items()

    @property
    def most_turns(self) -> int:
        """Turns that the key with the most rows needs; 0 where there is none."""
        return max(self._by_turns, default=1 if self._short or self._together else 0)

    def first(self, queue: Queue) -> tuple[int, int]:
        """Rows and bytes that a chunk of any size could take of a queue."""
        return (1, len(queue[0].payload)) if self._turn == 1 else (len(queue), queue.size)

    def add(self, key: str, row: Prepared) -> None:
        """A row comes, behind those of its key, which keeps its place unless it needs more turns."""
        waiting = self._short.get(key)
        if waiting is None and key not in self._long:
            self._short[key] = row
            self.rows += 1
            self.first_rows += 1
            self.first_size += len(row.payload)
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

    def has_any(self, keys: frozenset[str]) -> bool:
        """Whether any of these keys is here by itself, and not among rows that stay together."""
        return not (self._short.keys().isdisjoint(keys) and self._long.keys().isdisjoint(keys))

    def append(self, block: Block) -> None:
        """Rows come, each alone under its key, behind all others: they stay together."""
        self._together.append(block)
        self._count_block(block, 1)

    def pop_block(self, rows: int, room: int, *, least: int = 0) -> Block | None:
        """
        The next of the rows that stay together leave; None where there are none, or none fits.

        Args:
            rows: how many, at most.
            room: bytes of their JSON, at most.
            least: how many leave even if they do not fit.
        """
        if not self._together:
            return None
        block = self._together.popleft()
        if len(block) > rows or block.size > room:
            sizes = accumulate(map(len, block.payloads[:rows]))
            fitting = max(least, sum(size <= room for size in sizes))
            if fitting < len(block):
                self._together.appendleft(block[fitting:])
                block = block[:fitting]
        self._count_block(block, -1)
        return block or None

    def split(self) -> list[str]:
        """Keep the rows that stay together by their keys instead, in their order; gives the keys."""
        keys: list[str] = []
        while self._together:
            block = self._together.popleft()
            self._count_block(block, -1)
            for row in block:
                self.add(row.key, row)
            keys += block.keys
        return keys

    def _count_block(self, block: Block, sign: int) -> None:
        self.rows += sign * len(block)
        self.first_rows += sign * len(block)
        self.first_size += sign * block.size

    def put(self, key: str, waiting: Waiting) -> None:
        """A key comes, behind those that need as many turns."""
        if isinstance(waiting, Queue):
            self._count(waiting, 1)
            self._place(key, waiting)
        else:
            self.add(key, waiting)

    def pop(self, key: str) -> Waiting | None:
        """A key leaves, with what waits under it; None where nothing does."""
        waiting = self._short.pop(key, None)
        if isinstance(waiting, Prepared):
            self.rows -= 1
            self.first_rows -= 1
            self.first_size -= len(waiting.payload)
            return waiting
        queue = waiting
        if queue is None and self._long:
            queue = self._long.get(key)
            if queue is not None:
                self._unplace(key, queue)
        if queue is not None:
            self._count(queue, -1)
        return queue

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

    def _count(self, queue: Queue, sign: int) -> None:
        self.rows += sign * len(queue)
        if self._turn == 1:
            self.first_rows += sign
            self.first_size += sign * len(queue[0].payload)
        else:
            self.first_rows += sign * len(queue)
            self.first_size += sign * queue.size
