"""Import, resume and retry go by what check has found, and say so."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from gameball_async.preflight.findings import read_findings, write_findings
from gameball_async.preflight.learned import Amount, Offset
from gameball_async.sandbox import Constant, Sandbox
from tests.cli.cli_desk import Run, Serve

NAME = "gameball.check.json"
Customers = Callable[..., Path]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that findings are looked for in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def odd(serve: Serve, run: Run) -> Sandbox:
    """An account of v4 and the OpenAPI file's status path alone, that was checked."""
    sandbox = serve(versions=["v4"], dialect="openapi", service_time=Constant(0.0, queue=0.0))
    assert run("check", "--quiet").exit_code == 0
    sandbox.requests.clear()
    return sandbox


def change(**changes: Any) -> None:
    """Findings that are otherwise as they were found."""
    write_findings(NAME, evolve(read_findings(NAME), **changes))


def adjustments(path: Path, *amounts: object) -> Path:
    lines = [f"c{n},{amount}" for n, amount in enumerate(amounts)]
    path.write_text("\n".join(["customerId,amount", *lines]) + "\n", encoding="utf-8")
    return path


def test_an_import_goes_by_the_version_and_the_path_that_were_found_and_says_so(
    run: Run, odd: Sandbox, customers: Customers
) -> None:
    result = run("import", "customers", customers(3), "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["succeeded"] == 3
    asked = [seen.path for seen in odd.requests]
    assert all(path.startswith("/api/v4/") for path in asked)
    assert all(path.endswith("/status") for path in asked[1:])  # no other was tried first
    assert f"using {NAME}: checked " in result.stderr
    assert "test key, v4, openapi dialect" in result.stderr


def test_without_its_findings_the_same_import_cannot_work(
    run: Run, odd: Sandbox, customers: Customers
) -> None:
    result = run("import", "customers", customers(3), "--no-findings")
    assert result.exit_code != 0
    assert NAME not in result.stderr


def test_what_the_command_line_names_goes_before_the_findings(
    run: Run, odd: Sandbox, customers: Customers
) -> None:
    result = run("import", "customers", customers(3), "--api-version=v4.0")
    assert result.exit_code != 0
    assert {seen.path.split("/")[2] for seen in odd.requests} == {"v4.0"}
    assert "openapi dialect (except for --api-version)" in result.stderr


def test_the_command_to_go_on_with_names_what_was_found(
    run: Run, odd: Sandbox, customers: Customers
) -> None:
    path = customers(3)
    odd.faults.answer(401, b"{}", on="poll", commit=False, times=None)
    first = run("import", "customers", path)
    assert first.exit_code == 3
    assert f"resume {path}.gbjournal --api-version v4 --dialect openapi" in first.stderr
    odd.faults.clear()
    assert run("resume", f"{path}.gbjournal", "--no-findings").exit_code != 0
    resumed = run("resume", f"{path}.gbjournal")
    assert resumed.exit_code == 0, resumed.stderr
    assert f"using {NAME}" in resumed.stderr


def test_a_retry_goes_by_them_too(run: Run, odd: Sandbox, customers: Customers) -> None:
    path = customers(3)
    odd.faults.error_before(on="customers", status=422, code=3003)
    assert run("import", "customers", path).exit_code == 1
    again = run("retry", f"{path}.gbjournal", "--only=failed")
    assert again.exit_code == 0, again.stderr
    assert f"using {NAME}" in again.stderr


def test_findings_of_another_account_are_left_aside_aloud_and_refused_where_they_are_named(
    run: Run, serve: Serve, customers: Customers
) -> None:
    serve()
    assert run("check", "--quiet").exit_code == 0
    other = serve(api_key="gb_live_other")
    result = run("import", "customers", customers(3))
    assert result.exit_code == 0
    assert f"{NAME} is ignored, because it belongs to another account" in result.stderr
    assert "using" not in result.stderr
    other.requests.clear()
    path = customers(3, name="more.csv")
    named = run("import", "customers", path, f"--findings={NAME}")
    assert named.exit_code == 2
    assert "belong to another account (the API key differs): remove --findings" in named.stderr
    assert not other.requests


def test_findings_of_another_address_are_left_aside(
    run: Run, serve: Serve, customers: Customers
) -> None:
    serve()
    assert run("check", "--quiet").exit_code == 0
    serve()
    result = run("import", "customers", customers(3))
    assert result.exit_code == 0
    assert "is ignored, because it belongs to another address (http://127.0.0.1:" in result.stderr


@pytest.mark.parametrize(
    ("content", "words"), [("{", "are not JSON"), ('{"x": 1}', "unknown key x")]
)
def test_a_damaged_file_is_refused_with_a_cure_and_nothing_is_sent(
    run: Run, serve: Serve, customers: Customers, here: Path, content: str, words: str
) -> None:
    sandbox = serve()
    (here / NAME).write_text(content, encoding="utf-8")
    path = customers(3)
    result = run("import", "customers", path)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "--no-findings" in result.stderr
    told = json.loads(run("import", "customers", path, "--json").stdout)
    assert words in told["error"]
    assert not sandbox.requests
    assert run("import", "customers", path, "--no-findings").exit_code == 0


def test_a_file_that_is_named_must_be_there(run: Run, serve: Serve, customers: Customers) -> None:
    serve()
    result = run("import", "customers", customers(3), "--findings=nowhere.json")
    assert result.exit_code == 2
    assert "the findings nowhere.json cannot be read" in result.stderr
    both = run("import", "customers", customers(3), "--findings=f.json", "--no-findings")
    assert both.exit_code == 2


def test_old_findings_and_what_hindered_then_are_told(
    run: Run, odd: Sandbox, customers: Customers
) -> None:
    change(checked_at=datetime.now(UTC) - timedelta(days=40), probes={"clock": "hinders"})
    path = customers(3)
    result = run("import", "customers", path, "--journal=one")
    assert result.exit_code == 0
    assert "they are 40 days old: run `gameball-async check` again" in result.stderr
    assert "something blocked a migration then (clock)" in result.stderr
    assert "old" not in run("import", "customers", path, "--journal=two", "--quiet").stderr


def test_a_clock_that_is_off_is_told_where_rows_have_times(
    run: Run, odd: Sandbox, here: Path
) -> None:
    change(clock=Offset(600.0, 0.5))
    path = here / "c.csv"
    path.write_text(
        "customerId,transactionId,transactionTime,amount\nc1,t1,2024-01-02T03:04:05Z,5\n",
        encoding="utf-8",
    )
    result = run("import", "cashback", path)
    assert result.exit_code == 0, result.stderr
    assert "this machine's clock is 600.0 s behind Gameball's" in result.stderr


@pytest.mark.parametrize(
    ("amount", "amounts", "words"),
    [
        (None, [1], "it is not known whether amount means points or money"),
        ("points", [1, 2], None),
        ("points", [1, 2.5], "1 of its first 2 amounts have a fraction, like money"),
        ("money", [1] * 12, "its first 12 amounts are whole numbers, like points"),
        ("money", [1.5] * 12, None),
        ("either", [1.5] * 12, None),
    ],
)
def test_amounts_that_look_like_the_other_unit_are_told_before_they_are_sent(
    run: Run, odd: Sandbox, here: Path, amount: Any, amounts: list[object], words: str | None
) -> None:
    found = None if amount is None else Amount(counts=amount, points_for_one=10.0)
    change(amount=found)
    result = run("import", "balance-adjustments", adjustments(here / "a.csv", *amounts))
    assert result.exit_code == 0, result.stderr
    if words is None:
        assert "seems to contain" not in result.stderr
    else:
        assert words in result.stderr
    if amount is not None:
        assert (
            f"amount means {'points and money' if amount == 'either' else amount}" in result.stderr
        )


def test_a_sandbox_of_its_own_and_a_command_without_keys_look_for_no_findings(
    run: Run, odd: Sandbox, customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = customers(3)
    assert "findings" not in run("import", "customers", path, "--dry-run", "--no-findings").stderr
    monkeypatch.delenv("GAMEBALL_BASE_URL")
    assert NAME not in run("import", "customers", path, "--sandbox").stderr
    assert run("import", "customers", path, "--sandbox", f"--findings={NAME}").exit_code == 2
    monkeypatch.delenv("GAMEBALL_API_KEY")
    assert run("import", "customers", path, "--dry-run").exit_code == 0
    missing = run("import", "customers", path)
    assert missing.exit_code == 2
    assert "GAMEBALL_API_KEY is not set" in missing.stderr
