"""
Fixtures for your tests: a sandbox, and a client for it.

They are plain fixtures, so they work in sync tests and with any plugin for async tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .client import GameballClient
    from .sandbox import Sandbox

__all__ = ["gameball_client", "gameball_sandbox"]


@pytest.fixture
def gameball_sandbox() -> Iterator[Sandbox]:
    """A fast sandbox on a free local port, in a separate thread. It needs no configuration."""
    from .sandbox import Constant, SandboxThread

    with SandboxThread(service_time=Constant(0.05)) as sandbox:
        yield sandbox


@pytest.fixture
def gameball_client(gameball_sandbox: Sandbox) -> GameballClient:
    """A client of `gameball_sandbox`. Open it with ``async with``."""
    from .client import GameballClient

    return GameballClient(
        gameball_sandbox.api_key, gameball_sandbox.secret_key, base_url=gameball_sandbox.url
    )
