"""Files in every form: the same rows go out as the same bytes, and what did not succeed feeds back in."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import os
import sqlite3
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
import xlsxwriter
import zstandard

from gameball_async.api.kinds import KINDS, kind_of
from gameball_async.errors import ConfigurationError, InputError
from gameball_async.rows.check import preparer
from gameball_async.rows.feed import Feed
from gameball_async.rows.file_rows import FileRows
from gameball_async.rows.files import open_rows
from gameball_async.rows.given import rows_of
from gameball_async.rows.outcome import Outcome, Reason, RowOutcome
from gameball_async.rows.rejects import RejectsFile
from gameball_async.rows.row import BadRow
from gameball_async.rows.sql import query_rows

DATA = Path(__file__).parent.parent / "data"
CUSTOMERS = """\
customerId,joinDate,totalSpent,totalOrders,avgOrderAmount,lastOrderDate
00001,1997-01-01,11.77,1,11.77,1997-01-01
00002,1997-01-12,89.00,2,44.50,1997-01-12
00003,1997-01-02,156.46,6,26.08,1998-05-28
00004,1997-01-01,100.50,4,25.13,
"""
TEXT = pa.csv.ConvertOptions(
    column_types={"customerId": pa.string()}, timestamp_parsers=[pa.csv.ISO8601]
)


def payloads(rows: Any, kind: str) -> list[bytes]:
    """What the rows go out as."""
    prepare = preparer(kind_of(kind))
    with rows:
        ready = [
            row if isinstance(row, BadRow) else prepare(row.position, row.value) for row in rows
        ]
    bad = [row for row in ready if isinstance(row, BadRow)]
    assert not bad
    return [row.payload for row in ready if not isinstance(row, BadRow)]


def as_table(text: str) -> Any:
    found = pa.csv.read_csv(io.BytesIO(text.encode()), convert_options=TEXT)
    for index, field in enumerate(found.schema):
        if pa.types.is_timestamp(field.type):
            column = found.column(index).cast(pa.timestamp("s", "UTC"))
            found = found.set_column(index, field.name, column)
    return found


def as_items(text: str, kind: str) -> list[Any]:
    with io.StringIO(text) as file:
        records = list(csv.DictReader(file))
    items = []
    for record in records:
        item: dict[str, Any] = {"customerId": record.pop("customerId")}
        inner = item if kind == "orders" else item.setdefault("customerAttributes", {})
        for name, cell in record.items():
            if cell and name != "quantity":
                number = name in ("totalSpent", "totalOrders", "avgOrderAmount", "totalPaid")
                inner[name] = json.loads(cell) if number else cell
        items.append(item)
    return items


def to_excel(path: Path, table: Any) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for column, name in enumerate(table.column_names):
            sheet.write(0, column, name)
            for row, value in enumerate(table.column(column).to_pylist(), 1):
                if isinstance(value, str):
                    sheet.write_string(row, column, value)
                elif isinstance(value, datetime):
                    sheet.write_string(row, column, value.strftime("%Y-%m-%dT%H:%M:%SZ"))
                elif isinstance(value, date):
                    sheet.write_datetime(
                        row, column, datetime.combine(value, datetime.min.time()), day
                    )
                elif value is not None:
                    sheet.write_number(row, column, value)


def written(folder: Path, text: str, kind: str) -> Iterator[Path]:
    """The same rows in every form."""
    table, items = as_table(text), as_items(text, kind)
    lines = b"".join(orjson.dumps(item) + b"\n" for item in items)
    semicolons = "".join(
        ";".join(
            cell.replace(".", ",") if cell.replace(".", "").isdigit() else cell for cell in cells
        )
        + "\n"
        for cells in csv.reader(text.splitlines())
    )
    for name, content in {
        "rows.csv": text.encode(),
        "rows.csv.gz": gzip.compress(text.encode()),
        "rows.csv.zst": zstandard.compress(text.encode()),
        "rows.tsv": text.replace(",", "\t").encode(),
        "semicolons.csv": semicolons.encode("cp1252"),
        "utf16.csv": text.encode("utf-16"),
        "rows.jsonl": lines,
        "rows.jsonl.gz": gzip.compress(lines),
        "rows.json": json.dumps(items, indent=1).encode(),
        "rows.json.zst": zstandard.compress(json.dumps(items).encode()),
    }.items():
        (folder / name).write_bytes(content)
        yield folder / name
    pa.parquet.write_table(table, folder / "rows.parquet", row_group_size=700)
    yield folder / "rows.parquet"
    with pa.ipc.new_file(folder / "rows.arrow", table.schema) as file:
        file.write_table(table, max_chunksize=300)
    yield folder / "rows.arrow"
    to_excel(folder / "rows.xlsx", table)
    yield folder / "rows.xlsx"


async def fed(rows: Any, kind: str) -> list[bytes]:
    feed = Feed(rows_of(rows, kind_of(kind)), preparer(kind_of(kind)))
    found: list[bytes] = []
    while batch := await feed.batch():
        found += [row.payload for row in batch if not isinstance(row, BadRow)]
    return found


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["customers", "orders"])
async def test_the_same_rows_in_every_form_go_out_as_the_same_bytes(
    tmp_path: Path, kind: str
) -> None:
    shared = DATA.parent.parent.parent / "shared" / "data" / "customers.csv"
    text = CUSTOMERS
    if kind == "orders":
        text = (DATA / "orders.csv").read_text()
        text = "".join(text.splitlines(keepends=True)[:1500])
    elif shared.exists():
        text = "".join(shared.read_text().splitlines(keepends=True)[:1500])
    expected: list[bytes] = []
    for path in written(tmp_path, text, kind):
        found = payloads(open_rows(path, KINDS[kind]), kind)
        expected = expected or found
        assert len(expected) == text.count("\n") - 1
        assert found == expected, path.name
    header, *records = csv.reader(text.splitlines())
    with closing(sqlite3.connect(tmp_path / "sample.db")) as database:
        types = (
            f'"{name}" {"REAL" if "otal" in name or "avg" in name else "TEXT"}' for name in header
        )
        database.execute(f"CREATE TABLE sample ({', '.join(types)})")
        marks = ", ".join("?" * len(header))
        database.executemany(f"INSERT INTO sample VALUES ({marks})", records)  # noqa: S608
        database.commit()
    query = "SELECT * FROM sample ORDER BY rowid"
    assert (
        payloads(query_rows(f"sqlite:///{tmp_path}/sample.db", query, KINDS[kind]), kind)
        == expected
    )
    table = as_table(text)
    known = table if kind == "customers" else table.drop_columns("quantity")
    frames = [known, pl.from_arrow(known)]
    for name, make in {"pandas": "to_pandas", "duckdb": "arrow"}.items():
        try:
            module = __import__(name)
        except ImportError:
            continue  # in the extra "bench" only
        frames.append(known.to_pandas() if make == "to_pandas" else module.from_arrow(known))
    for frame in frames:
        assert await fed(frame, kind) == expected, type(frame)


def failed(line: int) -> RowOutcome:
    return RowOutcome(line, Outcome.FAILED, "c", Reason("no such customer", 404, "customerId"))


def test_rejects_of_every_form_feed_back_in(tmp_path: Path) -> None:
    for path in written(tmp_path, CUSTOMERS, "customers"):
        with open_rows(path, "customers") as rows:
            positions = [row.position for row in rows]
        form = "csv" if rows.source.tabular else "jsonl"
        target = tmp_path / f"{path.name}.rejects.{form}"
        with open_rows(path, "customers") as rows, RejectsFile(target, rows) as rejects:
            list(rows)
            rejects.add(map(failed, positions[1:3]))
            assert rejects.write() == 2
        encoding = rows.source.reading.encoding
        again = payloads(open_rows(target, "customers", encoding=encoding), "customers")
        before = payloads(open_rows(path, "customers"), "customers")[1:3]
        assert list(map(orjson.loads, again)) == list(map(orjson.loads, before)), path.name


def faults(path: Path, **options: Any) -> dict[int, list[str]]:
    prepare = preparer(kind_of("customers"))
    with open_rows(path, "customers", **options) as rows:
        found = [
            row if isinstance(row, BadRow) else prepare(row.position, row.value) for row in rows
        ]
    return {
        row.position: [str(fault) for fault in row.faults]
        for row in found
        if isinstance(row, BadRow)
    }


def test_what_a_file_says_beyond_doubt_is_found_and_said(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b'customerId;totalSpent\nc1;"1.234,50"\nc2;7,25\nc3;1.000\n')
    with open_rows(path, "customers") as rows:
        found = [row.value for row in rows if not isinstance(row, BadRow)]
        assert "semicolons between the columns" in rows.warnings[0]
        assert any("decimal commas" in warning for warning in rows.warnings)
    assert [item["customerAttributes"]["totalSpent"] for item in found] == [1234.5, 7.25, 1000]  # type: ignore[index]
    path.write_bytes(b"sep=|\ncustomerId|email\nc1|a@example.com\n")
    assert payloads(open_rows(path, "customers"), "customers") == [
        b'{"customerId":"c1","email":"a@example.com"}'
    ]


def test_what_is_in_doubt_is_not_found_but_can_be_given(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"customerId;totalSpent\nc1;7,25\nc2;7.25\n")
    assert list(faults(path)) == [2]
    assert faults(path, decimal_comma=True) == {}
    path.write_bytes(b'customerId,totalSpent\nc1,"7,25"\n')
    assert list(faults(path)) == [2]
    assert faults(path, decimal_comma=True) == {}
    path.write_bytes("customerId,firstName\nc1,José\n".encode("cp1252"))
    with pytest.raises(InputError, match=r"line 2: is not UTF-8; .* Pass --encoding windows-1252"):
        list(open_rows(path, "customers"))
    assert payloads(open_rows(path, "customers", encoding="windows-1252"), "customers") == [
        '{"customerId":"c1","customerAttributes":{"firstName":"José"}}'.encode()
    ]
    with pytest.raises(ConfigurationError, match="'klingon' is not a known encoding"):
        open_rows(path, "customers", encoding="klingon")
    path.write_bytes(b"customerId\temail\nc1\t'a'\n")
    assert len(payloads(open_rows(path, "customers", delimiter="\t", quote="'"), "customers")) == 1


def test_times_without_a_zone_need_one(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(
        "customerId,orderId,orderDate,totalPaid\nc,o1,2024-07-01 12:00:00,1\nc,o2,2024-07-01,1\n"
    )
    with open_rows(path, "orders", naive_as="Europe/Paris") as rows:
        found = [row.value["orderDate"].isoformat() for row in rows]  # type: ignore[union-attr,index]
    assert found == ["2024-07-01T12:00:00+02:00", "2024-07-01T00:00:00+02:00"]
    table = pa.table(
        {
            "customerId": ["c"],
            "orderId": ["o"],
            "totalPaid": [1],
            "orderDate": [datetime.fromisoformat("2024-07-01T12:00")],
        }
    )
    pa.parquet.write_table(table, tmp_path / "rows.parquet")
    with pytest.raises(
        InputError, match=r"'orderDate' holds times without a time zone.*--naive-as"
    ):
        open_rows(tmp_path / "rows.parquet", "orders")
    found = payloads(
        open_rows(tmp_path / "rows.parquet", "orders", naive_as="Europe/Paris"), "orders"
    )
    assert b"2024-07-01T10:00:00Z" in found[0]


# compressed files


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_packed_file_that_is_cut_short_or_damaged_ends_with_an_error(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    text = "customerId\n" + "".join(f"c{n}-{os.urandom(4).hex()}\n" for n in range(5000))
    path = tmp_path / "rows.csv"
    path.write_bytes(pack(text[:40_000].encode()) + pack(text[40_000:].encode()))
    assert len(payloads(open_rows(path, "customers"), "customers")) == 5000
    packed = path.read_bytes()
    path.write_bytes(packed[:-10])
    with pytest.raises(InputError, match=r"ends in the middle|is damaged"):
        list(open_rows(path, "customers"))
    if pack is zstandard.compress:
        return  # its frames have no checksum by default
    path.write_bytes(packed[:5000] + bytes(100) + packed[5100:])
    with pytest.raises(InputError, match=r"is damaged|not UTF-8|UTF-16"):
        list(open_rows(path, "customers"))


def test_the_share_of_a_packed_file_goes_up_and_memory_does_not(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv.gz"
    with gzip.open(path, "wt") as file:
        file.write("customerId\n")
        file.writelines(f"c{n}{os.urandom(8).hex()}\n" for n in range(60_000))
    tracemalloc.start()
    try:
        with open_rows(path, "customers") as rows:
            shares = [rows.position_fraction or 0.0 for _ in rows]
            at_the_end = rows.position_fraction
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert shares == sorted(shares)
    assert shares[0] < 0.3
    # The checksum behind the last row is read with it or after it, as the buffers happen to end.
    assert shares[-1] > 0.999
    assert at_the_end == 1.0
    assert peak < 4 * 2**20


def test_what_is_packed_otherwise_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(bz2.compress(b"customerId\nc1\n"))
    with pytest.raises(InputError):
        open_rows(path, "customers")


# JSON arrays


def array(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "rows.json"
    path.write_text(text)
    return path


def test_a_bad_member_of_an_array_costs_itself_and_no_other(tmp_path: Path) -> None:
    text = '[{"customerId": "a", "a": 1, "a": 2},\n {"customerId": "b"}, {"customerId": NaN}]'
    found = faults(array(tmp_path, text))
    assert {position: reasons[0][:12] for position, reasons in found.items()} == {
        1: "has the same",
        3: "has NaN or I",
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not a JSON array"),
        ('{"customerId": "a"}', "is not a JSON array"),
        ("[]", "has no rows"),
        ('[{"customerId": "a"}', "row 1 is not JSON .*closing ]"),
        ('[{"customerId": "a"} {"customerId": "b"}]', "row 1 is not JSON .*a comma"),
        ('[{"customerId": "a"},]', "row 2 is not JSON"),
        ('[{"customerId": "a"}, {"customerId": ]', "row 2 is not JSON"),
        ('[{"customerId": "a"}, {"customerId": "b', "row 2 is not JSON"),
    ],
)
def test_an_array_that_is_broken_ends_with_the_row(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        list(open_rows(array(tmp_path, text), "customers"))


def test_no_more_of_an_array_is_held_than_a_piece(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    with path.open("w") as file:
        file.write("[")
        file.write(
            ",".join(f'{{"customerId": "c{n}", "note": "{"x" * 50}"}}' for n in range(40_000))
        )
        file.write("]")
    tracemalloc.start()
    try:
        with open_rows(path, "customers") as rows:
            assert sum(1 for _ in rows) == 40_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2**20


def test_order_ids_may_be_an_array_of_texts(tmp_path: Path) -> None:
    path = array(tmp_path, '["A-1", "A-2"]')
    assert payloads(open_rows(path, "order-transactions"), "order-transactions") == [
        b'"A-1"',
        b'"A-2"',
    ]


# Excel and Parquet


def test_ids_in_a_workbook_keep_their_text_dates_are_dates_and_blank_rows_are_none(
    tmp_path: Path,
) -> None:
    path = tmp_path / "rows.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Notes").write(0, 0, "nothing")
        sheet = book.add_worksheet("Customers")
        day = book.add_format({"num_format": "dd/mm/yy"})
        sheet.write_row(2, 0, ["customerId", "mobile", "joinDate", "guest", "totalOrders"])
        sheet.write_row(3, 0, [1234567890123, 15550100002])
        sheet.write_datetime(3, 2, datetime(2024, 1, 2), day)  # noqa: DTZ001
        sheet.write_boolean(3, 3, True)
        sheet.write_number(3, 4, 7)
        sheet.write_string(5, 0, "007")
        sheet.write_number(6, 0, 12345678901234567)
    with open_rows(path, "customers", sheet="Customers") as rows:
        found = list(rows)
    assert [row.position for row in found] == [4, 6, 7]
    prepare = preparer(kind_of("customers"))
    ready = prepare(0, found[0].value)  # type: ignore[union-attr]
    assert ready.payload == (  # type: ignore[union-attr]
        b'{"customerId":"1234567890123","mobile":"15550100002","customerAttributes":{"joinDate":'
        b'"2024-01-02","totalOrders":7},"guest":true}'
    )
    assert "rewritten as a number" in str(found[2].faults[0])  # type: ignore[union-attr]
    with pytest.raises(
        InputError, match="has no sheet 'X': pass --sheet with one of Notes, Customers"
    ):
        open_rows(path, "customers", sheet="X")
    with pytest.raises(InputError, match="customerId missing"):
        open_rows(path, "customers")


@pytest.mark.parametrize("name", ["rows.parquet", "rows.xlsx", "rows.arrow"])
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"customerId\nc1\n" * 10)
    with pytest.raises(InputError, match="cannot be read as"):
        open_rows(path, "customers")


def test_words_that_mean_nothing_are_counted_and_left_out_in_typed_tables_too(
    tmp_path: Path,
) -> None:
    table = pa.table(
        {"customerId": ["c1", "c2"], "email": ["NULL", None], "totalSpent": [None, 1.5]}
    )
    pa.parquet.write_table(table, tmp_path / "rows.parquet")
    to_excel(tmp_path / "rows.xlsx", table)
    for name in ("rows.parquet", "rows.xlsx"):
        with open_rows(tmp_path / name, "customers") as rows:
            list(rows)
            assert rows.null_words == {"email": 1}, name
        with open_rows(tmp_path / name, "customers", nulls=["NULL"], empty_is_null=True) as rows:
            assert [row.value for row in rows if not isinstance(row, BadRow)] == [
                {"customerId": "c1", "customerAttributes": {"totalSpent": None}},
                {"customerId": "c2", "email": None, "customerAttributes": {"totalSpent": 1.5}},
            ], name


def test_a_shops_export_is_recognised_in_every_form(tmp_path: Path) -> None:
    text = (DATA.parent / "field" / "shopify_customers.csv").read_text()
    with (tmp_path / "rows.csv").open("w") as file:
        file.write(text)
    expected = payloads(open_rows(tmp_path / "rows.csv", "customers"), "customers")
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(text.encode()))
    header, *records = csv.reader(text.splitlines())
    table = pa.table({name: [each[n] or None for each in records] for n, name in enumerate(header)})
    pa.parquet.write_table(table, tmp_path / "rows.parquet")
    to_excel(tmp_path / "rows.xlsx", table)
    for name in ("rows.csv.gz", "rows.parquet", "rows.xlsx"):
        rows = open_rows(tmp_path / name, "customers")
        assert any("read as an export of shopify" in warning for warning in rows.warnings)
        assert payloads(rows, "customers") == expected, name


# streams


def reading_end(content: bytes) -> Any:
    read, write = os.pipe()
    os.write(write, content)
    return os.fdopen(read, "rb"), write


@pytest.mark.anyio
@pytest.mark.parametrize("form", ["csv", "jsonl"])
async def test_a_stream_is_read_as_it_comes(form: str) -> None:
    line = {"csv": b"c%d\n", "jsonl": b'{"customerId": "c%d"}\n'}[form]
    head = b"customerId\n" if form == "csv" else b""
    stream, end = reading_end(head + line % 1 + line % 2)
    with stream, open_rows("standard input", "customers", format=form, stream=stream) as rows:
        assert rows.position_fraction is None
        feed = Feed(rows, preparer(kind_of("customers")))
        assert [row.position for row in await feed.batch()] == ([2, 3] if head else [1, 2])
        os.write(end, line % 3)
        assert [row.position for row in await feed.batch()] == [4 if head else 3]
        os.close(end)
        assert await feed.batch() == []


@pytest.mark.anyio
async def test_a_stream_that_says_nothing_is_left_at_once() -> None:
    stream, end = reading_end(b"customerId\nc1\n")
    rows = open_rows("standard input", "customers", format="csv", stream=stream)
    assert isinstance(rows, FileRows)
    next(rows)
    waiting = threading.Thread(target=lambda: next(rows, None))
    waiting.start()
    time.sleep(0.01)  # noqa: ASYNC251 - so that it waits
    rows.close()
    waiting.join(timeout=5)
    assert not waiting.is_alive()
    os.close(end)
    stream.close()
