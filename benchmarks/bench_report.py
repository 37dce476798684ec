"""
What a page of a large run takes: its size, and the time and memory to make it from the journal.

    python -m benchmarks.bench_report [--chunks 10000]

The journal is of a run that never was, with chunks of 1,000 rows, one of which is refused in each; some
chunks are in doubt, and the process was killed and resumed once. Reading and drawing happen in a process of
their own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from gameball_async.rows.outcome import Reason

from .past_run import Past
from .record import Gate, Result, table, write

READ = """
import json, resource, sys, time
from gameball_async.cli.page.figures import figures_of
from gameball_async.cli.page.render import page_of
from gameball_async.journal.journal import read_journal
began = time.perf_counter()
journal = read_journal(sys.argv[1])
read = time.perf_counter()
figures = figures_of(journal, sys.argv[1])
added = time.perf_counter()
page = page_of(figures, 0.0)
drawn = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([figures.rows, len(page.encode()), read - began, added - read, drawn - added, peak]))
"""


def run(chunks: int = 10_000) -> Result:
    """Measure a small and a large run."""
    rows = [_measure(chunks // 100), _measure(chunks)]
    (_, small, *_), (_, large, *_) = rows
    gates = [
        Gate("MB of the largest page", max(small, large) / 1e6, 2.0),
        Gate("size of the page of 100 times the rows, times the small one's", large / small, 1.5),
    ]
    heads = ("rows", "bytes of the page", "s to read", "s to add up", "s to draw", "MiB at most")
    return Result(
        "report", "A page of a large run", gates, table(heads, rows),
        {"runs": [dict(zip(heads, each, strict=True)) for each in rows]},
    )  # fmt: skip


def _measure(chunks: int) -> tuple[int, int, float, float, float, float]:
    past = Past(
        chunks=chunks, failed=1, rejected=1_000, killed_after=chunks // 2,
        in_doubt=tuple(range(3, chunks, max(1, chunks // 5))),
        why=lambda row: Reason(f"no such customer: customer-{row:07}", 7000),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = past.write(Path(folder) / "large.gbjournal")
        done = subprocess.run(
            [sys.executable, "-c", READ, str(path)], capture_output=True, check=True, text=True
        )
    rows, size, read, added, drawn, peak = json.loads(done.stdout)
    return rows, size, read, added, drawn, peak


def main() -> int:
    """Run what the command line asks for, and write it down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_report", description=__doc__)
    parser.add_argument("--chunks", type=int, default=10_000)
    result = run(parser.parse_args().chunks)
    print(result.markdown())
    write(result)
    return 0 if result.met else 1


if __name__ == "__main__":
    sys.exit(main())
