"""
How long a trip to the server and back takes at least, and what of it may be credited to the windows.

A request is counted by the server after its way there, and before its answer's way back. So of two
requests the later may leave that much earlier than a window after the earlier's answer: by what both
ways take when nothing waits and the server needs no time. No assumption is needed on how that splits.

The time between a SYN and its answer has no server's work in it: TCP handshakes bound the trip from below
where answers do not. What is credited is the least that was seen, of both, less a part of what lies between
it and those next to it: where trips differ, a still shorter one is likely. The more were seen, the
smaller that part is. Where handshakes are not as short as answers, twice as much less is credited as they lie
apart: those answers may have the server's work in them.

A path that becomes shorter than ever seen can still make it too much. After a 429 that may come of that,
nothing is credited before as much was seen anew; after a second one, nothing any more.
"""

from __future__ import annotations

from bisect import insort
from collections import deque

NEXT_TO_LEAST = ((8, 2.0), (32, 0.6))
"""
So many of the shortest trips are compared, and how much less is credited for each second that the last
of them lies above the first: what a trip takes at least is then below both for one path in a hundred. With
fewer trips seen than the first, nothing is credited.
"""
KEPT = max(count for count, _ in NEXT_TO_LEAST)
HANDSHAKES = 3
"""How many handshakes must be seen at least; the last of these is then compared with the answers."""
HANDSHAKES_MORE = 8
"""For each so many of them, one that is shorter is compared."""
APART = 2.0
"""How much less is credited for each second that it lies above the least of all."""
MARGIN = 0.005
"""Seconds less: clocks and event loops are no finer."""
LATEST = 64
"""Handshakes that tell what a trip takes as a rule."""
TRUSTED = 2
"""How often a credit may be learned: the second time after it has turned out to be too much."""


class Trips:
    """What one client has seen of its trips to the server. Plain code: durations are arguments."""

    def __init__(self) -> None:
        self._latest: deque[float] = deque(maxlen=LATEST)  # handshakes
        self._handshakes: list[float] = []  # the least of them
        self._connected = 0  # of how many
        self._few: list[float] = []  # the least trips of all, answers too
        self._trusted = TRUSTED
        self.credit: float = 0.0
        """Seconds that both ways of a trip take together at the very least; 0 where that is not known."""

    @property
    def known(self) -> bool:
        """Whether any handshake was seen."""
        return bool(self._latest)

    @property
    def usual(self) -> float:
        """Seconds of a trip without the server's work, in the median; 0 where that is not known."""
        found = sorted(self._latest)
        return found[(len(found) - 1) // 2] if found else 0.0

    def connected(self, seconds: float) -> None:
        """A TCP handshake took so long."""
        self._latest.append(seconds)
        self._connected += 1
        insort(self._handshakes, seconds)
        del self._handshakes[HANDSHAKES:]
        self._learn(seconds)

    def answered(self, seconds: float) -> None:
        """A request was answered after so long; the server's work is in it."""
        self._learn(seconds)

    def distrust(self) -> None:
        """A 429 came that the credit may have caused: what was seen so far tells nothing any more."""
        self._trusted -= 1
        self._connected = 0
        self._handshakes.clear()
        self._few.clear()
        self.credit = 0.0

    def _learn(self, seconds: float) -> None:
        insort(self._few, seconds)
        del self._few[KEPT:]
        if not self._trusted or len(self._handshakes) < HANDSHAKES:
            return
        least = self._few[0]
        sure = max(
            (
                least - part * (self._few[count - 1] - least)
                for count, part in NEXT_TO_LEAST
                if count <= len(self._few)
            ),
            default=0.0,
        )
        nearest = self._handshakes[max(0, HANDSHAKES - 1 - self._connected // HANDSHAKES_MORE)]
        self.credit = max(0.0, min(sure, least - APART * (nearest - least)) - MARGIN)
