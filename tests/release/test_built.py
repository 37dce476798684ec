"""What a build makes of this tree, with nothing installed: files, metadata, links of the description."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gameball_async import __version__
from tests.release.building import broken_links, metadata_of, names_of, problems_of
from tests.release.desk import ROOT

pytest.importorskip("hatchling", reason="hatchling is of the extra `test`")
URL = "https://example.org/you/gameball_async"


def build(folder: Path, repository: str = "") -> tuple[Path, Path]:
    """Build both; gives the wheel and the source distribution."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder)],
        cwd=ROOT,
        env={**os.environ, "REPOSITORY_URL": repository},
        capture_output=True,
        check=True,
    )
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """As it is built where nothing says where the repository is."""
    return build(tmp_path_factory.mktemp("dist"))


def test_a_release_has_our_files_and_entry_points_and_no_sample_data(
    built: tuple[Path, Path],
) -> None:
    assert problems_of(*built) == []
    examples = {file.name for file in (ROOT / "docs" / "examples").glob("*.*")}
    shipped = {Path(name).name for name in names_of(built[0]) if "/_examples/" in name}
    assert shipped == examples


def test_no_link_is_broken_and_no_address_is_invented(built: tuple[Path, Path]) -> None:
    page = metadata_of(built[0])
    text = page.get_payload(decode=True)
    assert isinstance(text, bytes)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "](docs/" in readme
    assert "](docs/" not in text.decode() and "![" not in text.decode()
    assert page.get_all("Project-URL") is None
    assert (page["Version"], page["Description-Content-Type"]) == (__version__, "text/markdown")


def test_links_go_to_the_files_of_the_version_where_the_repository_is_known(tmp_path: Path) -> None:
    page = metadata_of(build(tmp_path, f"{URL}/")[0])
    text = page.get_payload(decode=True)
    assert isinstance(text, bytes)
    tag = f"v{__version__}"
    assert f"]({URL}/blob/{tag}/docs/resume.md)" in text.decode()
    assert "](docs/" not in text.decode()
    urls = dict(each.split(", ") for each in page.get_all("Project-URL") or [])
    assert urls["Source"] == URL
    for url in urls.values():
        _, _, name = url.partition(f"/{tag}/")
        assert not name or name == "docs/security.md" or (ROOT / name).exists(), url


def test_a_link_that_does_not_hold_is_found() -> None:
    html = '<h2 id="a">A</h2><a href="#a">x</a><a href="https://b">y</a><a href="docs/c.md"></a><img src="d.svg"><a href="#e">'
    assert broken_links(html) == ["docs/c.md", "d.svg", "#e"]
