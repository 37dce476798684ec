"""Rows of adjustments whose fate is unknown are settled by balances, over real aiohttp and the sandbox."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gameball_async.balances.settling import settle_by_balances
from gameball_async.balances.snapshot import read_snapshot, snapshot_beside, take_snapshot
from gameball_async.balances.verdicts import Verdict
from gameball_async.client import GameballClient
from gameball_async.errors import ConfigurationError, GameballError, InputError, JournalError
from gameball_async.journal.account import recorded_of
from gameball_async.journal.journal import read_journal
from gameball_async.sandbox import Sandbox
from tests.balances.balance_desk import client_of, quick

pytestmark = pytest.mark.anyio
APPLIED, NOT_APPLIED, OPEN = Verdict.APPLIED, Verdict.NOT_APPLIED, Verdict.OPEN
CUSTOMERS = [f"c{n}" for n in range(1, 41)]


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with quick() as sandbox:
        yield sandbox


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[GameballClient]:
    async with client_of(sandbox) as client:
        yield client


async def doubt(client: GameballClient, sandbox: Sandbox, journal: Path, lost: str) -> None:
    """A run of one chunk whose answer is lost, with the balances from before it."""
    await take_snapshot(client, CUSTOMERS, snapshot_beside(journal))
    getattr(sandbox.faults, lost)(on="balance-adjustments", times=1)
    rows = ({"customerId": name, "amount": 5 + n} for n, name in enumerate(CUSTOMERS))
    async with client.bulk("balance-adjustments", rows, journal=journal) as run:
        report = await run.finish()
    assert report.indeterminate == len(CUSTOMERS)


def times(sandbox: Sandbox) -> Counter[int]:
    """How many customers were adjusted how often."""
    entries = sandbox.ledger.entries("balance-adjustments")
    return Counter(Counter(entry.customer for entry in entries).values())


def read(path: str) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


async def test_rows_that_were_applied_have_succeeded_and_nothing_is_sent(
    client: GameballClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    await doubt(client, sandbox, journal, "reset_after_commit")
    found = await settle_by_balances(client, journal, send=True, rest=0)
    assert found.verdicts == {APPLIED: 40}
    assert not found.journals
    report = recorded_of(read_journal(journal)).report
    assert (report.succeeded, report.indeterminate) == (40, 0)
    assert times(sandbox) == {1: 40}
    assert read(found.reports[0])[1] == {
        "line": "1", "customerId": "c2", "amount": "6", "before": "0", "applied otherwise": "0",
        "first look": "6", "second look": "6", "concluded": "applied", "why": "",
    }  # fmt: skip


async def test_rows_that_were_not_applied_have_failed_and_are_sent_once_on_demand(
    client: GameballClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    await doubt(client, sandbox, journal, "reset_before_commit")
    found = await settle_by_balances(client, journal, rest=0)
    assert found.verdicts == {NOT_APPLIED: 40}
    assert found.journals == [str(journal)]
    assert not times(sandbox)
    reasons = recorded_of(read_journal(journal)).report.reasons
    assert "settled by balances: not applied" in str(reasons)
    found = await settle_by_balances(client, journal, rest=0, send=True)
    assert found.sent_again == 40
    assert not found.journals
    again = await settle_by_balances(client, journal, rest=0, send=True)
    assert not again.verdicts
    assert times(sandbox) == {1: 40}


async def test_the_doubt_of_what_is_sent_again_is_settled_in_the_same_way(
    client: GameballClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    await doubt(client, sandbox, journal, "reset_before_commit")
    sandbox.faults.reset_after_commit(on="balance-adjustments", times=1)
    sandbox.move("c3", 1_000)  # before the retry: its balances before are its own
    sandbox.move("c3", -1_000)
    found = await settle_by_balances(client, journal, rest=0, send=True)
    assert found.verdicts == {NOT_APPLIED: 40, APPLIED: 40}
    assert found.sent_again == 40
    assert times(sandbox) == {1: 40}


async def test_a_retry_that_was_cut_off_is_gone_on_with_by_the_same_call(
    client: GameballClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    await doubt(client, sandbox, journal, "reset_before_commit")
    sandbox.faults.answer(status=401, body="{}", commit=False, on="balance-adjustments", times=1)
    with pytest.raises(GameballError):
        await settle_by_balances(client, journal, rest=0, send=True)
    assert not times(sandbox)
    found = await settle_by_balances(client, journal, rest=0, send=True)
    assert found.sent_again == 40
    assert times(sandbox) == {1: 40}


async def test_customers_that_others_moved_stay_in_doubt_and_are_told_why(
    client: GameballClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    await doubt(client, sandbox, journal, "reset_after_commit")
    sandbox.move("c1", 0.5)
    found = await settle_by_balances(client, journal, rest=0, send=True)
    assert found.verdicts == {APPLIED: 39, OPEN: 1}
    assert found.journals == [str(journal)]
    assert "something else moved the balance" in next(iter(found.reasons))
    assert recorded_of(read_journal(journal)).report.indeterminate == 1
    sandbox.move("c1", -0.5)
    found = await settle_by_balances(client, journal, rest=0, send=True)
    assert found.verdicts == {APPLIED: 1}
    assert found.reports == [f"{journal}.settled-2.csv"]
    assert times(sandbox) == {1: 40}


async def test_what_cannot_be_settled_so_is_refused_before_anything_is_asked(
    client: GameballClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    await doubt(client, sandbox, journal, "reset_after_commit")
    asked = sandbox.counts["submit"]
    with pytest.raises(ConfigurationError, match="--before"):
        await settle_by_balances(client, journal, before=tmp_path / "nowhere.csv")
    (tmp_path / "odd.csv").write_text("name,points\nc1,3\n")
    with pytest.raises(InputError, match="has no columns"):
        await settle_by_balances(client, journal, before=tmp_path / "odd.csv")
    other = tmp_path / "other"
    async with client.bulk("customers", [{"customerId": "c1"}], journal=other) as run:
        await run.finish()
    with pytest.raises(ConfigurationError, match="only balance-adjustments"):
        await settle_by_balances(client, other, before=snapshot_beside(journal))
    open_one = tmp_path / "open"
    async with client.bulk("balance-adjustments", iter(()), journal=open_one) as run:
        run.stop()
    with pytest.raises(JournalError, match="resume it first"):
        await settle_by_balances(client, open_one, before=snapshot_beside(journal))
    assert sandbox.counts["submit"] == asked + 1


def test_a_snapshot_is_read_in_either_form_and_two_balances_of_one_customer_are_none(
    tmp_path: Path,
) -> None:
    path = tmp_path / "before.csv"
    path.write_text("customerId,balance\n'=a,3\nb,1\nb,2\nc,x\nd,4\nd,4\n")
    keys = {"=a", "b", "c", "d", "e"}
    found = read_snapshot(path, keys)
    assert found == {"=a": 3_000_000, "b": None, "c": None, "d": 4_000_000}
    path.write_text("line,key,outcome,totalPointsBalance\n2,b,succeeded,7\n3,z,succeeded,1\n")
    assert read_snapshot(path, keys) == {"b": 7_000_000}
