"""The check of a whole file, in validate and before an import: what is warned of, and what that stops."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import anyio
import anyio.from_thread
import pytest

from gameball_async.api.kinds import KINDS
from gameball_async.audit.check import Seen, WholeCheck
from gameball_async.cli.checking import FirstCheck
from gameball_async.cli.reading import Settings
from gameball_async.rows.dialect import Reading
from tests.cli.cli_desk import Run, Serve

CASHBACK = [
    "customerId,transactionId,transactionTime,amount",
    "a,t1,2024-01-01T00:00:00Z,5",
    "a,t2,2024-01-01T00:00:00.000Z,7.5",
    "b,t1,2024-01-01T00:00:00Z,1",
    "b,t3,2931-01-01T00:00:00Z,-3",
    "c,t4,1970-01-01T00:00:00Z,3",
]


@pytest.fixture
def cashback(tmp_path: Path) -> Path:
    path = tmp_path / "cashback.csv"
    path.write_text("\n".join(CASHBACK) + "\n")
    return path


@pytest.fixture
def twice(tmp_path: Path) -> Path:
    """Customers of whom one comes twice."""
    path = tmp_path / "twice.csv"
    path.write_text("customerId,email\na,a@example.com\nb,b@example.com\na,c@example.com\n")
    return path


def names(result: str) -> list[str]:
    return [each["finding"] for each in json.loads(result)["warnings"]]


def test_validate_warns_with_lines_and_strict_makes_warnings_faults(run: Run, twice: Path) -> None:
    result = run("validate", "customers", twice)
    assert result.exit_code == 0
    assert (
        f"{twice}: warning: 1 row has the customerId of an earlier row: a later row overwrites the "
        "earlier one (line 4 (as 2))"
    ) in result.stdout
    assert "no fault found, 1 warning. Nothing was sent." in result.stdout
    assert run("validate", "customers", twice, "--strict").exit_code == 1
    assert "a@example.com" not in result.output


def test_validate_tells_ids_that_come_again_as_faults_with_both_lines(
    run: Run, cashback: Path
) -> None:
    result = run("validate", "cashback", cashback)
    assert result.exit_code == 1
    first, *warnings, amounts, last = result.stdout.splitlines()
    assert first.startswith(
        f"{cashback}:4: transactionId: row 4 has the same id as row 2, and Gameball"
    )
    assert [each.partition(": warning: ")[2].partition(":")[0] for each in warnings] == [
        "1 row has the customer and the transactionTime of an earlier row",
        "1 row has transactionTime in the future, which Gameball refuses (error 9007)",
        "1 row has transactionTime before 2000",
        "1 row has a zero or negative amount, which is probably a mistake",
    ]
    assert "line 3 (as 2)" in warnings[0]
    assert warnings[1].endswith(": check the dates (line 5)")
    assert warnings[3].endswith(": check these rows (line 5)")
    assert amounts == "amount: 5 rows, 13.5 in all, from -3 (line 5) to 7.5 (line 3)"
    assert "4 valid, 1 with 1 fault, 4 warnings" in last


def test_the_json_of_validate_has_the_warnings_and_what_amounts_come_to(
    run: Run, cashback: Path
) -> None:
    result = run("validate", "cashback", cashback, "--json")
    found = json.loads(result.stdout)
    assert [each["line"] for each in found["faults"]] == [4]
    assert (found["rows"], found["sound"], found["faulty"]) == (5, 4, 1)
    assert names(result.stdout) == ["equal-times", "future-date", "early-date", "odd-amount"]
    assert found["warnings"][0] == {
        "finding": "equal-times",
        "field": "transactionTime",
        "rows": 1,
        "lines": [3],
        "earlier": [2],
        "message": found["warnings"][0]["message"],
    }
    assert found["amounts"] == [
        {
            "field": "amount", "rows": 5, "total": 13.5, "least": -3, "least_line": 5,
            "greatest": 7.5, "greatest_line": 3,
        }
    ]  # fmt: skip


def test_an_import_warns_before_it_sends_and_goes_on(run: Run, serve: Serve, twice: Path) -> None:
    serve()
    result = run("import", "customers", twice)
    assert result.exit_code == 0
    warning, *rest = result.stderr.splitlines()
    assert warning.startswith(f"gameball-async: {twice}: warning: 1 row has the customerId of an")
    assert rest[0].startswith("importing customers")
    assert "warning" not in run("import", "customers", twice, "--no-journal", "-q").stderr


def test_what_an_import_warns_of_agrees_with_what_becomes_of_the_rows(
    run: Run, serve: Serve, cashback: Path
) -> None:
    serve(unique_times=True, codes="field")
    cashback.write_text(cashback.read_text().replace(".000Z", "Z"))
    result = run("import", "cashback", cashback, "--json")
    found = json.loads(result.stdout)
    assert result.stderr == ""
    assert names(result.stdout)[:2] == ["repeated-id", "equal-times"]
    assert (found["rejected"], found["failed"]) == (1, 1)
    assert any("row 4 has the same id as row 2" in reason for reason in found["failures_by_reason"])


def test_a_strict_import_sends_nothing_and_says_so(run: Run, serve: Serve, twice: Path) -> None:
    sandbox = serve()
    result = run("import", "customers", twice, "--strict")
    assert result.exit_code == 2
    assert "nothing was sent, because of --strict: the check of the whole file gave 1 warning" in (
        result.stderr
    )
    assert not Path(f"{twice}.gbjournal").exists()
    result = run("import", "customers", twice, "--strict", "--json")
    assert result.exit_code == 2
    assert names(result.stdout) == ["repeated-id"]
    assert json.loads(result.stdout)["rows"] == 0
    assert sandbox.counts["submit"] == 0
    twice.write_text("customerId,email\na,a@example.com\n")
    assert run("import", "customers", twice, "--strict").exit_code == 0


def test_a_strict_import_sends_nothing_where_a_row_would_be_rejected(
    run: Run, serve: Serve, customers: Callable[..., Path]
) -> None:
    sandbox = serve()
    path = customers(3, ",x@example.com,2024-01-01")
    result = run("import", "customers", path, "--strict")
    assert result.exit_code == 2
    assert (
        "1 row has faults and will be rejected: `gameball-async validate` lists them (line 5)"
        in (result.stderr)
    )
    assert sandbox.counts["submit"] == 0


def test_a_check_that_is_not_made_is_in_no_json(run: Run, serve: Serve, twice: Path) -> None:
    serve()
    result = run("import", "customers", twice, "--no-check", "--json", "--no-journal")
    assert result.exit_code == 0
    assert "warnings" not in json.loads(result.stdout)
    options = ("--format=csv", "--json")
    result = run("import", "customers", "-", *options, input=twice.read_text())
    assert "warnings" not in json.loads(result.stdout)
    result = run("validate", "customers", "-", *options, input=twice.read_text())
    assert names(result.stdout) == ["repeated-id"]


def test_options_that_contradict_each_other_are_refused(run: Run, twice: Path) -> None:
    wrong = [
        (["--no-check", "--strict"], "--no-check cannot be used with --strict"),
        (["--no-check", "--dry-run"], "--no-check cannot be used with --dry-run"),
    ]
    for options, said in wrong:
        result = run("import", "customers", twice, *options, "--sandbox")
        assert result.exit_code == 2
        assert said in result.stderr
    options = ["--strict", "--format=csv", "--sandbox"]
    result = run("import", "customers", "-", *options, input="customerId\na\n")
    assert result.exit_code == 2
    assert "standard input or a query can be read only once" in result.stderr


def test_a_dry_run_checks_the_whole_file_too(run: Run, twice: Path) -> None:
    result = run("import", "customers", twice, "--dry-run")
    assert result.exit_code == 0
    assert "would send: " in result.stdout
    assert "at least 1 job" in result.stdout
    assert "line 4 (as 2)" in result.stdout
    assert run("import", "customers", twice, "--dry-run", "--strict").exit_code == 1


def test_a_missing_key_is_told_before_the_file_is_read_through(run: Run, twice: Path) -> None:
    result = run("import", "customers", twice)
    assert result.exit_code == 2
    assert "GAMEBALL_API_KEY" in result.stderr
    assert "warning" not in result.stderr


def test_a_resumed_run_is_not_checked_again(run: Run, serve: Serve, tmp_path: Path) -> None:
    sandbox = serve()
    path = tmp_path / "many.csv"
    ids = [*range(2_500), 7]
    path.write_text("customerId\n" + "".join(f"c{n}\n" for n in ids))
    sandbox.faults.answer(401, "{}", on="submit", times=1, after=1, commit=False)
    stopped = run("import", "customers", path, "--concurrency=1")
    assert stopped.exit_code == 3
    assert "line 2,502 (as 9)" in stopped.stderr
    result = run("resume", f"{path}.gbjournal")
    assert result.exit_code == 0
    assert "warning" not in result.output


def as_gz(path: Path, lines: list[str]) -> None:
    path.write_bytes(gzip.compress("\n".join(lines).encode()))


def as_parquet(path: Path, lines: list[str]) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    head, *rows = (line.split(",") for line in lines)
    pq.write_table(pa.table(dict(zip(head, map(list, zip(*rows, strict=True)), strict=True))), path)


def as_workbook(path: Path, lines: list[str]) -> None:
    book = pytest.importorskip("xlsxwriter").Workbook(path)
    sheet = book.add_worksheet()
    for number, line in enumerate(lines):
        sheet.write_row(number, 0, line.split(","))
    book.close()


def as_json(path: Path, lines: list[str]) -> None:
    head, *rows = (line.split(",") for line in lines)
    items = [dict(zip(head, row, strict=True)) for row in rows]
    if path.suffix == ".json":
        path.write_text(json.dumps(items))
    else:
        path.write_text("".join(json.dumps(item) + "\n" for item in items))


@pytest.mark.parametrize(
    ("name", "write", "lines"),
    [
        ("rows.csv.gz", as_gz, (4, 2)),
        ("rows.jsonl", as_json, (3, 1)),
        ("rows.json", as_json, (3, 1)),
        ("rows.parquet", as_parquet, (3, 1)),
        ("rows.xlsx", as_workbook, (4, 2)),
    ],
)
def test_files_of_every_form_are_checked_as_a_whole(
    run: Run,
    serve: Serve,
    tmp_path: Path,
    name: str,
    write: Callable[[Path, list[str]], None],
    lines: tuple[int, int],
) -> None:
    serve()
    path = tmp_path / name
    write(path, ["customerId,city", "a,Lyon", "b,Bonn", "a,Kyiv"])
    for command in ("validate", "import"):
        result = run(command, "customers", path, "--json")
        (warning,) = json.loads(result.stdout)["warnings"]
        assert (warning["lines"], warning["earlier"]) == ([lines[0]], [lines[1]])
    word = "line" if name.endswith(("gz", "jsonl")) else "row"
    said = run("validate", "customers", path).stdout
    assert f"{word} {lines[0]} (as {lines[1]}))" in said


def test_the_rows_of_a_query_are_checked_by_validate(run: Run, tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "shop.db")
    database.executescript(
        "CREATE TABLE people (id); INSERT INTO people VALUES ('a'), ('b'), ('a');"
    )
    database.close()
    query = tmp_path / "people.sql"
    query.write_text('SELECT id AS "customerId" FROM people ORDER BY rowid')
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    result = run("validate", "customers", "--sql", query, "--database", url, "--json")
    assert names(result.stdout) == ["repeated-id"]
    refused = run("import", "customers", "--sql", query, "--database", url, "--sandbox", "--strict")
    assert refused.exit_code == 2
    assert "read only once" in refused.stderr


def test_a_file_that_ends_too_soon_is_named_first_and_imported_as_far_as_it_goes(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    sandbox = serve()
    path = tmp_path / "rows.csv"
    path.write_text('customerId,name\na,x\nb,"never closed\n')
    result = run("import", "customers", path)
    assert result.exit_code == 2
    assert result.stderr.index("warning: cannot be read to its end") < result.stderr.index(
        "importing"
    )
    assert [entry.item["customerId"] for entry in sandbox.ledger.entries("customers")] == ["a"]


def test_a_terminal_is_shown_how_far_the_check_is(
    run: Run, twice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gameball_async.audit.check.BATCH", 1)
    monkeypatch.setattr("gameball_async.cli.live.LINES", 0.0)
    result = run("import", "customers", twice, "--sandbox")
    assert f"checking {twice}: 100%, 0.0 s to go (--no-check skips this)" in result.stderr


def test_a_check_that_is_cancelled_ends_at_its_next_step_and_removes_its_file(twice: Path) -> None:
    steps = list[WholeCheck]()

    async def main() -> None:
        check = FirstCheck(
            str(twice), KINDS["customers"], Settings(Reading()), strict=False, as_json=True
        )
        with anyio.CancelScope() as scope:

            def step(whole: WholeCheck) -> bool:
                steps.append(whole)
                anyio.from_thread.run_sync(scope.cancel)
                return True

            with patch.object(WholeCheck, "step", step):
                await check._look()
        assert scope.cancelled_caught
        assert check.findings is None

    anyio.run(main)
    (whole,) = steps
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        whole._seen.add([(1, 2, 3)])


def test_a_search_on_the_disk_is_broken_off_by_a_cancellation(twice: Path) -> None:
    async def main() -> None:
        check = FirstCheck(
            str(twice), KINDS["customers"], Settings(Reading()), strict=False, as_json=True
        )
        with anyio.CancelScope() as scope:

            def searching() -> int:
                anyio.from_thread.run_sync(scope.cancel)
                return 1

            def repeated(seen: Seen, by: str) -> int:
                seen._file.create_function("searching", 0, searching)
                seen._file.execute(  # which has no end
                    "WITH RECURSIVE n(x) AS (SELECT searching() UNION ALL SELECT x FROM n) "
                    "SELECT max(x) FROM n"
                )
                return 0

            with patch.object(Seen, "repeated", repeated):
                await check._look()
        assert scope.cancelled_caught
        assert check.findings is None

    anyio.run(main)
