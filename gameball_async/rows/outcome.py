"""What can become of a row. Each input row ends in exactly one of these outcomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from attrs import define, field, frozen


class Outcome(Enum):
    """
    The ends of a row.

    *succeeded*: the server said so, or proved that an attempt of ours was applied earlier.
    *failed*: the server refused the item. *rejected*: never sent, or its whole request refused.
    *indeterminate*: may or may not have been applied. *pending*: the run was left while its job was
    open, which can still be asked. *unsent*: the run stopped before. *unchanged*: not sent, as what an
    earlier run has applied last for its id is the same; only in a run that was asked to compare.
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
        text: for people; Gameball's own words where it gave some, cut and escaped.
        code: Gameball's code where one was found, such as 9004.
        field: path of the field at fault, in the API's names; empty where no single field is.
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
    The end of one row.

    Attributes:
        position: where the row came from: its line for a file, its index from 0 for an iterable.
        outcome: which of the ends.
        key: the customer (or order) id, as sent; None where the row never became an item.
        reason: why; None for a plain success.
        job_id: the job that carried it; None where none did.
        chunk: number of the chunk that carried it, from 1; None where none did.
        entry: looks up the `result` of a row of its chunk.
        index: which of them this is.
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
        The entry that Gameball sent for this row, as it came: a balance, an order's transactions.

        None where the answer has none, or where its entries do not tell the customer's rows apart.
        """
        return None if self._entry is None else self._entry(self._index)
