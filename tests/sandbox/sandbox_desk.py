"""A desk to talk to the sandbox's service from: no server, no clock, no chance but seeded."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import orjson

from gameball_async.sandbox import Faults, Options, Reply, Request, Seen, Service

BASE = "/api/v4.0/integrations"
WHEN = "2024-10-16T08:13:29.290Z"

ITEMS: dict[str, Any] = {
    "customers": {"customerId": "c1", "email": "c1@example.com"},
    "orders": {"customerId": "c1", "orderId": "o1", "orderDate": WHEN, "totalPaid": 12.5},
    "order-transactions": "o1",
    "balance-inquiries": {"customerId": "c1"},
    "balance-adjustments": {"customerId": "c1", "amount": -3},
    "cashback": {"customerId": "c1", "transactionId": "t1", "transactionTime": WHEN, "amount": 9.5},
    "redemptions": {"customerId": "c1", "transactionId": "t1", "transactionTime": WHEN},
    "events": {"customerId": "c1", "events": {"visit": {"page": "home"}}},
}

PATHS = {
    "customers": "/batch/customers",
    "orders": "/batch/orders",
    "order-transactions": "/batch/orders/transactions",
    "balance-inquiries": "/batch/balance-inquiry",
    "balance-adjustments": "/batch/balance-adjustment",
    "cashback": "/batch/cashback",
    "redemptions": "/batch/redeem",
    "events": "/batch/events",
}


class Desk:
    """Sends requests to a service; *now* is where its clock stands."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("limits", None)
        self.options = Options(**options)
        self.seen: list[Seen] = []
        self.faults = Faults(Random(5).random)
        self.service = Service(
            self.options, Random(self.options.seed).random, self.faults, observe=self.seen.append
        )
        self.now = 0.0
        self.headers = {
            "APIKey": self.options.api_key,
            "SecretKey": self.options.secret_key,
            "Content-Type": "application/json",
        }

    def ask(self, method: str, path: str, value: Any = None, *, base: str = BASE) -> Reply:
        """One request; *value* is sent as JSON, or as it is where it is bytes."""
        body = value if isinstance(value, bytes) else b"" if value is None else orjson.dumps(value)
        return self.service.handle(Request(method, base + path, self.headers, body), self.now)

    def submit(self, kind: str, items: Sequence[Any]) -> int:
        """Submits *items* and returns the job's number."""
        reply = self.ask("POST", PATHS[kind], {"body": items})
        assert reply.status == 200, reply.body
        number = read(reply)["jobId"]
        assert isinstance(number, int)
        return number

    def poll(self, job: int) -> Any:
        """What the service tells of *job* now."""
        reply = self.ask("GET", f"/batch/{job}")
        assert reply.status == 200, reply.body
        return read(reply)

    def run(self, kind: str, items: Sequence[Any]) -> Any:
        """Submits *items*, lets an hour go by, and returns the answer to a poll."""
        job = self.submit(kind, items)
        self.now += 3600
        return self.poll(job)


def read(reply: Reply) -> Any:
    """The JSON of a reply."""
    return orjson.loads(reply.body)


def people(count: int, start: int = 0) -> list[dict[str, Any]]:
    """So many customers, numbered from *start*."""
    return [{"customerId": f"c{n}"} for n in range(start, start + count)]
