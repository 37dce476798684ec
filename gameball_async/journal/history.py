"""
When things happened in a run, as far as its journal says: the stamps of its frames, added up.

A journal of an earlier version has no stamps, and what it says of time is empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define, field, frozen


@frozen
class Used:
    """
    What runs have used, added up.

    Attributes:
        seconds: of the processes that worked on it.
        requests: of all sorts.
        polls: how many of them asked about a job.
        rate_limited: answers that said 429.
        quota: the limits, as ``30/1,360/30``; empty where they were not noted.
    """

    seconds: float = 0.0
    requests: int = 0
    polls: int = 0
    rate_limited: int = 0
    quota: str = ""


@frozen
class Stamp:
    """
    What each frame of a run says besides.

    Attributes:
        at: when it was written, in seconds of the time of day.
        requests: that left since the frame before.
        began: when the process opened the journal, in its first frame; None in others.
    """

    at: float
    requests: int
    began: float | None = None

    def as_values(self) -> dict[str, float]:
        """As a frame has it."""
        values: dict[str, float] = {"t": round(self.at, 3), "r": self.requests}
        return values if self.began is None else {**values, "o": round(self.began, 3)}

    @classmethod
    def of(cls, frame: Mapping[str, Any]) -> Stamp | None:
        """The stamp of a frame; None where an earlier version wrote it."""
        at = frame.get("t")
        return None if at is None else cls(at, frame["r"], frame.get("o"))


@define
class Session:
    """The time that one process worked on a run: from *began* to its last frame."""

    began: float
    ended: float


@define
class History:
    """
    When things happened. All times are seconds of the time of day.

    Attributes:
        sessions: the processes that worked on the run, one after the other.
        requests: how many left between the time before (or the session's start) and this one.
        accepted: when a chunk became a job, by its number.
        settled: when the outcomes of its rows were known.
        rejected: when so many rows were found that never became items.
        since: requests and seconds of the last process, which has not said what it used.
        unsaid: processes that never said it: they were killed, or go on.
    """

    sessions: list[Session] = field(factory=list)
    requests: list[tuple[float, int]] = field(factory=list)
    accepted: dict[int, float] = field(factory=dict)
    settled: dict[int, float] = field(factory=dict)
    rejected: list[tuple[float, int]] = field(factory=list)
    since: tuple[int, float] = (0, 0.0)
    unsaid: int = 0

    def add(self, frame: Mapping[str, Any]) -> None:
        """Take in the values of the next frame."""
        stamp = Stamp.of(frame)
        if stamp is None:
            return
        requests, before = self.since
        if stamp.began is not None or not self.sessions:
            began = stamp.at if stamp.began is None else stamp.began
            self.sessions.append(Session(began, max(began, stamp.at)))
            self.unsaid += 1
            last = began
        else:
            last = self.sessions[-1].ended
            self.sessions[-1].ended = max(last, stamp.at)
        self.since = requests + stamp.requests, before + self.sessions[-1].ended - last
        self.requests.append((self.sessions[-1].ended, stamp.requests))
        match frame["w"]:
            case "accepted":
                self.accepted[frame["n"]] = stamp.at
            case "settled":
                self.settled[frame["n"]] = stamp.at
            case "rejected":
                self.rejected.append((stamp.at, frame["rows"]))
            case "used":
                self.since = 0, 0.0
                self.unsaid -= 1
            case _:
                pass
