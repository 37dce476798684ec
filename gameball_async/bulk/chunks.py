"""
Rows to chunks: which rows may travel together, and which must wait for others.

Answers name items by customer id only, and two open jobs of one customer can refuse each other
(code 2001) or be applied in the wrong order. So, but for *plain*, rows that share a key are never
in two open jobs and always leave in the order they came:

- *unique*: never two in one chunk either, so that each row's outcome can be told;
- *together*: in one chunk as far as they fit;
- *plain*: as they come.

Rows are looked at ahead of the chunk at hand, within bounds: a row whose key is under way waits, and
those behind it with other keys go first. When a chunk leaves:

- full: at once; but *together* reads ahead first, so that a customer's rows can meet.
- not full, and no more rows to be had before a job ends: if one of its keys has more turns to go
  than any that is under way. Else nobody in it is in a hurry: it waits for company. The customer
  with the most rows so never waits, and the others do not fill the quota with small chunks.
- not full, and the input is slow: after a while, which is the longer the more jobs are open.
"""

from __future__ import annotations

from collections import Counter
from itertools import accumulate, chain

from attrs import frozen

from ..api.kinds import Chunking
from ..api.requests import MAX_ITEMS
from ..rows.chunk import Chunk, compact
from ..rows.row import Block, Prepared
from .waiting import Pool, Queue, Waiting

MAX_BYTES = 8 * 1024 * 1024
"""Bytes of a chunk's items, at most. The API names no limit; proxies in front of it have some."""
PASSED_OVER = 200
"""Keys with too many rows for what room is left that are passed over in search of smaller ones."""


@frozen
class LookAhead:
    """
    How far rows are read ahead of what is sent. Reading pauses while that much is waiting.

    Attributes:
        rows: rows that may wait; up to 200 of a list are read at once.
        size: bytes of JSON that may wait.
        seconds: with slow input, how long rows wait for others to fill their chunk.
    """

    rows: int = 100_000
    size: int = 32 * 1024 * 1024
    seconds: float = 5.0


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
        max_rows: int = MAX_ITEMS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.look_ahead: LookAhead = look_ahead or LookAhead()
        self.ended: bool = False
        self._plain = chunking is Chunking.PLAIN  # then all rows are of one key, never under way
        self._with_item_ids = with_item_ids
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._turn = 1 if chunking is Chunking.UNIQUE else max_rows
        # Keys that are under way, or of rows that stay together: with the block they came in.
        self._taken: dict[str, Block | None] = {}
        self._ready = Pool(self._turn)
        self._held = Pool(self._turn)  # under keys that are under way
        self._size = 0
        self._chunks = 0
        self._open = 0
        self._ticks = 0
        self._looked_ahead = chunking is not Chunking.TOGETHER

    @property
    def waiting(self) -> int:
        """Rows that are not in a chunk yet."""
        return self._ready.rows + self._held.rows

    @property
    def held_back(self) -> int:
        """Rows that wait for an open job of their own key."""
        return self._held.rows

    @property
    def wants_rows(self) -> bool:
        """Whether there is room to look further ahead."""
        return (
            not self.ended
            and self.waiting < self.look_ahead.rows
            and self._size < self.look_ahead.size
        )

    @property
    def done(self) -> bool:
        """Whether every row has left in a chunk and no more will come."""
        return self.ended and not self.waiting

    @property
    def waiting_because(self) -> str | None:
        """Why rows wait, in words for people; None where none do, or where a chunk may leave."""
        if not self.waiting or self.has_chunk:
            return None
        if self._ready and self.wants_rows:
            if self._looked_ahead:
                return "waiting for enough rows of the input to fill a chunk"
            return "reading the input ahead, so that a customer's rows are sent together"
        why = f"{self.held_back:,} of {self.waiting:,} rows wait for open jobs of their customers"
        turns = max(self._ready.most_turns, self._held.most_turns)
        if turns > 1:
            why += f"; one customer's rows alone take {turns:,} more jobs, one after the other"
        return why

    def add(self, row: Prepared) -> None:
        """A row to be sent, after all rows added before that share its key."""
        self.add_all(Block.of([row]))

    def add_all(self, rows: Block) -> None:
        """`add` for each of these rows. Those that are the first of their key, as most are, stay together."""
        self._size += rows.size
        new = {} if self._plain else dict.fromkeys(rows.keys, rows)
        if not self._plain and (
            len(new) < len(rows)
            or self._ready.has_any(new)
            or not self._taken.keys().isdisjoint(new)
        ):
            rows = Block.of(self._add_known(rows))
            new = dict.fromkeys(rows.keys, rows)
        if rows:
            self._taken.update(new)
            self._ready.append(rows)

    def _add_known(self, rows: Block) -> list[Prepared]:
        """Add those whose key another row has or had; gives the others."""
        times, others, taken = Counter(rows.keys), list[Prepared](), self._taken
        for row in rows:
            key = row.key
            if key in taken:
                block = taken[key]
                if block is None or key not in block.keys:
                    self._held.add(key, row)
                    continue
                del taken[key]
                self._ready.part(block, key)
            elif times[key] == 1 and key not in self._ready:
                others.append(row)
                continue
            self._ready.add(key, row)
        return others

    def end(self) -> None:
        """No more rows will come."""
        self.ended = True

    def tick(self) -> None:
        """Another `LookAhead.seconds` have passed since the first row was added."""
        self._ticks += 1
        self._looked_ahead = True

    @property
    def has_chunk(self) -> bool:
        """Whether `take` would give a chunk now."""
        if not self._ready:
            return False
        if self._is_full():
            return self._looked_ahead or not self.wants_rows
        if self.wants_rows:
            return self._ticks > self._open
        return self._ready.most_turns > self._held.most_turns

    def _is_full(self) -> bool:
        ready = self._ready
        return ready.first_rows >= self._max_rows or ready.first_size >= self._max_bytes

    def take(self) -> Chunk | None:
        """The next chunk that may be sent; None where more rows, or a job's end, must come first."""
        if not self.has_chunk:
            return None
        blocks = self._fill()
        self._ticks = 0
        self._looked_ahead = True
        self._open += 1
        self._chunks += 1
        ids = [item_id for block in blocks for item_id in block.item_ids or ()]
        return Chunk(
            self._chunks,
            compact([*chain.from_iterable([block.positions for block in blocks])]),
            [*chain.from_iterable([block.keys for block in blocks])],
            ids if self._with_item_ids else None,
            [*chain.from_iterable([block.payloads for block in blocks])],
        )

    def _fill(self) -> list[Block]:
        rows = list[Prepared]()
        taken: list[tuple[str | Block, int, int]] = []
        most, room, passed = self._max_rows, self._max_bytes, 0
        for key, waiting in self._ready:
            count, size = self._ready.first(waiting)
            if count > most or size > room:
                # Whoever fits another chunk goes whole, and then; rows that stay together need not.
                parted = not taken or isinstance(waiting, Block)
                count, size = _fitting(waiting, most, room, not taken) if parted else (0, 0)
                passed += self._plain or not count
            if count:
                if not isinstance(waiting, Block):
                    rows += (waiting,) if isinstance(waiting, Prepared) else waiting[:count]
                taken.append((key, count, size))
                most, room = most - count, room - size
            if most <= 0 or room <= 0 or passed > (0 if self._plain else PASSED_OVER):
                break
        self._size -= self._max_bytes - room
        return [Block.of(rows), *self._leave(taken)]

    def _leave(self, taken: list[tuple[str | Block, int, int]]) -> list[Block]:
        """So many rows and bytes leave, and what is left under their keys is held back; gives those of blocks."""
        blocks: list[Block] = []
        for key, count, size in taken:
            if isinstance(key, Block):
                blocks.append(self._ready.pop_first(key, count))
                continue
            waiting = self._ready.pop(key)
            if isinstance(waiting, Queue) and len(waiting) > count:
                del waiting[:count]
                waiting.size -= size
                self._held.put(key, waiting)
            self._taken[key] = None
        return blocks

    def release(self, chunk: Chunk) -> None:
        """The job of *chunk* has ended, or it was never accepted: its keys may go again."""
        self._open -= 1
        for key in () if self._plain else chunk.keys:
            self._taken.pop(key, None)
        for key in dict.fromkeys(chunk.keys) if self._held else ():
            waiting = self._held.pop(key)
            if waiting is not None:
                self._ready.put(key, waiting)

    def occupy(self, chunk: Chunk) -> None:
        """A chunk of an earlier run is still under way: its keys must wait until its `release`."""
        self._open += 1
        if not self._plain:
            self._taken.update(dict.fromkeys(chunk.keys))

    def count_from(self, number: int) -> None:
        """Chunks get numbers above *number*."""
        self._chunks = max(self._chunks, number)

    def put_back(self, chunk: Chunk) -> None:
        """*chunk* was too large for the server: its rows go again, from now on in smaller chunks."""
        self._max_bytes = min(self._max_bytes, max(1, sum(map(len, chunk.payloads)) // 2))
        self.release(chunk)
        self._size += sum(map(len, chunk.payloads))
        if self._plain:
            self._ready.append(Block.of([*chunk.rows()]), first=True)
            return
        by_key: dict[str, list[Prepared]] = {}
        for row in chunk.rows():
            by_key.setdefault(row.key, []).append(row)
        for key, rows in by_key.items():
            behind = self._ready.pop(key)
            rows += behind if isinstance(behind, Queue) else () if behind is None else (behind,)
            self._ready.put(key, Queue(rows))

    def drain(self) -> list[Prepared]:
        """Everything that waits, in the order it came; nothing waits afterwards."""
        rows: list[Prepared] = []
        for pool in (self._ready, self._held):
            for _, waiting in pool:
                rows += (waiting,) if isinstance(waiting, Prepared) else waiting
        self._ready, self._held = Pool(self._turn), Pool(self._turn)
        self._size = 0
        return sorted(rows, key=lambda row: row.position)


def _fitting(waiting: Waiting, most: int, room: int, least: int) -> tuple[int, int]:
    """Rows and bytes that fit, where not all do; so many rows at least."""
    rows = (waiting,) if isinstance(waiting, Prepared) else waiting[:most]
    sizes = [0, *accumulate(len(row.payload) for row in rows)]
    count = max(least, sum(size <= room for size in sizes) - 1)
    return count, sizes[count]
