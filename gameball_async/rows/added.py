"""The four columns that a rejects file adds to the input's own, and how they are taken off again."""

from __future__ import annotations

from collections.abc import Sequence

from ..api.kinds import Kind, Replay
from .cells import read_json, restored
from .outcome import Outcome

ADDED = ("outcome", "code", "reason", "line")
"""The columns that a rejects file adds."""
WHOLE, TEXT = "row", "text"
"""Names under which a rejects file keeps a line that is no object: as JSON, or as it stands."""


def must_not_repeat(kind: Kind, outcome: object) -> bool:
    """Whether a row with this outcome in a rejects file may be applied already, and would be twice."""
    doubtful = outcome in (Outcome.INDETERMINATE.value, Outcome.PENDING.value)
    return doubtful and kind.replay is Replay.UNREPEATABLE


MAY_BE_APPLIED = (
    "may have been applied already (outcome: {}), so sending it again could apply it twice. If "
    "its run is not finished, use `gameball-async resume JOURNAL`. Otherwise check the account, "
    "then use `gameball-async retry JOURNAL --only indeterminate --i-checked`"
)


def outcome_of(value: object) -> object:
    """The outcome that a line of a JSONL rejects file has; None for any other line."""
    if isinstance(value, dict) and tuple(value)[-len(ADDED) :] == ADDED:
        return value[ADDED[0]]
    return None


def is_rejects_header(cells: Sequence[str]) -> bool:
    """Whether a header is that of a rejects file."""
    return len(cells) > len(ADDED) and tuple(cells[-len(ADDED) :]) == ADDED


def outcome_cell(cells: Sequence[str]) -> str:
    """The outcome that a record of a rejects file has."""
    return cells[-len(ADDED)] if len(cells) > len(ADDED) else ""


def original_cells(cells: Sequence[str]) -> list[str]:
    """The cells that a record had before it came into a rejects file."""
    return [restored(cell) for cell in cells[: -len(ADDED)]]


def original_value(value: object) -> object:
    """
    The item that a line held before it came into a rejects file.

    Raises:
        Refusal: the line could not be read then, and cannot be read now.
    """
    if not isinstance(value, dict) or tuple(value)[-len(ADDED) :] != ADDED:
        return value
    item = {name: each for name, each in value.items() if name not in ADDED}
    if tuple(item) == (WHOLE,):
        return original_value(item[WHOLE])
    if tuple(item) == (TEXT,) and isinstance(item[TEXT], str):
        return read_json(item[TEXT])
    return item
