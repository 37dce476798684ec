"""Nightly imports that are compared with the night before: Gameball ends as if every row had been sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.virtual import run_virtual
from gameball_async.api.kinds import KINDS, Chunking, Kind
from gameball_async.api.requests import Account, Secret
from gameball_async.bulk.chunks import LookAhead
from gameball_async.bulk.events import Settled
from gameball_async.client import GameballClient
from gameball_async.compare import EarlierRows, Making, comparison_again, comparison_of
from gameball_async.errors import ConfigurationError, JournalError
from gameball_async.journal.account import recorded_of
from gameball_async.journal.header import Source
from gameball_async.journal.journal import read_header, read_journal, read_rows
from gameball_async.journal.opening import begin_journal, reopen_journal
from gameball_async.limits.retry import Patience
from gameball_async.observe.stream import NO_OBSERVERS
from gameball_async.rows.outcome import Outcome
from gameball_async.rows.report import Report
from gameball_async.sandbox import Constant
from gameball_async.session import Engine, RunOptions
from tests import sampling
from tests.engine_items import item
from tests.loopback import Loopback, LoopbackEngine

T = TypeVar("T")
MAKING = Making(ids_from_numbers=False, unknown="send")
Row = tuple[str, str]
"""A customer's id and what is told of it; "bad" is refused by the server, "?" is no row at all."""

night_rows = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(["x", "y", "x", "bad", "?"])), max_size=9
)


@pytest.fixture(autouse=True)
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The virtual clock knows none: what is done in one is done at once."""

    async def at_once(work: Callable[..., T], *args: Any, **_: Any) -> T:
        await anyio.lowlevel.checkpoint()
        return work(*args)

    monkeypatch.setattr("anyio.to_thread.run_sync", at_once)
    monkeypatch.setattr("gameball_async.journal.file.sync", lambda file: None)


def value(row: Row) -> dict[str, Any]:
    customer, name = row
    return {
        "customerId": customer,
        "customerAttributes": {"city": None if name == "?" else name},
    } | ({"email": 5} if name == "?" else {})


class Nights:
    """An account, the nights of a shop, and what each has told."""

    def __init__(
        self, folder: Path, seed: int, chunking: Chunking, kind: str = "customers"
    ) -> None:
        self.wire = Loopback(
            seed,
            latency=(0.0, 0.05),
            fail_if=lambda _, item: item.get("customerAttributes", {}).get("city") == "bad",
            service_time=Constant(2.0, queue=0.5),
        )
        self.kind: Kind = KINDS[kind]
        self.folder = folder
        self.chunking = chunking
        self.seed = seed
        self.night = 0

    @property
    def journal(self) -> Path:
        return self.folder / f"night-{self.night}.gbjournal"

    async def run(
        self, rows: Any, cut: int | None, against: Any
    ) -> tuple[Report, Counter[Outcome]]:
        """One night: an import, which may be killed after some events, and is resumed then."""
        before, self.night = self.journal, self.night + 1
        given = against if against is not None else before if self.night > 1 else None
        async with LoopbackEngine(self.wire, patience=Patience(unsure=2), seed=self.seed) as engine:
            run = self.begin(engine, rows, given)
            if cut is not None:
                await self.kill(run, cut)
                await anyio.sleep(20)
                run = self.again(engine, rows, given)
            ends: Counter[Outcome] = Counter()
            async with run:
                async for event in run:
                    if isinstance(event, Settled):
                        ends.update(row.outcome for row in event.outcomes)
            return run.report, ends

    def begin(self, engine: Engine, rows: Any, given: Any) -> Any:
        account = engine._account
        earlier = compare = None
        if given is not None:
            earlier, compare = comparison_of(given, self.kind, account, MAKING)
        begin = begin_journal(
            self.journal, account, self.kind, self.chunking, None, NO_OBSERVERS, earlier
        )
        return self._bulk(engine, rows, compare, begin)

    def again(self, engine: Engine, rows: Any, given: Any) -> Any:
        again = given if isinstance(given, EarlierRows) else None
        compare = comparison_again(read_header(self.journal), self.journal, again, MAKING)
        reopen = reopen_journal(self.journal, engine._account, None, NO_OBSERVERS, with_rows=True)
        return self._bulk(engine, rows, compare, reopen)

    def _bulk(self, engine: Engine, rows: list[Any], compare: Any, open_journal: Any) -> Any:
        return engine.bulk(
            self.kind,
            rows,
            RunOptions(
                concurrency=2,
                look_ahead=LookAhead(seconds=1.0),
                chunking=self.chunking,
                max_items=2,
            ),
            compare=compare,
            open_journal=open_journal,
        )

    async def kill(self, run: Any, cut: int) -> None:
        async with run:
            async for _ in run:
                cut -= 1
                if cut < 0:
                    break
            image = self.journal.read_bytes()  # all that a process that is killed here leaves
        with self.journal.open("r+b") as file:
            file.write(image)
            file.truncate()

    def held(self) -> dict[str, str]:
        """What Gameball has of each customer."""
        self.wire.service.advance(anyio.current_time())
        entries = self.wire.service.ledger.entries("customers")
        return {e.item["customerId"]: e.item["customerAttributes"]["city"] for e in entries}


@settings(max_examples=sampling.of(80, 40))
@given(
    nights=st.lists(st.tuples(night_rows, st.none() | st.integers(0, 6)), min_size=2, max_size=4),
    seed=st.integers(0, 99),
    way=st.sampled_from([Chunking.UNIQUE, Chunking.TOGETHER]),
    faults=st.booleans(),
)
def test_gameball_ends_as_if_every_row_had_been_sent(
    nights: list[tuple[list[Row], int | None]], seed: int, way: Chunking, faults: bool
) -> None:
    held: dict[str, str] = {}

    async def main() -> None:
        with TemporaryDirectory() as folder:
            shop = Nights(Path(folder), seed, way)
            if faults:
                shop.wire.faults.reset_after_commit(on="submit", probability=0.3, times=2)
                shop.wire.faults.error_before(on="submit", probability=0.3, times=2)
            for rows, cut in nights:
                values = [value(row) for row in rows]
                report, ends = await shop.run(values, cut, None)
                held.update((name, city) for name, city in rows if city not in ("bad", "?"))
                assert report.settled == report.rows == len(rows)
                assert report.complete
                if cut is None:
                    assert ends == Counter(
                        {o: n for o in Outcome if (n := getattr(report, o.value))}
                    )
                recorded = recorded_of(read_journal(shop.journal)).report
                assert (recorded.rows, recorded.unchanged) == (len(rows), report.unchanged)
                assert sorted(row.position for row in read_rows(shop.journal)) == [
                    *range(len(rows))
                ]
                await anyio.sleep(20)  # for jobs whose number was lost
                if not report.indeterminate:
                    assert shop.held() == held
                held.clear()
                held.update(shop.held())

    run_virtual(main, seed=seed)


def test_a_customer_that_changes_and_changes_back_is_sent_each_time() -> None:
    async def main() -> list[tuple[int, int]]:
        with TemporaryDirectory() as folder:
            shop = Nights(Path(folder), 0, Chunking.UNIQUE)
            found = []
            for city in ("x", "y", "x", "x", "x"):
                report, _ = await shop.run([value(("a", city)), value(("b", "x"))], None, None)
                found.append((report.succeeded, report.unchanged))
            assert shop.held() == {"a": "x", "b": "x"}
            return found

    assert run_virtual(main) == [(2, 0), (1, 1), (1, 1), (0, 2), (0, 2)]


def test_rows_that_did_not_succeed_are_sent_again() -> None:
    async def main() -> None:
        with TemporaryDirectory() as folder:
            shop = Nights(Path(folder), 0, Chunking.UNIQUE)
            rows = [value(("a", "bad")), value(("b", "x")), value(("c", "?"))]
            for succeeded, unchanged in ((1, 0), (0, 1), (0, 1)):
                report, _ = await shop.run(rows, None, None)
                assert (report.failed, report.rejected) == (1, 1)
                assert (report.succeeded, report.unchanged) == (succeeded, unchanged)

    run_virtual(main)


def test_of_a_customers_rows_all_are_sent_once_one_of_them_is() -> None:
    # Else the second would be skipped as what was applied last, and Gameball would keep the first.
    async def main() -> None:
        with TemporaryDirectory() as folder:
            shop = Nights(Path(folder), 0, Chunking.UNIQUE)
            rows = [value(("a", "x")), value(("a", "y")), value(("b", "x"))]
            for succeeded in (3, 2):
                report, _ = await shop.run(rows, None, None)
                assert (report.succeeded, report.unchanged) == (succeeded, 3 - succeeded)
                assert shop.held() == {"a": "y", "b": "x"}

    run_virtual(main)


def test_where_order_was_not_kept_a_customer_with_two_rows_is_sent() -> None:
    async def main() -> None:
        with TemporaryDirectory() as folder:
            shop = Nights(Path(folder), 0, Chunking.PLAIN)
            await shop.run([value(("a", "x")), value(("a", "y")), value(("b", "x"))], None, None)
            report, _ = await shop.run([value(("a", "y")), value(("b", "x"))], None, None)
            assert (report.succeeded, report.unchanged) == (1, 1)

    run_virtual(main)


@settings(max_examples=30)
@given(last=night_rows, rows=night_rows, cut=st.none() | st.integers(0, 4))
def test_rows_of_an_earlier_input_count_as_applied(
    last: list[Row], rows: list[Row], cut: int | None
) -> None:
    async def main() -> None:
        with TemporaryDirectory() as folder:
            shop = Nights(Path(folder), 0, Chunking.UNIQUE)
            before = {name: city for name, city in last if city != "?"}
            earlier = EarlierRows([value(row) for row in last], Source("last", "1"))
            report, _ = await shop.run([value(row) for row in rows], cut, earlier)
            sound = ((name, city) for name, city in rows if city not in ("bad", "?"))
            expected = {**before, **dict(sound)}
            bad = {name for name, city in [*rows, *last] if city == "bad"}
            for name, city in ({**before} | shop.held()).items():
                assert name in bad or expected[name] == city
            assert report.settled == report.rows == len(rows)

    run_virtual(main)


def test_an_unchanged_row_is_not_sent_behind_a_later_row_of_its_customer_by_a_resumed_run() -> None:
    async def slowly() -> AsyncIterator[dict[str, Any]]:
        yield value(("a", "x"))
        yield value(("a", "y"))
        await anyio.sleep(60)
        yield value(("b", "x"))

    async def main() -> None:
        with TemporaryDirectory() as folder:
            shop = Nights(Path(folder), 0, Chunking.UNIQUE)
            await shop.run([value(("a", "x"))], None, None)
            before, shop.night = shop.journal, 2
            async with LoopbackEngine(shop.wire) as engine:
                await shop.kill(shop.begin(engine, slowly(), before), 4)
                assert shop.held() == {"a": "y"}
                async with shop.again(engine, slowly(), before) as run:
                    report = await run.finish()
            assert (report.succeeded, report.unchanged) == (2, 1)
            assert shop.held() == {"a": "y", "b": "x"}

    run_virtual(main)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "kind", ["balance-adjustments", "events", "balance-inquiries", "order-transactions"]
)
async def test_kinds_of_which_an_equal_row_means_something_are_refused(kind: str) -> None:
    async with GameballClient("a", "b", base_url="http://127.0.0.1:1") as client:
        with pytest.raises(ConfigurationError, match="remove --changed-against"):
            client.bulk(KINDS[kind], [], changed_against=EarlierRows([]))


def test_a_journal_of_another_kind_or_account_is_refused() -> None:
    async def main() -> None:
        with TemporaryDirectory() as folder:
            shop = Nights(Path(folder), 0, Chunking.UNIQUE)
            await shop.run([value(("a", "x"))], None, None)
            mine = Account("http://127.0.0.1:1", "v4.0", Secret("other"), Secret("other"))
            with pytest.raises(JournalError, match="another account or API key"):
                comparison_of(shop.journal, shop.kind, mine, MAKING)
            with pytest.raises(JournalError, match="another kind"):
                comparison_of(shop.journal, KINDS["orders"], mine, MAKING)

    run_virtual(main)


def test_a_resumed_run_needs_what_it_is_compared_with_as_it_was() -> None:
    async def main() -> None:
        with TemporaryDirectory() as folder:
            shop = Nights(Path(folder), 0, Chunking.UNIQUE)
            first = shop.folder / "night-1.gbjournal"
            await shop.run([value(("a", "x"))], None, None)
            await shop.run([value(("a", "x"))], None, None)
            first.rename(shop.folder / "gone")
            compare = comparison_again(read_header(shop.journal), shop.journal, None, MAKING)
            assert compare is not None and await compare() is None, "it has read its input"
            before, shop.night = shop.journal, 3
            async with LoopbackEngine(shop.wire) as engine:
                rows = [value((name, "z")) for name in "abcdefgh"]
                await shop.kill(shop.begin(engine, rows, before), 0)
            before.rename(shop.folder / "gone too")
            compare = comparison_again(read_header(shop.journal), shop.journal, None, MAKING)
            with pytest.raises(JournalError, match="no longer exists or has changed"):
                await compare()  # type: ignore[misc]

    run_virtual(main)


def test_orders_that_were_applied_are_not_sent_again() -> None:
    async def main() -> list[tuple[int, int]]:
        with TemporaryDirectory() as folder:
            shop = Nights(Path(folder), 0, Chunking.TOGETHER, "orders")
            rows = [item("orders", f"c{n % 3}", n) for n in range(8)]
            found = []
            for few in (6, 8):
                report, _ = await shop.run(rows[:few], None, None)
                found.append((report.succeeded, report.unchanged))
            assert set(shop.wire.service.ledger.times("orders").values()) == {1}
            return found

    assert run_virtual(main) == [(6, 0), (2, 6)]
