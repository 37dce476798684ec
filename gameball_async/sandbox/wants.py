"""What values a scenario may hold: functions that take one, or say in words what it must be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

__all__ = [
    "Unfit",
    "Want",
    "boolean",
    "factor",
    "number",
    "one_of",
    "pair",
    "pattern",
    "text",
    "texts",
    "times",
    "whole",
    "windows",
]


class Unfit(ValueError):
    """A value is not what it must be; the words say what that is."""


Want = Callable[[Any], Any]
"""Gives the value as the sandbox takes it. Raises `Unfit`, whose words follow "must be"."""


def text(value: Any) -> str:
    """Text that is not empty."""
    if not isinstance(value, str) or not value:
        raise Unfit("a text, not empty")
    return value


def boolean(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise Unfit("true or false")
    return value


def whole(least: int = 0) -> Want:
    """A whole number."""

    def take(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise Unfit(f"a whole number, {least} or more")
        return value

    return take


def number(least: float = 0.0, *, above: bool = False) -> Want:
    """A number from *least* on; more than it with *above*."""

    def take(value: Any) -> float:
        sound = isinstance(value, int | float) and not isinstance(value, bool)
        if not sound or not (value > least if above else value >= least) or value == float("inf"):
            raise Unfit(f"a number, {'more than' if above else 'at least'} {least:g}")
        return float(value)

    return take


def factor(value: Any) -> float:
    """A part of a whole."""
    try:
        taken: float = number()(value)
    except Unfit:
        taken = 2.0
    if taken > 1:
        raise Unfit("a number from 0 to 1")
    return taken


def one_of(*words: str) -> Want:
    """One of a few words."""

    def take(value: Any) -> str:
        if value not in words:
            raise Unfit(f"one of: {', '.join(words)}")
        return str(value)

    return take


def times(value: Any) -> int | None:
    """How often: a whole number, or ``always``, as which JSON's null is taken too."""
    if value == "always" or value is None:
        return None
    try:
        taken: int = whole()(value)
    except Unfit:
        raise Unfit('a whole number, 0 or more, or "always"') from None
    return taken


def pair(value: Any) -> tuple[float, float]:
    """Two numbers of seconds, the smaller first."""
    if isinstance(value, list) and len(value) == 2:
        try:
            low, high = map(number(), value)
        except Unfit:
            low, high = 1.0, 0.0
        if low <= high:
            return low, high
    raise Unfit("two numbers of seconds, the smaller first, such as [0.01, 0.05]")


def windows(value: Any) -> tuple[tuple[int, float], ...] | None:
    """Pairs of requests and seconds; an empty list is no limit."""
    words = "pairs of requests and seconds such as [[30, 1], [360, 30]]; [] for no limits"
    if not isinstance(value, list):
        raise Unfit(words)
    taken = []
    for each in value:
        if not isinstance(each, list) or len(each) != 2:
            raise Unfit(words)
        try:
            taken.append((whole(1)(each[0]), number(above=True)(each[1])))
        except Unfit:
            raise Unfit(words) from None
    return tuple(taken) or None


def pattern(value: Any) -> re.Pattern[str]:
    """A regular expression."""
    try:
        return re.compile(text(value))
    except re.error as error:
        raise Unfit(f"a regular expression, and this one is not: {error}") from None


def texts(value: Any) -> Mapping[str, str]:
    """A table of texts."""
    if not isinstance(value, Mapping) or not all(isinstance(each, str) for each in value.values()):
        raise Unfit("a table of texts")
    return dict(value)
