"""
How fast one job's counts move, and so when to look for its end. Nothing of other jobs is used.

Counts move in steps, and a look finds a step some time after it was made. So what was seen puts the
end between two moments: not before the step that is due next, and not after what the last step
promised. Both suppose that the job goes on as it did; who asks must not rely on it.
"""

from __future__ import annotations

from math import inf

from attrs import define

SURE = 1.0
"""Seconds within which a job must have been seen to begin, for its pace to count from there."""
NEAR = 0.02
"""Part of the time a job has run: two moments so close are as good as one."""
LET_DOWN = 0.005
"""Part of that time that is waited longer after a promise was not kept; twice as much each time."""


@define(eq=False)
class Pace:
    """
    What looks at a job's counts tell.

    Attributes:
        began: it did not run before this moment, as far as is known.
        share: which part of it was done when last seen.
    """

    began: float
    share: float = 0.0
    _share_at: float = 0.0  # when this share was seen first
    _first_share: float = 0.0  # at *began*
    _step: float = 1.0  # the smallest seen
    _running: bool = False
    _sure: bool = False  # that it did not begin much later
    _promise: float = inf  # when the end was to be found
    _broken: int = 0  # promises

    def saw(self, now: float, running: bool, share: float) -> None:
        """A look at *now* has found the job running or not, and so much of it done, 0 to 1."""
        if not running:
            self.began = now
            return
        self._broken += now >= self._promise
        self._promise = inf
        if not self._running:
            self._running = True
            self._sure = now - self.began < SURE
        if share > self.share and not self._sure:
            # It may have waited for most of the time since; count from here.
            self.began, self._first_share, self._sure = now, share, True
        elif share > self.share:
            self._step = min(self._step, share - self.share)
        if share != self.share:
            self.share, self._share_at = share, now

    def end(self, now: float) -> tuple[float, float] | None:
        """
        When the end is to be expected, and by when at the latest; None where the counts do not tell.

        The two are the same where they are as close as can be told.
        """
        moved, whole = self.share - self._first_share, 1.0 - self._first_share
        if moved <= 0.0 or self.share >= 1.0:
            return None  # some servers count as the total only what is done
        last = self.began + (self._share_at - self.began) * whole / moved
        next_step = min(whole, moved + self._step)
        first = max(now, self.began + (now - self.began) * whole / next_step)
        if last <= now:
            return None
        ran = now - self.began
        if last - first > max(0.5, NEAR * ran):
            return (first + last) / 2, last
        # A job that crawls at its end would be asked about ever more often.
        patience = ran * min(0.5, LET_DOWN * (2**self._broken - 1))
        self._promise = max(last, now + patience)
        return self._promise, self._promise
