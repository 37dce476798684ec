"""How long jobs take at the sandbox: models, given as values."""

from __future__ import annotations

import math
from typing import Protocol

from attrs import field, frozen, validators

from .messages import Chance

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
