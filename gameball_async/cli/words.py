"""Small words for people: text made safe to show, durations, counts, commands to copy."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from ..api.wire import clean_text


def clean(text: str, most: int = 300) -> str:
    """*text* on one line, cut, with control and invisible formatting characters written out."""
    return clean_text(text, most)


def duration(seconds: float) -> str:
    """Seconds for people: ``0.8 s``, ``14 s``, ``2 min 05 s``, ``1 h 04 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60:02} min"


def count(number: int, noun: str) -> str:
    """A number with its noun: ``1 job``, ``2,000 jobs``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(numbers: Iterable[tuple[int, str]]) -> str:
    """Those that are not 0, each with its word: ``1 queued, 3 running``."""
    return ", ".join(f"{number:,} {word}" for number, word in numbers if number)


def command_line(*words: str, **options: object) -> str:
    """
    A command of ours, ready for a shell.

    Args:
        words: those before its options.
        options: by their names, with ``_``; None and False are left out, True is a flag.
    """
    found = ["gameball-async", *words]
    for name, value in options.items():
        if value is not None and value is not False:
            found.append(f"--{name.replace('_', '-')}")
            if value is not True:
                found.append(f"{value:g}" if isinstance(value, float) else str(value))
    return shlex.join(found)
