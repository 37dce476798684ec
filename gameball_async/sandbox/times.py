"""
How long jobs take at the sandbox: service-time models, given as values.

The API says nothing about durations; these are the models that benchmarks and tests need.
"""

from __future__ import annotations

import math
from typing import Protocol

from attrs import field, frozen, validators

from .messages import Chance

__all__ = ["Constant", "LogNormal", "ServiceTime", "Workers"]


class ServiceTime(Protocol):
    """What the service asks a model for."""

    @property
    def queue(self) -> float:
        """Seconds that a job is queued at least, before it may begin."""

    @property
    def workers(self) -> int | None:
        """How many jobs run at once, first in first out; None for any number."""

    def seconds(self, rows: int, chance: Chance) -> float:
        """How long a job of *rows* items runs."""


_AT_LEAST_0 = validators.ge(0.0)


@frozen
class Constant:
    """
    Every job is queued for *queue* seconds and then runs for *duration* seconds.

    Any number of jobs run at once.
    """

    duration: float = field(validator=_AT_LEAST_0)
    queue: float = field(default=0.0, validator=_AT_LEAST_0)

    @property
    def workers(self) -> int | None:
        """Any number."""
        return None

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

    @property
    def workers(self) -> int | None:
        """Any number."""
        return None

    def seconds(self, rows: int, chance: Chance) -> float:
        """One draw, by the method of Box and Muller."""
        radius = math.sqrt(-2.0 * math.log(1.0 - chance()))
        normal = radius * math.cos(2.0 * math.pi * chance())
        return math.exp(math.log(self.mean) - self.sigma**2 / 2 + self.sigma * normal)


@frozen
class Workers:
    """
    *count* workers take the jobs first in, first out; each job keeps one for *duration* seconds.

    A job waits *queue* seconds at least, and as much longer as no worker is free.
    """

    count: int = field(validator=validators.ge(1))
    duration: float = field(validator=_AT_LEAST_0)
    queue: float = field(default=0.0, validator=_AT_LEAST_0)

    @property
    def workers(self) -> int | None:
        """As many jobs as there are workers."""
        return self.count

    def seconds(self, rows: int, chance: Chance) -> float:
        """Always the same."""
        return self.duration
