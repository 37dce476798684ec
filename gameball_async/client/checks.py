"""Arguments of the verbs for many rows, checked before anything is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.kinds import Chunking, Kind
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from ..bulk.time_limits import TimeLimits

__all__ = ["at_once", "chunking_of", "limits_of", "positive"]


def limits_of(deadline: float | None, stalled_for: float | None) -> TimeLimits:
    """
    When a run is ended though it is not over.

    Raises:
        ConfigurationError: a limit is no time.
    """
    from ..bulk.time_limits import TimeLimits

    for what, seconds in (("deadline", deadline), ("stalled_for", stalled_for)):
        if seconds is not None and not seconds > 0:
            raise ConfigurationError(
                f"{what} is {seconds}: give seconds above 0, or None for no limit"
            )
    return TimeLimits(deadline, stalled_for)


def positive(number: int, what: str) -> int:
    """
    The number, which must be at least 1.

    Raises:
        ConfigurationError: it is not.
    """
    if number < 1:
        raise ConfigurationError(f"{what} is {number}: it must be at least 1")
    return number


def chunking_of(chosen: Chunking | str | None, kind: Kind) -> Chunking:
    """
    How rows of one customer are spread; the kind's own way where nothing was chosen.

    Raises:
        ConfigurationError: there is no such way.
    """
    if chosen is None:
        return kind.chunking
    try:
        return Chunking(chosen)
    except ValueError:
        names = ", ".join(way.value for way in Chunking)
        raise ConfigurationError(f"chunking {chosen!r} is not one of: {names}") from None


def at_once(concurrency: int | None) -> int | None:
    """
    Chunks being submitted at once, at most; None for as many as the distance asks for.

    Raises:
        ConfigurationError: it is less than 1.
    """
    return None if concurrency is None else positive(concurrency, "concurrency")
