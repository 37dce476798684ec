"""
What the build of the site adds to the pages: whatever is written down once already, in the code or beside `docs/`.

- ``<!-- codes -->`` becomes the table of Gameball's error codes, from `gameball_async.api.codes`.
- ``<!-- commands -->`` becomes the commands and their options, from `gameball_async.cli.main`.
- ``<!-- events -->`` becomes the table of events, from `gameball_async.observe.events`.
- The changelog and the results of the benchmarks are pages as well, and links to them hold.
- The exit code of a command (``# exit code 1`` above it) is shown behind it: as a line of its own it would be copied with
  the commands, and ``#`` be taken for a prompt.
- A drawing in Mermaid is shown as the picture that was made of it (`assets/drawing-DIGEST.svg`), since Mermaid's own script
  comes from elsewhere; in words where it has changed since.
"""

from __future__ import annotations

import hashlib
import inspect
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from gameball_async.api.codes import Category, Code
from gameball_async.cli.main import cli
from gameball_async.observe import events

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
DRAWINGS = ROOT / "docs" / "assets"
_EXIT_CODE = re.compile(r"^( *)# exit code (\d+)\n *(\$ .*)$", re.MULTILINE)
_OPTION = re.compile(r"(?<![\w`-])--[a-z][a-z-]*")
_MERMAID = re.compile(r"^```mermaid\n(.*?)^```\n", re.DOTALL | re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that stand elsewhere in the project."""
    from mkdocs.structure.files import File  # only where the site is built

    for path in sorted(
        path for path in RESULTS.iterdir() if path.suffix in {".md", ".svg", ".txt"}
    ):
        files.append(File.generated(config, f"results/{path.name}", abs_src_path=str(path)))
    changelog = str(ROOT / "CHANGELOG.md")
    files.append(File.generated(config, "changelog.md", abs_src_path=changelog))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Writes the tables, and turns links out of ``docs/`` to where those files are on the site."""
    for name, write in {"codes": codes, "commands": commands, "events": event_table}.items():
        markdown = markdown.replace(f"<!-- {name} -->", "\n".join(write()))
    markdown = markdown.replace("](../benchmarks/results/", "](results/")
    if page.file.src_uri == "changelog.md":
        markdown = markdown.replace("](docs/", "](")
    markdown = _EXIT_CODE.sub(r"\1\3  # exit code \2", markdown)
    return _MERMAID.sub(lambda found: drawn(found[1]), markdown)


def codes() -> Iterator[str]:
    """The table of error codes, a heading for each category."""
    for category in Category:
        yield f"\n## {category.name.capitalize()}: {category.value}xxx\n"
        yield "| code | meaning | HTTP | again later? | what to do |\n|---|---|---|---|---|"
        for code in Code:
            if code.category is category:
                again = "yes" if code.retryable else ""
                yield f"| {code.value} | {code.meaning} | {code.status} | {again} | {code.advice} |"


def commands() -> Iterator[str]:
    """Each command as its ``--help`` tells it; options that most commands have stand once, at the end."""
    found = dict(_commands_of(cli, click.Context(cli, info_name="gameball-async")))
    options = {name: list(_options(command, at)) for name, (command, at) in found.items()}
    count = Counter(row for rows in options.values() for row in rows)
    common = [row for row in count if count[row] * 2 > len(found)]
    for name, (command, at) in found.items():
        yield f"\n## {name}\n"
        yield f"```text\n{at.command_path} {' '.join(command.collect_usage_pieces(at))}\n```\n"
        yield _OPTION.sub(r"`\g<0>`", inspect.cleandoc(command.help or "")) + "\n"
        talks = set(common) <= set(options[name])
        yield from _TABLE
        yield from (row for row in options[name] if not talks or row not in common)
        if talks:
            yield "\nThis command also has the [options of most commands](#options-of-most-commands)."
    yield "\n## Options of most commands\n"
    yield from (*_TABLE, *common)


def _commands_of(
    group: click.Group, above: click.Context
) -> Iterator[tuple[str, tuple[click.Command, click.Context]]]:
    for name in group.list_commands(above):
        command = group.get_command(above, name)
        if command is not None:
            at = click.Context(command, info_name=name, parent=above)
            yield at.command_path.removeprefix("gameball-async "), (command, at)
            if isinstance(command, click.Group):
                yield from _commands_of(command, at)


_TABLE = ("| option | meaning |", "|---|---|")


def _options(command: click.Command, at: click.Context) -> Iterator[str]:
    for each in command.params:
        record = each.get_help_record(at)
        if isinstance(each, click.Option) and record is not None:
            names, text = (part.replace("|", "\\|") for part in record)
            yield f"| {', '.join(f'`{name}`' for name in names.split(', '))} | {text} |"


def event_table() -> Iterator[str]:
    """The table of events: the first sentence of each."""
    yield "| event | when |\n|---|---|"
    for event in get_args(events.Event):
        first = (inspect.getdoc(event) or "").split("\n\n")[0].replace("\n", " ")
        first = re.sub(r"\*(\w+)\*", r"`\1`", first)
        yield f"| [`{event.__name__}`](#{event.__module__}.{event.__name__}) | {first} |"


def drawing_of(source: str) -> Path:
    """Where the picture of a drawing in Mermaid is kept."""
    digest = hashlib.sha256(source.encode()).hexdigest()[:12]
    return DRAWINGS / f"drawing-{digest}.svg"


def drawn(source: str) -> str:
    """The picture of a drawing, or the drawing's own words where there is none."""
    path = drawing_of(source)
    if not path.exists():
        return f"```text\n{source}```\n"
    picture = f"![What follows, as a drawing](assets/{path.name})"
    return f'<div class="drawing" markdown>{picture}</div>\n'
