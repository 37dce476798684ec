"""
Which class belongs to which kind. A class is made when it is first asked for, with its module.

Making the classes of all kinds costs every program some 10 ms at its start, and most programs use
those of one or two.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from .fields import AnyClass

CLASS_NAMES: Mapping[str, tuple[str, str] | None] = {
    "customers": ("customers", "Customer"),
    "orders": ("orders", "Order"),
    "order-transactions": None,
    "balance-inquiries": ("points", "BalanceInquiry"),
    "balance-adjustments": ("points", "BalanceAdjustment"),
    "cashback": ("points", "Cashback"),
    "redemptions": ("points", "Redemption"),
    "events": ("points", "Event"),
}
"""Module and name of each kind's class; None where an item is a plain text, the order id."""

_TARGET = ("points", "BalanceTarget")  # of `kinds.TARGETS`, which is no batch kind


def item_class(kind: str) -> AnyClass | None:
    """The class of a kind's items; None where an item is a plain text, the order id."""
    place = _TARGET if kind == "balances" else CLASS_NAMES[kind]
    if place is None:
        return None
    module, name = place
    found: AnyClass = getattr(import_module(f".{module}", __package__), name)
    return found
