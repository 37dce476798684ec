"""
What the journal costs a run, and how long opening a long one takes.

    python -m benchmarks.bench_journal [--chunks 10000] [--rows 1000]

Writing is measured in processes of their own: their memory, their processor time, and (where `strace`
is there) how often the kernel was asked to sync.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import anyio
import orjson

from gameball_async.api.kinds import Replay
from gameball_async.journal.header import Header
from gameball_async.journal.history import Used
from gameball_async.journal.journal import JournalFile
from gameball_async.journal.state import left_to_do
from gameball_async.rows.chunk import Chunk
from gameball_async.rows.outcome import Outcome

from .record import Gate, Result, table, write

__all__ = ["main", "run"]

_HEADER = Header("cashback", "account", "https://api.example", "v4.0", "unique")
STILL_OPEN = 8
"""Chunks that are not settled when the journal is opened again."""
CHUNK_SECONDS = 1 / 6
"""Of a run at the limits: 12 requests a second, a submission and a poll for each chunk."""


def _positions(chunks: int, rows: int, shuffled: bool) -> Iterator[list[int]]:
    """The rows of each chunk; shuffled as rows that wait for others leave: not far from home."""
    chance, step = random.Random(1), 20
    for first in range(0, chunks, step):
        part = list(range(first * rows, min(first + step, chunks) * rows))
        if shuffled:
            chance.shuffle(part)
        for start in range(0, len(part), rows):
            yield part[start : start + rows]


async def _write(path: Path, chunks: int, rows: int, shuffled: bool) -> dict[str, float]:
    journal = JournalFile.create(path, _HEADER)
    ends = [Outcome.SUCCEEDED] * rows
    wall = cpu = 0.0
    for number, mine in enumerate(_positions(chunks, rows, shuffled), 1):
        chunk = Chunk(
            number,
            mine,
            [f"customer-{n}" for n in mine],
            [f"transaction-{n}" for n in mine],
            [b'{"customerId":"customer-%d","amount":1.5}' % n for n in mine],
        )
        started, worked = time.perf_counter(), time.process_time()
        await journal.intended(chunk, resent=False)
        await journal.accepted(number, number, resent=False)
        if number <= chunks - STILL_OPEN:
            await journal.settled(number, ends, {})
        wall += time.perf_counter() - started
        cpu += time.process_time() - worked
    await journal.aclose(Used(), False)
    return {
        "wall": wall / chunks,
        "cpu": cpu / chunks,
        "peak": float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1024,
    }


def _written(path: Path, chunks: int, rows: int, shuffled: bool = False) -> dict[str, float]:
    """Write a journal in a process of its own; what that took."""
    command = [sys.executable, "-m", __spec__.name, "--write", str(path)]
    command += ["--chunks", str(chunks), "--rows", str(rows)] + ["--shuffled"] * shuffled
    done = subprocess.run(command, check=True, capture_output=True)
    found: dict[str, float] = orjson.loads(done.stdout)
    return {**found, "bytes": path.stat().st_size / chunks / rows}


def _syncs(path: Path, chunks: int, rows: int) -> int | None:
    """Times that the kernel was asked to sync; None where nobody can count."""
    strace = shutil.which("strace")
    if strace is None:
        return None
    said = path.with_name("strace")
    command = [strace, "-f", "-c", "-o", str(said), "-e", "trace=fsync,fdatasync"]
    command += [sys.executable, "-m", __spec__.name, "--write", str(path)]
    command += ["--chunks", str(chunks), "--rows", str(rows)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        return None
    lines = (line.split() for line in said.read_text().splitlines())
    calls = [int(line[3]) for line in lines if line and line[-1] in ("fsync", "fdatasync")]
    return sum(calls)


def _opened(path: Path, chunks: int, rows: int) -> float:
    """Seconds until a resumed run knows what is left to do."""
    started = time.perf_counter()
    journal, recorded = JournalFile.open(path)
    left = left_to_do(recorded, Replay.KEYED)
    took = time.perf_counter() - started
    journal.close()
    assert len(left.done) == chunks * rows
    assert len(left.watch) == STILL_OPEN
    return took


def run(chunks: int = 10_000, rows: int = 1_000) -> Result:
    """Write and open journals of a tenth of the chunks, and of all."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tenth = _written(folder / "tenth", chunks // 10, rows)
        whole = _written(folder / "whole", chunks, rows)
        _written(folder / "shuffled", chunks, rows, shuffled=True)
        few, more = (_syncs(folder / f"synced-{n}", n, rows) for n in (100, 300))
        in_order = _opened(folder / "whole", chunks, rows)
        shuffled = _opened(folder / "shuffled", chunks, rows)
    gates = [
        Gate(f"seconds to open {chunks:,} chunks, in the input's order", in_order, 2.0),
        Gate(f"seconds to open {chunks:,} chunks, rows shuffled", shuffled, 2.0),
        Gate("% of a run's time: processor time of a chunk's writes", _part(whole["cpu"]), 2.0),
        Gate("% of a run's time: a chunk's writes, the disk included", _part(whole["wall"]), 3.0),
        Gate("bytes a row, besides rows that wait", whole["bytes"], 64),
        Gate("MiB more at the peak with ten times the rows", whole["peak"] - tenth["peak"], 8.0),
    ]
    syncs = None if few is None or more is None else (more - few) / 200
    if syncs is not None:
        gates.insert(2, Gate("syncs a chunk", syncs, 4.0))
    heads = ("rows", "processor ms/chunk", "wall ms/chunk", "bytes/row", "peak MiB")
    lines = [
        (f"{n * rows:,}", 1000 * w["cpu"], 1000 * w["wall"], w["bytes"], w["peak"])
        for n, w in ((chunks // 10, tenth), (chunks, whole))
    ]
    text = f"""
{table(heads, lines)}

Chunks of {rows:,} rows, three writes each: before it is sent, with its job, with its outcomes. The
writes happen in a worker thread and are waited for by their chunk alone; *wall* has the disk in it.
At the limits a run sends a chunk each {1000 * CHUNK_SECONDS:.0f} ms.
"""
    figures = {"tenth": tenth, "whole": whole, "in_order": in_order, "shuffled": shuffled}
    return Result("journal", "What the journal costs", gates, text, {**figures, "syncs": syncs})


def _part(seconds: float) -> float:
    return 100 * seconds / CHUNK_SECONDS


def main() -> int:
    """Measure and write it down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--shuffled", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.write:
        found = anyio.run(_write, given.write, given.chunks, given.rows, given.shuffled)
        sys.stdout.write(orjson.dumps(found).decode())
        return 0
    result = run(given.chunks, given.rows)
    print(result.markdown())
    write(result)
    return 0 if result.met else 1


if __name__ == "__main__":
    raise SystemExit(main())
