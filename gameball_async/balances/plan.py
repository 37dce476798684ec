"""
What each customer needs, from the balance that it has and the one that it should have.

Points are counted in whole millionths, so that sums and comparisons are exact, whatever numbers come in JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from enum import Enum

from attrs import field, frozen

from ..api.codes import Code
from ..rows.outcome import Outcome, Reason, RowOutcome

UNIT = 1_000_000
"""Units in a point."""
MOST = 9_000_000_000_000 * UNIT
"""The largest number of units that is kept: what fits into 64 bits, with room to subtract."""
BALANCE_FIELD = "totalPointsBalance"
"""The field of an answer to an inquiry that is the balance, unless another is named."""


def in_units(number: object) -> int | None:
    """A number of points as units, rounded to the nearest; None where it is none, or too large."""
    if isinstance(number, bool) or not isinstance(number, int | float | Decimal | str):
        return None
    try:
        exact = Decimal(str(number)) * UNIT
        units = int(exact.to_integral_value(ROUND_HALF_EVEN))
    except (InvalidOperation, ValueError, OverflowError):
        return None
    return units if abs(units) <= MOST else None


def as_number(units: int) -> int | Decimal:
    """Units as points, for the wire: whole where they are, and exact where not."""
    whole, rest = divmod(units, UNIT)
    return whole if not rest else Decimal(units) / UNIT


def shown(units: int, *, signed: bool = False) -> str:
    """Units as points, for people: ``1,250``, ``-0.5``, and ``+40`` where *signed*."""
    sign = "-" if units < 0 else "+" if signed and units else ""
    whole, rest = divmod(abs(units), UNIT)
    return f"{sign}{whole:,}" + (f".{rest:06}".rstrip("0") if rest else "")


class Fate(Enum):
    """
    The state of a row of targets.

    *asked*: its balance is being asked for. *planned*: an adjustment is to be sent. *sent*: one was, and is not
    yet looked at. The others are ends.
    """

    ASKED = "asked"
    PLANNED = "planned"
    SENT = "sent"
    EXACT = "exact"
    SET = "set"
    MOVED = "moved"
    DOUBT = "in doubt"
    REFUSED = "refused"
    HELD = "held back"
    UNKNOWN = "unknown"
    UNASKED = "not asked"
    REJECTED = "rejected"


GOOD = (Fate.EXACT, Fate.SET)
"""The ends at which a customer has its target."""
UNFINISHED = (Fate.PLANNED, Fate.DOUBT)
"""The ends that another look, or another round, can change."""


@frozen
class Planned:
    """
    What is to be done for a customer.

    Attributes:
        fate: where it stands.
        why: in words; empty where the fate says it all.
    """

    fate: Fate
    why: str = ""


def planned(target: int, balance: int, max_change: int | None, *, only_up: bool) -> Planned:
    """
    What a customer needs, whose balance is known; all in units.

    Args:
        target: the balance that it is to have.
        balance: the one that it has.
        max_change: by how much it may change; None for any.
        only_up: whether it may not go down.
    """
    change = target - balance
    if not change:
        return Planned(Fate.EXACT)
    if only_up and change < 0:
        return Planned(Fate.HELD, "the customer would lose points (--only-up)")
    if max_change is not None and abs(change) > max_change:
        return Planned(Fate.HELD, "the change is larger than --max-change")
    return Planned(Fate.PLANNED)


def answered(row: RowOutcome, name: str) -> int | Planned:
    """
    The balance that an inquiry has brought, in units, or why there is none.

    Args:
        row: the inquiry.
        name: of the field that is the balance.
    """
    if row.outcome is Outcome.FAILED and _not_found(row.reason):
        return Planned(Fate.UNKNOWN, "Gameball does not know this customer")
    if row.outcome is not Outcome.SUCCEEDED:
        why = row.outcome.value if row.reason is None else str(row.reason)
        return Planned(Fate.UNASKED, f"its balance could not be read: {why}")
    balance = None if row.result is None else in_units(row.result.get(name))
    if balance is None:
        return Planned(Fate.UNASKED, f"the answer to its inquiry has no number in {name}")
    return balance


def _not_found(reason: Reason | None) -> bool:
    """Whether an inquiry was refused because there is no such customer; entries may have words alone."""
    if reason is None:
        return False
    if reason.code is None:
        return "not found" in reason.text.lower()
    return reason.code in (Code.CUSTOMER_NOT_FOUND, Code.NOT_FOUND)


@frozen(kw_only=True)
class Summary:
    """
    What a run would do: shown before anything is sent. Points are in units (`shown`).

    Attributes:
        rows: rows of the input.
        exact: customers that already have their target.
        up: customers that gain points, and *up_sum* how many together.
        down: customers that lose points, and *down_sum* how many together, as a positive number.
        most_up: the largest gain.
        most_down: the largest loss, as a positive number.
        held: customers that the bounds skip.
        unknown: customers that Gameball does not know.
        unasked: customers whose balance could not be read.
        rejected: rows that cannot be used, or name a customer a second time.
        pending: customers who have pending points, which count as theirs.
        faults: the first rejected rows, each with its position and reason; names no row's values.
        begun: whether an earlier call has begun to send.
    """

    rows: int
    exact: int
    up: int
    down: int
    up_sum: int = field(repr=False)
    down_sum: int = field(repr=False)
    most_up: int = field(repr=False)
    most_down: int = field(repr=False)
    held: int
    unknown: int
    unasked: int
    rejected: int
    pending: int
    faults: Sequence[tuple[int, str]] = ()
    begun: bool = False

    @property
    def adjustments(self) -> int:
        """How many adjustments are to be sent."""
        return self.up + self.down


@frozen(kw_only=True)
class Report:
    """
    The outcomes of the rows. Points are in units (`shown`).

    Attributes:
        rows: rows of the input.
        fates: how many rows ended, or stand, in each way.
        adjustments: adjustments that are known to be applied.
        up_sum: points that were added, together.
        down_sum: points that were taken away, as a positive number.
        rounds: rounds of adjustments.
        complete: whether nothing is left to do.
        folder: where ``report.csv`` lists each row.
    """

    rows: int
    fates: Mapping[Fate, int]
    adjustments: int
    up_sum: int = field(repr=False)
    down_sum: int = field(repr=False)
    rounds: int
    complete: bool
    folder: str

    @property
    def all_exact(self) -> bool:
        """Whether every row's customer has its target."""
        return self.complete and sum(self.fates.get(each, 0) for each in GOOD) == self.rows
