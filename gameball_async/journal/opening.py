"""Opens the journal of a run at hand: a new one, or an old one that must belong to it."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Literal

import anyio.to_thread
from attrs import evolve

from ..api.kinds import Chunking, Kind
from ..api.requests import Account
from ..errors import JournalError
from ..observe.stream import EventStream
from ..tasks import see_through
from .header import Earlier, Header, Source, format_of
from .journal import JournalFile
from .state import Resumable

Opened = tuple[JournalFile, Resumable | None]


def begin_journal(
    path: str | os.PathLike[str],
    account: Account,
    kind: Kind,
    chunking: Chunking,
    source: Source | None,
    stream: EventStream,
    earlier: Earlier | None = None,
    merge_by: Literal["email", "mobile"] | None = None,
) -> Callable[[], Awaitable[Opened]]:
    """What makes the journal of a new run."""
    header = Header(
        kind.name, account.fingerprint, account.origin, account.version, chunking.value,
        source or Source(), format_of(earlier, merge_by), earlier=earlier, merge_by=merge_by,
    )  # fmt: skip
    return partial(open_in_thread, lambda: (JournalFile.create(path, header), None), stream)


def reopen_journal(
    path: str | os.PathLike[str],
    account: Account,
    source: Source | None,
    stream: EventStream,
    *,
    with_rows: bool,
    only_copy: bool = False,
    account_changed: bool = False,
) -> Callable[[], Awaitable[Opened]]:
    """What opens the journal of a run that is taken up again."""

    def reopen() -> Opened:
        journal, recorded = JournalFile.open(path, only_copy=only_copy)
        try:
            known = recorded.header
            known.check(
                evolve(
                    known,
                    account=known.account if account_changed else account.fingerprint,
                    origin=account.origin,
                    version=account.version,
                    source=source or Source(),
                )
            )
            if not with_rows and not recorded.input_ended:
                raise JournalError(
                    f"the run of {journal.path} has not read its input to the end: pass rows, the "
                    "same ones in the same order; those in the journal are skipped"
                )
        except BaseException:
            journal.close()
            raise
        return journal, recorded

    return partial(open_in_thread, reopen, stream)


async def open_in_thread(opening: Callable[[], Opened], stream: EventStream) -> Opened:
    """Open in a worker thread; the journal tells *stream* when it fails. If the waiting task is cancelled, the journal is let go again."""
    opened: list[Opened] = []

    async def work() -> None:
        opened.append(await anyio.to_thread.run_sync(opening))

    try:
        await see_through(work())
    except BaseException:
        for journal, _ in opened:
            journal.close()
        raise
    journal, recorded = opened[0]
    journal.stream = stream
    return journal, recorded
