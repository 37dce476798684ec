"""
How many bodies may be on their way to the server at once: enough to fill the quota, few enough not to crowd the link.

Near the server `NEAR` are enough. Far from it, as many are as a quota's burst needs while each takes
its trips: a body that is larger than what TCP sends at first takes several. While the distance is not known
it may be far, so as many leave as are small together. More than `NEAR` go out only while they
are small together, or while the link has been seen to carry about as much; and no more than
`AT_FIRST` bytes before it was, so that a thin link is not choked.
"""

from __future__ import annotations

from collections import deque
from math import ceil, log2

from attrs import frozen

from .trips import Trips

NEAR = 8
MOST = 30
AT_FIRST = 4 * 2**20
"""Bytes under way at once, all together, that any link is trusted with."""
SMALL = 256 * 2**10
"""Bytes that are under way soon on any link: more than `NEAR` bodies may make them up."""
FIRST_FLIGHT = 14_600
"""Bytes that TCP sends before it has heard of the other end; twice as many with each trip."""
AHEAD = 2.0
"""Bodies under way for each that the quota lets go in the time of one: some take longer than others."""
HEADROOM = 2.0
"""Part of what the link was seen to carry in the time of a body: it is found out by trying more."""
REMEMBERED = 16


@frozen
class Upload:
    """A body on its way: its bytes, since when, and how many had arrived by then in all."""

    size: int
    since: float
    arrived: int


class Uplink:
    """
    The bodies of one bucket that are under way. Plain code: the time is an argument.

    Args:
        trips: what is known of the way to the server.
        near: bodies at once, at most, where the server is near.
        rate: requests a second that the quota allows for a moment.
    """

    def __init__(self, trips: Trips | None = None, *, near: int = NEAR, rate: float = MOST) -> None:
        self._trips = trips or Trips()
        self._near = near
        self._rate = rate
        self._bytes = 0
        self._arrived = 0
        self._size = 0  # of the last body
        self._rates: deque[float] = deque(maxlen=REMEMBERED)  # bytes a second that arrived
        self._took: deque[float] = deque(maxlen=REMEMBERED)  # seconds
        self.under_way: int = 0

    @property
    def at_once(self) -> int:
        """How many bodies as large as the last may be under way at once, by the distance."""
        if self._trips.known:
            count = ceil(AHEAD * self._rate * self._seconds(self._size))
        else:
            count = SMALL // self._size if self._size else 0
        return max(self._near, min(MOST, count))

    def room(self, size: int) -> bool:
        """Whether one more body, of so many bytes, may leave now."""
        if not self.under_way:
            return True
        if self.under_way >= self.at_once:
            return False
        carried = HEADROOM * max(self._rates, default=0.0)
        seconds = self._seconds(size)
        if self.under_way < self._near:
            # By what bodies take in fact: the server's own time must not look like a thin link.
            most = max(AT_FIRST, carried * max(seconds, min(self._took, default=0.0)))
        else:
            most = max(SMALL, carried * seconds)
        return self._bytes + size <= most

    def begin(self, size: int, now: float) -> Upload:
        """A body leaves. `over` must follow."""
        self.under_way += 1
        self._bytes += size
        self._size = size
        return Upload(size, now, self._arrived)

    def over(self, upload: Upload, now: float | None = None) -> None:
        """A body was answered at *now*, or given up (None)."""
        self.under_way -= 1
        self._bytes -= upload.size
        if now is None or now <= upload.since:
            return
        self._arrived += upload.size
        took = now - upload.since
        self._took.append(took)
        self._rates.append((self._arrived - upload.arrived) / took)

    def _seconds(self, size: int) -> float:
        """What a body of so many bytes takes on a free link."""
        return self._trips.usual * (1.0 + log2(1.0 + size / FIRST_FLIGHT))
