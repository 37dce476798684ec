"""
The quota of one bucket: exact sliding windows, as the server counts them.

A request is counted by the server at some instant between its first byte and its answer. So it is
held as *open* until its answer is here, and is stamped with that time: the server's stamp cannot be
later. One that gets no answer within *hold* seconds is stamped `sent + hold`. This admits
no more than the limit at any server-side instant, whatever the network's jitter.

A 429 all the same means that somebody else draws on the account. Then everything pauses, our share
of the limits is halved, requests are spaced evenly, and the share grows back.

Source of the limits: "Rate limiting", resource *Others*: 30 a second and 360 in 30 seconds.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator

from attrs import frozen

from ..errors import ConfigurationError

__all__ = ["Budget", "Quota"]


@frozen(init=False)
class Quota:
    """
    How many requests are allowed in how many seconds: ``Quota((30, 1.0), (360, 30.0))``.

    Attributes:
        windows: pairs of requests and seconds; all of them hold at once.

    Raises:
        ConfigurationError: a number is not positive, or there is no window.
    """

    windows: tuple[tuple[int, float], ...]

    def __init__(self, *windows: tuple[int, float]) -> None:
        if not windows or any(not (n >= 1 and 0 < s <= 86_400) for n, s in windows):
            raise ConfigurationError(
                "a quota is pairs of requests and seconds, both positive: Quota((30, 1), (360, 30))"
            )
        self.__attrs_init__(tuple((int(n), float(s)) for n, s in windows))

    @classmethod
    def parse(cls, text: str) -> Quota:
        """Read ``30/1,360/30``: requests/seconds, windows separated by commas."""
        try:
            pairs = [part.split("/") for part in text.split(",")]
            return cls(*((int(n), float(s)) for n, s in pairs))
        except (ValueError, TypeError):
            raise ConfigurationError(
                f"quota {text[:40]!r} cannot be read; write requests/seconds, as in 30/1,360/30"
            ) from None

    def most_in(self, seconds: float) -> int:
        """Requests that may be sent within *seconds* from the first, at most."""
        return min(int(seconds // span + 1) * limit for limit, span in self.windows)

    def __str__(self) -> str:
        return ",".join(f"{n}/{s:g}" for n, s in self.windows)


SPARE = 2 / 3
"""Part of a window beyond which its slots are not spare."""


class Budget:
    """
    Who may send when. Plain code: the time is an argument, and never goes back.

    Args:
        quota: the windows.
        margin: seconds added to each window against clocks that tick apart.
        hold: seconds after which an unanswered request is taken to have been counted.
    """

    def __init__(self, quota: Quota, *, margin: float = 0.002, hold: float = 1.5) -> None:
        self.quota = quota
        self._margin = margin
        self._hold = hold
        self._open: dict[int, float] = {}  # slot: when it was taken, oldest first
        self._stamps: list[float] = []  # when each counted request was counted at the latest
        self._longest = max(seconds for _, seconds in quota.windows)
        self._slots = 0
        self._latest = float("-inf")  # when the last slot was taken
        self._pause_until = float("-inf")
        self._share = 1.0  # as of _share_since
        self._share_since = 0.0
        self._refusals = 0  # pauses in a row
        self.refused: int = 0

    # The share halves with each pause that a 429 brings, and grows back by this much a second.
    _RECOVERY = 1 / 60
    _LEAST = 1 / 16
    # Seconds after a pause, without a refusal, until the next one is as short as the first.
    _QUIET = 10.0

    def share(self, now: float) -> float:
        """Which part of the limits we allow ourselves: 1 unless 429s were seen."""
        grown = self._share + max(0.0, now - max(self._share_since, self._pause_until)) * (
            self._RECOVERY
        )
        return min(1.0, grown)

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
        if share < 1.0:
            spacing = max(s / n for n, s in self.quota.windows) / share
            when = max(when, self._latest + spacing)
        for limit, seconds in self.quota.windows:
            when = max(when, self._window_free(now, max(1, int(limit * share)), seconds))
        return when

    def spare(self, now: float) -> bool:
        """Whether most of every window is free, and no 429 was seen lately."""
        if self.share(now) < 1.0:
            return False
        for limit, seconds in self.quota.windows:
            first = bisect_right(self._stamps, now - seconds - self._margin)
            if len(self._stamps) - first + len(self._open) >= limit * SPARE:
                return False
        return True

    def _window_free(self, now: float, limit: int, seconds: float) -> float:
        span = seconds + self._margin
        first = bisect_right(self._stamps, now - span)
        excess = len(self._stamps) - first + len(self._open) - limit
        if excess < 0:
            return now
        if first + excess < len(self._stamps):
            return self._stamps[first + excess] + span
        # Full of open requests: the oldest of them is counted `hold` after it was sent.
        return min(self._open.values()) + self._hold + span

    def take(self, now: float) -> int:
        """Take a slot at once. Ask `next_free` before."""
        self._slots += 1
        self._open[self._slots] = now
        self._latest = now
        return self._slots

    def answered(self, slot: int, now: float) -> None:
        """The request of *slot* was answered, or lost: it was counted by *now* at the latest."""
        taken = self._open.pop(slot, None)
        if taken is not None:
            insort(self._stamps, min(now, taken + self._hold))

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
                insort(self._stamps, now - age + self._hold)

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
        wait = min(30.0, 2.0 ** (self._refusals - 1)) * (1.0 + 0.5 * chance)
        self._share = max(self._LEAST, self.share(now) / 2)
        self._share_since = now
        self._pause_until = max(self._pause_until, now + max(wait, retry_after or 0.0))

    def _settle(self, now: float) -> None:
        """Stamp what has been open for too long, and forget what no window reaches any more."""
        for slot in list(self._overdue(now)):
            insort(self._stamps, self._open.pop(slot) + self._hold)
        dead = bisect_right(self._stamps, now - self._longest - self._margin)
        if dead:
            del self._stamps[:dead]

    def _overdue(self, now: float) -> Iterator[int]:
        for slot, taken in self._open.items():
            if taken + self._hold > now:
                break
            yield slot
