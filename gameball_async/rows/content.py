"""What a row holds, as a digest, and the id under which an earlier row may have held the same."""

from __future__ import annotations

from hashlib import blake2b

from ..api.kinds import Kind, Replay
from ..errors import ConfigurationError
from .row import Prepared

__all__ = ["SIZE", "digest_of", "identity", "refuse_incomparable"]

SIZE = 16
"""Bytes of a digest."""


def digest_of(payload: bytes) -> bytes:
    """A digest of an item's JSON: the same fields and values in the same order give the same."""
    return blake2b(payload, digest_size=SIZE).digest()


def identity(row: Prepared) -> str:
    """The id that tells what Gameball has of a row: the order's or transaction's own, or the customer's."""
    return row.key if row.item_id is None else row.item_id


def refuse_incomparable(kind: Kind) -> None:
    """
    Make sure that a row of *kind* which equals an earlier one need not be sent.

    Raises:
        ConfigurationError: it must be sent all the same.
    """
    if kind.asks:
        raise ConfigurationError(
            f"{kind.name} are questions, and the answer may be another each time: import them without "
            "--changed-against and --since-file (changed_against)"
        )
    if kind.replay is Replay.UNREPEATABLE:
        raise ConfigurationError(
            f"two equal rows of {kind.name} are two of them, and to leave one out would lose it: "
            "import them without --changed-against and --since-file (changed_against), from a file that "
            "has only new rows"
        )
