"""Every code block of the README runs, and prints what the README says it prints; what it names exists."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {"README.md": README} | {
    f"docs/{path.name}": path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")
}
BLOCKS = re.findall(r"```(\w+)\n(.*?)```(?:\n\n```text\n(.*?)```)?", README, re.DOTALL)
PYTHON = [(code, output) for language, code, output in BLOCKS if language == "python"]


def test_the_readme_has_code() -> None:
    assert PYTHON and all(output for _, output in PYTHON)


@pytest.mark.parametrize(("code", "output"), PYTHON, ids=range(len(PYTHON)))
def test_each_python_block_runs_and_prints_what_is_said(
    code: str, output: str, tmp_path: Path
) -> None:
    script = tmp_path / "readme_block.py"
    script.write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == output


def test_no_other_block_of_the_readme_could_run_but_the_two_commands() -> None:
    assert {language for language, _, _ in BLOCKS} == {"python", "bash"}
    for name in ("main-job", "tests"):  # .ci/run evaluates both
        assert (
            len(re.findall(rf"^<!-- {name} -->\n```bash\n[^\n]+\n```$", README, re.MULTILINE)) == 1
        )


def test_the_two_commands_name_files_and_extras_that_exist() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    commands = [code for language, code, _ in BLOCKS if language == "bash"]
    assert len(commands) == 2
    for command in commands:
        for extra in re.findall(r"\.\[(\w+)\]", command):
            assert f"\n{extra} = [" in project
        for path in re.findall(r"tests/data/\S+", command):
            assert (ROOT / path).is_file()


@pytest.mark.parametrize("name", PAGES)
def test_every_test_that_a_page_names_exists(name: str) -> None:
    for path in re.findall(r"`(tests/[\w/]+\.py)`", PAGES[name]):
        assert (ROOT / path).is_file(), path


@pytest.mark.parametrize("name", PAGES)
def test_every_file_that_a_page_links_to_exists(name: str) -> None:
    made = {"changelog.md"}  # by the build of the site
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", PAGES[name]):
        assert (ROOT / name).parent.joinpath(target).exists() or target in made, target


def test_the_readme_is_one_screen_and_a_half_at_most() -> None:
    assert len(README.splitlines()) <= 90
