"""
A run over its time: rows and requests in at most `POINTS` equal parts, and how long jobs took.

Time is counted while a process works on the run: the night between a run and its resumption has no
width. What a journal does not record is omitted, never guessed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

from attrs import frozen

from ...journal.history import History, Session
from ...journal.state import ChunkRecord, Resumable, Stage

POINTS = 120
BARS = 24
FEWEST = 3
"""Fewer parts than this make no useful chart."""

_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
WIDTHS = (0.1, 0.2, 0.5, *_STEPS, *(3600 * hours for hours in (2, 3, 6, 12, 24)))
"""Seconds of one part, or bar: those that people count in."""
LEAST = 1.0
"""Seconds of a part: fewer show single requests, and no rate."""


@frozen
class Part:
    """
    One part of a run's time.

    Attributes:
        start: seconds of work before it.
        succeeded: rows that were known to have succeeded in it.
        others: rows that ended otherwise in it.
        requests: that left in it.
    """

    start: float
    succeeded: int
    others: int
    requests: int


@frozen
class Series:
    """
    A run over its time.

    Attributes:
        width: seconds of each part.
        seconds: of work, in all; the last part may be shorter.
        parts: one after the other.
        resumed: seconds of work after which another process went on.
    """

    width: float
    seconds: float
    parts: Sequence[Part]
    resumed: Sequence[float]


@frozen
class JobTimes:
    """
    How long jobs took, from their acceptance until their outcomes were known; in seconds.

    Attributes:
        jobs: how many are counted.
        left_out: jobs that a later process saw end: the time between is not theirs.
        median: half took less.
        p95: 19 of 20 took no longer.
        longest: the longest.
        bars: from, to (without), and how many jobs.
    """

    jobs: int
    left_out: int
    median: float
    p95: float
    longest: float
    bars: Sequence[tuple[float, float, int]]


class _Work:
    """The time of day as seconds of work."""

    def __init__(self, sessions: Sequence[Session]) -> None:
        self._sessions = sessions
        self._began = [each.began for each in sessions]
        lengths = [each.ended - each.began for each in sessions]
        self._before = list(accumulate(lengths, initial=0.0))
        self.seconds: float = self._before[-1]
        self.resumed: list[float] = self._before[1:-1]

    def session(self, at: float) -> int:
        return max(0, bisect_right(self._began, at) - 1)

    def __call__(self, at: float) -> float:
        number = self.session(at)
        length = self._sessions[number].ended - self._sessions[number].began
        return self._before[number] + min(max(0.0, at - self._began[number]), length)


def series_of(journal: Resumable) -> Series | None:
    """The run over its time; None where its journal does not say, or it was too short."""
    history = journal.history
    work = _Work(history.sessions)
    width = _nice(max(LEAST, work.seconds / POINTS))
    count = -int(-work.seconds // width)
    if count < FEWEST:
        return None
    succeeded, others = [0] * count, [0] * count

    def part(at: float) -> int:
        return min(count - 1, int(work(at) // width))

    for chunk in _settled(journal.chunks, history):
        where = part(history.settled[chunk.number])
        succeeded[where] += chunk.succeeded
        others[where] += len(chunk.positions) - chunk.succeeded
    for at, rows in history.rejected:
        others[part(at)] += rows
    requests = _spread([(work(at), n) for at, n in history.requests], width, count)
    parts = [
        Part(round(number * width, 1), *values)
        for number, values in enumerate(zip(succeeded, others, requests, strict=True))
    ]
    return Series(width, work.seconds, parts, work.resumed)


def _settled(chunks: Iterable[ChunkRecord], history: History) -> Iterable[ChunkRecord]:
    for chunk in chunks:
        if chunk.stage is Stage.SETTLED and chunk.number in history.settled:
            yield chunk


def _nice(least: float) -> float:
    """The first of `WIDTHS` that is no shorter; whole days beyond."""
    day = WIDTHS[-1]
    return next((each for each in WIDTHS if each >= least), day * -(-least // day))


def _spread(counts: Iterable[tuple[float, int]], width: float, parts: int) -> list[int]:
    """Requests between one moment and the next, spread evenly; the sum stays what it was."""
    exact, since = [0.0] * parts, 0.0
    for until, requests in counts:
        until = max(since, until)
        first, last = (min(parts - 1, int(at // width)) for at in (since, until))
        if first == last:
            exact[last] += requests
        else:
            for part in range(first, last + 1):
                inside = min(until, (part + 1) * width) - max(since, part * width)
                exact[part] += requests * inside / (until - since)
        since = until
    whole = [round(total) for total in accumulate(exact, initial=0.0)]
    return [after - before for before, after in pairwise(whole)]


def job_times_of(journal: Resumable) -> JobTimes | None:
    """How long jobs took; None where the journal does not say."""
    history = journal.history
    work = _Work(history.sessions)
    took, left_out = [], 0
    for chunk in _settled(journal.chunks, history):
        accepted, settled = history.accepted.get(chunk.number), history.settled[chunk.number]
        if accepted is None:
            continue
        if work.session(accepted) == work.session(settled):
            took.append(max(0.0, settled - accepted))
        else:
            left_out += 1
    if not took:
        return None
    took.sort()
    return JobTimes(
        len(took), left_out, _rank(took, 0.5), _rank(took, 0.95), round(took[-1], 3), _bars(took)
    )


def _rank(values: Sequence[float], part: float) -> float:
    """The least of sorted values that is no less than such a part of them."""
    return round(values[max(0, -int(-len(values) * part // 1) - 1)], 3)


def _bars(took: Sequence[float]) -> list[tuple[float, float, int]]:
    width = _nice(took[-1] / (BARS - 1))
    counts = [0] * (int(took[-1] // width) + 1)
    for each in took:
        counts[int(each // width)] += 1
    return [(round(n * width, 1), round((n + 1) * width, 1), jobs) for n, jobs in enumerate(counts)]
