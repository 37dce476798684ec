"""The command that copies the examples."""

from __future__ import annotations

from pathlib import Path

from tests.cli.cli_desk import ROOT, Run


def test_the_examples_are_copied_and_what_is_there_is_left_alone(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "shop" / "app"
    done = run("examples", folder)
    assert done.exit_code == 0
    ours = {file.name: file.read_bytes() for file in (ROOT / "docs" / "examples").glob("*.*")}
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == ours
    assert sorted(done.stdout.split()) == [str(folder / name) for name in sorted(ours)]
    (folder / "imports.py").write_text("mine", encoding="utf-8")
    (folder / "page.html").unlink()
    again = run("examples", folder)
    assert again.exit_code == 1
    assert again.stdout.split() == [str(folder / "page.html")]
    assert "imports.py already exists, and was not overwritten" in again.stderr
    assert (folder / "imports.py").read_text(encoding="utf-8") == "mine"


def test_a_folder_that_cannot_be_made_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("examples", tmp_path / "file" / "shop")
    assert done.exit_code == 2
    assert "cannot be written (Not a directory)" in done.stderr
