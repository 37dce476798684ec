"""The steps that build a release and look at what is in it."""

from __future__ import annotations

import os
import re
import tarfile
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

from tests.release.desk import Desk, Failed, NotDone

NEEDED = (
    "gameball_async/py.typed",
    "gameball_async/cli/page/page.html.j2",
    "gameball_async/cli/page/page.css",
    "gameball_async/limits/quota.lua",
    "gameball_async/mapping/presets/shopify-orders.toml",
    "gameball_async/_examples/fastapi_app.py",
    "gameball_async/_examples/page.html",
)
ENTRY_POINTS = (
    "[console_scripts]\ngameball-async = gameball_async.__main__:main\n",
    "[pytest11]\ngameball_async.pytest_plugin = gameball_async.pytest_plugin\n",
)
LINKS = """
import sys
from readme_renderer.markdown import render
print(render(sys.stdin.read()) or "")
"""


def build(desk: Desk, repository: str) -> str:
    """The source distribution, and from it the wheel."""
    desk.run(
        desk.tools / "python", "-m", "build", "--installer", "uv", "--outdir", desk.out, desk.source,
        env={"REPOSITORY_URL": repository, "PATH": f"{desk.tools}:{os.environ['PATH']}"},
    )  # fmt: skip
    return f"{desk.wheel.name}, {desk.sdist.name}"


def check_with_twine(desk: Desk) -> str:
    """What an index would refuse."""
    said = desk.run(desk.tools / "twine", "--no-color", "check", "--strict", desk.wheel, desk.sdist)
    if said.count("PASSED") != 2:
        raise Failed(said)
    return "both"


def check_contents(desk: Desk) -> str:
    """Common mistakes in a wheel."""
    return desk.run(desk.tools / "check-wheel-contents", desk.wheel).strip().rpartition(": ")[2]


def look_into(desk: Desk) -> str:
    """Our own files: the template, the presets, the entry points, and no sample data."""
    said = problems_of(desk.wheel, desk.sdist)
    if said:
        raise Failed("; ".join(said))
    return (
        f"{len(names_of(desk.wheel))} files in the wheel, {len(names_of(desk.sdist))} in the source"
    )


def problems_of(wheel: Path, sdist: Path) -> list[str]:
    """What is missing in a release, or should not be in it."""
    names = names_of(wheel)
    said = [f"the wheel lacks {name}" for name in NEEDED if name not in names]
    said += [
        f"the wheel has {name}"
        for name in names
        if not name.startswith(("gameball_async/", "gameball_async-")) or name.endswith(".pyc")
    ]
    with zipfile.ZipFile(wheel) as file:
        texts = [file.read(name).decode() for name in names if name.endswith("entry_points.txt")]
    said += [f"no entry point {each!r}" for each in ENTRY_POINTS if each not in "".join(texts)]
    sources = names_of(sdist)
    for name in ("hatch_build.py", "tests/conftest.py", "docs/guarantees.md", "CHANGELOG.md"):
        if not any(each.endswith(f"/{name}") for each in sources):
            said.append(f"the source distribution lacks {name}")
    return said + [f"{name} is sample data" for name in sources if "tests/data/" in name]


def names_of(archive: Path) -> list[str]:
    """The files in it."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as file:
            return file.namelist()
    with tarfile.open(archive) as tar:
        return tar.getnames()


def metadata_of(wheel: Path) -> Message:
    """What an index is told."""
    with zipfile.ZipFile(wheel) as file:
        name = next(name for name in file.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_bytes(file.read(name))


def check_links(desk: Desk, repository: str) -> str:
    """Each link of the description, as an index renders it: an address, or a place on the page."""
    page = desk.work / "description.md"
    payload = metadata_of(desk.wheel).get_payload(decode=True)
    assert isinstance(payload, bytes)
    page.write_bytes(payload)
    said = desk.run("sh", "-c", f'"{desk.tools}/python" -c "$0" < description.md', LINKS)
    broken = broken_links(said)
    if broken:
        raise Failed(f"broken on an index: {', '.join(broken)}")
    if not repository:
        raise NotDone(
            "no link is broken, but those to the documentation are plain text and the project has no "
            "URLs: say where it lies with --repository URL"
        )
    return f"{said.count('href=')} links"


def broken_links(html: str) -> list[str]:
    """Targets in a rendered page that are neither addresses nor on it."""
    places = set(re.findall(r'\bid="([^"]*)"', html))
    targets = re.findall(r'\b(?:href|src)="([^"]*)"', html)
    return [
        target
        for target in targets
        if not target.startswith(("https://", "http://", "mailto:"))
        and (not target.startswith("#") or target[1:] not in places)
    ]


def check_changelog(desk: Desk) -> str:
    """The version has an entry."""
    version = metadata_of(desk.wheel)["Version"]
    text = (desk.source / "CHANGELOG.md").read_text(encoding="utf-8")
    if not re.search(rf"^## \[?{re.escape(version)}\b", text, re.MULTILINE):
        raise Failed(f"CHANGELOG.md has no entry for {version}, the version in __init__.py")
    return f"has {version}"
