"""What a run leaves on the disk and sends elsewhere: rows only where they must be, keys nowhere."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from gameball_async.cli.main import cli
from gameball_async.journal.journal import read_journal
from gameball_async.sandbox import Constant, Reason, SandboxThread

API_KEY, SECRET_KEY = "canary-api-88f1", "canary-secret-71c0"
EMAIL, NAME = "canary.person@example.com", "Canary Person"


def files_with(word: str, folder: Path) -> set[str]:
    """The files under *folder* that hold *word*, as it is or as UTF-16."""
    found = set()
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            if word.encode() in content or word.encode("utf-16-le") in content:
                found.add(path.name)
    return found


@pytest.mark.parametrize("fault", ["none", "reset_after_commit", "error_after", "html"])
def test_rows_are_in_the_journal_and_the_rejects_alone_and_keys_in_no_file(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    rows = [f"c{n},{EMAIL},{NAME}" for n in range(20)]
    rows.append(f",{EMAIL},{NAME}")  # rejected
    Path("people.csv").write_text("\n".join(["customerId,email,name", *rows]), encoding="utf-8")

    def fail_if(kind: str, item: object) -> Reason | None:
        return Reason(3003, f"no such person: {EMAIL}") if "'c7'" in str(item) else None

    settings = {"api_key": API_KEY, "secret_key": SECRET_KEY, "service_time": Constant(0.01)}
    with SandboxThread(limits=None, fail_if=fail_if, **settings) as sandbox:
        if fault != "none":
            getattr(sandbox.faults, fault)(on="submit", times=1)
        monkeypatch.setenv("GAMEBALL_BASE_URL", sandbox.url)
        monkeypatch.setenv("GAMEBALL_API_KEY", API_KEY)
        monkeypatch.setenv("GAMEBALL_SECRET_KEY", SECRET_KEY)
        words = ["import", "customers", "people.csv", "--rejects", "rejects.csv"]
        result = CliRunner().invoke(cli, words)
        assert result.exit_code == 1, result.output
        paths = [seen.path for seen in sandbox.requests]

    # The journal's rows are packed, so that a search of its bytes does not find them.
    assert files_with(EMAIL, tmp_path) == {"people.csv", "rejects.csv"}
    assert EMAIL.encode() in (read_journal("people.csv.gbjournal").odd[0].payload or b"")
    made = {"people.csv", "people.csv.gbjournal", "rejects.csv"}
    assert {path.name for path in tmp_path.iterdir()} == made
    for key in (API_KEY, SECRET_KEY):
        assert files_with(key, tmp_path) == set()
    for canary in (API_KEY, SECRET_KEY, NAME):
        assert canary not in result.output
        assert canary not in caplog.text
        assert not [path for path in paths if canary in path]
    assert EMAIL not in caplog.text
    assert not [path for path in paths if EMAIL in path]


def test_the_search_sees_a_file_that_holds_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(EMAIL, encoding="utf-8")
    (tmp_path / "b").write_text(EMAIL, encoding="utf-16-le")
    assert files_with(EMAIL, tmp_path) == {"a", "b"}
