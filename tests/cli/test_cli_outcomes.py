"""The outcomes of a run's rows as a table: `report --outcomes`, and `Bulk.outcomes_table` in code."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet
import pytest

from gameball_async.client import GameballClient
from gameball_async.errors import ConfigurationError
from gameball_async.sandbox import Reason, Sandbox
from tests.cli.cli_desk import Run, Serve

EXPECTED = [
    {"line": 2, "key": "00001", "outcome": "succeeded", "code": None, "field": None, "chunk": 1},
    {"line": 3, "key": "00002", "outcome": "failed", "code": 7000, "field": None, "chunk": 1},
    {"line": 4, "key": "00003", "outcome": "rejected", "code": None,
     "field": "customerAttributes.joinDate", "chunk": None},
]  # fmt: skip


def shown(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = EXPECTED[0]
    return sorted(
        ({name: row[name] for name in names} for row in rows), key=lambda row: row["line"]
    )


def test_report_writes_the_outcome_of_every_row_as_a_table(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    bad = {"00002": Reason(7000, "Customer not found")}
    serve(fail_if=lambda kind, item: bad.get(item["customerId"]), codes="field")
    path = tmp_path / "rows.csv"
    path.write_text("customerId,joinDate\n00001,2024-01-02\n00002,2024-01-02\n00003,never\n")
    assert run("import", "customers", path).exit_code == 1
    journal = f"{path}.gbjournal"
    result = run("report", journal, "--outcomes", tmp_path / "out.parquet")
    assert "wrote the outcomes of 3 rows to" in result.stderr
    table = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    assert shown(table.to_pylist()) == EXPECTED
    assert table["job"].null_count == 1
    run("report", journal, "--outcomes", tmp_path / "out.csv")
    with (tmp_path / "out.csv").open() as file:
        cells = sorted(csv.DictReader(file), key=lambda row: row["line"])
    assert [row["outcome"] for row in cells] == ["succeeded", "failed", "rejected"]
    assert cells[1]["reason"] == "Customer not found"
    assert run("report", journal, "--outcomes", tmp_path / "out.txt").exit_code == 2
    assert run("report", journal, "--outcomes", path).exit_code == 2


@pytest.mark.anyio
async def test_a_run_gives_its_outcomes_as_an_arrow_table(
    gameball_sandbox: Sandbox, gameball_client: GameballClient, tmp_path: Path
) -> None:
    rows = [{"customerId": "c1"}, {"customerId": ""}]
    async with gameball_client as client:
        async with client.bulk("customers", rows, journal=tmp_path / "run.db") as run:
            await run.finish()
        table = await run.outcomes_table()
        assert pl.DataFrame(table).sort("line")["outcome"].to_list() == ["succeeded", "rejected"]
        async with client.bulk("customers", rows) as run:
            await run.finish()
        with pytest.raises(ConfigurationError, match="this run has none: pass journal=PATH"):
            await run.outcomes_table()
