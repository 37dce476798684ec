"""
Several clients, a store and the API on one simulated clock, with everything that can be late or lost.

The store is either the naive one below, which searches lists, or the real script in a real Redis.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from typing import Any, Protocol

import redis
from attrs import define, field

from gameball_async.limits.exchange import Ask, Given
from gameball_async.limits.redis import SCRIPT, decode, encode
from gameball_async.limits.shared import LASTS, SharedBudget
from gameball_async.limits.windows import Quota

WITHIN = 1.0
"""Seconds after which an exchange is given up."""


class Store(Protocol):
    def exchange(self, ask: Ask, now: float) -> Given: ...

    def forget(self) -> None: ...


class NaiveStore:
    """What the script is meant to do, but for turns."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.uses: dict[str, float] = {}
        self.born = ""
        self.born_at = 0.0
        self.count = 0
        self.pause = self.share_at = 0.0
        self.share = 1.0

    def exchange(self, ask: Ask, now: float) -> Given:
        self.count += 1
        longest = max(seconds for _, seconds in ask.windows)
        known = ask.known
        if known is not None and (self.born != known.born or self.count <= known.count):
            if self.born in ("", known.born):
                self.born, self.born_at = f"{ask.client}:{ask.number}", now
            at = min(now - known.age, self.born_at + ask.lasts)
            for n in range(known.presumed):
                self.uses.setdefault(f"lost:{known.born}:{n}", at)
        if not self.born:
            self.born, self.born_at = f"{ask.client}:{ask.number}", now
        for name, age in ask.settled:
            if name in self.uses:
                self.uses[name] = min(self.uses[name], now - age)
        for name in ask.unused:
            self.uses.pop(name, None)
        for name, age in ask.own:
            self.uses.setdefault(name, now - age)
        free = ask.want
        wait = 0.0
        for limit, seconds in ask.windows:
            inside = sorted(at for at in self.uses.values() if at > now - seconds - 0.002)
            free = min(free, limit - len(inside))
            if len(inside) >= limit:
                wait = max(wait, min(inside[-limit], now) + seconds + 0.002 - now)
        granted = max(0, min(free, 4))
        for name in ask.permits(granted):
            self.uses[name] = now + ask.lasts
        used = sum(at > now - longest - 0.002 for at in self.uses.values())
        return Given(granted, wait, used, self.born, self.count, 0.0, 1.0)


class ScriptStore:
    """The script in a real Redis, but for where its time comes from."""

    TIME = "redis.call('TIME')"

    def __init__(self, server: redis.Redis) -> None:
        self._server = server
        assert SCRIPT.count(self.TIME) == 1
        self._script = SCRIPT.replace(self.TIME, "{ARGV[2], ARGV[3]}")
        self.keys = [f"{{test}}:{name}" for name in ("state", "uses", "waiting", "served")]

    def forget(self) -> None:
        self._server.delete(*self.keys)

    def exchange(self, ask: Ask, now: float) -> Given:
        micro = round((now + 1.7e9) * 1e6)
        arguments: list[Any] = [
            *self.keys,
            encode(ask),
            str(micro // 1_000_000),
            str(micro % 1_000_000),
        ]
        return decode(self._server.eval(self._script, len(self.keys), *arguments))


@define(eq=False)
class Client:
    budget: SharedBudget
    speaking: bool = False
    in_flight: int = 0
    sent: int = 0
    alive: bool = True
    wants: int = 8
    next_look: float = float("inf")


@define(eq=False, slots=False)
class World:
    """
    Args:
        store: what the quota is shared through.
        seed: of all chance.
        quota: of all clients together, and of the API.
        clients: how many.
        share: what a client uses by itself while the store is away.
        trip: least and most seconds that a message to the store takes, each way.
        api_trip: the same for the API.
        outages: when the store is away: from, until, and whether it then has forgotten all.
        lossy: part of the store's answers that are lost.
    """

    store: Store
    seed: int = 0
    quota: Quota = field(factory=lambda: Quota((6, 1.0), (20, 5.0)))
    clients: int = 3
    share: float | None = 1 / 3
    trip: tuple[float, float] = (0.0, 0.01)
    api_trip: tuple[float, float] = (0.0, 0.05)
    outages: list[tuple[float, float, bool]] = field(factory=list)
    lossy: float = 0.0
    counted: list[float] = field(factory=list)
    now: float = 0.0

    def __attrs_post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self.members: list[Client] = []
        for _ in range(self.clients):
            self.join()
        for _, until, forget in self.outages:
            if forget:
                self.at(until - 1e-6, self.store.forget)

    def at(self, when: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._order), event))

    def join(self) -> Client:
        """A new process begins to send."""
        name = f"client{len(self.members)}"
        client = Client(SharedBudget(self.quota, name, share=self.share, patience=1.0))
        self.members.append(client)
        self._look_at(client, self.now + self._chance.random() * 0.1)
        return client

    def kill(self, client: Client) -> None:
        client.alive = False

    def run(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            when, _, event = heapq.heappop(self._events)
            self.now = max(self.now, when)
            event()
        self.now = until

    def peak(self, seconds: float) -> int:
        """The most requests in any such window at the API."""
        times = sorted(self.counted)
        first, most = 0, 0
        for index, at in enumerate(times):
            while times[first] <= at - seconds:
                first += 1
            most = max(most, index - first + 1)
        return most

    def within(self) -> None:
        """No window was ever above its limit."""
        for limit, seconds in self.quota.windows:
            assert self.peak(seconds - 1e-9) <= limit, (limit, seconds)

    # -- one client

    def _look_at(self, client: Client, when: float) -> None:
        client.next_look = when

        def look() -> None:
            if client.alive and client.next_look == when:
                self._look(client)

        self.at(when, look)

    def _look(self, client: Client) -> None:
        budget = client.budget
        while client.in_flight < client.wants and budget.next_free(self.now) <= self.now:
            self._send(client)
        wanted = client.wants - client.in_flight
        due = float("inf") if client.speaking else budget.due(wanted, self.now)
        if due <= self.now:
            self._speak(client, wanted)
            due = float("inf")
        free = budget.next_free(self.now) if wanted else float("inf")
        if min(due, free) < float("inf"):
            self._look_at(client, max(min(due, free), self.now + 0.0005))

    def _send(self, client: Client) -> None:
        slot = client.budget.take(self.now)
        client.in_flight += 1
        client.sent += 1
        fate = self._chance.random()
        counted = self.now + self._chance.uniform(*self.api_trip)
        answered = counted + self._chance.uniform(*self.api_trip)

        def back() -> None:
            client.in_flight -= 1
            if fate < 0.03:
                client.budget.unsent(slot)
            elif fate > 0.06:  # else it was cancelled, and nothing is ever heard of it
                client.budget.answered(slot, self.now)
            if client.alive:
                self._look(client)

        if fate >= 0.03:
            self.at(counted, lambda: self.counted.append(self.now))
        self.at(answered, back)

    def _speak(self, client: Client, wanted: int) -> None:
        client.speaking = True
        asked = self.now
        ask = client.budget.ask(wanted, asked)
        given: list[Given] = []

        def arrive() -> None:
            if not self._down():
                given.append(self.store.exchange(ask, self.now))

        def answer() -> None:
            client.speaking = False
            if not client.alive:
                return
            lost = self._chance.random() < self.lossy or self.now - asked > WITHIN
            late = bool(given) and given[0].granted > 0 and self.now - asked >= LASTS
            if given and not lost and not late:
                client.budget.given(given[0], asked, self.now)
            else:
                client.budget.failed(asked, self.now)
            self._look(client)

        there = asked + self._chance.uniform(*self.trip)
        self.at(there, arrive)
        self.at(min(there + self._chance.uniform(*self.trip), asked + 1.1 * WITHIN), answer)

    def _down(self) -> bool:
        return any(begin <= self.now < end for begin, end, _ in self.outages)
