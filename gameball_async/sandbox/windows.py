"""
The limits as the server counts them: exact sliding windows, peaks, and others on the account.

Source: "Rate limits" of the API reference: 30 requests a second and 360 in 30 seconds for the
resources named "Others", the same for customers' POST. Batch calls are not named; they are counted
as "Others". A window is open at its far end: requests exactly one window apart are not in one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from attrs import define, field

Limits = tuple[tuple[int, float], ...]

DEFAULT_LIMITS: Limits = ((30, 1.0), (360, 30.0))
"""Pairs of a number of requests and the seconds that they are counted over."""


_GOLDEN = 0.6180339887498949


@define(eq=False)
class Window:
    """
    The requests of the last *seconds*, and the most that ever were in it.

    Times must not go back.
    """

    seconds: float
    peak: int = field(default=0, init=False)
    _times: deque[float] = field(factory=deque, init=False)

    def count(self, now: float) -> int:
        """How many requests lie in the *seconds* that end at *now*."""
        times, seconds = self._times, self.seconds
        # The same sum as in free_at: who waits until then finds room, whatever is rounded.
        while times and times[0] + seconds <= now:
            times.popleft()
        return len(times)

    def add(self, now: float) -> None:
        """Counts one request at *now*."""
        self._times.append(now)
        self.peak = max(self.peak, self.count(now))

    def free_at(self, now: float, limit: int) -> float:
        """When the next request will find room under *limit*; *now* where it does already."""
        count = self.count(now)
        return now if count < limit else self._times[count - limit] + self.seconds


class Windows:
    """
    One bucket: decides which requests are admitted, and keeps what came.

    Requests that are refused do not count against the limits, but do in the peaks: peaks tell
    how the client behaves.

    Arguments:
        limits: pairs of requests and seconds; empty for none.
        watched: lengths, in seconds, of the windows whose peaks are kept.
    """

    def __init__(self, limits: Limits, watched: Iterable[float] = (1.0, 30.0)) -> None:
        self._limits = [(limit, Window(seconds)) for limit, seconds in limits]
        self._seen = [Window(seconds) for seconds in watched]
        self._foreign_rate = 0.0
        self._foreign_since = 0.0
        self._foreign_sent = 0
        self.foreign_admitted: int = 0

    @property
    def peaks(self) -> dict[float, int]:
        """The most requests of the client's ever seen, by length of the window in seconds."""
        return {window.seconds: window.peak for window in self._seen}

    def foreign(self, rate: float, now: float) -> None:
        """From *now* on, others on the account send *rate* requests a second; 0 ends it."""
        self._admit_others(now)
        self._foreign_rate = rate
        self._foreign_since = now
        self._foreign_sent = 0

    def admit(self, now: float) -> bool:
        """Counts a request at *now*, and says whether it is within the limits."""
        for window in self._seen:
            window.add(now)
        self._admit_others(now)
        return self._take(now)

    def wait(self, now: float) -> float:
        """Seconds from *now* until a request would be admitted, if no other came before."""
        return max((w.free_at(now, limit) - now for limit, w in self._limits), default=0.0)

    def _take(self, now: float) -> bool:
        if any(window.count(now) >= limit for limit, window in self._limits):
            return False
        for _, window in self._limits:
            window.add(now)
        return True

    def _admit_others(self, now: float) -> None:
        if self._foreign_rate <= 0:
            return
        # After a long silence only what can still be in a window is worth playing.
        longest = max((window.seconds for _, window in self._limits), default=0.0)
        silence = int((now - self._foreign_since - 2 * longest) * self._foreign_rate)
        self._foreign_sent = max(self._foreign_sent, silence)
        while (when := self._foreign_time()) <= now:
            self.foreign_admitted += self._take(when)
            self._foreign_sent += 1

    def _foreign_time(self) -> float:
        """When the next of the others' requests comes: uneven, so that no rhythm is favoured."""
        number = self._foreign_sent
        return self._foreign_since + (number + number * _GOLDEN % 1.0) / self._foreign_rate
