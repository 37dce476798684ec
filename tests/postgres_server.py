"""A PostgreSQL server of the tests' own, where one is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def _program(name: str) -> str:
    found = shutil.which(name, path=os.pathsep.join([*map(str, FOLDERS), os.environ["PATH"]]))
    if found is None:
        if os.environ.get("REQUIRE_POSTGRES"):
            pytest.fail(f"{name} is not installed, but REQUIRE_POSTGRES is set")
        pytest.skip(f"{name} is not installed (Debian: apt-get install postgresql)")
    return found


@contextmanager
def postgres() -> Iterator[str]:
    """Start a server on a free port of the loopback; gives SQLAlchemy's URL of its database."""
    initdb, server = _program("initdb"), _program("postgres")
    pytest.importorskip("psycopg", reason="psycopg, PostgreSQL's driver, is not installed")
    # It refuses to run as root.
    user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    folder = tempfile.mkdtemp(prefix="gameball-postgres-", dir="/tmp")
    shutil.chown(folder, user)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = {"user": user} if os.getuid() == 0 else {}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    make = [initdb, "-D", f"{folder}/data", "-U", "tests", "--no-sync", "-A", "trust", "-E", "UTF8"]
    subprocess.run(make, check=True, cwd=folder, **options, **quiet)  # type: ignore[call-overload]
    run = [server, "-D", f"{folder}/data", "-p", str(port), "-k", folder, "-h", "127.0.0.1", "-F"]
    process = subprocess.Popen(run, cwd=folder, **options, **quiet)  # type: ignore[call-overload]
    try:
        _wait_for(port, process)
        yield f"postgresql+psycopg://tests@127.0.0.1:{port}/postgres"
    finally:
        process.send_signal(2)  # a fast shutdown: sessions that are left are ended
        process.wait(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    import psycopg

    for _ in range(200):
        assert process.poll() is None, "the server has ended"
        try:
            psycopg.connect(f"host=127.0.0.1 port={port} user=tests dbname=postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server does not answer")
