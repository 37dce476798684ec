"""Rows of a journal that are sent again: read from what it has stored, into a run of their own."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Awaitable, Callable, Collection, Container, Iterable
from functools import partial

import orjson
from attrs import evolve, frozen

from ..api.kinds import kind_of
from ..api.requests import Account
from ..errors import JournalError
from ..observe.stream import EventStream
from ..rows.row import Prepared
from . import records as frames
from .account import Recorded, odd_to_retry, recorded_of
from .file import Lasts
from .header import Header, Source, format_of
from .journal import JournalFile, read_journal
from .opening import Opened, open_in_thread
from .settle import standing
from .state import Odd, Resumable, Retried


def next_retry(path: str | os.PathLike[str], journal: Resumable) -> str:
    """The journal that the next retry writes."""
    number = len(journal.retried) + 1
    while os.path.lexists(name := f"{os.fspath(path)}.retry-{number}"):
        number += 1
    return name


def plan_retry(
    path: str | os.PathLike[str],
    account: Account,
    only: str,
    positions: Collection[int] | None = None,
    *,
    account_changed: bool = False,
) -> tuple[Header, list[Prepared]]:
    """
    What the journal of a retry will say, and the rows of it.

    Raises:
        JournalError: the run is not over, belongs to another account or address, or has no such
            rows.
    """
    journal = read_journal(path, idle=True)
    known = journal.header
    mine = evolve(
        known, account=account.fingerprint, origin=account.origin, version=account.version
    )
    known.check(evolve(mine, account=known.account) if account_changed else mine)
    found = odd_to_retry(journal, only)
    if positions is not None:
        if others := set(positions) - {odd.row.position for odd in found}:
            first = min(others)
            raise JournalError(
                f"row {first} {standing(journal, first)}: only {only} rows can be sent again. Remove "
                "it from --rows (positions)"
            )
        found = [odd for odd in found if odd.row.position in positions]
    settings = orjson.dumps({"retry": only}).decode()
    source = Source(os.path.abspath(path), _digest(found), settings)
    format = format_of(None, known.merge_by)
    return evolve(mine, source=source, earlier=None, format=format), _prepared(found, known)


def begin_retry(
    path: str | os.PathLike[str],
    into: str | os.PathLike[str],
    header: Header,
    positions: Collection[int],
    stream: EventStream,
    *,
    only_copy: bool = False,
) -> Callable[[], Awaitable[Opened]]:
    """
    What makes the journal of a retry, and notes in the first which rows it sends again.

    The first journal is written last and before anything is sent: whatever cuts this off, no two
    retries send one row.

    Args:
        path: where the first journal is.
        into: where the new one will be.
        header: see `plan_retry`.
        positions: of the rows.
        stream: is told when the new journal fails.
        only_copy: see `JournalFile.open`.
    """

    def begin() -> Opened:
        first, journal = JournalFile.open(path, only_copy=only_copy)
        try:
            if _digest(_at(journal, positions)) != header.source.digest or any(
                journal.sent_again(position) for position in positions
            ):
                raise JournalError(f"{first.path} was changed by another process: try again")
            made = JournalFile.create(into, header)
            try:
                run, name = made.header.run, os.path.abspath(into)
                first.put(lambda: frames.retried(run, name, positions), Lasts.A_CUT)
            except BaseException:
                made.close()
                raise
        finally:
            first.close()
        return made, None

    return partial(open_in_thread, begin, stream)


@frozen
class Later:
    """
    A retry of some rows of a journal.

    Attributes:
        journal: where its own journal is.
        rows: how many rows it sends again.
        recorded: what its journal says; None where that is not there.
    """

    journal: str
    rows: int
    recorded: Recorded | None


def later_of(journal: Resumable, path: str | os.PathLike[str]) -> list[Later]:
    """The retries of a journal, which lies at *path*: their journals may have moved with it."""
    return [
        Later(name, len(each.rows), recorded)
        for each in journal.retried
        for name, recorded in [_found(each, os.path.dirname(os.path.abspath(path)))]
    ]


def _found(retried: Retried, folder: str) -> tuple[str, Recorded | None]:
    for name in (retried.journal, os.path.join(folder, os.path.basename(retried.journal))):
        try:
            journal = read_journal(name)
            if journal.header.run == retried.run:
                return name, recorded_of(journal)
        except JournalError:
            continue
    return retried.journal, None


def rows_again(header: Header) -> list[Prepared] | None:
    """
    The rows of a retry that is resumed; None where its rows are not of another journal.

    Raises:
        JournalError: that journal is gone, or says something else now.
    """
    settings = orjson.loads(header.source.settings)
    if not (isinstance(settings, dict) and "retry" in settings):
        return None
    name = header.source.name
    journal = read_journal(name)
    mine = next((each for each in journal.retried if each.run == header.run), None)
    if mine is None:
        raise JournalError(
            f"{name}, whose rows are sent again, has no record of this retry. If `gameball-async "
            "report` on the journal of the retry shows no row, nothing was sent: start it again. "
            f"Otherwise put {name} back as it was"
        )
    found = _at(journal, mine.rows)
    if _digest(found) != header.source.digest:
        raise JournalError(
            f"{name}, whose rows are sent again, has changed since: put it back as it was"
        )
    return _prepared(found, header)


def _at(journal: Resumable, positions: Container[int]) -> list[Odd]:
    return [o for o in journal.odd if o.payload is not None and o.row.position in positions]


def _digest(rows: Iterable[Odd]) -> str:
    digest = hashlib.sha256()
    for odd in rows:
        digest.update(b"%d:%d:" % (odd.row.position, len(odd.payload or b"")))
        digest.update(odd.payload or b"")
    return digest.hexdigest()


def _prepared(rows: Iterable[Odd], header: Header) -> list[Prepared]:
    own, found = kind_of(header.kind).item_key, []
    for odd in rows:
        payload = odd.payload or b""
        item_id = None if own is None else orjson.loads(payload)[own]
        found.append(Prepared(odd.row.position, odd.row.key or "", item_id, payload))
    return found
