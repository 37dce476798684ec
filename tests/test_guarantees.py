"""Every promise names a test or a benchmark that exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
PROMISES = re.findall(
    r"^- .*?(?=^- |^## |\Z)", PAGE.partition("## What cannot")[0], re.MULTILINE | re.DOTALL
)


@cache
def names_in(path: str) -> frozenset[str]:
    """The tests that pytest collects from a file: the functions at its top that are named so."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, kinds))


def test_there_are_promises() -> None:
    assert len(PROMISES) > 50


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise[2:60])
def test_each_promise_names_a_test(promise: str) -> None:
    assert re.search(r"`tests/[\w/]+\.py::test_\w+`", promise)


@pytest.mark.parametrize(("path", "name"), NAMED, ids=lambda part: part.rpartition("/")[2])
def test_each_test_that_is_named_exists(path: str, name: str) -> None:
    assert name in names_in(path)


def test_each_result_that_is_named_exists() -> None:
    for path in re.findall(r"`(benchmarks/results/\S+)`", PAGE):
        assert (ROOT / path).is_file(), path


def test_what_cannot_be_promised_is_said() -> None:
    said = PAGE.partition("## What cannot be promised")[2]
    assert "Exactly once for balance adjustments and events" in said
