"""Shared by all: async tests run on asyncio, property tests without deadlines, no secret is logged."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.canaries import Watch

settings.register_profile(
    "default", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile(  # the same examples each time, and what fails is not made smaller
    "mutation",
    settings.get_profile("default"),
    derandomize=True,
    max_examples=30,
    phases=(Phase.explicit, Phase.generate),
)
settings.load_profile("default")


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
