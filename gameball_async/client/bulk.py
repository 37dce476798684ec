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
    from ..compare import EarlierRows
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

        Chunks keep the order of the rows, and rows are read only as chunks are sent. Gameball decides in
        which order the jobs run: use `bulk` if several rows belong to the same customer.

        Args:
            kind: one of the eight kinds, or its name.
            rows: any sync or async iterable of items as in `submit`, or a table with an
                Arrow stream (pandas, polars, DuckDB, pyarrow); read lazily.
            concurrency: chunks in flight at once, at most; None for as many as the quota needs and the
                connection carries: 8, or up to 30 if they are small or the server is far away.
            unknown: as in `bulk`.
            linger: with slow input, seconds that rows wait at most for others to fill their chunk; None
                waits for 1,000 rows or the end of the input.
            max_items: items in a chunk, 1 to 1,000.

        Returns:
            A stream of `Submission`; open it with ``async with``.
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
        Send any number of rows as chunks, watch their jobs, and report the outcome of every row.

        Args:
            kind: one of the eight kinds, or its name.
            rows: any sync or async iterable of items as in `submit`, or a table with an
                Arrow stream (pandas, polars, DuckDB, pyarrow); read lazily.
            concurrency: chunks being submitted at once, at most; None for as many as the quota needs and
                the connection carries: 8, or up to 30 if they are small or the server is far away.
            chunking: how rows of one customer are spread over chunks; by default what suits the kind.
            look_ahead: how far rows are read ahead of what is sent, at most.
            open_jobs: jobs that are open at once, at most.
            ids_from_numbers: accept whole numbers as ids; their digits are sent.
            unknown: what to do with fields that Gameball does not know and would ignore: ``warn`` sends
                them and reports each once (a log line, the hook `on_warning`, the report), ``error``
                rejects their rows, ``custom`` sends them as custom fields, ``send`` sends them without a
                warning.
            journal: a file that records the run, so that `resume` can continue it after a crash; it must
                not exist yet. None keeps no record.
            source: identifies what the rows come from; the journal checks it when the run is resumed.
            changed_against: the journal of an earlier run, or `EarlierRows`, which count as applied. A
                row is *unchanged* and not sent if it equals what they applied last for its customer (or
                order, or transaction). Not for balance adjustments, events and inquiries.
            merge_by: ``email`` or ``mobile``, if the account merges customers by it: rows of two ids
                with the same value belong to one person and are never in two open jobs.
            on_cancel: what to do with open jobs when the run is left early: ``detach`` lets them
                continue at Gameball, ``stop`` stops them.
            deadline: seconds after which the run ends with `RunDeadlineError`; it can be resumed.
            stalled_for: the same, after so many seconds without progress: no row is read, no chunk is
                accepted, and no job changes its state or counts.

        Returns:
            A run; open it with ``async with`` and read its events with ``async for``.
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
            from ..compare import Making, comparison_of

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
        Continue a run from its journal: after a crash, a kill, an interrupt or an error.

        Open jobs are watched to their end. Chunks that may have been applied are sent again with the
        same bytes if their kind allows it; otherwise their rows are reported as indeterminate. Then the
        rest of the input is sent. Resuming a finished run sends nothing.

        Args:
            journal: the file that the run wrote.
            rows: the same rows in the same order as the first time; recorded rows are skipped. None if
                the input was already read to its end, and for a `retry`, whose rows are in the earlier
                journal.
            concurrency: chunks being submitted at once, at most; None for as many as the quota needs and
                the connection carries: 8, or up to 30 if they are small or the server is far away.
            look_ahead: how far rows are read ahead of what is sent, at most.
            open_jobs: jobs that are open at once, at most.
            ids_from_numbers: accept whole numbers as ids; their digits are sent.
            unknown: as in `bulk`.
            source: identifies what the rows come from; a different one is refused.
            changed_against: the `EarlierRows` that the run is compared with; a journal that it is compared
                with is found automatically.
            on_cancel: what to do with open jobs when the run is left early, as in `bulk`.
            deadline: as in `bulk`.
            stalled_for: as in `bulk`.
            only_copy: you made sure that no other copy of the journal was or will be resumed, and that
                nothing was sent since this one was written. Without it, a copied journal of a kind that
                must not be repeated is refused.
            account_changed: the API key is a new one of the same account.

        Returns:
            A run; open it with ``async with``. Its report counts the rows of all attempts.

        Raises:
            JournalError: the journal cannot be read, is in use by another process, or belongs to
                another account, address or input. Raised here or when the run is opened.
        """
        from ..compare import Making, comparison_again
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
        Send rows of a finished run again with the same bytes, as a separate run.

        Rows that an earlier retry of this journal has sent are skipped: send those again from that
        retry's journal.

        Args:
            journal: the file that the run wrote.
            only: ``transient``: rows refused with a code that may pass later. ``failed``: all rows that
                Gameball refused. ``indeterminate``: rows that may have been applied; first make sure
                that they were not, or they are applied twice.
            into: the journal of the new run; it must not exist yet.
            positions: positions of the rows to send, of those; None for all of them.
            concurrency: chunks being submitted at once, at most; None for as many as the quota needs and
                the connection carries: 8, or up to 30 if they are small or the server is far away.
            open_jobs: jobs that are open at once, at most.
            on_cancel: what to do with open jobs when the run is left early, as in `bulk`.
            deadline: as in `bulk`.
            stalled_for: as in `bulk`.
            only_copy: as in `resume`.
            account_changed: as in `resume`.

        Returns:
            A run; open it with ``async with``. Rows keep their positions.

        Raises:
            JournalError: the journal cannot be read, its run is not over, it belongs to another account
                or address, or it has no such row at one of the *positions*. Raised here or when the run
                is opened.
        """
        from ..journal.retry import begin_retry, plan_retry

        header, rows = plan_retry(
            journal, self._account, only, positions, account_changed=account_changed
        )
        options = RunOptions(
            Chunking(header.chunking), concurrency, open_jobs=open_jobs, merge_by=header.merge_by,
            on_cancel=on_cancel, deadline=deadline, stalled_for=stalled_for,
        )  # fmt: skip
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
