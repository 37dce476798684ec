"""
How many polls may be under way, and how soon the next may follow: decisions only.

- *purse*: submissions and ends found pay for looks that no rule asks for yet. So the last jobs of many are
  seen soon, and a job alone is left to the rules. A full purse is spent freely, half of one is kept
  to last for as long again as the job at hand has not moved.
- *pause*: a look that finds no end holds back the others, twice as long each time; one that finds
  an end lifts it. It is counted from when the look was sent, as the next one takes as long on its way.
  Looks due by progress are neither held back nor a reason to.
- *in flight*: the number of polls under way grows by two with each end found, and is halved by each
  look in vain. Where a trip takes long, it grows by as many more as fit into one.
- *queue*: where jobs were found waiting, the server ends them one after another, and an end is no sign of
  others: all this is slower then.
"""

from __future__ import annotations

PURSE_START = 0.3
"""Looks that a submission pays for."""
PURSE_GAIN, PURSE_GAIN_QUEUE = 0.6, 0.5
"""Looks that an end found pays for; the second where the server works through a queue, as below."""
PURSE_MOST = 64.0
PAUSE_FIRST = 0.25
PAUSE_PAID = 0.4
"""Seconds after a look in vain before the purse pays for the next."""
PAUSE_QUEUE = 0.2
"""Seconds after an end was found before the next look, in a queue, where the look before was in vain."""
PAUSE_LEAST_CAP, PAUSE_LEAST_CAP_QUEUE = 0.5, 1.0
PAUSE_PART = 0.05
"""Part of the time since anything has happened that a pause may take."""
PAUSE_JOBS = 92.5
"""Seconds that it may take, over the number of open jobs."""
QUEUE_SEEN = 30.0
"""Seconds for which a server counts as working through a queue after a job was found waiting."""
NEAR = 0.1
"""Seconds of a trip; where it takes longer, as many times more polls are under way in the same time."""
TRIP_PART = 0.2
"""How much the last answer counts in what a trip takes."""
IN_FLIGHT_MOST = 12
IN_FLIGHT_RICH = 4
"""Polls under way at once that the purse pays for while it is more than half full."""


class Effort:
    """What is spent on the open jobs of one bucket. Plain code: the time is an argument."""

    def __init__(self) -> None:
        self.in_flight: int = 0
        self._allowed = 1.0
        self._pause = 0.0
        self._missed_at = float("-inf")
        self._in_vain = False  # the last look that was not expected
        self._purse = 0.0
        self.stirred_at: float = 0.0  # a job was added, or one has ended
        self.sent_at: float = float("-inf")  # the last poll
        self._queued_at = float("-inf")  # a job was found waiting
        self._trip = NEAR  # seconds from a question to its answer, of late

    # -- what may be done

    @property
    def full(self) -> bool:
        """Whether an answer must come first."""
        return self.in_flight >= IN_FLIGHT_MOST * self._far

    @property
    def beyond(self) -> bool:
        """Whether only the purse could pay for one more poll under way."""
        return self.in_flight >= int(self._allowed)

    @property
    def affordable(self) -> bool:
        """Whether it does."""
        return self._rich and self.in_flight < IN_FLIGHT_RICH * self._far

    @property
    def paying(self) -> bool:
        """Whether the purse pays for a look that is not due."""
        return self._purse >= 1.0

    def free(self, now: float, jobs: int) -> float:
        """When the pause ends, with so many jobs open."""
        return self._missed_at + min(self._pause, self._pause_most(now, jobs))

    def free_if_paid(self, unmoved: float) -> float:
        """The same of a look that the purse pays for, at a job that has not moved for so long."""
        if not self._pause:
            return self._missed_at
        spacing = PAUSE_PAID if self._rich else max(PAUSE_PAID, unmoved / self._purse)
        return self._missed_at + spacing

    def queueing(self, now: float) -> bool:
        """Whether the server works through a queue, as far as was seen of late."""
        return now < self._queued_at + QUEUE_SEEN

    # -- what has happened

    def added(self, now: float, *, first: bool) -> None:
        """A job was submitted."""
        self._purse = PURSE_START if first else min(PURSE_MOST, self._purse + PURSE_START)
        self.stirred_at = now

    def sent(self, now: float) -> None:
        """A poll is on its way."""
        self.in_flight += 1
        self.sent_at = now

    def answered(self, seconds: float) -> None:
        """A poll was answered after so long."""
        self.in_flight -= 1
        self._trip += TRIP_PART * (seconds - self._trip)

    def queued(self, now: float) -> None:
        """A job was found waiting."""
        self._queued_at = now

    def found(self, now: float, *, expected: bool) -> None:
        """A look has found an end; one that was expected tells nothing of the others."""
        queueing = self.queueing(now)
        if not expected:
            # Two in a row are a backlog, and a reason to hurry.
            self._pause = PAUSE_QUEUE if queueing and self._in_vain else 0.0
            self._missed_at, self._in_vain = now, False
        grow = 1.0 if queueing else 2.0 * self._far
        self._allowed = min(IN_FLIGHT_MOST * self._far, self._allowed + grow)
        self.stirred_at = now
        gain = PURSE_GAIN_QUEUE if queueing else PURSE_GAIN
        self._purse = min(PURSE_MOST, self._purse + gain)

    def missed(self, since: float, jobs: int, *, expected: bool, paid: bool) -> None:
        """A look has found no end, with so many jobs open: others are held back from *since* on."""
        if expected or paid:
            self._purse = max(0.0, self._purse - 1.0)
        if not expected:
            self._allowed = max(1.0, self._allowed / 2)
            self._pause = min(max(PAUSE_FIRST, self._pause * 2), self._pause_most(since, jobs))
            self._missed_at, self._in_vain = since, True

    # -- terms

    def _pause_most(self, now: float, jobs: int) -> float:
        """Where much happens, pauses are short: a young job's end must not hide behind old ones."""
        most = min(PAUSE_PART * (now - self.stirred_at), PAUSE_JOBS / jobs)
        return max(PAUSE_LEAST_CAP_QUEUE if self.queueing(now) else PAUSE_LEAST_CAP, most)

    @property
    def _far(self) -> float:
        return max(1.0, self._trip / NEAR)

    @property
    def _rich(self) -> bool:
        return self._purse > PURSE_MOST / 2
