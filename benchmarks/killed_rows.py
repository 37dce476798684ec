"""Rows for imports that are killed: real orders, and made ones of the other seven kinds."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["KEYS", "TIME", "keys_by_line", "write_rows"]

ORDERS = Path(__file__).parents[1] / "tests" / "data" / "orders.csv"
TIME = "2026-01-01T00:00:00Z"


def write_rows(kind: str, rows: int, folder: Path) -> Path:
    """A file of *rows* rows of *kind*: real orders, or made ones of which each 50th is faulty."""
    if kind == "orders":
        path = folder / "orders.csv"
        with ORDERS.open(encoding="utf-8", newline="") as sample:
            lines = [line for line, _ in zip(sample, range(rows + 1), strict=False)]
        path.write_text("".join(lines), encoding="utf-8")
        return path
    path = folder / f"{kind}.jsonl"
    with path.open("w", encoding="utf-8") as out:
        for n in range(1, rows + 1):
            out.write(json.dumps(_item(kind, n) if n % 50 else 7) + "\n")
    return path


def _item(kind: str, n: int) -> Any:
    several = f"c{n % 37}"  # customers with many rows, so that the order of chunks matters
    items: dict[str, Any] = {
        "customers": {"customerId": f"c{n}"},
        "order-transactions": f"o{n}",
        "balance-inquiries": {"customerId": f"c{n}"},
        "balance-adjustments": {"customerId": f"c{n % 211}", "amount": n},
        "cashback": {
            "customerId": f"c{n % 211}", "transactionId": f"t{n}", "transactionTime": TIME,
            "amount": 2,
        },
        "redemptions": {
            "customerId": f"c{n % 211}", "transactionId": f"t{n}", "transactionTime": TIME,
            "points": 2,
        },
        "events": {"customerId": several, "events": {"visit": {"n": n}}},
    }  # fmt: skip
    return items[kind]


KEYS: Mapping[str, Callable[[Any], str]] = {
    "customers": lambda item: str(item["customerId"]),
    "orders": lambda item: str(item["orderId"]),
    "order-transactions": str,
    "balance-inquiries": lambda item: str(item["customerId"]),
    "balance-adjustments": lambda item: str(item["amount"]),
    "cashback": lambda item: str(item["transactionId"]),
    "redemptions": lambda item: str(item["transactionId"]),
    "events": lambda item: str(item["events"]["visit"]["n"]),
}


def keys_by_line(kind: str, path: Path) -> dict[int, str | None]:
    """Line to key; None for a faulty row."""
    key = KEYS[kind]
    with path.open(encoding="utf-8", newline="") as file:
        if kind == "orders":
            return {n: key(row) for n, row in enumerate(csv.DictReader(file), 2)}
        items = [json.loads(line) for line in file]
    return {n: None if item == 7 else key(item) for n, item in enumerate(items, 1)}
