"""
One quota shared by four processes through a real Redis, as the sandbox counts it.

    python -m benchmarks.bench_shared [--quick]

Each process has eight callers that ask for a job's status as fast as they are let. The sandbox, in a
process of its own, holds each request and each answer for 0 to 50 ms, counts arrivals in exact windows
and refuses what is above them with 429. Redis is a redis-server started for this, on loopback.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from .bench_quota import WINDOWS
from .record import Gate, Result, finish, table
from .redis_server import RedisServer
from .sandbox_process import Books, sandbox_process
from .shared_workers import Windows, workers

__all__ = ["run"]

PROCESSES = 4
JITTER = 0.05
"""Seconds that each request and each answer takes, at most."""


def _measure(windows: Windows, spans: int) -> tuple[Books, float, list[int], list[int], int]:
    """
    Run for so many of the longest windows after the first.

    Returns:
        The sandbox's books, seconds after the first window, answers of each process in all and after
        the first window, and the scripts that Redis has run.
    """
    longest = max(seconds for _, seconds in windows)
    with (
        tempfile.TemporaryDirectory() as folder,
        RedisServer(Path(folder)) as server,
        sandbox_process(limits=windows, latency=(0.0, JITTER)) as ((origin, *keys), ask),
        workers(origin, keys, server.url, windows, PROCESSES) as at_work,
    ):
        time.sleep(longest)
        began = time.monotonic()
        first = [worker.count() for worker in at_work]
        time.sleep(spans * longest)
        seconds = time.monotonic() - began
        last = [worker.count() for worker in at_work]
        books = ask()
        with server.client() as own:
            scripts = own.info("commandstats")["cmdstat_evalsha"]["calls"]
        for worker in at_work:
            worker.stop()
    later = [b - a for a, b in zip(first, last, strict=True)]
    return books, seconds, last, later, scripts


def run(*, windows: Windows = WINDOWS, spans: int = 2) -> Result:
    """
    Measure.

    Args:
        windows: the account's limits.
        spans: how many of the longest windows are measured after the first.
    """
    books, seconds, all_of, later, scripts = _measure(windows, spans)
    limit, longest = max(windows, key=lambda window: window[1])
    allowed = limit * seconds / longest
    gates = [
        *(
            Gate(f"requests in any {length:g} s, as the server counts", books.peaks[length], most)
            for most, length in windows
        ),
        Gate("answers that said 429", books.rate_limited, 0),
        Gate("part of the quota used, after the first window", sum(later) / allowed, 0.9, True),
        Gate("most of a process / least of a process", max(later) / min(later), 1.25),
    ]
    heads = ("", *(f"process {n}" for n in range(1, PROCESSES + 1)), "together", "allowed")
    rows = [
        ("first window", *(a - b for a, b in zip(all_of, later, strict=True)),
         sum(all_of) - sum(later), limit),
        (f"next {seconds:.1f} s", *later, sum(later), round(allowed)),
    ]  # fmt: skip
    text = f"""
{PROCESSES} processes of eight callers each, 0 to {1000 * JITTER:g} ms each way, limits
{", ".join(f"{most} in {length:g} s" for most, length in windows)}. Answers by process:

{table(heads, rows)}

Redis ran the script {scripts:,} times, {scripts / sum(all_of):.2f} times for each request.
"""
    figures = {
        "processes": PROCESSES,
        "windows": windows,
        "seconds": seconds,
        "answers": all_of,
        "answers_after_the_first_window": later,
        "allowed_after_the_first_window": allowed,
        "scripts": scripts,
    }
    return Result("shared", "One quota, four processes", gates, text, figures)


def main() -> None:
    """Read the arguments, run, write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="short windows; nothing is written")
    quick = parser.parse_args().quick
    finish(run(windows=((12, 0.4), (40, 3.0)), spans=3) if quick else run(), keep=not quick)


if __name__ == "__main__":
    main()
