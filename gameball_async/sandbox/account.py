"""
The account: what it remembers, what applying an item of each kind does to it, and the ledger.

Tests are judged by the ledger: what was applied, how often, and in what order. Nothing of it is sent
to a client. Items are kept as the bytes that they came in, so that a large import fits in memory.

Sources: "Create/Update Customer" (create or update), "Track Order", "Status and error codes"
(7000, 9002, 9003, 9004, 9008) and, for the fields of balances and transactions, the single calls
"Get Customer Balance" and "Order Transactions". The batch pages show no such entries, so their
shape is the sandbox's choice, as is that a purchase earns one point for each unit of money.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from attrs import define, field, frozen

from .forms import FORMS
from .jobs import Job
from .messages import Refusal
from .options import Options

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
        options: *discard*, *create_unknown*, *unique_times*, *check_points*, *merge_by*,
            *duplicate_order_code*, *adjustments* and *point_value* are read.
    """

    def __init__(self, options: Options) -> None:
        new = _Oblivion if options.discard else dict
        self.options = options
        self.customers: dict[str, int] = new()
        self.balances: dict[str, float] = new()
        self.orders: dict[str, tuple[str, float, int]] = new()
        self.transactions: dict[tuple[str, str], None] = new()
        self.times: dict[tuple[str, str], None] = new()
        self.merged: dict[str, str] = new()
        self.contacts: dict[str, str] = new()
        self.last_gameball_id: int = 41
        self.last_transaction_id = 11_034_753

    def person(self, item: Any) -> str:
        """The id under which the customer of *item* is kept: its own, or one that it merged into."""
        if self.options.merge_by == "id":
            return str(item["customerId"])
        return self.contacts.get(item.get(self.options.merge_by) or "") or self._kept(
            item["customerId"]
        )

    def merge(self, item: Any) -> None:
        """Notes the contact of an applied *item*, and merges its customer into the one with it."""
        customer, contact = item["customerId"], item.get(self.options.merge_by)
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
        if customer not in self.customers:
            self.last_gameball_id += 1
            self.customers[customer] = self.last_gameball_id
        return self.customers.get(customer, self.last_gameball_id)

    def known(self, item: Any) -> str:
        """The person of *item*; one that is unknown is refused, or made known."""
        customer = self.person(item)
        if customer not in self.customers:
            if not self.options.create_unknown and not self.options.discard:
                raise Refusal(7000, "Customer not found")
            self.gameball_id(customer)
        return customer

    def move(self, customer: str, points: float) -> None:
        """Adds *points*, which may be negative, to the customer's balance."""
        self.balances[customer] = self.balances.get(customer, 0) + points


Effect = Callable[[Memory, Any], Mapping[str, Any] | None]
"""
Applies one checked item, or raises a `Refusal`; a mapping is what its entry says beyond the id.
"""


def _customer(memory: Memory, item: Any) -> None:
    memory.gameball_id(memory.person(item))


def _order(memory: Memory, item: Any) -> None:
    number, paid = item["orderId"], item["totalPaid"]
    if number in memory.orders:
        raise Refusal(memory.options.duplicate_order_code, "Order id already exists")
    memory.move(memory.known(item), paid)
    memory.last_transaction_id += 1
    memory.orders[number] = (item["orderDate"], paid, memory.last_transaction_id)


def _order_transactions(memory: Memory, item: Any) -> Mapping[str, Any]:
    if item not in memory.orders:
        raise Refusal(9002, "Order not found")
    when, paid, number = memory.orders[item]
    transaction = {
        "transactionDate": when,
        "gameballTransactionId": number,
        "transactionType": "PaymentReward",
        "amount": paid,
        "transactionId": item,
        "equivalentPoints": paid,
    }
    return {"transactions": [transaction], "count": 1}


def _inquiry(memory: Memory, item: Any) -> Mapping[str, Any]:
    points = memory.balances.get(memory.known(item), 0)
    value = round(points * memory.options.point_value, 2)
    return {
        "totalPointsBalance": points,
        "totalPointsValue": value,
        "availablePointsBalance": points,
        "availablePointsValue": value,
        "pendingPoints": 0,
        "pendingPointsValue": 0,
        "currency": "USD",
        "pointsName": "Points",
    }


def _adjustment(memory: Memory, item: Any) -> None:
    money = memory.options.adjustments == "money"
    points = item["amount"] / memory.options.point_value if money else item["amount"]
    memory.move(memory.known(item), points)


def _transaction(memory: Memory, kind: str, item: Any, points: float) -> None:
    customer, number, when = memory.person(item), item["transactionId"], item["transactionTime"]
    if (kind, number) in memory.transactions:
        raise Refusal(9004, "Transaction id already exists")
    if memory.options.unique_times and (customer, when) in memory.times:
        raise Refusal(9003, "Transaction time already exists")
    memory.known(item)
    if memory.options.check_points and memory.balances.get(customer, 0) + points < 0:
        raise Refusal(9008, "Insufficient points")
    memory.transactions[kind, number] = None
    memory.times[customer, when] = None
    memory.move(customer, points)


def _cashback(memory: Memory, item: Any) -> None:
    _transaction(memory, "cashback", item, item["amount"])


def _redemption(memory: Memory, item: Any) -> None:
    points = item.get("points") or item.get("amount") or 0
    _transaction(memory, "redemptions", item, -points)


def _events(memory: Memory, item: Any) -> None:
    memory.known(item)


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


@frozen
class Applied:
    """
    One application of one item.

    Attributes:
        sequence: place in the order of all applications, from 0.
        time: when, in seconds since the sandbox began.
        kind: name of the batch kind; the single upsert counts as customers.
        job_id: the job; None for the single upsert.
        index: place in the submission, from 0.
        customer: the customer's id; None for order transactions.
        item_id: the order's or transaction's own id; None where the kind has none.
        nth: how many times the same item was applied before and with this one.
        item: the item as it came.
    """

    sequence: int
    time: float
    kind: str
    job_id: int | None
    index: int
    customer: str | None
    item_id: str | None
    nth: int
    item: Any


def identity(kind: str, item: Any) -> str:
    """What tells an item from others of its kind: its own id, or its JSON with sorted keys."""
    own = FORMS[kind].id_of(item)
    if own is not None:
        return own
    return orjson.dumps(item, option=orjson.OPT_SORT_KEYS).decode()


@define(eq=False)
class Ledger:
    """
    All applications in the order in which they happened.

    Attributes:
        discard: keep the counts only.
        applied: how many applications there were, by kind.
    """

    discard: bool
    applied: Counter[str] = field(factory=Counter, init=False)
    _runs: list[tuple[Job, int, int, float]] = field(factory=list, init=False)

    def record(self, job: Job, start: int, stop: int, refused: int, when: float) -> None:
        """Items *start* up to *stop* of *job* had their turn; *refused* of them were refused."""
        self.applied[job.kind] += stop - start - refused
        if not self.discard:
            self._runs.append((job, start, stop, when))

    def entries(self, kind: str | None = None) -> Iterator[Applied]:
        """Every application, or those of one *kind*, in order."""
        if self.discard:
            raise RuntimeError(
                "this sandbox keeps counts only: make it without discard=True to list what it "
                "applied"
            )
        times: Counter[tuple[str, str]] = Counter()
        read: dict[int, tuple[list[Any], Container[int]]] = {}
        sequence = 0
        for job, start, stop, when in self._runs:
            if id(job) not in read:
                read[id(job)] = job.items(), job.details().failures
            items, refused = read[id(job)]
            for index in range(start, stop):
                if index in refused:
                    continue
                item = items[index]
                key = (job.kind, identity(job.kind, item))
                times[key] += 1
                if kind is None or kind == job.kind:
                    customer = item.get("customerId") if isinstance(item, dict) else None
                    own = job.form.id_of(item)
                    yield Applied(sequence, when, job.kind, job.id or None, index, customer,
                                  own, times[key], item)  # fmt: skip
                sequence += 1
            if stop == len(items):
                del read[id(job)]

    def times(
        self, kind: str, *, key: Callable[[Any], str | None] | None = None
    ) -> Counter[str | None]:
        """
        How many times each item of *kind* was applied.

        Items are told apart by *key*, given the item; by default by their own id, or by their
        whole content where the kind has no id.
        """
        of = key if key is not None else (lambda item: identity(kind, item))
        return Counter(of(entry.item) for entry in self.entries(kind))
