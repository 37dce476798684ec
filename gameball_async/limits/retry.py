"""
What a failed request proves, and what follows from it: the design's table of replay classes.

| evidence about a POST                 | replayable | keyed         | unrepeatable  |
|---------------------------------------|------------|---------------|---------------|
| nothing of it reached Gameball        | retry      | retry         | retry         |
| no connection, and waiting mends none | refused    | refused       | refused       |
| a first answer that is not Gameball's | give up    | give up       | unknown fate  |
| 425: too early, not processed         | retry      | retry         | retry         |
| 429                                   | wait       | wait          | wait          |
| a real 4xx answer                     | refused    | refused       | refused       |
| anything else after the first byte    | resend     | resend        | unknown fate  |
"""

from __future__ import annotations

from enum import Enum

from attrs import frozen

from ..api.kinds import Replay
from .backoff import backoff


class Evidence(Enum):
    """What is known of a request that did not succeed."""

    UNSENT = "nothing of it reached Gameball"
    UNREACHABLE = "nothing of it reached Gameball, and waiting does not help"
    FOREIGN = "it went to something that is not Gameball, which may have passed it on"
    LIMITED = "429: the quota is used up"
    REFUSED = "the server refused it"
    UNSURE = "it may have been applied"


def evidence_of_status(status: int) -> Evidence:
    """
    What a status other than a usable 2xx proves.

    408 and everything outside 4xx prove nothing: a proxy may have answered for a server that had
    the request already. 3xx are never followed, so they prove nothing either.
    """
    if status == 429:
        return Evidence.LIMITED
    if status == 425:  # Too Early (RFC 8470): not processed, and to be sent again later
        return Evidence.UNSENT
    if 400 <= status < 500 and status != 408:
        return Evidence.REFUSED
    return Evidence.UNSURE


@frozen
class Patience:
    """
    When retries end.

    Attributes:
        unsure: how often a request that may have been applied is sent again, at most.
        unsent: seconds to keep trying a server that can no longer be reached.
        first_contact: seconds to keep trying while the client has had no answer yet, if less than
            *unsent*: a wrong address should be reported soon.
        limited: seconds that a request waits out 429s and what ``Retry-After`` asks for; if that is
            longer, the request fails at once.
    """

    unsure: int = 5
    unsent: float = 120.0
    limited: float = 900.0
    first_contact: float = 15.0

    def connecting(self, *, reached: bool) -> float:
        """Seconds to keep trying a server that was *reached* before, or was not yet."""
        return self.unsent if reached else min(self.unsent, self.first_contact)


class Next(Enum):
    """What to do now."""

    AGAIN = "wait, then send it again"
    GIVE_UP = "no more tries"
    UNKNOWN = "its fate is unknown, and it must not be sent again"


@frozen
class Tries:
    """
    What has happened to a request so far, the failure at hand included.

    Attributes:
        evidence: of the failure at hand.
        unsure: how often it ended unsure.
        failures: how often it failed in all.
        seconds: since it was first tried.
        retry_after: what the answer asked to wait for; None where it did not.
        reached: whether the client has had an answer of Gameball's.
    """

    evidence: Evidence
    unsure: int
    failures: int
    seconds: float
    retry_after: float | None = None
    reached: bool = True


def next_step(
    replay: Replay, tries: Tries, chance: float, patience: Patience
) -> tuple[Next, float]:
    """
    What follows from a failure, and after how many seconds.

    Args:
        replay: what sending the request again would do.
        tries: what has happened so far.
        chance: a number in [0, 1).
        patience: where retries end.
    """
    if tries.evidence in (Evidence.UNSURE, Evidence.FOREIGN) and replay is Replay.UNREPEATABLE:
        return Next.UNKNOWN, 0.0
    if tries.evidence in _FINAL or _worn_out(tries, patience):
        return Next.GIVE_UP, 0.0
    # The quota itself holds everybody back after a 429, so its wait is not doubled here.
    wait = 0.0 if tries.evidence is Evidence.LIMITED else backoff(tries.failures, chance)
    if (
        tries.evidence is Evidence.UNSENT
    ):  # the last try is made when the time is up, not long after
        wait = min(wait, patience.connecting(reached=tries.reached) - tries.seconds)
    return Next.AGAIN, max(wait, tries.retry_after or 0.0)


_FINAL = (Evidence.REFUSED, Evidence.UNREACHABLE, Evidence.FOREIGN)


def _worn_out(tries: Tries, patience: Patience) -> bool:
    """Whether this kind of failure has been tried for long enough, or asks to wait for longer."""
    if tries.retry_after is not None and tries.seconds + tries.retry_after > patience.limited:
        return True
    if tries.evidence is Evidence.LIMITED:
        return tries.seconds >= patience.limited
    if tries.evidence is Evidence.UNSENT:
        return tries.seconds >= patience.connecting(reached=tries.reached)
    return tries.unsure > patience.unsure
