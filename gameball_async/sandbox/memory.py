"""
What the account remembers, and what applying one item of each kind does to it.

Sources: "Create/Update Customer" (create or update), "Track Order", "Status and error codes"
(7000, 9002, 9003, 9004, 9008) and, for the fields of balances and transactions, the single calls
"Get Customer Balance" and "Order Transactions". The batch pages show no such entries, so their
shape is the sandbox's choice, as is that a point is worth one unit of money.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from .messages import Reason

__all__ = ["EFFECTS", "Effect", "Memory", "stamp"]

_START = datetime(2025, 3, 14, 10, tzinfo=UTC)


def stamp(seconds: float) -> str:
    """The UTC time *seconds* after the sandbox began: it begins when the documented samples do."""
    moment = _START + timedelta(milliseconds=round(seconds * 1000))
    spec = "milliseconds" if moment.microsecond else "seconds"
    return moment.replace(tzinfo=None).isoformat(timespec=spec) + "Z"


class _Oblivion(dict[Any, Any]):
    """A mapping that keeps nothing."""

    def __setitem__(self, key: object, value: object) -> None:
        pass


class Memory:
    """
    Customers, orders, transactions and balances of the sandbox's one account.

    Arguments:
        discard: keep nothing, so that memory does not grow with the rows. No duplicate is
            recognised then, every balance reads 0 and every order is unknown.
        create_unknown: an item for an unknown customer creates it, as "Track Order" does; else
            the item fails with 7000. The batch pages do not say which.
        unique_times: a second transaction of a customer at the same time fails with 9003.
        merge_by: ``email`` or ``mobile`` to make one customer of ids with the same value; ``id``.
        check_points: a redemption of more points than the balance has fails with 9008.
        duplicate_order_code: the code with which a known order id is refused; which one the API
            uses is not documented.
    """

    def __init__(
        self,
        *,
        discard: bool = False,
        create_unknown: bool = True,
        unique_times: bool = False,
        merge_by: str = "id",
        check_points: bool = False,
        duplicate_order_code: int = 9004,
    ) -> None:
        new = _Oblivion if discard else dict
        self.customers: dict[str, int] = new()
        self.balances: dict[str, float] = new()
        self.orders: dict[str, tuple[str, float, int]] = new()
        self.transactions: dict[tuple[str, str], None] = new()
        self.times: dict[tuple[str, str], None] = new()
        self.merged: dict[str, str] = new()
        self.contacts: dict[str, str] = new()
        self.merge_by = merge_by
        self.discard = discard
        self.create_unknown = create_unknown
        self.unique_times = unique_times
        self.check_points = check_points
        self.duplicate_order_code = duplicate_order_code
        self.last_gameball_id = 41
        self.last_transaction_id = 11_034_753

    def person(self, item: Any) -> str:
        """The id under which the customer of *item* is kept: its own, or one that it merged into."""
        if self.merge_by == "id":
            return str(item["customerId"])
        return self.contacts.get(item.get(self.merge_by) or "") or self._kept(item["customerId"])

    def merge(self, item: Any) -> None:
        """Notes the contact of an applied *item*, and merges its customer into the one with it."""
        customer, contact = item["customerId"], item.get(self.merge_by)
        person, before = self.person(item), self._kept(customer)
        if person != before:
            self.merged[before] = person
            self.move(person, self.balances.pop(before, 0))
        if contact:
            self.contacts.setdefault(contact, person)

    def _kept(self, customer: str) -> str:
        while customer in self.merged:
            customer = self.merged[customer]
        return customer

    def gameball_id(self, customer: str) -> int:
        """The customer's number at Gameball; a new customer gets the next one, from 42."""
        known = self.customers.get(customer)
        if known is not None:
            return known
        self.last_gameball_id += 1
        self.customers[customer] = self.last_gameball_id
        return self.last_gameball_id

    def stranger(self, customer: str) -> Reason | None:
        """Refuses an unknown customer, or makes it a known one."""
        if customer not in self.customers:
            if not self.create_unknown and not self.discard:
                return Reason(7000, "Customer not found")
            self.gameball_id(customer)
        return None

    def move(self, customer: str, points: float) -> None:
        """Adds *points*, which may be negative, to the customer's balance."""
        self.balances[customer] = self.balances.get(customer, 0) + points


Effect = Callable[[Memory, Any], "Reason | Mapping[str, Any] | None"]
"""
Applies one checked item: a Reason refuses it; a mapping is what its entry says beyond the id.
"""


def _customer(memory: Memory, item: Any) -> None:
    memory.gameball_id(memory.person(item))


def _order(memory: Memory, item: Any) -> Reason | None:
    if item["orderId"] in memory.orders:
        return Reason(memory.duplicate_order_code, "Order id already exists")
    refusal = memory.stranger(memory.person(item))
    if refusal is None:
        memory.last_transaction_id += 1
        memory.orders[item["orderId"]] = (
            item["orderDate"], item["totalPaid"], memory.last_transaction_id
        )  # fmt: skip
        memory.move(memory.person(item), item["totalPaid"])
    return refusal


def _order_transactions(memory: Memory, item: Any) -> Reason | Mapping[str, Any]:
    order = memory.orders.get(item)
    if order is None:
        return Reason(9002, "Order not found")
    when, paid, number = order
    transaction = {
        "transactionDate": when,
        "gameballTransactionId": number,
        "transactionType": "PaymentReward",
        "amount": paid,
        "transactionId": item,
        "equivalentPoints": paid,
    }
    return {"transactions": [transaction], "count": 1}


def _inquiry(memory: Memory, item: Any) -> Reason | Mapping[str, Any]:
    customer = memory.person(item)
    refusal = memory.stranger(customer)
    if refusal is not None:
        return refusal
    points = memory.balances.get(customer, 0)
    return {
        "totalPointsBalance": points,
        "totalPointsValue": points,
        "availablePointsBalance": points,
        "availablePointsValue": points,
        "pendingPoints": 0,
        "pendingPointsValue": 0,
        "currency": "USD",
        "pointsName": "Points",
    }


def _adjustment(memory: Memory, item: Any) -> Reason | None:
    refusal = memory.stranger(memory.person(item))
    if refusal is None:
        memory.move(memory.person(item), item["amount"])
    return refusal


def _transaction(memory: Memory, kind: str, item: Any, points: float) -> Reason | None:
    customer, number, when = memory.person(item), item["transactionId"], item["transactionTime"]
    if (kind, number) in memory.transactions:
        return Reason(9004, "Transaction id already exists")
    if memory.unique_times and (customer, when) in memory.times:
        return Reason(9003, "Transaction time already exists")
    refusal = memory.stranger(customer)
    if refusal is not None:
        return refusal
    if memory.check_points and memory.balances.get(customer, 0) + points < 0:
        return Reason(9008, "Insufficient points")
    memory.transactions[kind, number] = None
    memory.times[customer, when] = None
    memory.move(customer, points)
    return None


def _cashback(memory: Memory, item: Any) -> Reason | None:
    return _transaction(memory, "cashback", item, item["amount"])


def _redemption(memory: Memory, item: Any) -> Reason | None:
    points = item.get("points") or item.get("amount") or 0
    return _transaction(memory, "redemptions", item, -points)


def _events(memory: Memory, item: Any) -> Reason | None:
    return memory.stranger(memory.person(item))


EFFECTS: Mapping[str, Effect] = {
    "customers": _customer,
    "orders": _order,
    "order-transactions": _order_transactions,
    "balance-inquiries": _inquiry,
    "balance-adjustments": _adjustment,
    "cashback": _cashback,
    "redemptions": _redemption,
    "events": _events,
}
