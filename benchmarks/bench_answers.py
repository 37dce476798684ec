"""
How long the largest answers hold the event loop while they are read.

    python -m benchmarks.bench_answers

A long answer of few values is read quickly; one of many values is refused before it is parsed. Each
shape is at a limit of `api.wire`, or far beyond it; the least of five readings counts.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

import orjson

from gameball_async.api.responses import read_status
from gameball_async.errors import AnswerLostError

from .record import Gate, Result, table, write

__all__ = ["main", "run"]

JOB = 5
MOST = 0.05
"""Seconds that one answer may hold the loop: of CPU, since others may use the machine."""


def _answer(entries: list[Mapping[str, Any]]) -> bytes:
    return orjson.dumps(
        {"jobId": JOB, "status": "completed", "response": {"successful": entries, "failed": []}}
    )


def _shapes() -> Mapping[str, bytes]:
    ids = [{"customerId": f"c{n}", "gameballId": n} for n in range(1000)]
    wide = {f"field{n}": f"value {n}" for n in range(96)}
    deep = {f"k{n}": n for n in range(1_100)}
    return {
        "1,000 entries, ids only": _answer([*ids]),
        "1,000 entries with 14 KB of text each": _answer(
            [{**e, "text": "x" * 14_000} for e in ids]
        ),
        "1,000 entries of 98 fields (at the limit)": _answer([{**e, **wide} for e in ids]),
        "1,000 entries of 1,100 fields (14 MB)": _answer([{**e, **deep} for e in ids]),
        "95,000 entries (at the limit)": _answer([{"customerId": n} for n in range(95_000)]),
        "700,000 entries (14 MB)": _answer([{"customerId": n} for n in range(700_000)]),
        "a list of 390,000 numbers (at the limit)": _answer([{"x": list(range(390_000))}]),
        "a list of 7,000,000 numbers (14 MB)": _answer([{"x": [1] * 7_000_000}]),
    }


def _seconds(body: bytes) -> tuple[float, str]:
    least, how = float("inf"), "read"
    for _ in range(5):
        began = time.thread_time()
        try:
            status = read_status(body, JOB)
            del status
        except AnswerLostError:
            how = "refused"
        least = min(least, time.thread_time() - began)
    return least, how


def run() -> Result:
    """Read each shape."""
    rows, worst = [], 0.0
    for name, body in _shapes().items():
        seconds, how = _seconds(body)
        worst = max(worst, seconds)
        rows.append((name, len(body), how, seconds * 1000))
    gates = [Gate("the longest reading of an answer, in ms", worst * 1000, MOST * 1000)]
    text = table(("answer", "bytes", "", "ms"), rows)
    return Result("answers", "Reading large answers", gates, text, {"seconds": worst})


def main() -> int:
    """Measure and write the result."""
    result = run()
    print(result.markdown())
    write(result)
    return 0 if result.met else 1


if __name__ == "__main__":
    sys.exit(main())
