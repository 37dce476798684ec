"""Rows in doubt: what an account says of them, and the commands that end the doubt, tried as they are printed."""

from __future__ import annotations

import csv
import json
import os
import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gameball_async.journal import records
from gameball_async.sandbox import Constant, Sandbox
from tests.cli.cli_desk import Run, Serve

ROWS = 6


class Doubtful:
    """An import of adjustments whose first answer is lost: two chunks, one in doubt."""

    def __init__(self, run: Run, serve: Serve, folder: Path, suffix: str, lost: str) -> None:
        self.sandbox: Sandbox = serve(service_time=Constant(0, queue=0))
        self.run = run
        self.path = folder / f"points.{suffix}"
        rows: list[dict[str, Any]] = [{"customerId": f"c{n}", "amount": 1} for n in range(ROWS)]
        if suffix == "csv":
            lines = ["customerId,amount", *(f"{row['customerId']},1" for row in rows)]
        else:
            lines = list(map(json.dumps, rows))
        self.path.write_text("\n".join(lines) + "\n")
        self.first = 2 if suffix == "csv" else 1
        self.journal = f"{self.path}.gbjournal"
        self.rejects = folder / f"rejects.{suffix}"
        getattr(self.sandbox.faults, lost)(on="submit", times=1)
        self.result = run("import", "balance-adjustments", self.path, "--rejects", self.rejects)
        assert self.result.exit_code == 1, self.result.output

    def applied(self) -> Counter[str | None]:
        """How many times each customer was adjusted."""
        entries = self.sandbox.ledger.entries("balance-adjustments")
        return Counter(entry.customer for entry in entries)

    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("report", self.journal, "--json").stdout)
        return found

    def told(self, word: str) -> list[str]:
        """A command as the account of the import has printed it."""
        lines = (line.strip() for line in self.result.stdout.splitlines())
        (found,) = (line for line in lines if line.startswith("gameball-async") and word in line)
        return shlex.split(found)[1:]

    def lines(self, *rows: int) -> Path:
        """A file of line numbers, for rows that are counted from 0."""
        path = self.path.with_name("LINES.txt")
        path.write_text("".join(f"{self.first + row}\n" for row in rows))
        return path


@pytest.fixture(params=["csv", "jsonl"])
def suffix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def arrived(run: Run, serve: Serve, tmp_path: Path, suffix: str) -> Iterator[Doubtful]:
    """In doubt, and applied."""
    yield Doubtful(run, serve, tmp_path, suffix, "reset_after_commit")


@pytest.fixture
def lost(run: Run, serve: Serve, tmp_path: Path, suffix: str) -> Iterator[Doubtful]:
    """In doubt, and not applied."""
    yield Doubtful(run, serve, tmp_path, suffix, "reset_before_commit")


def test_an_account_with_doubt_says_which_rows_to_keep_the_journal_and_what_to_do(
    arrived: Doubtful,
) -> None:
    told = " ".join(arrived.result.stdout.split())
    last = arrived.first + ROWS - 1
    assert f"6 rows in doubt, lines {arrived.first}-{last}" in told
    assert "Keep the journal" in told
    assert "dashboard" in told
    assert "balance-inquiries" in told
    assert "deleted" not in told
    report = " ".join(arrived.run("report", arrived.journal).stdout.split())
    assert "Keep the journal" in report
    assert "settle" in report


def test_json_has_the_same(run: Run, serve: Serve, tmp_path: Path) -> None:
    sandbox = serve(service_time=Constant(0, queue=0))
    path = tmp_path / "points.csv"
    path.write_text("customerId,amount\na,1\nb,2\n")
    sandbox.faults.reset_after_commit(on="submit", times=1)
    found = json.loads(run("import", "balance-adjustments", path, "--json").stdout)
    assert found["in_doubt"]["rows"] == 2
    assert found["in_doubt"]["lines"] == [[2, 3]]
    assert len(found["in_doubt"]["commands"]) == 3


def test_rows_that_were_applied_are_settled_as_the_account_says_and_never_sent_again(
    arrived: Doubtful,
) -> None:
    result = arrived.run(*arrived.told("--applied"))
    assert result.exit_code == 0, result.output
    assert "6 rows applied" in result.stdout
    found = arrived.report()
    assert (found["succeeded"], found["indeterminate"]) == (ROWS, 0)
    assert arrived.run("report", arrived.journal).exit_code == 0
    assert arrived.run("resume", arrived.journal).exit_code == 0
    for only in ("failed", "indeterminate"):
        assert arrived.run("retry", arrived.journal, "--only", only, "--i-checked").exit_code == 2
    assert set(arrived.applied().values()) == {1}
    assert len(arrived.applied()) == ROWS


def test_rows_that_were_not_applied_are_settled_and_sent_exactly_once_as_the_account_says(
    lost: Doubtful,
) -> None:
    assert not lost.applied()
    result = lost.run(*lost.told("--not-applied"))
    assert result.exit_code == 0, result.output
    found = lost.report()
    assert (found["failed"], found["indeterminate"]) == (ROWS, 0)
    assert list(found["failures_by_reason"]) == ["failed: settled by hand: not applied"]
    (line,) = [line for line in result.stdout.splitlines() if "send those again: " in line]
    again = shlex.split(line.partition(": gameball-async ")[2])
    assert lost.run("report", lost.journal).exit_code == 1
    assert lost.run(*again).exit_code == 0
    assert lost.run(*again).exit_code == 2
    assert lost.run("retry", lost.journal, "--only=failed").exit_code == 2
    ended = lost.run("report", lost.journal)
    assert ended.exit_code == 0
    assert "including later retries, 6 of 6 rows succeeded" in ended.stdout
    assert set(lost.applied().values()) == {1}
    assert len(lost.applied()) == ROWS


def test_rows_in_doubt_are_sent_again_at_once_as_the_account_says_and_only_once(
    lost: Doubtful,
) -> None:
    again = lost.told("--only indeterminate")
    assert "--i-checked" in again
    assert lost.run(*again).exit_code == 0
    second = lost.run(*again)
    assert second.exit_code == 2
    assert "was sent again by a retry" in second.stderr
    assert lost.run("retry", lost.journal, "--only=indeterminate", "--i-checked").exit_code == 2
    settled = lost.run(*lost.told("--not-applied"))
    assert settled.exit_code == 2
    assert "was sent again by a retry" in settled.stderr
    assert set(lost.applied().values()) == {1}


def test_a_chunk_is_settled_in_part_and_the_rest_stays_in_doubt(arrived: Doubtful) -> None:
    yes = arrived.lines(0, 2)
    yes = yes.rename(yes.with_name("yes.txt"))
    no = arrived.lines(5)
    result = arrived.run("settle", arrived.journal, "--applied", yes, "--not-applied", no)
    assert result.exit_code == 0, result.output
    assert "3 rows in doubt" in result.stdout
    found = arrived.report()
    assert (found["succeeded"], found["failed"], found["indeterminate"]) == (2, 1, 3)
    first = arrived.first
    assert found["ambiguous"][0]["lines"] == [[first + 1, first + 1], [first + 3, first + 4]]
    resumed = json.loads(arrived.run("resume", arrived.journal, "--json").stdout)
    assert (resumed["succeeded"], resumed["failed"], resumed["indeterminate"]) == (2, 1, 3)


def test_only_the_rows_of_a_file_are_retried(lost: Doubtful) -> None:
    words = ["retry", lost.journal, "--only=indeterminate", "--rows", str(lost.lines(1, 4))]
    assert lost.run(*words).exit_code == 2  # without --i-checked
    assert lost.run(*words, "--i-checked").exit_code == 0
    assert lost.applied() == {"c1": 1, "c4": 1}
    report = lost.report()
    assert [(each["rows"], each["succeeded"]) for each in report["retries"]] == [(2, 2)]
    assert [doubt["rows"] for doubt in report["ambiguous"]] == [4]
    rest = lost.run("retry", lost.journal, "--only=indeterminate", "--i-checked")
    assert rest.exit_code == 0
    assert set(lost.applied().values()) == {1}
    assert len(lost.applied()) == ROWS
    told = " ".join(lost.run("report", lost.journal).stdout.split())
    assert "sent again later: 2 rows, of which 2 succeeded" in told
    assert "sent again later: 4 rows, of which 4 succeeded" in told
    os.unlink(f"{lost.journal}.retry-1")
    told = " ".join(lost.run("report", lost.journal).stdout.split())
    assert "their outcomes are not known" in told
    words = ["retry", lost.journal, "--only=indeterminate", "--i-checked"]
    assert lost.run(*words).exit_code == 2
    assert set(lost.applied().values()) == {1}


def test_the_doubt_of_a_retry_is_settled_in_its_own_journal(lost: Doubtful) -> None:
    lost.sandbox.faults.reset_after_commit(on="submit", times=1)
    result = lost.run("retry", lost.journal, "--only=indeterminate", "--i-checked")
    assert result.exit_code == 1
    journal = f"{lost.journal}.retry-1"
    assert f"settle {journal}" in result.stdout
    everything = lost.lines(*range(ROWS))
    assert lost.run("settle", journal, "--applied", everything).exit_code == 0
    assert lost.report()["retries"][0]["succeeded"] == ROWS
    assert set(lost.applied().values()) == {1}


def test_rows_that_were_sent_again_are_in_no_later_rejects_file_of_the_first_run(
    lost: Doubtful,
) -> None:
    assert lost.run(*lost.told("--not-applied")).exit_code == 0
    assert lost.run("retry", lost.journal, "--only=failed").exit_code == 0
    lost.run("resume", lost.journal, "--rejects", lost.rejects)
    lost.run("import", "balance-adjustments", lost.rejects)
    assert set(lost.applied().values()) == {1}


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("2\n99\n", 2, "row 99 is not in the journal"),
        ("2\n\n3\nc3\n", 4, "has no line number here"),
        ("2\n3\n2\n", 3, "a second time"),
        ("customer\nc1\n", 1, "has no column `line`"),
        ("customer,line\nc1,2\nc2\n", 3, "has no line number here"),
        ('{"line": 2}\n{"row": 9.5}\n', 2, "has no line number here"),
        ("-1\n", 1, "has no column `line`"),
        ("", None, "is empty|names no row|has no column"),
    ],
)
def test_a_file_that_names_others_is_refused_with_its_line_and_changes_nothing(
    run: Run, serve: Serve, tmp_path: Path, content: str, line: int | None, words: str
) -> None:
    arrived = Doubtful(run, serve, tmp_path, "csv", "reset_after_commit")
    file = tmp_path / "named"
    file.write_text(content)
    before = arrived.report()
    for option in ("--applied", "--not-applied"):
        refused = run("settle", arrived.journal, option, file)
        assert refused.exit_code == 2
        assert any(word in refused.stderr for word in words.split("|"))
        assert line is None or f"{file}, line {line}: " in refused.stderr
    assert arrived.report() == before


def test_rows_that_are_settled_or_named_twice_are_refused(arrived: Doubtful) -> None:
    both = arrived.lines(0)
    other = both.with_name("other.txt")
    other.write_text(both.read_text())
    refused = arrived.run("settle", arrived.journal, "--applied", both, "--not-applied", other)
    assert refused.exit_code == 2
    assert "is also named in" in refused.stderr
    assert arrived.report()["indeterminate"] == ROWS
    assert arrived.run("settle", arrived.journal, "--applied", both).exit_code == 0
    for option in ("--applied", "--not-applied"):
        refused = arrived.run("settle", arrived.journal, option, both)
        assert refused.exit_code == 2
        assert f"row {arrived.first} has succeeded" in refused.stderr
    assert arrived.run("settle", arrived.journal).exit_code == 2


def test_the_rejects_file_may_be_edited_as_a_spreadsheet_would(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    arrived = Doubtful(run, serve, tmp_path, "csv", "reset_after_commit")
    with arrived.rejects.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    with arrived.rejects.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([header, rows[4], rows[1]])
    assert run("settle", arrived.journal, "--applied", arrived.rejects).exit_code == 0
    assert arrived.report()["succeeded"] == 2


def test_a_retry_that_was_cut_off_before_it_was_noted_has_sent_nothing_and_is_begun_again(
    lost: Doubtful, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*_: Any) -> bytes:
        raise OSError("no space left")

    words = ["retry", lost.journal, "--only=indeterminate", "--i-checked"]
    with monkeypatch.context() as patched:
        patched.setattr(records, "retried", cut_off)
        assert lost.run(*words).exit_code != 0
    assert not lost.applied()
    refused = lost.run("resume", f"{lost.journal}.retry-1")
    assert refused.exit_code == 2
    assert "start it again" in refused.stderr
    assert lost.run(*words).exit_code == 0
    assert set(lost.applied().values()) == {1}
    assert lost.run("resume", f"{lost.journal}.retry-1").exit_code == 2
    assert lost.run("resume", f"{lost.journal}.retry-2").exit_code == 0
    assert set(lost.applied().values()) == {1}


def test_results_tell_what_was_settled_by_hand(lost: Doubtful) -> None:
    lost.run("settle", lost.journal, "--applied", lost.lines(0))
    lost.run("settle", lost.journal, "--not-applied", lost.lines(1))
    lost.run("retry", lost.journal, "--only=failed")
    lost.run("retry", lost.journal, "--only=indeterminate", "--i-checked", "--rows", lost.lines(2))
    os.unlink(f"{lost.journal}.retry-1")
    results = lost.path.with_name("results.jsonl")
    lost.run("report", lost.journal, "--results", results)
    outcomes = [json.loads(line)["outcome"] for line in results.read_text().splitlines()]
    assert Counter(outcomes) == {"succeeded": 2, "failed": 1, "indeterminate": 3}
