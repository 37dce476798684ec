"""Where the account merges customers, a person's rows share a key, under whatever id they come."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import anyio.lowlevel
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.virtual import run_virtual
from gameball_async.api.kinds import KINDS, Chunking
from gameball_async.bulk.chunks import Chunker, LookAhead
from gameball_async.bulk.events import Settled, Submitted
from gameball_async.bulk.merging import MergingChunker
from gameball_async.bulk.persons import MergeBy, names_of
from gameball_async.client import GameballClient
from gameball_async.errors import ConfigurationError
from gameball_async.journal.journal import read_header
from gameball_async.journal.opening import begin_journal, reopen_journal
from gameball_async.observe.stream import NO_OBSERVERS
from gameball_async.rows.chunk import Chunk
from gameball_async.rows.outcome import Outcome
from gameball_async.rows.row import Block, Prepared
from gameball_async.sandbox import LogNormal
from gameball_async.session import RunOptions
from tests.loopback import Loopback, LoopbackEngine

T = TypeVar("T")
IN_ORDER = [Chunking.UNIQUE, Chunking.TOGETHER]
MAX_ROWS = 2


def row(position: int, key: str, email: str | None) -> Prepared:
    return Prepared(position, key, None, orjson.dumps({"customerId": key, "email": email}))


class World:
    """A chunker, and the chunks that are open."""

    def __init__(self, way: Chunking, rows: list[Prepared], look_ahead: int) -> None:
        self.way = way
        self.source = iter(rows)
        ahead = LookAhead(look_ahead, 10**6)
        self.chunker = MergingChunker(way, "email", look_ahead=ahead, max_rows=MAX_ROWS)
        self.open: list[Chunk] = []
        self.sent: list[int] = []
        self.orders: dict[str, list[int]] = defaultdict(list)

    def read(self) -> None:
        if self.chunker.wants_rows:
            new = next(self.source, None)
            if new is None:
                self.chunker.end()
            else:
                self.chunker.add(new)

    def take(self) -> None:
        chunk = self.chunker.take()
        if chunk is not None:
            names = [name for each in chunk.rows() for name in names_of(each, "email")]
            busy = {n for other in self.open for r in other.rows() for n in names_of(r, "email")}
            assert not busy & set(names), "a person is in two open jobs"
            assert self.way is not Chunking.UNIQUE or len(names) == len(set(names))
            self.open.append(chunk)
        if not self.open and self.chunker.waiting and not self.chunker.wants_rows:
            assert self.chunker.has_chunk  # else nothing would ever happen again

    def end_one(self, which: int) -> None:
        if self.open:
            chunk = self.open.pop(which % len(self.open))
            self.chunker.release(chunk)
            for each in chunk.rows():
                self.sent.append(each.position)
                for name in names_of(each, "email"):
                    self.orders[name].append(each.position)

    def refuse_one(self, which: int) -> None:
        """A chunk is too large for the server."""
        if self.open and len(self.open[which % len(self.open)]) > 1:
            self.chunker.put_back(self.open.pop(which % len(self.open)))

    def finish(self) -> None:
        while not self.chunker.done or self.open:
            while self.chunker.wants_rows:
                self.read()
            self.take()
            if not self.chunker.has_chunk:
                self.end_one(0)


@settings(max_examples=400)
@given(
    way=st.sampled_from(IN_ORDER),
    people=st.lists(
        st.tuples(st.sampled_from("abcde"), st.sampled_from([None, *"pqrs", "P "])),
        max_size=40,
    ),
    look_ahead=st.integers(1, 20),
    moves=st.lists(
        st.tuples(
            st.sampled_from(["read"] * 6 + ["take", "take", "end", "tick", "tick", "refuse"]),
            st.integers(0, 9),
        ),
        max_size=120,
    ),
)
def test_no_person_is_in_two_open_jobs_and_each_ones_rows_leave_in_order(
    way: Chunking,
    people: list[tuple[str, str | None]],
    look_ahead: int,
    moves: list[tuple[str, int]],
) -> None:
    rows = [row(n, key, email) for n, (key, email) in enumerate(people)]
    world = World(way, rows, look_ahead)
    do: dict[str, Callable[[int], None]] = {
        "read": lambda _: world.read(),
        "take": lambda _: world.take(),
        "end": world.end_one,
        "refuse": world.refuse_one,
        "tick": lambda _: world.chunker.tick(),
    }
    for move, which in moves:
        do[move](which)
    world.finish()
    assert sorted(world.sent) == list(range(len(rows)))
    assert all(positions == sorted(positions) for positions in world.orders.values())
    assert world.chunker.waiting == world.chunker.held_back == 0
    assert not world.chunker._names and not len(world.chunker._persons), "it keeps what has ended"


def test_a_row_that_joins_two_persons_waits_for_the_job_of_either() -> None:
    chunker = MergingChunker(Chunking.UNIQUE, "email", max_rows=1)
    chunker.add(row(0, "a", "p"))
    first = chunker.take()
    assert first is not None
    chunker.add_all(Block.of([row(1, "b", "q"), row(2, "b", "p"), row(3, "c", "r")]))
    chunker.end()
    second = chunker.take()
    assert second is not None and list(second.positions) == [3]
    assert chunker.held_back == 2
    chunker.release(first)
    third = chunker.take()
    assert third is not None and list(third.positions) == [1]


@given(people=st.lists(st.tuples(st.sampled_from("abc"), st.none()), max_size=20))
def test_rows_without_the_contact_are_told_by_their_ids(people: list[tuple[str, None]]) -> None:
    rows = [row(n, key, email) for n, (key, email) in enumerate(people)]
    taken: list[dict[str, list[list[int]]]] = []
    for chunker in (
        Chunker(Chunking.TOGETHER, max_rows=3),
        MergingChunker(Chunking.TOGETHER, "email", max_rows=3),
    ):
        chunker.add_all(Block.of(rows))
        chunker.end()
        taken.append(defaultdict(list))
        while (chunk := chunker.take()) is not None:
            for key in dict.fromkeys(chunk.keys):
                taken[-1][key].append([each.position for each in chunk.rows() if each.key == key])
            chunker.release(chunk)
    assert taken[0] == taken[1]


@pytest.mark.parametrize(
    ("merge_by", "one", "other", "same"),
    [
        ("email", "Ann@Example.com", " ann@example.com", True),
        ("email", "ann@example.com", "anne@example.com", False),
        ("mobile", "+20 100 123 4567", "0100-123-4567", True),
        ("mobile", "+20 100 123 4567", "+20 100 123 4568", False),
        ("mobile", "unknown", "+20 100 123 4568", False),
        ("email", "", "", False),
    ],
)
def test_a_contact_is_the_same_however_it_is_written(
    merge_by: MergeBy, one: str, other: str, same: bool
) -> None:
    found = [
        set(names_of(Prepared(0, key, None, orjson.dumps({merge_by: contact})), merge_by))
        for key, contact in (("a", one), ("b", other))
    ]
    assert bool(found[0] & found[1]) == same


def shop_rows(rows: int, seed: int) -> list[dict[str, Any]]:
    """Customers of whom many have two or three ids and one mail address; each row tells its place."""
    chance = random.Random(seed)
    found = []
    for n in range(rows):
        person = int(150 * chance.random() ** 2)
        found.append(
            {
                "customerId": f"c{person}-{chance.randrange(3)}",
                "email": f"p{person}@example.com",
                "displayName": str(n),
            }
        )
    return found


def strict_wire(seed: int) -> Loopback:
    return Loopback(
        seed,
        latency=(0.02, 0.2),
        service_time=LogNormal(2.0, 0.8, queue=0.1),
        strict_customers=True,
        merge_by="email",
        codes="field",
    )


def applied_in_order(wire: Loopback) -> bool:
    orders: dict[str, list[int]] = defaultdict(list)
    for entry in wire.service.ledger.entries("customers"):
        orders[entry.item["email"]].append(int(entry.item["displayName"]))
    return all(places == sorted(places) for places in orders.values())


@pytest.mark.parametrize("way", IN_ORDER)
@pytest.mark.parametrize("merge_by", ["email", None])
def test_an_account_that_merges_meets_no_person_in_two_jobs(
    way: Chunking, merge_by: MergeBy | None
) -> None:
    wire = strict_wire(1)
    rows = shop_rows(600, 1)

    async def main() -> Any:
        async with LoopbackEngine(wire) as engine:
            run = engine.bulk(
                KINDS["customers"],
                rows,
                RunOptions(concurrency=8, chunking=way, max_items=40, merge_by=merge_by),
            )
            async with run:
                return await run.finish()

    report = run_virtual(main)
    sound = report.succeeded == 600 and applied_in_order(wire)
    assert sound == (merge_by == "email"), "the sandbox sees it where nothing is done about it"


@pytest.mark.parametrize("seed", range(6))
def test_it_holds_for_a_run_that_is_killed_and_resumed(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(work: Callable[..., T], *args: Any, **_: Any) -> T:
        await anyio.lowlevel.checkpoint()
        return work(*args)

    monkeypatch.setattr("anyio.to_thread.run_sync", at_once)
    wire, kind, rows = strict_wire(seed), KINDS["customers"], shop_rows(300, seed)
    path, ends = tmp_path / "run.gbjournal", Counter[Outcome]()

    async def main() -> None:
        async with LoopbackEngine(wire, seed=seed) as engine:
            account, way = engine._account, Chunking.UNIQUE
            begin = begin_journal(path, account, kind, way, None, NO_OBSERVERS, merge_by="email")
            run = engine.bulk(
                kind,
                rows,
                RunOptions(concurrency=4, chunking=way, max_items=20, merge_by="email"),
                open_journal=begin,
            )
            submitted = 0
            async with run:
                async for event in run:
                    submitted += isinstance(event, Submitted)
                    if submitted > 5:
                        break
            reopen = reopen_journal(path, account, None, NO_OBSERVERS, with_rows=True)
            merge_by = read_header(path).merge_by
            run = engine.bulk(
                kind,
                rows,
                RunOptions(concurrency=4, chunking=way, max_items=20, merge_by=merge_by),
                open_journal=reopen,
            )
            async with run:
                async for event in run:
                    if isinstance(event, Settled):
                        ends.update(each.outcome for each in event.outcomes)
            # A chunk that was being applied at the kill may meet itself when it is sent again.
            doubtful = [why for why in run.report.reasons if "on a second attempt" not in why]
            assert run.report.settled == 300
            assert not doubtful, doubtful

    run_virtual(main, seed=seed)
    places = [int(e.item["displayName"]) for e in wire.service.ledger.entries("customers")]
    assert set(places) == set(range(300))
    assert ends.keys() <= {Outcome.SUCCEEDED, Outcome.FAILED}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [
        ("order-transactions", {}, "have no email"),
        (
            "customers",
            {"chunking": "plain"},
            "keeps a person.s rows in order, and --chunking plain",
        ),
        ("customers", {"changed_against": "x"}, "cannot be used with --changed-against"),
        ("customers", {"merge_by": "name"}, "not one of: email, mobile"),
    ],
)
async def test_what_cannot_be_told_by_a_contact_is_refused(
    kind: str, more: dict[str, Any], words: str
) -> None:
    async with GameballClient("a", "b", base_url="http://127.0.0.1:1") as client:
        with pytest.raises(ConfigurationError, match=words):
            client.bulk(KINDS[kind], [], **{"merge_by": "email", **more})
