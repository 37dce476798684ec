"""Nightly imports on the command line: only rows that differ from what was applied are sent."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gameball_async.sandbox import Sandbox
from tests.cli.cli_desk import ROOT, Run, Serve


def write(path: Path, cities: str) -> Path:
    """A file of customers, one for each letter."""
    lines = [f"c{n},{city}@example.com" for n, city in enumerate(cities)]
    path.write_text("\n".join(["customerId,email", *lines]) + "\n")
    return path


def customers_of(sandbox: Sandbox) -> list[str]:
    return [entry.item["customerId"] for entry in sandbox.ledger.entries("customers")]


def test_a_night_is_compared_with_the_journal_of_the_night_before(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    sandbox = serve()
    told = []
    for night, cities in enumerate(("aaaa", "abaa", "aaaa", "aaaa")):
        path = write(tmp_path / f"{night}.csv", cities)
        args = ("--changed-against", tmp_path / f"{night - 1}.csv.gbjournal") if night else ()
        result = run("import", "customers", path, "--json", *args)
        assert result.exit_code == 0
        values = json.loads(result.stdout)
        told.append((values["succeeded"], values["unchanged"], values["requests"] > 0))
    assert told == [(4, 0, True), (1, 3, True), (1, 3, True), (0, 4, False)]
    assert customers_of(sandbox) == ["c0", "c1", "c2", "c3", "c1", "c1"]
    report = run("report", tmp_path / "3.csv.gbjournal", "--json")
    assert (report.exit_code, json.loads(report.stdout)["unchanged"]) == (0, 4)


def test_rows_of_an_earlier_file_count_as_applied(run: Run, serve: Serve, tmp_path: Path) -> None:
    sandbox = serve()
    last, new = write(tmp_path / "last.csv", "aaa"), write(tmp_path / "new.csv", "abac")
    result = run("import", "customers", new, "--since-file", last)
    assert result.exit_code == 0
    assert "2 rows succeeded, 2 unchanged and not sent" in result.stdout
    assert "the next import can be compared with it (--changed-against)" in result.stdout
    assert "only rows that differ from its rows are sent" in result.stderr
    named = tmp_path / "lines.txt"
    named.write_text("2\n")
    settled = run("settle", f"{new}.gbjournal", "--applied", named)
    assert settled.exit_code == 2 and "is unchanged, and was not sent" in settled.stderr
    assert customers_of(sandbox) == ["c1", "c3"]


def test_every_row_is_in_the_results_and_none_that_is_unchanged_in_the_rejects(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    serve(fail_if=lambda _, item: item["email"].startswith("f"))
    last, new = write(tmp_path / "last.csv", "aaa"), write(tmp_path / "new.csv", "abaf")
    rejects, results = tmp_path / "rejects.csv", tmp_path / "results.csv"
    result = run("import", "customers", new, "--since-file", last, "--rejects", rejects,
                 "--results", results)  # fmt: skip
    assert result.exit_code == 1
    assert [line.split(",")[0] for line in rejects.read_text().splitlines()[1:]] == ["c3"]
    found = sorted(line.split(",")[:3] for line in results.read_text().splitlines()[1:])
    assert found == [["2", "c0", "unchanged"], ["3", "c1", "succeeded"], ["4", "c2", "unchanged"],
                     ["5", "c3", "failed"]]  # fmt: skip


@pytest.mark.parametrize("by", ["file", "journal"])
def test_an_interrupted_night_is_resumed_with_the_same_comparison(
    run: Run, serve: Serve, tmp_path: Path, by: str
) -> None:
    sandbox = serve()
    last, new = write(tmp_path / "last.csv", "a" * 30), write(tmp_path / "new.csv", "ab" * 15)
    assert run("import", "customers", last).exit_code == 0
    against = ("--since-file", last) if by == "file" else ("--changed-against", f"{last}.gbjournal")
    sandbox.faults.delay(5, on="poll", times=None)
    cut = run("import", "customers", new, *against, "--deadline", "1")
    assert cut.exit_code == 3
    sandbox.faults.clear()
    result = run("resume", f"{new}.gbjournal", "--json")
    assert result.exit_code == 0
    values = json.loads(result.stdout)
    assert (values["rows"], values["succeeded"], values["unchanged"]) == (30, 15, 15)
    assert len(customers_of(sandbox)) == 45


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (
            ("--since-file", "a", "--changed-against", "b"),
            "--since-file cannot be used with --changed-against",
        ),
        (("--since-file", "a", "--dry-run"), "cannot be used with --dry-run"),
        (("--since-file", "gone.csv"), "gone.csv"),
        (("--changed-against", "gone.gbjournal"), "gone.gbjournal"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    run: Run, serve: Serve, tmp_path: Path, args: tuple[str, ...], words: str
) -> None:
    serve()
    path = write(tmp_path / "new.csv", "a")
    result = run("import", "customers", path, *args)
    assert (result.exit_code, words in result.stderr) == (2, True), result.stderr
    assert not Path(f"{path}.gbjournal").exists()


def test_adjustments_are_never_left_out(run: Run, serve: Serve, tmp_path: Path) -> None:
    serve()
    path = tmp_path / "points.csv"
    path.write_text("customerId,amount\nc1,5\n")
    result = run("import", "balance-adjustments", path, "--since-file", tmp_path / "x.csv")
    assert result.exit_code == 2
    assert "two equal rows of balance-adjustments both count" in result.stderr


def test_the_nightly_lines_of_the_page_send_only_what_changed(serve: Serve, tmp_path: Path) -> None:
    sandbox = serve()
    page = (ROOT / "docs" / "cron.md").read_text()
    (lines,) = (part.split("```")[0] for part in page.split("```sh\n") if part.startswith("last="))
    command = f"{sys.executable} -m gameball_async"
    for folder in ("journals", "export", "logs", "rejects", "reports"):
        (tmp_path / folder).mkdir()
    for day, cities in (("2026-01-01", "aaa"), ("2026-01-02", "aba"), ("2026-01-03", "aba")):
        write(tmp_path / "export" / f"customers-{day}.csv", cities)
        start = f"day={day}\njournal=journals/customers-$day.gbjournal\n"
        script = start + lines.replace("gameball-async", command)
        subprocess.run(["sh", "-euc", script], cwd=tmp_path, check=True, timeout=60)  # noqa: S607
    assert customers_of(sandbox) == ["c0", "c1", "c2", "c1"]
    assert json.loads((tmp_path / "reports" / "2026-01-03.json").read_text())["unchanged"] == 3
