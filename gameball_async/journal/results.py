"""
The rows of a run, read from its journals: what became of each, and what each held.

What became of a row is the last that its journals say of it, the run's own and its retries'. What rows held is
asked for by a run that is compared with it, and to settle its doubt.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import orjson

from ..api.kinds import Kind
from ..api.requests import Account
from ..errors import JournalError
from ..rows.outcome import RowOutcome
from ..rows.outcomes import outcomes_table
from .folding import Contents
from .header import Earlier, Header
from .journal import folded, opened, read_header, read_journal, read_rows
from .retry import later_of, rows_again
from .state import Positions

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
    seen = Positions(without)
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


def earlier_of(
    path: str | os.PathLike[str], kind: Kind, account: Account
) -> tuple[Earlier, Header]:
    """
    How a run that is compared with the journal at *path* names it, and that journal's header.

    Args:
        path: where the journal is.
        kind: of the run at hand.
        account: of the run at hand.

    Raises:
        JournalError: it cannot be read, its run goes on, or is of another kind, account or address.
    """
    theirs = read_header(path)
    with opened(path) as log:
        if log.held():
            raise JournalError(
                f"the run of {path} is still running in another process: wait until it ends, then "
                "compare with it"
            )
        length = log.mark.length
    for what, found, mine in (
        ("kind", theirs.kind, kind.name),
        ("account or API key", theirs.account, account.fingerprint),
        ("base URL", theirs.origin, account.origin),
        ("API version", theirs.version, account.version),
    ):
        if found != mine:
            raise JournalError(
                f"{path} belongs to another {what}, so this run cannot be compared with it. "
                f"Compare with a journal of the same {what}, or remove --changed-against "
                "(changed_against) to send all rows"
            )
    return Earlier(os.path.abspath(path), theirs.run, length), theirs


def find_again(earlier: Earlier, journal: str | os.PathLike[str]) -> tuple[str, Header]:
    """
    Where the journal is that the run of *journal* is compared with, and its header; both may have been moved.

    Raises:
        JournalError: it is gone.
    """
    folder = os.path.dirname(os.path.abspath(journal))
    for name in (earlier.name, os.path.join(folder, os.path.basename(earlier.name))):
        try:
            theirs = read_header(name)
        except JournalError:
            continue
        if theirs.run == earlier.digest:
            return name, theirs
    raise JournalError(
        f"{earlier.name}, which this run is compared with, no longer exists or has changed: put "
        "it back as it was, or import the file into a new journal without --changed-against "
        "(changed_against)"
    )


def read_contents(path: str | os.PathLike[str], length: int | None = None) -> Iterator[Contents]:
    """
    What the rows of a journal held, read as it is asked for.

    Args:
        path: where it is.
        length: bytes of it that count; None for all.

    Raises:
        JournalError: it cannot be read.
    """
    with opened(path) as log:
        yield from folded(log, length).contents()


def read_items(
    path: str | os.PathLike[str], keys: Container[str]
) -> Iterator[tuple[RowOutcome, bytes]]:
    """
    The rows of some customers that a run has sent, each with its bytes, in the order of sending.

    Args:
        path: where the journal is.
        keys: the customers.

    Raises:
        JournalError: it cannot be read.
    """
    with opened(path) as log:
        yield from folded(log).items(keys)
