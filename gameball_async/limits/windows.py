"""
The quota of one bucket: exact sliding windows, as the server counts them.

A request is counted by the server at some instant between its first byte and its answer. So it is
held as *open* until its answer is here, and is stamped with that time: the server's stamp cannot be
later. One that gets no answer within *hold* seconds is stamped `sent + hold`. This admits
no more than the limit at any server-side instant, whatever the network's jitter. Where the least time
of a trip is known (`trips`), a window after an answer ends that much earlier.

A 429 all the same means that somebody else draws on the account. Then everything pauses, our share
of the limits is halved, and grows back within seconds; for one long window requests are spaced evenly.
After a 429 that the credit for the trip may have caused, the credit is given up instead.

Source of the limits: "Rate limiting", resource *Others*: 30 a second and 360 in 30 seconds.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator

from attrs import frozen

from ..errors import ConfigurationError
from .trips import Trips

DAY = 86_400


@frozen(init=False)
class Quota:
    """
    How many requests are allowed in how many seconds: ``Quota((30, 1.0), (360, 30.0))``.

    Attributes:
        windows: pairs of requests and seconds; all of them hold at once.

    Raises:
        ConfigurationError: a number is not positive, a window is longer than a day, or there is no window.
    """

    windows: tuple[tuple[int, float], ...]

    def __init__(self, *windows: tuple[int, float]) -> None:
        if not windows or any(not (n >= 1 and s > 0) for n, s in windows):
            raise ConfigurationError(
                "a quota has pairs of requests and seconds, both positive, such as "
                "Quota((30, 1), (360, 30))"
            )
        longest = max(s for _, s in windows)
        if longest > DAY:
            raise ConfigurationError(
                f"a quota's window is {longest:,.0f} s, and can be at most a day ({DAY:,} s): use "
                "the windows that Gameball counts by, such as Quota((30, 1), (360, 30))"
            )
        self.__attrs_init__(tuple((int(n), float(s)) for n, s in windows))

    @classmethod
    def parse(cls, text: str) -> Quota:
        """Read ``30/1,360/30``: requests/seconds, windows separated by commas."""
        try:
            pairs = [part.split("/") for part in text.split(",")]
            windows = [(int(n), float(s)) for n, s in pairs]
        except ValueError:
            raise ConfigurationError(
                f"quota {text[:40]!r} cannot be read: write requests/seconds, such as 30/1,360/30"
            ) from None
        return cls(*windows)

    def most_in(self, seconds: float) -> int:
        """Requests that may be sent within *seconds* from the first, at most."""
        return min(int(seconds // span + 1) * limit for limit, span in self.windows)

    @property
    def fastest(self) -> float:
        """Requests a second that may be sent for a moment."""
        return max(limit / seconds for limit, seconds in self.windows)

    def __str__(self) -> str:
        return ",".join(f"{n}/{s:g}" for n, s in self.windows)


SPARE = 2 / 3
"""Part of a window beyond which its slots are not spare."""


REGAINED, WHOLE = 6.5, 11.0
"""Seconds after a pause until the share is where it was refused, and until it is whole."""


def _grown(share: float, refused: float, seconds: float) -> float:
    """
    The share so many seconds after a pause.

    It slows down towards where it was refused, stays about there to find out whether others are still
    there, and then is whole soon.
    """
    if seconds >= WHOLE:
        return 1.0
    if seconds < REGAINED:
        return refused - (refused - share) * min(1.0, 1.0 - seconds / REGAINED) ** 3
    return refused + (1.0 - refused) * ((seconds - REGAINED) / (WHOLE - REGAINED)) ** 3


class Budget:
    """
    Who may send when. Plain code: the time is an argument, and never goes back.

    Args:
        quota: the windows.
        margin: seconds added to each window against clocks that tick apart.
        hold: seconds after which an unanswered request is taken to have been counted.
        trips: what is known of the way to the server; nothing is credited without.
    """

    def __init__(
        self,
        quota: Quota,
        *,
        margin: float = 0.002,
        hold: float = 1.5,
        trips: Trips | None = None,
    ) -> None:
        self.quota = quota
        self._margin = margin
        self._least_hold = hold
        self.trips: Trips = trips or Trips()
        self._open: dict[int, float] = {}  # slot: when it was taken, oldest first
        self._stamps: list[float] = []  # when requests were answered, and so had been counted
        self._firm: list[float] = []  # when others had been counted: no way back is in these
        self._early = float("-inf")  # when a slot was taken last that the credit had freed
        self._longest = max(seconds for _, seconds in quota.windows)
        self._slots = 0
        self._latest = float("-inf")  # when the last slot was taken
        self._pause_until = float("-inf")
        self._share = 1.0  # as of _share_since
        self._refused_share = 1.0  # at which a 429 came last
        self._share_since = 0.0
        self._spaced_until = float("-inf")
        self._refusals = 0  # pauses in a row
        self.refused: int = 0

    _LEAST = 1 / 16  # of the share
    # Seconds after a pause, without a refusal, until the next one is as short as the first.
    _QUIET = 4.0
    _LONGEST_PAUSE = 2.5

    @property
    def _hold(self) -> float:
        """A request may first have to connect, which takes two trips with TLS."""
        return self._least_hold + 2.0 * self.trips.usual

    @property
    def _credit(self) -> float:
        """Seconds before a window after an answer has passed when the next request may leave."""
        return self.trips.credit

    def share(self, now: float) -> float:
        """Which part of the limits we allow ourselves: 1 unless 429s were seen."""
        return _grown(
            self._share, self._refused_share, now - max(self._share_since, self._pause_until)
        )

    @property
    def paused_until(self) -> float:
        """When the last pause ends, or has ended; minus infinity where there was none."""
        return self._pause_until

    def next_free(self, now: float, *, urgent: bool = False) -> float:
        """
        When the next slot is free: *now* or earlier means at once.

        Args:
            now: the time.
            urgent: heed the windows only, not a pause: a stop is sent although others wait.
        """
        self._settle(now)
        share = 1.0 if urgent else self.share(now)
        when = now if urgent else max(now, self._pause_until)
        if share < 1.0 or (now < self._spaced_until and not urgent):
            spacing = max(s / n for n, s in self.quota.windows) / share
            when = max(when, self._latest + spacing)
        for limit, seconds in self.quota.windows:
            when = max(when, self._window_free(now, max(1, int(limit * share)), seconds))
        return when

    def spare(self, now: float) -> bool:
        """Whether most of every window is free, and no 429 was seen lately."""
        if self.share(now) < 1.0 or now < self._pause_until:
            return False
        for limit, seconds in self.quota.windows:
            since = now - seconds - self._margin
            counted = sum(len(s) - bisect_right(s, since) for s in (self._stamps, self._firm))
            if counted + len(self._open) >= limit * SPARE:
                return False
        return True

    def _window_free(self, now: float, limit: int, seconds: float) -> float:
        return self._freed(now, limit, seconds, self._credit)

    def _freed(self, now: float, limit: int, seconds: float, credit: float) -> float:
        span = seconds + self._margin
        first = bisect_right(self._stamps, now - span + credit)
        firm = bisect_right(self._firm, now - span)
        counted = len(self._stamps) - first + len(self._firm) - firm
        excess = counted + len(self._open) - limit
        if excess < 0:
            return now
        if excess >= counted:
            # Full of open requests: the oldest of them is counted `hold` after it was sent.
            return min(self._open.values()) + self._hold + span
        if firm == len(self._firm):
            return self._stamps[first + excess] - credit + span
        answered = [at - credit for at in self._stamps[first : first + excess + 1]]
        return sorted(answered + self._firm[firm : firm + excess + 1])[excess] + span

    def take(self, now: float) -> int:
        """Take a slot at once. Ask `next_free` before."""
        if self._credit and any(
            self._freed(now, limit, seconds, 0.0) > now for limit, seconds in self.quota.windows
        ):
            self._early = now
        self._slots += 1
        self._open[self._slots] = now
        self._latest = now
        return self._slots

    def answered(self, slot: int, now: float, *, lost: bool = False) -> None:
        """
        The request of *slot* is over: it was counted by *now* at the latest.

        Args:
            slot: the request's slot.
            now: the time.
            lost: there was no answer, and so no way back that could be credited.
        """
        taken = self._open.pop(slot, None)
        if taken is None:
            return
        if lost or now > taken + self._hold:
            insort(self._firm, min(now, taken + self._hold))
        else:
            insort(self._stamps, now)

    def unsent(self, slot: int) -> None:
        """The request of *slot* never left: nothing was counted."""
        self._open.pop(slot, None)

    def recall(self, now: float, ages: Iterable[float]) -> None:
        """
        Requests of an earlier process fill the windows as if they were ours, unanswered.

        Args:
            now: the time.
            ages: seconds since each of them left.
        """
        for age in ages:
            if age < self._longest + self._margin + self._hold:
                insort(self._firm, now - age + self._hold)

    def limited(self, slot: int, now: float, chance: float, retry_after: float | None) -> None:
        """
        The request of *slot* was answered 429.

        Args:
            slot: the request's slot.
            now: the time.
            chance: a number in [0, 1), so that clients refused together do not return together.
            retry_after: seconds that the answer asked to wait; None where it did not.
        """
        taken = self._open.get(slot, now)
        self.answered(slot, now)
        self.refused += 1
        if taken < self._share_since:
            # Sent before the last pause: it tells nothing new, but what it asks for is heeded.
            self._pause_until = max(self._pause_until, now + (retry_after or 0.0))
            return
        # After a quiet while it is the price of finding out what others leave; else it is worse.
        self._refusals = self._refusals + 1 if now < self._pause_until + self._QUIET else 1
        wait = min(self._LONGEST_PAUSE, 2.0 ** (self._refusals - 1)) * (1.0 + 0.5 * chance)
        if self._early > taken - self._longest - self._hold:
            self._early = float("-inf")
            self.trips.distrust()  # it may be our own fault: a path that has become shorter
            self._share = self._refused_share = self.share(now)
        else:
            self._spaced_until = now + self._longest
            self._refused_share = self.share(now)
            self._share = max(self._LEAST, self._refused_share / 2)
        self._share_since = now
        self._pause_until = max(self._pause_until, now + max(wait, retry_after or 0.0))

    def _settle(self, now: float) -> None:
        """Stamp what has been open for too long, and forget what no window reaches any more."""
        for slot in list(self._overdue(now)):
            insort(self._firm, self._open.pop(slot) + self._hold)
        for stamps in (self._stamps, self._firm):
            dead = bisect_right(stamps, now - self._longest - self._margin)
            if dead:
                del stamps[:dead]

    def _overdue(self, now: float) -> Iterator[int]:
        for slot, taken in self._open.items():
            if taken + self._hold > now:
                break
            yield slot
