"""
The pages that a reader follows from top to bottom: their blocks run in order, in a folder of their own.

Address and keys of a sandbox are in the environment, as a reader's own keys are. The tutorial starts its own.
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from gameball_async.sandbox import Constant, SandboxThread
from tests.pages import blocks_of, commands_of, left_out, run_page
from tests.web.web_desk import need

ROOT = Path(__file__).parent.parent
PAGES = {
    path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))
}
ELSEWHERE = {"balances.md": "tests/balances/test_guide.py"}  # on a sandbox that it looks into
FOLLOWED = [
    name
    for name, page in PAGES.items()
    if name not in ELSEWHERE
    and any(each.language in ("console", "python") and not each.reason for each in blocks_of(page))
]
TITLED = [
    (f"{name}: {block.title}", block.title, block.text)
    for name, page in PAGES.items()
    for block in blocks_of(page)
    if block.title
]


@pytest.mark.timeout(600)  # a dozen commands, and as many others on the machine
@pytest.mark.parametrize("name", FOLLOWED)
@pytest.mark.long
def test_a_page_does_what_it_says(name: str, tmp_path: Path) -> None:
    # It is installed already, and from nowhere else.
    installs = "python3 -m venv|pip install|pipx install|uv tool install|uvx --from"
    page = re.sub(rf"^\$ ({installs}).*\n", "$ true\n", PAGES[name], flags=re.MULTILINE)
    if "import dlt\n" in page:
        need(modules=("dlt", "duckdb"))
    if name == "tutorial.md":
        assert run_page(page, tmp_path)
        return
    with SandboxThread(service_time=Constant(0.05, queue=0.02), dialect="both") as sandbox:
        variables = {
            "GAMEBALL_BASE_URL": sandbox.url,
            "GAMEBALL_API_KEY": sandbox.api_key,
            "GAMEBALL_SECRET_KEY": sandbox.secret_key,
            "RUNTIME__DLTHUB_TELEMETRY": "false",
        }
        assert run_page(page, tmp_path, variables)


def test_each_page_that_is_followed_elsewhere_is() -> None:
    for name, path in ELSEWHERE.items():
        test = (ROOT / path).read_text(encoding="utf-8")
        assert name in PAGES and name in test and "run_page(" in test


@pytest.mark.parametrize("name", PAGES)
def test_no_block_that_could_run_is_left_out(name: str) -> None:
    assert not left_out(PAGES[name])


@pytest.mark.parametrize(
    ("title", "text"), [each[1:] for each in TITLED], ids=[x[0] for x in TITLED]
)
def test_each_file_of_a_page_can_be_read(title: str, text: str) -> None:
    if title.endswith(".py"):
        ast.parse(text)
    elif title.endswith(".toml"):
        tomllib.loads(text)
    elif title == "Dockerfile":
        instructions = {line.split()[0] for line in text.splitlines() if line[:1].isupper()}
        assert {"FROM", "USER", "ENTRYPOINT"} <= instructions
    assert text.strip()


def test_a_block_that_could_run_and_does_not_is_found() -> None:
    assert left_out("```sh\necho\n```\n") == ["echo\n"]
    assert left_out("```console\nls\n```\n") == ["ls\n"]
    assert left_out('```python title="a.py"\npass\n```\n') == ["pass\n"]
    assert not left_out('```python title="a.py"\npass\n```\n```console\n$ python a.py\n```\n')
    assert not left_out("<!-- not run: needs a moon -->\n```sh\necho\n```\n```csv\nid\n```\n")


def test_a_block_that_is_not_run_is_not_run(tmp_path: Path) -> None:
    assert run_page("<!-- not run: it fails -->\n```console\n$ false\n```\n", tmp_path) == 0


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
