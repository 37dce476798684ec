"""
Jobs at the sandbox: how long they take, and the line in which they wait, run and end.

Source: "Batch APIs", steps 2 and 3, for the five states. Items are applied spread over the running
time, in order, in at most 100 slices; so the items of two jobs that run at once interleave.
"""

from __future__ import annotations

import math
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from heapq import heappop, heappush
from itertools import count
from typing import Any, Protocol

import orjson
from attrs import define, field, frozen, validators

from .forms import Form
from .messages import Chance, Reason

_SLICES = 100
_AT_LEAST_0 = validators.ge(0.0)


class ServiceTime(Protocol):
    """How long jobs take. The API says nothing about it; tests and benchmarks choose a model."""

    @property
    def queue(self) -> float:
        """Seconds that a job is queued at least, before it may begin."""

    @property
    def workers(self) -> int | None:
        """How many jobs run at once, first in first out; None for any number."""

    def seconds(self, rows: int, chance: Chance) -> float:
        """How long a job of *rows* items runs."""


@frozen
class Constant:
    """
    Every job is queued for *queue* seconds and then runs for *duration* seconds.

    Any number of jobs run at once.
    """

    duration: float = field(validator=_AT_LEAST_0)
    queue: float = field(default=0.0, validator=_AT_LEAST_0)
    workers: int | None = field(default=None, init=False)

    def seconds(self, rows: int, chance: Chance) -> float:
        """Always the same."""
        return self.duration


@frozen
class LogNormal:
    """
    Durations are log-normal: *mean* seconds on average, *sigma* the deviation of the logarithm.

    Any number of jobs run at once, each after *queue* seconds.
    """

    mean: float = field(validator=validators.gt(0))
    sigma: float = field(validator=_AT_LEAST_0)
    queue: float = field(default=0.0, validator=_AT_LEAST_0)
    workers: int | None = field(default=None, init=False)

    def seconds(self, rows: int, chance: Chance) -> float:
        """One draw, by the method of Box and Muller."""
        radius = math.sqrt(-2.0 * math.log(1.0 - chance()))
        normal = radius * math.cos(2.0 * math.pi * chance())
        return math.exp(math.log(self.mean) - self.sigma**2 / 2 + self.sigma * normal)


@frozen
class Workers:
    """
    *workers* take the jobs first in, first out; each job keeps one for *duration* seconds.

    A job waits *queue* seconds at least, and longer while no worker is free.
    """

    workers: int = field(validator=validators.ge(1))
    duration: float = field(validator=_AT_LEAST_0)
    queue: float = field(default=0.0, validator=_AT_LEAST_0)

    def seconds(self, rows: int, chance: Chance) -> float:
        """Always the same."""
        return self.duration


@frozen
class Details:
    """
    What answers tell of a job's items.

    Attributes:
        names: what answers call the items by: customer ids, or order ids for order transactions.
        failures: the reasons of refused items, by index.
        extras: what entries of applied items say beyond their name, by index.
    """

    names: list[Any]
    failures: dict[int, Reason] = field(factory=dict)
    extras: dict[int, Mapping[str, Any]] = field(factory=dict)


@define(eq=False)
class Job:
    """
    One submission.

    Attributes:
        id: its number; 0 for a single upsert, which the ledger reads as a job of one item.
        form: its kind of batch.
        rows: how many items were submitted.
        created: when it was submitted, in seconds since the sandbox began.
        started: when it began to run; None before.
        ended: when it completed, failed or was stopped; None before.
        stopped: whether it was ended by a stop.
        applied: how many items had their turn, in order, refused ones included.
        errors: how many of them were refused.
        duration: how many seconds it runs, once that is known.
    """

    id: int
    form: Form
    rows: int
    created: float
    _items: list[Any] | None = field(repr=False)
    _body: bytes | None = field(repr=False)
    started: float | None = None
    ended: float | None = None
    stopped: bool = False
    applied: int = 0
    errors: int = 0
    duration: float = 0.0
    _details: Details | None = field(init=False, repr=False)
    _packed: bytes = field(default=b"", init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        items = self._items or []
        plain = self.form.plain
        self._details = Details(items if plain else [item.get("customerId") for item in items])

    @property
    def kind(self) -> str:
        """Name of the batch kind."""
        return self.form.name

    @property
    def state(self) -> str:
        """
        queued, running, completed, failed or stopped.

        A job is failed when each of its items failed, as in the documented sample.
        """
        if self.stopped:
            return "stopped"
        if self.ended is not None:
            return "failed" if self.errors == self.rows else "completed"
        return "queued" if self.started is None else "running"

    @property
    def finished(self) -> int:
        """How many items were applied so far."""
        return self.applied - self.errors

    def items(self) -> list[Any]:
        """The items as they came. Empty once a job whose items are discarded has ended."""
        if self._items is not None:
            return self._items
        read: list[Any] = orjson.loads(self._body)["body"] if self._body is not None else []
        return read

    def details(self) -> Details:
        """What answers tell of the items."""
        return self._details if self._details is not None else _unpack(self._packed)

    def close(self, when: float) -> None:
        """Ends the job, and packs what is still to be told of it."""
        self._packed = _pack(self.details())
        self._details = None
        self._items = None
        self.ended = when


def _pack(details: Details) -> bytes:
    failures = [(index, why.code, why.text) for index, why in details.failures.items()]
    packed = orjson.dumps((details.names, failures, list(details.extras.items())))
    return zlib.compress(packed, 1)


def _unpack(packed: bytes) -> Details:
    names, failures, extras = orjson.loads(zlib.decompress(packed))
    return Details(
        names, {index: Reason(code, text) for index, code, text in failures}, dict(extras)
    )


@define(eq=False)
class Line:
    """
    Where jobs wait for their turn and run.

    Time is an argument: *advance* plays everything that happens up to it, in order.

    Arguments:
        model: how long jobs are queued and run, and how many at once.
        chance: what the model draws from.
        apply: called with a job, the index before which its items have their turn, and the time.
        closed: called with a job that is about to end.
    """

    _model: ServiceTime
    _chance: Chance
    _apply: Callable[[Job, int, float], None]
    _closed: Callable[[Job], None]
    _events: list[tuple[float, int, Job]] = field(factory=list, init=False)
    _waiting: deque[Job] = field(factory=deque, init=False)
    _running: int = field(default=0, init=False)
    _numbers: Iterator[int] = field(factory=count, init=False)

    def enter(self, job: Job, now: float) -> None:
        """Puts a new job in the line."""
        self._push(now + self._model.queue, job)

    def advance(self, now: float) -> None:
        """Plays everything that is due up to *now*."""
        events = self._events
        while events and events[0][0] <= now:
            when, _, job = heappop(events)
            if job.ended is not None:
                continue
            if job.started is not None:
                self._step(job, when)
            elif self._model.workers is None or self._running < self._model.workers:
                self._start(job, when)
            else:
                self._waiting.append(job)

    def stop(self, job: Job, now: float) -> bool:
        """Ends *job* at once; False where it had ended. What was applied stays applied."""
        if job.ended is not None:
            return False
        job.stopped = True
        self._end(job, now)
        return True

    def _start(self, job: Job, when: float) -> None:
        self._running += 1
        job.started = when
        job.duration = self._model.seconds(job.rows, self._chance)
        self._push_step(job)

    def _step(self, job: Job, when: float) -> None:
        self._apply(job, self._next_stop(job), when)
        if job.applied == job.rows:
            self._end(job, when)
        else:
            self._push_step(job)

    def _end(self, job: Job, when: float) -> None:
        self._closed(job)
        job.close(when)
        if job.started is None:
            return
        self._running -= 1
        while self._waiting:
            waiting = self._waiting.popleft()
            if waiting.ended is None:
                self._start(waiting, when)
                return

    def _next_stop(self, job: Job) -> int:
        if job.duration <= 0:
            return job.rows
        return min(job.applied + -(-job.rows // _SLICES), job.rows)

    def _push_step(self, job: Job) -> None:
        started = job.started or 0.0
        self._push(started + job.duration * self._next_stop(job) / job.rows, job)

    def _push(self, when: float, job: Job) -> None:
        heappush(self._events, (when, next(self._numbers), job))
