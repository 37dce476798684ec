"""The entries that Gameball sent for the rows of a chunk, joined to their rows when one is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field

from ..api.jobs import PLAIN_FIELDS, JobStatus
from ..api.kinds import Kind
from .matching import Said, listen, rows_by_key

Entry = Mapping[str, Any]


@define(slots=True, eq=False)
class Results:
    """
    What a job's answers list for each row of a chunk.

    Args:
        kind: the batch kind.
        keys: the customer id of each row as sent; for order-transactions the order id.
        item_ids: the order or transaction id of each row, where the kind has one.
        status: the job's last known status.
    """

    kind: Kind
    keys: Sequence[str] = field(repr=False)
    item_ids: Sequence[str | None] | None = field(repr=False)
    status: JobStatus
    _by_row: dict[int, Entry] | None = field(default=None, init=False, repr=False)

    def of(self, row: int) -> Entry | None:
        """The entry of a row; None where there is none, or where it cannot be told from others."""
        if self._by_row is None:
            self._by_row = self._joined()
        return self._by_row.get(row)

    def telling(self) -> dict[int, Entry]:
        """The entries that say more than a row's outcome does, by row."""
        lists = (self.status.results, self.status.earlier)
        if all(entry.keys() <= PLAIN_FIELDS for each in lists if each for _, entry in each):
            return {}
        found = ((row, self.of(row)) for row in range(len(self.keys)))
        return {row: entry for row, entry in found if entry and entry.keys() - PLAIN_FIELDS}

    def _joined(self) -> dict[int, Entry]:
        rows_of = rows_by_key(self.keys)
        said, *earlier = (
            listen(self.kind, rows_of, self.item_ids, lists) if lists is not None else Said()
            for lists in (self.status.results, self.status.earlier)
        )
        for each in earlier:
            said.add_missing(each, rows_of)
        found: dict[int, Entry] = {}
        for key, rows in rows_of.items():
            for group in said.split(key, rows, self.item_ids):
                entries = [*group.successes, *group.failures]
                alike = all(entry == entries[0] for entry in entries[1:])
                if len(group.rows) == 1 and entries and alike:
                    found[group.rows[0]] = entries[0]
        return found
