"""
What was applied last for each id, in a temporary database of this process, which the system removes with it.

An id stands there with the digest of its row, or with nothing: then what Gameball has of it is not known.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..errors import JournalError

# At most 64 MiB of it are kept in memory. Nobody else reads it: it is one transaction to the end.
_NEW = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;
CREATE TABLE applied (id TEXT PRIMARY KEY, digest BLOB) WITHOUT ROWID;
BEGIN
"""
# Once nothing is known of an id, no other row of the same source changes that.
_LAST = """
INSERT INTO applied VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET digest = CASE
WHEN digest IS NULL THEN NULL ELSE excluded.digest END
"""
_ALIKE = """
INSERT INTO applied VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET digest = CASE
WHEN digest = excluded.digest THEN digest END
"""


class Applied:
    """
    What was applied last for each id. Used by one thread at a time.

    Args:
        in_order: whether rows of one id were applied in the order they are told; if not, of different
            ones none is known to be the last.
    """

    def __init__(self, *, in_order: bool) -> None:
        with _told():
            self._base = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            self._base.executescript(_NEW)
        self._put = _LAST if in_order else _ALIKE

    def put(self, ids: Sequence[str], digests: Sequence[bytes | None]) -> None:
        """These rows were applied, one after the other; None for one of which that is not known."""
        with _told():
            self._base.executemany(self._put, zip(ids, digests, strict=True))

    def forget(self, ids: Sequence[str]) -> None:
        """Rows of these ids are sent: what Gameball has of them is not known any more."""
        with _told():
            self._base.executemany(
                "UPDATE applied SET digest = NULL WHERE id = ?", ((each,) for each in ids)
            )

    def of(self, ids: Sequence[str]) -> dict[str, bytes | None]:
        """The digests that are known of these ids."""
        find = "SELECT digest FROM applied WHERE id = ?"
        with _told():
            rows = ((each, self._base.execute(find, (each,)).fetchone()) for each in ids)
            return {each: row[0] for each, row in rows if row is not None}

    def close(self) -> None:
        """Drop it. May be called again."""
        self._base.close()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise JournalError(
            f"what earlier runs have applied cannot be looked up ({error}): make room in the folder of "
            "temporary files, or name another with TMPDIR, and go on"
        ) from None
