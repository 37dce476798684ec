"""Completion in a shell: click's scripts, our commands, which are imported only where they must be."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gameball_async.api.kinds import KINDS
from gameball_async.cli.main import cli

HOME = Path(sys.executable).parent
PAGE = (Path(__file__).parents[2] / "docs" / "installing.md").read_text(encoding="utf-8")
SOURCE = "_GAMEBALL_ASYNC_COMPLETE={}_source gameball-async"
BASH = """
eval "$(_GAMEBALL_ASYNC_COMPLETE=bash_source gameball-async)"
COMP_WORDS=(gameball-async {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_gameball_async_completion gameball-async "${{COMP_WORDS[-1]}}" gameball-async
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
ZSH = """
autoload -U compinit; compinit -u -D
eval "$(_GAMEBALL_ASYNC_COMPLETE=zsh_source gameball-async)"
_describe() { print -r -- ${(P)3} }
compadd() { print -r -- ${(P)@[-1]} }
_path_files() { print -r -- files }
words=(gameball-async import); CURRENT=2; _gameball_async_completion
words=(gameball-async import cust); CURRENT=3; _gameball_async_completion
words=(gameball-async import customers x); CURRENT=4; _gameball_async_completion
"""
FISH = """
_GAMEBALL_ASYNC_COMPLETE=fish_source gameball-async | source
complete -C "gameball-async imp"
complete -C "gameball-async import cust"
complete -C "gameball-async import customers sho"
"""


def shell(*command: str, folder: Path) -> list[str]:
    """The lines that a shell prints."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": f"{HOME}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


def completed(words: str, mode: str = "bash_complete") -> str:
    """What the command line tells a shell, asked without one; and the modules it imported."""
    code = (
        "import sys\nfrom gameball_async.__main__ import main\n"
        "try: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={
            **os.environ,
            "_GAMEBALL_ASYNC_COMPLETE": mode,
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("imp", ["import"]),
        ("import bal", ["balance-inquiries", "balance-adjustments"]),
        ("import customers shop.csv --chunk", ["--chunking"]),
        ("import customers shop.csv --from sh", ["shopify"]),
        ("retry run.gbjournal --only tr", ["transient"]),
        ("import customers sho", [""]),  # a file: bash does that itself
        ("improt cust", [""]),
    ],
)
def test_bash_completes_commands_kinds_options_and_values(
    words: str, found: list[str], tmp_path: Path
) -> None:
    assert shell("bash", "-c", BASH.format(words=words), folder=tmp_path) == found


def test_zsh_completes_too(tmp_path: Path) -> None:
    if shutil.which("zsh") is None:
        pytest.skip("not installed: zsh")
    command, kind, file = shell("zsh", "-f", "-c", ZSH, folder=tmp_path)
    assert command.startswith("import:Send the rows")
    assert (kind, file) == ("customers", "files")


def test_fish_completes_too(tmp_path: Path) -> None:
    if shutil.which("fish") is None:
        pytest.skip("not installed: fish")
    (tmp_path / "shop.csv").touch()
    command, kind, file = shell("fish", "-c", FISH, folder=tmp_path)
    assert command.startswith("import\t")
    assert (kind, file.split("\t")[0]) == ("customers", "shop.csv")


def test_files_are_completed_where_a_file_is_wanted() -> None:
    for words in ("import customers ", "validate orders ", "map orders ", "upsert ", "report "):
        assert completed(f"gameball-async {words}").startswith("file,")
    assert completed("gameball-async examples ").startswith("dir,")


def test_the_name_of_a_command_is_completed_without_importing_any() -> None:
    told = completed("gameball-async ")
    for name in cli.list_commands(None):  # type: ignore[arg-type]
        assert f"plain,{name}\n" in told
    for heavy in ("gameball_async.client", "gameball_async.cli.imports", "aiohttp", "rich"):
        assert f" {heavy} " not in told


def test_a_kind_is_completed_without_the_sandbox() -> None:
    told = completed("gameball-async import ")
    assert [line for line in told.splitlines() if line.startswith("plain,")] == [
        f"plain,{kind}" for kind in KINDS
    ]
    assert " gameball_async.sandbox " not in told


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_the_page_names_what_is_tested_here(name: str) -> None:
    assert SOURCE.format(name) in PAGE
