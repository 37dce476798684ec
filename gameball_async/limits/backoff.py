"""How long to wait before the next try: one formula, with chance as an argument."""

from __future__ import annotations


def backoff(attempt: int, chance: float, *, base: float = 0.5, cap: float = 30.0) -> float:
    """
    Seconds to wait after the *attempt*-th failure in a row.

    Doubles from *base* up to *cap*, of which the half is certain and the rest is drawn, so that
    many waiters do not come back at one instant.

    Args:
        attempt: failures so far, from 1.
        chance: a number in [0, 1).
        base: seconds after the first failure, at most.
        cap: seconds after many failures, at most.
    """
    whole = min(cap, base * 2.0 ** min(attempt - 1, 32))
    return whole * (0.5 + 0.5 * chance)
