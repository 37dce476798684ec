"""
The eight batch kinds: one table, one row per endpoint.

Everything that differs between kinds is a column here. Source: the batch pages of the API
reference; what is known about repeating a submission is told by the *replay* column.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from importlib import import_module
from typing import Literal, TypeAlias

from attrs import frozen

from ..errors import ConfigurationError
from .fields import AnyClass

KindName: TypeAlias = Literal[
    "customers", "orders", "order-transactions", "balance-inquiries", "balance-adjustments",
    "cashback", "redemptions", "events",
]  # fmt: skip
"""The names of the kinds, which type checkers and editors know."""
ChunkingName: TypeAlias = Literal["unique", "together", "plain"]
"""The names of the ways to spread rows."""


class Replay(Enum):
    """What a second submission of the same item does."""

    REPLAYABLE = "replayable"
    """It changes nothing: a read, or create-or-update."""
    KEYED = "keyed"
    """The item has its own id and is refused the second time."""
    UNREPEATABLE = "unrepeatable"
    """It is applied twice, because it has no id."""


class Chunking(Enum):
    """How the rows of one customer are spread over chunks."""

    UNIQUE = "unique"
    """Never two in a chunk, one chunk after the other: every outcome is certain."""
    TOGETHER = "together"
    """In one chunk while they fit, never in two open jobs."""
    PLAIN = "plain"
    """In the order of the input: fastest, but the order is not guaranteed."""


@frozen
class Kind:
    """
    One batch endpoint.

    Attributes:
        name: its name.
        path: its path below ``/batch``.
        key: the field by which answers identify an item; empty if the item itself is the id.
        item_key: the field that distinguishes two items of one customer; None if there is none.
        bucket: the bucket whose quota it uses.
        replay: what a second submission does.
        chunking: how rows of one key are spread over chunks by default.
        why: the reason for that default.
        own_fields: the path of the object with custom fields; empty if there is none. For events it is
            the object of one event.
    """

    name: str
    path: str
    key: str
    item_key: str | None
    bucket: str
    replay: Replay
    chunking: Chunking
    why: str
    own_fields: tuple[str, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether its items are questions, which apply nothing."""
        return self.name in ("order-transactions", "balance-inquiries")


_POINTS = "points move, so each row's outcome must be exact"

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("customers", "customers", "customerId", None, "others",
             Replay.REPLAYABLE, Chunking.UNIQUE, "a later row of a customer overwrites an earlier",
             ("customerAttributes", "custom")),
        Kind("orders", "orders", "customerId", "orderId", "others",
             Replay.KEYED, Chunking.TOGETHER, "many to a customer; order-transactions settles doubt",
             ("extra",)),
        Kind("order-transactions", "orders/transactions", "", None, "others",
             Replay.REPLAYABLE, Chunking.UNIQUE, "read-only; an order id is asked for once a chunk"),
        Kind("balance-inquiries", "balance-inquiry", "customerId", None, "others",
             Replay.REPLAYABLE, Chunking.UNIQUE, "one answer for each customer"),
        Kind("balance-adjustments", "balance-adjustment", "customerId", None, "others",
             Replay.UNREPEATABLE, Chunking.UNIQUE, _POINTS),
        Kind("cashback", "cashback", "customerId", "transactionId", "others",
             Replay.KEYED, Chunking.UNIQUE, _POINTS),
        Kind("redemptions", "redeem", "customerId", "transactionId", "others",
             Replay.KEYED, Chunking.UNIQUE, _POINTS),
        Kind("events", "events", "customerId", None, "others",
             Replay.UNREPEATABLE, Chunking.TOGETHER, "many to a customer", ("metadata",)),
    )
}  # fmt: skip
"""The eight kinds, by their names."""

TARGETS = Kind("balances", "", "customerId", None, "others",
               Replay.REPLAYABLE, Chunking.UNIQUE, "one target for each customer")  # fmt: skip
"""What a file of customers and the balances that they are to have holds: never sent as it is."""


def kind_of(kind: Kind | str) -> Kind:
    """
    The row of the table for a name or a member.

    Raises:
        ConfigurationError: there is no such kind.
    """
    if isinstance(kind, Kind):
        return kind
    try:
        return KINDS[kind]
    except KeyError:
        raise ConfigurationError(
            f"there is no batch kind {kind!r}; use one of: {', '.join(KINDS)}"
        ) from None


_CLASSES: Mapping[str, tuple[str, str] | None] = {
    "customers": ("customers", "Customer"),
    "orders": ("orders", "Order"),
    "order-transactions": None,
    "balance-inquiries": ("points", "BalanceInquiry"),
    "balance-adjustments": ("points", "BalanceAdjustment"),
    "cashback": ("points", "Cashback"),
    "redemptions": ("points", "Redemption"),
    "events": ("points", "Event"),
    "balances": ("points", "BalanceTarget"),
}
"""Module and name of the class of each kind's items, and of `TARGETS`."""


def item_class(kind: str) -> AnyClass | None:
    """
    The class of a kind's items; None where an item is a plain text, the order id.

    A class is made when it is first asked for, with its module: those of all kinds cost every program
    some 10 ms at its start, and most programs use one or two.
    """
    place = _CLASSES[kind]
    if place is None:
        return None
    found: AnyClass = getattr(import_module(f".{place[0]}", __package__), place[1])
    return found
