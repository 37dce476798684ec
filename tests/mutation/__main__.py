"""
Changes the modules that decide, one small change at a time, and lists the changes that no test notices.

``python -m tests.mutation`` tries all modules, ``python -m tests.mutation limits/retry`` some. mutmut
makes the changes and runs the tests that come near each. Added here: which tests those are (`nearest`),
properties (`properties`), and whether docs/mutation.md has judged what survives.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path

from attrs import frozen

from tests.mutation.nearest import NEAREST
from tests.mutation.properties import GETTER, without_properties

ROOT = Path(__file__).parents[2]
WORK = ROOT / ".mutation"
JUDGED = ROOT / "docs" / "mutation.md"
GATE = 90.0
"""Percent of the changes to each module that must be noticed."""
NOTICED = ("killed", "timeout", "segfault")

_SETTINGS = """
[tool.mutmut]
source_paths = ["gameball_async"]
only_mutate = ["gameball_async/{module}.py"]
also_copy = ["benchmarks"]
pytest_add_cli_args_test_selection = [{tests}]
pytest_add_cli_args = [
    "--hypothesis-profile=mutation", "-p", "no:xdist", "-p", "no:unraisableexception",
]
timeout_multiplier = 4.0
timeout_constant = 2.0
track_dependencies = false
"""


@frozen
class Found:
    """
    What became of the changes to a module.

    Attributes:
        noticed: how many a test noticed.
        survivors: the others, as rows of the table in docs/mutation.md without their reason.
    """

    noticed: int
    survivors: list[str]

    @property
    def part(self) -> float:
        """Percent of the changes that were noticed."""
        return 100.0 * self.noticed / max(1, self.noticed + len(self.survivors))

    def told(self, module: str, judged: str) -> str:
        """The same in words."""
        unjudged = sum(row not in judged for row in self.survivors)
        return (
            f"{module}: {self.noticed} of {self.noticed + len(self.survivors)} killed "
            f"({self.part:.1f} %), {len(self.survivors)} survived, {unjudged} of them not judged"
        )


def prepare(module: str) -> Path:
    """A working directory for one module: the project's code and tests, and mutmut's settings."""
    work = WORK / module.replace("/", "-")
    shutil.rmtree(work, ignore_errors=True)
    without = shutil.ignore_patterns("__pycache__", "results")
    for folder in ("gameball_async", "tests", "benchmarks"):
        shutil.copytree(ROOT / folder, work / folder, ignore=without)
    source = work / "gameball_async" / f"{module}.py"
    source.write_text(without_properties(source.read_text("utf-8")), "utf-8")
    tests = ", ".join(f'"tests/{test}"' for test in NEAREST[module])
    settings = (ROOT / "pyproject.toml").read_text("utf-8")
    settings += _SETTINGS.format(module=module, tests=tests)
    (work / "pyproject.toml").write_text(settings, "utf-8")
    return work


def mutmut(work: Path, *arguments: str) -> str:
    """What mutmut says in a working directory."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"mutmut {' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def row_of(name: str, diff: str) -> str:
    """A change as a row of a table: where it is, the line that it changes, and what becomes of that."""
    where = name.rpartition(".")[2].partition("__mutmut_")[0].replace("ǁ", ".").replace(GETTER, "")
    old, new = (_changed(diff, sign) for sign in "-+")
    return f"| `{where.removeprefix('x_').removeprefix('x.')}` | `{old}` | `{new}` |"


def _changed(diff: str, sign: str) -> str:
    """The lines of a diff that begin with *sign*, in one."""
    lines = [line for line in diff.splitlines() if line[:1] == sign and line[:3] != sign * 3]
    return " ".join(line[1:].strip() for line in lines).replace("|", "\\|")


def tried(module: str) -> Found:
    """Try every change to one module."""
    work = prepare(module)
    mutmut(work, "run", "--max-children", "1")
    noticed, survivors, lines = 0, [], []
    for line in mutmut(work, "results", "--all", "true").splitlines():
        name, _, status = line.strip().rpartition(": ")
        if status in NOTICED:
            noticed += 1
        elif name:
            survivors.append(row_of(name, mutmut(work, "show", name)))
            lines.append(f"{survivors[-1]} {status}: {name}\n")
    work.with_suffix(".txt").write_text("".join(lines), "utf-8")
    return Found(noticed, survivors)


def main() -> int:
    """Try the changes to the modules that are named; 1 where too many were not noticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("module", nargs="*", help="such as limits/retry; all where none is given")
    modules = parser.parse_args().module or list(NEAREST)
    if unknown := [module for module in modules if module not in NEAREST]:
        parser.error(f"no such module: {', '.join(unknown)}; there are {', '.join(NEAREST)}")
    judged = JUDGED.read_text("utf-8")
    all_found = []
    for module in modules:
        all_found.append(tried(module))
        print(all_found[-1].told(module, judged), flush=True)
    survivors = list(chain.from_iterable(each.survivors for each in all_found))
    print(Found(sum(each.noticed for each in all_found), survivors).told("all", judged))
    print(f"The changes that survived are in {WORK.relative_to(ROOT)}/*.txt")
    for row in survivors:
        if row not in judged:
            print(f"not judged in docs/mutation.md: {row}")
    return int(any(each.part < GATE for each in all_found))


if __name__ == "__main__":
    sys.exit(main())
