"""Each row of a run once, with the last that its journals say of it: the run's own, and its retries'."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import chain

import orjson

from ..rows.outcome import RowOutcome
from .journal import read_header, read_rows
from .retry import rows_again
from .state import Positions

__all__ = ["journals_of", "recorded_rows", "rows_before"]


def journals_of(path: str) -> list[str]:
    """
    The journals of a run and of its retries, the newest first; of a retry's, those up to it.

    Raises:
        JournalError: there is no journal at *path*.
    """
    source = read_header(path).source
    first = source.name if "retry" in orjson.loads(source.settings) else path
    found = [first] if os.path.exists(first) else []
    number = 1
    while os.path.exists(retry := f"{first}.retry-{number}"):
        found.append(retry)
        if os.path.samefile(retry, path):
            break
        number += 1
    if not any(os.path.samefile(each, path) for each in found):
        found.append(path)
    return found[::-1]


def recorded_rows(journals: Sequence[str], without: Sequence[int] = ()) -> Iterator[RowOutcome]:
    """
    Each row that is in these journals, once: what the first of them says of it.

    Args:
        journals: the newest first.
        without: positions of rows that are left out.

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


def rows_before(path: str) -> Iterator[RowOutcome]:
    """
    The rows that a resumed run will not tell of: those that had their outcome before.

    Raises:
        JournalError: a journal cannot be read, or the one whose rows are sent again has changed.
    """
    own, *older = journals_of(path)
    again = [row.position for row in rows_again(read_header(path).source) or ()]
    if older and not again:  # it is over, and was retried since
        return recorded_rows([own, *older])
    return chain(read_rows(path, open_too=False), recorded_rows(older, again))
