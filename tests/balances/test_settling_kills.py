"""`balances settle --send` is killed for good at writes of its journals, and judged by the sandbox's ledger."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal

from benchmarks.killable import Killer, Plan
from gameball_async.sandbox import Sandbox
from tests import sampling
from tests.balances.balance_desk import quick

pytestmark = pytest.mark.skipif(
    "not hasattr(__import__('os'), 'fork')", reason="needs a system that forks"
)

ROWS = 60


@pytest.mark.parametrize("write", sampling.of([2, 9, 17, 26, 30, 34, 38, 42], [2, 17, 30, 42]))
def test_a_settlement_that_is_killed_is_gone_on_with_and_applies_nothing_twice(
    write: int, portal: BlockingPortal, killer: Killer, tmp_path: Path
) -> None:
    async def make() -> Sandbox:
        return quick()

    file = tmp_path / "points.csv"
    lines = (f"c{n},{n + 1}\n" for n in range(ROWS))
    file.write_text("customerId,amount\n" + "".join(lines), encoding="utf-8")
    sandbox = portal.call(make)
    with portal.wrap_async_context_manager(sandbox):
        environment = {
            "GAMEBALL_BASE_URL": sandbox.url,
            "GAMEBALL_API_KEY": sandbox.api_key,
            "GAMEBALL_SECRET_KEY": sandbox.secret_key,
        }
        for lost, after in (("reset_after_commit", 0), ("reset_before_commit", 3)):
            getattr(sandbox.faults, lost)(on="balance-adjustments", times=2, after=after)
        words: list[str | Path] = ["import", "balance-adjustments", file, "--snapshot"]
        assert killer.run([*words, "--concurrency", "1"], environment, Plan()).code == 1
        words = ["balances", "settle", f"{file}.gbjournal", "--send", "--rest", "0.1"]
        killed = killer.run(words, environment, Plan(write=write, when="after")).killed
        assert killed
        codes = [killer.run(words, environment, Plan()).code for _ in range(3)]
        assert codes[-1] == 0
        assert sandbox.balances == {f"c{n}": n + 1 for n in range(ROWS)}
        entries = sandbox.ledger.entries("balance-adjustments")
        assert set(Counter(entry.customer for entry in entries).values()) == {1}
