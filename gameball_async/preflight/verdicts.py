"""What a probe came to, as a value."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from .findings import Verdict

__all__ = ["Probe"]


@frozen
class Probe:
    """
    What one probe came to.

    Attributes:
        name: short.
        verdict: whether it hinders a migration.
        said: what happened, in words. It may quote Gameball, and a balance.
        cure: what to do; empty for nothing.
        holds: for each assumption that it put to the test, whether it holds.
    """

    name: str
    verdict: Verdict
    said: str = field(repr=False)
    cure: str = ""
    holds: Mapping[str, bool] = field(factory=dict)
