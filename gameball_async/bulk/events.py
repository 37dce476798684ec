"""What a bulk run tells as it goes: chunks accepted, jobs moving, rows settled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import overload

from attrs import field, frozen

from ..api.jobs import Job, Transition
from ..rows.outcome import Outcome, Reason, RowOutcome
from .results import Results

_FINE = (Outcome.SUCCEEDED, Outcome.UNCHANGED)


class RowOutcomes(Sequence[RowOutcome]):
    """
    The outcomes of one chunk's rows, in the chunk's order.

    Kept in columns and made into objects as they are read: a run of millions of rows has one such
    sequence for each chunk, not one object for each row.
    """

    __slots__ = ("_chunk", "_entry", "_job_id", "_keys", "_outcomes", "_positions", "_reasons")

    def __init__(
        self,
        positions: Sequence[int],
        keys: Sequence[str | None],
        outcomes: Sequence[Outcome],
        reasons: Mapping[int, Reason],
        job_id: int | None,
        chunk: int | None,
        results: Results | None = None,
    ) -> None:
        self._positions = positions
        self._keys = keys
        self._outcomes = outcomes
        self._reasons = reasons
        self._job_id = job_id
        self._chunk = chunk
        self._entry = None if results is None else results.of

    def __len__(self) -> int:
        return len(self._positions)

    def __iter__(self) -> Iterator[RowOutcome]:
        made, job_id, chunk, entry = object.__new__, self._job_id, self._chunk, self._entry
        reasons: list[Reason | None] = [None] * len(self._positions)
        for index, reason in self._reasons.items():
            reasons[index] = reason
        rows = zip(self._positions, self._outcomes, self._keys, reasons, strict=True)
        for index, (position, outcome, key, why) in enumerate(rows):
            row = made(RowOutcome)  # the class itself takes twice as long to call
            row.position = position
            row.outcome = outcome
            row.key = key
            row.reason = why
            row.job_id = job_id
            row.chunk = chunk
            row._entry = entry
            row._index = index
            yield row

    @overload
    def __getitem__(self, index: int) -> RowOutcome: ...
    @overload
    def __getitem__(self, index: slice) -> list[RowOutcome]: ...
    def __getitem__(self, index: int | slice) -> RowOutcome | list[RowOutcome]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        return RowOutcome(
            self._positions[index],
            self._outcomes[index],
            self._keys[index],
            self._reasons.get(index),
            self._job_id,
            self._chunk,
            self._entry,
            index,
        )

    def exceptions(self) -> Iterator[RowOutcome]:
        """Only the rows that did not succeed, and are not unchanged either."""
        for index, outcome in enumerate(self._outcomes):
            if outcome not in _FINE:
                yield self[index]

    def __repr__(self) -> str:
        return f"<{len(self)} outcomes of chunk {self._chunk}>"


@frozen
class Submitted:
    """
    A chunk was accepted.

    Attributes:
        chunk: its number, from 1.
        job: the job it has become.
        rows: how many rows it carries.
    """

    chunk: int
    job: Job
    rows: int


@frozen
class Settled:
    """
    Rows have their outcome.

    Attributes:
        chunk: number of the chunk that carried them; None for rows that were never in one.
        job: the job that carried them; None where none did.
        outcomes: one for each row.
    """

    chunk: int | None
    job: Job | None
    outcomes: RowOutcomes = field(repr=False)


BulkEvent = Submitted | Transition | Settled


@frozen
class Submission:
    """
    What became of one chunk of `submit_all`.

    Attributes:
        chunk: its number, from 1; None for rows that were never in one.
        job: the job it has become; None where it has not.
        positions: where its rows came from.
        outcomes: for a chunk without a job, what that means for each row; empty otherwise.
        error: why there is no job; None where there is one, or where rows were rejected unsent.
        resent: an earlier try of the same bytes may have been applied too.
    """

    chunk: int | None
    job: Job | None
    positions: Sequence[int] = field(repr=False)
    outcomes: RowOutcomes = field(repr=False)
    error: Exception | None = None
    resent: bool = False
