"""
The eight batch forms: path, fields and wording of each, and the check of one item against them.

Sources: the pages "Customers", "Orders", "Order transactions", "Balance inquiries", "Adjustments",
"Cashback", "Redemptions" and "Events" of "Batches / Batch creation". Of the answers' words only
the customers' are documented; the others follow their pattern.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from .messages import Refusal

Fits = Callable[[Any], bool]
Spec = Mapping[str, Any]
"""
What the reference says of an object's fields: each a `Fits`, a `Spec` for an object, or a tuple
with one `Spec` for a list of objects. Fields that it does not name pass.
"""


def _is(*types: type) -> Fits:
    return lambda value: type(value) in types


_text, _number, _flag, _object, _list = _is(str), _is(int, float), _is(bool), _is(dict), _is(list)


def _whole(value: Any) -> bool:
    return type(value) is int or (type(value) is float and value.is_integer())


def _objects(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(each, dict) for each in value.values())


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _extra(value: Any) -> bool:
    return isinstance(value, dict) and all(_text(each) or _number(each) for each in value.values())


def _channel(value: Any) -> bool:
    return value in ("mobile", "pos", "web", "callcenter")


# Times "must be in UTC (ISO 8601)", for example 2024-10-16T08:13:29.290Z.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|\+00:?00)", re.ASCII)


def _is_time(value: str) -> bool:
    try:
        return _TIME.fullmatch(value) is not None and bool(datetime.fromisoformat(value))
    except ValueError:  # such as February 30
        return False


_ATTRIBUTES: Spec = {
    **dict.fromkeys(
        ("displayName", "firstName", "lastName", "email", "gender", "mobile", "dateOfBirth",
         "joinDate", "country", "city", "zip", "preferredLanguage", "source", "lastOrderDate"),
        _text,
    ),
    **dict.fromkeys(("utms", "devices", "paymentMethods"), _list),
    **dict.fromkeys(("totalSpent", "avgOrderAmount"), _number),
    "totalOrders": _whole,
    "channel": _channel,
    "custom": _object,
}  # fmt: skip
_PERSON: Spec = dict.fromkeys(("customerId", "email", "mobile"), _text)
_TRANSACTION: Spec = {
    **_PERSON, "transactionId": _text, "transactionTime": _text, "amount": _number,
}  # fmt: skip
_PLACE: Spec = {"uniqueId": _text, "name": _text}
# Of the batch's orders four fields are documented; the others are those of "Track Order".
_ORDER: Spec = {
    **_PERSON,
    **dict.fromkeys(("orderId", "orderDate", "cartId"), _text),
    **dict.fromkeys(
        ("totalPaid", "totalPrice", "totalDiscount", "totalShipping", "totalTax"), _number
    ),
    "lineItems": (
        {
            **dict.fromkeys(("productId", "sku", "vendor", "title"), _text),
            **dict.fromkeys(("quantity", "price", "weight", "taxes", "discount"), _number),
            **dict.fromkeys(("tags", "category", "collection"), _texts),
            "extra": _extra,
        },
    ),
    "redemption": {
        "pointsHoldReference": _text, "couponsLockReference": _text, "couponCodes": _texts,
    },
    "extra": _extra,
    "merchant": {**_PLACE, "branch": _PLACE},
    "guest": _flag,
    "channel": _channel,
    "cashbackConfigurations": {"returnWindow": _whole},
}  # fmt: skip


def _check(value: Any, want: Any, path: str, accept_null: bool) -> None:
    """Refuses a value that is not as the reference says."""
    if value is None:
        if accept_null:
            return
        raise Refusal(3001, f"{path} must not be null")
    many, has_fields = isinstance(want, tuple), isinstance(want, dict)
    if not (_list if many else _object if has_fields else want)(value):
        raise Refusal(3003, f"{path} has an invalid value")
    if many:
        for number, each in enumerate(value):
            _check(each, want[0], f"{path}[{number}]", accept_null)
    elif has_fields:
        for name in sorted(want.keys() & value.keys()):
            _check(value[name], want[name], f"{path}.{name}", accept_null)


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
        fields: what the reference says of the fields. Fields that are not here pass.
        times: the fields that must be UTC ISO 8601, each with the code of its refusal.
        item_id: the field that is an item's own id; None where there is none.
    """

    name: str
    path: str
    operation: str
    done: str
    undone: str
    required: tuple[str, ...] = ()
    fields: Spec = field(factory=dict)
    times: tuple[tuple[str, int], ...] = ()
    item_id: str | None = None

    @property
    def plain(self) -> bool:
        """Whether an item is a text, not an object."""
        return not self.required

    def id_of(self, item: Any) -> str | None:
        """The item's own id (of an order or a transaction); None where the kind has none."""
        if self.plain:
            return item if isinstance(item, str) else None
        value = item.get(self.item_id) if self.item_id else None
        return value if isinstance(value, str) else None

    def check(self, item: Any, *, accept_null: bool, contact: str) -> None:
        """
        Refuses an item for the first thing that is wrong with it.

        *contact* is the field by which the account merges customers: required where the kind has
        it. *accept_null* lets null pass in optional fields.

        Raises:
            Refusal: it is refused.
        """
        if self.plain:
            if not item:
                raise Refusal(3003, "Order id must not be empty")
            return
        fields, required = self.fields, self.required
        for name, value in item.items():
            if (want := fields.get(name)) is not None:
                _check(value, want, name, accept_null and name not in required)
        for name in (*required, contact):
            if name not in item and (name in fields or name != contact):
                raise Refusal(3000, f"{name} is missing")
        for name in ("customerId", self.item_id):
            if name and (not item[name] or item[name].isspace()):
                raise Refusal(3003, f"{name} must not be empty")
        for name, code in self.times:
            if not _is_time(item[name]):
                raise Refusal(code, f"{name} must be a time in UTC (ISO 8601)")


FORMS: Mapping[str, Form] = {
    form.name: form
    for form in (
        Form("customers", "customers", "Customer Creation Batch Job",
             "Customer created successfully", "Failed to create customer",
             ("customerId",),
             {**_PERSON, "deviceToken": _text, "osType": _text, "referrerCode": _text,
              "guest": _flag, "customerAttributes": _ATTRIBUTES}),
        Form("orders", "orders", "Order Creation Batch Job",
             "Order created successfully", "Failed to create order",
             ("customerId", "orderId", "orderDate", "totalPaid"),
             _ORDER,
             (("orderDate", 3003),), "orderId"),
        Form("order-transactions", "orders/transactions", "Order Transactions Batch Job",
             "Order transactions retrieved successfully", "Failed to retrieve order transactions"),
        Form("balance-inquiries", "balance-inquiry", "Balance Inquiry Batch Job",
             "Balance retrieved successfully", "Failed to retrieve balance",
             ("customerId",), {"customerId": _text}),
        Form("balance-adjustments", "balance-adjustment", "Balance Adjustment Batch Job",
             "Balance adjusted successfully", "Failed to adjust balance",
             ("customerId", "amount"), {"customerId": _text, "amount": _number, "reason": _text}),
        Form("cashback", "cashback", "Cashback Batch Job",
             "Cashback rewarded successfully", "Failed to reward cashback",
             ("customerId", "transactionId", "transactionTime", "amount"),
             _TRANSACTION,
             (("transactionTime", 9007),), "transactionId"),
        Form("redemptions", "redeem", "Redemption Batch Job",
             "Points redeemed successfully", "Failed to redeem points",
             ("customerId", "transactionId", "transactionTime"),
             {**_TRANSACTION, "points": _whole, "holdReference": _text},
             (("transactionTime", 9007),), "transactionId"),
        Form("events", "events", "Event Tracking Batch Job",
             "Events tracked successfully", "Failed to track events",
             ("customerId", "events"), {"customerId": _text, "events": _objects}),
    )
}  # fmt: skip

UPSERT = FORMS["customers"]
"""``POST /customers`` takes the same item as the customers batch."""

PATHS: Mapping[str, Form] = {form.path: form for form in FORMS.values()}
