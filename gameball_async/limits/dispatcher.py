"""
The dispatcher of one bucket: everything that is sent there passes here, and gets its slot here.

`queue` decides; this runs what it decides. The loop is a background task that exists only
while somebody waits or a job is open, so an idle client has no task at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import anyio
from anyio.abc import TaskGroup
from attrs import define

from ..api.responses import read_error
from ..api.wire import Transport, WireRequest, WireResponse
from ..errors import (
    ClosedError,
    ErrorObject,
    GameballError,
    NotSentError,
    RateLimitError,
    TransportError,
    UnreachableError,
)
from ..observe.events import ConnectionRestored, ConnectionTrouble, QuotaPaused, RequestEnded
from ..observe.stream import NO_OBSERVERS, EventStream
from ..tasks import Running, Signal, Spawn, loop_time
from .contact import Contact
from .queue import Grant, Poll, Rank, Rest, Ticket, Turns

TICK = 0.001
"""Seconds that the loop rests at least: timers are no finer, and must not be spun on."""


@define(eq=False)
class _Waiter:
    ticket: Ticket
    granted: asyncio.Event
    error: GameballError | None = None


class Dispatcher:
    """
    Sends requests when the quota of a bucket allows.

    Args:
        turns: who goes next.
        transport: sends.
        spawn: starts the loop in the background.
        chance: draws numbers in [0, 1).
        stream: where events go.
        patience: seconds that calls wait out a pause, at most.
        contact: what the client knows of its way to Gameball.
        ask: asks about one job with a slot that is taken; set by the watch.
    """

    def __init__(
        self,
        turns: Turns,
        transport: Transport,
        spawn: Spawn,
        chance: Callable[[], float],
        stream: EventStream = NO_OBSERVERS,
        patience: float = float("inf"),
        *,
        contact: Contact,
    ) -> None:
        self.turns = turns
        self._transport = transport
        self._spawn = spawn
        self._chance = chance
        self._waiters: dict[Ticket, _Waiter] = {}
        self._wake: asyncio.Event | None = None
        self._loop: Running | None = None
        self._closed = False
        self._patience = patience
        self._limited = RateLimitError(ErrorObject(429))
        self._asking = 0
        self.contact = contact
        self.sent: int = 0
        self.further: Signal = Signal()  # woken as more bodies may be under way at once
        self.witnesses: list[Callable[[], None]] = []  # told of each request as it leaves
        self.stream = stream
        self.ask: Callable[[int, int], Awaitable[None]] | None = None
        self.give_up: Callable[[GameballError], None] = lambda error: None
        self.supply: Callable[[], None] | None = None  # of permits, where the quota is shared

    async def send(
        self,
        request: WireRequest,
        rank: Rank,
        retry_after: Callable[[WireResponse], float | None],
        began: Callable[[], Awaitable[None]] | None = None,
    ) -> WireResponse:
        """
        Wait for a slot and send *request* once.

        Args:
            request: what to send.
            rank: how urgent it is.
            retry_after: reads what a 429 asks for.
            began: awaited once the slot is granted, right before bytes may leave.

        Raises:
            ClosedError: the client was closed meanwhile.
            TransportError: see `api.wire.Transport`.
        """
        ticket = await self._slot(rank, len(request.body or b""))
        answered_at = None
        try:
            if self.stream.wants(RequestEnded):
                request.about.waited = loop_time() - ticket.since
            if began is not None:
                await self._announce(began, ticket)
            answer = await self.carry(request, self._slot_of(ticket), retry_after)
            answered_at = loop_time()
            return answer
        finally:
            self.turns.finished(ticket, answered_at)
            self.nudge()

    async def carry(
        self,
        request: WireRequest,
        slot: int,
        retry_after: Callable[[WireResponse], float | None],
    ) -> WireResponse:
        """Send *request* with a slot that is taken already, and settle the slot."""
        budget = self.turns.budget
        self.sent += 1
        for witness in self.witnesses:
            witness()
        began = loop_time()
        try:
            answer = await self._exchange(request)
        except NotSentError:
            self.sent -= 1
            budget.unsent(slot)
            raise
        except TransportError:
            # Lost or late: the server may have counted it all the same.
            budget.answered(slot, loop_time(), lost=True)
            raise
        budget.trips.answered(loop_time() - began)
        restored = self.contact.answered(answer, loop_time())
        if restored is not None and self.stream.wants(ConnectionRestored):
            self.stream.emit(restored)
        # One that is cancelled, or ends in an error that no transport may raise, may still be on its
        # way: its slot stays open until the budget itself takes it to have been counted.
        if answer.status == 429:
            now = loop_time()
            wait = retry_after(answer)
            budget.limited(slot, now, self._chance(), wait)
            self._limited = RateLimitError(read_error(429, answer.body, retry_after=wait))
            if self.pauses_too_long(now):
                self.refuse(self.limited_error)
                self.give_up(self.limited_error())
            if self.stream.wants(QuotaPaused):
                self.stream.emit(QuotaPaused(budget.next_free(now) - now, budget.share(now)))
        else:
            budget.answered(slot, loop_time())
        return answer

    def unreachable(self, error: UnreachableError, most: float, tried: float) -> float:
        """Tell that no connection came about; gives the seconds left of *most* for more tries."""
        left = max(0.0, most - tried) if error.heals else 0.0
        trouble = self.contact.failed(error, loop_time(), left)
        if trouble is not None and self.stream.wants(ConnectionTrouble):
            self.stream.emit(trouble)
        return left

    async def _exchange(self, request: WireRequest) -> WireResponse:
        """Send *request*, and emit what became of it."""
        if not self.stream.wants(RequestEnded):
            return await self._transport.send(request)
        began = loop_time()
        answer = failure = None
        try:
            answer = await self._transport.send(request)
        except BaseException as error:
            failure = error
            raise
        finally:
            seconds = loop_time() - began
            self.stream.emit(RequestEnded.of(request, answer, failure, seconds))
            del failure  # it would keep this frame, and the request with it
        return answer

    def pauses_too_long(self, now: float) -> bool:
        """Whether a 429 asks everybody to wait for longer than anybody is willing to."""
        return self.turns.budget.paused_until - now > self._patience

    def limited_error(self) -> RateLimitError:
        """The last 429, to be raised."""
        return RateLimitError(self._limited.error)

    def connected(self) -> None:
        """More is known of the distance to the server."""
        self.further.wake()
        self.wake()

    def wake(self) -> None:
        """Something has changed: look again whose turn it is, if the loop runs at all."""
        if self._wake is not None:
            self._wake.set()

    def nudge(self) -> None:
        """Somebody new waits: look again whose turn it is, and start the loop where needed."""
        self.wake()
        if self._wake is None and not self.turns.idle and not self._closed:
            self._wake = asyncio.Event()
            self._loop = self._spawn(self._run)
        self._look_to_supply()

    def _look_to_supply(self) -> None:
        if self.supply is not None and not self._closed:
            self.supply()

    def refuse(self, error: Callable[[], GameballError]) -> None:
        """Let nobody wait any longer for a slot that will not come; who comes later may."""
        for waiter in self._waiters.values():
            if waiter.ticket.slot is None and waiter.ticket.rank is not Rank.STOP:
                waiter.error = error()
                waiter.granted.set()

    def close(self, error: BaseException | None = None) -> None:
        """Let nobody wait any longer: the client is closed, or its loop has failed."""
        self._closed = True
        for waiter in self._waiters.values():
            waiter.error = ClosedError(
                "the client was closed while a call waited: keep it open until its calls have "
                "returned"
            )
            waiter.error.__cause__ = error
            waiter.granted.set()

    async def _slot(self, rank: Rank, size: int) -> Ticket:
        if self._closed:
            raise ClosedError("the client is closed: open a new one")
        if rank is not Rank.STOP and self.pauses_too_long(loop_time()):
            raise self.limited_error()
        ticket = self.turns.join(rank, loop_time(), size)
        waiter = self._waiters[ticket] = _Waiter(ticket, asyncio.Event())
        self.nudge()
        try:
            await waiter.granted.wait()
            if waiter.error is not None:
                raise waiter.error
        except BaseException:
            self.turns.leave(ticket)
            self.nudge()
            raise
        finally:
            del self._waiters[ticket]
        return ticket

    async def _announce(self, began: Callable[[], Awaitable[None]], ticket: Ticket) -> None:
        try:
            await began()
        except BaseException:
            self.turns.budget.unsent(self._slot_of(ticket))
            raise

    @staticmethod
    def _slot_of(ticket: Ticket) -> int:
        assert ticket.slot is not None  # noqa: S101 - granted tickets have one
        return ticket.slot

    async def _run(self) -> None:
        try:
            async with anyio.create_task_group() as polls:
                while not self.turns.idle or self._asking:
                    self._wake = asyncio.Event()
                    until = self._act(polls)
                    self._look_to_supply()
                    await self._rest(until)
        finally:
            self._wake = None
            self._loop = None
        self.nudge()

    def _act(self, polls: TaskGroup) -> float:
        """Do all that may be done now; returns when to look again."""
        while True:
            match self.turns.next(loop_time()):
                case Grant(ticket):
                    self._waiters[ticket].granted.set()
                    if ticket.upload is not None:
                        self.further.wake()  # how large bodies are is known
                case Poll(job_id, slot):
                    self._asking += 1
                    polls.start_soon(self._ask, job_id, slot)
                case Rest(until):
                    return until

    async def _ask(self, job_id: int, slot: int) -> None:
        assert self.ask is not None  # noqa: S101 - set when the client is built
        try:
            await self.ask(job_id, slot)
        finally:
            self._asking -= 1
            self.nudge()

    async def _rest(self, until: float) -> None:
        assert self._wake is not None  # noqa: S101
        loop, wake, pause = asyncio.get_running_loop(), self._wake, max(until - loop_time(), TICK)
        timer = None if pause == float("inf") else loop.call_later(pause, wake.set)
        try:
            await wake.wait()
        finally:
            if timer is not None:
                timer.cancel()
