"""Customers are brought to a balance over the real aiohttp and the sandbox, whatever gets lost."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from gameball_async.balances.plan import Fate
from gameball_async.balances.setting import apply_plan, plan_balances, set_balances
from gameball_async.balances.store import PLAN, Store
from gameball_async.errors import AuthenticationError, ConfigurationError, JournalError
from gameball_async.sandbox import Sandbox
from gameball_async.sandbox.messages import Seen
from tests.balances.balance_desk import Shop, client_of, quick

pytestmark = pytest.mark.anyio
MOVED = 0.25
"""A fraction that no difference has: what others move is not taken for an adjustment."""


def applied(sandbox: Sandbox) -> int:
    return sandbox.ledger.applied["balance-adjustments"]


async def test_every_customer_comes_to_its_balance_and_only_differences_are_sent(
    tmp_path: Path,
) -> None:
    shop = Shop.of(2_500)
    async with quick() as sandbox, client_of(sandbox) as client:
        shop.fill(sandbox)
        plan = await plan_balances(client, shop.rows, tmp_path / "state")
        assert plan.adjustments == shop.differences
        assert plan.exact == 2_500 - shop.differences
        assert applied(sandbox) == 0
        report = await apply_plan(client, tmp_path / "state", rest=0)
        assert report.all_exact
        assert not shop.off(sandbox.balances)
        assert applied(sandbox) == report.adjustments == shop.differences
        changes = sum(shop.targets.values()) - sum(shop.before.values())
        assert report.up_sum - report.down_sum == changes * 1_000_000


@pytest.mark.parametrize(
    "lost", ["reset_after_commit", "reset_before_commit", "error_after", "html"]
)
async def test_a_lost_answer_is_settled_by_the_balances_and_nothing_is_applied_twice(
    lost: str, tmp_path: Path
) -> None:
    shop = Shop.of(3_000)
    async with quick() as sandbox, client_of(sandbox) as client:
        shop.fill(sandbox)
        getattr(sandbox.faults, lost)(on="balance-adjustments", times=2)
        report = await set_balances(client, shop.rows, tmp_path / "state", rest=0.05)
        assert report.all_exact
        assert report.rounds == (2 if lost == "reset_before_commit" else 1)
        assert not shop.off(sandbox.balances)
        assert applied(sandbox) == shop.differences


async def test_customers_that_others_move_are_told_and_no_others(tmp_path: Path) -> None:
    shop = Shop.of(2_000)
    movers = [name for name, was in shop.before.items() if was != shop.targets[name]][::90]
    left = list(movers)
    sandbox: Sandbox

    def move(seen: Seen) -> None:
        if seen.kind == "balance-adjustments":
            while left:
                sandbox.service.memory.move(left.pop(), MOVED)

    sandbox = quick(on_answer=move)
    async with sandbox, client_of(sandbox) as client:
        shop.fill(sandbox)
        sandbox.faults.reset_after_commit(on="balance-adjustments", times=1)
        report = await set_balances(client, shop.rows, tmp_path / "state", rest=0.05)
        assert report.fates[Fate.MOVED] == len(movers)
        assert shop.off(sandbox.balances) == set(movers)
        assert applied(sandbox) == shop.differences
    with (tmp_path / "state" / "report.csv").open(newline="") as file:
        moved = [row for row in csv.DictReader(file) if row["outcome"] == "moved"]
    assert {row["customerId"] for row in moved} == set(movers)
    assert all("something else moved the balance" in row["why"] for row in moved)


async def test_rows_that_cannot_be_set_are_told_and_nothing_is_sent_for_them(
    tmp_path: Path,
) -> None:
    rows = [
        {"customerId": "up", "balance": 5_000},
        {"customerId": "down", "balance": 0},
        {"customerId": "here", "balance": 10},
        {"customerId": "stranger", "balance": 10},
        {"customerId": "here", "balance": 99},
        {"customerId": "below", "balance": -1},
        {"balance": 1},
    ]
    async with quick(create_unknown=False) as sandbox, client_of(sandbox) as client:
        for name in ("up", "down", "here", "below"):
            sandbox.move(name, 10)
        plan = await plan_balances(client, rows, tmp_path / "state", max_change=100, only_up=True)
        assert (plan.held, plan.unknown, plan.rejected, plan.exact) == (2, 1, 3, 1)
        report = await apply_plan(client, tmp_path / "state", rest=0)
        assert not report.all_exact
        assert applied(sandbox) == 0
    text = (tmp_path / "state" / "report.csv").read_text()
    assert "row 2 already has this customer" in text
    assert "--max-change" in text
    assert "--only-up" in text


async def test_a_finished_run_sends_nothing_and_says_the_same_again(tmp_path: Path) -> None:
    shop = Shop.of(50)
    async with quick() as sandbox, client_of(sandbox) as client:
        shop.fill(sandbox)
        first = await set_balances(client, shop.rows, tmp_path / "state", rest=0)
        requests = sum(sandbox.counts.values())
        assert await set_balances(client, [], tmp_path / "state", rest=0) == first
        assert sum(sandbox.counts.values()) == requests


async def test_a_run_that_an_error_ends_goes_on_with_the_same_call(tmp_path: Path) -> None:
    shop = Shop.of(1_500)
    async with quick() as sandbox, client_of(sandbox) as client:
        shop.fill(sandbox)
        sandbox.faults.answer(
            status=401, body="{}", commit=False, on="balance-adjustments", after=1
        )
        with pytest.raises(AuthenticationError):
            await set_balances(client, shop.rows, tmp_path / "state", rest=0.05)
        assert 0 < applied(sandbox) < shop.differences
        report = await set_balances(client, shop.rows, tmp_path / "state", rest=0.05)
        assert report.all_exact
        assert applied(sandbox) == shop.differences


async def test_what_is_refused_for_now_is_sent_again_only_where_the_balance_shows_nothing(
    tmp_path: Path,
) -> None:
    shop = Shop.of(40)
    busy = iter([True, True])

    def fail(kind: str, item: dict[str, object]) -> str | None:
        refused = kind == "balance-adjustments" and item["customerId"] == "c7" and next(busy, False)
        return "Another request for the same customer is in progress (2001)" if refused else None

    async with quick(fail_if=fail) as sandbox, client_of(sandbox) as client:
        shop.fill(sandbox)
        report = await set_balances(client, shop.rows, tmp_path / "state", rest=0.01)
        assert report.all_exact
        assert report.rounds >= 2
        assert applied(sandbox) == shop.differences


async def test_a_refusal_is_told_with_gameballs_reason(tmp_path: Path) -> None:
    def fail(kind: str, item: dict[str, object]) -> str | None:
        return "Too many points" if kind == "balance-adjustments" else None

    async with quick(fail_if=fail) as sandbox, client_of(sandbox) as client:
        rows = [{"customerId": "c1", "balance": 7}]
        report = await set_balances(client, rows, tmp_path / "state", rest=0)
        assert report.fates == {Fate.REFUSED: 1}
    assert "Too many points" in (tmp_path / "state" / "report.csv").read_text()


async def test_where_the_balance_cannot_be_asked_for_it_stays_in_doubt_until_the_next_call(
    tmp_path: Path,
) -> None:
    asked = {"sent": False, "heals": False}

    def fail(kind: str, item: dict[str, object]) -> str | None:
        if kind == "balance-adjustments":
            asked["sent"] = True
        return (
            "no" if kind != "balance-adjustments" and asked["sent"] and not asked["heals"] else None
        )

    async with quick(fail_if=fail) as sandbox, client_of(sandbox) as client:
        rows = [{"customerId": "c1", "balance": 7}]
        sandbox.faults.reset_after_commit(on="balance-adjustments")
        report = await set_balances(client, rows, tmp_path / "state", rest=0)
        assert report.fates == {Fate.DOUBT: 1}
        asked["heals"] = True
        report = await apply_plan(client, tmp_path / "state", rest=0)
        assert report.fates == {Fate.SET: 1}
        assert applied(sandbox) == 1


async def test_another_account_input_or_bound_is_refused_and_another_process_kept_out(
    tmp_path: Path,
) -> None:
    state = tmp_path / "state"
    rows = [{"customerId": "c1", "balance": 7}]
    async with quick() as sandbox, client_of(sandbox) as client:
        await plan_balances(client, rows, state, source="one")
        with pytest.raises(JournalError, match="input has changed"):
            await plan_balances(client, rows, state, source="two")
        with pytest.raises(JournalError, match="--max-change"):
            await plan_balances(client, rows, state, source="one", max_change=3)
        with Store(state, None), pytest.raises(JournalError, match="another process"):
            await apply_plan(client, state)
    async with quick() as other, client_of(other) as client:
        with pytest.raises(JournalError, match="the account, the base URL"):
            await apply_plan(client, state)
        with pytest.raises(JournalError, match="has no plan"):
            await apply_plan(client, tmp_path / "nowhere")
        with pytest.raises(ConfigurationError, match="max_change"):
            await plan_balances(client, rows, tmp_path / "new", max_change=-1)
        assert applied(other) == 0
    (state / PLAN).write_bytes(b"no database" * 100)
    with pytest.raises(JournalError, match="damaged"):
        Store(state, None)


async def test_a_plan_is_for_its_owners_eyes_only_in_an_open_folder_too(tmp_path: Path) -> None:
    rows = [{"customerId": "c1", "balance": 7}]
    new, there = tmp_path / "state", tmp_path / "there"
    there.mkdir(mode=0o755)
    async with quick() as sandbox, client_of(sandbox) as client:
        await plan_balances(client, rows, new)
        assert new.stat().st_mode & 0o077 == 0
        await set_balances(client, rows, there)
    files = list(there.iterdir())
    assert len(files) > 1
    assert [path.name for path in files if path.stat().st_mode & 0o077] == []


class OneSlowJob:
    """The second job takes its time; all others take none. A model of durations, see the sandbox."""

    queue = 0.0
    workers = None

    def __init__(self, seconds: float) -> None:
        self._left = [0.0, seconds]

    def seconds(self, rows: int, chance: object) -> float:
        return self._left.pop(0) if self._left else 0.0


async def test_an_adjustment_that_is_applied_late_and_unseen_is_not_sent_a_second_time(
    tmp_path: Path,
) -> None:
    async with quick(service_time=OneSlowJob(0.8)) as sandbox, client_of(sandbox) as client:
        sandbox.faults.reset_after_commit(on="balance-adjustments", times=1)
        rows = [{"customerId": "c1", "balance": 7}]
        report = await set_balances(client, rows, tmp_path / "state", rest=1.2)
        assert report.all_exact
        assert sandbox.balances["c1"] == 7
        assert applied(sandbox) == 1
    with (tmp_path / "state" / "report.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["first look"], row["second look"], row["outcome"]) == ("0", "7", "set")
