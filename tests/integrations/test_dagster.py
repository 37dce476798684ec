"""The example for Dagster: its real engine, a real database, and a kill in the middle of a run."""

from __future__ import annotations

import importlib
import os
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from gameball_async.sandbox import Constant, Sandbox, SandboxThread
from tests.integrations.dlt_journals import accepted
from tests.web.web_desk import EXAMPLES, need

ROWS = 4000
PROGRAM = """
import dagster, dagster_assets as a
dagster.materialize([a.points, a.point_outcomes, a.every_point_was_given])
"""
_PATH = os.pathsep.join(filter(None, (str(EXAMPLES), os.environ.get("PYTHONPATH"))))
WITHIN = 90.0

Start = Callable[[Sandbox], "subprocess.Popen[bytes]"]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A database with points."""
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as shop:
        shop.execute("CREATE TABLE points (id INTEGER PRIMARY KEY, customer TEXT, amount REAL)")
        shop.executemany(
            "INSERT INTO points (customer, amount) VALUES (?, 1)", ((f"c{n}",) for n in range(ROWS))
        )
        shop.commit()
    return path


def environment(sandbox: Sandbox, shop: Path, folder: Path) -> dict[str, str]:
    """What the assets read."""
    return {
        "GAMEBALL_API_KEY": sandbox.api_key,
        "GAMEBALL_SECRET_KEY": sandbox.secret_key,
        "GAMEBALL_BASE_URL": sandbox.url,
        "SHOP": str(shop),
        "PIPELINES": str(folder / "pipelines"),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
    }


@pytest.fixture
def start(shop: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts a run of all assets, in a process of its own that does every step itself."""
    need(modules=("dlt", "dagster", "duckdb"))
    with ExitStack() as stack:

        def start(sandbox: Sandbox) -> subprocess.Popen[bytes]:
            ours = {**environment(sandbox, shop, tmp_path), "PYTHONPATH": _PATH}
            none = subprocess.DEVNULL
            worker = subprocess.Popen(
                [sys.executable, "-c", PROGRAM],
                env={**os.environ, **ours}, stdin=none, stdout=none, stderr=none, cwd=tmp_path,
            )  # fmt: skip
            stack.enter_context(worker)
            stack.callback(worker.kill)
            return worker

        yield start


def times(sandbox: Sandbox) -> Counter[int]:
    """How many customers were given points how many times."""
    entries = sandbox.ledger.entries("balance-adjustments")
    return Counter(Counter(each.customer for each in entries).values())


def test_a_run_that_is_killed_is_gone_on_with_by_the_next_and_one_that_is_repeated_gives_nothing(
    start: Start, tmp_path: Path
) -> None:
    with SandboxThread(service_time=Constant(0)) as sandbox:
        running = {"status": "running", "response": None}
        sandbox.faults.edit(lambda told: {**told, **running}, on="poll", times=None)
        killed = start(sandbox)
        until = time.monotonic() + WITHIN
        while accepted(tmp_path / "pipelines" / "points" / "gameball") < ROWS / 1000:
            assert killed.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
        killed.kill()
        killed.wait(WITHIN)
        sandbox.faults.clear()
        for _ in range(2):
            assert start(sandbox).wait(WITHIN) == 0
        assert times(sandbox) == Counter({1: ROWS})
    duckdb: Any = pytest.importorskip("duckdb")
    with duckdb.connect(str(tmp_path / "pipelines" / "warehouse.duckdb")) as warehouse:
        found = warehouse.execute("SELECT outcome, count(*) FROM shop.gameball_outcomes GROUP BY 1")
        assert found.fetchall() == [("succeeded", ROWS)]


def test_a_row_that_is_refused_is_in_the_warehouse_and_fails_the_check(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need(modules=("dlt", "dagster", "duckdb"))
    import dagster

    with closing(sqlite3.connect(shop)) as database:
        database.execute("UPDATE points SET customer = ' c7 ' WHERE customer = 'c7'")
        database.commit()
    with SandboxThread(service_time=Constant(0)) as sandbox:
        for name, value in environment(sandbox, shop, tmp_path).items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        monkeypatch.syspath_prepend(EXAMPLES)
        assets: Any = importlib.import_module("dagster_assets")
        monkeypatch.delitem(sys.modules, "dagster_assets")
        everything = [assets.points, assets.point_outcomes, assets.every_point_was_given]
        with dagster.DagsterInstance.ephemeral() as instance:
            result = dagster.materialize(everything, instance=instance)
        assert result.success
        assert times(sandbox) == Counter({1: ROWS - 1})
    (check,) = result.get_asset_check_evaluations()
    assert not check.passed
    assert {name: each.value for name, each in check.metadata.items()} == {
        "rejected": 1,
        "succeeded": ROWS - 1,
    }
    with assets.telling().sql_client() as client:
        found = client.execute_sql(
            "SELECT line, record FROM gameball_outcomes WHERE outcome = 'rejected'"
        )
    ((line, record),) = found
    assert (line, '" c7 "' in record) == (8, True)
