"""How far Gameball's clock is ahead of ours, from the ``Date`` of its answers."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen


@frozen
class Sample:
    """
    One answer with a date, in seconds since 1970.

    Attributes:
        sent: when its request left, by our clock.
        received: when the answer was here, by our clock.
        dated: what the answer says, in whole seconds.
    """

    sent: float
    received: float
    dated: float


@frozen
class Offset:
    """
    How far Gameball's clock is ahead of ours.

    Attributes:
        seconds: the best guess; negative where it is behind.
        within: how far off the guess may be, in seconds.
    """

    seconds: float
    within: float


def offset_of(samples: Iterable[Sample]) -> Offset | None:
    """
    What all samples allow: each says that the offset lies between two bounds.

    A date is cut to its second, and was written between sending and receiving. Where the samples contradict
    each other (several servers, a cache), the one that was answered soonest counts.

    Returns:
        The offset; None without a sample.
    """
    bounds = sorted(
        ((each.dated - each.received, each.dated + 1 - each.sent) for each in samples),
        key=lambda pair: pair[1] - pair[0],
    )
    if not bounds:
        return None
    low, high = max(low for low, _ in bounds), min(high for _, high in bounds)
    if low > high:
        low, high = bounds[0]
    return Offset(round((low + high) / 2, 3), round((high - low) / 2, 3))
