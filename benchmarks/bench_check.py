"""
What the check of a whole file costs, beside reading and checking the same rows one by one.

    python -m benchmarks.bench_check [--rounds 3] [--rows 1000000] [--orders FILE]

Both ways are taken in turn, in processes of their own, over a file of real orders and over as many rows made
here as are asked for: orders, and cashback with times. The least CPU time of all rounds counts. The memory is
the highest resident size when a tenth and when all of the rows were read, and after the search for rows that
repeat others.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from .record import Gate, Result, table, write

ORDERS = Path(__file__).parent.parent / "tests" / "data" / "orders.csv"
PLAIN = """
import sys
from time import process_time
from gameball_async.api.kinds import kind_of
from gameball_async.files import open_rows
from gameball_async.rows.check import preparer
from gameball_async.rows.row import Row
prepare = preparer(kind_of(sys.argv[1]))
began = process_time()
with open_rows(sys.argv[2], sys.argv[1]) as rows:
    for count, row in enumerate(rows, 1):
        prepare(row.position, row.value) if isinstance(row, Row) else row
print(count, process_time() - began)
"""
WHOLE = """
import re, sys
from datetime import datetime, UTC
from time import process_time
from gameball_async.api.kinds import kind_of
from gameball_async.audit.check import WholeCheck
from gameball_async.files import open_rows
from gameball_async.rows.check import preparer
def peak():  # not ru_maxrss, which counts the parent before exec
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
kind = kind_of(sys.argv[1])
early = int(sys.argv[3])
before = 0
began = process_time()
with open_rows(sys.argv[2], kind) as rows:
    with WholeCheck(kind, rows, preparer(kind), now=datetime.now(UTC)) as whole:
        while whole.step():
            if whole.rows <= early:
                before = peak()
        read, at_end = process_time(), peak()
        found = whole.end()
        ended = process_time()
print(found.rows, ended - began, ended - read, before, at_end, peak(), len(found.findings))
"""


def made(folder: Path, kind: str, rows: int) -> Path:
    """A file of so many rows, a thousandth of which repeat an earlier one."""
    path = folder / f"{kind}.csv"
    with path.open("w", encoding="utf-8") as file:
        if kind == "orders":
            file.write("customerId,orderId,orderDate,totalPaid\n")
            form = "c{customer:08},order-{row:09},2024-{month:02}-16T08:13:29Z,{cents:.2f}\n"
        else:
            file.write("customerId,transactionId,transactionTime,amount\n")
            form = "c{customer:08},t-{row:09},2024-{month:02}-16T08:13:{second:02}.{row:09}Z,{cents:.2f}\n"
        for n in range(rows):
            row = n - 500 if n % 1000 == 999 else n
            values = {"customer": n // 3, "row": row, "month": n % 12 + 1, "second": n % 60}
            file.write(form.format(**values, cents=n % 9999 / 100 + 1))
    return path


def once(code: str, kind: str, path: Path, early: int) -> list[float]:
    """What a process of its own tells."""
    done = subprocess.run(
        [sys.executable, "-c", code, kind, str(path), str(early)],
        capture_output=True,
        text=True,
        check=True,
    )
    return list(map(float, done.stdout.split()))


def compared(kind: str, path: Path, rounds: int) -> dict[str, Any]:
    """The least CPU seconds of either way, and the memory of the check."""
    plain, whole = list[list[float]](), list[list[float]]()
    for _ in range(rounds):
        plain.append(once(PLAIN, kind, path, 0))
        whole.append(once(WHOLE, kind, path, int(plain[-1][0]) // 10))
    best = min(whole, key=lambda each: each[1])
    rows, seconds, ending, early, at_end, after, findings = best
    return {
        "kind": kind,
        "rows": int(rows),
        "plain_seconds": min(each[1] for each in plain),
        "whole_seconds": seconds,
        "of_that_at_the_end": ending,
        "early_mib": early,
        "at_end_mib": at_end,
        "after_mib": after,
        "findings": int(findings),
    }


def run(rounds: int = 3, rows: int = 1_000_000, orders: Path = ORDERS) -> Result:
    """Run all of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = [
            compared("orders", orders, rounds),
            *(compared(kind, made(folder, kind, rows), rounds) for kind in ("orders", "cashback")),
        ]
    lines = [
        (
            f"{each['rows']:,} {each['kind']}" + (" (real)" if not n else " (made)"),
            f"{each['plain_seconds']:.2f}",
            f"{each['whole_seconds']:.2f}",
            f"{each['whole_seconds'] / each['plain_seconds']:.2f}",
            f"{each['of_that_at_the_end']:.2f}",
            f"{each['whole_seconds'] / each['rows'] * 1e6:.1f}",
            f"{each['early_mib']:.0f}, {each['at_end_mib']:.0f}, {each['after_mib']:.0f}",
        )
        for n, each in enumerate(found)
    ]
    head = (
        "rows",
        "one by one, CPU s",
        "as a whole, CPU s",
        "ratio",
        "of that at the end, s",
        "µs a row",
        "MiB early, read, after",
    )
    gates = [
        Gate(
            f"CPU of the whole check to that of the rows one by one, {each['rows']:,} {each['kind']}",
            each["whole_seconds"] / each["plain_seconds"],
            2.0,
        )
        for each in found
    ]
    gates += [
        Gate(
            f"MiB from a tenth of {each['rows']:,} {each['kind']} to the end",
            each["after_mib"] - each["early_mib"],
            24,
        )
        for each in found[1:]
    ]
    text = f"{__doc__.strip().splitlines()[0]}\n\n{table(head, lines)}" if __doc__ else ""
    return Result("check", "The check of a whole file", gates, text, {"runs": found})


def main() -> int:
    """Run it as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_check", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--orders", type=Path, default=ORDERS)
    options = parser.parse_args()
    result = run(options.rounds, options.rows, options.orders)
    print(result.markdown())
    write(result)
    return 0 if result.met else 1


if __name__ == "__main__":
    sys.exit(main())
