"""Where a rehearsal works, how it runs commands, and what it says of each step."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PASSED, FAILED, NOT_DONE = "passed", "FAILED", "not done"


class Failed(Exception):
    """A step found something wrong."""


class NotDone(Exception):
    """A step cannot be done on this machine."""


class Line(NamedTuple):
    """One line of the table at the end."""

    step: str
    outcome: str
    said: str


@dataclass
class Desk:
    """
    A rehearsal under way.

    Attributes:
        work: a folder of its own, removed at the end.
        out: where the wheel, the source distribution and the bills of materials go.
        source: a copy of what is to be released, without what git ignores.
        lines: what became of each step.
    """

    work: Path
    out: Path
    source: Path
    lines: list[Line] = field(default_factory=list)

    @property
    def tools(self) -> Path:
        """The programs that a rehearsal needs."""
        return self.work / "tools" / "bin"

    @property
    def wheel(self) -> Path:
        """The wheel that was built."""
        return _one(self.out, "*.whl")

    @property
    def sdist(self) -> Path:
        """The source distribution that was built."""
        return _one(self.out, "*.tar.gz")

    def step(self, name: str, what: Callable[[], str]) -> None:
        """Do one step, and note what became of it."""
        print(f"== {name}", flush=True)
        began = monotonic()
        try:
            outcome, said = PASSED, what()
        except NotDone as reason:
            outcome, said = NOT_DONE, str(reason)
        except Failed as reason:
            outcome, said = FAILED, str(reason)
        except Exception as error:  # noqa: BLE001 - the other steps are still to be done
            outcome, said = FAILED, f"{type(error).__name__}: {error}"
        print(f"   {outcome} ({monotonic() - began:.0f} s): {said}", flush=True)
        self.lines.append(Line(name, outcome, said))

    def run(
        self,
        *command: str | Path,
        code: int | None = 0,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> str:
        """
        Run a command outside the source tree, and give what it prints, both streams.

        Raises:
            Failed: it ended with another code than *code*, which is None for any.
        """
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd or self.work,
            env=_environment() | dict(env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if code is not None and done.returncode != code:
            words = " ".join(str(part) for part in command[:4])
            tail = "\n".join(done.stdout.splitlines()[-25:])
            print(tail, file=sys.stderr)
            raise Failed(f"`{words} …` ended with {done.returncode}: {_last_line(done.stdout)}")
        return done.stdout

    def uv(self, *command: str | Path) -> str:
        """Run uv, which downloads no Python unless a step says so."""
        return self.run(self.tools / "uv", "--no-progress", *command)


def table(lines: list[Line]) -> str:
    """All steps, one a line, and how many ended how."""
    width = max(len(line.step) for line in lines)
    rows = [f"{line.step:{width}}  {line.outcome:8}  {line.said}" for line in lines]
    counts = [
        f"{sum(line.outcome == outcome for line in lines)} {outcome}"
        for outcome in (PASSED, FAILED, NOT_DONE)
    ]
    return "\n".join([*rows, ", ".join(counts)])


def exit_code(lines: list[Line]) -> int:
    """0 where every step passed, 1 where one failed, 2 where one was not done."""
    outcomes = {line.outcome for line in lines}
    return 1 if FAILED in outcomes else 2 if NOT_DONE in outcomes else 0


def _environment() -> dict[str, str]:
    """The caller's, without the source tree, another virtual environment and the account's keys."""
    unwanted = ("GAMEBALL_", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONWARNINGS", "REPOSITORY_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no word")


def _one(folder: Path, pattern: str) -> Path:
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise Failed(f"{folder} has {len(found)} files {pattern}, not one")
    return found[0]
