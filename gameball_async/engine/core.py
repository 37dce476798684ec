"""The engine of one open client: its dispatchers, its watch, and the runs that use them."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from ..model.kinds import Chunking, Kind
from ..pipeline.chunks import MAX_ROWS, Chunker, LookAhead
from ..pipeline.events import BulkEvent
from ..pipeline.rows import preparer
from ..ports import Spawn, Transport
from ..protocol.requests import Account
from ..schedule.budget import Budget, Quota
from ..schedule.polls import Polls
from ..schedule.retry import Patience
from ..schedule.turns import Turns
from .bulk import Bulk
from .calls import Calls
from .dispatch import Dispatcher
from .feed import Feed, Rows
from .meter import Meter
from .orders import OrdersInquiry
from .run import Run
from .submissions import Submissions
from .submit import Submitter
from .watch import Changes, Watch

__all__ = ["Engine"]


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
    """

    def __init__(
        self,
        account: Account,
        transport: Transport,
        spawn: Spawn,
        *,
        quota: Quota,
        patience: Patience,
        chance: Callable[[], float],
    ) -> None:
        # Single customers have a quota of their own, as high as the one of the batch calls.
        self._dispatchers = [
            Dispatcher(Turns(Budget(quota), Polls()), transport, spawn, chance) for _ in range(2)
        ]
        self.dispatcher, customers = self._dispatchers
        self.calls = Calls(self.dispatcher, chance, patience)
        self.upserts = Calls(customers, chance, patience)
        self.submitter = Submitter(self.calls, account)
        self.watch = Watch(self.dispatcher, account, chance)
        self._spawn = spawn

    def changes(self) -> Changes:
        """A watcher that watches no job yet."""
        return Changes(self.watch)

    def bulk(
        self,
        kind: Kind,
        rows: Rows,
        *,
        concurrency: int,
        chunking: Chunking,
        look_ahead: LookAhead | None = None,
        open_jobs: int = 512,
        ids_from_numbers: bool = False,
        max_rows: int = MAX_ROWS,
    ) -> Bulk:
        """A bulk run; see `GameballClient.bulk`. *max_rows* makes smaller chunks."""
        out, events = anyio.create_memory_object_stream[BulkEvent](0)
        run = Run(
            kind,
            Feed(rows, preparer(kind, ids_from_numbers=ids_from_numbers)),
            Chunker(
                chunking,
                with_item_ids=kind.item_key is not None,
                look_ahead=look_ahead,
                max_rows=max_rows,
            ),
            self.submitter,
            self.changes,
            OrdersInquiry(self.submitter, self.changes),
            out,
            concurrency=concurrency,
            window=open_jobs,
        )
        meter = Meter(self.dispatcher, self.watch)
        return Bulk(run, events, meter, self._spawn, anyio.current_time)

    def submissions(self, kind: Kind, rows: Rows, *, concurrency: int) -> Submissions:
        """Submissions without their jobs; see `GameballClient.submit_all`."""
        return Submissions(
            kind,
            Feed(rows, preparer(kind)),
            Chunker(Chunking.PLAIN, with_item_ids=kind.item_key is not None),
            self.submitter,
            self._spawn,
            concurrency=concurrency,
        )

    def close(self, error: BaseException | None = None) -> None:
        """Let nobody wait any longer: the client is closed, or has met a fault of its own."""
        for dispatcher in self._dispatchers:
            dispatcher.close(error)
        self.watch.close(error)
