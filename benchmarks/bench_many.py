"""
Four imports of one export at once, sharing one account's quota through one Redis.

    python -m benchmarks.bench_many [--quick]

Each is the command as a person starts it, ``import`` with ``--shared-quota``, in a process of its own with a
quarter of the rows. It is done with the limits that Gameball documents and with a quota ten times as high,
and beside each one process that does it all. The sandbox, in a process of its own too, counts arrivals in
exact windows, refuses what is above them with 429, and counts what it applied.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from gameball_async.sandbox import LogNormal

from .bench_growth import some_rows
from .record import Gate, Result, finish, table
from .redis_server import RedisServer
from .sandbox_process import Books, sandbox_process
from .shared_workers import Windows

__all__ = ["run"]

PROCESSES = 4
DOCUMENTED: Windows = ((30, 1.0), (360, 30.0))
TENFOLD: Windows = ((300, 1.0), (3600, 30.0))
JITTER = 0.05
"""Seconds that each request and each answer takes, at most."""
JOBS = LogNormal(mean=5.0, sigma=0.5)


@frozen
class Import:
    """What some processes did together: their accounts, the time and the CPU of them all."""

    processes: int
    windows: Windows
    accounts: Sequence[dict[str, Any]]
    seconds: float
    cpu: float
    books: Books

    @property
    def least(self) -> float:
        """Seconds that the quota prescribes for as many requests as were sent."""
        sent: int = sum(account["requests"] for account in self.accounts)
        return max((sent - most) * length / most for most, length in self.windows)

    @property
    def succeeded(self) -> int:
        return sum(account["succeeded"] for account in self.accounts)


def _write_parts(folder: Path, rows: int, parts: int) -> list[Path]:
    """The export, cut into so many files."""
    paths = [folder / f"part-{number}.jsonl" for number in range(1, parts + 1)]
    each = -(-rows // parts)
    source = some_rows(rows)
    for path in paths:
        with path.open("w", encoding="utf-8") as file:
            for _, row in zip(range(each), source, strict=False):
                file.write(json.dumps(row) + "\n")
    return paths


def _import(folder: Path, rows: int, processes: int, windows: Windows) -> Import:
    """Import all rows with so many processes at once."""
    paths = _write_parts(folder, rows, processes)
    quota = ",".join(f"{most}/{length:g}" for most, length in windows)
    with (
        RedisServer(folder) as redis,
        sandbox_process(limits=windows, latency=(0.0, JITTER), service_time=JOBS, discard=True) as (
            (origin, key, secret),
            ask,
        ),
    ):
        keys = {"GAMEBALL_API_KEY": key, "GAMEBALL_SECRET_KEY": secret}
        command = [sys.executable, "-m", "gameball_async", "import", "customers"]
        options = ["--json", "--no-check", "--base-url", origin, "--quota", quota]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.monotonic()
        running = [
            subprocess.Popen(
                [*command, str(path), *options, "--shared-quota", redis.url],
                env={**os.environ, **keys},
                stdout=subprocess.PIPE,
            )
            for path in paths
        ]
        accounts = [json.loads(process.communicate()[0]) for process in running]
        seconds = time.monotonic() - began
        assert [process.returncode for process in running] == [0] * processes
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Import(processes, windows, accounts, seconds, cpu, ask())


def run(*, rows: int = 1_000_000) -> Result:
    """
    Measure.

    Args:
        rows: customers in the export.
    """
    found = []
    for windows in (DOCUMENTED, TENFOLD):
        for processes in (PROCESSES, 1):
            with tempfile.TemporaryDirectory() as folder:
                found.append(_import(Path(folder), rows, processes, windows))
            print(f"{processes} with {windows}: {found[-1].seconds:.1f} s", flush=True)
    runs = [
        {
            "processes": each.processes,
            "limits": each.windows,
            "seconds": each.seconds,
            "least": each.least,
            "cpu": each.cpu,
            "requests": [account["requests"] for account in each.accounts],
        }
        for each in found
    ]
    figures = {"rows": rows, "runs": runs}
    return Result(
        "many", "One export, four imports", _gates(found, rows), _text(found, rows), figures
    )


def _gates(found: Sequence[Import], rows: int) -> list[Gate]:
    shared = [each for each in found if each.processes > 1]
    over = max(each.books.peaks[length] - most for each in found for most, length in each.windows)
    times = [account["seconds"] for account in shared[0].accounts]
    return [
        Gate("rows that did not succeed", sum(rows - each.succeeded for each in found), 0),
        Gate("customers applied twice or not at all",
             sum(abs(rows - each.books.applied["customers"]) for each in found), 0),
        Gate("requests above a window's limit, as the server counts", max(0, over), 0),
        Gate("answers that said 429", sum(each.books.rate_limited for each in found), 0),
        Gate("four processes / one, the documented limits: time", found[0].seconds / found[1].seconds, 1.1),
        Gate("longest / shortest of the four", max(times) / min(times), 1.1),
    ]  # fmt: skip


def _text(found: Sequence[Import], rows: int) -> str:
    heads = ("limits", "processes", "seconds", "least", "requests", "rows a second", "CPU s of all")
    lines = [
        (
            ", ".join(f"{most} in {length:g} s" for most, length in each.windows),
            each.processes,
            f"{each.seconds:.1f}",
            f"{each.least:.1f}",
            f"{sum(account['requests'] for account in each.accounts):,}",
            f"{rows / each.seconds:,.0f}",
            f"{each.cpu:.1f}",
        )
        for each in found
    ]
    return f"""
{rows:,} customers in JSON Lines, {PROCESSES} files or one, imported by the command with a journal, jobs of {JOBS.mean:g} s
on average, 0 to {1000 * JITTER:g} ms each way. Starting the processes is part of the seconds. "Least" is what the quota prescribes for
the requests that were sent, without the time that the last jobs take. The sandbox and Redis share the machine's cores.

{table(heads, lines)}
"""


def main() -> None:
    """Read the arguments, run, write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="few rows; nothing is written")
    quick = parser.parse_args().quick
    finish(run(rows=60_000) if quick else run(), keep=not quick)


if __name__ == "__main__":
    main()
