"""
What a row holds, as a digest, and which rows need not be sent, as an earlier one held the same.

A row is unchanged if what was applied last for its id is the same. Once a row of an id is sent, what
Gameball has of that id is known again only when the run is over: all later rows of it are sent too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b

from ..api.kinds import Kind, Replay
from ..errors import ConfigurationError
from .row import BadRow, Batch, Prepared, Unchanged

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
            f"{kind.name} only ask for data, and the answer may differ each time: remove "
            "--changed-against or --since-file (changed_against)"
        )
    if kind.replay is Replay.UNREPEATABLE:
        raise ConfigurationError(
            f"two equal rows of {kind.name} both count, so skipping one would lose it: remove "
            "--changed-against or --since-file (changed_against), and import a file that has "
            "only the new rows"
        )


def sort_out(
    rows: Sequence[Prepared | BadRow], applied: Mapping[str, bytes | None]
) -> tuple[Batch, list[str]]:
    """
    The rows again, those that are unchanged as such; and the ids of which nothing is known from now on.

    Args:
        rows: as they were read.
        applied: for each id of theirs the digest of what was applied last; None, or no such id, where
            that is not known.
    """
    found: list[Prepared | BadRow | Unchanged] = []
    known = dict(applied)
    sent: list[str] = []
    for row in rows:
        if isinstance(row, BadRow) or (before := known.get(identity(row))) is None:
            found.append(row)
        elif (digest := digest_of(row.payload)) == before:
            found.append(Unchanged(row.position, row.key, row.item_id, digest))
        else:
            known[identity(row)] = None
            sent.append(identity(row))
            found.append(row)
    return found, sent
