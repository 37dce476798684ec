"""What the tests of the web examples call: a server in a process of its own, a reader of its events."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import IO, Any, NamedTuple

import pytest
from attrs import define, field

from benchmarks.redis_server import free_port
from gameball_async.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
START_WITHIN = 30.0
SOON = 15.0
"""Seconds within which a busy machine has done what takes one or two; what must not be waited for takes longer."""
USER = "imports_of=somebody"
"""The cookie that tells the examples whose imports are asked for."""


def need(*, modules: tuple[str, ...] = (), commands: tuple[str, ...] = ()) -> None:
    """Skip the test where something is not installed; fail it where REQUIRE_EXAMPLES is 1."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    missing += [name for name in commands if shutil.which(name) is None]
    if not missing:
        return
    reason = f"not installed: {', '.join(missing)}"
    if os.environ.get("REQUIRE_EXAMPLES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


class Event(NamedTuple):
    """A server-sent event."""

    id: str
    name: str
    data: Any


class Stream:
    """The events of one reader, as a browser would get them."""

    def __init__(self, port: int, import_id: str, last: str | None = None) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {"Cookie": USER} | ({} if last is None else {"Last-Event-ID": last})
        self.connection.request("GET", f"/imports/{import_id}/events", headers=headers)
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200
        assert self.answer.headers["Content-Type"].startswith("text/event-stream")

    def __iter__(self) -> Iterator[Event]:
        fields: dict[str, str] = {}
        for line in iter(self.answer.readline, b""):
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "data" in fields:
                yield Event(fields["id"], fields["event"], json.loads(fields["data"]))
                fields = {}
        self.close()

    def close(self) -> None:
        """Leave, as a tab does that is closed."""
        self.answer.close()
        self.connection.close()


@define
class Server:
    """A web server in a process of its own, and the files that it writes."""

    command: list[str]
    port: int
    folder: Path
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] = field(init=False)
    _errors: IO[bytes] = field(init=False, factory=tempfile.TemporaryFile)
    _streams: list[Stream] = field(init=False, factory=list)

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.process = subprocess.Popen(
            self.command,
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=self._errors,
            stderr=self._errors,
        )
        until = time.monotonic() + START_WITHIN
        while not self._answers():
            assert self.process.poll() is None, self.errors()
            assert time.monotonic() < until, self.errors()
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def errors(self) -> str:
        """All that it has written to its standard output and its standard error."""
        self._errors.seek(0)
        return self._errors.read().decode()

    def stop(self) -> float:
        """Ask it to shut down, as a service manager does; gives the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        return time.monotonic() - began

    def close(self) -> None:
        """End it, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)
        for stream in self._streams:
            stream.close()
        self._errors.close()

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        content_type: str = "text/csv",
        user: str = USER,
    ) -> tuple[int, Any]:
        """One request; gives the status, and the answer's JSON."""
        status, said = self.fetch(method, path, body, content_type, user)
        return status, json.loads(said)

    def fetch(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        content_type: str = "text/csv",
        user: str = USER,
    ) -> tuple[int, bytes]:
        """One request of a user; gives the status, and the answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            headers = {"Cookie": user} if user else {}
            if body is not None:
                headers["Content-Type"] = content_type
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def post(self, kind: str, body: bytes, content_type: str = "text/csv") -> str:
        """Start an import; gives its id."""
        status, said = self.ask("POST", f"/imports/{kind}", body, content_type)
        assert status == 202, said
        import_id: str = said["id"]
        return import_id

    def stream(self, import_id: str, last: str | None = None) -> Stream:
        """A new reader of an import's events; *last* is the last event that it has seen."""
        stream = Stream(self.port, import_id, last)
        self._streams.append(stream)
        return stream

    def home(self) -> Path:
        """Where the imports of the user are."""
        name = hashlib.sha256(USER.partition("=")[2].encode()).hexdigest()[:32]
        return self.folder / "imports" / name

    def tabs(self) -> int:
        """Connections to its port that the process has open."""
        ours = set[str]()
        for descriptor in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed since
                ours.add(os.readlink(descriptor).removeprefix("socket:"))
        sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        here, listens = f":{self.port:04X}", "0A"
        return sum(
            each[1].endswith(here) and each[3] != listens and f"[{each[9]}]" in ours
            for each in sockets
        )


def server_of(framework: str, sandbox: Sandbox, folder: Path, app: str | None = None) -> Server:
    """An example's server, not started yet, that imports into *sandbox*."""
    port = free_port()
    if framework == "fastapi":
        need(modules=("fastapi", "uvicorn"))
        command = [sys.executable, "-m", "uvicorn", "--app-dir", str(EXAMPLES), "--port", str(port)]
        command += ["--timeout-graceful-shutdown", "2", "fastapi_app:app"]
    else:
        command = [sys.executable, str(EXAMPLES / "aiohttp_app.py"), str(port)]
    return Server(command, port, folder, environment_of(sandbox))


def environment_of(sandbox: Sandbox) -> dict[str, str]:
    """What the examples read."""
    return {
        "GAMEBALL_API_KEY": sandbox.api_key,
        "GAMEBALL_SECRET_KEY": sandbox.secret_key,
        "GAMEBALL_BASE_URL": sandbox.url,
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error::ResourceWarning",
        "PYTHONASYNCIODEBUG": "",
    }


def customers(rows: int) -> bytes:
    """A CSV file of so many customers."""
    lines = [f"{n:06},a{n}@example.com" for n in range(rows)]
    return "\n".join(["customerId,email", *lines, ""]).encode()
