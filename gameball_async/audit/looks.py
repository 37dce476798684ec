"""What is looked at in the rows of each kind as a whole: one table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Literal

from attrs import frozen


class Wrong(Enum):
    """Which amounts make no sense in a field."""

    NEGATIVE = "a negative"
    ZERO = "a zero"
    NOT_POSITIVE = "a zero or negative"

    def covers(self, amount: float) -> bool:
        """Whether this amount makes none."""
        zero, negative = self is not Wrong.NEGATIVE, self is not Wrong.ZERO
        return (amount == 0 and zero) or (amount < 0 and negative)


@frozen
class Repeat:
    """
    Rows that repeat an earlier one.

    Attributes:
        by: what is compared: the id that answers name a row by, the row's own id, or the whole row.
        field: the field that is the same; empty for the whole row.
        means: what happens to them.
        certain: whether they fail in any case.
    """

    by: Literal["key", "item_id", "payload"]
    field: str
    means: str
    certain: bool = False


@frozen
class Time:
    """
    A field that holds a day or an instant.

    Attributes:
        field: its name, as faults have it: the names that lead to it, with dots.
        day: whether it is a day.
        earliest: what comes before this text is doubtful.
        empty: an empty date, as it is often written.
        refused: whether Gameball refuses times to come.
    """

    field: str
    day: bool
    earliest: str = "2000"
    empty: str = "1970-01-01"
    refused: bool = False


@frozen
class Amount:
    """
    A field that holds an amount.

    Attributes:
        field: its name, as faults have it: the names that lead to it, with dots.
        wrong: which amounts make no sense; None where all do.
        points: whether it counts points, which are rarely anything but whole numbers.
    """

    field: str
    wrong: Wrong | None = None
    points: bool = False


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


_ASKED = "each is asked for again"
_TAKEN_ONCE = "Gameball accepts an id once, and refuses it the second time"
_DOUBLED = "each is applied, so make sure that the export has no duplicates"


def _birth(field: str) -> Time:
    return Time(field, day=True, earliest="1900-01-02", empty="1900-01-01")


LOOKS: Mapping[str, Looks] = {
    "customers": Looks(
        Repeat("key", "customerId", "a later row overwrites the earlier one"),
        times=(
            Time("customerAttributes.joinDate", day=True),
            Time("customerAttributes.lastOrderDate", day=True),
            _birth("customerAttributes.dateOfBirth"),
            Time("joinDate", day=True),
            _birth("dateOfBirth"),
        ),
        amounts=(
            Amount("customerAttributes.totalSpent", Wrong.NEGATIVE),
            Amount("customerAttributes.avgOrderAmount", Wrong.NEGATIVE),
        ),
    ),
    "orders": Looks(
        Repeat("item_id", "orderId", _TAKEN_ONCE, certain=True),
        times=(Time("orderDate", day=False),),
        amounts=(Amount("totalPaid", Wrong.NEGATIVE),),
    ),
    "order-transactions": Looks(Repeat("key", "orderId", _ASKED)),
    "balance-inquiries": Looks(Repeat("key", "customerId", _ASKED)),
    "balance-adjustments": Looks(
        Repeat("payload", "", _DOUBLED), amounts=(Amount("amount", Wrong.ZERO, points=True),)
    ),
    "cashback": Looks(
        Repeat("item_id", "transactionId", _TAKEN_ONCE, certain=True),
        equal_times="transactionTime",
        times=(Time("transactionTime", day=False, refused=True),),
        amounts=(Amount("amount", Wrong.NOT_POSITIVE),),
    ),
    "redemptions": Looks(
        Repeat("item_id", "transactionId", _TAKEN_ONCE, certain=True),
        equal_times="transactionTime",
        times=(Time("transactionTime", day=False, refused=True),),
        amounts=(
            Amount("amount", Wrong.NOT_POSITIVE),
            Amount("points", Wrong.NOT_POSITIVE, points=True),
        ),
    ),
    "events": Looks(Repeat("payload", "", _DOUBLED)),
}
"""By the names of the kinds."""
