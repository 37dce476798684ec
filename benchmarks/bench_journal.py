"""
How long opening a journal takes, and what it weighs: 10,000 chunks of 1,000 rows by default.

    python -m benchmarks.bench_journal [--chunks N] [--rows N] [--open N] [--shuffled]
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

import anyio

from gameball_async.edge.journal import JournalFile
from gameball_async.model.kinds import Replay
from gameball_async.model.outcomes import Outcome
from gameball_async.pipeline.chunks import Chunk
from gameball_async.pipeline.ledger import Header, Used, left_to_do

__all__ = ["main"]

_HEADER = Header("cashback", "account", "https://api.example", "v4.0", "unique")
_GOAL = 2.0


async def _write(path: Path, chunks: int, rows: int, still_open: int, shuffled: bool) -> float:
    """Write a journal of settled chunks and a few open ones; seconds that writing a chunk took."""
    journal = JournalFile.create(path, _HEADER)
    positions = list(range(chunks * rows))
    if shuffled:  # as rows that wait for others leave: not far from where they were
        step = 20 * rows
        for start in range(0, len(positions), step):
            part = positions[start : start + step]
            random.shuffle(part)
            positions[start : start + step] = part
    ends = [Outcome.SUCCEEDED] * rows
    spent = 0.0
    for number in range(1, chunks + 1):
        mine = positions[(number - 1) * rows : number * rows]
        chunk = Chunk(
            number,
            mine,
            [f"customer-{n}" for n in mine],
            [f"transaction-{n}" for n in mine],
            [b'{"customerId":"customer-%d","amount":1.5}' % n for n in mine],
        )
        started = time.perf_counter()
        await journal.intended(chunk, resent=False)
        await journal.accepted(number, number, resent=False)
        if number <= chunks - still_open:
            await journal.settled(number, ends, {})
        spent += time.perf_counter() - started
    await journal.aclose(Used(), True)
    return spent / chunks


def _measure(path: Path, chunks: int, rows: int, still_open: int, shuffled: bool) -> float:
    per_chunk = anyio.run(_write, path, chunks, rows, still_open, shuffled)
    started = time.perf_counter()
    journal, recorded = JournalFile.open(path)
    opened = time.perf_counter()
    left = left_to_do(recorded, Replay.KEYED)
    folded = time.perf_counter()
    journal.close()
    assert len(left.done) == chunks * rows
    assert len(left.watch) == still_open
    size = path.stat().st_size
    print(
        f"{chunks:,} chunks of {rows:,} rows{' (shuffled)' if shuffled else ''}: "
        f"opened in {opened - started:.2f} s, folded in {folded - opened:.2f} s; "
        f"{size / chunks / rows:.2f} bytes a row; {per_chunk * 1000:.2f} ms to write a chunk"
    )
    return folded - started


def main() -> None:
    """Measure and say whether the goal is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--open", type=int, default=8, help="chunks that are not settled")
    given = parser.parse_args()
    for shuffled in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "journal"
            took = _measure(path, given.chunks, given.rows, given.open, shuffled)
            print(f"{took:.2f} s, {'within' if took <= _GOAL else 'over'} the goal of {_GOAL} s")


if __name__ == "__main__":
    main()
