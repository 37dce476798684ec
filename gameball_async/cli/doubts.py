"""Rows in doubt, as an account tells them: which, where to look, and the commands that end the doubt."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from typing import Any

from attrs import field, frozen

from ..errors import GameballError
from ..journal.account import Doubt, recorded_of, spans
from ..journal.journal import read_journal
from .connection import Connection
from .words import clean, count

SHOWN_SPANS = 8


def in_words(positions: Sequence[int]) -> str:
    """Sorted lines: ``2-4, 9``, and how many more spans."""
    found = spans(positions)
    shown = ", ".join(
        str(first) if first == last else f"{first}-{last}" for first, last in found[:SHOWN_SPANS]
    )
    more = f" and {len(found) - SHOWN_SPANS:,} more spans" if len(found) > SHOWN_SPANS else ""
    return shown + more


@frozen
class InDoubt:
    """
    Rows that may or may not have been applied, of a run that is over.

    Attributes:
        lines: where they stand in the input, sorted.
        journal: the file that remembers the run; None where none was kept.
        rejects: the file that holds the rows; None where none was written.
        retry: the command that sends them again, without the rows' file.
    """

    lines: Sequence[int] = field(repr=False)
    journal: str | None
    rejects: str | None
    retry: str

    def commands(self) -> list[str]:
        """What ends the doubt: for rows that were applied, that were not, and to send them at once."""
        if self.journal is None or not self.lines:
            return []
        rows = shlex.quote(self.rejects or "LINES.txt")
        settle = f"gameball-async settle {shlex.quote(self.journal)}"
        return [
            f"{settle} --applied {rows}",
            f"{settle} --not-applied {rows}",
            f"{self.retry} --rows {rows}",
        ]

    def as_values(self) -> dict[str, Any]:
        """For programs: how many, their lines as spans, what to run."""
        return {
            "rows": len(self.lines),
            "lines": spans(self.lines),
            "commands": self.commands(),
        }

    def as_text(self) -> str:
        """For people."""
        if self.journal is None:
            return (
                "Rows are in doubt: they may or may not have been applied, and no journal was kept "
                "that they could be sent again from. Look in Gameball's dashboard, at the customers "
                "of the rejects file (--rejects), before you import them again."
            )
        path = clean(self.journal)
        if not self.lines:
            report = f"gameball-async report {shlex.quote(self.journal)}"
            return f"Keep the journal {path}; `{report}` tells what became of its rows in doubt."
        applied, not_applied, retry = (clean(words, 1000) for words in self.commands())
        by_balances = self._by_balances()
        where = "LINES.txt is a file that you write, with one line number a line."
        if self.rejects is not None:
            where = f"{clean(self.rejects)} has them all: leave in it the rows that are meant."
        return (
            f"{count(len(self.lines), 'row')} in doubt, lines {in_words(self.lines)}: they may or "
            f"may not have been applied. Keep the journal {path}. Look at these customers' balances "
            "or activities in Gameball's dashboard (or import them as balance-inquiries). Then say "
            f"which rows were applied, and which were not:\n  {applied}\n  {not_applied}\n"
            f"or send those that were not applied again:\n  {retry}\n{where}{by_balances}"
        )

    def _by_balances(self) -> str:
        """How the balances can say it, where they were asked for before the run; empty where not."""
        from ..balances.snapshot import snapshot_beside

        journal = self.journal or ""
        if not os.path.exists(snapshot_beside(journal)):
            return ""
        command = clean(f"gameball-async balances settle {shlex.quote(journal)}", 1000)
        return f"\nOr let the balances before and after say it:\n  {command}"


def read(journal: str | None, rejects: str | None, connection: Connection | None) -> InDoubt:
    """What a journal says of its rows in doubt; no lines where it cannot be read."""
    found: Sequence[Doubt] = ()
    if journal is not None:
        try:
            found = recorded_of(read_journal(journal)).doubts
        except (GameballError, OSError):
            found = ()
    return of(found, journal, rejects, connection)


def of(
    found: Sequence[Doubt],
    journal: str | None,
    rejects: str | None = None,
    connection: Connection | None = None,
) -> InDoubt:
    """The same of doubts that are known."""
    words = ["retry", journal or "", "--only", "indeterminate", "--i-checked"]
    here = shlex.join(["gameball-async", *words])
    retry = here if connection is None else connection.command(*words)
    lines = sorted(position for doubt in found for position in doubt.positions)
    return InDoubt(lines, journal, rejects, retry)
