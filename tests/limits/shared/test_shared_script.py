"""The script in a real Redis: the same promises as of the naive store, turns, and a clock set back."""

from __future__ import annotations

import pytest

from benchmarks.redis_server import RedisServer
from gameball_async.limits.exchange import Ask, Given, Known
from gameball_async.limits.windows import Quota
from tests.limits.shared.shared_world import NaiveStore, ScriptStore, World

WINDOWS = ((6, 1.0), (20, 5.0))
LASTS = 2.0


@pytest.fixture
def store(redis_server: RedisServer) -> ScriptStore:
    return ScriptStore(redis_server.client())


class Asker:
    """Asks as a client does, number by number."""

    def __init__(self, store: ScriptStore | NaiveStore, name: str) -> None:
        self.store = store
        self.name = name
        self.number = 0
        self.held: list[str] = []

    def ask(self, now: float, want: int = 1, **more: object) -> Given:
        self.number += 1
        ask = Ask(self.name, self.number, WINDOWS, LASTS, want, **more)  # type: ignore[arg-type]
        given = self.store.exchange(ask, now)
        self.held += ask.permits(given.granted)
        return given


@pytest.mark.parametrize("seed", range(8))
def test_no_window_is_exceeded_with_the_script_whatever_happens(
    store: ScriptStore, seed: int
) -> None:
    away = [(4.0 + seed / 3, 6.0 + seed, seed % 2 == 0)]
    world = World(
        store,
        seed,
        clients=1 + seed % 4,
        share=None if seed % 3 else 0.25,
        trip=(0.0, (0.005, 0.3, 0.8)[seed % 3]),
        api_trip=(0.0, 0.2),
        outages=away,
        lossy=0.1 * (seed % 2),
    )
    world.run(12.0)
    if seed % 2:
        world.kill(world.members[0])
        world.join()
    world.run(30.0)
    world.within()
    assert len(world.counted) > 20


def test_with_the_script_all_is_used_and_each_has_its_part(store: ScriptStore) -> None:
    world = World(store, clients=4, quota=Quota((12, 0.4), (40, 3.0)), api_trip=(0.0, 0.02))
    world.run(3.0)
    before = [client.sent for client in world.members]
    world.run(33.0)
    world.within()
    sent = [client.sent - was for client, was in zip(world.members, before, strict=True)]
    assert sum(sent) >= 0.9 * 400
    assert max(sent) - min(sent) <= 0.1 * max(sent)


def test_who_wants_little_gets_it_and_the_others_have_the_rest(store: ScriptStore) -> None:
    world = World(store, clients=3, quota=Quota((12, 0.4), (40, 3.0)), api_trip=(0.1, 0.1))
    modest = world.members[0]
    modest.wants = 1
    world.run(30.0)
    world.within()
    sent = [client.sent for client in world.members]
    assert sum(sent) >= 0.85 * 400
    assert min(sent[1:]) > 1.2 * sent[0]
    assert abs(sent[1] - sent[2]) <= 0.1 * max(sent)


def test_nobody_may_be_far_ahead_of_one_that_waits(store: ScriptStore) -> None:
    first, second = Asker(store, "first"), Asker(store, "second")
    assert first.ask(0.0, 6).granted == 4
    assert first.ask(0.0, 6).granted == 2
    waiting = second.ask(0.0, 6)
    assert waiting.granted == 0
    assert waiting.wait == pytest.approx(1.0, abs=0.01)
    again = first.ask(0.0, 6, settled=tuple((name, 0.0) for name in first.held))
    assert again.granted == 0
    assert again.wait >= waiting.wait
    assert first.ask(1.01, 6).granted == 4  # as far ahead as may be
    held_up = first.ask(1.01, 6)
    assert held_up.granted == 0
    assert 0.001 <= held_up.wait <= 1.0
    assert second.ask(1.02, 6).granted == 2


def test_a_memory_that_is_lost_is_found_out_and_what_may_have_been_used_is_put_back(
    store: ScriptStore,
) -> None:
    first, second, third = (Asker(store, name) for name in ("first", "second", "third"))
    seen = first.ask(10.0, 4)
    second.ask(10.0, 2)
    store.forget()
    known = Known(seen.born, seen.count, 18, 0.0)
    assert first.ask(10.1, 4, known=known).granted == 0
    assert second.ask(10.2, 4, known=known).granted == 0
    assert third.ask(12.0, 0).used == 18  # they are put back once, however many know of them
    assert third.ask(12.1, 4).granted == 2
    # One that comes late puts them where they belong: before the new memory was born.
    late = Known(seen.born, seen.count, 20, 0.0)
    assert Asker(store, "late").ask(17.5, 0, known=late).used == 2
    assert first.ask(17.6, 4).granted == 4


def test_a_memory_that_is_older_than_what_is_known_is_found_out(
    store: ScriptStore, redis_server: RedisServer
) -> None:
    first, second = Asker(store, "first"), Asker(store, "second")
    older = first.ask(10.0)
    first.ask(10.1)
    seen = first.ask(10.1)
    with redis_server.client() as server:  # as a replica that was behind
        server.hset(store.keys[0], "count", str(older.count))
        server.delete(store.keys[1])
    back = first.ask(10.2, 4, known=Known(seen.born, seen.count, 20, 0.0))
    assert back.granted == 0
    assert back.born != seen.born
    assert second.ask(10.3, 4).granted == 0
    assert first.ask(10.4, known=Known(back.born, back.count, 20, 0.0)).used <= 20


def test_a_turn_is_kept_only_for_a_moment(store: ScriptStore) -> None:
    alive, dead = Asker(store, "alive"), Asker(store, "dead")
    for _ in range(2):
        alive.ask(0.0, 4)
    assert dead.ask(0.0, 4).granted == 0
    alive.ask(0.0, 4, settled=tuple((name, 0.0) for name in alive.held))
    granted = sum(alive.ask(1.2 + n / 100, 4).granted for n in range(5))
    assert granted == 6


def test_permits_that_are_given_back_are_there_for_others(store: ScriptStore) -> None:
    first, second = Asker(store, "first"), Asker(store, "second")
    first.ask(0.0, 4)
    first.ask(0.0, 2)
    assert second.ask(0.1).granted == 0
    first.ask(0.1, 0, unused=tuple(first.held))
    assert second.ask(0.2).granted == 1


def test_permits_of_the_dead_age_out(store: ScriptStore) -> None:
    dead, heir = Asker(store, "dead"), Asker(store, "heir")
    dead.ask(0.0, 4)
    dead.ask(0.0, 4)
    assert heir.ask(2.9).granted == 0
    assert heir.ask(3.01, 4).granted == 4


def test_a_429_of_one_pauses_all_and_halves_the_share_once(store: ScriptStore) -> None:
    first, second = Asker(store, "first"), Asker(store, "second")
    first.ask(0.0)
    assert first.ask(0.1, 0, pause=2.0).share == 0.5
    assert second.ask(0.2, 0, pause=1.0).share == 0.5
    held_up = second.ask(0.5)
    assert held_up.granted == 0
    assert held_up.wait >= 1.5
    assert held_up.pause == pytest.approx(1.6)
    assert second.ask(2.2, 4).granted == 1  # spaced, rather than a herd
    assert second.ask(2.3, 4).granted == 0
    assert first.ask(70.0).share == 1.0


def test_a_clock_that_is_set_back_stands_still_instead(store: ScriptStore) -> None:
    asker = Asker(store, "a")
    asker.ask(100.0, 4)
    asker.ask(100.0, 2)
    asker.ask(100.1, 0, settled=tuple((name, 0.0) for name in asker.held))
    back = asker.ask(50.0)
    assert back.granted == 0
    assert back.wait == pytest.approx(1.0, abs=0.01)
    assert asker.ask(51.01).granted == 1


def test_it_keeps_no_more_than_it_needs(store: ScriptStore, redis_server: RedisServer) -> None:
    server = redis_server.client()
    now = 0.0
    for n in range(300):
        asker = Asker(store, f"process{n}")
        asker.ask(now, 4)
        now += 1.0
    assert server.zcard(store.keys[1]) <= 30
    assert server.zcard(store.keys[2]) <= 10
    assert server.zcard(store.keys[3]) <= 60
    assert all(0 < server.pttl(key) <= 80_000 for key in store.keys if server.exists(key))
    assert set(server.scan_iter()) <= {key.encode() for key in store.keys}


def test_the_script_gives_what_the_naive_store_gives_to_one_client(store: ScriptStore) -> None:
    naive = NaiveStore()
    ours, theirs = Asker(store, "a"), Asker(naive, "a")
    now = 0.0
    for n in range(200):
        now += (0.013, 0.2, 0.4, 0.05)[n % 4]
        told: dict[str, object] = {}
        if n % 3 == 0:
            told["settled"] = tuple((name, 0.001) for name in ours.held[:-1])
        if n % 7 == 0 and ours.held:
            told["unused"] = (ours.held[-1],)
        if n % 31 == 30:
            told["own"] = ((f"a:local:{n}", 0.3),)
        one, other = ours.ask(now, n % 5, **told), theirs.ask(now, n % 5, **told)
        assert one.granted == other.granted
        assert one.count == other.count
        assert abs(one.used - other.used) <= 1  # their windows' margins differ
        assert ours.held == theirs.held
