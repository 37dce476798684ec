"""What a job's end, or its loss, makes of the rows of its chunk."""

from __future__ import annotations

from ..api.jobs import JobStatus
from ..api.kinds import Kind
from ..errors import GameballError
from ..rows.outcome import Outcome, Reason
from .in_flight import InFlight
from .outcomes import Settlement, settle
from .results import Results

__all__ = ["judged"]


def judged(
    kind: Kind, flight: InFlight, status: JobStatus | None, error: GameballError | None = None
) -> tuple[Settlement, Results | None]:
    """
    The outcomes of a chunk's rows, and what the answer says of each.

    Args:
        kind: the batch kind.
        flight: the chunk.
        status: the last one of its job; None where it is lost.
        error: why it is lost.
    """
    chunk, results, earlier = flight.chunk, None, None
    if status is not None:
        earlier = status.earlier
        results = Results(kind, chunk.keys, chunk.item_ids, status)
    found = settle(kind, chunk.keys, chunk.item_ids, status, resent=flight.resent, earlier=earlier)
    if error is not None:
        doubtful = (n for n, end in enumerate(found.outcomes) if end is Outcome.INDETERMINATE)
        found.reasons.update(dict.fromkeys(doubtful, Reason(str(error))))
    return found, results
