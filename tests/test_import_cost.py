"""What an import of the package brings along: counted here, timed by ``benchmarks.bench_guest``."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import gameball_async

ANYWAY = "import sys, aiohttp, anyio.lowlevel, cattrs, orjson; before = set(sys.modules)\n"
TELL = "\nimport json; print(json.dumps(sorted(set(sys.modules) - before)))"
FIRST_CALL = """
import asyncio
from gameball_async import GameballClient
async def main():
    async with GameballClient("k", "s", base_url="http://127.0.0.1:9") as client:
        try:
            await client.submit("customers", [{"customerId": ""}])
        except ValueError as error:
            assert type(error).__name__ == "ItemError", error
asyncio.run(main())
"""


def brought_by(code: str) -> set[str]:
    """Modules that a fresh interpreter imports for *code*, besides those it has anyway."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ANYWAY + code + TELL],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "code",
    ["import gameball_async", "from gameball_async import GameballClient", FIRST_CALL],
    ids=["the package", "the client", "a first call"],
)
def test_what_only_some_programs_need_is_not_imported(code: str) -> None:
    modules = brought_by(code)
    for heavy in (
        "sqlite3", "csv", "click", "rich", "opentelemetry", "redis", "aiohttp.web", "pytest",
        "gameball_async.sandbox", "gameball_async.cli",
        "gameball_async.journal.journal", "gameball_async.rows.files", "gameball_async.bulk.run",
        "gameball_async.api.orders", "gameball_async.api.codes", "gameball_async.pytest_plugin",
    ):  # fmt: skip
        assert heavy not in modules
    if code is not FIRST_CALL:
        strangers = {name.partition(".")[0] for name in modules} - {"gameball_async"}
        assert "anyio.streams.memory" not in modules
        assert strangers <= {
            "sniffio",
            "hmac",
            "secrets",
            "decimal",
            "_decimal",
            "numbers",
            "anyio",
        }


def test_a_run_without_a_journal_needs_no_database() -> None:
    run = FIRST_CALL.replace(
        'await client.submit("customers", [{"customerId": ""}])',
        'await client.bulk("customers", []).__aenter__()',
    )
    assert "sqlite3" not in brought_by(run)


def test_every_public_name_comes_when_it_is_asked_for_and_is_kept() -> None:
    for name in gameball_async.__all__:
        assert getattr(gameball_async, name) is getattr(gameball_async, name)
        assert name in dir(gameball_async)
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = gameball_async.no_such_name
