"""How far Gameball's clock is ahead of ours, from the ``Date`` of its answers."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from ..api.responses import http_date

__all__ = ["Offset", "Sample", "offset_of", "sample_of"]


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


def sample_of(date: str | None, received: float, seconds: float) -> Sample | None:
    """
    A sample from a header ``Date``; None where it is none.

    Args:
        date: the header's text.
        received: when the answer was here, by our clock.
        seconds: from the request to its answer.
    """
    dated = None if date is None else http_date(date)
    return None if dated is None else Sample(received - seconds, received, dated.timestamp())


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
