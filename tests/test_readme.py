"""Every code block of the README and the guides runs, and prints what the README says it prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.web.web_desk import need

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [README, *(page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md"))]
BLOCKS = [
    block
    for page in PAGES
    for block in re.findall(r"```(\w+)\n(.*?)```(?:\n\n```text\n(.*?)```)?", page, re.DOTALL)
]
PYTHON = [(code, output) for language, code, output in BLOCKS if language == "python"]


def test_the_readme_has_code() -> None:
    assert len(PYTHON) >= 3


@pytest.mark.parametrize(("code", "output"), PYTHON, ids=range(len(PYTHON)))
def test_each_python_block_runs_and_prints_what_is_said(
    code: str, output: str, tmp_path: Path
) -> None:
    if "import dlt\n" in code:
        need(modules=("dlt", "duckdb"))
    script = tmp_path / "test_readme_block.py"
    script.write_text(code, encoding="utf-8")
    runner = [sys.executable, "-W", "error"]
    if "def test_" in code:
        runner += ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:aiohttp"]
        runner += ["-p", "no:asyncio", "-p", "gameball_async.pytest_plugin"]
    done = subprocess.run(
        [*runner, str(script)],
        env={**os.environ, "RUNTIME__DLTHUB_TELEMETRY": "false"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    if output:
        assert done.stdout == output


def test_the_two_commands_name_files_and_extras_that_exist() -> None:
    root = Path(__file__).parent.parent
    project = (root / "pyproject.toml").read_text(encoding="utf-8")
    commands = [code for language, code, _ in BLOCKS if language == "bash"]
    assert len(commands) == 2
    for command in commands:
        for extra in re.findall(r"\.\[(\w+)\]", command):
            assert f"\n{extra} = [" in project
        for path in re.findall(r"tests/data/\S+", command):
            assert (root / path).is_file()


def test_every_test_that_the_readme_names_exists() -> None:
    root = Path(__file__).parent.parent
    for path in re.findall(r"`(tests/\S+\.py)`", README):
        assert (root / path).is_file(), path
