"""Shared by all: async tests run on asyncio, property tests without deadlines, no secret is logged."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests import sampling
from tests.canaries import Watch

# Tests start some hundred command lines, and each would compile the whole package again.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

settings.register_profile(
    "default",
    deadline=None,
    max_examples=sampling.of(100, 50),
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.register_profile(  # the same examples each time, and what fails is not made smaller
    "mutation",
    settings.get_profile("default"),
    derandomize=True,
    max_examples=30,
    phases=(Phase.explicit, Phase.generate),
)
settings.load_profile("default")


@pytest.hookimpl(optionalhook=True)  # also where xdist is not loaded
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """More workers than processors for ``-n logical``: many tests wait for processes and clocks."""
    if config.option.dist == "no":
        config.option.dist = "worksteal"
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    ours = getattr(os, "sched_getaffinity", None)
    return (len(ours(0)) if ours else os.cpu_count() or 1) + 3


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with those that wait for seconds, spread over the workers, so that none is the last."""
    long = [item for item in items if item.get_closest_marker("long")]
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    others = [item for item in items if not item.get_closest_marker("long")]
    items.clear()
    for worker in range(workers):
        share = slice(worker * len(others) // workers, (worker + 1) * len(others) // workers)
        items += [*long[worker::workers], *others[share]]


def pytest_collection_finish() -> None:
    """What was imported stays: looking for garbage need not go through it in every test."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def anyio_backend() -> str:
    """The library runs where aiohttp does."""
    return "asyncio"


@pytest.fixture(autouse=True)
def canary_watch() -> Iterator[Watch]:
    """No test logs a key or an address, at whatever level it logs."""
    watch = Watch()
    logging.getLogger().addHandler(watch)
    yield watch
    logging.getLogger().removeHandler(watch)
    assert not watch.found
