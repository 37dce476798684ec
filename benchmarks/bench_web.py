"""
A web app's event loop while it imports: 50 requests a second, and 16 chunks of 1,000 customers.

Four processes: the example for FastAPI on uvicorn with a probe in its loop, the visitors, the sandbox,
and this one, which uploads the file and reads the import's events.

    python -m benchmarks.bench_web
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

import orjson
from attrs import asdict, define, field

from . import shop
from .loop_lag import Holds, quantile
from .record import Gate, Result, table, write
from .redis_server import free_port
from .sandbox_process import sandbox_process
from .web_load import load

__all__ = ["run"]

ROOT = Path(__file__).parents[1]
CHUNKS = 16
PER_SECOND = 50.0
ALONE = "only the probe"
VISITED = "50 requests a second"
IMPORTING = "the same, and an import"
IDLE_SECONDS = 3.0
USER = "imports_of=somebody"


@define
class Seen:
    """What was measured of one situation, over all rounds."""

    holds: Holds = field(factory=Holds)
    answers: list[float] = field(factory=list)
    seconds: list[float] = field(factory=list)

    def add(self, found: dict[str, list[float]]) -> None:
        """Add one round's holds."""
        self.holds.probe += found["probe"]
        self.holds.own += found["own"]
        self.holds.rounds += found["rounds"]
        self.holds.callbacks += found["callbacks"]


class App:
    """The web app, as its visitors reach it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.origin = f"http://127.0.0.1:{port}"

    def ask(self, method: str, path: str, body: bytes | None = None) -> Any:
        """One request."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            headers = {"Content-Type": "application/jsonl", "Cookie": USER}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            said = json.loads(answer.read())
            assert answer.status < 300, said
            return said
        finally:
            connection.close()

    def import_all(self, body: bytes) -> dict[str, Any]:
        """Upload a file and read the import's events to the end; gives the last state."""
        import_id = self.ask("POST", "/imports/customers", body)["id"]
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", f"/imports/{import_id}/events", headers={"Cookie": USER})
            *_, last = (line for line in connection.getresponse() if line.startswith(b"data: "))
        finally:
            connection.close()
        state: dict[str, Any] = json.loads(last.removeprefix(b"data: "))
        return state


@contextmanager
def web_app(sandbox: tuple[str, str, str]) -> Iterator[App]:
    """The app in a process of its own."""
    app = App(free_port())
    url, api_key, secret_key = sandbox
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "--app-dir", str(ROOT / "docs" / "examples"),
             "--log-level", "warning", "--port", str(app.port), "--loop", "asyncio", "--http", "h11",
             "benchmarks.web_app:app"],
            env={
                **os.environ, "PYTHONPATH": str(ROOT), "IMPORTS": folder,
                "GAMEBALL_API_KEY": api_key, "GAMEBALL_SECRET_KEY": secret_key,
                "GAMEBALL_BASE_URL": url,
            },
        )  # fmt: skip
        try:
            _wait_for(app.port, process)
            yield app
        finally:
            process.terminate()
            process.wait(30)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the app did not start")


def _round(app: App, body: bytes, known: str, seen: dict[str, Seen], *, inside: bool) -> None:
    for name in (ALONE, VISITED, IMPORTING):
        with load(app.origin, f"/imports/{known}", PER_SECOND, {"Cookie": USER}) as stop:
            if name == ALONE:
                stop()
            time.sleep(0.2)
            app.ask("POST", f"/probe?inside={inside}")
            began = time.perf_counter()
            if name == IMPORTING:
                end = app.import_all(body)
                assert end["succeeded"] == CHUNKS * shop.ROWS, end
            else:
                time.sleep(IDLE_SECONDS)
            seconds = time.perf_counter() - began
            found = app.ask("DELETE", "/probe")
            if name != ALONE:
                answers = stop()
                if not inside:  # timing the rounds costs time too
                    seen[name].answers += answers
            seen[name].seconds.append(seconds)
        seen[name].add(found)


def run(*, rounds: int = 10) -> Result:
    """
    Measure everything.

    Args:
        rounds: how often each situation is measured.
    """
    body = b"\n".join(map(orjson.dumps, shop.mappings(CHUNKS)))
    seen = {name: Seen() for name in (ALONE, VISITED, IMPORTING)}
    busy = [os.getloadavg()[0]]
    with sandbox_process(limits=None) as (sandbox, _), web_app(sandbox) as app:
        known = app.ask("POST", "/imports/customers", b'{"customerId": "known"}')["id"]
        for _ in range(rounds):
            _round(app, body, known, seen, inside=False)
            _round(app, body, known, seen, inside=True)
    busy.append(os.getloadavg()[0])
    return _result(seen, rounds, busy, len(body))


def _result(seen: dict[str, Seen], rounds: int, busy: list[float], size: int) -> Result:
    found = {name: each.holds.summary() for name, each in seen.items()}
    lag, at_rest = found[IMPORTING], found[VISITED]
    own = {name: 1000 * quantile(each.holds.own, 0.99) for name, each in seen.items()}
    gates = [
        Gate("lag of the loop during imports, p99 of the probe, ms", lag.probe_p99, 10.0),
        Gate("the same, less the time it stood in line for a core, ms", own[IMPORTING], 10.0),
        Gate("the same in CPU, p99 of the loop's rounds, ms", lag.round_p99, 10.0),
    ]
    heads = (
        "situation", "samples", "lag p50 ms", "p99 ms", "max ms", "own p99 ms", "round CPU p99 ms", "max ms",
        "answer p50 ms", "p99 ms", "max ms", "seconds, median",
    )  # fmt: skip
    rows = [
        (
            name, s.samples, s.probe_p50, s.probe_p99, s.probe_max, own[name], s.round_p99, s.round_max,
            *(1000 * quantile(seen[name].answers, part) for part in (0.5, 0.99, 1.0)),
            median(seen[name].seconds),
        )
        for name, s in found.items()
    ]  # fmt: skip
    text = f"""
The example for FastAPI (`docs/examples/fastapi_app.py`) on uvicorn, plain asyncio and h11, in a process of
its own. A file of {CHUNKS * shop.ROWS:,} customers ({size:,} bytes, JSON lines) is uploaded to it and imported into a sandbox
in another process, while visitors in a third ask for an import's state {PER_SECOND:.0f} times a second, and one
reader follows the events. Measured from the first byte of the upload to the last event, {rounds} times.

{table(heads, rows)}

The probe sleeps 1 ms at a time, and tells by how much it woke too late, whoever was to blame: the import,
the visitors, or other processes on the machine's {os.cpu_count()} cores, four of which are the benchmark's own. With
visitors alone, p99 was {at_rest.probe_p99:.3g} ms. *Own* leaves out what the loop's thread stood in line for a core, as
the system counts it: what the machine was busy with is not in it, a lock that another thread of the app holds is.
The loop's rounds (all that ran between two looks at what is ready) are timed in runs of their own, in CPU time.
Load of the machine, before and after: {busy[0]:.2f}, {busy[1]:.2f}{_priority()}.
"""
    figures = {
        "rounds": rounds,
        "load_average": busy,
        "situations": {
            name: {
                **asdict(summary),
                "own_p99": own[name],
                "answers": len(seen[name].answers),
                "answer_p50": 1000 * quantile(seen[name].answers, 0.5),
                "answer_p99": 1000 * quantile(seen[name].answers, 0.99),
                "seconds": seen[name].seconds,
            }
            for name, summary in found.items()
        },
    }
    return Result("web", "A web app's event loop while it imports", gates, text, figures)


def _priority() -> str:
    """Whether these processes go before others, as Linux tells of each session."""
    try:
        nice = int(Path("/proc/self/autogroup").read_text(encoding="ascii").split()[-1])
    except (OSError, ValueError, IndexError):
        return ""
    return f"; other work on it came after this (priority {nice})" if nice < 0 else ""


if __name__ == "__main__":
    result = run()
    write(result)
    print(result.markdown())
    sys.exit(0 if result.met else 1)
