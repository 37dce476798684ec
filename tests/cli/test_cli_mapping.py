"""Exports of shops, as people have them, and mapping files, from the command line."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gameball_async.sandbox import Sandbox
from tests.cli.cli_desk import Run, Serve


def items(sandbox: Sandbox) -> list[Any]:
    """All items that the sandbox was sent."""
    return [item for job in sandbox.jobs.values() for item in job.items()]


def test_shopify_customers_are_recognised_and_sent_without_the_apostrophes(
    run: Run, serve: Serve, field: Callable[[str], Path]
) -> None:
    sandbox = serve()
    result = run("import", "customers", field("shopify_customers.csv"))
    assert result.exit_code == 0, result.output
    assert "read as an export of shopify, from its column names (--from shopify)" in result.stderr
    first, second, _ = items(sandbox)
    assert first == {
        "customerId": "7000000000001",
        "email": "ana@example.com",
        "mobile": "+5581900000001",
        "tags": ["vip", "newsletter"],
        "customerAttributes": {
            "firstName": "Ana",
            "lastName": "Lima",
            "displayName": "Ana Lima",
            "city": "Recife",
            "country": "BR",
            "zip": "50000-000",
            "totalSpent": 120.5,
            "totalOrders": 3,
            "custom": {
                "note": "likes tea",
                "acceptsEmailMarketing": True,
                "acceptsSmsMarketing": False,
            },
        },
    }
    assert second["customerAttributes"]["zip"] == "69001"
    assert (
        "not sent, because the mapping does not use them: Default Address Company" in result.stderr
    )


def test_an_order_of_several_lines_is_one_row_and_comes_whole_into_the_rejects(
    run: Run, serve: Serve, field: Callable[[str], Path], tmp_path: Path
) -> None:
    sandbox = serve()
    rejects = tmp_path / "rejects.csv"
    path = field("shopify_orders.csv")
    result = run("import", "orders", path, "--rejects", rejects, "--json")
    assert result.exit_code == 1, result.output
    found = json.loads(result.stdout)
    assert (found["rows"], found["succeeded"], found["rejected"]) == (2, 1, 1)
    (order,) = items(sandbox)
    assert order["orderId"] == "7410991464714" and order["orderDate"] == "2025-10-07T07:50:20Z"
    assert order["lineItems"] == [
        {"title": "Green tea", "sku": "T-1", "quantity": 2, "price": 12.0, "vendor": "Leaf"},
        {"title": "Cup", "sku": "C-9", "quantity": 1, "price": 29.91, "vendor": "Leaf"},
    ]
    with rejects.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header[-4:] == ["outcome", "code", "reason", "line"]
    assert [(row[0], row[10], row[-4], row[-1]) for row in rows] == [
        ("#1003", "1", "rejected", "6"),
        ("#1003", "3", "rejected", "6"),
    ]


def test_mended_rejects_of_a_mapped_file_go_in(
    run: Run, serve: Serve, field: Callable[[str], Path], tmp_path: Path
) -> None:
    sandbox = serve()
    rejects = tmp_path / "rejects.csv"
    assert run("import", "orders", field("shopify_orders.csv"), "--rejects", rejects).exit_code == 1
    rejects.write_text(rejects.read_text().replace("#1003,,", "#1003,cy@example.com,"))
    result = run("import", "orders", rejects, "--json")
    assert result.exit_code == 0, result.output
    assert items(sandbox)[-1]["orderId"] == "7410991464716"
    assert len(items(sandbox)[-1]["lineItems"]) == 2


def test_a_local_time_needs_a_zone_and_one_that_the_clocks_skip_is_rejected(
    run: Run, serve: Serve, field: Callable[[str], Path]
) -> None:
    sandbox = serve()
    path = field("woocommerce_orders.csv")
    result = run("validate", "orders", path)
    assert result.exit_code == 1
    assert "2: orderDate: has no time zone: pass --naive-as ZONE" in result.stdout
    assert "1 row skipped by the mapping" in result.stdout
    result = run("import", "orders", path, "--naive-as", "Europe/Paris", "--json")
    assert result.exit_code == 1, result.output
    (order,) = items(sandbox)
    assert (order["customerId"], order["orderDate"]) == (
        "guest@example.com",
        "2024-04-01T07:15:00Z",
    )
    reasons = json.loads(result.stdout)["failures_by_reason"]
    assert any("does not exist in Europe/Paris" in reason for reason in reasons)


def test_a_mapping_file_renames_and_its_run_resumes_without_the_file(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    sandbox = serve()
    path, mapping = tmp_path / "people.csv", tmp_path / "people.toml"
    path.write_text("Kunde,Ort\n" + "".join(f"k{n},Wien\n" for n in range(1500)))
    mapping.write_text('[columns]\ncustomerId = "Kunde"\ncity = "Ort"\n')
    sandbox.faults.answer(401, "{}", on="submit", times=1, after=1, commit=False)
    first = run("import", "customers", path, "--map", mapping, "--concurrency=1")
    assert first.exit_code == 3, first.output
    mapping.unlink()
    assert run("resume", f"{path}.gbjournal").exit_code == 0
    assert len(items(sandbox)) == 1500
    assert items(sandbox)[-1] == {"customerId": "k1499", "customerAttributes": {"city": "Wien"}}


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        (
            '[columns]\ncustomerId = "Kunde"\ncolour = "Ort"',
            "the mapping names columns that customers do not have",
        ),
        (
            '[columns]\ncustomerId = "Client"',
            "the mapping reads 'Client', which the header does not have",
        ),
        ('[columns]\ncity = "Ort"', "column customerId missing"),
        ("[colums]", "unknown key colums"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused_before_anything_is_sent(
    run: Run, serve: Serve, tmp_path: Path, toml: str, said: str
) -> None:
    sandbox = serve()
    path, mapping = tmp_path / "people.csv", tmp_path / "people.toml"
    path.write_text("Kunde,Ort\nk1,Wien\n")
    mapping.write_text(toml)
    result = run("import", "customers", path, "--map", mapping)
    assert result.exit_code == 2 and said in result.stderr
    assert not sandbox.requests


def test_a_proposal_can_be_used_as_it_is(run: Run, serve: Serve, tmp_path: Path) -> None:
    sandbox = serve()
    path, mapping = tmp_path / "people.csv", tmp_path / "people.toml"
    path.write_text("Client ID,E-Mail,Zip Code,Shoe size\n007,a@example.com,01234,42\n")
    result = run("map", "customers", path, "--out", mapping)
    assert result.exit_code == 0, result.output
    assert 'line 2 would be sent as {"customerId":"007","email":"a@example.com"' in result.stderr
    assert '#   "Shoe size"' in mapping.read_text()
    assert run("import", "customers", path, "--map", mapping).exit_code == 0
    assert items(sandbox) == [
        {"customerId": "007", "email": "a@example.com", "customerAttributes": {"zip": "01234"}}
    ]


def test_a_proposal_names_what_it_did_not_find(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("Order Number,Total\n1,9.5\n")
    result = run("map", "orders", path)
    assert result.exit_code == 0
    assert "no column was found for customerId, orderDate" in result.stderr


def test_a_dry_run_sends_nothing_and_shows_rows_jobs_and_time(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    sandbox = serve()
    path = tmp_path / "people.csv"
    path.write_text("customerId\n" + "".join(f"k{n}\n" for n in range(2500)))
    result = run("import", "customers", path, "--dry-run")
    assert result.exit_code == 0, result.output
    assert 'would send: {"customerId":"k0"}' in result.stdout
    assert "at least 3 jobs, 6 requests with one poll each" in result.stdout
    assert not sandbox.requests and not Path(f"{path}.gbjournal").exists()
