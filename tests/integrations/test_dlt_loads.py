"""Loads of dlt into Gameball: what arrives there, by the sandbox's ledger, and what is refused before it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gameball_async.sandbox import Sandbox

Make = Callable[..., Any]


def items(sandbox: Sandbox, kind: str) -> list[Any]:
    """What was applied, in order."""
    return [entry.item for entry in sandbox.ledger.entries(kind)]


@pytest.mark.parametrize("naming", ["direct", "snake_case"])
def test_rows_are_appended_under_whatever_names_dlt_gives_them(
    sandbox: Sandbox, pipeline: Make, naming: str
) -> None:
    rows = [{"customerId": f"c{n}", "amount": Decimal("1.50")} for n in range(1500)]
    pipeline(naming_convention=naming).run(rows, table_name="balance_adjustments")
    assert items(sandbox, "balance-adjustments") == [
        {"customerId": f"c{n}", "amount": 1.5} for n in range(1500)
    ]


def test_each_load_appends_its_own_rows(sandbox: Sandbox, pipeline: Make) -> None:
    loads = pipeline()
    for amount in (1, 2):
        loads.run([{"customerId": "c1", "amount": amount}], table_name="balance_adjustments")
    assert [item["amount"] for item in items(sandbox, "balance-adjustments")] == [1, 2]


def test_customers_are_merged_and_a_second_load_changes_them(
    sandbox: Sandbox, pipeline: Make
) -> None:
    loads = pipeline()
    for city in ("Lyon", "Paris"):
        loads.run(
            [{"customer_id": "c1", "city": city}],
            table_name="customers",
            write_disposition="merge",
            primary_key="customer_id",
        )
    assert items(sandbox, "customers")[-1] == {
        "customerId": "c1",
        "customerAttributes": {"city": "Paris"},
    }


@pytest.mark.parametrize("naming", ["direct", "snake_case"])
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_inner_objects_and_typed_values_arrive_in_gameballs_names(
    sandbox: Sandbox, pipeline: Make, naming: str, form: Any
) -> None:
    order = {
        "order_id": "o1",
        "customer_id": "c1",
        "order_date": datetime(2024, 10, 16, 8, 13, 29, tzinfo=UTC),
        "total_paid": Decimal("12.50"),
        "line_items": [{"product_id": "p1", "quantity": 2, "price": 6.25}],
        "merchant": {"unique_id": "m1", "branch": {"unique_id": "b1"}},
        "extra": {"gift_note": "for you"},
        "total_tax": None,
    }
    loads = pipeline(naming_convention=naming)
    loads.run([order], table_name="orders", loader_file_format=form)
    (found,) = items(sandbox, "orders")
    assert found.pop("totalPaid") == 12.5
    assert found.pop("orderDate").startswith("2024-10-16T08:13:29")
    assert found == {
        "orderId": "o1",
        "customerId": "c1",
        "lineItems": [{"productId": "p1", "quantity": 2, "price": 6.25}],
        "merchant": {"uniqueId": "m1", "branch": {"uniqueId": "b1"}},
        "extra": {"gift_note": "for you"},
    }


@pytest.mark.parametrize("naming", ["direct", "snake_case"])
def test_names_that_dlt_made_of_paths_mean_the_field_within(
    sandbox: Sandbox, pipeline: Make, naming: str
) -> None:
    row = {
        "customer_id": "c1",
        "customer_attributes__city": "Paris",
        "customerAttributes.joinDate": date(2024, 1, 31),
        "custom__favourite_colour": "red",
    }
    pipeline(naming_convention=naming).run([row], table_name="customers")
    (found,) = items(sandbox, "customers")
    assert found == {
        "customerId": "c1",
        "customerAttributes": {
            "city": "Paris",
            "joinDate": "2024-01-31",
            "custom": {"favourite_colour": "red"},
        },
    }


def test_tables_of_arrow_are_loaded_as_they_are(sandbox: Sandbox, pipeline: Make) -> None:
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table({"customer_id": ["c1", "c2"], "amount": [1.5, 2.0]})
    pipeline().run(table, table_name="balance_adjustments")
    assert sorted(item["amount"] for item in items(sandbox, "balance-adjustments")) == [1.5, 2]


def test_one_row_a_record_becomes_an_event(sandbox: Sandbox, pipeline: Make) -> None:
    row = {"customer_id": "c1", "event": "review", "metadata": {"stars": 5}}
    pipeline().run([row], table_name="events")
    assert items(sandbox, "events") == [{"customerId": "c1", "events": {"review": {"stars": 5}}}]


def test_tables_may_have_names_of_their_own(sandbox: Sandbox, pipeline: Make) -> None:
    loads = pipeline(tables={"points": "balance-adjustments", "people": "customers"})
    loads.run([{"customerId": "c1", "amount": 1}], table_name="points")
    loads.run([{"customerId": "c1", "email": "a@example.com"}], table_name="people")
    assert sandbox.ledger.applied == Counter({"balance-adjustments": 1, "customers": 1})


def test_a_column_that_gameball_does_not_know_is_named(
    sandbox: Sandbox, pipeline: Make, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "gameball_async"):
        pipeline().run([{"customer_id": "c1", "emial": "a@example.com"}], table_name="customers")
    assert "emial" in caplog.text
    assert "_dlt" not in caplog.text


def test_a_column_that_gameball_does_not_know_may_be_sent_as_the_accounts_own(
    sandbox: Sandbox, pipeline: Make
) -> None:
    pipeline(unknown="custom").run([{"customer_id": "c1", "shoe_size": 43}], table_name="customers")
    (found,) = items(sandbox, "customers")
    assert found["customerAttributes"]["custom"] == {"shoe_size": 43}


def test_ids_that_are_numbers_are_refused_unless_they_are_meant(
    sandbox: Sandbox, pipeline: Make
) -> None:
    rows = [{"customer_id": 7, "amount": 1}]
    with pytest.raises(Exception, match=r"ids_from_numbers=True"):
        pipeline().run(rows, table_name="balance_adjustments")
    assert not sandbox.counts["submit"]
    pipeline(ids_from_numbers=True).run()
    assert items(sandbox, "balance-adjustments") == [{"customerId": "7", "amount": 1}]


@pytest.mark.parametrize(
    ("table", "disposition", "hints", "why"),
    [
        ("customers", "replace", {}, "nothing can be removed from Gameball.*use merge or append"),
        ("events", "replace", {}, "nothing can be removed from Gameball.*use append"),
        ("balance_adjustments", "merge", {}, "a row that is sent again is applied again"),
        ("clients", "append", {}, r"is not one of Gameball's kinds.*tables="),
        ("orders", "append", {}, "no row has orderId, orderDate, totalPaid, which orders need"),
        ("customers", "append", {"gone": {"hard_delete": True}}, "'gone'.*marks rows to delete"),
    ],
)
def test_what_cannot_be_loaded_is_refused_before_any_row_is_sent(
    sandbox: Sandbox,
    pipeline: Make,
    table: str,
    disposition: Any,
    hints: dict[str, Any],
    why: str,
) -> None:
    row = {"customer_id": "c1", "amount": 1, "gone": False}
    with pytest.raises(Exception, match=why):
        pipeline().run(
            [row],
            table_name=table,
            write_disposition=disposition,
            primary_key="customer_id",
            columns=hints,
        )
    assert not sandbox.counts


def test_a_load_that_was_refused_is_aborted_as_the_page_says_and_the_next_is_loaded(
    sandbox: Sandbox, pipeline: Make
) -> None:
    rows = [{"customer_id": "c1", "amount": 1}]
    with pytest.raises(Exception, match="use append"):
        pipeline().run(rows, table_name="balance_adjustments", write_disposition="merge")
    loads = pipeline()
    loads.abort_packages()
    loads.load()
    loads.run(rows, table_name="balance_adjustments", write_disposition="append")
    assert items(sandbox, "balance-adjustments") == [{"customerId": "c1", "amount": 1}]


def test_files_of_one_table_are_sent_one_after_the_other_each_to_its_end(
    sandbox: Sandbox, pipeline: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So no two jobs of a customer are ever open. Which file comes first is dlt's choice."""
    monkeypatch.setenv("NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS", "1")
    monkeypatch.setenv("DATA_WRITER__BUFFER_MAX_ITEMS", "1")
    rows = [{"customer_id": "c1", "amount": n} for n in range(4)]
    pipeline().run(rows, table_name="balance_adjustments")
    assert sorted(each["amount"] for each in items(sandbox, "balance-adjustments")) == [0, 1, 2, 3]
    sorts = [seen.sort for seen in sandbox.requests]
    assert sorts.count("submit") == 4
    assert ("submit", "submit") not in pairwise(sorts)


def test_a_table_that_cannot_be_loaded_keeps_all_others_of_its_load_back(
    sandbox: Sandbox, pipeline: Make
) -> None:
    import dlt

    people = dlt.resource([{"customer_id": "c1"}], name="customers")
    strange = dlt.resource([{"customer_id": "c1", "amount": 1}], name="clients")
    with pytest.raises(Exception, match="clients"):
        pipeline().run([people, strange])
    assert not sandbox.counts


def test_keys_and_address_may_come_from_the_environment_and_no_other_names_are_looked_up(
    sandbox: Sandbox, pipeline: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAMEBALL_API_KEY", sandbox.api_key)
    monkeypatch.setenv("GAMEBALL_SECRET_KEY", sandbox.secret_key)
    monkeypatch.setenv("GAMEBALL_BASE_URL", sandbox.url)
    for name in ("KIND", "API_KEY", "DOUBTS", "UNKNOWN", "BASE_URL", "CLIENT"):
        monkeypatch.setenv(name, "of another program")
    loads = pipeline(api_key=None, secret_key=None, base_url=None)
    loads.run([{"customerId": "c1"}], table_name="customers")
    assert sandbox.ledger.applied["customers"] == 1


def test_no_key_is_in_a_file_or_a_repr(sandbox: Sandbox, pipeline: Make, tmp_path: Path) -> None:
    loads = pipeline()
    loads.run([{"customerId": "c1"}], table_name="customers")
    shown = repr(loads.destination) + repr(loads) + str(loads.last_trace)
    for key in (sandbox.api_key, sandbox.secret_key):
        assert key not in shown
        assert not [
            path
            for path in tmp_path.rglob("*")
            if path.is_file() and key.encode() in path.read_bytes()
        ]


@pytest.mark.anyio
async def test_a_pipeline_runs_where_an_event_loop_runs_as_in_a_notebook(
    sandbox: Sandbox, pipeline: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOAD__WORKERS", "1")  # dlt sends in the caller's own thread then
    pipeline().run([{"customerId": "c1"}], table_name="customers")
    assert sandbox.ledger.applied["customers"] == 1


def test_it_can_be_named_by_a_text(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import dlt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GAMEBALL_API_KEY", sandbox.api_key)
    monkeypatch.setenv("GAMEBALL_SECRET_KEY", sandbox.secret_key)
    monkeypatch.setenv("GAMEBALL_BASE_URL", sandbox.url)
    name: Any = "gameball_async.integrations.dlt.gameball"
    loads = dlt.pipeline("named", destination=name, pipelines_dir=str(tmp_path / "pipelines"))
    loads.run([{"customerId": "c1"}], table_name="customers")
    assert sandbox.ledger.applied["customers"] == 1


def test_a_disk_without_links_is_no_hindrance(
    sandbox: Sandbox, pipeline: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = os.link

    def link(source: Any, target: Any, **options: Any) -> None:
        if not str(target).endswith(".gbjournal"):
            raise OSError("no links here")
        real(source, target, **options)

    monkeypatch.setattr(os, "link", link)
    pipeline().run([{"customerId": "c1"}, {"customerId": " "}], table_name="customers")
    assert sandbox.ledger.applied["customers"] == 1
    (kept,) = (tmp_path / "pipelines" / "shop" / "gameball").glob("*/customers.*.gz")
    assert kept.stat().st_size


def test_where_dlt_is_missing_it_is_said_how_to_install_it() -> None:
    program = "import sys; sys.modules['dlt'] = None; import gameball_async.integrations.dlt"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr.strip().endswith("pip install 'gameball_async[dlt]'")
