"""Rows to chunks where the account merges customers: a person's rows share a key, under whatever id they come."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from typing import Any

from ..api.kinds import Chunking
from ..rows.chunk import Chunk
from ..rows.row import Block, Prepared
from .chunks import Chunker
from .persons import MergeBy, Names, Persons, names_of
from .waiting import Queue


class MergingChunker(Chunker):
    """
    A `Chunker` whose keys are persons.

    Args:
        chunking: how rows of one person are spread; not *plain*, which keeps no order.
        merge_by: the field by which the account merges customers.
        more: as of `Chunker`.
    """

    def __init__(self, chunking: Chunking, merge_by: MergeBy, **more: Any) -> None:
        super().__init__(chunking, **more)
        self._merge_by = merge_by
        self._persons = Persons()
        self._names: dict[int, Names] = {}  # of rows that wait or are under way, by position

    def add_all(self, rows: Block) -> None:
        """See `Chunker.add_all`."""
        self._size += rows.size
        for row in rows:
            key = self._known(row)
            (self._held if key in self._taken else self._ready).add(key, row)

    def _known(self, row: Prepared) -> str:
        """The key of a row's person; those who turn out to be the same are made one."""
        names = self._names[row.position] = names_of(row, self._merge_by)
        key, others = self._persons.add(names)
        for other in others:
            self._join(key, other)
        return key

    def _join(self, key: str, other: str) -> None:
        """Two persons are one: their rows wait in one queue, each one's in the order they came."""
        waiting = [*self._waiting(key), *self._waiting(other)]
        if other in self._taken:
            del self._taken[other]
            self._taken[key] = None
        self._put(key, merge(*waiting, key=lambda row: row.position))

    def _waiting(self, key: str) -> Iterator[list[Prepared]]:
        """What waits under a key, which it leaves."""
        for pool in (self._ready, self._held):
            found = pool.pop(key)
            if found is not None:
                yield list(found) if isinstance(found, Queue) else [found]

    def _put(self, key: str, rows: Iterator[Prepared] | list[Prepared]) -> None:
        queue = Queue(rows)
        if queue:
            (self._held if key in self._taken else self._ready).put(key, queue)

    def take(self) -> Chunk | None:
        """See `Chunker.take`."""
        chunk = super().take()
        if chunk is not None:
            self._persons.leave(self._names_of(chunk))
        return chunk

    def _names_of(self, chunk: Chunk) -> list[Names]:
        return [self._names[position] for position in chunk.positions]

    def release(self, chunk: Chunk) -> None:
        """See `Chunker.release`."""
        self._open -= 1
        for key in self._landed(chunk):
            for rows in self._waiting(key):
                self._put(key, rows)
        self._persons.forget(self._names_of(chunk))
        for position in chunk.positions:
            del self._names[position]

    def _landed(self, chunk: Chunk) -> list[str]:
        keys = self._persons.land(self._names_of(chunk))
        for key in keys:
            self._taken.pop(key, None)
        return keys

    def occupy(self, chunk: Chunk) -> None:
        """See `Chunker.occupy`; the chunk still has its rows."""
        self._open += 1
        for row in chunk.rows():
            self._taken[self._known(row)] = None
            self._persons.leave([self._names[row.position]])

    def put_back(self, chunk: Chunk) -> None:
        """See `Chunker.put_back`."""
        self._max_bytes = min(self._max_bytes, max(1, sum(map(len, chunk.payloads)) // 2))
        self._open -= 1
        self._landed(chunk)
        by_key: dict[str, list[Prepared]] = {}
        for row in chunk.rows():
            by_key.setdefault(self._persons.key(self._names[row.position]), []).append(row)
            self._size += len(row.payload)
        for key, rows in by_key.items():
            behind = [row for each in self._waiting(key) for row in each]
            self._put(key, rows + behind)
