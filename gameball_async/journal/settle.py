"""Doubt that somebody has resolved: rows that were applied, and rows that were not, by their lines."""

from __future__ import annotations

import os
from collections.abc import Container

from ..errors import InputError
from ..rows.named import NamedRows
from . import records as frames
from .account import in_doubt
from .file import Lasts
from .journal import JournalFile
from .state import Resumable, Stage


def settle(
    path: str | os.PathLike[str],
    applied: NamedRows,
    not_applied: NamedRows,
    *,
    only_copy: bool = False,
    by: str = "hand",
) -> None:
    """
    Note in a journal what became of rows in doubt: all that are named, or none.

    Args:
        path: where the journal is.
        applied: rows that were applied: they have succeeded.
        not_applied: rows that were not: they have failed, and can be sent again.
        only_copy: see `JournalFile.open`.
        by: who says so, for the reason of each row: ``hand``, or ``balances``.

    Raises:
        InputError: a named row is not in doubt, or named as both.
        JournalError: the journal cannot be read or written, or another process holds it.
    """
    for position, line in not_applied.lines.items():
        if position in applied.lines:
            raise InputError(
                f"row {position} is also named in {applied.path}: remove it from one of the two",
                path=not_applied.path,
                line=line,
            )
    file, journal = JournalFile.open(path, only_copy=only_copy)
    try:
        doubtful = {odd.row.position for odd in journal.odd if in_doubt(journal, odd.row)}
        for named in (applied, not_applied):
            refuse_others(journal, named, doubtful, "only rows in doubt can be settled")
        file.put(lambda: frames.resolved(applied.lines, not_applied.lines, by), Lasts.A_CUT)
    finally:
        file.close()


def refuse_others(journal: Resumable, named: NamedRows, fit: Container[int], which: str) -> None:
    """
    Make sure that each row that a file names is one of those that are meant.

    Args:
        journal: what it names rows of.
        named: the rows.
        fit: positions of the rows that are meant.
        which: those in words.

    Raises:
        InputError: one is not.
    """
    for position, line in named.lines.items():
        if position not in fit:
            raise InputError(
                f"row {position} {standing(journal, position)}, and {which}: remove it from the "
                "file. Nothing was changed, and nothing was sent",
                path=named.path,
                line=line,
            )


def standing(journal: Resumable, position: int) -> str:
    """How a row stands in a journal, in words."""
    retry = journal.sent_again(position)
    if retry is not None:
        return f"was sent again by a retry, whose journal is {retry.journal}"
    for odd in journal.odd:
        if odd.row.position == position:
            return f"is {odd.row.outcome.value}"
    for chunk in journal.chunks:
        if position in chunk.positions:
            if chunk.stage is Stage.SETTLED:
                return "has succeeded"
            return "belongs to an open chunk (resume the run first)"
    if any(position in positions for positions in journal.unchanged):
        return "is unchanged, and was not sent"
    return "is not in the journal"
