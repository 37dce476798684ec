"""`balances set` is killed for good at writes of its journals and its plan, and judged by the sandbox's ledger."""

from __future__ import annotations

from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal

from benchmarks.killable import Killer, Plan, When
from gameball_async.sandbox import Sandbox
from tests import sampling
from tests.balances.balance_desk import Shop, quick

pytestmark = pytest.mark.skipif(
    "not hasattr(__import__('os'), 'fork')", reason="needs a system that forks"
)

ROWS = 60
WHENS: tuple[When, ...] = ("before", "inside", "after")


def story(
    portal: BlockingPortal, killer: Killer, folder: Path, deaths: list[Plan]
) -> tuple[Shop, Sandbox, int]:
    """One run that dies as planned, and is then gone on with until it ends; gives how often it was killed."""
    shop = Shop.of(ROWS)
    file = shop.write(folder / "targets.csv")

    async def make() -> Sandbox:
        return quick()

    sandbox = portal.call(make)
    with portal.wrap_async_context_manager(sandbox):
        portal.call(shop.fill, sandbox)
        for fault in ("reset_after_commit", "reset_before_commit", "error_after"):
            getattr(sandbox.faults, fault)(on="balance-adjustments", probability=0.15, times=None)
        sandbox.faults.error_before(on="poll", probability=0.05, times=None)
        environment = {
            "GAMEBALL_BASE_URL": sandbox.url,
            "GAMEBALL_API_KEY": sandbox.api_key,
            "GAMEBALL_SECRET_KEY": sandbox.secret_key,
        }
        words: list[str | Path] = ["balances", "set", file, "--yes", "--rest", "0.1", "--json"]
        killed = 0
        for plan in [*deaths, *[Plan()] * 5]:
            ended = killer.run(words, environment, plan)
            killed += ended.killed
            if ended.code == 0:
                break
            assert ended.killed, ended.err
        else:
            pytest.fail("it did not come to its end")
        assert not shop.off(sandbox.balances)
        return shop, sandbox, killed


@pytest.mark.parametrize("write", sampling.of(range(2, 80, 13), range(2, 80, 26)))
def test_a_kill_at_a_write_costs_nothing_and_applies_nothing_twice(
    write: int, portal: BlockingPortal, killer: Killer, tmp_path: Path
) -> None:
    plan = Plan(write=write, when=WHENS[write % 3])
    shop, sandbox, _ = story(portal, killer, tmp_path, [plan])
    assert sandbox.ledger.applied["balance-adjustments"] == shop.differences


def test_many_kills_in_one_run_cost_nothing_and_apply_nothing_twice(
    portal: BlockingPortal, killer: Killer, tmp_path: Path
) -> None:
    deaths = [Plan(write=n, when=WHENS[n % 3]) for n in (3, 8, 5, 9, 6, 12, 4, 7, 3, 8, 5, 6)]
    shop, sandbox, killed = story(portal, killer, tmp_path, deaths)
    assert killed >= 8
    assert sandbox.ledger.applied["balance-adjustments"] == shop.differences
