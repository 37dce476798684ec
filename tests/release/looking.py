"""The steps that use what is installed: other people's tests, types, other installers, bills of materials."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from tests.release.desk import Desk, Failed
from tests.release.installing import EXTRAS, find_python, install

PLUGIN = "gameball_async.pytest_plugin"
ALL = ",".join(EXTRAS[1:])
ROUNDS = 11
MOST = 1.1
FOREIGN = """
import pytest

@pytest.mark.parametrize("n", range(200))
def test_trivial(n):
    assert n >= 0
"""
LOADED = """
import json, sys

def pytest_unconfigure():
    with open("modules.json", "w") as file:
        json.dump(sorted(sys.modules), file)
"""
SPEC = "gameball_async[cli] @ {}"


def everything(desk: Desk) -> Path:
    """An environment with all extras that users have, at their newest."""
    folder = desk.work / "environments" / "everything"
    if not folder.is_dir():
        install(desk, find_python(desk, "3.12"), ALL, folder, "pytest")
    return folder


def foreign_suite(desk: Desk) -> str:
    """
    200 tests of somebody who has the package installed and does not use it: no warning, no import, no time.

    Processor time, the least of some rounds by turns, so that a busy machine tells the same.
    """
    home = everything(desk) / "bin" / "python"
    place = desk.work / "foreign"
    place.mkdir()
    (place / "test_foreign.py").write_text(FOREIGN, encoding="utf-8")
    (place / "conftest.py").write_text(LOADED, encoding="utf-8")
    without = _suite(desk, home, place, "-p", f"no:{PLUGIN}")
    brought = _suite(desk, home, place) - without
    if brought != {"gameball_async", PLUGIN}:
        raise Failed(f"the plugin brings {', '.join(sorted(brought))}")
    times: dict[str, list[float]] = {"with": [], "without": []}
    for _ in range(ROUNDS):
        times["with"].append(_seconds(home, place))
        times["without"].append(_seconds(home, place, "-p", f"no:{PLUGIN}"))
    ratio = min(times["with"]) / min(times["without"])
    said = f"no warning, no module but its own, {ratio:.3f} times the processor time"
    if ratio > MOST:
        raise Failed(said)
    return said


def _suite(desk: Desk, home: Path, place: Path, *options: str) -> set[str]:
    said = desk.run(*_pytest(home, *options), cwd=place)
    if not re.search(r"^200 passed in ", said, re.MULTILINE) or "warning" in said.lower():
        raise Failed(f"the foreign suite said: {said}")
    return set(json.loads((place / "modules.json").read_text(encoding="utf-8")))


def _pytest(home: Path, *options: str) -> tuple[str, ...]:
    return (str(home), "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider",
            "--strict-config", "--strict-markers", *options)  # fmt: skip


def _seconds(home: Path, place: Path, *options: str) -> float:
    before = os.times()
    subprocess.run(_pytest(home, *options), cwd=place, capture_output=True, check=True)
    after = os.times()
    return (
        after.children_user
        + after.children_system
        - (before.children_user + before.children_system)
    )


def verify_types(desk: Desk) -> str:
    """Pyright knows the type of everything that is public."""
    command = (desk.tools / "pyright", "--verifytypes", "gameball_async", "--ignoreexternal")
    path = f"{everything(desk) / 'bin'}:{os.environ['PATH']}"
    said = desk.run(*command, "--outputjson", code=None, env={"PATH": path})
    found = json.loads(said[said.index("{") :])["typeCompleteness"]
    public = [each for each in found["symbols"] if each["isExported"]]
    unknown = [
        each["name"] for each in public if not each["isTypeKnown"] or each["isTypeAmbiguous"]
    ]
    if unknown or found["completenessScore"] < 1:
        raise Failed(f"{found['completenessScore']:.2%}; not known: {', '.join(unknown)}")
    return f"100 % of {len(public):,} names"


def with_uvx(desk: Desk) -> str:
    """As a reader of the page on installing would: with the extra it works, without it says how."""
    spec, wheel = SPEC.format(desk.wheel.as_uri()), desk.wheel
    uvx = (desk.tools / "uvx", "--no-progress", "--python", find_python(desk, "3.12"), "--from")
    said = desk.run(*uvx, spec, "gameball-async", "--version")
    hint = desk.run(*uvx, wheel, "gameball-async", "--version", code=2)
    if "uvx --from 'gameball_async[cli]' gameball-async" not in hint:
        raise Failed(f"without the extra it says: {hint}")
    return f"{said.splitlines()[-1]}; without the extra it says how"


def with_pipx(desk: Desk) -> str:
    """Both ways of pipx."""
    spec = SPEC.format(desk.wheel.as_uri())
    places = {
        "PIPX_HOME": str(desk.work / "pipx"),
        "PIPX_BIN_DIR": str(desk.work / "pipx-bin"),
        "PIPX_DEFAULT_PYTHON": str(find_python(desk, "3.12")),
    }
    pipx = desk.tools / "pipx"
    once = desk.run(pipx, "run", "--spec", spec, "gameball-async", "--version", env=places)
    desk.run(pipx, "install", spec, env=places)
    kept = desk.run(desk.work / "pipx-bin" / "gameball-async", "--version")
    if once.splitlines()[-1] != kept.strip():
        raise Failed(f"pipx run says {once!r}, pipx install {kept!r}")
    return f"run and install: {kept.strip()}"


def bills_of_materials(desk: Desk) -> str:
    """CycloneDX, of the package alone and of the package with all extras, as installed newest."""
    plain = desk.work / "environments" / "materials"
    install(desk, find_python(desk, "3.12"), "", plain)
    said = []
    for name, folder in (("plain", plain), ("all-extras", everything(desk))):
        file = desk.out / "sbom" / f"{desk.wheel.name.split('-py3')[0]}-{name}.cdx.json"
        file.parent.mkdir(exist_ok=True)
        desk.run(
            desk.tools / "cyclonedx-py", "environment", folder / "bin" / "python", "--output-reproducible",
            "--pyproject", desk.source / "pyproject.toml", "--output-file", file,
        )  # fmt: skip
        found = json.loads(file.read_text(encoding="utf-8"))["components"]
        said.append(f"{len(found)} components {name}")
    return ", ".join(said)
