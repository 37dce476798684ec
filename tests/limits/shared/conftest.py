"""A redis-server for each test that asks for one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.redis_server import EXECUTABLE, RedisServer


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """
    A running server that forgets all when it is killed.

    Where there is none to start, the test is skipped; with ``REQUIRE_SERVERS=1`` it fails.
    """
    if EXECUTABLE is None:
        assert not os.environ.get("REQUIRE_SERVERS"), "redis-server is required, and is not here"
        pytest.skip("there is no redis-server here: apt-get install redis-server")
    server = RedisServer(tmp_path)
    server.start()
    try:
        yield server
    finally:
        server.kill()
