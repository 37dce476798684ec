"""Points as whole millionths, so that sums and comparisons are exact, whatever numbers come in JSON."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

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
