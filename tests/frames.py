"""A journal as its frames, one after the other, without a file."""

from __future__ import annotations

from collections.abc import Callable

from gameball_async.journal import records
from gameball_async.journal.folding import Folding
from gameball_async.journal.header import Header, Source
from gameball_async.journal.state import Resumable
from gameball_async.rows.chunk import Chunk
from gameball_async.rows.outcome import Outcome, Reason, RowOutcome

HEADER = Header(
    "cashback", "acc", "https://a.example", "v4.0", "unique", Source("f", "d", "{1}"), run="r"
)


class Log:
    """Frames, one after the other."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.looked_up: list[int] = []
        self.folding = Folding(self._frame)
        self.add(records.header(HEADER))

    def _frame(self, start: int) -> bytes:
        self.looked_up.append(start)
        return self.frames[start]

    def add(self, *frames: bytes | Callable[[], bytes]) -> None:
        for frame in frames:
            self.frames.append(frame if isinstance(frame, bytes) else frame())
            self.folding.add(len(self.frames) - 1, self.frames[-1])

    def chunk(self, number: int, *positions: int, resent: bool = False) -> None:
        self.add(records.intended(chunk(number, *positions), resent))

    def settled(self, number: int, *positions: int, job: int = 70, **ends: Outcome) -> None:
        """A chunk whose rows have succeeded, but for those named p0, p1, …"""
        self.chunk(number, *positions)
        self.add(records.accepted(number, job, False))
        outcomes = [ends.get(f"p{position}", Outcome.SUCCEEDED) for position in positions]
        why = {
            n: Reason("why", 9008, "points")
            for n, end in enumerate(outcomes)
            if end is not Outcome.SUCCEEDED
        }
        self.add(records.settled(number, outcomes, why))

    @property
    def state(self) -> Resumable:
        return self.folding.state([1.5])

    def rows(self, *, open_too: bool = True) -> list[RowOutcome]:
        return list(self.folding.rows(open_too=open_too))


def chunk(number: int, *positions: int) -> Chunk:
    return Chunk(
        number,
        list(positions),
        [f"c{n}" for n in positions],
        [f"t{n}" for n in positions],
        [b'{"n":%d,"name":"a b"}' % n for n in positions],
    )
