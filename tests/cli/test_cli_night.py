"""Runs that nobody watches: quiet ones, logs, machine-readable ends, words that are nearly right, a shared quota."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gameball_async.sandbox import Constant
from tests.cli.cli_desk import ROOT, Run, Serve, start_process

Customers = Callable[..., Path]


def test_a_quiet_import_says_nothing_but_its_account(
    run: Run, serve: Serve, customers: Customers
) -> None:
    serve()
    path = customers(3)
    path.write_text(
        path.read_text().replace("customerId", "customerId,shoe", 1).replace("\nc", "\n1,c")
    )
    path.write_text("customerId,shoe\nc1,42\n")
    result = run("import", "customers", path, "--quiet")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert "all" in result.stdout or "only row" in result.stdout


def test_a_quiet_import_still_says_its_errors(run: Run, customers: Customers) -> None:
    result = run("import", "customers", customers(3), "--quiet")
    assert result.exit_code == 2
    assert "GAMEBALL_API_KEY" in result.stderr


def test_the_log_file_has_each_request_and_no_key(
    run: Run, serve: Serve, customers: Customers, tmp_path: Path
) -> None:
    sandbox = serve()
    log = tmp_path / "import.log"
    assert run("import", "customers", customers(3), "--log-file", log).exit_code == 0
    text = log.read_text()
    assert "POST /api/v4.0/integrations/batch/customers: 200" in text
    assert sandbox.api_key not in text and sandbox.secret_key not in text and "c00001" not in text


def test_verbose_logs_to_standard_error(run: Run, serve: Serve, customers: Customers) -> None:
    serve()
    path = customers(3)
    done = subprocess.run(
        [sys.executable, "-m", "gameball_async", "import", "customers", path, "--verbose"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0
    assert "gameball_async.requests: POST" in done.stderr


def test_quiet_and_verbose_exclude_each_other(run: Run, customers: Customers) -> None:
    result = run("import", "customers", customers(1), "-q", "-v")
    assert result.exit_code == 2 and "cannot be used with" in result.stderr


def test_json_is_printed_also_where_nothing_could_be_sent(run: Run, tmp_path: Path) -> None:
    result = run("import", "customers", tmp_path / "gone.csv", "--json")
    assert result.exit_code == 2
    assert "cannot be opened" in json.loads(result.stdout)["error"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("customer", "customers"),
        ("balance_adjustments", "balance-adjustments"),
        ("order", "orders"),
    ],
)
def test_a_kind_that_is_nearly_right_is_named(run: Run, word: str, meant: str) -> None:
    result = run("validate", word, "x.csv")
    assert result.exit_code == 2 and f"Did you mean {meant!r}?" in result.stderr


def test_a_command_that_is_nearly_right_is_named(run: Run) -> None:
    result = run("imprt")
    assert result.exit_code == 2 and "Did you mean 'import'?" in result.stderr


def test_the_help_imports_neither_client_nor_sandbox() -> None:
    code = (
        "import sys\nfrom gameball_async.cli.main import cli\n"
        "try:\n    cli(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'aiohttp', 'rich', 'gameball_async.client', 'gameball_async.sandbox'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert "Send the rows of a file, and report the outcome of each." in done.stdout


def test_the_report_of_a_running_import_can_be_read(
    run: Run, serve: Serve, customers: Customers
) -> None:
    serve(service_time=Constant(60))
    path = customers(5)
    process = start_process(["import", "customers", path])
    journal = Path(f"{path}.gbjournal")
    try:
        assert process.stderr is not None
        process.stderr.readline()
        while not journal.exists():
            pass
        result = run("report", journal)
        while result.exit_code not in (0, 1, 3):
            result = run("report", journal)
    finally:
        process.kill()
        process.communicate()
    assert "rows read" in result.stdout


def test_a_shared_quota_that_cannot_be_read_or_reached_is_an_error(
    run: Run, serve: Serve, customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve()
    path = customers(3)
    result = run("import", "customers", path, "--no-journal", "--shared-quota", "nonsense")
    assert result.exit_code == 2 and "the URL of Redis cannot be read" in result.stderr
    monkeypatch.setenv("GAMEBALL_SHARED_QUOTA", "redis://:secret@127.0.0.1:1/0")
    result = run("import", "customers", path)
    assert result.exit_code == 3 and "cannot be reached" in result.stderr
    assert "secret" not in result.output
