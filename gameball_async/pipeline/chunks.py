"""
Rows to chunks: which rows may travel together, and which must wait for others.

Answers name items by customer id only, and two open jobs of one customer can refuse each other
(code 2001) or be applied in the wrong order. So, but for *plain*, rows that share a key are never
in two open jobs and always leave in the order they came:

- *unique*: never two in one chunk either, so that each row's outcome can be told;
- *together*: in one chunk as far as they fit;
- *plain*: as they come.

Rows are looked at ahead of the chunk at hand, within bounds: a row whose key is under way waits, and
those behind it with other keys go first.
"""

from __future__ import annotations

from attrs import define, field, frozen

from ..model.kinds import Chunking
from .rows import Prepared

__all__ = ["Chunk", "Chunker", "LookAhead"]

MAX_ROWS = 1000
MAX_BYTES = 8 * 1024 * 1024
"""Bytes of a chunk's items, at most. The API names no limit; proxies in front of it have some."""


@frozen
class LookAhead:
    """
    How far rows are read ahead of what is sent, at most.

    Attributes:
        rows: rows that wait.
        size: bytes of their JSON.
    """

    rows: int = 100_000
    size: int = 32 * 1024 * 1024


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
    positions: list[int]
    keys: list[str]
    item_ids: list[str | None] | None
    payloads: list[bytes] = field(repr=False)

    def __len__(self) -> int:
        return len(self.keys)

    def halves(self, number: int) -> tuple[Chunk, Chunk]:
        """Two chunks of half the rows each; the second gets *number*."""
        cut = len(self) // 2
        return self._part(self.number, 0, cut), self._part(number, cut, len(self))

    def _part(self, number: int, start: int, end: int) -> Chunk:
        return Chunk(
            number,
            self.positions[start:end],
            self.keys[start:end],
            None if self.item_ids is None else self.item_ids[start:end],
            self.payloads[start:end],
        )


class Chunker:
    """
    Holds rows that wait, and hands out chunks that may be sent.

    Args:
        chunking: how rows of one key are spread.
        with_item_ids: whether rows have an id of their own besides the key.
        look_ahead: how much may wait.
        max_rows: rows in a chunk, at most.
        max_bytes: bytes of JSON in a chunk, at most (a single longer row goes alone).
    """

    def __init__(
        self,
        chunking: Chunking,
        *,
        with_item_ids: bool = False,
        look_ahead: LookAhead | None = None,
        max_rows: int = MAX_ROWS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._chunking = chunking
        self._with_item_ids = with_item_ids
        self._look_ahead = look_ahead or LookAhead()
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        # Keys that may go, first come first, each with its rows; all rows as one key in *plain*.
        self._ready: dict[str, list[Prepared]] = {}
        # Keys under way in open jobs, each with the rows that wait for it.
        self._busy: dict[str, list[Prepared]] = {}
        self._ready_rows = 0
        self._rows = 0
        self._size = 0
        self._chunks = 0
        self.ended = False

    @property
    def waiting(self) -> int:
        """Rows that are not in a chunk yet."""
        return self._rows

    @property
    def held_back(self) -> int:
        """Rows that wait for an open job of their own key."""
        return self._rows - self._ready_rows

    @property
    def wants_rows(self) -> bool:
        """Whether there is room to look further ahead."""
        return (
            not self.ended
            and self._rows < self._look_ahead.rows
            and self._size < self._look_ahead.size
        )

    @property
    def done(self) -> bool:
        """Whether every row has left in a chunk and no more will come."""
        return self.ended and not self._rows

    def add(self, row: Prepared) -> None:
        """A row to be sent, after all rows added before that share its key."""
        key = "" if self._chunking is Chunking.PLAIN else row.key
        self._rows += 1
        self._size += len(row.payload)
        rows = self._busy.get(key)
        if rows is None:
            rows = self._ready.get(key)
            if rows is None:
                rows = self._ready[key] = []
            self._ready_rows += 1
        rows.append(row)

    def end(self) -> None:
        """No more rows will come."""
        self.ended = True

    @property
    def has_chunk(self) -> bool:
        """Whether `take` would give a chunk now."""
        return bool(self._ready) and not self._wait_for_more()

    def take(self) -> Chunk | None:
        """
        The next chunk that may be sent; None where more rows, or the end of a job, must come first.

        A chunk is full, unless no more rows can be had before a job ends: then what there is goes.
        """
        if not self.has_chunk:
            return None
        rows = self._fill()
        return Chunk(
            self.new_number(),
            [row.position for row in rows],
            [row.key for row in rows],
            [row.item_id for row in rows] if self._with_item_ids else None,
            [row.payload for row in rows],
        )

    def _wait_for_more(self) -> bool:
        if self._available() >= self._max_rows or self._size >= self._max_bytes:
            return False
        if self.wants_rows:
            return True
        # Rows that wait for an open job will make this chunk fuller: fewer jobs for the same rows.
        return self._chunking is Chunking.TOGETHER and bool(self.held_back)

    def _available(self) -> int:
        """Rows that one chunk could take now."""
        return len(self._ready) if self._chunking is Chunking.UNIQUE else self._ready_rows

    def _fill(self) -> list[Prepared]:
        rows: list[Prepared] = []
        room = self._max_bytes
        taken: list[str] = []
        for key, waiting in self._ready.items():
            most = 1 if self._chunking is Chunking.UNIQUE else self._max_rows - len(rows)
            went = 0
            for row in waiting[:most]:
                room -= len(row.payload)
                if room < 0 and rows:
                    break
                rows.append(row)
                went += 1
            if went:
                del waiting[:went]
                taken.append(key)
            if len(rows) >= self._max_rows or room <= 0:
                break
        self._leave(taken, rows)
        return rows

    def _leave(self, taken: list[str], rows: list[Prepared]) -> None:
        for key in taken:
            left = self._ready.pop(key)
            if self._chunking is not Chunking.PLAIN:
                self._busy[key] = left
                self._ready_rows -= len(left)
            elif left:
                self._ready[key] = left
        self._ready_rows -= len(rows)
        self._rows -= len(rows)
        self._size -= sum(len(row.payload) for row in rows)

    def release(self, chunk: Chunk) -> None:
        """The job of *chunk* has ended, or it was never accepted: its keys may go again."""
        if self._chunking is Chunking.PLAIN:
            return
        for key in chunk.keys:
            rows = self._busy.pop(key, None)
            if rows:
                self._ready[key] = rows
                self._ready_rows += len(rows)

    def new_number(self) -> int:
        """A number for a chunk that is made by halving another."""
        self._chunks += 1
        return self._chunks

    def drain(self) -> list[Prepared]:
        """Everything that waits, in the order it came; nothing waits afterwards."""
        rows = [
            row for queue in (self._ready, self._busy) for rows in queue.values() for row in rows
        ]
        self._ready.clear()
        self._busy.clear()
        self._rows = self._size = self._ready_rows = 0
        return sorted(rows, key=lambda row: row.position)
