"""
One logical call: slot, send, read, and again as far as the evidence and the replay class allow.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import anyio
from attrs import define, evolve, frozen

from ..api.kinds import Replay
from ..api.requests import Call
from ..api.responses import error_for, parse_retry_after, read_error
from ..api.wire import WireRequest, WireResponse
from ..errors import (
    AnswerLostError,
    GameballError,
    NotSentError,
    RateLimitError,
    RejectedError,
    SharedQuotaError,
    TransportError,
    UnknownJobError,
    UnreachableError,
)
from ..observe.events import RetryScheduled
from ..observe.stream import EventStream
from ..tasks import Signal, loop_time
from .contact import tried_for
from .dispatcher import Dispatcher
from .queue import Rank
from .retry import Evidence, Next, Patience, Tries, evidence_of_status, next_step

T = TypeVar("T")


@frozen
class Answered(Generic[T]):
    """
    What a call came to.

    Attributes:
        value: what was read.
        resent: an earlier try of this call may have been applied.
    """

    value: T
    resent: bool


def retry_after_of(answer: WireResponse) -> float | None:
    """Seconds that an answer asks to wait; None where it does not."""
    return parse_retry_after(answer.retry_after, answer.date)


@frozen
class GaveUp:
    """
    A call that came to nothing.

    Attributes:
        error: why the last try failed.
        unsure: some try of this call may have been applied all the same.
    """

    error: GameballError
    unsure: bool


@define
class _Failure:
    evidence: Evidence
    error: GameballError
    retry_after: float | None = None


class Calls:
    """
    Makes calls in one bucket.

    Args:
        dispatcher: owns the bucket's quota.
        chance: draws numbers in [0, 1).
        patience: where retries end.
    """

    def __init__(
        self, dispatcher: Dispatcher, chance: Callable[[], float], patience: Patience
    ) -> None:
        self._dispatcher = dispatcher
        self._chance = chance
        self._patience = patience

    @property
    def stream(self) -> EventStream:
        """Where events go."""
        return self._dispatcher.stream

    @property
    def uploads_at_once(self) -> int:
        """How many bodies may be on their way at once."""
        return self._dispatcher.turns.uplink.at_once

    @property
    def further(self) -> Signal:
        """Woken when that may have become more."""
        return self._dispatcher.further

    async def call(
        self,
        call: Call,
        body: bytes | None,
        read: Callable[[WireResponse], T],
        *,
        replay: Replay,
        rank: Rank,
        began: Callable[[], Awaitable[None]] | None = None,
        undone: Callable[[], None] | None = None,
    ) -> Answered[T] | GaveUp:
        """
        Make a call, and repeat it as far as *replay* allows.

        Args:
            call: what to ask.
            body: the JSON body, the same bytes at each try.
            read: reads a 2xx answer; raises AnswerLostError where that proves nothing.
            replay: what repeating it would do.
            rank: how urgent it is.
            began: awaited right before each try, after which bytes may leave.
            undone: called after a try as long as no try so far can have had an effect.
        """
        fresh = replay is Replay.UNREPEATABLE
        request = WireRequest(call.method, call.path, body, call.secret, call.about, fresh)
        del body  # no row data in tracebacks with locals, which error trackers send off
        started = loop_time()
        failures = unsure = 0
        while True:
            request = self._in_time(request, loop_time() - started)
            failure = await self._try(request, read, rank, call.doing, began)
            if not isinstance(failure, _Failure):
                return Answered(failure, resent=unsure > 0)
            failures += 1
            unsure += failure.evidence in (Evidence.UNSURE, Evidence.FOREIGN)
            if undone is not None and not unsure:
                undone()
            tries = Tries(
                failure.evidence,
                unsure,
                failures,
                loop_time() - started,
                failure.retry_after,
                self._dispatcher.contact.worked,
            )
            failure.error = self._told(failure.error, tries)
            step, wait = next_step(replay, tries, self._chance(), self._patience)
            if step is Next.AGAIN:
                self._again(request, failure, wait)
                call.about.attempt = failures + 1
                await anyio.sleep(wait)
            else:
                return GaveUp(failure.error, unsure=unsure > 0)

    def _in_time(self, request: WireRequest, tried: float) -> WireRequest:
        within = self._dispatcher.contact.connect_within(tried)
        if within == request.connect_within:
            return request
        return evolve(request, connect_within=within)

    def _told(self, error: GameballError, tries: Tries) -> GameballError:
        """Tell that there is no connection, where that is the error; gives it with the time that was tried."""
        if not isinstance(error, UnreachableError):
            return error
        most = self._patience.connecting(reached=tries.reached)
        self._dispatcher.unreachable(error, most, tries.seconds)
        return tried_for(error, tries.seconds)

    def _again(self, request: WireRequest, failure: _Failure, wait: float) -> None:
        if self.stream.wants(RetryScheduled):
            about, error = request.about, failure.error
            self.stream.emit(RetryScheduled.of(request.method, about, error, wait))

    async def _try(
        self,
        request: WireRequest,
        read: Callable[[WireResponse], T],
        rank: Rank,
        doing: str,
        began: Callable[[], Awaitable[None]] | None,
    ) -> T | _Failure:
        try:
            answer = await self._dispatcher.send(request, rank, retry_after_of, began)
            foreign = self._dispatcher.contact.foreign(answer)
            if foreign is not None:
                return _Failure(Evidence.FOREIGN, foreign)
            if 200 <= answer.status < 300:
                return read(answer)
        # Without their tracebacks: the frames that read the answer hold what it said.
        except UnreachableError as error:
            evidence = Evidence.UNSENT if error.heals else Evidence.UNREACHABLE
            return _Failure(evidence, error.with_traceback(None))
        except NotSentError as error:
            return _Failure(Evidence.UNSENT, error.with_traceback(None))
        except TransportError as error:
            return _Failure(Evidence.UNSURE, error.with_traceback(None))
        except (SharedQuotaError, RateLimitError) as error:  # not sent, and not to be
            return _Failure(Evidence.REFUSED, error.with_traceback(None))
        return _failure_of(answer, doing, asks=request.method == "GET" or request.about.asks)


def value_of(result: Answered[T] | GaveUp, job_id: int | None = None) -> T:
    """The value of a call that was answered; raises what a call came to nothing for."""
    if isinstance(result, Answered):
        return result.value
    error = result.error
    if job_id is not None and isinstance(error, RejectedError) and error.status == 404:
        raise UnknownJobError(job_id)
    raise error


def is_missing(error: GameballError) -> bool:
    """Whether a path, or what it names, is not there."""
    return isinstance(error, RejectedError) and error.status in (404, 405)


def _failure_of(answer: WireResponse, doing: str, *, asks: bool) -> _Failure:
    evidence = evidence_of_status(answer.status)
    retry_after = retry_after_of(answer)
    error: GameballError
    if answer.status >= 400:
        found = read_error(answer.status, answer.body, retry_after=retry_after)
        error = error_for(found, doing, asks=asks)
    else:
        error = AnswerLostError(f"HTTP {answer.status} instead of an answer to {doing}")
    return _Failure(evidence, error, retry_after)
