"""The guide to balances is tried from its blocks alone, in their order: files, scripts, commands and what they print."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from gameball_async.sandbox import Sandbox
from tests.balances.balance_desk import quick
from tests.pages import run_page

GUIDE = (Path(__file__).parents[2] / "docs" / "balances.md").read_text(encoding="utf-8")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    async def make() -> Sandbox:
        return quick(create_unknown=False)

    with start_blocking_portal() as portal:
        sandbox = portal.call(make)
        with portal.wrap_async_context_manager(sandbox):
            yield sandbox


@pytest.mark.timeout(600)  # a dozen commands, and as many others on the machine
@pytest.mark.long
def test_each_block_of_the_guide_does_what_it_says(sandbox: Sandbox, tmp_path: Path) -> None:
    variables = {
        "GAMEBALL_BASE_URL": sandbox.url,
        "GAMEBALL_API_KEY": sandbox.api_key,
        "GAMEBALL_SECRET_KEY": sandbox.secret_key,
        "COLUMNS": "200",
    }
    assert GUIDE.count("\n$ gameball-async ") == 7
    assert run_page(GUIDE, tmp_path, variables)
    assert dict(sandbox.balances) == {"c-1": 1300, "c-2": 80, "c-3": 25}
    assert sandbox.ledger.applied["balance-adjustments"] == 4
    assert "zoe@example.com" in (tmp_path / "nobody.csv").read_text(encoding="utf-8")
