"""Rows of a database: SQLite, and a real PostgreSQL where one is installed."""

from __future__ import annotations

import sqlite3
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import orjson
import pytest
from sqlalchemy import create_engine

from gameball_async.api.kinds import kind_of
from gameball_async.errors import ConfigurationError, InputError
from gameball_async.files import FileRows, open_rows, query_rows
from gameball_async.rows.check import preparer
from gameball_async.rows.feed import Feed
from gameball_async.rows.outcome import Outcome, RowOutcome
from gameball_async.rows.rejects import RejectsFile
from gameball_async.rows.row import BadRow
from gameball_async.rows.sql import has_order, without_password
from tests.postgres_server import postgres

CSV = """\
customerId,joinDate,totalSpent,totalOrders,guest,tags
00001,1997-01-01,11.77,1,true,a|b
00002,1997-01-12,89.00,2,false,
00003,,156.46,,,
"""
COLUMNS = 'id AS "customerId", joined AS "joinDate", spent AS "totalSpent", orders AS "totalOrders", guest'
ROWS = [
    ("00001", "1997-01-01", 11.77, 1, True, '["a","b"]'),
    ("00002", "1997-01-12", 89.00, 2, False, None),
    ("00003", None, 156.46, None, None, None),
]


def payloads(rows: FileRows) -> list[bytes]:
    prepare = preparer(rows.kind)
    with rows:
        ready = [
            row if isinstance(row, BadRow) else prepare(row.position, row.value) for row in rows
        ]
    assert not [row for row in ready if isinstance(row, BadRow)]
    return [row.payload for row in ready if not isinstance(row, BadRow)]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        database.execute(
            "CREATE TABLE people (id TEXT, joined TEXT, spent REAL, orders INTEGER, guest BOOLEAN, tags TEXT)"
        )
        database.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?)", ROWS)
        database.commit()
    return f"sqlite:///{tmp_path}/shop.db"


def expected(tmp_path: Path) -> list[bytes]:
    path = tmp_path / "rows.csv"
    path.write_text(CSV)
    return payloads(open_rows(path, "customers"))


def test_rows_of_sqlite_go_out_as_those_of_csv(tmp_path: Path, sqlite: str) -> None:
    query = f"SELECT {COLUMNS}, tags FROM people ORDER BY id"  # noqa: S608
    assert payloads(query_rows(sqlite, query, "customers")) == expected(tmp_path)
    engine = create_engine(sqlite)
    assert payloads(query_rows(engine, query, "customers")) == expected(tmp_path)
    engine.dispose()


def test_rows_of_postgresql_go_out_as_those_of_csv(tmp_path: Path, server: str) -> None:
    engine = create_engine(server)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE people (id text, joined date, spent numeric(10, 2), orders int, guest bool, tags text[])"
        )
        for row in ROWS:
            tags = ["a", "b"] if row[-1] else None
            connection.exec_driver_sql(
                "INSERT INTO people VALUES (%s, %s, %s, %s, %s, %s)", (*row[:-1], tags)
            )
    engine.dispose()
    query = f"SELECT {COLUMNS}, tags FROM people ORDER BY id"  # noqa: S608
    assert payloads(query_rows(server, query, "customers")) == expected(tmp_path)
    times = 'SELECT \'c\' AS "customerId", \'o\' AS "orderId", 1 AS "totalPaid", {} AS "orderDate" ORDER BY 1'
    for value, zone in (
        ("timestamptz '2024-07-01 12:00+02'", ""),
        ("timestamp '2024-07-01 12:00'", "Europe/Paris"),
    ):
        (found,) = payloads(query_rows(server, times.format(value), "orders", naive_as=zone))
        assert b"2024-07-01T10:00:00Z" in found


@pytest.mark.anyio
async def test_rows_of_postgresql_are_fetched_as_they_are_asked_for(server: str) -> None:
    query = "SELECT 'c' || n AS \"customerId\", repeat('x', 500) AS \"displayName\" FROM generate_series(1, 300000) n ORDER BY n"
    tracemalloc.start()
    try:
        began = time.perf_counter()
        with query_rows(server, query, "customers") as rows:
            feed = Feed(rows, preparer(kind_of("customers")))
            positions = [row.position for _ in range(100) for row in await feed.batch()]
            await feed.aclose()
        took = time.perf_counter() - began
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert positions == list(range(1, len(positions) + 1))
    assert peak < 8 * 2**20
    assert took < 20


def test_leaving_a_query_ends_it_on_the_server(server: str) -> None:
    query = (
        'SELECT n::text AS "customerId", CASE WHEN n > 1000 THEN pg_sleep(0.2) END AS x '
        "FROM generate_series(1, 3000) n ORDER BY n"
    )
    rows = query_rows(server, query, "customers")
    reading = threading.Thread(target=lambda: [*rows])
    reading.start()
    began = time.perf_counter()
    rows.close()
    reading.join(timeout=10)
    assert not reading.is_alive()
    assert time.perf_counter() - began < 5


def test_rejects_of_a_query_are_its_rows(tmp_path: Path, sqlite: str) -> None:
    target = tmp_path / "rejects.csv"
    query = f"SELECT {COLUMNS} FROM people ORDER BY id"  # noqa: S608
    with query_rows(sqlite, query, "customers") as rows, RejectsFile(target, rows) as rejects:
        list(rows)
        rejects.add([RowOutcome(2, Outcome.FAILED, "00002")])
        assert rejects.write() == 1
    (again,) = payloads(open_rows(target, "customers"))
    assert orjson.loads(again) == orjson.loads(expected(tmp_path)[1])


@pytest.mark.parametrize(
    ("query", "ordered"),
    [
        ("SELECT 1 ORDER BY 1", True),
        ("select a from b\norder  by a limit 3", True),
        ("SELECT 1", False),
        ("SELECT * FROM (SELECT 1 ORDER BY (2)) t", False),
        ("SELECT row_number() OVER (ORDER BY a) FROM t", False),
        ("SELECT 'ORDER BY' -- ORDER BY 1\n/* ORDER BY 2 */", False),
    ],
)
def test_a_query_without_an_order_of_its_own_is_told(query: str, ordered: bool) -> None:
    assert has_order(query) is ordered


def test_what_cannot_be_read_says_why_without_a_password(sqlite: str) -> None:
    with query_rows(sqlite, 'SELECT id AS "customerId" FROM people', "customers") as rows:
        assert "has no ORDER BY" in rows.warnings[0]
    for query, reason in {
        "SELECT x FROM people": "cannot be run: no such column: x",
        "SELECT id FROM people": "customerId missing",
        'SELECT id AS "customerId" FROM people WHERE 0': "has no rows",
        "DELETE FROM people WHERE 0": "returns no rows: write a SELECT",
    }.items():
        with pytest.raises(InputError, match=reason):
            query_rows(sqlite, query, "customers")
    for url in ("nonsense", "postgres://u:hush@h/d", "postgresql+nodriver://u:hush@h/d"):
        with pytest.raises(ConfigurationError, match="the database cannot be used") as error:
            query_rows(url, "SELECT 1", "customers")
        assert "hush" not in str(error.value)
    assert without_password("postgresql://u:hush@h/d") == "postgresql://u@h/d"
