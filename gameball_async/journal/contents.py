"""What the rows of a run held, read from its journal: for a run that is compared with it, and to settle its doubt."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from pathlib import Path

from ..api.kinds import Kind
from ..api.requests import Account
from ..errors import JournalError
from ..rows.outcome import RowOutcome
from .file import LogFile
from .folding import Contents
from .header import Earlier, Header
from .journal import folded, read_header, sound


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
    log = LogFile.open(Path(path), write=False)
    try:
        if log.held():
            raise JournalError(
                f"the run of {path} is still running in another process: wait until it ends, then "
                "compare with it"
            )
        length = log.mark.length
    finally:
        log.close()
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
    log = LogFile.open(Path(path), write=False)
    try:
        with sound(log):
            found = folded(log, length).contents()
        while True:
            with sound(log):
                some = next(found, None)
            if some is None:
                return
            yield some
    finally:
        log.close()


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
    log = LogFile.open(Path(path), write=False)
    try:
        with sound(log):
            yield from folded(log).items(keys)
    finally:
        log.close()
