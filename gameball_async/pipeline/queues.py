"""
Rows that wait, in one queue for each key, and the order in which queues get their turn.

Queues that need the most turns come first: whoever has the longest way to go starts at once. Among
equals, it is first come, first served.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .rows import Prepared

__all__ = ["Pool", "Queue"]


class Queue(list[Prepared]):
    """
    The rows of one key that wait, in the order they came. A list, since there may be very many.

    Attributes:
        key: the customer (or order) id.
        size: bytes of the rows' JSON.
        turns: chunks that they need; kept by the `Pool`.
    """

    __slots__ = ("key", "size", "turns")

    def __init__(self, key: str, rows: Iterable[Prepared] = ()) -> None:
        super().__init__(rows)
        self.key = key
        self.size = sum([len(row.payload) for row in self])
        self.turns = 0


class Pool:
    """
    Queues that are alike: all may go, or all are held back. None of them is empty.

    Args:
        turn: rows of one queue that may travel in one chunk, at most.

    Attributes:
        rows: rows in all queues.
        first_rows: rows that one chunk could take of all queues, were it large enough.
        first_size: bytes of their JSON.
    """

    def __init__(self, turn: int) -> None:
        self._turn = turn
        self._by_turns: dict[int, dict[str, Queue]] = {}
        self.rows = 0
        self.first_rows = 0
        self.first_size = 0

    def __bool__(self) -> bool:
        return self.rows > 0

    def __iter__(self) -> Iterator[Queue]:
        """The queues, those that need the most turns first."""
        for turns in sorted(self._by_turns, reverse=True):
            yield from self._by_turns[turns].values()

    @property
    def most_turns(self) -> int:
        """Turns that the longest queue needs; 0 where there is none."""
        return max(self._by_turns, default=0)

    def first(self, queue: Queue) -> tuple[int, int]:
        """Rows and bytes that a chunk of any size could take of a queue."""
        if self._turn == 1:
            return 1, len(queue[0].payload)
        return len(queue), queue.size

    def put(self, queue: Queue) -> None:
        """A queue comes in, behind those that need as many turns."""
        turns = queue.turns = -(-len(queue) // self._turn)
        alike = self._by_turns.get(turns)
        if alike is None:
            self._by_turns[turns] = {queue.key: queue}
        else:
            alike[queue.key] = queue
        self._count(queue, 1)

    def remove(self, queue: Queue) -> None:
        """A queue leaves."""
        alike = self._by_turns[queue.turns]
        del alike[queue.key]
        if not alike:
            del self._by_turns[queue.turns]
        self._count(queue, -1)

    def append(self, queue: Queue, row: Prepared) -> None:
        """A row comes to a queue, which keeps its place unless it needs one more turn now."""
        moves = len(queue) == queue.turns * self._turn
        if moves:
            self.remove(queue)
        else:
            self._count(queue, -1)
        queue.append(row)
        queue.size += len(row.payload)
        if moves:
            self.put(queue)
        else:
            self._count(queue, 1)

    def _count(self, queue: Queue, sign: int) -> None:
        self.rows += sign * len(queue)
        if self._turn == 1:
            self.first_rows += sign
            self.first_size += sign * len(queue[0].payload)
        else:
            self.first_rows += sign * len(queue)
            self.first_size += sign * queue.size
