"""The guide to balances is tried from its blocks alone, in their order: files, scripts, commands and what they print."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from click.testing import CliRunner

from gameball_async.cli.main import cli
from gameball_async.sandbox import Sandbox
from tests.balances.balance_desk import quick

GUIDE = (Path(__file__).parents[2] / "docs" / "balances.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"(.*?)```(csv|console|py)\n(.*?)```", GUIDE, re.DOTALL)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    async def make() -> Sandbox:
        return quick(create_unknown=False)

    with start_blocking_portal() as portal:
        sandbox = portal.call(make)
        with portal.wrap_async_context_manager(sandbox):
            monkeypatch.setenv("GAMEBALL_BASE_URL", sandbox.url)
            monkeypatch.setenv("GAMEBALL_API_KEY", sandbox.api_key)
            monkeypatch.setenv("GAMEBALL_SECRET_KEY", sandbox.secret_key)
            yield sandbox


def commands(block: str) -> list[tuple[str, list[str]]]:
    """Each command of a console block, and the lines that it prints."""
    found: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(" ".join(line.split()))
    return found


def test_each_block_of_the_guide_does_what_it_says(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    tried = []
    for before, language, block in BLOCKS:
        if language == "csv":
            name = re.findall(r"`([\w.]+\.csv)`", before)[-1]
            Path(name).write_text(block, encoding="utf-8")
        elif language == "py":
            subprocess.run([sys.executable, "-W", "error", "-c", block], check=True)
        else:
            for command, lines in commands(block):
                result = CliRunner().invoke(cli, shlex.split(command)[1:])
                assert result.exit_code == 0, command + result.output
                printed = " ".join(result.stdout.split())
                for line in lines:
                    assert line in printed, command
                tried.append(command)
    assert len(tried) == 7
    assert dict(sandbox.balances) == {"c-1": 1300, "c-2": 80, "c-3": 25}
    assert sandbox.ledger.applied["balance-adjustments"] == 4
    assert "zoe@example.com" in Path("nobody.csv").read_text(encoding="utf-8")
