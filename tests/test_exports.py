"""The public surface: every name is there, documented, and comes from where it is said to."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

import gameball_async

MODULES = [
    module.name
    for module in pkgutil.walk_packages(gameball_async.__path__, "gameball_async.")
    if not module.name.endswith("__main__")
]


def test_all_public_names_exist_and_are_sorted_into_all() -> None:
    for name in gameball_async.__all__:
        assert hasattr(gameball_async, name), name
    assert len(set(gameball_async.__all__)) == len(gameball_async.__all__)


@pytest.mark.parametrize("name", [n for n in gameball_async.__all__ if n[0].isupper()])
def test_every_public_class_has_a_docstring(name: str) -> None:
    value = getattr(gameball_async, name)
    if inspect.isclass(value):
        assert value.__doc__


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_is_for(name: str) -> None:
    if name.startswith("gameball_async.integrations.dlt"):
        pytest.importorskip("dlt", reason="dlt is not installed: pip install 'gameball_async[dlt]'")
    assert (importlib.import_module(name).__doc__ or "").strip()


def test_every_error_is_in_the_tree_and_in_its_drawing() -> None:
    errors = importlib.import_module("gameball_async.errors")
    for name in errors.__all__:
        value = getattr(errors, name)
        if inspect.isclass(value) and issubclass(value, BaseException):
            assert issubclass(value, errors.GameballError)
            assert name in (errors.__doc__ or "")


def test_a_star_import_brings_only_public_names() -> None:
    assert not [
        name for name in gameball_async.__all__ if name.startswith("_") and name != "__version__"
    ]
