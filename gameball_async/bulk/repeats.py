"""
Items whose id an earlier row of the same input had.

Gameball takes an order id, or the id of a cashback or a redemption, once. Of two rows with one id the
second cannot succeed, and where both meet in one chunk the answer cannot tell them apart: all orders
of that customer would be in doubt. The second is rejected before it is sent.
"""

from __future__ import annotations

from collections import OrderedDict

from ..api.kinds import Kind, Replay
from ..rows.row import BadRow, Block, Prepared, repeated_id


class Repeats:
    """
    Remembers the item ids of the last rows.

    Args:
        kind: the batch kind; only those that Gameball takes once by their id are looked at.
        most: ids to remember, which bounds the memory: a repetition further away is not found here,
            and Gameball refuses it.
    """

    def __init__(self, kind: Kind, most: int) -> None:
        self._field = kind.item_key if kind.replay is Replay.KEYED else None
        self._most = most
        self._first = OrderedDict[str, int]()  # oldest first; a plain dict is slow to give those up

    def split(self, rows: Block) -> tuple[Block, list[BadRow]]:
        """The rows to send, and those that repeat the id of an earlier one."""
        if self._field is None:
            return rows, []
        fresh, repeated = list[Prepared](), list[BadRow]()
        for row in rows:
            first = row.position
            if row.item_id is not None:
                first = self._first.setdefault(row.item_id, row.position)
            if first == row.position:
                fresh.append(row)
            else:
                fault = repeated_id(self._field, row.position, first)
                repeated.append(BadRow(row.position, (fault,), row.key))
        while len(self._first) > self._most:
            self._first.popitem(last=False)
        return (Block.of(fresh) if repeated else rows), repeated
