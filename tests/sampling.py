"""
How much is tried of what there is too much of to try it each time.

The plain command tries a part, in which each kind of case is; with ``SAMPLES=all``, as `.ci/run` has it, all is tried.
"""

from __future__ import annotations

import os
from typing import TypeVar

__all__ = ["ALL", "of"]

T = TypeVar("T")

ALL = os.environ.get("SAMPLES") == "all"


def of(everything: T, some: T) -> T:
    """*everything* where all is tried, *some* in the plain command."""
    return everything if ALL else some
