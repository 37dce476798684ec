"""The pages that a reader follows from top to bottom: their blocks run in order, in a folder of their own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.pages import blocks_of, commands_of, run_page

DOCS = Path(__file__).parent.parent / "docs"
FOLLOWED = ["installing.md", "tutorial.md"]


@pytest.mark.parametrize("name", FOLLOWED)
def test_a_page_does_what_it_says(name: str, tmp_path: Path) -> None:
    page = (DOCS / name).read_text(encoding="utf-8")
    # It is installed already, and from nowhere else.
    installs = "python3 -m venv|pip install|pipx install|uv tool install|uvx --from"
    page = re.sub(rf"^\$ ({installs}).*\n", "$ true\n", page, flags=re.MULTILINE)
    assert run_page(page, tmp_path)


def test_a_block_that_prints_something_else_is_found(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="not:\nthree"):
        run_page("```console\n$ echo two\nthree\n```\n", tmp_path)
    with pytest.raises(AssertionError, match="ended with 3"):
        run_page("```console\n$ (exit 3)\n```\n", tmp_path)
    assert (
        run_page("```console\n# exit code 3\n$ (exit 3)\n$ echo a b c\na … c\n```\n", tmp_path) == 1
    )


def test_titles_make_files_and_what_is_hidden_runs(tmp_path: Path) -> None:
    page = '<!-- run\nx=1\n-->\n```csv title="a.csv"\nid\n```\n```console\n$ cat a.csv; echo $x\nid\n1\n```\n'
    assert [block.language for block in blocks_of(page)] == ["hidden", "csv", "console"]
    assert run_page(page, tmp_path) == 3


def test_commands_end_where_the_next_begins() -> None:
    found = list(commands_of("$ one  # why\n$ two\nsaid\n\nmore\n# exit code 2\n$ three\n"))
    assert [(each.line, each.output, each.code) for each in found] == [
        ("one", "", 0),
        ("two", "said\n\nmore", 0),
        ("three", "", 2),
    ]
