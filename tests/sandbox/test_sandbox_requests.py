"""Whole requests: bodies, keys, versions, paths, and the single upsert."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest

from gameball_async.sandbox.forms import FORMS
from gameball_async.sandbox.messages import Refusal
from tests.sandbox.sandbox_desk import BASE, PATHS, Desk, read

# Whole requests


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, 3016),
        (b"{", 400, 3016),
        (b'{"body": [NaN]}', 400, 3016),
        (b"[]", 400, 3016),
        (b"{}", 400, 3000),
        (b'{"body": null}', 422, 3001),
        (b'{"body": {}}', 400, 3016),
        (b'{"body": []}', 422, 3003),
        (b'{"body": ["c1"]}', 400, 3016),
        (b'{"body": [%s]}' % b",".join([b'{"customerId":"c"}'] * 1001), 422, 3011),
    ],
)
def test_a_bad_body_is_refused_as_a_whole_with_an_error_object(
    body: bytes, status: int, code: int
) -> None:
    desk = Desk()
    reply = desk.ask("POST", "/batch/customers", body)
    error = read(reply)
    assert (reply.status, error["code"]) == (status, code)
    assert error.keys() == {"code", "type", "message", "documentationUrl", "requestId"}
    assert not desk.service.jobs


def test_exactly_1000_items_are_accepted() -> None:
    told = Desk().run("customers", [{"customerId": f"c{n}"} for n in range(1000)])
    assert (told["totalCount"], told["finishedCount"]) == (1000, 1000)


def test_order_transactions_take_texts_only() -> None:
    reply = Desk().ask("POST", PATHS["order-transactions"], {"body": [{"orderId": "o1"}]})
    assert reply.status == 400


def test_another_content_type_is_not_supported() -> None:
    desk = Desk()
    desk.headers["Content-Type"] = "text/plain"
    reply = desk.ask("POST", "/batch/customers", {"body": [{"customerId": "c1"}]})
    assert (reply.status, read(reply)["code"]) == (415, 3013)


@pytest.mark.parametrize(
    ("base", "path", "keys", "high_security", "expected"),
    [
        (BASE, "/batch/customers", ("APIKey", "SecretKey"), False, (200, None)),
        (BASE, "/batch/customers", ("APIKey",), False, (401, 1001)),
        (BASE, "/batch/customers", ("SecretKey",), False, (401, 1000)),
        (BASE, "/batch/customers", (), False, (401, 1000)),
        (BASE, "/customers", ("APIKey",), False, (200, None)),
        (BASE, "/customers", ("APIKey",), True, (401, 1001)),
        (BASE, "/customers", ("SecretKey",), False, (401, 1000)),
        ("/api/v4/integrations", "/customers", ("APIKey",), False, (200, None)),
        ("/api/v4.1/integrations", "/customers", ("APIKey",), False, (401, 1001)),
        ("/api/v4.1/integrations", "/customers", ("APIKey", "SecretKey"), False, (200, None)),
    ],
)
def test_keys_are_asked_for_as_version_and_mode_demand(
    base: str, path: str, keys: tuple[str, ...], high_security: bool, expected: tuple[int, int]
) -> None:
    desk = Desk(high_security=high_security)
    desk.headers = {name.lower(): desk.headers[name] for name in keys}
    body = {"customerId": "c1"} if path == "/customers" else {"body": [{"customerId": "c1"}]}
    reply = desk.ask("POST", path, body, base=base)
    assert (reply.status, read(reply).get("code")) == expected


@pytest.mark.parametrize("key", ["APIKey", "SecretKey"])
def test_a_wrong_key_is_refused_even_where_it_is_not_needed(key: str) -> None:
    desk = Desk()
    desk.headers[key] = "gb_test_of_somebody_else"
    assert desk.ask("POST", "/customers", {"customerId": "c1"}).status == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/batch/1"),
        ("DELETE", "/batch/1"),
        ("GET", "/batch/abc"),
        ("GET", "/batch/" + "9" * 5000),
        ("GET", "/batch/customers"),
        ("PUT", "/batch/123456"),
        ("POST", "/batch/refunds"),
        ("GET", "/batches/123456/status"),
    ],
)
def test_what_does_not_exist_is_a_404_with_an_error_object(method: str, path: str) -> None:
    desk = Desk()
    desk.submit("customers", [{"customerId": "c1"}])
    reply = desk.ask(method, path)
    assert (reply.status, read(reply)["code"]) == (404, 4004)


def test_an_unknown_api_version_does_not_exist() -> None:
    assert Desk().ask("POST", "/customers", {}, base="/api/v3/integrations").status == 404


# The single upsert


def test_an_upsert_creates_once_and_then_updates() -> None:
    desk = Desk()
    numbers = [
        read(desk.ask("POST", "/customers", {"customerId": who}))["gameballId"]
        for who in ("c1", "c2", "c1")
    ]
    assert numbers == [42, 43, 42]
    assert desk.service.ledger.times("customers", key=lambda item: item["customerId"]) == {
        "c1": 2,
        "c2": 1,
    }


@pytest.mark.parametrize(
    ("item", "status", "code"),
    [
        ({}, 400, 3000),
        ({"customerId": None}, 422, 3001),
        ({"customerId": 7}, 422, 3003),
        ([], 400, 3016),
    ],
)
def test_a_wrong_customer_is_refused(item: Any, status: int, code: int) -> None:
    reply = Desk().ask("POST", "/customers", item)
    assert (reply.status, read(reply)["code"]) == (status, code)


def test_a_line_of_the_log_plays_no_tricks_on_a_terminal() -> None:
    desk = Desk()
    desk.ask("GET", "/batch/\x1b[31m\r\n" + "x" * 5000)
    line = str(desk.seen[0])
    assert line.isprintable()
    assert len(line) < 300


def test_peaks_are_kept_for_1_and_30_seconds_and_for_every_limit() -> None:
    assert list(Desk(limits=((5, 0.5),)).service.buckets["others"].peaks) == [0.5, 1.0, 30.0]


@pytest.mark.parametrize("attributes", [[1], "text", {"channel": ["web"]}, {"channel": {}}])
@pytest.mark.parametrize("kind", ["orders", "customers"])
def test_customer_attributes_of_any_form_never_break_the_service(
    kind: str, attributes: Any
) -> None:
    form = FORMS[kind]
    item = {
        "customerId": "c1", "orderId": "o1", "orderDate": "2026-01-01T00:00:00Z",
        "totalPaid": 1, "customerAttributes": attributes,
    }  # fmt: skip
    refused = nullcontext() if kind == "orders" else pytest.raises(Refusal)
    with refused:
        form.check(item, accept_null=False, contact="id")
