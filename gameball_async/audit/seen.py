"""
Which rows repeat an earlier one: digests of all rows, in a private SQLite file, which outlives nothing.

Memory does not grow with the rows: they are appended, and sorted on the disk at the end. Digests have 64
bits and a key of this process: two of ten million different rows have the same one once in 300,000 files.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from ..rows.closing import Closing
from .findings import Place

__all__ = ["ID", "MOMENT", "Seen"]

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
_FOUND = {
    ID: "INSERT INTO id SELECT id, min(line), count(*) FROM seen GROUP BY id HAVING count(*) > 1",
    MOMENT: "INSERT INTO moment SELECT seen.moment, min(line), count(*) FROM seen "
    "LEFT JOIN id ON id.digest = seen.id WHERE id.first IS NULL OR id.first = line "
    "GROUP BY moment HAVING count(*) > 1",
}
_COUNTED = {
    ID: "SELECT coalesce(sum(rows - 1), 0) FROM id",
    MOMENT: "SELECT coalesce(sum(rows - 1), 0) FROM moment",
}
_PLACES = {
    ID: "SELECT line, first FROM seen CROSS JOIN id ON id.digest = seen.id "
    "WHERE line > first ORDER BY line",
    MOMENT: "SELECT line, moment.first FROM seen CROSS JOIN moment ON moment.digest = seen.moment "
    "LEFT JOIN id ON id.digest = seen.id WHERE line > moment.first "
    "AND (id.first IS NULL OR id.first = line) ORDER BY line",
}


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
        self._file.execute(_FOUND[by])
        return int(self._file.execute(_COUNTED[by]).fetchone()[0])

    def places(self, by: str) -> Iterator[Place]:
        """Those rows in their order, each with the first that it repeats; once they are counted."""
        for line, first in self._file.execute(_PLACES[by]):
            yield Place(line, first)

    def break_off(self) -> None:
        """Break off what another thread asks for, which raises `sqlite3.OperationalError` there."""
        self._file.interrupt()

    def close(self) -> None:
        """Remove the file. Safe to call twice."""
        self._file.close()
