"""
The eight batch forms: path, fields and wording of each, and the check of one item against them.

Sources: the pages "Customers", "Orders", "Order transactions", "Balance inquiries", "Adjustments",
"Cashback", "Redemptions" and "Events" of "Batches / Batch creation". Of the answers' words only
the customers' are documented; the others follow their pattern.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from .messages import Reason

__all__ = ["FORMS", "PATHS", "UPSERT", "Form"]

_TEXT: tuple[type, ...] = (str,)
_NUMBER: tuple[type, ...] = (int, float)
_WHOLE: tuple[type, ...] = (int,)
_FLAG: tuple[type, ...] = (bool,)
_OBJECT: tuple[type, ...] = (dict,)
_LIST: tuple[type, ...] = (list,)

Types = Mapping[str, tuple[type, ...]]

# Times "must be in UTC (ISO 8601)", for example 2024-10-16T08:13:29.290Z.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|\+00:?00)")
_CHANNELS = frozenset({None, "mobile", "pos", "web", "callcenter"})

_ATTRIBUTES: Types = {
    **dict.fromkeys(
        ("displayName", "firstName", "lastName", "email", "gender", "mobile", "dateOfBirth",
         "joinDate", "country", "city", "zip", "preferredLanguage", "source", "lastOrderDate",
         "channel"),
        _TEXT,
    ),
    **dict.fromkeys(("utms", "devices", "paymentMethods"), _LIST),
    **dict.fromkeys(("totalSpent", "avgOrderAmount"), _NUMBER),
    "totalOrders": _WHOLE,
    "custom": _OBJECT,
}  # fmt: skip

_PERSON: Types = dict.fromkeys(("customerId", "email", "mobile"), _TEXT)


@frozen
class Form:
    """
    One batch endpoint as the reference describes it.

    Attributes:
        name: what the sandbox calls it, in faults, ledger and log.
        path: below ``/batch/``.
        operation: the job's ``operation``.
        done: ``message`` of an item that was applied.
        undone: words of an item that failed for no reason that has a code.
        required: the fields an item must have; none where items are plain texts.
        types: the documented types of fields. Fields that are not here pass.
        times: the fields that must be UTC ISO 8601, each with the code of its refusal.
        item_id: the field that is an item's own id; None where there is none.
        plain: whether an item is a text, not an object.
        ids: the fields that must not be empty.
    """

    name: str
    path: str
    operation: str
    done: str
    undone: str
    required: tuple[str, ...] = ()
    types: Types = field(factory=dict)
    times: tuple[tuple[str, int], ...] = ()
    item_id: str | None = None
    plain: bool = field(init=False)
    ids: tuple[str, ...] = field(init=False)

    @plain.default
    def _plain(self) -> bool:
        return not self.required

    @ids.default
    def _ids(self) -> tuple[str, ...]:
        return ("customerId",) if self.item_id is None else ("customerId", self.item_id)

    def id_of(self, item: Any) -> str | None:
        """The item's own id (of an order or a transaction); None where the kind has none."""
        if self.plain:
            return item if isinstance(item, str) else None
        value = item.get(self.item_id) if self.item_id else None
        return value if isinstance(value, str) else None

    def check(self, item: Any) -> Reason | None:
        """The first thing that is wrong with *item*; None where nothing is."""
        if self.plain:
            return None if item else Reason(3003, "Order id must not be empty")
        types = self.types
        for name, value in item.items():
            allowed = types.get(name)
            if allowed is not None and type(value) not in allowed:
                reason = self._unfit(name, value)
                if reason is not None:
                    return reason
        for name in self.required:
            if name not in item:
                return Reason(3000, f"{name} is missing")
        for name in self.ids:
            if not item[name] or item[name].isspace():
                return Reason(3003, f"{name} must not be empty")
        for name, code in self.times:
            if not _TIME.fullmatch(item[name]):
                return Reason(code, f"{name} must be in UTC (ISO 8601)")
        # Only customers have these; in an item of another kind the name means nothing.
        attributes = item.get("customerAttributes") if self.name == "customers" else None
        return _check_attributes(attributes) if attributes else None

    def _unfit(self, name: str, value: object) -> Reason | None:
        if value is not None:
            return Reason(3003, f"{name} has an invalid value")
        return Reason(3001, f"{name} must not be null") if name in self.required else None


def _check_attributes(attributes: Mapping[str, Any]) -> Reason | None:
    for name, value in attributes.items():
        allowed = _ATTRIBUTES.get(name)
        if allowed is not None and value is not None and type(value) not in allowed:
            return Reason(3003, f"customerAttributes.{name} has an invalid value")
    channel = attributes.get("channel")
    if not (channel is None or isinstance(channel, str)) or channel not in _CHANNELS:
        return Reason(3003, "customerAttributes.channel must be mobile, pos, web or callcenter")
    return None


FORMS: Mapping[str, Form] = {
    form.name: form
    for form in (
        Form("customers", "customers", "Customer Creation Batch Job",
             "Customer created successfully", "Failed to create customer",
             ("customerId",),
             {**_PERSON, "deviceToken": _TEXT, "osType": _TEXT, "referrerCode": _TEXT,
              "guest": _FLAG, "customerAttributes": _OBJECT}),
        Form("orders", "orders", "Order Creation Batch Job",
             "Order created successfully", "Failed to create order",
             ("customerId", "orderId", "orderDate", "totalPaid"),
             {**_PERSON, "orderId": _TEXT, "orderDate": _TEXT, "totalPaid": _NUMBER,
              "totalPrice": _NUMBER, "totalDiscount": _NUMBER, "totalShipping": _NUMBER,
              "totalTax": _NUMBER, "lineItems": _LIST},
             (("orderDate", 3003),), "orderId"),
        Form("order-transactions", "orders/transactions", "Order Transactions Batch Job",
             "Order transactions retrieved successfully", "Failed to retrieve order transactions"),
        Form("balance-inquiries", "balance-inquiry", "Balance Inquiry Batch Job",
             "Balance retrieved successfully", "Failed to retrieve balance",
             ("customerId",), _PERSON),
        Form("balance-adjustments", "balance-adjustment", "Balance Adjustment Batch Job",
             "Balance adjusted successfully", "Failed to adjust balance",
             ("customerId", "amount"), {**_PERSON, "amount": _NUMBER, "reason": _TEXT}),
        Form("cashback", "cashback", "Cashback Batch Job",
             "Cashback rewarded successfully", "Failed to reward cashback",
             ("customerId", "transactionId", "transactionTime", "amount"),
             {**_PERSON, "transactionId": _TEXT, "transactionTime": _TEXT, "amount": _NUMBER},
             (("transactionTime", 9007),), "transactionId"),
        Form("redemptions", "redeem", "Redemption Batch Job",
             "Points redeemed successfully", "Failed to redeem points",
             ("customerId", "transactionId", "transactionTime"),
             {**_PERSON, "transactionId": _TEXT, "transactionTime": _TEXT, "amount": _NUMBER,
              "points": _WHOLE, "holdReference": _TEXT},
             (("transactionTime", 9007),), "transactionId"),
        Form("events", "events", "Event Tracking Batch Job",
             "Events tracked successfully", "Failed to track events",
             ("customerId", "events"), {**_PERSON, "events": _OBJECT}),
    )
}  # fmt: skip

UPSERT = FORMS["customers"]
"""``POST /customers`` takes the same item as the customers batch."""

PATHS: Mapping[str, Form] = {form.path: form for form in FORMS.values()}
