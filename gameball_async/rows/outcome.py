"""What can become of a row. Each input row ends in exactly one of these outcomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from attrs import define, field, frozen


class Outcome(Enum):
    """
    The outcome of a row.

    *succeeded*: Gameball confirmed it, or its answer proves that an earlier attempt was applied.
    *failed*: Gameball refused the item. *rejected*: it was never sent, or its whole request was refused.
    *indeterminate*: it may or may not have been applied. *pending*: the run was left while its job was
    open; the job can still be asked. *unsent*: the run stopped before it. *unchanged*: it was not sent
    because an earlier run has applied the same for its id; only in a run that compares.
    """

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REJECTED = "rejected"
    INDETERMINATE = "indeterminate"
    PENDING = "pending"
    UNSENT = "unsent"
    UNCHANGED = "unchanged"


@frozen
class Reason:
    """
    Why a row ended as it did.

    Attributes:
        text: the reason as text; Gameball's own message if there is one, shortened and escaped.
        code: Gameball's code, such as 9004; None if there is none.
        field: path of the field at fault, in the API's names; empty if it is not a single field.
    """

    text: str
    code: int | None = None
    field: str = ""

    def __str__(self) -> str:
        where = f"{self.field}: " if self.field else ""
        return where + self.text + (f" (code {self.code})" if self.code is not None else "")


@define(slots=True)
class RowOutcome:
    """
    The outcome of one row, with its reason.

    Attributes:
        position: where the row came from: its line for a file, its index from 0 for an iterable.
        outcome: its outcome.
        key: the customer (or order) id, as sent; None if the row is not a valid item.
        reason: why; None for a plain success.
        job_id: its job; None if it was in none.
        chunk: number of its chunk, from 1; None if it was in none.
        entry: looks up the `result` of a row of its chunk.
        index: the row's index in its chunk.
    """

    position: int
    outcome: Outcome
    key: str | None = None
    reason: Reason | None = None
    job_id: int | None = None
    chunk: int | None = None
    _entry: Callable[[int], Mapping[str, Any] | None] | None = field(
        default=None, repr=False, eq=False
    )
    _index: int = field(default=0, repr=False, eq=False)

    @property
    def result(self) -> Mapping[str, Any] | None:
        """
        The entry that Gameball sent for this row, unchanged: a balance, an order's transactions.

        None if the answer has no entry, or if its entries do not distinguish the customer's rows.
        """
        return None if self._entry is None else self._entry(self._index)
