"""Sound items of each kind, for tests."""

from __future__ import annotations

from typing import Any


def item(kind: str, customer: str, n: int) -> Any:
    """A sound item of each kind."""
    time = "2026-01-01T00:00:00Z"
    more: dict[str, dict[str, Any]] = {
        "orders": {"orderId": f"o{n}", "orderDate": time, "totalPaid": 1.5},
        "balance-adjustments": {"amount": 1},
        "cashback": {"transactionId": f"t{n}", "transactionTime": time, "amount": 2},
        "redemptions": {"transactionId": f"t{n}", "transactionTime": time, "points": 2},
        "events": {"events": {"visit": {"n": n}}},
    }
    if kind == "order-transactions":
        return f"o{n}"
    return {"customerId": customer, **more.get(kind, {})}
