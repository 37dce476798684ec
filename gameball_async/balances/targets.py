"""From a row of the input to a customer and the balance that it is to have."""

from __future__ import annotations

import orjson

from ..rows.row import BadRow, Prepared
from .points import in_units

__all__ = ["target_of"]


def target_of(row: Prepared | BadRow) -> tuple[int, str | None, int | None, str]:
    """A checked row as its line, customer, target in units, and fault; no target where it has a fault."""
    if isinstance(row, BadRow):
        return row.position, row.key, None, "; ".join(map(str, row.faults))
    target = in_units(orjson.loads(row.payload)["balance"])
    why = "" if target is not None else "balance: is too large"
    return row.position, row.key, target, why
