"""The page about the check shows what the command prints, and names every probe and assumption."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from gameball_async.cli.main import cli
from gameball_async.preflight.facts import ASSUMPTIONS, Facts, Plan
from gameball_async.preflight.judging import judge
from gameball_async.sandbox import Constant, SandboxThread

PAGE = (Path(__file__).parents[2] / "docs" / "check.md").read_text(encoding="utf-8")


def test_the_page_shows_what_the_command_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = re.search(r"<!-- check --try-customer c1 -->\n```text\n(.*?)```", PAGE, re.DOTALL)
    assert shown is not None
    monkeypatch.chdir(tmp_path)
    quick = Constant(0.0, queue=0.0)
    with SandboxThread(adjustments="money", point_value=0.1, service_time=quick) as sandbox:
        sandbox.service.memory.balances["c1"] = 250
        monkeypatch.setenv("GAMEBALL_BASE_URL", sandbox.url)
        monkeypatch.setenv("GAMEBALL_API_KEY", sandbox.api_key)
        monkeypatch.setenv("GAMEBALL_SECRET_KEY", sandbox.secret_key)
        result = CliRunner().invoke(cli, ["check", "--try-customer", "c1"])
    printed = re.sub(r"± \d\.\d s", "± 0.3 s", result.stdout)
    assert [line.rstrip() for line in printed.splitlines()] == shown[1].splitlines()


@pytest.mark.parametrize("name", [probe.name for probe in judge(Facts(Plan(version="v4.0")))])
def test_every_probe_is_in_the_table_of_the_page(name: str) -> None:
    assert f"| `{name}` |" in PAGE


@pytest.mark.parametrize("name", ASSUMPTIONS)
def test_every_assumption_is_in_the_table_of_the_page(name: str) -> None:
    assert f"| `{name}` |" in PAGE
    assert ASSUMPTIONS[name].says in PAGE
