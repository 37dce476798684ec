"""
``python -m tests.release``: rehearses a release, from the build to each way of installing it.

Needs git, pip and a network (or a mirror that pip and uv are set up for), nothing that is installed. Ends with a
table: 0 where every step passed, 1 where one failed, 2 where one could not be done here.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from functools import partial
from pathlib import Path

from tests.release import building, installing, looking
from tests.release.desk import ROOT, Desk, exit_code, table

TOOLS = (
    "build", "check-wheel-contents", "cyclonedx-bom", "pipx", "pyright", "readme-renderer[md]", "twine",
    "uv",
)  # fmt: skip


def set_up(desk: Desk) -> str:
    """Copy what git knows, or would, and install the tools."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],  # noqa: S607
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (desk.source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, desk.source / name)
    venv.create(desk.tools.parent, with_pip=True)
    desk.run(desk.tools / "python", "-m", "pip", "install", "--quiet", *TOOLS)
    return ", ".join(TOOLS)


def rehearse(desk: Desk, repository: str, pythons: list[str], extras: list[str]) -> None:
    """All steps, one after the other."""
    desk.step("tools", partial(set_up, desk))
    desk.step("build", partial(building.build, desk, repository))
    desk.step("twine check --strict", partial(building.check_with_twine, desk))
    desk.step("check-wheel-contents", partial(building.check_contents, desk))
    desk.step("what is in it", partial(building.look_into, desk))
    desk.step("changelog", partial(building.check_changelog, desk))
    desk.step("links on an index", partial(building.check_links, desk, repository))
    for version in pythons:
        installing.try_python(desk, version, extras)
    desk.step("a foreign test suite", partial(looking.foreign_suite, desk))
    desk.step("pyright --verifytypes", partial(looking.verify_types, desk))
    desk.step("uvx", partial(looking.with_uvx, desk))
    desk.step("pipx", partial(looking.with_pipx, desk))
    desk.step("bills of materials", partial(looking.bills_of_materials, desk))


def main() -> None:
    """Read the arguments and do it."""
    parser = argparse.ArgumentParser(prog="python -m tests.release", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=ROOT / "dist", help="default: dist, emptied first"
    )
    parser.add_argument(
        "--repository",
        default=os.environ.get("REPOSITORY_URL", ""),
        metavar="URL",
        help="where the release's files can be read; default: $REPOSITORY_URL",
    )
    parser.add_argument("--python", action="append", metavar="VERSION", help="only these")
    parser.add_argument("--extra", action="append", choices=installing.EXTRAS, help="only these")
    given = parser.parse_args()
    shutil.rmtree(given.out, ignore_errors=True)
    given.out.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        desk = Desk(work, given.out.resolve(), work / "source")
        desk.source.mkdir()
        rehearse(
            desk,
            given.repository,
            given.python or list(installing.PYTHONS),
            given.extra or list(installing.EXTRAS),
        )
    print(f"\n{table(desk.lines)}")
    sys.exit(exit_code(desk.lines))


if __name__ == "__main__":
    main()
