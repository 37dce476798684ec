"""The example for Celery: real workers, a real Redis, and a kill in the middle of an import."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from benchmarks.redis_server import RedisServer
from gameball_async.sandbox import Sandbox, Workers
from tests.web.conftest import Times
from tests.web.web_desk import EXAMPLES, customers, environment_of, need

ROWS = 6000
WITHIN = 100.0
VISIBLE_AFTER = 2

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Celery does not run on Windows")


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A Redis of the test's own."""
    need(modules=("celery",), commands=("redis-server",))
    server = RedisServer(tmp_path)
    server.start()
    try:
        yield server.url
    finally:
        server.kill()


class Worker:
    """A Celery worker with two children, as a process group of its own."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "celery", "--workdir", str(EXAMPLES), "-A", "celery_worker",
                 "worker", "--concurrency", "2", "--loglevel", "INFO", "--without-mingle"],
                env={**os.environ, "REMAP_SIGTERM": "SIGQUIT", **environment}, stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, start_new_session=True, cwd=log.parent,
            )  # fmt: skip

    def kill_all(self) -> None:
        """As when the machine goes down: nobody is left to tell."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def kill_children(self) -> None:
        """As when the system is out of memory: the process that imports is gone."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        for child in children.split():
            os.kill(int(child), signal.SIGKILL)

    def deploy(self, *, group: bool) -> float:
        """As a service manager does: SIGTERM, to the worker or to all its processes; gives the seconds."""
        began = time.monotonic()
        (os.killpg if group else os.kill)(self.process.pid, signal.SIGTERM)
        self.process.wait(WITHIN)
        return time.monotonic() - began

    def close(self) -> None:
        """End it, whatever it does."""
        if self.process.poll() is None:
            self.kill_all()


@pytest.fixture
def start(redis_url: str, tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """Starts a worker that imports into a sandbox."""
    with ExitStack() as stack:

        def start(sandbox: Sandbox, **more: str) -> Worker:
            ours = {"REDIS_URL": redis_url, "VISIBLE_AFTER": str(VISIBLE_AFTER), **more}
            worker = Worker({**environment_of(sandbox), **ours}, tmp_path / "worker.log")
            stack.callback(worker.close)
            return worker

        yield start


def _half_way(app: Any, path: Path, log: Path) -> Any:
    """An import that a worker has begun, and has not done."""
    task = app.send_task("celery_worker.move", ["customers", str(path)])
    until = time.monotonic() + WITHIN
    while not (task.state == "PROGRESS" and task.info["succeeded"] >= 1000):
        assert task.state != "FAILURE", log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.05)
    return task


@pytest.mark.parametrize("killed", ["the machine", "the process that imports"])
def test_an_import_whose_worker_is_killed_goes_on_in_another_and_applies_every_row_once(
    start: Callable[..., Worker],
    redis_url: str,
    gameball: Callable[..., Sandbox],
    times: Times,
    tmp_path: Path,
    killed: str,
) -> None:
    celery: Any = pytest.importorskip("celery")
    path = tmp_path / "customers.csv"
    path.write_bytes(customers(ROWS))
    sandbox = gameball(service_time=Workers(1, 0.4))
    worker = start(sandbox)
    with celery.Celery(broker=redis_url, backend=redis_url) as app:
        task = _half_way(app, path, tmp_path / "worker.log")
        if killed == "the machine":
            worker.kill_all()
            # Redis hands out again what is overdue when a worker starts, and later every 100 s.
            time.sleep(VISIBLE_AFTER)
            worker = start(sandbox)
        else:
            worker.kill_children()
        report = task.get(timeout=WITHIN)
        assert (report["rows"], report["succeeded"], report["complete"]) == (ROWS, ROWS, True)
        task.forget()
    assert Counter(times(sandbox, "customers").values()) == {1: ROWS}
    assert worker.process.poll() is None


def test_an_import_that_redis_gives_out_again_while_it_runs_is_still_made_once(
    start: Callable[..., Worker],
    redis_url: str,
    gameball: Callable[..., Sandbox],
    times: Times,
    tmp_path: Path,
) -> None:
    """A worker that starts asks Redis for what is overdue, and cannot know that it is being done."""
    celery: Any = pytest.importorskip("celery")
    path = tmp_path / "customers.csv"
    path.write_bytes(customers(ROWS))
    sandbox = gameball(service_time=Workers(1, 2.5))
    start(sandbox)
    log = tmp_path / "worker.log"
    with celery.Celery(broker=redis_url, backend=redis_url) as app:
        task = _half_way(app, path, log)
        start(sandbox)
        until = time.monotonic() + WITHIN
        while "another process" not in log.read_text() or task.state != "SUCCESS":
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.1)
        assert (task.result["rows"], task.result["succeeded"]) == (ROWS, ROWS)
        task.forget()
    assert Counter(times(sandbox, "customers").values()) == {1: ROWS}


@pytest.mark.parametrize("group", [False, True], ids=["the worker", "all its processes"])
def test_a_deployment_waits_for_answers_under_way_and_the_next_worker_goes_on_at_once(
    start: Callable[..., Worker],
    redis_url: str,
    gameball: Callable[..., Sandbox],
    times: Times,
    tmp_path: Path,
    group: bool,
) -> None:
    """Adjustments are never sent again: one whose answer is not waited for stays in doubt for ever."""
    celery: Any = pytest.importorskip("celery")
    path = tmp_path / "points.csv"
    path.write_bytes(adjustments(ROWS))
    sandbox = gameball(service_time=Workers(1, 0.4))
    worker = start(sandbox, VISIBLE_AFTER="3600")
    with celery.Celery(broker=redis_url, backend=redis_url) as app:
        task = app.send_task("celery_worker.move", ["balance-adjustments", str(path)])
        sandbox.faults.delay(1.0, on="submit")
        _until(lambda: sandbox.counts["submit"] >= 2, tmp_path)
        assert worker.deploy(group=group) < 20  # an import that takes hours does not hold it up
        assert worker.process.returncode == 0
        assert task.state != "SUCCESS"
        sandbox.faults.clear()
        start(sandbox, VISIBLE_AFTER="3600")  # nothing has to become overdue
        report = task.get(timeout=WITHIN)
        assert (report["rows"], report["succeeded"], report["complete"]) == (ROWS, ROWS, True)
        task.forget()
    assert Counter(times(sandbox, "balance-adjustments").values()) == {1: ROWS}


def test_a_worker_whose_sigterm_would_wait_for_hours_says_so_when_it_starts(
    start: Callable[..., Worker], gameball: Callable[..., Sandbox], tmp_path: Path
) -> None:
    start(gameball(), REMAP_SIGTERM="")
    log = tmp_path / "worker.log"
    _until(lambda: "ready" in log.read_text(), tmp_path)
    assert "start this with REMAP_SIGTERM=SIGQUIT" in log.read_text()


def _until(what: Callable[[], bool], folder: Path) -> None:
    until = time.monotonic() + WITHIN
    while not what():
        assert time.monotonic() < until, (folder / "worker.log").read_text()
        time.sleep(0.02)


def adjustments(rows: int) -> bytes:
    """A CSV file of so many balance adjustments."""
    lines = [f"{n:06},{n + 1}" for n in range(rows)]
    return "\n".join(["customerId,amount", *lines, ""]).encode()
