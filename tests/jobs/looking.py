"""Jobs that are looked at, one after another, and what is seen of them."""

from __future__ import annotations

from typing import Any

import pytest

from gameball_async.api.jobs import JobState
from gameball_async.jobs.schedule import Polls

__all__ = [
    "DONE",
    "INF",
    "QUEUED",
    "RUNNING",
    "approx",
    "at_once",
    "look",
    "looks",
    "moving",
    "next_look",
    "polls_of",
]

RUNNING, QUEUED, DONE = JobState.RUNNING, JobState.QUEUED, JobState.COMPLETED
approx: Any = pytest.approx
INF = float("inf")


def polls_of(jobs: int, now: float = 0.0, *, submissions: int = 0) -> Polls:
    """So many open jobs, after *submissions* in all: each has paid three tenths of a look."""
    polls = Polls()
    for job in range(1, jobs + 1):
        polls.add(job, now)
    for job in range(1000, 1000 + submissions - jobs):
        polls.add(job, now)
        polls.remove(job)
    return polls


def next_look(polls: Polls, now: float, *, spare: bool = False) -> tuple[int, float]:
    """The next job that is due, and when; nothing else happens meanwhile."""
    job, when = polls.due(now, spare=spare)
    while job is None:
        assert now < when < INF
        now = when
        job, when = polls.due(now, spare=spare)
    assert when == now
    return job, now


def look(
    polls: Polls,
    now: float,
    state: JobState = RUNNING,
    share: float | None = None,
    chance: float = 0.0,
    *,
    spare: bool = False,
) -> tuple[int, float]:
    """Ask about the next job, and be told *state* at once."""
    job, now = next_look(polls, now, spare=spare)
    polls.sent(job, now)
    polls.seen(job, now, chance, state, share)
    return job, now


def looks(polls: Polls, count: int, now: float = 0.0, **seen: float) -> list[float]:
    times = []
    for _ in range(count):
        _, now = look(polls, now, **seen)  # type: ignore[arg-type]
        times.append(now)
    return times


def at_once(polls: Polls, now: float) -> list[int]:
    """All that may be asked about before an answer comes."""
    sent = []
    while (job := polls.due(now)[0]) is not None:
        polls.sent(job, now)
        sent.append(job)
    return sent


def moving(jobs: int) -> Polls:
    """So many jobs, of which the last is due at 10.05 by its progress, and others at 10.1 for a pause."""
    polls = polls_of(jobs)
    for now, share in ((0.5, 0.0), (9.6, 0.96), (9.7, 0.97)):
        polls.sent(jobs, now)
        polls.seen(jobs, now, 0.0, RUNNING, share)
    return polls
