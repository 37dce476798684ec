"""
Runs a page of the documentation as its reader would: block after block, in one folder, with one shell.

- A block ``python`` is a script. What it prints is compared where a block ``text`` follows.
- A block ``console`` has commands after ``$``, with the lines that they print, if any, below. ``…`` stands for
  any text. A command may end with another code than 0 where the line above it in the block says so:
  ``# exit code 1``.
- A block with a title (```` ```csv title="customers.csv" ````) is a file of that name.
- ``<!-- run … -->`` is not shown, and makes what the page takes for granted. ``$PROJECT`` is this project's folder.
- ``<!-- not run: REASON -->`` above a block leaves it out. A block that could run, is not run, and has no
  reason is one that `left_out` finds.

``python -m tests.pages PAGE`` runs a page as somebody would who has never seen this project: in an empty folder, with
nothing of ours installed. What the page installs is found where ``PIP_FIND_LINKS`` says.

A command that ends with ``&`` goes on in the background and is ended after the page.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import define, frozen

__all__ = ["Block", "blocks_of", "commands_of", "left_out", "run_page"]

_BLOCK = re.compile(
    r"<!-- run\n(?P<hidden>.*?)-->|"
    r"^(?: *<!-- not run: (?P<reason>[^\n]+) -->\n\s*)?"
    r"^(?P<indent> *)```(?P<language>\w+)(?:[^\n]*title=\"(?P<title>[^\"]+)\")?[^\n]*\n(?P<text>.*?)^(?P=indent)```",
    re.DOTALL | re.MULTILINE,
)
_RUNNABLE = {"bash", "console", "py", "python", "sh", "shell"}
_EXIT = re.compile(r"^# exit code (\d+)")
_MARK = "__the_command_ended_with__"


@frozen
class Block:
    """
    One block of a page.

    Attributes:
        language: ``hidden`` for what is not shown.
        title: the name of the file that it is; None for what is none.
        text: what stands in it.
        reason: why it is not run; None for all others.
    """

    language: str
    title: str | None
    text: str
    reason: str | None = None


@frozen
class Command:
    """One command, what it prints as far as the page says, and its exit code."""

    line: str
    output: str
    code: int


def blocks_of(page: str) -> Iterator[Block]:
    """The blocks of a page in their order."""
    for found in _BLOCK.finditer(page):
        if found["hidden"] is not None:
            yield Block("hidden", None, found["hidden"])
            continue
        indent = len(found["indent"])
        text = "".join(line[indent:] or "\n" for line in found["text"].splitlines(keepends=True))
        yield Block(found["language"], found["title"], text, found["reason"])


def left_out(page: str) -> list[str]:
    """The blocks of a page that could run, are not run, and do not say why."""
    blocks, found = list(blocks_of(page)), []
    commands = "".join(each.text for each in blocks if each.language in ("console", "hidden"))
    for block in blocks:
        if block.language not in _RUNNABLE or block.reason is not None:
            continue
        if block.title is not None:
            run = block.title in commands
        elif block.language == "console":
            run = any(commands_of(block.text))
        else:
            run = block.language == "python"
        if not run:
            found.append(block.text)
    return found


def commands_of(text: str) -> Iterator[Command]:
    """The commands of a ``console`` block."""
    code, line, output = 0, "", list[str]()
    for each in [*text.splitlines(), "$ "]:
        said = _EXIT.match(each)
        if not each.startswith("$ ") and said is None:
            output.append(each)
            continue
        if line:
            yield Command(line, "\n".join(output).strip(), code)
            code, line = 0, ""
        output = []
        if said is not None:
            code = int(said[1])
        else:
            line = each[2:].split("  # ")[0].strip()


@define
class _Shell:
    """One bash in the page's folder, which keeps its variables from block to block."""

    folder: Path
    process: subprocess.Popen[str]

    @classmethod
    def start(cls, folder: Path, variables: Mapping[str, str]) -> _Shell:
        root = str(Path(__file__).parent.parent)
        home = os.path.dirname(sys.executable)
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("GAMEBALL_")
        }
        environment |= {
            "PATH": f"{home}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": root,
            "COLUMNS": "100",
            "PYTHONWARNINGS": "error",
            "PROJECT": root,
            **variables,
        }
        process = subprocess.Popen(
            ["bash"],  # noqa: S607 - the reader's shell
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            text=True,
            start_new_session=True,
        )
        return cls(folder, process)

    def run(self, command: str) -> tuple[str, int]:
        """What a command prints, both streams, and its exit code."""
        ask, tell = self.process.stdin, self.process.stdout
        assert ask is not None and tell is not None
        ask.write(f"{{ {command}\n}} < /dev/null\nended=$?\necho; echo {_MARK} $ended\n")
        ask.flush()
        said: list[str] = []
        for line in tell:
            if line.startswith(_MARK):
                return "".join(said).strip(), int(line.split()[1])
            said.append(line)
        raise AssertionError(f"the shell ended at: {command}\n{''.join(said)}")

    def end(self) -> None:
        """End it, and what it left in the background."""
        with self.process:
            os.killpg(self.process.pid, 9)


def run_page(page: str, folder: Path, variables: Mapping[str, str] | None = None) -> int:
    """
    Run all blocks of a page; gives how many there were.

    Args:
        page: its text.
        folder: where it runs.
        variables: what else is in its environment, such as the address and keys of a sandbox.

    Raises:
        AssertionError: a block ended or printed otherwise than the page says.
    """
    shell, count = _Shell.start(folder, variables or {}), 0
    try:
        blocks = list(blocks_of(page))
        for at, block in enumerate(blocks):
            count += 1
            following = blocks[at + 1] if at + 1 < len(blocks) else None
            if block.reason is not None:
                count -= 1
            elif block.title is not None:
                path = folder / block.title
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, encoding="utf-8")
            elif block.language == "hidden":
                said, code = shell.run(block.text)
                assert code == 0, f"{block.text}\n{said}"
            elif block.language == "console":
                for command in commands_of(block.text):
                    _run(shell, command)
            elif block.language == "python":
                expected = following.text if following and following.language == "text" else ""
                _script(shell, block.text, expected, at)
            else:
                count -= 1
    finally:
        shell.end()
    return count


def _run(shell: _Shell, command: Command) -> None:
    said, code = shell.run(command.line)
    assert code == command.code, f"$ {command.line}\nended with {code}:\n{said}"
    _compare(said, command.output, command.line)


def _script(shell: _Shell, text: str, expected: str, number: int) -> None:
    name = f"test_block_{number}.py"
    (shell.folder / name).write_text(text, encoding="utf-8")
    runner = "python -W error"
    if "def test_" in text:
        runner += " -m pytest -q -p no:cacheprovider -p no:aiohttp -p no:asyncio"
        runner += " -p gameball_async.pytest_plugin"
    said, code = shell.run(f"{runner} {name}")
    assert code == 0, f"{text}\n{said}"
    _compare(said, expected.strip(), text)


def _compare(said: str, expected: str, what: str) -> None:
    if expected:
        # A line of "…" alone stands for no line, too.
        parts = expected.replace("\n…", "…").split("…")
        pattern = ".*?".join(map(re.escape, parts))
        assert re.fullmatch(pattern, said, re.DOTALL), f"{what}\nprinted:\n{said}\nnot:\n{expected}"


def main() -> None:
    """Runs the page that is named, with none of this project at hand, and says how long it took."""
    ours = os.path.dirname(sys.executable)
    path = [each for each in os.environ["PATH"].split(os.pathsep) if each != ours]
    page, begun = Path(sys.argv[1]), time.monotonic()
    with TemporaryDirectory() as folder:
        bare = {"PATH": os.pathsep.join(path), "PYTHONPATH": "", "PYTHONWARNINGS": ""}
        count = run_page(page.read_text(encoding="utf-8"), Path(folder), bare)
    print(f"{page}: {count} blocks in {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
