"""
Rows read through to their end, each checked by itself and all of them as a whole.

Rows that repeat an earlier one are found by digests of all rows, in a private SQLite file that is removed at
the end.
Memory does not grow with the rows: they are appended, and sorted on the disk at the end. Digests have 64
bits and a key of this process: two of ten million different rows have the same one once in 300,000 files.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from operator import attrgetter

import orjson
from attrs import frozen

from ..api.kinds import Kind
from ..rows.check import preparer
from ..rows.check_many import Prepare
from ..rows.closing import Closing
from ..rows.file_rows import FileRows
from ..rows.row import BadRow, Prepared, Row, repeated_id
from .findings import (
    SHOWN,
    AmountSummary,
    AmountTally,
    Finding,
    Lines,
    Place,
    TimeTally,
    about_equal_times,
    about_repeats,
    column,
)
from .looks import LOOKS

BATCH = 2000
"""Rows whose columns are looked at in one go."""
ID, MOMENT = "id", "moment"
"""What rows are compared by: their identity, and the time that a customer may have once."""

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


@frozen
class Checked:
    """
    What a check of rows as a whole has found.

    Attributes:
        rows: how many there were.
        faulty: how many of them have faults and would be rejected.
        faulty_lines: the first of those.
        findings: what is doubtful about the others.
        amounts: what their amounts come to.
    """

    rows: int
    faulty: int
    faulty_lines: tuple[int, ...]
    findings: tuple[Finding, ...]
    amounts: tuple[AmountSummary, ...]


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


class WholeCheck(Closing):
    """
    Reads rows to their end, in steps, and checks each by itself and all of them as a whole.

    What it keeps of them is on the disk, in a private file that closing it removes.

    Args:
        kind: the batch kind.
        rows: those of an open file, or of a query.
        prepare: the check of a row.
        now: an aware instant; later times are in the future.
        bad: called with each row that would be rejected: those that repeat an id come last.
        good: called with each other row.
    """

    def __init__(
        self,
        kind: Kind,
        rows: Iterable[Row | BadRow],
        prepare: Prepare,
        *,
        now: datetime,
        bad: Callable[[BadRow], None] = lambda row: None,
        good: Callable[[Prepared], None] = lambda row: None,
    ) -> None:
        self._looks = LOOKS[kind.name]
        self._source = iter(rows)
        self._prepare, self._bad, self._good = prepare, bad, good
        self._tallies: dict[str, TimeTally | AmountTally] = {
            **{each.field: TimeTally(each, now) for each in self._looks.times},
            **{each.field: AmountTally(each) for each in self._looks.amounts},
        }
        self._faulty = Lines()
        self._seen = Seen()
        self.rows: int = 0
        self._unfinished = ""

    def close(self) -> None:
        """Remove the private file. Safe to call twice."""
        self._seen.close()

    def break_off(self) -> None:
        """Break off what `end` is busy with in another thread; harmless where it is not."""
        self._seen.break_off()

    def step(self) -> bool:
        """
        Read and check the next rows; False at the end.

        Raises:
            InputError: the file cannot be read any further.
        """
        before = self.rows
        good: list[Prepared] = []
        try:
            while most := min(self._prepare.at_once, BATCH - (self.rows - before)):
                some: list[Row | BadRow] = []
                try:
                    some.extend(islice(self._source, most))  # keeps what came before an error
                finally:
                    self.rows += len(some)
                    good += self._sound(some)
                if len(some) < most:
                    break
        finally:
            self._look_at(good)
        return self.rows - before == BATCH

    def _sound(self, rows: list[Row | BadRow]) -> list[Prepared]:
        """Those of these rows that would be sent."""
        good = [row for row in rows if isinstance(row, Row)]
        values = [row.value for row in good]
        made = self._prepare.many([row.position for row in good], values) if good else []
        ready = iter(made)
        sound: list[Prepared] = []
        for row in rows:
            found = next(ready) if isinstance(row, Row) else row
            if isinstance(found, BadRow):
                self._faulty.add([found.position])
                self._bad(found)
            else:
                self._good(found)
                sound.append(found)
        return sound

    def end(self) -> Checked:
        """What was found, once all rows were read, or as many as can be."""
        findings = list(self._repeats())
        if self._unfinished:
            why = (
                f"repeated rows could not be looked for ({self._unfinished}): set SQLITE_TMPDIR to a folder with "
                "free space"
            )
            findings.append(Finding(why, "not-compared", "", 0, ()))
        amounts = list[AmountSummary]()
        for tally in self._tallies.values():
            findings += tally.findings()
            if isinstance(tally, AmountTally) and (summary := tally.summary()) is not None:
                amounts.append(summary)
        faulty = self._faulty
        return Checked(self.rows, faulty.rows, tuple(faulty.first), tuple(findings), tuple(amounts))

    def _look_at(self, rows: list[Prepared]) -> None:
        lines = [row.position for row in rows]
        times = self._looks.equal_times
        moments: list[int | None] = [None] * len(rows)
        if self._tallies:
            items = list(map(orjson.loads, [row.payload for row in rows]))
            for field, tally in self._tallies.items():
                tally.add(lines, column(items, field))
            if times:
                keys = [row.key for row in rows]
                moments = list(map(_moment, keys, column(items, times)))
        if not self._unfinished:
            with self._on_disk():
                digests = map(hash, map(attrgetter(self._looks.repeat.by), rows))
                self._seen.add(zip(lines, digests, moments, strict=True))

    def _repeats(self) -> Iterator[Finding]:
        """Rows that repeat others: those that will not succeed are rejected, too."""
        looks = self._looks
        if self._unfinished:
            return
        with self._on_disk():
            rows = self._seen.repeated(ID)
            if rows:
                yield about_repeats(looks.repeat, rows, self._first(ID))
                if looks.repeat.certain:
                    for line, first in self._seen.places(ID):
                        self._bad(BadRow(line, (repeated_id(looks.repeat.field, line, first),)))
            rows = self._seen.repeated(MOMENT) if looks.equal_times else 0
            if rows:
                yield about_equal_times(looks.equal_times, rows, self._first(MOMENT))

    def _first(self, by: str) -> tuple[Place, ...]:
        return tuple(Place(*each) for each in islice(self._seen.places(by), SHOWN))

    @contextmanager
    def _on_disk(self) -> Iterator[None]:
        """A full disk ends the search for rows that repeat others, and nothing else."""
        try:
            yield
        except sqlite3.Error as error:
            self._unfinished = str(error)


def check_rows(
    rows: FileRows,
    *,
    now: datetime | None = None,
    ids_from_numbers: bool = False,
    bad: Callable[[BadRow], None] = lambda row: None,
) -> Checked:
    """
    Read the rows of an open file to their end, check each, and all of them as a whole.

    Nothing is sent. It blocks while it reads: in an asyncio program, call it in a thread. To send the rows,
    open the file again.

    Args:
        rows: an open file.
        now: an aware instant; later times are in the future. By default the time of the call.
        ids_from_numbers: take whole numbers as ids; as for `open_rows`.
        bad: called with each row that would be rejected: those that repeat an id come last.

    Raises:
        InputError: the file cannot be read any further.
    """
    prepare = preparer(rows.kind, ids_from_numbers=ids_from_numbers)
    now = now or datetime.now(UTC)
    with WholeCheck(rows.kind, rows, prepare, now=now, bad=bad) as whole:
        while whole.step():
            pass
        return whole.end()


def _moment(key: str, time: str) -> int:
    """A digest of a customer and an instant, which is in UTC: one with zeros behind it is the same."""
    return hash((key, time[:-1].rstrip("0").rstrip(".") if "." in time else time[:-1]))
