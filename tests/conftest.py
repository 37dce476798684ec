"""Shared settings: async tests run on asyncio, property tests without deadlines."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "default", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("default")


@pytest.fixture
def anyio_backend() -> str:
    """The library runs where aiohttp does."""
    return "asyncio"
