"""
Makes up the shop that the benchmarks move: customers with about 20 leaf values each.

The same customers as mappings, as models, and as a chunk's ready bytes. Values depend on the row's
number alone. Only the outer objects are made anew for each row; what they nest comes from a pool of
one chunk, so that many chunks fit into memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import orjson

from gameball_async.api.customers import Customer, CustomerAttributes

__all__ = ["ROWS", "customer_id", "mappings", "models", "ready", "some_rows"]

ROWS = 1000
"""Rows in a chunk."""

_FIRST = ("Amina", "Björn", "Chloé", "Dmitri", "Ella", "Farid", "Grace", "Hana", "Ivan", "Jun")
_LAST = (
    "Abbas",
    "Berg",
    "Costa",
    "Diaz",
    "Eriksen",
    "Fischer",
    "García",
    "Hughes",
    "Ito",
    "Jansen",
)
_CITIES = ("Cairo", "Riyadh", "Lisbon", "Oslo", "Berlin", "Austin", "Lyon", "Osaka")
_TAGS = ("vip", "newsletter", "wholesale", "app")


def customer_id(row: int) -> str:
    """The id of a row's customer: always of the same length, unique."""
    return f"cust-{row:08d}"


@cache
def _attributes(row: int) -> dict[str, Any]:
    first, last = _FIRST[row % 10], _LAST[row // 10 % 10]
    attributes: dict[str, Any] = {
        "displayName": f"{first} {last}",
        "firstName": first,
        "lastName": last,
        "gender": "F" if row % 2 else "M",
        "dateOfBirth": f"{1950 + row % 50}-{1 + row % 12:02d}-{1 + row % 28:02d}",
        "joinDate": f"2021-{1 + row % 12:02d}-{1 + row % 28:02d}",
        "country": "EG",
        "city": _CITIES[row % 8],
        "zip": f"{row % 100_000:05d}",
        "preferredLanguage": "en",
        "totalSpent": round(17.35 * (row % 977), 2),
        "totalOrders": row % 40,
        "avgOrderAmount": round(17.35 * (row % 977) / (row % 40 + 1), 2),
        "channel": "mobile" if row % 3 else "web",
        "custom": {"tier": f"tier-{row % 5}", "points": row % 5000},
    }
    if row % 2:
        attributes["source"] = "checkout"
    if row % 3 == 0:
        attributes["lastOrderDate"] = f"2024-{1 + row % 12:02d}-{1 + row % 28:02d}"
    if row % 4 == 0:
        attributes["paymentMethods"] = [_TAGS[row % 4], "card"]
    return attributes


def _mapping(row: int) -> dict[str, Any]:
    inner = row % ROWS
    return {
        "customerId": customer_id(row),
        "email": f"customer{inner:04d}@example.com",
        "mobile": f"+20100{inner:07d}",
        "customerAttributes": _attributes(inner),
    }


@cache
def _attributes_model(row: int) -> CustomerAttributes:
    given = _attributes(row)
    return CustomerAttributes(**{_snake(name): value for name, value in given.items()})


def _snake(name: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name)


def _model(row: int) -> Customer:
    inner = row % ROWS
    return Customer(
        customer_id=customer_id(row),
        email=f"customer{inner:04d}@example.com",
        mobile=f"+20100{inner:07d}",
        customer_attributes=_attributes_model(inner),
    )


def mappings(chunks: int) -> list[object]:
    """The rows of so many chunks as plain mappings."""
    return [_mapping(row) for row in range(chunks * ROWS)]


def models(chunks: int) -> list[object]:
    """The same rows as attrs models."""
    return [_model(row) for row in range(chunks * ROWS)]


def ready(chunks: int) -> list[tuple[list[str], bytes]]:
    """The same rows as the ids of each chunk and the body of its request."""
    return [(list(map(customer_id, rows)), _body(rows)) for rows in _rows(chunks)]


def _rows(chunks: int) -> list[range]:
    return [range(n * ROWS, (n + 1) * ROWS) for n in range(chunks)]


def _body(rows: range) -> bytes:
    return orjson.dumps({"body": list(map(_mapping, rows))})


def some_rows(rows: int, make: Callable[[int], object] = _mapping) -> Iterator[object]:
    """So many rows, each made when it is asked for."""
    return map(make, range(rows))
