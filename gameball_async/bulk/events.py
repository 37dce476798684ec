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

    Stored in columns; each object is created when it is read. So a run of millions of rows has one such
    sequence per chunk, not one object per row.
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
        """Only the rows that did not succeed, without unchanged ones."""
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
        job: the job that Gameball created for it.
        rows: how many rows it has.
    """

    chunk: int
    job: Job
    rows: int


@frozen
class Settled:
    """
    Rows have their outcome.

    Attributes:
        chunk: number of their chunk; None for rows that were never in one.
        job: their job; None for rows that were in none.
        outcomes: one for each row.
    """

    chunk: int | None
    job: Job | None
    outcomes: RowOutcomes = field(repr=False)


BulkEvent = Submitted | Transition | Settled


@frozen
class Submission:
    """
    The result of one chunk of `submit_all`.

    Attributes:
        chunk: its number, from 1; None for rows that were never in one.
        job: the job that Gameball created for it; None if there is none.
        positions: the positions of its rows in the input.
        outcomes: for a chunk without a job, the outcome of each row; empty otherwise.
        error: why there is no job; None if there is one, or if the rows were rejected unsent.
        resent: an earlier attempt with the same bytes may have been applied too.
    """

    chunk: int | None
    job: Job | None
    positions: Sequence[int] = field(repr=False)
    outcomes: RowOutcomes = field(repr=False)
    error: Exception | None = None
    resent: bool = False
