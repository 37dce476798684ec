"""The reference of the site has all that there is: it is made from the code, and its pages name every part."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import get_args

import click
import pytest

import gameball_async
from gameball_async import files
from gameball_async.api.codes import Code
from gameball_async.cli.main import cli
from gameball_async.observe.events import Event

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
API = (DOCS / "api.md").read_text(encoding="utf-8")
CONFIGURATION = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
SHOWN = set(re.findall(r"^::: gameball_async\.(\w+)$", API, re.MULTILINE))


def hooks() -> ModuleType:
    """What the build adds to the pages; it is not part of a package."""
    spec = importlib.util.spec_from_file_location("site_hooks", DOCS / "hooks.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_public_name_is_in_the_reference() -> None:
    modules = {"balances", "errors", "files"}
    assert SHOWN - modules == set(gameball_async.__all__) - {"__version__"}
    assert modules <= SHOWN and files.__all__


def test_every_error_code_is_in_the_table() -> None:
    table = "\n".join(hooks().codes())
    for code in Code:
        assert f"| {code.value} | {code.meaning} | {code.status} |" in table
        assert code.advice in table
    assert "<!-- codes -->" in (DOCS / "codes.md").read_text(encoding="utf-8")


def test_every_event_is_in_the_table_with_its_first_sentence() -> None:
    table = list(hooks().event_table())
    for event in get_args(Event):
        [row] = [each for each in table if each.startswith(f"| [`{event.__name__}`]")]
        assert row.count("|") == 3 and row.endswith(". |"), row
    assert "<!-- events -->" in (DOCS / "events.md").read_text(encoding="utf-8")


def test_every_command_and_option_is_in_the_reference() -> None:
    page = "\n".join(hooks().commands())
    for name, command in commands_of(cli, ""):
        assert f"\n## {name}\n" in page
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert f"`{option.opts[0]}" in page or f"`{option.opts[-1]}" in page, option.opts
    assert "\n## balances set\n" in page
    assert "<!-- commands -->" in (DOCS / "command-line.md").read_text(encoding="utf-8")


def commands_of(group: click.Group, before: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield before + name, command
        if isinstance(command, click.Group):
            yield from commands_of(command, f"{before}{name} ")


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_every_page_has_its_place_in_the_navigation(path: Path) -> None:
    assert re.search(rf"^ +(?:- )[^\n#]*\b{re.escape(path.name)}$", CONFIGURATION, re.MULTILINE)


def test_the_site_asks_nobody_for_anything() -> None:
    assert "\n  font: false" in CONFIGURATION
    assert "http" not in CONFIGURATION.replace("http://127.0.0.1", "")


def test_a_drawing_is_shown_as_its_picture_and_in_words_where_it_has_none() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    [drawing] = re.findall(r"^```mermaid\n(.*?)^```\n", page, re.DOTALL | re.MULTILINE)
    shown = hooks().drawn(drawing)
    if hooks().drawing_of(drawing).exists():
        assert f"](assets/{hooks().drawing_of(drawing).name})" in shown
    assert hooks().drawn("flowchart LR\n") == "```text\nflowchart LR\n```\n"
