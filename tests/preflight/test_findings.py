"""The file of findings: read as it was written, and refused with a cure where it is anything else."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from gameball_async.api.requests import Account, Secret
from gameball_async.errors import ConfigurationError
from gameball_async.preflight.findings import (
    Findings,
    about_the_run,
    as_text,
    findings_of,
    in_short,
    of_another,
    read_findings,
    refuse_other_files,
    warnings_of,
    write_findings,
)
from gameball_async.preflight.learned import Amount, Offset

NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)
ACCOUNT = Account("https://x.example", "v4.0", Secret("gb_live_canary"), Secret("secret"))
FOUND = Findings(
    checked_at=NOW,
    account=ACCOUNT.fingerprint,
    origin=ACCOUNT.origin,
    key="live",
    version="v4",
    dialect="openapi",
    clock=Offset(0.25, 0.5),
    amount=Amount(counts="money", points_for_one=10.0),
    probes={"keys": "ok", "amount": "ok"},
    assumptions={"version-v4": True, "version-v4.1": False},
)
LEAST = Findings(checked_at=NOW, account="a", origin="https://x.example")


@pytest.mark.parametrize("found", [FOUND, LEAST])
def test_findings_are_read_as_they_were_written(found: Findings, tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    write_findings(str(path), found)
    assert read_findings(str(path)) == found
    assert list(tmp_path.iterdir()) == [path]
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"canary" not in path.read_bytes()


def changed(**changes: Any) -> bytes:
    return json.dumps({**json.loads(as_text(FOUND)), **changes}).encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"{", "not JSON"),
        (b"[]", "must be an object"),
        (b"{}", "checked_at is missing"),
        (changed(dialects="x"), "unknown key dialects"),
        (changed(gameball_check=2), "another version of gameball-async"),
        (changed(dialect="x"), "an unknown value @ the file.dialect"),
        (changed(version=4), "an unknown value @ the file.version"),
        (changed(account=7), "must be text @ the file.account"),
        (changed(checked_at="yesterday"), "must be a time such as"),
        (changed(checked_at="2026-01-31T08:00:00"), "must be a time with a zone"),
        (changed(checked_at=7), "must be a time such as"),
        (changed(clock={"seconds": "1", "within": 0}), "must be a number @ the file.clock.seconds"),
        (changed(clock={"seconds": 1}), "within is missing"),
        (changed(amount={"counts": "cents", "points_for_one": 1}), "the file.amount.counts"),
        (changed(probes={"keys": "fine"}), "the file.probes"),
        (changed(assumptions={"version-v4": "yes"}), "must be true or false"),
    ],
)
def test_what_is_wrong_with_a_file_is_named_with_its_place_and_a_cure(
    content: bytes, words: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        findings_of(content, "f.json")
    assert words in str(caught.value)
    assert "f.json" in str(caught.value)
    assert "--no-findings" in str(caught.value)


def test_a_file_of_something_else_is_not_written_over(tmp_path: Path) -> None:
    other = tmp_path / "customers.csv"
    other.write_text("customerId\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="was not written by a check"):
        refuse_other_files(str(other))
    with pytest.raises(ConfigurationError, match="was not written by a check"):
        refuse_other_files(str(tmp_path))
    with pytest.raises(ConfigurationError, match="there is no folder"):
        refuse_other_files(str(tmp_path / "x" / "f.json"))
    ours = tmp_path / "f.json"
    refuse_other_files(str(ours))
    write_findings(str(ours), FOUND)
    refuse_other_files(str(ours))


def test_findings_that_cannot_be_written_leave_the_older_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f.json"
    write_findings(str(path), FOUND)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_findings(str(path), LEAST)
    assert read_findings(str(path)) == FOUND
    assert list(tmp_path.iterdir()) == [path]


def test_findings_belong_to_one_account_at_one_address() -> None:
    assert of_another(FOUND, ACCOUNT) is None
    assert of_another(FOUND, evolve(ACCOUNT, version="v4")) is None
    other = of_another(FOUND, evolve(ACCOUNT, api_key=Secret("gb_live_other")))
    assert other is not None and "another account" in other
    other = of_another(FOUND, evolve(ACCOUNT, origin="https://y.example"))
    assert other == "another address (https://x.example)"


def test_what_a_run_goes_by_is_one_line() -> None:
    assert in_short(FOUND) == (
        "checked 2026-01-31, live key, v4, openapi dialect, amount means money: 1 gives 10 points"
    )
    assert in_short(LEAST) == "checked 2026-01-31"


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(days=30), None),
        (timedelta(days=31), "31 days old"),
        (timedelta(hours=-1), None),
        (timedelta(days=-2), "dated in the future"),
    ],
)
def test_old_findings_are_said_to_be_old(age: timedelta, words: str | None) -> None:
    told = warnings_of(FOUND, NOW + age)
    assert bool(told) is (words is not None)
    assert words is None or words in told[0]


def test_what_hindered_then_is_told_again() -> None:
    found = evolve(FOUND, probes={"keys": "ok", "clock": "hinders"})
    assert "(clock)" in warnings_of(found, NOW)[0]


@pytest.mark.parametrize(
    ("found", "kind", "told"),
    [
        (FOUND, "customers", 0),
        (FOUND, "balance-adjustments", 0),
        (evolve(FOUND, amount=None), "balance-adjustments", 1),
        (evolve(FOUND, amount=None), "cashback", 0),
        (evolve(FOUND, clock=Offset(-90.0, 0.5)), "cashback", 1),
        (evolve(FOUND, clock=Offset(90.0, 0.5)), "orders", 1),
        (evolve(FOUND, clock=Offset(90.0, 0.5)), "customers", 0),
        (LEAST, "cashback", 0),
    ],
)
def test_only_what_matters_to_the_kind_is_told(found: Findings, kind: str, told: int) -> None:
    assert len(about_the_run(found, kind)) == told
