"""
How long a trip to the server and back takes at least, and what of it may be credited to the windows.

A request is counted by the server after its way there, and before its answer's way back. So of two
requests the later may leave that much earlier than a window after the earlier's answer: by what both
ways take when nothing waits and the server needs no time. No assumption is needed on how that splits.

The time between a SYN and its answer has no server's work in it: TCP handshakes bound the trip from below
where answers do not. What is credited is the least that was seen, of both, less by twice as much as the
least few lie apart: where trips differ, a still shorter one is likely. A path that becomes shorter
than ever seen can still make it too much; after a 429 that may come of that, nothing is credited any more.
"""

from __future__ import annotations

from collections import deque

LEAST_FEW = 8
"""How many of the shortest trips are compared; with fewer trips seen, nothing is credited."""
HANDSHAKES = 3
"""How many of them must be as short, at least, that have no server's work in them."""
APART = 2.0
"""How much less is credited for each second that they lie apart."""
MARGIN = 0.005
"""Seconds less: clocks and event loops are no finer."""
KEPT_HANDSHAKES, KEPT_ANSWERS = 64, 256


class Trips:
    """What one client has seen of its trips to the server. Plain code: durations are arguments."""

    def __init__(self) -> None:
        self._handshakes: deque[float] = deque(maxlen=KEPT_HANDSHAKES)
        self._answers: deque[float] = deque(maxlen=KEPT_ANSWERS)
        self._least = float("inf")  # of all that were ever seen
        self._trusted = True
        self.credit: float = 0.0
        """Seconds that both ways of a trip take together at the very least; 0 where that is not known."""

    @property
    def usual(self) -> float:
        """Seconds of a trip without the server's work, in the median; 0 where that is not known."""
        found = sorted(self._handshakes)
        return found[(len(found) - 1) // 2] if found else 0.0

    def connected(self, seconds: float) -> None:
        """A TCP handshake took so long."""
        self._handshakes.append(seconds)
        self._learn(seconds)

    def answered(self, seconds: float) -> None:
        """A request was answered after so long; the server's work is in it."""
        self._answers.append(seconds)
        self._learn(seconds)

    def distrust(self) -> None:
        """A 429 came that the credit may have caused: nothing is credited any more."""
        self._trusted = False
        self.credit = 0.0

    def _learn(self, seconds: float) -> None:
        self._least = min(self._least, seconds)
        if not self._trusted or len(self._handshakes) < HANDSHAKES:
            return
        few = sorted([*self._handshakes, *self._answers])[:LEAST_FEW]
        if len(few) < LEAST_FEW:
            return
        sure = sorted(self._handshakes)[HANDSHAKES - 1]
        apart = max(few[-1], sure) - self._least
        self.credit = max(0.0, self._least - APART * apart - MARGIN)
