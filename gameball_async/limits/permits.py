"""
Keeps a bucket's budget supplied with permits, where several processes share the quota.

`shared` decides what to say to the store and when; this says it, in a background task that
exists only while something is wanted or has to be told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import anyio

from ..errors import GameballError, SharedQuotaError
from ..tasks import Spawn, loop_time
from .dispatcher import Dispatcher
from .exchange import Ask, Given, QuotaStore
from .shared import LASTS, SharedBudget

log: logging.Logger = logging.getLogger("gameball_async.quota")


class Permits:
    """
    The supply of one bucket.

    Args:
        bucket: its name.
        budget: the dispatcher's, which is supplied.
        dispatcher: wants permits, and is told of new ones.
        store: gives them.
        spawn: starts the task in the background.
        fail: told of the error that everybody who waits is to raise, where the store is away and
            nothing may be sent without it.
    """

    def __init__(
        self,
        bucket: str,
        budget: SharedBudget,
        dispatcher: Dispatcher,
        store: QuotaStore,
        spawn: Spawn,
        fail: Callable[[Callable[[], GameballError]], None],
    ) -> None:
        self._bucket = bucket
        self._budget = budget
        self._dispatcher = dispatcher
        self._store = store
        self._spawn = spawn
        self._fail = fail
        self._wake: asyncio.Event | None = None
        self._warned = False
        self._shared = False  # an exchange has succeeded
        dispatcher.supply = self.look

    def look(self) -> None:
        """Something has changed: look again what to say, and start where needed."""
        if self._wake is not None:
            self._wake.set()
        elif self._due(loop_time()) < float("inf"):
            self._wake = asyncio.Event()
            self._spawn(self._run)

    def _due(self, now: float) -> float:
        return self._budget.due(self._wanted(now), now)

    def _wanted(self, now: float) -> int:
        return self._dispatcher.turns.wanted(now)

    async def _run(self) -> None:
        try:
            while True:
                self._wake = asyncio.Event()
                now = loop_time()
                due = self._due(now)
                if due == float("inf"):
                    return
                if due > now:
                    with anyio.move_on_after(due - now):
                        await self._wake.wait()
                else:
                    await self._exchange()
        finally:
            self._wake = None

    async def _exchange(self) -> None:
        asked = loop_time()
        ask = self._budget.ask(self._wanted(asked), asked)
        found = await self._say(ask)
        now = loop_time()
        if isinstance(found, Given) and found.granted and now - asked >= LASTS:
            found = SharedQuotaError(f"the shared store took {now - asked:.2g} s to answer")
        if isinstance(found, Given):
            self._shared = True
            self._budget.given(found, asked, now)
            self._back()
        else:
            self._budget.failed(asked, now)
            self._away(found, now)
        self._dispatcher.wake()

    async def _say(self, ask: Ask) -> Given | SharedQuotaError:
        try:
            return await self._store.exchange(self._bucket, ask)
        except SharedQuotaError as error:
            return error.with_traceback(None)

    def _back(self) -> None:
        if self._warned:
            self._warned = False
            log.warning("the quota of %s is shared again", self._bucket)

    def _away(self, error: SharedQuotaError, now: float) -> None:
        if not error.heals and not self._shared:
            # Nothing was ever shared, and waiting does not mend it: to go on alone would be silent.
            message = (
                f"the quota cannot be shared: {error}. Nothing was sent. Correct the URL of Redis "
                "(--shared-quota), its user's rights or its certificate"
            )
            self._fail(lambda: SharedQuotaError(message, heals=False))
            return
        if not self._budget.lost:
            return
        if not self._warned:
            self._warned = True
            log.warning(
                "the quota of %s cannot be shared: %s; %s", self._bucket, error, self._now_done(now)
            )
        if not self._budget.away and self._wanted(now):
            message = (
                f"the quota cannot be shared: {error}. Nothing was sent. Try again once it is back"
            )
            self._fail(lambda: SharedQuotaError(message))

    def _now_done(self, now: float) -> str:
        budget = self._budget
        if not budget.away:
            return "calls raise SharedQuotaError until it is back"
        wait = budget.free_alone(now) - now
        begins = f"from {wait:.0f} s on, " if wait >= 1 else ""
        return f"{begins}this process uses {budget.part:.3g} of the quota alone until it is back"
