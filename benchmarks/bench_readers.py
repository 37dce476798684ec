"""
What reading rows costs in each form, beside the check and the encoding that every row costs anyway.

    python -m benchmarks.bench_readers [--rounds 5] [--rows 8000000]

The rows are 6,503 real orders, as files, frames and a query, from the open to the rows. The times of a
round are taken one after another, and the least of all rounds counts. A process of its own reads so
many Parquet rows, and tells how much its memory grew.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

import duckdb
import orjson
import polars
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from gameball_async.api.kinds import kind_of
from gameball_async.files import open_rows, query_rows, table_rows
from gameball_async.rows.check import preparer
from gameball_async.rows.row import BadRow

from .record import Gate, Result, table, write

ORDERS = Path(__file__).parent.parent / "tests" / "data" / "orders.csv"
CHUNK = 1000
GROWTH = """
import re, sys
from gameball_async.files import open_rows
def peak():  # not ru_maxrss, which counts the parent before exec
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
with open_rows(sys.argv[1], "customers") as rows:
    for count, row in enumerate(rows, 1):
        if count == 200_000:
            before = peak()
print(count, before, peak())
"""


def read(rows: Any) -> int:
    with rows:
        return sum(1 for _ in rows)


def read_file(path: Path) -> int:
    return read(open_rows(path, "orders"))


def read_table(frame: Any) -> int:
    return sum(1 for _ in table_rows(frame, "orders"))


def fetched(query: str) -> int:
    found = duckdb.sql(query)
    assert found is not None
    return len(found.fetchall())


def check(rows: list[Any]) -> int:
    prepare = preparer(kind_of("orders"))
    starts = range(0, len(rows), prepare.at_once)
    blocks = [rows[start : start + prepare.at_once] for start in starts]
    made = (prepare.many(range(len(block)), [row.value for row in block]) for block in blocks)
    return sum(not isinstance(row, BadRow) for block in made for row in block)


def split(path: Path) -> int:
    with path.open(newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def loaded(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in map(orjson.loads, file))


def made(folder: Path) -> dict[str, Callable[[], int]]:
    """What is timed, by its name."""
    text = ORDERS.read_text()
    types = pa.csv.ConvertOptions(column_types={"customerId": pa.string()})
    frame = pa.csv.read_csv(io.BytesIO(text.encode()), convert_options=types)
    frame = frame.drop_columns("quantity").combine_chunks()
    pa.parquet.write_table(frame, folder / "rows.parquet")
    (folder / "rows.csv").write_text(text)
    (folder / "rows.csv.gz").write_bytes(gzip.compress(text.encode()))
    with open_rows(folder / "rows.csv", "orders") as rows:
        items = [row.value for row in rows if not isinstance(row, BadRow)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    (folder / "rows.json").write_text(json.dumps(items))
    _workbook(folder / "rows.xlsx", text)
    with closing(sqlite3.connect(folder / "shop.db")) as database:
        database.execute(
            'CREATE TABLE orders ("customerId", "orderId", "orderDate", "totalPaid" REAL)'
        )
        records = list(csv.reader(io.StringIO(text)))[1:]
        database.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, ?)", [each[:4] for each in records]
        )
        database.commit()
    url, query = f"sqlite:///{folder}/shop.db", "SELECT * FROM orders ORDER BY rowid"
    names = ("rows.csv", "rows.csv.gz", "rows.jsonl", "rows.json", "rows.parquet", "rows.xlsx")
    found: dict[str, Callable[[], int]] = {
        name: partial(read_file, folder / name) for name in names
    }
    with open_rows(folder / "rows.csv", "orders") as rows:
        ready = list(rows)
    frames = {"pyarrow": frame, "polars": polars.from_arrow(frame), "pandas": frame.to_pandas()}
    for name, each in frames.items():
        found[f"{name} frame"] = partial(read_table, each)
    found["SQLite query"] = lambda: read(query_rows(url, query, "orders"))
    found["pyarrow's own to_pylist"] = lambda: len(frame.to_pylist())
    found["DuckDB reading the CSV, fetchall"] = partial(
        fetched,
        f"SELECT * FROM read_csv('{folder}/rows.csv')",  # noqa: S608
    )
    found["Python's csv.reader alone"] = partial(split, folder / "rows.csv")
    found["orjson.loads of each line alone"] = partial(loaded, folder / "rows.jsonl")
    found["check and encoding of each row"] = lambda: check(ready)
    return found


def _workbook(path: Path, text: str) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate(csv.reader(io.StringIO(text))):
            for column, cell in enumerate(cells):
                put = sheet.write_number if row and column > 2 else sheet.write_string
                put(row, column, float(cell) if row and column > 2 else cell)


def growth(folder: Path, rows: int) -> tuple[int, float, float]:
    """How many rows a process of its own has read, and its highest resident size early and late, MiB."""
    path = folder / "long.parquet"
    schema = pa.schema({"customerId": pa.string(), "totalSpent": pa.float64()})
    with pa.parquet.ParquetWriter(path, schema) as file:
        for first in range(0, rows, 100_000):
            ids = [f"c{n}" for n in range(first, first + 100_000)]
            file.write_table(pa.table([ids, [1.5] * 100_000], schema=schema))
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, str(path)], capture_output=True, text=True, check=True
    )
    count, before, after = done.stdout.split()
    return int(count), float(before), float(after)


def run(rounds: int = 5, rows: int = 8_000_000) -> Result:
    """Time every form, and watch the memory of one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        timed = made(folder)
        best: dict[str, float] = {}
        counts: dict[str, int] = {}
        for _ in range(rounds):
            for what, measure in timed.items():
                began = process_time()
                counts[what] = measure()
                took = process_time() - began
                best[what] = min(took, best.get(what, took))
        read_rows, before, after = growth(folder, rows)
    each = {what: seconds / counts[what] * CHUNK * 1e3 for what, seconds in best.items()}
    anyway = each["check and encoding of each row"]
    lines = [
        (what, f"{ms:.2f}", f"{CHUNK / ms * 1e3:,.0f}", f"{ms / anyway:.2f}")
        for what, ms in each.items()
    ]
    text = (
        f"{counts['rows.csv']:,} real orders; CPU time, the least of {rounds} rounds taken in turns.\n\n"
        + table(("form", "ms for 1,000 rows", "rows/s", "of check and encoding"), lines)
        + f"\n\n{read_rows:,} Parquet rows of a process of its own: highest resident size after 200,000 rows "
        f"{before:.0f} MiB, at the end {after:.0f} MiB."
    )
    gates = [
        Gate("CSV, ms for 1,000 rows", each["rows.csv"], 2.5),
        Gate("JSON lines, ms for 1,000 rows", each["rows.jsonl"], 2.5),
        Gate("Parquet, ms for 1,000 rows", each["rows.parquet"], 2.5),
        Gate(f"growth over {read_rows:,} Parquet rows, MiB", after - before, 48),
    ]
    figures = {
        "ms_for_1000_rows": each,
        "rows": read_rows,
        "mib_before": before,
        "mib_after": after,
    }
    return Result("readers", "What reading rows costs in each form", gates, text, figures)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=8_000_000)
    options = parser.parse_args()
    found = run(options.rounds, options.rows)
    print(found.markdown())
    write(found)
