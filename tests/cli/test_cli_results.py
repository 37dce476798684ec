"""``--results FILE``: every row once, with its outcome and what Gameball answered, live and from a journal."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gameball_async.sandbox import Reason, Sandbox
from tests.cli.cli_desk import Run, Serve


def inquiries(folder: Path, rows: int) -> Path:
    path = folder / "ask.csv"
    path.write_text("customerId\n" + "".join(f"c{n}\n" for n in range(2, rows + 2)), "utf-8")
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return sorted(csv.DictReader(file), key=lambda row: int(row["line"]))


def lines_of(path: Path) -> list[dict[str, Any]]:
    lines = path.read_text("utf-8").splitlines()
    return sorted(map(json.loads, lines), key=lambda row: int(row["line"]))


def stop_after_one_chunk(run: Run, sandbox: Sandbox, path: Path, *more: str | Path) -> None:
    sandbox.faults.answer(401, "{}", on="submit", times=1, after=1, commit=False)
    result = run("import", "balance-inquiries", path, "--concurrency=1", *more)
    assert result.exit_code == 3, result.output


def test_an_import_writes_each_rows_balance_as_csv(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    path = inquiries(tmp_path, 3)
    path.write_text(path.read_text("utf-8") + '""\n=c6\n', "utf-8")
    result = run("import", "balance-inquiries", path, "--sandbox", "--results", out)
    assert result.exit_code == 1, result.output
    assert f"5 rows with Gameball's answers are in {out}" in result.stdout
    found = rows_of(out)
    assert [row["outcome"] for row in found] == ["succeeded"] * 3 + ["rejected", "succeeded"]
    assert [row["key"] for row in found] == ["c2", "c3", "c4", "", "'=c6"]
    assert [row["availablePointsBalance"] for row in found] == ["0", "0", "0", "", "0"]
    assert {row["result"] for row in found} == {""}
    assert out.stat().st_mode & 0o777 == 0o600


def test_an_import_writes_each_rows_answer_as_jsonl(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    path = tmp_path / "orders.jsonl"
    path.write_text('"o1"\n', "utf-8")
    result = run("import", "order-transactions", path, "--sandbox", "--results", out)
    assert result.exit_code == 1
    (row,) = lines_of(out)
    assert row["reason"]
    del row["reason"]
    expected = {"line": 1, "key": "o1", "outcome": "failed", "code": None, "result": None}
    assert row == expected


def test_what_is_not_documented_for_a_kind_is_in_one_column(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    path = tmp_path / "orders.jsonl"
    path.write_text('"o1"\n', "utf-8")
    result = run("import", "order-transactions", path, "--sandbox", "--results", out)
    assert result.exit_code == 1
    with out.open(encoding="utf-8") as file:
        assert next(csv.reader(file))[5:] == ["count", "transactions", "result"]


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_a_resumed_run_writes_every_row_once_and_report_writes_the_same(
    run: Run, serve: Serve, tmp_path: Path, suffix: str
) -> None:
    sandbox = serve()
    path = inquiries(tmp_path, 2_500)
    first, second, third = (tmp_path / f"{n}.{suffix}" for n in range(3))
    stop_after_one_chunk(run, sandbox, path, "--results", first)
    journal = f"{path}.gbjournal"
    read: Callable[[Path], list[dict[str, Any]]] = rows_of if suffix == "csv" else lines_of
    # How far it had read ahead when it was stopped is up to chance: each of those rows is there once.
    lines = [int(row["line"]) for row in read(first)]
    assert sorted(lines) == list(range(2, 2 + len(lines)))
    assert len([row for row in read(first) if row["outcome"] == "succeeded"]) == 1_000
    result = run("resume", journal, "--results", second)
    assert result.exit_code == 0, result.output
    found = read(second)
    assert [int(row["line"]) for row in found] == list(range(2, 2_502))
    assert {row["outcome"] for row in found} == {"succeeded"}
    if suffix == "csv":
        assert {row["availablePointsBalance"] for row in found} == {"0"}
    else:
        assert {row["result"]["availablePointsBalance"] for row in found} == {0}
    assert run("report", journal, "--results", third).exit_code == 0
    assert read(third) == found
    assert run("resume", journal, "--results", first).exit_code == 0
    assert read(first) == found


def test_report_writes_rows_whose_fate_is_open(run: Run, serve: Serve, tmp_path: Path) -> None:
    sandbox = serve()
    path, out = inquiries(tmp_path, 2_500), tmp_path / "out.csv"
    stop_after_one_chunk(run, sandbox, path)
    assert run("report", f"{path}.gbjournal", "--results", out).exit_code == 3
    assert [row["line"] for row in rows_of(out)] == [str(n) for n in range(2, 1_002)]


def test_a_retry_writes_the_rows_of_the_first_run_too_and_each_once(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    bad = {"c3": Reason(2001, "Request in progress"), "c4": Reason(7000, "Customer not found")}
    serve(fail_if=lambda kind, item: bad.get(item["customerId"]), codes="field")
    path, out, again = inquiries(tmp_path, 4), tmp_path / "out.csv", tmp_path / "again.csv"
    journal = f"{path}.gbjournal"
    run("import", "balance-inquiries", path, "--results", out)
    assert [row["code"] for row in rows_of(out)] == ["", "2001", "7000", ""]
    del bad["c3"]
    assert run("retry", journal, "--only=failed", "--results", out).exit_code == 1
    found = rows_of(out)
    assert [row["outcome"] for row in found] == ["succeeded", "succeeded", "failed", "succeeded"]
    assert run("report", journal, "--results", again).exit_code == 1
    assert rows_of(again) == found
    assert run("resume", f"{journal}.retry-1", "--results", again).exit_code == 1
    assert rows_of(again) == found
    bad.clear()
    result = run("retry", f"{journal}.retry-1", "--only=failed", "--results", out)
    assert result.exit_code == 0
    assert {row["outcome"] for row in rows_of(out)} == {"succeeded"}
    assert len(rows_of(out)) == 4


@pytest.mark.parametrize("command", ["import", "resume", "retry", "report"])
def test_another_suffix_is_refused_before_anything_is_opened(
    run: Run, tmp_path: Path, command: str
) -> None:
    args = {"import": ["customers", "no-file.csv"], "retry": ["no-journal", "--only=failed"]}
    result = run(command, *args.get(command, ["no-journal"]), "--results", tmp_path / "out.txt")
    assert result.exit_code == 2
    assert "must end in .csv or .jsonl" in result.stderr
    assert not list(tmp_path.iterdir())


def test_the_results_are_no_file_that_the_run_reads_or_writes_otherwise(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    serve()
    path = inquiries(tmp_path, 2)
    before = path.read_bytes()
    refused = run("import", "balance-inquiries", path, "--results", path)
    assert refused.exit_code == 2
    assert "the input and the results are the same file" in refused.stderr
    both = tmp_path / "both.csv"
    refused = run("import", "balance-inquiries", path, "--results", both, "--rejects", both)
    assert "the rejects and the results are the same file" in refused.stderr
    journal = tmp_path / "journal.csv"
    assert run("import", "balance-inquiries", path, "--journal", journal).exit_code == 0
    other = run("import", "balance-inquiries", path, "--journal", both, "--results", journal)
    assert "is a journal or a database" in other.stderr
    for command in ("resume", "report"):
        for file in (path, journal):
            refused = run(command, journal, "--results", file)
            assert refused.exit_code == 2, refused.output
            assert "the same file" in refused.stderr
    assert path.read_bytes() == before


def test_results_that_cannot_be_written_do_not_end_a_run(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gameball_async.rows.results.ResultsFile.add", full)
    out = tmp_path / "out.csv"
    result = run(
        "import", "balance-inquiries", inquiries(tmp_path, 2), "--sandbox", "--results", out
    )
    assert result.exit_code == 0, result.output
    assert "The results could not be written to" in result.stdout
    assert [each.name for each in tmp_path.iterdir()] == ["ask.csv"]
