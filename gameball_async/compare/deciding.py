"""
Which rows of an input need not be sent.

A row is unchanged if what was applied last for its id is the same. Once a row of an id is sent, what
Gameball has of that id is known again only when the run is over: all later rows of it are sent too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..rows.content import digest_of, identity
from ..rows.row import BadRow, Batch, Prepared, Unchanged

__all__ = ["sort_out"]


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
    found: Batch = []
    known = dict(applied)
    sent: list[str] = []
    for row in rows:
        if isinstance(row, BadRow):
            found.append(row)
            continue
        name = identity(row)
        before = known.get(name)
        if before is None:
            found.append(row)
            continue
        digest = digest_of(row.payload)
        if digest == before:
            found.append(Unchanged(row.position, row.key, row.item_id, digest))
            continue
        known[name] = None
        sent.append(name)
        found.append(row)
    return found, sent
