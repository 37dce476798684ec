"""What tests of balances that are killed share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from benchmarks.killable import Killer

CHUNK = 10


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    """A loop in a thread, where the sandbox runs."""
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    """Runs commands that are killed, in chunks of a few rows."""
    with Killer(CHUNK) as killer:
        yield killer
