"""`balances set` on the command line: asks first, shows the differences, says how to go on."""

from __future__ import annotations

import json
import os
import pty
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gameball_async.sandbox import Constant, Sandbox
from tests.balances.balance_desk import Shop
from tests.cli.cli_desk import ROOT, Run, Serve, start_process


@pytest.fixture
def sandbox(serve: Serve) -> Sandbox:
    return serve(service_time=Constant(0, queue=0))


def targets(folder: Path, *lines: str) -> Path:
    path = folder / "targets.csv"
    path.write_text("\n".join(["customerId,balance", *lines]) + "\n")
    return path


def adjusted(sandbox: Sandbox) -> int:
    return sandbox.ledger.applied["balance-adjustments"]


def test_it_shows_the_differences_sends_them_and_says_what_became_of_each(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.move("c1", 10)
    sandbox.move("c2", 1_500)
    path = targets(tmp_path, "c1,10", "c2,250", "c3,40.5", "c4,x")
    result = run("balances", "set", path, "--yes")
    assert result.exit_code == 1, result.output  # c4
    told = " ".join(result.stdout.split())
    assert "1 already have their balance" in told
    assert "1 gain points: +40.5 in total, +40.5 at most" in told
    assert "1 lose points: -1,250 in total" in told
    assert "row 5: balance: is not a plain number" in told
    assert "2 were set to their balance" in told
    assert "targets.csv.gbbalances/report.csv" in told
    assert dict(sandbox.balances) == {"c1": 10, "c2": 250, "c3": 40.5}
    report = (tmp_path / "targets.csv.gbbalances" / "report.csv").read_text()
    assert "5,c4,,,,,,,,rejected" in report
    reasons = {entry.item["reason"] for entry in sandbox.ledger.entries("balance-adjustments")}
    assert len(reasons) == 1
    assert reasons.pop().startswith("balances set ")


def test_json_is_one_object(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    path = targets(tmp_path, "c1,10", "c2,0")
    result = run("balances", "set", path, "--yes", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["set"], found["exact"], found["adjustments"]) == (1, 1, 1)
    assert found["points_added"] == 10
    assert found["plan"]["up"] == 1
    assert found["complete"] is True
    again = json.loads(run("balances", "set", path, "--yes", "--json").stdout)
    assert again == found
    assert adjusted(sandbox) == 1


def test_without_a_terminal_it_wants_yes_and_asks_gameball_nothing(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    result = run("balances", "set", targets(tmp_path, "c1,10"))
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert not sandbox.counts
    result = run("balances", "set", "-", "--yes", "--format", "csv", input="customerId,balance\n")
    assert result.exit_code == 2
    assert "write the rows to a file first" in result.stderr


def test_a_dry_run_asks_for_the_balances_and_leaves_nothing(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    path = targets(tmp_path, "c1,10", "c2,700")
    result = run("balances", "set", path, "--dry-run", "--max-change", "500", "--json")
    assert result.exit_code == 0, result.output
    plan = json.loads(result.stdout)["plan"]
    assert (plan["up"], plan["held_back"]) == (1, 1)
    assert adjusted(sandbox) == 0
    assert list(tmp_path.iterdir()) == [path]


def test_a_plan_that_is_kept_is_carried_out_later_without_asking_again(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    path = targets(tmp_path, "c1,10", "c2,20")
    words = ["balances", "set", str(path), "--state", str(tmp_path / "state")]
    assert run(*words, "--dry-run").exit_code == 0
    report = (tmp_path / "state" / "report.csv").read_text()
    assert "2,c1,10,0,10,,,,0,planned," in report
    assert run(*words, "--yes").exit_code == 0
    assert sandbox.ledger.applied["balance-inquiries"] == 4  # two before, two after
    assert adjusted(sandbox) == 2


def test_rows_of_a_query_are_targets_too(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    base = sqlite3.connect(tmp_path / "shop.db")
    base.execute("CREATE TABLE old (customer TEXT, points INTEGER)")
    base.execute("INSERT INTO old VALUES ('c1', 7), ('c2', 9)")
    base.commit()
    base.close()
    query = tmp_path / "targets.sql"
    query.write_text(
        'SELECT customer AS "customerId", points AS balance FROM old ORDER BY customer'
    )
    words = ["--sql", str(query), "--database", f"sqlite:///{tmp_path / 'shop.db'}"]
    assert run("balances", "set", *words, "--yes").exit_code == 0
    assert dict(sandbox.balances) == {"c1": 7, "c2": 9}


def test_the_sandbox_of_its_own_needs_no_yes_and_keeps_nothing(run: Run, tmp_path: Path) -> None:
    path = targets(tmp_path, "c1,10")
    result = run("balances", "set", path, "--sandbox", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["state"] is None
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_says_the_command_to_go_on_with_and_it_does(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    path = targets(tmp_path, "c1,10", "c2,20")
    sandbox.faults.answer(status=401, body="{}", commit=False, on="balance-adjustments")
    result = run("balances", "set", path, "--yes")
    assert result.exit_code == 3, result.output
    (line,) = (line for line in result.stderr.splitlines() if "run the same command again" in line)
    words = shlex.split(line.partition("`")[2].rpartition("`")[0])
    assert words[0] == "gameball-async"
    assert run(*words[1:]).exit_code == 0
    assert dict(sandbox.balances) == {"c1": 10, "c2": 20}
    assert adjusted(sandbox) == 2


def test_a_changed_file_is_refused_with_what_to_do(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    assert run("balances", "set", targets(tmp_path, "c1,10"), "--yes").exit_code == 0
    path = targets(tmp_path, "c1,11")
    result = run("balances", "set", path, "--yes", "--json")
    assert result.exit_code == 2
    assert "input has changed" in result.stderr
    assert "input has changed" in json.loads(result.stdout)["error"]
    assert "--state" in result.stderr
    assert run("balances", "set", path, "--yes", "--state", tmp_path / "new").exit_code == 0
    assert dict(sandbox.balances) == {"c1": 11}


def test_lost_answers_cost_nothing(run: Run, serve: Serve, tmp_path: Path) -> None:
    sandbox = serve(service_time=Constant(0, queue=0))
    shop = Shop.of(1_500)
    shop.fill(sandbox)
    sandbox.faults.reset_after_commit(on="balance-adjustments", times=1)
    sandbox.faults.reset_before_commit(on="balance-adjustments", times=1)
    path = shop.write(tmp_path / "targets.csv")
    result = run("balances", "set", path, "--yes", "--rest", "0.1")
    assert result.exit_code == 0, result.output
    assert not shop.off(sandbox.balances)
    assert adjusted(sandbox) == shop.differences


def doubtful(run: Run, sandbox: Sandbox, folder: Path, lost: str) -> str:
    """An import of adjustments with a snapshot, whose answer is lost; gives its journal."""
    path = folder / "points.csv"
    path.write_text("customerId,amount\n" + "".join(f"c{n},{n + 1}\n" for n in range(20)))
    getattr(sandbox.faults, lost)(on="balance-adjustments", times=1)
    result = run("import", "balance-adjustments", path, "--snapshot")
    assert result.exit_code == 1, result.output
    assert f"gameball-async balances settle {path}.gbjournal" in result.stdout
    return f"{path}.gbjournal"


@pytest.mark.parametrize("lost", ["reset_after_commit", "reset_before_commit"])
def test_rows_in_doubt_of_an_import_with_a_snapshot_are_settled_and_sent(
    run: Run, sandbox: Sandbox, tmp_path: Path, lost: str
) -> None:
    sandbox.move("c1", 77)
    journal = doubtful(run, sandbox, tmp_path, lost)
    words = ["balances", "settle", journal, "--rest", "0.01"]
    result = run(*words)
    told = " ".join(result.stdout.split())
    if lost == "reset_after_commit":
        assert result.exit_code == 0, result.output
        assert "20 rows applied, 0 rows not applied; 0 rows still in doubt" in told
    else:
        assert result.exit_code == 1, result.output
        assert "0 rows applied, 20 rows not applied" in told
        (line,) = (line for line in result.stdout.splitlines() if line.startswith("to send"))
        again = shlex.split(line.partition(": gameball-async ")[2])
        sent = run(*again, "--rest", "0.01", "--json")
        assert sent.exit_code == 0, sent.output
        assert json.loads(sent.stdout)["sent_again"] == 20
    assert f"{journal}.settled-1.csv" in told
    assert adjusted(sandbox) == 20
    assert sandbox.balances["c1"] == 79
    last = run(*words)
    assert last.exit_code == 0
    assert "no rows in doubt" in last.stdout


def test_results_of_an_import_of_inquiries_will_do_as_balances_before(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    names = tmp_path / "names.csv"
    names.write_text("customerId\n" + "".join(f"c{n}\n" for n in range(20)))
    before = tmp_path / "before.csv"
    assert run("import", "balance-inquiries", names, "--results", before).exit_code == 0
    journal = doubtful(run, sandbox, tmp_path, "reset_after_commit")
    Path(f"{journal}.before.csv").unlink()
    refused = run("balances", "settle", journal)
    assert refused.exit_code == 2
    assert "--before" in refused.stderr
    result = run("balances", "settle", journal, "--before", before, "--rest", "0.01", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["applied"] == 20


def test_a_snapshot_is_for_adjustments_with_a_journal_only(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    path = targets(tmp_path, "c1,10")
    cases: tuple[list[str | Path], ...] = (
        ["customers", path],
        ["balance-adjustments", path, "--no-journal"],
    )
    for words in cases:
        result = run("import", *words, "--snapshot")
        assert result.exit_code == 2
        assert "--snapshot works only for balance-adjustments" in result.stderr
    assert not sandbox.counts


@pytest.mark.parametrize(("answer", "sent"), [("y\n", 1), ("n\n", 0), ("\x04", 0)])
def test_on_a_terminal_it_asks_before_anything_is_sent(
    run: Run, sandbox: Sandbox, tmp_path: Path, answer: str, sent: int
) -> None:
    path = targets(tmp_path, "c1,10")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "gameball_async", "balances", "set", str(path)],
        cwd=ROOT,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(theirs)
    os.write(ours, answer.encode())
    out, err = process.communicate(timeout=60)
    os.close(ours)
    assert "1  gain points" in out
    assert "Send 1 adjustment?" in err
    assert adjusted(sandbox) == sent
    assert process.returncode == (0 if sent else 130 if answer == "\x04" else 1)
    assert f"what each row needs: {path}.gbbalances/report.csv" in out
    if not sent:
        assert "nothing was sent" in err
        assert run("balances", "set", path, "--yes").exit_code == 0
        assert adjusted(sandbox) == 1


def test_ctrl_c_leaves_a_run_that_the_same_command_ends(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    sandbox = serve(service_time=Constant(1.5, queue=0))
    path = targets(tmp_path, *(f"c{n},10" for n in range(30)))
    process = start_process(["balances", "set", path, "--yes", "--rest", "0.1"])
    while not sandbox.counts["submit"]:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "run the same command again to continue" in err
    assert run("balances", "set", path, "--yes", "--rest", "0.1").exit_code == 0
    assert dict(sandbox.balances) == {f"c{n}": 10 for n in range(30)}
    assert adjusted(sandbox) == 30
