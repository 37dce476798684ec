"""
Which rows repeat an earlier one: digests of all rows, in a private SQLite file, which outlives nothing.

Memory does not grow with the rows: they are appended, and sorted on the disk at the end. Digests have 64
bits and a key of this process: two of ten million different rows have the same one once in 300,000 files.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from ..rows.closing import Closing

ID, MOMENT = "id", "moment"
"""What rows are compared by: what tells them apart, and the time that a customer may have once."""

_NEW = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8192;
PRAGMA locking_mode = EXCLUSIVE;
CREATE TABLE seen (line INTEGER PRIMARY KEY, id INTEGER, moment INTEGER);
CREATE TABLE id (digest INTEGER PRIMARY KEY, first INTEGER, rows INTEGER);
CREATE TABLE moment (digest INTEGER PRIMARY KEY, first INTEGER, rows INTEGER);
BEGIN
"""
# A row that repeats an id is not sent: its time repeats none.
_ONE_OF_EACH_ID = (
    "UPDATE seen SET moment = NULL WHERE line > (SELECT first FROM id WHERE digest = seen.id)"
)
_FOUND = """
INSERT INTO {0} SELECT {0}, min(line), count(*) FROM seen
WHERE {0} IS NOT NULL GROUP BY {0} HAVING count(*) > 1
"""
_COUNTED = "SELECT coalesce(sum(rows - 1), 0) FROM {}"
_PLACES = """
SELECT line, first FROM seen CROSS JOIN {0} ON digest = seen.{0} WHERE line > first ORDER BY line
"""


class Seen(Closing):
    """
    Remembers rows by their digests, and finds those that repeat an earlier one.

    One thread at a time may use it, which need not be the same. Each method raises `sqlite3.Error` where the
    disk is full.
    """

    def __init__(self) -> None:
        # The empty name makes a private file of mode 0600 that is gone when it is closed.
        self._file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._file.executescript(_NEW)

    def add(self, rows: Iterable[tuple[int, int, int | None]]) -> None:
        """Note rows: the line, which no other row has, the digest, and that of customer and time."""
        self._file.executemany("INSERT INTO seen VALUES (?, ?, ?)", rows)

    def repeated(self, by: str) -> int:
        """How many rows repeat an earlier one; `ID` has to be asked for before `MOMENT`."""
        if by == MOMENT:
            self._file.execute(_ONE_OF_EACH_ID)
        self._file.execute(_FOUND.format(by))
        return int(self._file.execute(_COUNTED.format(by)).fetchone()[0])

    def places(self, by: str) -> Iterator[tuple[int, int]]:
        """Those rows in their order, each with the first that it repeats; once they are counted."""
        return iter(self._file.execute(_PLACES.format(by)))

    def break_off(self) -> None:
        """Break off what another thread asks for, which raises `sqlite3.OperationalError` there."""
        self._file.interrupt()

    def close(self) -> None:
        """Remove the file. Safe to call twice."""
        self._file.close()
