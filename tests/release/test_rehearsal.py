"""How a rehearsal judges: what was not done has not passed, and a lower bound is what was tested."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.release.desk import ROOT, Desk, Failed, Line, NotDone, exit_code, table
from tests.release.installing import EXTRAS, PYTHONS, bounds_of, dishonest

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NOT_FOR_USERS = {"test", "dev", "examples", "bench", "docs"}


def raising(error: Exception) -> str:
    raise error


def test_what_was_not_done_has_not_passed_and_a_failure_ends_nothing_but_its_step(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path, tmp_path, tmp_path)
    desk.step("one", lambda: "fine")
    assert exit_code(desk.lines) == 0
    desk.step("two", lambda: raising(NotDone("no Python 3.99")))
    assert exit_code(desk.lines) == 2
    desk.step("three", lambda: raising(Failed("a warning")))
    desk.step("four", lambda: raising(KeyError("x")))
    assert exit_code(desk.lines) == 1
    assert [line.outcome for line in desk.lines] == ["passed", "not done", "FAILED", "FAILED"]
    *_, counts = table(desk.lines).splitlines()
    assert counts == "1 passed, 2 FAILED, 1 not done"
    assert "no Python 3.99" in table(desk.lines)


def test_nothing_of_the_source_tree_or_of_an_account_reaches_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAMEBALL_SECRET_KEY", "s3cret")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    said = Desk(tmp_path, tmp_path, tmp_path).run("env", env={"GIVEN": "this"})
    assert "s3cret" not in said and "PYTHONPATH" not in said
    assert "GIVEN=this" in said


def test_a_command_that_ends_otherwise_is_a_failure_with_its_last_words(tmp_path: Path) -> None:
    desk = Desk(tmp_path, tmp_path, tmp_path)
    with pytest.raises(Failed, match="ended with 3: why"):
        desk.run("sh", "-c", "echo why; exit 3")
    assert desk.run("sh", "-c", "echo why; exit 3", code=3) == "why\n"


def test_a_bound_below_what_can_be_installed_is_found() -> None:
    pins = "attrs==24.3.0\nclick==8.1.8\nanyio==4.16.0\n"
    assert dishonest({"click": "8.1.8", "anyio": "4.16"}, pins) == []
    assert dishonest({"attrs": "24.2"}, pins) == [
        "pyproject.toml says attrs>=24.2, but the lowest that can be installed is 24.3.0"
    ]


def test_every_extra_of_users_is_rehearsed_and_all_of_its_requirements_have_bounds() -> None:
    assert set(EXTRAS[1:]) == set(PROJECT["optional-dependencies"]) - NOT_FOR_USERS
    for extra in EXTRAS:
        bounds = bounds_of(PROJECT, extra)
        own = PROJECT["optional-dependencies"].get(extra, [])
        names = {each.partition(">=")[0] for each in [*PROJECT["dependencies"], *own]}
        assert {name for name in names if "[" not in name} <= set(bounds)
    assert bounds_of(PROJECT, "report").keys() >= {"click", "rich", "jinja2", "attrs"}


def test_the_classifiers_name_no_python_that_is_not_rehearsed() -> None:
    named = {
        each.rpartition(":: ")[2] for each in PROJECT["classifiers"] if ":: Python :: 3." in each
    }
    assert named <= set(PYTHONS)
    assert PROJECT["requires-python"] == f">={min(PYTHONS)}"


def test_every_line_fits_where_no_step_was_done() -> None:
    assert table([Line("a", "passed", "")]).endswith("1 passed, 0 FAILED, 0 not done")
