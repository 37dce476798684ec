"""The engine of one open client: its dispatchers, its watch, and the runs that use them."""

from __future__ import annotations

import os
import secrets
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import Attribute, define, field, frozen

from .api.jobs import Job, JobStatus
from .api.kinds import Chunking, Kind, Replay
from .api.requests import MAX_ITEMS, Account, Call, Dialect, Dialects
from .api.responses import read_status, read_stop
from .api.wire import Transport, WireResponse
from .errors import ConfigurationError, GameballError
from .jobs.schedule import Polls
from .jobs.submit import Submitter
from .jobs.watch import Watch
from .limits.calls import Answered, Calls, GaveUp, is_missing, value_of
from .limits.contact import Contact
from .limits.dispatcher import Dispatcher
from .limits.queue import Rank, Turns
from .limits.retry import Patience
from .limits.trips import Trips
from .limits.windows import Budget, Quota
from .observe.events import UnknownFieldMet
from .observe.stream import NO_OBSERVERS, EventStream
from .tasks import Spawn

if TYPE_CHECKING:
    from .bulk.bulk import Bulk, OnCancel
    from .bulk.chunks import Chunker, LookAhead
    from .bulk.events import BulkEvent
    from .bulk.persons import MergeBy
    from .bulk.submissions import Submissions
    from .compare import OpenComparison
    from .journal.state import Journal, Resumable
    from .limits.exchange import QuotaStore, SharedQuota
    from .rows.feed import Feed
    from .rows.given import Rows
    from .rows.unknown import Unknown, UnknownFields

    OpenJournal = Callable[[], Awaitable[tuple[Journal, Resumable | None]]]
    """Opens a run's journal; gives what it says where it is an old one."""

T = TypeVar("T")

# What only runs of many rows need is a third of all there is to import, and most of a web app's
# processes start none: `Engine.bulk` and `Engine.submissions` import it.


OPEN_JOBS = 512
"""Jobs that one bulk run keeps open at once, at most."""


def _count(_: object, attribute: Attribute[Any], number: int | None) -> None:
    if number is not None and number < 1:
        raise ConfigurationError(f"{attribute.name} is {number}: it must be at least 1")


def _time(_: object, attribute: Attribute[Any], seconds: float | None) -> None:
    if seconds is not None and not seconds > 0:
        raise ConfigurationError(
            f"{attribute.name} is {seconds}: pass seconds above 0, or None for no limit"
        )


@frozen
class RunOptions:
    """
    How a bulk run goes, as in `GameballClient.bulk`, in the order there; *max_items* makes smaller chunks.

    Raises:
        ConfigurationError: a number is less than 1, or a limit is no time.
    """

    chunking: Chunking
    concurrency: int | None = field(default=None, validator=_count)
    look_ahead: LookAhead | None = None
    open_jobs: int = field(default=OPEN_JOBS, validator=_count)
    ids_from_numbers: bool = False
    unknown: Unknown = "warn"
    merge_by: MergeBy | None = None
    on_cancel: OnCancel = "detach"
    deadline: float | None = field(default=None, validator=_time)
    stalled_for: float | None = field(default=None, validator=_time)
    max_items: int = field(default=MAX_ITEMS, validator=_count, kw_only=True)


@define(eq=False, repr=False, slots=False)
class Engine:
    """
    Everything between the verbs and the edges.

    Args:
        account: makes the requests.
        transport: sends them.
        spawn: starts background tasks.
        quota: of each bucket.
        patience: where retries end.
        chance: draws numbers in [0, 1).
        shared: what the quota is shared with other processes through; None where it is not.
        stream: where events go.
    """

    _account: Account
    _transport: Transport
    _spawn: Spawn
    _quota: Quota
    _patience: Patience
    _chance: Callable[[], float]
    _shared: SharedQuota | None = None
    stream: EventStream = NO_OBSERVERS

    def __attrs_post_init__(self) -> None:
        account, chance, patience = self._account, self._chance, self._patience
        self._contact = Contact(account.host, patience)
        self._trips = Trips()
        self.store: QuotaStore | None = (
            None if self._shared is None else self._shared.connect(account.fingerprint)
        )
        self._name = secrets.token_hex(8)  # of this client at the store, and of no other ever
        # Single customers have a quota of their own, as high as the one of the batch calls.
        self.dispatcher: Dispatcher = self._dispatcher("batch")
        customers = self._dispatcher("customers")
        self._dispatchers = (self.dispatcher, customers)
        self.calls: Calls = Calls(self.dispatcher, chance, patience)
        self.upserts: Calls = Calls(customers, chance, patience)
        self.submitter: Submitter = Submitter(self.calls, account)
        self.dialects: Dialects = Dialects(account.dialect)
        self.watch: Watch = Watch(self.dispatcher, account, chance, self.dialects, patience)

    def _dispatcher(self, bucket: str) -> Dispatcher:
        shared, quota, trips = self._shared, self._quota, self._trips
        if shared is None or self.store is None:
            return self._dispatching(Budget(quota, trips=trips))
        from .limits.permits import Permits
        from .limits.shared import SharedBudget

        share = shared.share if shared.lost == "share" else None
        budget = SharedBudget(quota, self._name, share=share, patience=shared.patience, trips=trips)
        dispatcher = self._dispatching(budget)
        fail = partial(self._fail, dispatcher)
        Permits(bucket, budget, dispatcher, self.store, self._spawn, fail)
        return dispatcher

    def _dispatching(self, budget: Budget) -> Dispatcher:
        turns, most = Turns(budget, Polls()), self._patience.limited
        edges = self._transport, self._spawn, self._chance, self.stream
        return Dispatcher(turns, *edges, most, contact=self._contact)

    def _fail(self, dispatcher: Dispatcher, error: Callable[[], GameballError]) -> None:
        """Nothing can be sent in a bucket: raise *error* wherever that is waited for."""
        dispatcher.refuse(error)
        if dispatcher is self.dispatcher:
            self.watch.fail(error())

    def connected(self, seconds: float) -> None:
        """A TCP handshake took so long."""
        self._trips.connected(seconds)
        for dispatcher in self._dispatchers:
            dispatcher.connected()

    def bulk(
        self,
        kind: Kind,
        rows: Rows,
        options: RunOptions,
        journal: str | os.PathLike[str] | None = None,
        open_journal: OpenJournal | None = None,
        compare: OpenComparison | None = None,
    ) -> Bulk:
        """A bulk run; see `GameballClient.bulk`. *open_journal* opens *journal*."""
        from .bulk.bulk import Bulk
        from .bulk.event_queue import EventQueue
        from .bulk.opening import Opening
        from .bulk.state import RunState
        from .bulk.time_limits import TimeLimits
        from .bulk.usage import Usage
        from .journal.state import no_journal
        from .rows.report import Tally

        strange = self.unknown_fields(kind, options.unknown)
        tally = Tally(kind.name, self.stream)
        events: EventQueue[BulkEvent] = EventQueue()
        opening = Opening(
            RunState(kind, _chunker(kind, options), tally, window=options.open_jobs),
            _feed(kind, rows, strange, ids_from_numbers=options.ids_from_numbers),
            self.submitter,
            self.watch,
            self.dialects,
            self.dispatcher.turns.budget,
            events,
            open_journal or no_journal,
            compare,
            options.concurrency,
            TimeLimits(options.deadline, options.stalled_for),
        )
        usage, cancelled = Usage(self.dispatcher, self.watch), options.on_cancel
        run = Bulk(opening, events, usage, self._spawn, self.stop, cancelled, self.stream, strange)
        run.journal = None if journal is None else os.fspath(journal)
        return run

    def unknown_fields(self, kind: Kind, policy: Unknown) -> UnknownFields:
        """What counts the fields of one run or call that Gameball does not know, and tells of each once."""
        from .rows.unknown import UnknownFields

        def first(name: str, meant: str | None) -> None:
            if self.stream.wants(UnknownFieldMet):
                self.stream.emit(UnknownFieldMet(kind.name, name, meant))

        return UnknownFields(kind, policy, first)

    def submissions(
        self,
        kind: Kind,
        rows: Rows,
        options: RunOptions,
        linger: float | None = None,
    ) -> Submissions:
        """Submissions without their jobs; see `GameballClient.submit_all`."""
        from .bulk.submissions import Submissions

        return Submissions(
            kind,
            _feed(kind, rows, self.unknown_fields(kind, options.unknown)),
            _chunker(kind, options),
            self.submitter,
            self._spawn,
            concurrency=options.concurrency,
            linger=linger,
        )

    async def status(self, job_id: int) -> JobStatus:
        """Ask once how a job stands; see `GameballClient.status`."""
        return await self._ask_about(
            job_id, self._account.status, lambda answer: read_status(answer.body, job_id), Rank.CALL
        )

    async def stop(self, job: Job) -> None:
        """Stop a job; see `GameballClient.stop`."""
        await self._ask_about(
            job.id, self._account.stop, lambda answer: read_stop(answer.body), Rank.STOP
        )

    async def _ask_about(
        self,
        job_id: int,
        request: Callable[[int, Dialect], Call],
        read: Callable[[WireResponse], T],
        rank: Rank,
    ) -> T:
        """Make a request about a job on the path that answers; on both while that is not known."""
        result: Answered[T] | GaveUp | None = None
        for dialect in self.dialects.order():
            result = await self.calls.call(
                request(job_id, dialect), None, read, replay=Replay.REPLAYABLE, rank=rank
            )
            if isinstance(result, Answered):
                if rank is Rank.CALL:
                    self.dialects.answered(dialect)
                return result.value
            if not is_missing(result.error):
                break
        assert result is not None  # noqa: S101 - there is a path at least
        return value_of(result, job_id)

    def close(self, error: BaseException | None = None) -> None:
        """Let nobody wait any longer: the client is closed, or has met a fault of its own."""
        for dispatcher in self._dispatchers:
            dispatcher.close(error)
        self.watch.close(error)


def _feed(
    kind: Kind, rows: Rows, unknown: UnknownFields, *, ids_from_numbers: bool = False
) -> Feed:
    from .rows.check import preparer
    from .rows.feed import Feed
    from .rows.given import rows_of

    prepare = preparer(kind, ids_from_numbers=ids_from_numbers, unknown=unknown)
    return Feed(rows_of(rows, kind, ids_from_numbers=ids_from_numbers), prepare)


def _chunker(kind: Kind, options: RunOptions) -> Chunker:
    from .bulk.chunks import Chunker
    from .bulk.merging import MergingChunker

    merge_by = options.merge_by
    new = Chunker if merge_by is None else partial(MergingChunker, merge_by=merge_by)
    return new(
        options.chunking,
        with_item_ids=kind.item_key is not None,
        look_ahead=options.look_ahead,
        max_rows=min(MAX_ITEMS, options.max_items),
    )
