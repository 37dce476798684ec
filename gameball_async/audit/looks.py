"""What is looked at in the rows of each kind as a whole: one table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from attrs import frozen

from ..api.kinds import Kind

__all__ = ["LOOKS", "Amount", "By", "Looks", "Repeat", "Time", "Wrong", "looks_of"]

Path = tuple[str, ...]


class By(Enum):
    """What tells that a row repeats an earlier one."""

    KEY = "key"
    """The id that answers name it by."""
    ITEM_ID = "item id"
    """The id of its own."""
    ROW = "row"
    """The whole of it."""


class Wrong(Enum):
    """Which amounts make no sense in a field."""

    NEGATIVE = "a negative"
    ZERO = "a zero"
    NOT_POSITIVE = "a zero or negative"


@frozen
class Repeat:
    """
    Rows that repeat an earlier one.

    Attributes:
        by: what tells so.
        field: the field that is the same; empty for the whole row.
        means: what becomes of them.
        certain: whether they will not succeed, whatever else is in them.
    """

    by: By
    field: str
    means: str
    certain: bool = False


@frozen
class Time:
    """
    A field that holds a day or an instant.

    Attributes:
        path: the names that lead to it.
        day: whether it is a day.
        earliest: what comes before this text is doubtful.
        empty: an empty date, as it is often written.
        refused: whether Gameball refuses times to come.
    """

    path: Path
    day: bool
    earliest: str = "2000"
    empty: str = "1970-01-01"
    refused: bool = False

    @property
    def field(self) -> str:
        """Its name, as faults have it."""
        return ".".join(self.path)


@frozen
class Amount:
    """
    A field that holds an amount.

    Attributes:
        path: the names that lead to it.
        wrong: which amounts make no sense; None where all do.
        points: whether it counts points, which are rarely anything but whole numbers.
    """

    path: Path
    wrong: Wrong | None = None
    points: bool = False

    @property
    def field(self) -> str:
        """Its name, as faults have it."""
        return ".".join(self.path)


@frozen
class Looks:
    """
    What is looked at in the rows of a kind.

    Attributes:
        repeat: rows that repeat an earlier one.
        equal_times: the field of which Gameball may take each time once for a customer (error 9003);
            empty for none.
        times: fields with days and instants.
        amounts: fields with amounts.
    """

    repeat: Repeat
    equal_times: str = ""
    times: tuple[Time, ...] = ()
    amounts: tuple[Amount, ...] = ()


_ATTRIBUTES = "customerAttributes"
_ASKED = "each is asked for again"
_TAKEN_ONCE = "Gameball takes an id once, and refuses it the second time"
_DOUBLED = "each is applied, so make sure that the export is not doubled"


def _birth(*path: str) -> Time:
    return Time(path, day=True, earliest="1900-01-02", empty="1900-01-01")


LOOKS: Mapping[str, Looks] = {
    "customers": Looks(
        Repeat(By.KEY, "customerId", "a later row overwrites what the earlier one says"),
        times=(
            Time((_ATTRIBUTES, "joinDate"), day=True),
            Time((_ATTRIBUTES, "lastOrderDate"), day=True),
            _birth(_ATTRIBUTES, "dateOfBirth"),
            Time(("joinDate",), day=True),
            _birth("dateOfBirth"),
        ),
        amounts=(
            Amount((_ATTRIBUTES, "totalSpent"), Wrong.NEGATIVE),
            Amount((_ATTRIBUTES, "avgOrderAmount"), Wrong.NEGATIVE),
        ),
    ),
    "orders": Looks(
        Repeat(By.ITEM_ID, "orderId", _TAKEN_ONCE, certain=True),
        times=(Time(("orderDate",), day=False),),
        amounts=(Amount(("totalPaid",), Wrong.NEGATIVE),),
    ),
    "order-transactions": Looks(Repeat(By.KEY, "orderId", _ASKED)),
    "balance-inquiries": Looks(Repeat(By.KEY, "customerId", _ASKED)),
    "balance-adjustments": Looks(
        Repeat(By.ROW, "", _DOUBLED), amounts=(Amount(("amount",), Wrong.ZERO, points=True),)
    ),
    "cashback": Looks(
        Repeat(By.ITEM_ID, "transactionId", _TAKEN_ONCE, certain=True),
        equal_times="transactionTime",
        times=(Time(("transactionTime",), day=False, refused=True),),
        amounts=(Amount(("amount",), Wrong.NOT_POSITIVE),),
    ),
    "redemptions": Looks(
        Repeat(By.ITEM_ID, "transactionId", _TAKEN_ONCE, certain=True),
        equal_times="transactionTime",
        times=(Time(("transactionTime",), day=False, refused=True),),
        amounts=(
            Amount(("amount",), Wrong.NOT_POSITIVE),
            Amount(("points",), Wrong.NOT_POSITIVE, points=True),
        ),
    ),
    "events": Looks(Repeat(By.ROW, "", _DOUBLED)),
}
"""By the names of the kinds."""


def looks_of(kind: Kind) -> Looks:
    """What is looked at in the rows of *kind*."""
    return LOOKS[kind.name]
