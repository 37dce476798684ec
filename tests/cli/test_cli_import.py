"""Importing a file: every row accounted for, exit codes, JSON, rejects, logs."""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gameball_async.cli import checking
from gameball_async.sandbox import Constant, Reason
from tests.cli.cli_desk import Run, Serve, start_process

KEYS = [
    "kind", "rows", "succeeded", "failed", "rejected", "indeterminate", "pending", "unsent", "unchanged",
    "jobs", "requests", "rate_limited", "seconds", "journal", "failures_by_reason",
    "unknown_fields", "warnings",
]  # fmt: skip
Customers = Callable[..., Path]


def test_a_sound_file_ends_with_0_and_an_account(run: Run, customers: Customers) -> None:
    result = run("import", "customers", customers(1_200), "--sandbox")
    assert result.exit_code == 0
    assert "all 1,200 rows succeeded" in result.stdout
    assert "2 jobs" in result.stdout
    lines = result.stderr.splitlines()
    assert lines[0].startswith("importing customers from ")
    assert any("the whole input has been read: 1,200 rows" in line for line in lines)
    assert "\x1b" not in result.output


def test_the_sandbox_of_ones_own_ignores_the_environment(
    run: Run, customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAMEBALL_BASE_URL", "https://nowhere.invalid")
    monkeypatch.setenv("GAMEBALL_API_KEY", "gb_live_canary")
    monkeypatch.setenv("GAMEBALL_SECRET_KEY", "")
    assert run("import", "customers", customers(2), "--sandbox").exit_code == 0


@pytest.mark.parametrize("option", ["--dialect=openapi", "--high-security", "--api-version=v4.1"])
def test_the_sandbox_of_ones_own_follows_the_options(
    run: Run, customers: Customers, option: str
) -> None:
    assert run("import", "customers", customers(2), "--sandbox", option).exit_code == 0


def test_json_is_one_object_with_these_keys_in_this_order_and_nothing_else(
    run: Run, customers: Customers
) -> None:
    path = customers(3, "00004,not an address,2024-02-31")
    result = run("import", "customers", path, "--sandbox", "--json")
    assert result.exit_code == 1
    assert result.stderr == ""
    assert result.stdout.count("\n") == 1
    found = json.loads(result.stdout)
    assert list(found) == KEYS
    assert found["journal"] is None
    assert (found["kind"], found["rows"], found["succeeded"], found["rejected"]) == (
        "customers", 4, 3, 1,
    )  # fmt: skip
    assert sum(found["failures_by_reason"].values()) == 1
    assert found["seconds"] > 0


def test_rejects_keep_the_columns_and_add_outcome_code_reason_and_line(
    run: Run, serve: Serve, customers: Customers, tmp_path: Path
) -> None:
    def fail(kind: str, item: object) -> Reason | None:
        assert isinstance(item, dict)
        return Reason(7004, "Guest already exists") if item["customerId"] == "00002" else None

    serve(fail_if=fail, codes="field")
    rejects = tmp_path / "rejects.csv"
    path = customers(3, "00009,b@example.com,yesterday")
    result = run("import", "customers", path, "--rejects", rejects)
    assert result.exit_code == 1
    assert "2 rows of 4 did not succeed" in result.stdout
    assert "Use the guest that exists, or another id." in result.stdout
    assert "2 rows with reasons are in" in result.stdout
    with rejects.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["customerId", "email", "joinDate", "outcome", "code", "reason", "line"]
    assert [(r["customerId"], r["outcome"], r["code"], r["line"]) for r in rows] == [
        ("00002", "failed", "7004", "3"),
        ("00009", "rejected", "", "5"),
    ]
    assert rows[1]["reason"].startswith("customerAttributes.joinDate: ")


def test_unknown_columns_are_named_once_and_sent_with_custom(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    items: list[object] = []
    serve(fail_if=lambda kind, item: items.append(item))
    path = tmp_path / "more.csv"
    path.write_text("customerId,shoeSize\na,43\nb,44\n", encoding="utf-8")
    result = run("import", "customers", path)
    assert result.exit_code == 0
    assert result.stderr.count("shoeSize") == 1
    assert "--unknown custom" in result.stderr
    again = run("import", "customers", path, "--custom", "--no-journal")
    assert again.stderr.count("shoeSize") == 0
    assert items[0] == {"customerId": "a"}
    assert items[2] == {"customerId": "a", "customerAttributes": {"custom": {"shoeSize": "43"}}}


def test_json_lines_are_read_by_suffix_or_by_format(run: Run, tmp_path: Path) -> None:
    text = '{"customerId": "a"}\n{"customerId": 7}\n'
    path = tmp_path / "customers.jsonl"
    path.write_text(text, encoding="utf-8")
    assert run("import", "customers", path, "--sandbox").exit_code == 1
    assert run("import", "customers", path, "--sandbox", "--ids-from-numbers").exit_code == 0
    other = tmp_path / "customers.dump"
    other.write_text(text, encoding="utf-8")
    assert run("import", "customers", other, "--sandbox").exit_code == 2
    result = run("import", "customers", other, "--sandbox", "--format=jsonl", "--ids-from-numbers")
    assert result.exit_code == 0


@pytest.mark.parametrize("way", ["unique", "together", "plain"])
def test_the_chunking_can_be_chosen(run: Run, customers: Customers, way: str) -> None:
    path = customers(5, *["00001,z@example.com,2024-01-03"] * 2)
    result = run(
        "import", "customers", path, "--sandbox", "--chunking", way, "--concurrency=2", "--json"
    )
    assert json.loads(result.stdout)["jobs"] == (3 if way == "unique" else 1)


# -- what cannot be used


def test_missing_keys_are_named_and_nothing_is_tried(
    run: Run, customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = customers(1)
    result = run("import", "customers", path)
    assert result.exit_code == 2
    assert "GAMEBALL_API_KEY and GAMEBALL_SECRET_KEY are not set" in result.stderr
    monkeypatch.setenv("GAMEBALL_API_KEY", "gb_test_canary")
    result = run("import", "customers", path)
    assert result.exit_code == 2
    assert "GAMEBALL_SECRET_KEY is not set" in result.stderr
    assert "canary" not in result.output


def test_unusable_options_end_with_2(run: Run, customers: Customers) -> None:
    path = customers(1)
    cases: list[tuple[list[str | Path], str]] = [
        (["import", "clients", path, "--sandbox"], "customers"),
        (["import", "customers", path, "--sandbox", "--quota=12"], "30/1,360/30"),
        (["import", "customers", path, "--sandbox", "--base-url=http://127.0.0.1"], "--base-url"),
        (["import", "customers", path, "--sandbox", "--concurrency=0"], "concurrency"),
        (["import", "customers", path, "--sandbox", "--chunking=none"], "chunking"),
        (["import", "customers", path, "--sandbox", f"--rejects={path}"], "input"),
    ]
    for args, words in cases:
        result = run(*args)
        assert result.exit_code == 2
        assert words in result.stderr


def test_a_base_url_is_refused_without_being_shown(
    run: Run, serve: Serve, customers: Customers
) -> None:
    serve()
    result = run("import", "customers", customers(1), "--base-url=https://u:canary@example.com")
    assert result.exit_code == 2
    assert "base URL" in result.stderr
    assert "canary" not in result.output


@pytest.mark.parametrize("text", ["", "customerId,customerId\na,b\n", "name;email\nx;y\n"])
def test_an_unusable_header_ends_with_2_before_anything_is_sent(
    run: Run, serve: Serve, tmp_path: Path, text: str
) -> None:
    sandbox = serve()
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    result = run("import", "customers", path)
    assert result.exit_code == 2
    assert "bad.csv" in result.stderr
    assert "Traceback" not in result.output
    assert not sandbox.requests


def test_a_missing_file_ends_with_2(run: Run, tmp_path: Path) -> None:
    result = run("import", "customers", tmp_path / "none.csv", "--sandbox")
    assert result.exit_code == 2
    assert "none.csv" in result.stderr


def test_input_that_ends_in_the_middle_is_finished_up_to_there(
    run: Run, customers: Customers, tmp_path: Path
) -> None:
    path = customers(3, '00004,"never closed,2024-01-02')
    rejects = tmp_path / "rejects.csv"
    result = run("import", "customers", path, "--sandbox", "--rejects", rejects)
    assert result.exit_code == 2
    assert "stopped early; 3 of 3 rows succeeded" in result.stdout
    assert "line 5" in result.stderr
    assert "quote" in result.stderr


def test_a_wrong_key_stops_early_with_3_and_accounts_for_every_row(
    run: Run, serve: Serve, customers: Customers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    serve()
    monkeypatch.setattr(checking, "REACH_AFTER", 60.0)  # however slow the machine reads the file
    monkeypatch.setenv("GAMEBALL_API_KEY", "gb_test_canary")
    rejects = tmp_path / "rejects.csv"
    result = run("import", "customers", customers(2_500), "--rejects", rejects, "--json")
    assert result.exit_code == 3
    assert "check both keys" in result.stderr
    found = json.loads(result.stdout)
    assert found["succeeded"] == 0
    assert found["rejected"] + found["unsent"] == found["rows"] > 0
    with rejects.open(encoding="utf-8", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == found["rows"]
    assert "canary" not in result.output


def test_keys_are_never_shown(run: Run, serve: Serve, customers: Customers) -> None:
    sandbox = serve(fail_rate=0.5)
    result = run("import", "customers", customers(50))
    assert result.exit_code == 1
    for key in (sandbox.api_key, sandbox.secret_key):
        assert key not in result.output


# -- interrupted


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_accounts_for_every_row_names_what_is_open_and_ends_with_130(
    serve: Serve, customers: Customers, tmp_path: Path, number: int
) -> None:
    sandbox = serve(service_time=Constant(600, queue=0))
    rejects = tmp_path / "rejects.csv"
    path = customers(3_500)
    process = start_process(["import", "customers", path, "--rejects", rejects, "--json"])
    deadline = time.monotonic() + 30
    while sandbox.counts["submit"] < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)  # time for the last answer to arrive
    os.kill(process.pid, number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "interrupted: 4 jobs are still open at Gameball: 123456, 123457, 123458, 123459" in err
    assert "gameball-async stop 123456" in err
    found = json.loads(out)
    assert (found["rows"], found["pending"], found["indeterminate"]) == (3_500, 3_500, 0)
    with rejects.open(encoding="utf-8", newline="") as stream:
        assert list(csv.DictReader(stream)) == [], "their jobs are open: they are no rejects"
