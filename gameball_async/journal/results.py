"""Each row of a run once, with the last that its journals say of it: the run's own, and its retries'."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import orjson

from ..rows.outcome import RowOutcome
from ..rows.outcomes import outcomes_table
from .journal import read_header, read_journal, read_rows
from .positions import Positions
from .retry import later_of, rows_again

if TYPE_CHECKING:
    import pyarrow as pa


def journals_of(path: str) -> list[str]:
    """
    A journal, with those of later retries before it, and those that it retries after it.

    Raises:
        JournalError: one of them cannot be read.
    """
    return [*_retries(path), path, *_before(path)]


def _retries(path: str) -> list[str]:
    found: list[str] = []
    for retry in later_of(read_journal(path), path):
        if retry.recorded is not None:
            found = [*_retries(retry.journal), retry.journal, *found]
    return found


def _before(path: str) -> list[str]:
    source = read_header(path).source
    if "retry" not in orjson.loads(source.settings) or not os.path.exists(source.name):
        return []
    siblings = _retries(source.name)
    at = next((n for n, each in enumerate(siblings) if os.path.samefile(each, path)), -1)
    return [*siblings[at + 1 :], source.name, *_before(source.name)]


def recorded_rows(journals: Sequence[str], without: Sequence[int] = ()) -> Iterator[RowOutcome]:
    """
    Each row in these journals, once, with its outcome in the first journal that has it.

    Args:
        journals: the newest first.
        without: positions of rows to skip.

    Raises:
        JournalError: one of them cannot be read.
    """
    seen = Positions()
    seen.add_all(without)
    for journal in journals:
        for row in read_rows(journal):
            if row.position not in seen:
                seen.add_all((row.position,))
                yield row


def outcomes_of(path: str) -> pa.Table:
    """
    Each row of a run, with the last that its journals say of it, as an Arrow table.

    Raises:
        JournalError: one of them cannot be read.
        ConfigurationError: pyarrow is not installed.
    """
    return outcomes_table(recorded_rows(journals_of(path)))


def rows_before(path: str) -> Iterator[RowOutcome]:
    """
    The rows that a resumed run will not tell of: those that had their outcome before.

    Raises:
        JournalError: a journal cannot be read, or the one whose rows are sent again has changed.
    """
    if _retries(path):  # it is over, and was retried since
        return recorded_rows(journals_of(path))
    again = [row.position for row in rows_again(read_header(path)) or ()]
    return chain(read_rows(path, open_too=False), recorded_rows(_before(path), again))
