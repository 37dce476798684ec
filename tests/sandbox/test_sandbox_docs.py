"""The guide to the sandbox names every key and every fault, and its scenarios are ones."""

from __future__ import annotations

import inspect
import re
import tomllib
from pathlib import Path
from typing import Any

import attrs
import pytest

from gameball_async.cli.serving import sandbox as command
from gameball_async.sandbox import Faults, Sandbox, Scenario
from gameball_async.sandbox.scenario import FAULT_TABLES, FailRule, File

GUIDE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")
PARTS = ("account", "quota", "jobs", "items")
TABLES: list[Any] = [
    FailRule,
    *FAULT_TABLES.values(),
    *(attrs.fields_dict(File)[part].type for part in PARTS),
]
NAMES = {
    "seed",
    "latency",
    *FAULT_TABLES,
    *(f.name for table in TABLES for f in attrs.fields(table)),
}
NAMES -= {"fail"}  # a list of tables, with a heading of its own


def test_the_scenarios_of_the_guide_can_be_played() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    assert blocks
    for block in blocks:
        Sandbox(scenario=Scenario.of(tomllib.loads(block)))


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_key_and_fault_is_in_a_table_of_the_guide(name: str) -> None:
    assert re.search(rf"^\|[^\n]*`{name}`", GUIDE, re.MULTILINE), name


def test_every_fault_and_option_of_the_command_is_told_of() -> None:
    for name, method in vars(Faults).items():
        if inspect.isfunction(method) and "when" in inspect.signature(method).parameters:
            assert f"| `{name}` |" in GUIDE
    for option in command.params:
        assert f"`{option.opts[0]}" in GUIDE or option.opts[0] in ("--host", "--port"), option.opts
