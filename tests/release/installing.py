"""The steps that install the wheel: each extra, at its lowest versions and at its newest, on each Python."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from functools import partial
from pathlib import Path

from tests.release.desk import PASSED, Desk, Failed, NotDone

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
EXTRAS = ("", "cli", "arrow", "excel", "sql", "zstd", "redis", "otel", "report", "dlt")
SMOKE = Path(__file__).with_name("smoke.py")
_AT_LEAST = re.compile(r"([\w.-]+)(?:\[[\w,]*\])?>=([\d.]+)$")


def find_python(desk: Desk, version: str) -> Path:
    """
    An interpreter that starts: on the path, of pyenv or of uv.

    Raises:
        NotDone: there is none.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for candidate in (f"python{version}", *map(str, sorted(pyenv.glob(f"{version}.*/bin/python")))):
        test = "import sys; print(*sys.version_info[:2], sep='.'); print(sys.executable)"
        try:
            done = subprocess.run(
                [candidate, "-c", test], capture_output=True, text=True, check=True
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        found, path = done.stdout.split("\n")[:2]
        if found == version:
            return Path(path)
    find = (desk.tools / "uv", "python", "find", "--no-python-downloads", "--managed-python")
    said = desk.run(*find, version, code=None).strip()
    if "error" in said or not said:
        raise NotDone(
            f"there is no Python {version} here: `uv python install {version}` brings one"
        )
    return Path(said.splitlines()[-1])


def install(desk: Desk, python: Path, extras: str, folder: Path, *more: str | Path) -> Path:
    """Install the wheel into a new environment; gives its Python."""
    desk.uv("venv", "--quiet", "--clear", "--python", python, folder)
    wanted = f"gameball_async{f'[{extras}]' if extras else ''} @ {desk.wheel.as_uri()}"
    home = folder / "bin" / "python"
    # Wheels only, as people get them: nothing is compiled.
    desk.uv("pip", "install", "--quiet", "--no-build", "--python", home, wanted, *more)
    return home


def lowest_versions(desk: Desk, python: Path, extra: str) -> Path:
    """
    A file that pins what pyproject.toml names to the lowest versions it admits.

    Raises:
        Failed: a bound there is lower than what can be installed.
    """
    pins = desk.work / f"lowest-{extra or 'plain'}.txt"
    desk.uv(
        "pip", "compile", "--quiet", "--resolution", "lowest-direct", "--python", python,
        "--no-annotate", "--no-header", *(("--extra", extra) if extra else ()),
        desk.source / "pyproject.toml", "--output-file", pins,
    )  # fmt: skip
    project = tomllib.loads((desk.source / "pyproject.toml").read_text(encoding="utf-8"))
    wrong = dishonest(bounds_of(project["project"], extra), pins.read_text(encoding="utf-8"))
    if wrong:
        raise Failed("; ".join(wrong))
    return pins


def bounds_of(project: dict[str, object], extra: str) -> dict[str, str]:
    """The lower bound of each requirement of the package and of one extra, by name."""
    optional = project["optional-dependencies"]
    always = project["dependencies"]
    assert isinstance(optional, dict) and isinstance(always, list)
    wanted, bounds = [*always, *optional.get(extra, [])], dict[str, str]()
    while wanted:
        text = wanted.pop().partition(";")[0].strip()
        own = re.fullmatch(r"gameball_async\[([\w,]+)\]", text)
        if own:
            wanted += [each for name in own[1].split(",") for each in optional[name]]
            continue
        found = _AT_LEAST.match(text)
        if found:
            bounds[found[1].lower()] = found[2]
    return bounds


def dishonest(bounds: dict[str, str], pins: str) -> list[str]:
    """Bounds below the lowest version that fits together with all others."""
    pinned = dict(re.findall(r"^([\w.-]+)(?:\[.*\])?==([\w.]+)", pins, re.MULTILINE))
    return [
        f"pyproject.toml says {name}>={bound}, but the lowest that can be installed is {pinned[name]}"
        for name, bound in bounds.items()
        if _numbers(pinned[name]) != _numbers(bound)
    ]


def _numbers(version: str) -> list[int]:
    numbers = [int(part) for part in re.findall(r"\d+", version)]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return numbers


def try_extra(desk: Desk, python: Path, extra: str, *, lowest: bool) -> str:
    """
    Install one extra for one Python, and use it against the sandbox.

    At the newest versions warnings are errors; old ones may warn of what a newer Python will drop.
    """
    more: list[str | Path] = []
    if lowest:
        more = ["--constraint", lowest_versions(desk, python, extra)]
    folder = desk.work / "environments" / str(len(desk.lines))
    home = install(desk, python, extra, folder, *more)
    place = folder / "place"
    place.mkdir()
    strict = () if lowest else ("-W", "error")
    return desk.run(home, *strict, SMOKE, extra or "plain", cwd=place).strip().splitlines()[-1]


def try_python(desk: Desk, version: str, extras: list[str]) -> None:
    """Each extra on one Python, at its lowest and at its newest; one step where that Python is missing."""
    desk.step(f"Python {version}", lambda: str(find_python(desk, version)))
    if desk.lines[-1].outcome != PASSED:
        return
    python = Path(desk.lines[-1].said)
    for extra in extras:
        for bound in ("lowest", "newest"):
            name = f"{version} [{extra}] {bound}" if extra else f"{version} {bound}"
            what = partial(try_extra, desk, python, extra, lowest=bound == "lowest")
            desk.step(name, what)
