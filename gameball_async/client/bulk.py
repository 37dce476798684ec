"""The verbs for any number of rows: `submit_all`, `bulk`, `resume`."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import TYPE_CHECKING, Literal

from ..api.kinds import Chunking, ChunkingName, Kind, KindName, kind_of
from ..api.requests import MAX_ITEMS
from ..errors import ConfigurationError
from ..session import OPEN_JOBS, RunOptions
from .lifecycle import Lifecycle

if TYPE_CHECKING:
    from ..bulk.bulk import Bulk, OnCancel
    from ..bulk.chunks import LookAhead
    from ..bulk.persons import MergeBy
    from ..bulk.submissions import Submissions
    from ..compare.comparison import EarlierRows
    from ..journal.header import Source
    from ..rows.given import Rows
    from ..rows.unknown import Unknown

# What keeps a journal, SQLite with it, is imported where a journal is asked for: most programs
# that import the client keep none.

Retry = Literal["transient", "failed", "indeterminate"]


class BulkVerbs(Lifecycle):
    """Any number of rows at once."""

    def submit_all(
        self,
        kind: Kind | KindName,
        rows: Rows,
        *,
        concurrency: int | None = None,
        unknown: Unknown = "warn",
        linger: float | None = None,
        max_items: int = MAX_ITEMS,
    ) -> Submissions:
        """
        Submit any number of rows as chunks of 1,000, several at once, without waiting for the jobs.

        Chunks hold the rows in the order they came, and rows are read only as chunks leave. What the
        jobs do at the same time is up to Gameball: use `bulk` for rows of the same customers.

        Args:
            kind: one of the eight kinds, or its name.
            rows: any sync or async iterable of items as `submit` takes them, or a table with an
                Arrow stream (pandas, polars, DuckDB, pyarrow); read lazily.
            concurrency: chunks under way at once, at most; None for as many as the quota needs and the link
                carries: 8, or up to 30 small ones, or where the server is far away.
            unknown: as in `bulk`.
            linger: seconds that rows wait at most for others to fill their chunk, where the input is slow;
                None waits until 1,000 are there or the input ends.
            max_items: items in a chunk, 1 to 1,000.

        Returns:
            A stream of `Submission`, to be opened with ``async with``.
        """
        options = RunOptions(Chunking.PLAIN, concurrency, unknown=unknown, max_items=max_items)
        return self._running.submissions(kind_of(kind), rows, options, linger)

    def bulk(
        self,
        kind: Kind | KindName,
        rows: Rows,
        *,
        concurrency: int | None = None,
        chunking: Chunking | ChunkingName | None = None,
        look_ahead: LookAhead | None = None,
        open_jobs: int = OPEN_JOBS,
        ids_from_numbers: bool = False,
        unknown: Unknown = "warn",
        journal: str | os.PathLike[str] | None = None,
        source: Source | None = None,
        changed_against: str | os.PathLike[str] | EarlierRows | None = None,
        merge_by: MergeBy | None = None,
        on_cancel: OnCancel = "detach",
        deadline: float | None = None,
        stalled_for: float | None = None,
    ) -> Bulk:
        """
        Move any number of rows: chunks, jobs, outcomes, and a report that accounts for each row.

        Args:
            kind: one of the eight kinds, or its name.
            rows: any sync or async iterable of items as `submit` takes them, or a table with an
                Arrow stream (pandas, polars, DuckDB, pyarrow); read lazily.
            concurrency: chunks being submitted at once, at most; None for as many as the quota needs and the link
                carries: 8, or up to 30 small ones, or where the server is far away.
            chunking: how rows of one customer are spread; the kind's own way where not given.
            look_ahead: how far rows are read ahead of what is sent, at most.
            open_jobs: jobs that are open at once, at most.
            ids_from_numbers: take whole numbers as ids, as their digits.
            unknown: what becomes of fields that Gameball does not know, and would ignore: ``warn`` sends
                them and names each once (a log line, the hook `on_warning`, the report), ``error``
                rejects their rows, ``custom`` sends them among the account's own fields, ``send`` sends
                them without a word.
            journal: a file that will remember the run, so that `resume` can take it up after any
                crash; it must not exist yet. None remembers nothing.
            source: what the rows come from, for the journal to check when the run is resumed.
            changed_against: the journal of an earlier run, or `EarlierRows`, which count as applied: a
                row is not sent, and is *unchanged*, if what they have applied last for its customer (or
                its order, transaction) is the same. Not for balance adjustments, events and inquiries.
            merge_by: ``email`` or ``mobile``, where the account merges customers by it: rows of two ids
                with the same one are of one person, and never in two open jobs.
            on_cancel: what becomes of open jobs when the run is left early: ``detach`` lets them go
                on at Gameball, ``stop`` stops them.
            deadline: seconds after which the run ends with `RunDeadlineError`, and can be resumed.
            stalled_for: the same for seconds in which nothing moves: no row is read, no chunk is
                accepted, no job changes its state or its counts.

        Returns:
            A run, to be opened with ``async with``; its events are read with ``async for``.
        """
        which = kind_of(kind)
        way = _chunking(chunking, which)
        options = RunOptions(
            way, concurrency, look_ahead, open_jobs, ids_from_numbers, unknown, merge_by,
            on_cancel, deadline, stalled_for,
        )  # fmt: skip
        if merge_by is not None:
            from ..bulk.persons import refuse_merging

            refuse_merging(merge_by, which, way, compared=changed_against is not None)
        earlier = compare = None
        if changed_against is not None:
            from ..compare.comparison import Making, comparison_of

            making = Making(ids_from_numbers, unknown)
            earlier, compare = comparison_of(changed_against, which, self._account, making)
        engine = self._running
        if journal is None:
            return engine.bulk(which, rows, options, compare=compare)
        from ..journal.opening import begin_journal

        opening = begin_journal(
            journal, self._account, which, way, source, engine.stream, earlier, merge_by
        )
        return engine.bulk(which, rows, options, journal, opening, compare)

    def resume(
        self,
        journal: str | os.PathLike[str],
        rows: Rows | None = None,
        *,
        concurrency: int | None = None,
        look_ahead: LookAhead | None = None,
        open_jobs: int = OPEN_JOBS,
        ids_from_numbers: bool = False,
        unknown: Unknown = "warn",
        source: Source | None = None,
        changed_against: EarlierRows | None = None,
        on_cancel: OnCancel = "detach",
        deadline: float | None = None,
        stalled_for: float | None = None,
        only_copy: bool = False,
        account_changed: bool = False,
    ) -> Bulk:
        """
        Take up a run where its journal ends: after a crash, a kill, an interrupt or an error.

        Open jobs are watched to their end. Chunks whose fate is unknown are sent again, the same
        bytes, where their kind allows; else they are reported as indeterminate. Then the input
        goes on after what is recorded. Resuming a finished run sends nothing.

        Args:
            journal: the file that the run wrote.
            rows: the same rows in the same order as the first time; those that are recorded are
                skipped. None where the input was read to its end already, and for a `retry`, whose
                rows are in the journal before it.
            concurrency: chunks being submitted at once, at most; None for as many as the quota needs and the link
                carries: 8, or up to 30 small ones, or where the server is far away.
            look_ahead: how far rows are read ahead of what is sent, at most.
            open_jobs: jobs that are open at once, at most.
            ids_from_numbers: take whole numbers as ids, as their digits.
            unknown: as in `bulk`.
            source: what the rows come from; a changed one is refused.
            changed_against: the rows that the run began to be compared with; a journal that it is
                compared with is found by itself.
            on_cancel: what becomes of open jobs when the run is left early.
            deadline: as in `bulk`.
            stalled_for: as in `bulk`.
            only_copy: you made sure that no other copy of the journal was or will be gone on with, and
                that nothing was sent since this one was written. A copy of a run that cannot be
                repeated is refused without it.
            account_changed: the API key is a new one of the same account.

        Returns:
            A run, to be opened with ``async with``. Its report counts the rows of all attempts.

        Raises:
            JournalError: the journal cannot be read, is held by another process, or belongs to
                another account, address or input. Raised here or when the run is opened.
        """
        from ..compare.comparison import Making, comparison_again
        from ..journal.journal import read_header
        from ..journal.opening import reopen_journal
        from ..journal.retry import rows_again

        header = read_header(journal)
        options = RunOptions(
            Chunking(header.chunking), concurrency, look_ahead, open_jobs, ids_from_numbers, unknown,
            header.merge_by, on_cancel, deadline, stalled_for,
        )  # fmt: skip
        if rows is None:
            rows = rows_again(header)
        compare = None
        if rows is not None:  # else the input was read to its end
            making = Making(ids_from_numbers, unknown)
            compare = comparison_again(header, journal, changed_against, making)
        engine = self._running
        opening = reopen_journal(
            journal,
            self._account,
            source,
            engine.stream,
            with_rows=rows is not None,
            only_copy=only_copy,
            account_changed=account_changed,
        )
        given = () if rows is None else rows
        return engine.bulk(kind_of(header.kind), given, options, journal, opening, compare)

    def retry(
        self,
        journal: str | os.PathLike[str],
        only: Retry,
        *,
        into: str | os.PathLike[str],
        positions: Collection[int] | None = None,
        concurrency: int | None = None,
        open_jobs: int = OPEN_JOBS,
        on_cancel: OnCancel = "detach",
        deadline: float | None = None,
        stalled_for: float | None = None,
        only_copy: bool = False,
        account_changed: bool = False,
    ) -> Bulk:
        """
        Send rows of a finished run again, the same bytes, as a run of its own.

        Rows that an earlier retry of this journal has sent are left out: send those again from its
        own journal.

        Args:
            journal: the file that the run wrote.
            only: ``transient``: rows refused with a code that may pass later. ``failed``: all that
                Gameball refused. ``indeterminate``: rows that may have been applied; make sure
                that they were not, or they are applied twice.
            into: the journal of the new run; it must not exist yet.
            positions: of the rows to send, among those; None for all of them.
            concurrency: chunks being submitted at once, at most; None for as many as the quota needs and the link
                carries: 8, or up to 30 small ones, or where the server is far away.
            open_jobs: jobs that are open at once, at most.
            on_cancel: what becomes of open jobs when the run is left early.
            deadline: as in `bulk`.
            stalled_for: as in `bulk`.
            only_copy: as in `resume`.
            account_changed: as in `resume`.

        Returns:
            A run, to be opened with ``async with``; rows have the positions that they had.

        Raises:
            JournalError: the journal cannot be read, its run is not over, belongs to another
                account or address, or has no such row at one of the *positions*. Raised here or
                when the run is opened.
        """
        from ..journal.retry import begin_retry, plan_retry

        header, rows = plan_retry(
            journal, self._account, only, positions, account_changed=account_changed
        )
        options = RunOptions(
            chunking=Chunking(header.chunking),
            concurrency=concurrency,
            open_jobs=open_jobs,
            merge_by=header.merge_by,
            on_cancel=on_cancel,
            deadline=deadline,
            stalled_for=stalled_for,
        )
        engine, positions = self._running, [row.position for row in rows]
        opening = begin_retry(journal, into, header, positions, engine.stream, only_copy=only_copy)
        return engine.bulk(kind_of(header.kind), rows, options, into, opening)


def _chunking(chosen: Chunking | str | None, kind: Kind) -> Chunking:
    """How rows of one customer are spread; the kind's own way where nothing was chosen."""
    if chosen is None:
        return kind.chunking
    try:
        return Chunking(chosen)
    except ValueError:
        names = ", ".join(way.value for way in Chunking)
        raise ConfigurationError(f"chunking {chosen!r} is not one of: {names}") from None
