"""
The items of the eight kinds, in one place: which class belongs to which kind.

Each class has the API's fields in snake case. ``UNSET``, the default, leaves a field out; ``None``
sends null. A mapping in the API's own names may stand wherever a class may.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from .base import Item
from .customers import Customer, CustomerAttributes
from .fields import UNSET, FieldSpec, FieldType, Unset, specs_of
from .item_classes import CLASS_NAMES, item_class
from .orders import Branch, CashbackConfigurations, LineItem, Merchant, Order, OrderRedemption
from .points import BalanceAdjustment, BalanceInquiry, Cashback, Event, Redemption
from .values import Channel

__all__ = [
    "ITEMS",
    "UNSET",
    "AnyItem",
    "BalanceAdjustment",
    "BalanceInquiry",
    "Branch",
    "Cashback",
    "CashbackConfigurations",
    "Channel",
    "Customer",
    "CustomerAttributes",
    "Event",
    "FieldSpec",
    "FieldType",
    "Item",
    "LineItem",
    "Merchant",
    "Order",
    "OrderRedemption",
    "Redemption",
    "Unset",
    "specs_of",
]

AnyItem: TypeAlias = Item | Mapping[str, Any] | str
"""What may be submitted: a model, a mapping in the API's names, or an order id."""

ITEMS: Mapping[str, type[Item] | None] = {kind: item_class(kind) for kind in CLASS_NAMES}
"""The class of each kind's items; None where an item is a plain text, the order id."""
