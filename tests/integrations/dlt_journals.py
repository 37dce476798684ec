"""What tests that kill a load look at to know how far it is."""

from __future__ import annotations

from pathlib import Path

from gameball_async.errors import JournalError
from gameball_async.journal.journal import read_journal
from gameball_async.journal.state import Stage


def accepted(folder: Path) -> int:
    """How many chunks have become jobs, by the journals of the loads in *folder*."""
    try:
        return sum(
            chunk.stage is not Stage.INTENDED
            for journal in folder.glob("*/*.gbjournal")
            for chunk in read_journal(journal).chunks
        )
    except JournalError:  # it is being made
        return 0
