"""The journal of an import, and the commands that go on from it: resume, report, retry."""

from __future__ import annotations

import csv
import json
import os
import shlex
import shutil
import sqlite3
import stat
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from gameball_async.sandbox import Constant, Reason, Sandbox
from tests.cli.cli_desk import Run, Serve

Customers = Callable[..., Path]


def counts(found: dict[str, Any]) -> dict[str, int]:
    """What a resumed run must tell as the first did."""
    names = ("rows", "succeeded", "failed", "rejected", "indeterminate", "unsent", "jobs")
    return {name: found[name] for name in names}


def stop_halfway(run: Run, sandbox: Sandbox, path: Path) -> None:
    """An import whose second chunk meets a wrong key, so that it stops early."""
    sandbox.faults.answer(401, "{}", on="submit", times=1, after=1, commit=False)
    result = run("import", "customers", path, "--concurrency=1")
    assert result.exit_code == 3, result.output


# -- the journal of an import


def test_an_import_is_remembered_beside_its_file_for_its_owner_alone(
    run: Run, serve: Serve, customers: Customers
) -> None:
    serve()
    path = customers(3)
    result = run("import", "customers", path, "--json")
    assert result.exit_code == 0
    journal = Path(f"{path}.gbjournal")
    assert json.loads(result.stdout)["journal"] == str(journal)
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600
    assert run("report", journal).exit_code == 0


def test_an_account_says_where_the_journal_is_and_that_it_may_go(
    run: Run, serve: Serve, customers: Customers
) -> None:
    serve()
    path = customers(3)
    result = run("import", "customers", path)
    assert f"{path}.gbjournal is not needed to resume: keep it for `report` and" in result.stdout


@pytest.mark.parametrize(("options", "kept"), [(["--no-journal"], 0), (["--journal=other"], 1)])
def test_the_journal_can_be_named_or_left_out(
    run: Run,
    serve: Serve,
    customers: Customers,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    options: list[str],
    kept: int,
) -> None:
    serve()
    monkeypatch.chdir(tmp_path)
    result = run("import", "customers", customers(3), *options, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["journal"] == ("other" if kept else None)
    assert len(list(tmp_path.iterdir())) == 1 + kept


def test_a_sandbox_of_ones_own_is_not_remembered_unless_asked_for(
    run: Run, customers: Customers, tmp_path: Path
) -> None:
    assert run("import", "customers", customers(3), "--sandbox").exit_code == 0
    assert len(list(tmp_path.iterdir())) == 1
    journal = tmp_path / "j"
    assert (
        run("import", "customers", customers(3), "--sandbox", "--journal", journal).exit_code == 0
    )
    assert run("report", journal).exit_code == 0


def test_a_journal_that_is_there_is_not_touched_and_the_command_to_go_on_is_told(
    run: Run, serve: Serve, customers: Customers
) -> None:
    sandbox = serve()
    path = customers(3)
    rejects = str(Path(path).parent / "r r.csv")
    run("import", "customers", path)
    sent = sandbox.counts["submit"]
    base = f"--base-url={sandbox.url}"
    result = run("import", "customers", path, f"--rejects={rejects}", "--quota=20/1", base)
    assert result.exit_code == 2
    command = result.stderr.split("`")[1]
    assert shlex.split(command) == [
        "gameball-async", "resume", f"{path}.gbjournal", "--rejects", rejects,
        "--base-url", sandbox.url, "--quota", "20/1",
    ]  # fmt: skip
    assert run(*shlex.split(command)[1:]).exit_code == 0
    assert sandbox.counts["submit"] == sent


def test_journal_and_no_journal_exclude_each_other(run: Run, customers: Customers) -> None:
    result = run("import", "customers", customers(1), "--journal=x", "--no-journal")
    assert result.exit_code == 2


# -- standard input


def test_rows_can_come_from_standard_input_without_a_journal(run: Run, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    text = "customerId,joinDate\na,2024-01-02\nb,never\n"
    result = run(
        "import", "customers", "-", "--format=csv", "--sandbox", "--rejects", rejects, input=text
    )
    assert result.exit_code == 1
    assert "customers from standard input: 1 row of 2 did not succeed" in result.stdout
    assert "b,never,rejected," in rejects.read_text(encoding="utf-8")
    assert run("import", "customers", "-", "--sandbox", input=text).exit_code == 2
    refused = run("import", "customers", "-", "--format=csv", "--journal=j", input=text)
    assert "write the rows to a file first" in refused.stderr
    assert run("import", "customers", "-", "--format=csv", "--sandbox", input="").exit_code == 2


# -- resume


def test_a_run_that_was_stopped_goes_on_where_it_was_and_ends_as_if_it_had_not(
    run: Run, serve: Serve, customers: Customers, tmp_path: Path
) -> None:
    sandbox = serve()
    path = customers(3_000, "x,y,never")
    stop_halfway(run, sandbox, path)
    rejects = tmp_path / "rejects.csv"
    journal = f"{path}.gbjournal"
    result = run("resume", journal, "--rejects", rejects, "--json")
    assert result.exit_code == 1, result.output
    found = json.loads(result.stdout)
    assert (found["rows"], found["succeeded"], found["rejected"]) == (3_001, 3_000, 1)
    assert found["journal"] == journal
    assert sandbox.counts["submit"] == 4  # one of them was refused
    with rejects.open(encoding="utf-8", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 1


def test_resuming_a_finished_run_sends_nothing_and_tells_the_same_account(
    run: Run, serve: Serve, customers: Customers
) -> None:
    sandbox = serve(fail_rate=0.2)
    path = customers(300, "x,y,never")
    first = run("import", "customers", path, "--json")
    sent = len(sandbox.requests)
    again = run("resume", f"{path}.gbjournal", "--json")
    assert again.exit_code == first.exit_code == 1
    assert counts(json.loads(again.stdout)) == counts(json.loads(first.stdout))
    reasons = json.loads(first.stdout)["failures_by_reason"]
    assert json.loads(again.stdout)["failures_by_reason"] == reasons
    assert len(sandbox.requests) == sent
    assert "nothing is sent" in again.stderr


def test_a_resumed_run_refuses_what_is_not_its_own(
    run: Run, serve: Serve, customers: Customers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = serve()
    path = customers(2_500)
    stop_halfway(run, first, path)
    journal = f"{path}.gbjournal"
    sent = len(first.requests)

    def refused(words: str, *options: str) -> None:
        result = run("resume", journal, *options)
        assert result.exit_code == 2, result.output
        assert words in result.stderr

    refused("sandbox", "--sandbox")
    refused("version", "--api-version=v4.1")
    refused("base URL", "--base-url=http://127.0.0.1:9")
    with monkeypatch.context() as other:
        other.setenv("GAMEBALL_API_KEY", "gb_test_canary")
        refused("account")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"00007", b"70000"))
    refused("has changed since")
    path.unlink()
    refused("no longer exists")
    path.write_bytes(content)
    assert len(first.requests) == sent
    assert run("resume", journal).exit_code == 0
    for name, found in (("none", None), ("torn", b""), ("text", b"no journal at all")):
        other_file = tmp_path / name
        if found is not None:
            other_file.write_bytes(found)
        result = run("resume", other_file)
        assert result.exit_code == 2
        assert "Traceback" not in result.output
        assert found is None or "Keep it" in result.stderr


Adjustments = Callable[[int], Path]


@pytest.fixture
def adjustments(tmp_path: Path) -> Adjustments:
    """Makes a file of so many balance adjustments."""

    def write(rows: int) -> Path:
        path = tmp_path / "points.csv"
        lines = ["customerId,amount", *(f"c{n:05},1" for n in range(rows))]
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    return write


def applied(sandbox: Sandbox) -> Counter[str | None]:
    """How often each customer's balance was adjusted."""
    return Counter(entry.customer for entry in sandbox.ledger.entries("balance-adjustments"))


def stop_adjustments_halfway(run: Run, sandbox: Sandbox, path: Path) -> Path:
    """An import that stops early at a wrong key; gives its journal."""
    sandbox.faults.answer(401, "{}", on="submit", times=1, after=2, commit=False)
    assert run("import", "balance-adjustments", path, "--concurrency=1").exit_code == 3
    return Path(f"{path}.gbjournal")


def test_a_copied_journal_of_adjustments_is_refused_and_says_what_to_do(
    run: Run, serve: Serve, adjustments: Adjustments, tmp_path: Path
) -> None:
    sandbox = serve()
    journal = stop_adjustments_halfway(run, sandbox, adjustments(5_000))
    copy, backup = (Path(shutil.copy(journal, tmp_path / name)) for name in ("copy", "backup"))
    assert run("resume", journal).exit_code == 0
    sent = sandbox.counts["submit"]
    shutil.copy(backup, journal)  # put back into the same file
    for other in (copy, backup, journal):
        refused = run("resume", other)
        assert refused.exit_code == 2
        assert "older copy" in refused.stderr
        assert "--only-copy" in refused.stderr
    assert sandbox.counts["submit"] == sent
    assert set(applied(sandbox).values()) == {1}


def test_the_only_copy_of_a_journal_is_gone_on_with_where_somebody_says_so(
    run: Run, serve: Serve, adjustments: Adjustments, tmp_path: Path
) -> None:
    sandbox = serve()
    journal = stop_adjustments_halfway(run, sandbox, adjustments(5_000))
    copy = Path(shutil.copy(journal, tmp_path / "copy"))
    journal.unlink()
    assert run("resume", copy).exit_code == 2
    assert run("resume", copy, "--only-copy").exit_code == 0
    assert len(applied(sandbox)) == 5_000
    assert set(applied(sandbox).values()) == {1}


def test_a_moved_journal_is_gone_on_with(
    run: Run, serve: Serve, adjustments: Adjustments, tmp_path: Path
) -> None:
    sandbox = serve()
    journal = stop_adjustments_halfway(run, sandbox, adjustments(5_000))
    (tmp_path / "folder").mkdir()
    assert run("resume", journal.rename(tmp_path / "folder" / "moved")).exit_code == 0
    assert len(applied(sandbox)) == 5_000
    assert set(applied(sandbox).values()) == {1}


def test_a_new_key_of_the_same_account_goes_on_with_a_run_where_somebody_says_so(
    run: Run, serve: Serve, customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = serve()
    path = customers(2_500)
    stop_halfway(run, sandbox, path)
    monkeypatch.setenv("GAMEBALL_API_KEY", "gb_test_new")
    refused = run("resume", f"{path}.gbjournal")
    assert refused.exit_code == 2
    assert "--account-changed" in refused.stderr
    service = sandbox._service
    service.options = evolve(service.options, api_key="gb_test_new")
    assert run("resume", f"{path}.gbjournal", "--account-changed").exit_code == 0


def test_a_finished_run_can_be_resumed_without_its_input(
    run: Run, serve: Serve, customers: Customers
) -> None:
    serve()
    path = customers(3)
    run("import", "customers", path)
    path.unlink()
    assert run("resume", f"{path}.gbjournal").exit_code == 0
    refused = run("resume", f"{path}.gbjournal", "--rejects", f"{path}.rejects")
    assert refused.exit_code == 2
    assert "no longer exists" in refused.stderr


# -- report


def test_the_report_of_a_finished_run_is_the_account_of_the_run(
    run: Run, serve: Serve, customers: Customers
) -> None:
    serve(fail_rate=0.2)
    path = customers(300, "x,y,never")
    first = json.loads(run("import", "customers", path, "--json").stdout)
    result = run("report", f"{path}.gbjournal", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert first.pop("warnings")[0]["lines"] == [302]  # of the file, which no journal knows
    assert {name: found[name] for name in first} == first
    assert found["complete"] is True
    assert (found["open_jobs"], found["ambiguous"]) == ([], [])
    assert "did not succeed" in run("report", f"{path}.gbjournal").stdout


def test_the_report_names_chunks_in_doubt_with_their_lines(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    sandbox = serve()
    path = tmp_path / "points.csv"
    rows = [f"c{n},{n}" for n in range(1, 2_501)]
    path.write_text("\n".join(["customerId,amount", *rows]) + "\n", encoding="utf-8")
    sandbox.faults.reset_after_commit(on="submit", times=1, after=1)
    result = run("import", "balance-adjustments", path, "--concurrency=1", "--json")
    assert json.loads(result.stdout)["indeterminate"] == 1_000
    journal = f"{path}.gbjournal"
    found = json.loads(run("report", journal, "--json").stdout)
    (doubt,) = found["ambiguous"]
    assert (doubt["chunk"], doubt["job_id"], doubt["rows"]) == (2, None, 1_000)
    assert doubt["lines"] == [[1_002, 2_001]]
    text = run("report", journal).stdout
    assert "in doubt: chunk 2, no job is known, 1,000 rows, lines 1002-2001: " in text


def test_a_report_of_what_is_no_journal_ends_with_2(run: Run, tmp_path: Path) -> None:
    result = run("report", tmp_path / "none")
    assert result.exit_code == 2
    assert "Traceback" not in result.output


# -- retry


def test_rows_with_a_passing_trouble_are_sent_again_once(
    run: Run, serve: Serve, customers: Customers, tmp_path: Path
) -> None:
    bad = {"00002": Reason(2001, "Request in progress"), "00003": Reason(7004, "Guest exists")}

    def fail(kind: str, item: Any) -> Reason | None:
        return bad.get(item["customerId"])

    sandbox = serve(fail_if=fail, codes="field")
    path = customers(5, "x,y,never")
    run("import", "customers", path)
    journal = f"{path}.gbjournal"
    bad.clear()
    rejects = tmp_path / "rejects.csv"
    result = run("retry", journal, "--only=transient", "--json", "--rejects", rejects)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["rows"], found["journal"]) == (1, f"{journal}.retry-1")
    assert run("retry", journal, "--only=transient").exit_code == 2
    bad["00003"] = Reason(7004, "Guest exists")
    result = run("retry", journal, "--only=failed", "--json", "--rejects", rejects)
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert (found["rows"], found["failed"], found["journal"]) == (1, 1, f"{journal}.retry-2")
    assert "00003" in rejects.read_text(encoding="utf-8")
    assert "00002" not in rejects.read_text(encoding="utf-8")
    sent = sandbox.counts["submit"]
    assert run("resume", f"{journal}.retry-2").exit_code == 1
    assert sandbox.counts["submit"] == sent
    bad.clear()
    assert run("retry", f"{journal}.retry-2", "--only=failed").exit_code == 0


def test_indeterminate_rows_are_sent_again_only_by_who_says_that_they_were_checked(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    sandbox = serve()
    path = tmp_path / "points.csv"
    path.write_text("customerId,amount\na,1\nb,2.50\n", encoding="utf-8")
    sandbox.faults.reset_before_commit(on="submit", times=1)
    assert run("import", "balance-adjustments", path).exit_code == 1
    journal = f"{path}.gbjournal"
    refused = run("retry", journal, "--only=indeterminate")
    assert refused.exit_code == 2
    assert "--i-checked" in refused.stderr
    assert run("retry", journal, "--only=failed").exit_code == 2
    assert run("retry", journal, "--only=indeterminate", "--i-checked").exit_code == 0


def test_only_a_finished_run_is_retried(run: Run, serve: Serve, customers: Customers) -> None:
    sandbox = serve()
    path = customers(2_500)
    stop_halfway(run, sandbox, path)
    result = run("retry", f"{path}.gbjournal", "--only=failed")
    assert result.exit_code == 2
    assert "resume it first" in result.stderr
    assert run("retry", f"{path}.gbjournal", "--only=failed", "--sandbox").exit_code == 2


# -- rejects that feed back in


def test_the_mended_rejects_file_is_imported_and_sends_only_its_rows(
    run: Run, serve: Serve, customers: Customers, tmp_path: Path
) -> None:
    items: list[Any] = []
    serve(fail_if=lambda kind, item: items.append(item["customerId"]), service_time=Constant(0.05))
    rejects = tmp_path / "rejects.csv"
    path = customers(50, "x1,=a@example.com,never", "x2,b@example.com,2024-13-01")
    assert run("import", "customers", path, "--rejects", rejects).exit_code == 1
    mended = rejects.read_text(encoding="utf-8").replace("never", "2024-02-01")
    rejects.write_text(mended.replace("2024-13-01", "2024-12-01"), encoding="utf-8")
    items.clear()
    result = run("import", "customers", rejects, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["rows"] == 2
    assert items == ["x1", "x2"]


# -- rejects, and rows in doubt


def in_doubt(run: Run, sandbox: Sandbox, path: Path, rejects: Path) -> None:
    """An import of adjustments whose answer is lost: applied, and nobody knows."""
    sandbox.faults.reset_after_commit(on="submit", times=1)
    result = run("import", "balance-adjustments", path, "--rejects", rejects)
    assert result.exit_code in (1, 3), result.output


@pytest.mark.parametrize("name", ["points.csv", "points.jsonl"])
def test_doubtful_adjustments_of_a_rejects_file_are_refused_also_from_the_next_one(
    run: Run, serve: Serve, tmp_path: Path, name: str
) -> None:
    sandbox = serve(service_time=Constant(0, queue=0))
    path, suffix = tmp_path / name, Path(name).suffix
    rows = [{"customerId": f"c{n}", "amount": 1} for n in range(5)]
    if suffix == ".csv":
        path.write_text("customerId,amount\n" + "\n".join(f"c{n},1" for n in range(5)))
    else:
        path.write_text("\n".join(map(json.dumps, rows)))
    names = [path, *(tmp_path / f"rejects-{n}{suffix}" for n in range(3))]
    in_doubt(run, sandbox, path, names[1])
    assert set(applied(sandbox).values()) == {1}
    for rejects, again in pairwise(names[1:]):
        refused = run("import", "balance-adjustments", rejects, "--rejects", again, "--json")
        assert refused.exit_code == 1
        found = json.loads(refused.stdout)
        assert (found["rows"], found["rejected"], found["jobs"]) == (5, 5, 0)
        (reason,) = found["failures_by_reason"]
        assert "retry JOURNAL --only indeterminate --i-checked" in reason
        assert "resume JOURNAL" in reason
    assert set(applied(sandbox).values()) == {1}


def test_doubtful_rows_that_may_be_repeated_are_imported_from_a_rejects_file(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    serve()
    rejects = tmp_path / "rejects.csv"
    rejects.write_text("customerId,outcome,code,reason,line\nc1,indeterminate,,lost,2\n")
    assert run("import", "customers", rejects).exit_code == 0


# -- files that are given twice


def spelled(path: Path, how: str) -> str:
    """Another way to name a file."""
    other = path.with_name("other-name")
    if how == "symbolic link":
        other.symlink_to(path)
    elif how == "hard link":
        other.hardlink_to(path)
    elif how == "dots":
        return os.path.join(path.parent, "folder", "..", path.name)
    else:
        return os.path.relpath(path)
    return str(other)


WAYS = ["symbolic link", "hard link", "dots", "relative"]


@pytest.mark.parametrize("how", WAYS)
def test_an_import_refuses_one_file_for_two_things_before_it_opens_any(
    run: Run, serve: Serve, customers: Customers, tmp_path: Path, how: str
) -> None:
    sandbox = serve()
    path = customers(3)
    content = path.read_bytes()
    (tmp_path / "folder").mkdir()
    for option in ("--journal", "--rejects"):
        refused = run("import", "customers", path, option, spelled(path, how))
        assert refused.exit_code == 2
        assert f"the input and the {option[2:]} are the same file" in refused.stderr
        assert f"name another file with {option}" in refused.stderr
        assert "elete" not in refused.stderr
        (tmp_path / "other-name").unlink(missing_ok=True)
    unborn = tmp_path / "unborn"
    spelling = os.path.join(tmp_path, "folder", "..", "unborn")
    refused = run("import", "customers", path, "--journal", unborn, "--rejects", spelling)
    assert refused.exit_code == 2
    assert "the journal and the rejects are the same file" in refused.stderr
    assert not unborn.exists()
    assert path.read_bytes() == content
    assert not sandbox.requests


@pytest.mark.parametrize("how", WAYS)
def test_a_resumption_and_a_retry_refuse_their_own_files_as_rejects(
    run: Run, serve: Serve, customers: Customers, tmp_path: Path, how: str
) -> None:
    sandbox = serve()
    (tmp_path / "folder").mkdir()
    path = customers(2_500)
    stop_halfway(run, sandbox, path)
    journal = Path(f"{path}.gbjournal")
    contents = path.read_bytes(), journal.read_bytes()
    sent = len(sandbox.requests)
    commands: list[list[str | Path]] = [["resume", journal], ["retry", journal, "--only=failed"]]
    for command in commands:
        for file, words in ((journal, "the journal and the rejects"), (path, "the input and the")):
            refused = run(*command, "--rejects", spelled(file, how))
            assert refused.exit_code == 2
            over = command[0] == "resume" or file is journal
            assert words in refused.stderr or not over  # else: the run is not over
            (tmp_path / "other-name").unlink(missing_ok=True)
    assert (path.read_bytes(), journal.read_bytes()) == contents
    assert len(sandbox.requests) == sent


def test_no_journal_and_no_database_is_written_over_by_rejects(
    run: Run, serve: Serve, customers: Customers, tmp_path: Path
) -> None:
    serve()
    path = customers(3, "x,y,never")
    run("import", "customers", path)
    database = tmp_path / "database"
    with closing(sqlite3.connect(database)) as made:
        made.execute("CREATE TABLE mine (x)")
    other = customers(3, "x,y,never", name="other.csv")
    for target in (Path(f"{path}.gbjournal"), database):
        before = target.read_bytes()
        refused = run("import", "customers", other, "--rejects", target)
        assert refused.exit_code == 2
        assert "is a journal or a database" in refused.stderr
        assert target.read_bytes() == before


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_rows_of_an_earlier_rejects_file_are_not_written_over_but_by_the_run_that_goes_on(
    run: Run, serve: Serve, tmp_path: Path, form: str
) -> None:
    serve(fail_if=lambda kind, item: Reason(7004, "x") if item["customerId"] == "b" else None)
    text = {"csv": "customerId\na\nb\n", "jsonl": '{"customerId": "a"}\n{"customerId": "b"}\n'}
    paths = [tmp_path / f"{name}.{form}" for name in ("first", "second", "third")]
    for path in paths:
        path.write_text(text[form], encoding="utf-8")
    rejects = tmp_path / f"rejects.{form}"
    assert run("import", "customers", paths[0], "--rejects", rejects).exit_code == 1
    before = rejects.read_bytes()
    journal = f"{paths[0]}.gbjournal"
    for command in (["import", "customers", paths[1]], ["retry", journal, "--only=failed"]):
        refused = run(*command, "--rejects", rejects)
        assert refused.exit_code == 2
        assert (
            f"{rejects} already exists, and the rows in it would be lost: name another"
            in refused.stderr
        )
        assert rejects.read_bytes() == before
    assert run("resume", journal, "--rejects", rejects).exit_code == 1
    assert rejects.read_bytes() == before
    other = tmp_path / "notes"
    other.write_text("mine\n", encoding="utf-8")
    refused = run("resume", journal, "--rejects", other)
    assert refused.exit_code == 2
    assert "is not a rejects file" in refused.stderr
    assert other.read_text(encoding="utf-8") == "mine\n"


def test_a_rejects_file_without_rows_is_written_over(
    run: Run, serve: Serve, customers: Customers, tmp_path: Path
) -> None:
    serve()
    rejects = tmp_path / "rejects.csv"
    good, bad = customers(2, name="good.csv"), customers(2, "x,y,never", name="bad.csv")
    assert run("import", "customers", good, "--rejects", rejects).exit_code == 0
    assert run("import", "customers", bad, "--rejects", rejects).exit_code == 1
    assert "never" in rejects.read_text(encoding="utf-8")


# -- limits of time


def test_a_run_that_is_not_over_in_time_ends_with_3_and_goes_on_by_resume(
    run: Run, serve: Serve, customers: Customers
) -> None:
    serve(service_time=Constant(2.0))
    path = customers(3)
    result = run("import", "customers", path, "--deadline", "0.7", "--stalled-for", "60")
    assert result.exit_code == 3, result.output
    assert (
        "the run did not finish within 0.7 s (--deadline, deadline); jobs still open:"
        in result.stderr
    )
    command = f"gameball-async resume {path}.gbjournal"
    assert command in result.stderr and "--stalled-for 60" in result.stderr
    result = run("resume", f"{path}.gbjournal", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["succeeded"] == 3


def test_adjustments_in_doubt_with_nothing_left_to_send_end_with_1_and_no_advice_to_go_on(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    sandbox = serve()
    sandbox.faults.error_after(on="submit", times=100)
    path = tmp_path / "adjustments.csv"
    path.write_text("customerId,amount\n" + "".join(f"c{n},1\n" for n in range(2500)))
    result = run("import", "balance-adjustments", path)
    assert result.exit_code == 1, result.output
    assert "resume with `" not in result.output
    assert "2,500" in result.stdout and "indeterminate" in result.stdout


def test_what_is_said_of_a_file_that_breaks_off_works_when_it_is_done(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    sandbox = serve()
    path, rest = tmp_path / "customers.csv", tmp_path / "rest.csv"
    head, good = b"customerId,displayName\n", b"".join(b"c%d,x\n" % n for n in range(3000))
    bad, fixed = "c3000,Müller\n".encode("latin-1"), "c3000,Müller\n".encode()
    path.write_bytes(head + good + bad + b"c3001,x\n")
    result = run("import", "customers", path)
    assert result.exit_code == 2
    assert "line 3002" in result.stderr
    assert "fix the rest in a separate file and import that" in result.stderr
    assert "resume" not in result.stdout  # not without the condition, which is on standard error
    # The file is not changed: what was sent is not sent again.
    result = run("resume", f"{path}.gbjournal")
    assert result.exit_code == 2 and "line 3002" in result.stderr
    path.write_bytes(head + good + fixed + b"c3001,x\n")
    result = run("resume", f"{path}.gbjournal")
    assert result.exit_code == 2 and "has changed" in result.stderr
    rest.write_bytes(head + fixed + b"c3001,x\n")
    assert run("import", "customers", rest).exit_code == 0
    sent = Counter(entry.customer for entry in sandbox.ledger.entries("customers"))
    assert sent == {f"c{n}": 1 for n in range(3002)}
