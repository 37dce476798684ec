"""Rows of a journal that are sent again: read from what it has stored, into a run of their own."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from attrs import evolve

from ..api.kinds import Kind, kind_of
from ..api.requests import Account
from ..errors import JournalError
from ..rows.row import Prepared
from .account import odd_to_retry
from .journal import JournalFile, read_journal
from .state import Header, Odd, Resumable, Source

__all__ = ["asked_before", "begin_retry", "next_retry", "retry_source", "rows_again"]


def next_retry(journal: str | os.PathLike[str]) -> tuple[str, str | None]:
    """The journal that the next retry writes, and the one of the retry before it, if any."""
    base, number = os.fspath(journal), 1
    last = None
    while os.path.lexists(name := f"{base}.retry-{number}"):
        last, number = name, number + 1
    return name, last


def asked_before(retry: str) -> tuple[str, ...]:
    """
    Which rows a retry and those before it have sent again.

    Raises:
        JournalError: *retry* is no journal of a retry.
    """
    asked = _settings(read_journal(retry).header.source).get("retry")
    if not isinstance(asked, list):
        raise JournalError(f"{retry} is not the journal of a retry: move it out of the way")
    return tuple(map(str, asked))


def begin_retry(
    path: str | os.PathLike[str],
    account: Account,
    asked: Sequence[str],
    *,
    only_copy: bool = False,
    account_changed: bool = False,
) -> tuple[Header, list[Prepared]]:
    """
    What the journal of a retry says, and the rows of it.

    Raises:
        JournalError: the run is not over, belongs to another account or address, or its journal is
            a copy of a run that cannot be repeated.
    """
    file, journal = JournalFile.open(path, only_copy=only_copy)
    file.close()
    known = journal.header
    source, rows = retry_source(path, journal, asked)
    known.check(
        Header(
            known.kind,
            known.account if account_changed else account.fingerprint,
            account.origin,
            account.version,
            known.chunking,
        )
    )
    return evolve(known, source=source), rows


def retry_source(
    path: str | os.PathLike[str], journal: Resumable, asked: Sequence[str]
) -> tuple[Source, list[Prepared]]:
    """
    The rows to send again, and what a journal of theirs says that they come from.

    Args:
        path: where the journal is.
        journal: what it says.
        asked: see `account.odd_to_retry`.

    Raises:
        JournalError: the run is not over.
    """
    found = odd_to_retry(journal, asked)
    kind = kind_of(journal.header.kind)
    settings = orjson.dumps({"retry": list(asked)}).decode()
    source = Source(os.path.abspath(path), _digest(found), settings)
    return source, [_prepared(odd, kind) for odd in found]


def rows_again(source: Source) -> list[Prepared] | None:
    """
    The rows of a retry that is resumed; None where *source* is not another journal.

    Raises:
        JournalError: that journal is gone, or says something else now.
    """
    asked = _settings(source).get("retry")
    if not asked:
        return None
    again, rows = retry_source(source.name, read_journal(source.name), asked)
    if again.digest != source.digest:
        raise JournalError(
            f"{source.name}, whose rows are sent again, has changed since: put it back as it was"
        )
    return rows


def _settings(source: Source) -> dict[str, Any]:
    settings = orjson.loads(source.settings)
    return settings if isinstance(settings, dict) else {}


def _digest(rows: Iterable[Odd]) -> str:
    digest = hashlib.sha256()
    for odd in rows:
        digest.update(b"%d:%d:" % (odd.row.position, len(odd.payload or b"")))
        digest.update(odd.payload or b"")
    return digest.hexdigest()


def _prepared(odd: Odd, kind: Kind) -> Prepared:
    payload = odd.payload or b""
    item_id = orjson.loads(payload)[kind.item_key] if kind.item_key is not None else None
    return Prepared(odd.row.position, odd.row.key or "", item_id, payload)
