"""When a run is ended though it is not over."""

from __future__ import annotations

from attrs import frozen


@frozen
class TimeLimits:
    """
    How long a run may take.

    Attributes:
        deadline: seconds from its start; None for no limit.
        stalled_for: seconds in which nothing about it moves; None for no limit.
    """

    deadline: float | None = None
    stalled_for: float | None = None

    def check(self, seconds: float, still: float) -> tuple[str | None, float]:
        """
        Why the run is to be ended now, and after how many seconds to look again.

        Args:
            seconds: since its start.
            still: seconds since anything about it last moved.
        """
        left = float("inf")
        if self.deadline is not None:
            left = self.deadline - seconds
            if left <= 0:
                return (
                    f"the run did not finish within {self.deadline:g} s (--deadline, deadline)",
                    0.0,
                )
        if self.stalled_for is not None:
            if still >= self.stalled_for:
                return (
                    f"the run has not moved for {self.stalled_for:g} s (--stalled-for, stalled_for)",
                    0.0,
                )
            left = min(left, self.stalled_for - still)
        return None, left
