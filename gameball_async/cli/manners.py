"""How a run is carried out, and the files for its rows: the options of import, resume and retry."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any

import click
from attrs import asdict, define, frozen
from attrs.filters import exclude

from ..api.kinds import Kind
from ..bulk.bulk import OnCancel
from ..errors import ConfigurationError, GameballError
from ..rows.file_rows import FileRows
from ..rows.outcome import RowOutcome
from ..rows.rejects import RejectsFile
from ..rows.results import ResultsFile
from .connection import Connection
from .options import (
    Option,
    adapting,
    choice,
    file_option,
    results,
    seconds,
    taken,
    together,
)
from .words import clean, count

# What a rejects file begins with: a header, or an object of which these are the last names.
_HEADER = re.compile(rb"outcome[^\w\n]+code[^\w\n]+reason[^\w\n]+line[^\w\n]*$", re.MULTILINE)
_OBJECT = re.compile(rb'"outcome": .*"line": \d+\}\s*$', re.MULTILINE)


@define
class Collecting:
    """
    A file that takes rows as they are settled, and is written at the end.

    Attributes:
        file: the file.
        rows: how many are in it; None unless it was written.
        why: why it cannot be written; empty while nothing went wrong.
    """

    file: RejectsFile | ResultsFile
    rows: int | None = None
    why: str = ""

    def add(self, outcomes: Iterable[RowOutcome]) -> None:
        """Take rows. Errors are reported at the end; the run continues."""
        try:
            if not self.why:
                self.file.add(outcomes)
        except (OSError, sqlite3.Error) as error:
            self.why = clean(f"{type(error).__name__}: {error}")

    def write(self) -> GameballError | OSError | None:
        """Write the file, unless rows are missing in it; returns what went wrong."""
        try:
            if not self.why:
                self.rows = self.file.write()
        except (GameballError, OSError) as error:
            self.why = clean(f"{type(error).__name__}: {error}")
            return error
        return None

    def in_words(self, name: str, what: str) -> str:
        """Where the rows are, with *what* of each, or why the file called *name* could not be written."""
        path = clean(self.file.path)
        if self.rows is None:
            return (
                f"The {name} could not be written to {path} ({self.why}): if the run has a journal, "
                f"`gameball-async resume JOURNAL --{name} FILE` writes them"
            )
        return (
            f"{count(self.rows, 'row')} with {what} {'is' if self.rows == 1 else 'are'} in {path}"
        )


@frozen
class Manners:
    """
    How a run is carried out.

    Attributes:
        rejects: the file for rows that did not succeed; None for none.
        results: the file for every row with its outcome; None for none.
        concurrency: chunks to submit at the same time; None to go by the round-trip time.
        on_cancel: what happens to open jobs when it is interrupted.
        deadline: seconds after which it ends, to be resumed; None for no limit.
        stalled_for: the same for seconds in which nothing moves.
    """

    rejects: str | None
    results: str | None
    concurrency: int | None
    on_cancel: OnCancel
    deadline: float | None
    stalled_for: float | None

    def for_a_run(self) -> dict[str, Any]:
        """The arguments of `GameballClient.bulk` and its like."""
        return asdict(self, filter=exclude("rejects", "results"))

    def resume_command(self, journal: str, connection: Connection) -> str:
        """The command that resumes a run, ready for a shell."""
        options = {**asdict(self), "deadline": None}
        if self.on_cancel == "detach":
            options["on_cancel"] = None
        return connection.command("resume", journal, **options)

    def collect(
        self, files: ExitStack, kind: Kind, rows: FileRows | None
    ) -> tuple[Collecting | None, Collecting | None]:
        """Open the rejects and the results, where they are asked for; *files* closes them."""
        rejects = results = None
        if self.rejects is not None and rows is not None:
            rejects = Collecting(files.enter_context(RejectsFile(self.rejects, rows)))
        if self.results is not None:
            results = Collecting(files.enter_context(ResultsFile(self.results, kind)))
        return rejects, results


manners: Option = together(
    file_option(
        "--rejects", help="Write the rows that did not succeed to this file, with the reasons."
    ),
    results,
    click.option(
        "--concurrency",
        type=click.IntRange(min=1),
        help="Chunks to submit at the same time.  [default: depends on the round-trip time]",
    ),
    choice(
        "--on-cancel",
        ["detach", "stop"],
        default="detach",
        help="What happens to open jobs on Ctrl-C: detach leaves them running at Gameball, stop stops them.",
    ),
    seconds(
        "--deadline",
        help="End the run after this many seconds, with exit code 3; resume continues it.",
    ),
    seconds(
        "--stalled-for",
        help="End the run in the same way if nothing moves for this many seconds: no row, no chunk, no job.",
    ),
    adapting(lambda options: options.update(how=taken(Manners, options))),
)
"""Give a command the options of how a run is carried out, as its argument *how*."""


def refuse_earlier_rejects(path: str | None) -> None:
    """
    Make sure that a new run overwrites no rows in its rejects file.

    Raises:
        ConfigurationError: the file has rows; a header alone is allowed.
    """
    head = _head(path)
    header = _HEADER.search(head)
    if head[header.end() if header else 0 :].strip():
        raise ConfigurationError(
            f"{path} already exists, and the rows in it would be lost: name another file with --rejects, or move "
            "this one away"
        )


def refuse_no_rejects(path: str | None) -> None:
    """
    Make sure that a resumed run, which rewrites all of its rejects, overwrites nothing but rejects.

    Raises:
        ConfigurationError: the file is not a rejects file.
    """
    head = _head(path)
    if head.strip() and not (_HEADER.search(head) or _OBJECT.search(head)):
        raise ConfigurationError(
            f"{path} already exists, and is not a rejects file: name another file with --rejects"
        )


def _head(path: str | None) -> bytes:
    """The beginning of a file, in any encoding; empty where there is none."""
    if path is None or not os.path.isfile(path):
        return b""
    with open(path, "rb") as file:
        return file.read(1_000_000).replace(b"\0", b"")
