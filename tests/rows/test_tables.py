"""Rows as programs have them: tables with an Arrow stream, row objects of databases and classes."""

from __future__ import annotations

import sqlite3
import threading
from collections import namedtuple
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import anyio
import anyio.to_thread
import orjson
import polars as pl
import pyarrow as pa
import pytest
from pydantic import BaseModel, Field
from sqlalchemy import create_engine, text

from gameball_async.api.kinds import kind_of
from gameball_async.client import GameballClient
from gameball_async.errors import ChunkError, ConfigurationError
from gameball_async.files import table_rows
from gameball_async.rows.check import preparer
from gameball_async.rows.feed import Feed
from gameball_async.rows.given import rows_of
from gameball_async.rows.row import BadRow

pytestmark = pytest.mark.anyio


async def read(rows: Any, kind: str = "customers", *, ids: bool = False) -> list[Any]:
    """What each row goes out as; the faults of one that does not."""
    which = kind_of(kind)
    feed = Feed(rows_of(rows, which, ids_from_numbers=ids), preparer(which, ids_from_numbers=ids))
    found: list[Any] = []
    while batch := await feed.batch():
        for row in batch:
            if isinstance(row, BadRow):
                found.append([str(fault) for fault in row.faults])
            else:
                found.append(orjson.loads(row.payload))
    return found


def table(**columns: Any) -> pa.Table:
    return pa.table({name.replace("__", "."): values for name, values in columns.items()})


async def test_what_a_table_calls_missing_is_left_out_at_any_depth() -> None:
    rows = table(
        customerId=["c1", "c2"],
        email=["a@example.com", None],
        customerAttributes__city=["Lyon", None],
        customerAttributes__custom=[{"a": 1, "b": None}, None],
    )
    assert await read(rows) == [
        {
            "customerId": "c1",
            "email": "a@example.com",
            "customerAttributes": {"city": "Lyon", "custom": {"a": 1}},
        },
        {"customerId": "c2"},
    ]


async def test_columns_mean_what_they_mean_in_a_csv_file() -> None:
    rows = table(customerId=["c1"], joinDate=["2024-01-02"], tags=["a|b"], guest=["yes"])
    assert await read(rows) == [
        {
            "customerId": "c1",
            "customerAttributes": {"joinDate": "2024-01-02"},
            "tags": ["a", "b"],
            "guest": True,
        }
    ]


async def test_members_come_in_the_order_of_the_columns() -> None:
    rows = table(
        customerId=["c1", "c2"],
        customerAttributes__city=["Lyon", None],
        email=["e", "f"],
        customerAttributes__zip=["1", "2"],
    )
    first, second = await read(rows)
    assert [*first] == ["customerId", "customerAttributes", "email"]
    assert [*second] == ["customerId", "email", "customerAttributes"]
    assert [*first["customerAttributes"]] == ["city", "zip"]


async def test_a_struct_is_a_nested_object_and_a_list_a_list() -> None:
    rows = table(
        customerId=["c1"],
        customerAttributes=[{"city": "Lyon", "zip": None, "totalSpent": 1.5}],
        tags=[["a", "b"]],
    )
    assert await read(rows) == [
        {
            "customerId": "c1",
            "customerAttributes": {"city": "Lyon", "totalSpent": 1.5},
            "tags": ["a", "b"],
        }
    ]


async def test_dictionaries_decimals_and_floats_of_32_bits_keep_what_they_say() -> None:
    rows = table(
        customerId=pa.array(["c1", "c2"]).dictionary_encode(),
        totalSpent=pa.array([Decimal("89.00"), Decimal("12345678901234567.89")]),
        avgOrderAmount=pa.array([11.77, None], pa.float32()),
    )
    feed = Feed(rows_of(rows, kind_of("customers")), preparer(kind_of("customers")))
    payloads = [row.payload for row in await feed.batch() if not isinstance(row, BadRow)]
    assert payloads == [
        b'{"customerId":"c1","customerAttributes":{"totalSpent":89.0,"avgOrderAmount":11.77}}',
        b'{"customerId":"c2","customerAttributes":{"totalSpent":12345678901234567.89}}',
    ]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
async def test_times_with_a_zone_go_out_in_utc(unit: str) -> None:
    times = [datetime(2024, 7, 1, 12, 0, tzinfo=timezone(timedelta(hours=2))), None]
    rows = table(
        customerId=["c", "c"],
        orderId=["o1", "o2"],
        orderDate=pa.array(times, pa.timestamp(unit, "Europe/Paris")),
        totalPaid=[1, 2],
    )
    found = await read(rows, "orders")
    assert found[0]["orderDate"] == "2024-07-01T10:00:00Z"


async def test_a_day_is_a_day_whether_it_comes_as_a_date_or_as_its_midnight() -> None:
    days = [date(2024, 1, 2), None]
    midnights = pa.array([datetime(2024, 1, 2), None], pa.timestamp("ns"))  # noqa: DTZ001
    for column in (pa.array(days), pa.array(days, pa.date64()), midnights):
        found = await read(table(customerId=["c1", "c2"], joinDate=column))
        assert found[0]["customerAttributes"] == {"joinDate": "2024-01-02"}
        assert found[1] == {"customerId": "c2"}


async def test_a_time_without_a_zone_in_a_column_of_days_costs_that_row() -> None:
    days = [datetime(2024, 1, 2), datetime(2024, 1, 2, 3)]  # noqa: DTZ001
    found = await read(table(customerId=["c1", "c2"], joinDate=days))
    assert found[0]["customerAttributes"] == {"joinDate": "2024-01-02"}
    assert "customerAttributes.joinDate: has no time zone" in found[1][0]


def local_orders(*times: datetime) -> pa.Table:
    rows = [{"customerId": "c", "orderId": f"o{n}", "totalPaid": 1} for n, _ in enumerate(times)]
    return pa.Table.from_pylist(rows).append_column("orderDate", pa.array(times))


async def test_times_without_a_zone_are_refused_as_a_whole_unless_one_is_given() -> None:
    times = (datetime(2024, 7, 1, 12), datetime(2024, 3, 31, 2, 30))  # noqa: DTZ001
    with pytest.raises(ConfigurationError, match="'orderDate' holds times without a time zone"):
        rows_of(local_orders(*times), kind_of("orders"))
    found = await read(
        table_rows(local_orders(*times), "orders", naive_as="Europe/Paris"), "orders"
    )
    assert found[0]["orderDate"] == "2024-07-01T10:00:00Z"
    assert found[1] == [
        "orderDate: does not exist in Europe/Paris: the clocks go forward at that time"
    ]
    with pytest.raises(ConfigurationError, match="'Mars' is not a known time zone"):
        table_rows(local_orders(*times), "orders", naive_as="Mars")


async def test_ids_that_are_numbers_are_refused_as_a_whole_unless_they_are_asked_for() -> None:
    rows = table(customerId=[7])
    with pytest.raises(ConfigurationError, match="'customerId' holds numbers, but ids are text"):
        rows_of(rows, kind_of("customers"))
    assert await read(rows, ids=True) == [{"customerId": "7"}]


async def test_a_header_is_judged_as_a_whole_at_once() -> None:
    with pytest.raises(
        ConfigurationError, match="column 'Email' is not known: rename it to 'email'"
    ):
        rows_of(table(customerId=["c"], Email=["e"]), kind_of("customers"))
    with pytest.raises(ConfigurationError, match="column customerId missing"):
        rows_of(table(email=["e"]), kind_of("customers"))
    with pytest.raises(ConfigurationError, match="has no named columns"):
        rows_of(pa.chunked_array([["a"]]), kind_of("customers"))


async def test_a_column_that_the_api_does_not_know_is_sent_as_in_a_mapping() -> None:
    found = await read(table(customerId=["c"], ourField=["x"]))
    assert found == [{"customerId": "c", "ourField": "x"}]


async def test_batches_are_read_as_rows_are_asked_for() -> None:
    asked: list[int] = []

    def batches() -> Iterator[pa.RecordBatch]:
        for number in range(100):
            asked.append(number)
            ids = [f"{number}-{n}" for n in range(1000)]
            yield pa.record_batch({"customerId": ids})

    stream = pa.RecordBatchReader.from_batches(pa.schema({"customerId": pa.string()}), batches())
    feed = Feed(rows_of(stream, kind_of("customers")), preparer(kind_of("customers")))
    positions = [row.position for _ in range(6) for row in await feed.batch()]
    assert positions == list(range(len(positions)))
    assert len(asked) <= 3


async def test_a_polars_frame_is_rows() -> None:
    frame = pl.DataFrame({"customerId": ["c1", "c2"], "totalSpent": [1.5, None]})
    expected = [
        {"customerId": "c1", "customerAttributes": {"totalSpent": 1.5}},
        {"customerId": "c2"},
    ]
    assert await read(frame) == expected


async def test_pandas_and_duckdb_give_rows() -> None:
    pandas, duckdb = pytest.importorskip("pandas"), pytest.importorskip("duckdb")
    frame = pandas.DataFrame({"customerId": ["c1", "c2"], "totalSpent": [1.5, float("nan")]})
    frame["joinDate"] = pandas.to_datetime(["2024-01-02", None])
    expected = [
        {"customerId": "c1", "customerAttributes": {"totalSpent": 1.5, "joinDate": "2024-01-02"}},
        {"customerId": "c2"},
    ]
    assert await read(frame) == expected
    assert await read(duckdb.from_df(frame)) == expected


class Signup(BaseModel):
    customer: str = Field(alias="customerId")
    email: str | None = None
    mobile: str | None = None


@dataclass
class Person:
    customerId: str
    email: str | None = None


Pair = namedtuple("Pair", ["customerId", "email"])


async def test_row_objects_are_rows() -> None:
    database = sqlite3.connect(":memory:")
    database.row_factory = sqlite3.Row
    found = database.execute("SELECT 'c1' AS customerId, 'e' AS email, NULL AS mobile").fetchall()
    expected = [{"customerId": "c1", "email": "e"}]
    assert await read(found) == expected
    database.close()
    assert await read([Pair("c1", "e")]) == expected
    assert await read([Person("c1", "e"), Person("c2")]) == [*expected, {"customerId": "c2"}]
    engine = create_engine("sqlite://")
    query = text("SELECT 'c1' AS customerId, 'e' AS email, NULL AS mobile")
    with engine.connect() as connection:
        assert await read(connection.execute(query)) == expected
        assert await read(connection.execute(query).all()) == expected
        mapped = connection.execute(text("SELECT 'c1' AS customerId, 'e' AS email")).mappings()
        assert await read(mapped) == expected
    engine.dispose()


async def test_a_pydantic_model_sends_what_was_set_under_its_aliases() -> None:
    models = [Signup(customerId="c1", email="e"), Signup(customerId="c2", mobile=None)]
    expected = [{"customerId": "c1", "email": "e"}, {"customerId": "c2", "mobile": None}]
    assert await read(models) == expected


async def test_records_of_asyncpg_are_rows() -> None:
    class Record:  # as asyncpg's: keys() and names as indices, but no mapping
        def keys(self) -> Iterator[str]:
            return iter(("customerId", "email"))

        def __getitem__(self, name: str) -> str | None:
            return "c1" if name == "customerId" else None

    assert await read([Record()]) == [{"customerId": "c1"}]


@pytest.mark.parametrize("rows", [[["c1", "e"]], [("c1", "e")], [7], [object()], [None]])
async def test_rows_of_no_such_kind_are_refused_as_a_whole(rows: list[object]) -> None:
    with pytest.raises(ConfigurationError, match="cannot be sent: pass an iterable of models"):
        await read(rows)


async def test_a_row_of_another_kind_among_rows_costs_itself_only() -> None:
    found = await read([{"customerId": "c1"}, 7, {"customerId": "c2"}])
    assert found == [
        {"customerId": "c1"},
        ["must be a mapping or a Customer, not a number"],
        {"customerId": "c2"},
    ]


@pytest.mark.parametrize(
    "rows", [{"customerId": "c"}, "c", Pair("c", "e"), Person("c"), Signup(customerId="c"), 5]
)
async def test_one_row_where_many_are_wanted_is_refused_at_once(rows: object) -> None:
    with pytest.raises(ConfigurationError, match=r"is a single|cannot be iterated"):
        await read(rows)


async def test_a_row_whose_class_fails_costs_itself_only() -> None:
    class Odd:
        _asdict = property(lambda self: 1 / 0)

    found = await read([{"customerId": "c1"}, Odd()])
    assert found[1] == ["could not be read (ZeroDivisionError)"]


@pytest.fixture
async def client(gameball_client: GameballClient) -> AsyncIterator[GameballClient]:
    async with gameball_client as opened:
        yield opened


async def test_bulk_submit_and_submit_all_take_a_table(
    gameball_sandbox: Any, client: GameballClient
) -> None:
    async with client.bulk("customers", table(customerId=["c1", "c2"])) as run:
        assert (await run.finish()).succeeded == 2
    assert (await client.submit("customers", table(customerId=["c3"]))).rows == 1
    async with client.submit_all("customers", table(customerId=["c4"])) as submissions:
        assert [submission.positions async for submission in submissions] == [[0]]
    with pytest.raises(ChunkError, match="cannot be sent"):
        await client.submit("customers", [7])


async def test_a_run_that_reads_a_table_can_be_cancelled_while_a_batch_is_read(
    client: GameballClient,
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def batches() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"customerId": ["c1"]})
        asked.set()
        go_on.wait(10)

    stream = pa.RecordBatchReader.from_batches(pa.schema({"customerId": pa.string()}), batches())
    try:
        with anyio.move_on_after(5) as scope:
            async with client.bulk("customers", stream) as run:
                await anyio.to_thread.run_sync(asked.wait, 10)
                scope.cancel()
                await run.finish()
        assert scope.cancelled_caught
        assert run.report.rows == 1
    finally:
        go_on.set()


async def test_a_table_needs_pyarrow_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    frame = table(customerId=["c1"])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'gameball_async\[arrow\]'"):
        rows_of(frame, kind_of("customers"))
