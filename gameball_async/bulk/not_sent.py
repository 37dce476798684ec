"""
Rows that are in no chunk: those that cannot be sent, and those that need not be.

Unchanged rows are noted many at a time, but before a later row of their id may leave: a resumed run
would find them changed, and send them behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from ..rows.content import identity
from ..rows.outcome import Outcome
from ..rows.report import Tally
from ..rows.row import BadRow, Block, Unchanged
from .events import RowOutcomes, Settled
from .in_flight import Note, Step, rejected_rows

AT_ONCE = 1000
"""Unchanged rows that are noted at once."""


class NotSent:
    """
    Counts the rows that are in no chunk, until they are told.

    Args:
        tally: counts rows by their outcome.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._rejected: list[RowOutcomes] = []  # counted, and not told yet
        self._unchanged: list[Unchanged] = []  # read, and neither counted nor noted yet
        self._ids: set[str] = set()  # of those
        self._noting: list[Callable[[], Settled]] = []  # being noted
        self._unnoted: list[Unchanged] = []  # told when the run was left

    def reject(self, bad: Sequence[BadRow]) -> Step:
        """Rows that cannot be sent: they are counted at once."""
        rows, fates = rejected_rows(bad)
        self._tally.rows(*fates)
        self._rejected.append(rows)

        def noted() -> Settled:
            self._rejected.remove(rows)
            return Settled(None, None, rows)

        return Step(lambda journal: journal.rejected(rows), noted)

    def keep(self, rows: Sequence[Unchanged]) -> None:
        """Rows that need not be sent."""
        self._unchanged += rows
        self._ids.update([row.key if row.item_id is None else row.item_id for row in rows])

    def note_before(self, rows: Block, send: Callable[[Block], None]) -> list[Step]:
        """What must be noted before these rows may leave, and *send* lets them; empty for nothing."""
        if not self._ids:
            return []
        if len(self._unchanged) < AT_ONCE and self._ids.isdisjoint(map(identity, rows)):
            return []
        return [self._note(partial(send, rows))]

    def note_all(self) -> list[Step]:
        """What must be noted at the end of the input."""
        return [self._note(lambda: None)] if self._unchanged else []

    def _note(self, then: Callable[[], None]) -> Step:
        rows = self._take()

        def noted() -> Settled:
            self._noting.remove(noted)
            then()
            return self._told(rows)

        self._noting.append(noted)
        return Step(lambda journal: journal.unchanged(rows), noted, shielded=True)

    def _take(self) -> list[Unchanged]:
        rows, self._unchanged = self._unchanged, []
        self._ids.clear()
        return rows

    def _told(self, rows: Sequence[Unchanged]) -> Settled:
        outcomes = [Outcome.UNCHANGED] * len(rows)
        self._tally.rows(outcomes, {})
        positions, keys = [row.position for row in rows], [row.key for row in rows]
        return Settled(None, None, RowOutcomes(positions, keys, outcomes, {}, None, None))

    def leave(self) -> Iterator[Settled]:
        """What was not told, now that the run is left."""
        while self._rejected:
            yield Settled(None, None, self._rejected.pop(0))
        while self._noting:
            yield self._noting[0]()
        rows = self._take()
        if rows:
            self._unnoted += rows
            yield self._told(rows)

    def put_away(self) -> Iterator[Note]:
        """What the journal was not told."""
        if self._unnoted:
            rows, self._unnoted = self._unnoted, []
            yield lambda journal: journal.unchanged(rows)
