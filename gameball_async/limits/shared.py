"""
A bucket's quota that several processes share through a store: which permits may be used, and when.

A permit is one request. It may be used until `LASTS` seconds after it was asked for; the store takes
it to be counted `LASTS` and the budget's hold after it was given, unless it is told an earlier time
or that the permit was not used. So what the API has counted is never more than what the store has,
whatever is slow, and the permits of a killed process age out by themselves.

Nothing of a trip is credited here. Of two requests of two clients the way there of the one and the way
back of the other would count, and what each client knows, the sum of its own two ways, bounds neither.

While the store is away a process uses a part of the quota by itself, or nothing: first that part of
what is left when all that may just have been used is taken off, later its part of the whole.
"""

from __future__ import annotations

from collections import deque
from math import inf

from .exchange import Ask, Given, Known
from .trips import Trips
from .windows import Budget, Quota

LASTS = 0.5
"""Seconds for which a permit may be used, from the moment it was asked for."""
LINGER = 0.1
"""Seconds after which a permit that nobody wants is given back."""
GATHER = 0.05
"""Seconds for which news are gathered before the store is told."""
RETRY = 0.25
"""Seconds after a failed exchange until the next."""


class SharedBudget(Budget):
    """
    A `Budget` whose slots are permits of a store.

    Args:
        quota: of all clients together.
        client: names this client, and no other ever.
        share: part of the quota to go on with while the store is away; None to wait for it.
        patience: seconds without the store after which it counts as away.
        hold: seconds after which an unanswered request is taken to have been counted.
        trips: what is known of the way to the server.
    """

    def __init__(
        self,
        quota: Quota,
        client: str,
        *,
        share: float | None,
        patience: float = 3.0,
        hold: float = 1.5,
        trips: Trips | None = None,
    ) -> None:
        super().__init__(quota, hold=hold, trips=trips)
        self._client = client
        self.part = share
        self._patience = patience
        self._stock: deque[tuple[str, float]] = deque()  # permits, and when each was asked for
        self._permits: dict[int, str] = {}  # by slot, as long as it is open
        self._settled: list[tuple[str, float]] = []
        self._unused: list[str] = []
        self._local: dict[str, float] = {}  # sent without the store, and counted by then
        self._news_at = inf  # the oldest of these
        self._told_pause = -inf
        self._number = 0
        self._asking: Ask | None = None
        self._promised = -inf  # when permits may be there, as the store said
        self._known = ("", 0, 0)  # born, count, used
        self._contact = -inf  # when the last exchange that succeeded was begun
        self._failing = inf  # the first exchange since then that failed was begun then
        self._noticed = inf  # when that was found out
        self._gone = inf  # the same of the last time that the store was away
        self._retry = -inf
        self._parted = -inf  # until then only our part may be used
        self.lost: bool = False  # the store counts as away

    # -- the face of a budget

    @property
    def _credit(self) -> float:
        return 0.0

    def spare(self, now: float) -> bool:
        """Never: what we leave, others may want."""
        return False

    def next_free(self, now: float, *, urgent: bool = False) -> float:
        """When the next slot is free; infinity where the store has to be asked first."""
        free = super().next_free(now, urgent=urgent)
        if self.away or free > now:
            return free
        while self._stock and self._stock[0][1] + LASTS <= now:
            self._give_back(self._stock.popleft()[0], now)
        return free if self._stock or urgent else inf

    def _window_free(self, now: float, limit: int, seconds: float) -> float:
        if self.part is None or not (self.away or now < self._parted):
            return super()._window_free(now, limit, seconds)
        clean = self._clean_at(seconds)
        if now >= clean:
            return super()._window_free(now, max(1, int(limit * self.part)), seconds)
        left = int((limit - self._presumed(self._gone)) * self.part)
        return clean if left < 1 else min(clean, super()._window_free(now, left, seconds))

    def _clean_at(self, seconds: float) -> float:
        """When a window holds nothing any more that was sent before the store went away."""
        return self._gone + LASTS + self._hold + seconds + self._margin

    def _presumed(self, end: float) -> int:
        """Requests that all clients together may have in the longest window, sent before *end*."""
        limit, _ = max(self.quota.windows, key=lambda window: window[1])
        if self._contact == -inf:
            return limit
        return min(limit, self._known[2] + self.quota.most_in(max(0.0, end - self._contact)))

    def take(self, now: float) -> int:
        """Take a slot at once. Ask `next_free` before."""
        slot = super().take(now)
        if self.away or not self._stock:  # the store hears of it afterwards
            name = f"{self._client}:local:{slot}"
            self._local[name] = now + self._hold
            self._news(now)
        else:
            name = self._stock.popleft()[0]
        self._permits[slot] = name
        return slot

    def answered(self, slot: int, now: float, *, lost: bool = False) -> None:
        """The request of *slot* was answered, or lost: it was counted by *now* at the latest."""
        super().answered(slot, now, lost=lost)
        name = self._permits.pop(slot, None)
        if name in self._local:
            self._local[name] = min(now, self._local[name])
        elif name is not None:
            self._settled.append((name, now))
            self._news(now)

    def unsent(self, slot: int) -> None:
        """The request of *slot* never left: nothing was counted."""
        super().unsent(slot)
        name = self._permits.pop(slot, None)
        if name in self._local:
            del self._local[name]
        elif name is not None:
            self._unused.append(name)
            self._news(self._latest)

    def limited(self, slot: int, now: float, chance: float, retry_after: float | None) -> None:
        """The request of *slot* was answered 429: everybody is told to pause."""
        super().limited(slot, now, chance, retry_after)
        self._news_at = -inf

    # -- what is spoken with the store

    @property
    def away(self) -> bool:
        """Whether the store is away and our part of the quota is used."""
        return self.lost and self.part is not None

    def free_alone(self, now: float) -> float:
        """While the store is away: when the next slot of our part is free."""
        return super().next_free(now)

    def due(self, wanted: int, now: float) -> float:
        """
        When to speak with the store next.

        Args:
            wanted: slots that would be used at once.
            now: the time.

        Returns:
            The time, which may have passed; infinity for not before something changes.
        """
        when = min(self._news_at + GATHER, self._lingering(wanted))
        if wanted > len(self._stock):
            when = min(when, max(self._promised, now if self.lost else super().next_free(now)))
        return max(when, self._retry)

    def _lingering(self, wanted: int) -> float:
        return self._stock[0][1] + LINGER if len(self._stock) > wanted else inf

    def ask(self, wanted: int, now: float) -> Ask:
        """What to tell the store and to ask for now. `given` or `failed` must follow."""
        while self._lingering(wanted) <= now:
            self._unused.append(self._stock.popleft()[0])
        self._forget(now)
        self._number += 1
        self._asking = Ask(
            self._client,
            self._number,
            self.quota.windows,
            LASTS + self._hold,
            max(0, wanted - len(self._stock)) if super().next_free(now) <= now else 0,
            tuple((name, now - at) for name, at in self._settled),
            tuple(self._unused),
            tuple((name, now - at) for name, at in self._local.items()),
            self._pause_until - now if self._told_pause < self._pause_until > now else None,
            self._what_is_known(now),
        )
        return self._asking

    def _forget(self, now: float) -> None:
        """Let go of what has aged out: the store has done so by itself."""
        self._settle(now)
        for slot in [slot for slot in self._permits if slot not in self._open]:
            del self._permits[slot]
        for name in [name for name, at in self._local.items() if at + self._longest < now]:
            del self._local[name]
        self._settled = [told for told in self._settled if told[1] + self._longest > now]

    def _what_is_known(self, now: float) -> Known | None:
        lasts = LASTS + self._hold
        if now - self._contact > self._longest + lasts:
            return None  # nothing of that time is in any window
        end = min(now, self._noticed)
        return Known(*self._known[:2], self._presumed(end), max(0.0, now - end - lasts))

    def given(self, given: Given, asked: float, now: float) -> None:
        """
        The store has answered.

        Args:
            given: what.
            asked: when `ask` was called.
            now: the time, before *asked* + `LASTS` if anything was granted.
        """
        ask = self._over()
        del self._settled[: len(ask.settled)], self._unused[: len(ask.unused)]
        for name, _ in ask.own:
            self._local.pop(name, None)
        if ask.pause is not None:
            self._told_pause = asked + ask.pause
        self._news_at = now if self._settled or self._unused or self._local else inf
        permits = ask.permits(given.granted)
        self._stock.extend((name, asked) for name in permits)
        self._promised = now + given.wait if len(permits) < ask.want else -inf
        if self.away:
            # Others may not be back yet, and what they have sent meanwhile is not told yet.
            self._parted = now + self._longest
        self._known, self._contact = (given.born, given.count, given.used), asked
        self._failing = self._noticed = inf
        self._retry, self.lost = -inf, False
        self._hear(given.pause, given.share, now)

    def failed(self, asked: float, now: float) -> None:
        """The store did not answer, or too late, what was asked at *asked*."""
        ask = self._over()
        self._unused.extend(ask.permits(ask.want))  # it may have given them all the same
        self._failing = min(self._failing, asked)
        self._noticed = min(self._noticed, now)
        self._retry = now + RETRY
        if not self.lost and now - self._failing >= self._patience:
            self.lost, self._gone = True, self._noticed

    def _over(self) -> Ask:
        ask, self._asking = self._asking, None
        assert ask is not None  # noqa: S101 - one exchange at a time
        return ask

    def _hear(self, pause: float, share: float, now: float) -> None:
        """Another client may have seen a 429."""
        if pause > 0:
            self._pause_until = max(self._pause_until, now + pause)
            self._told_pause = max(self._told_pause, now + pause)
        if share < self.share(now) - 0.01:
            self._share, self._share_since = share, now
            self._refused_share = min(1.0, 2.0 * share)
            self._spaced_until = now + self._longest

    def _give_back(self, name: str, now: float) -> None:
        self._unused.append(name)
        self._news(now)

    def _news(self, now: float) -> None:
        self._news_at = min(self._news_at, now)
