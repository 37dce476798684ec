"""A real redis-server of our own: on loopback, on a free port, with nothing kept on the disk."""

from __future__ import annotations

import random
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, Self

import redis

__all__ = ["EXECUTABLE", "RedisServer", "free_port"]

EXECUTABLE = shutil.which("redis-server")

_PORTS = count(random.randrange(11_000, 31_000))
"""Below those that a system gives out by itself: nobody is given one before our server has begun to listen."""


def free_port() -> int:
    """A port that nobody listens on, another one each time."""
    while True:
        port = next(_PORTS)
        with socket.socket() as sock, suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


class RedisServer:
    """
    Args:
        folder: where it runs.
        settings: as on its command line, without the dashes.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self.port = free_port()
        self._folder = folder
        self._settings = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "save": "",
            "appendonly": "no",
            "dir": str(folder),
            "logfile": str(folder / "redis.log"),
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self, **options: Any) -> redis.Redis:
        """A plain client of its own, to look and to change things."""
        return redis.Redis(port=self.port, socket_timeout=5, **options)

    def start(self) -> None:
        assert EXECUTABLE is not None, "there is no redis-server here: apt-get install redis-server"
        options = [part for name, value in self._settings.items() for part in (f"--{name}", value)]
        self._process = subprocess.Popen(
            [EXECUTABLE, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 10
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1):
                    return
            except OSError:
                assert time.monotonic() < deadline, "redis-server did not start"
                time.sleep(0.01)

    def kill(self) -> None:
        """As by ``kill -9``: all that it knew is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def freeze(self) -> None:
        """Connections stay open, and nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
