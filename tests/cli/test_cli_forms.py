"""Imports of files in other forms: stopped, gone on with, rejected rows and all; standard input as it comes."""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
import xlsxwriter

from tests.cli.cli_desk import ROOT, Run, Serve

IDS = [f"{n:05}" for n in range(1, 2_501)]
DAYS = [*["2024-01-02"] * 2_499, "never"]


def packed(path: Path) -> None:
    rows = "".join(f"{each},{day}\n" for each, day in zip(IDS, DAYS, strict=True))
    path.write_bytes(gzip.compress(f"customerId,joinDate\n{rows}".encode()))


def array(path: Path) -> None:
    days = ({"joinDate": day} for day in DAYS)
    rows = [
        {"customerId": each, "customerAttributes": day} for each, day in zip(IDS, days, strict=True)
    ]
    path.write_text(json.dumps(rows))


def parquet(path: Path) -> None:
    pa.parquet.write_table(
        pa.table({"customerId": IDS, "joinDate": DAYS}), path, row_group_size=900
    )


def workbook(path: Path) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("People")
        sheet.write_row(0, 0, ["customerId", "joinDate"])
        for row, cells in enumerate(zip(IDS, DAYS, strict=True), 1):
            sheet.write_string(row, 0, cells[0])
            sheet.write_string(row, 1, cells[1])


FORMS: dict[str, Callable[[Path], None]] = {
    "rows.csv.gz": packed, "rows.json": array, "rows.parquet": parquet, "rows.xlsx": workbook,
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_a_run_of_any_form_is_stopped_and_gone_on_with_and_its_rejects_feed_back_in(
    run: Run, serve: Serve, tmp_path: Path, name: str
) -> None:
    sandbox, path = serve(), tmp_path / name
    FORMS[name](path)
    sandbox.faults.answer(401, "{}", on="submit", times=1, after=1, commit=False)
    assert run("import", "customers", path, "--concurrency=1").exit_code == 3
    rejects = tmp_path / ("rejects.jsonl" if name == "rows.json" else "rejects.csv")
    result = run("resume", f"{path}.gbjournal", "--rejects", rejects, "--json")
    found = json.loads(result.stdout)
    assert (found["rows"], found["succeeded"], found["rejected"]) == (2_500, 2_499, 1)
    applied = [entry.item["customerId"] for entry in sandbox.ledger.entries("customers")]
    assert sorted(applied) == IDS[:-1]
    rejects.write_text(rejects.read_text().replace("never", "2024-01-02"))
    assert run("import", "customers", rejects, "--no-journal").exit_code == 0
    path.write_bytes(path.read_bytes() + b" ")
    changed = run("resume", f"{path}.gbjournal", "--rejects", rejects)
    assert changed.exit_code == 2, changed.output
    assert "has changed since" in changed.stderr


def test_faults_are_told_with_the_row_and_the_sheet(run: Run, tmp_path: Path) -> None:
    workbook(tmp_path / "rows.xlsx")
    result = run("validate", "customers", tmp_path / "rows.xlsx", "--sheet", "People")
    assert (
        "rows.xlsx, sheet 'People', row 2501: customerAttributes.joinDate: is not" in result.stdout
    )
    found = json.loads(run("validate", "customers", tmp_path / "rows.xlsx", "--json").stdout)
    assert found["faults"][0]["sheet"] == "People"
    parquet(tmp_path / "rows.parquet")
    result = run("validate", "customers", tmp_path / "rows.parquet")
    assert "rows.parquet, row 2500: customerAttributes.joinDate: is not" in result.stdout


def test_what_was_found_in_a_file_is_said_aloud(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("customerId;totalSpent\nc1;7,25\n")
    result = run("validate", "customers", path)
    assert result.exit_code == 0
    assert "semicolons between the columns" in result.stderr
    assert "with decimal commas, as its numbers show" in result.stderr
    assert run("validate", "customers", path, "--decimal-point").exit_code == 1
    assert run("validate", "customers", path, "--delimiter", "ab").exit_code == 2
    path.write_bytes("customerId\tfirstName\nc1\tZoë\n".encode("cp1252"))
    options = ("--delimiter", "tab", "--encoding", "windows-1252")
    assert run("validate", "customers", path, *options).exit_code == 0


def test_a_rejects_file_whose_name_says_another_form_is_refused(run: Run, tmp_path: Path) -> None:
    parquet(tmp_path / "rows.parquet")
    path = tmp_path / "rows.parquet"
    result = run("import", "customers", path, "--sandbox", "--rejects", tmp_path / "out.parquet")
    assert result.exit_code == 2
    assert "give the file the suffix .csv" in result.stderr


def test_standard_input_is_sent_as_it_comes(serve: Serve, tmp_path: Path) -> None:
    sandbox, rejects = serve(), tmp_path / "rejects.csv"
    command = ["import", "customers", "-", "--format=csv", "--rejects", str(rejects), "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gameball_async", *command],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    rows = "".join(f"c{n},2024-01-02\n" for n in range(1_000))
    process.stdin.write(f"customerId,joinDate\nbad,never\n{rows}".encode())
    process.stdin.flush()
    while not sandbox.counts["submit"]:
        assert process.poll() is None
    process.stdin.write(b"last,2024-01-02\n")
    process.stdin.close()
    found = json.loads(process.stdout.read())
    process.stdout.close()
    assert process.wait(timeout=30) == 1
    assert (found["rows"], found["succeeded"], found["rejected"]) == (1_002, 1_001, 1)
    with rejects.open() as file:
        assert [row["customerId"] for row in csv.DictReader(file)] == ["bad"]


def test_standard_input_may_be_a_workbook_too(run: Run, tmp_path: Path) -> None:
    workbook(tmp_path / "rows.xlsx")
    with (tmp_path / "rows.xlsx").open("rb") as file:
        done = subprocess.run(
            [sys.executable, "-m", "gameball_async", "validate", "customers", "-", "--format=xlsx"],
            cwd=ROOT, stdin=file, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "sheet 'People', row 2501" in done.stdout
