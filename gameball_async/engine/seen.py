"""
Tells whoever looks on what the engine does; where nobody looks, no value is even made.

Every place asks `Seen.wants` first. An observer that raises changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import anyio

from ..api.responses import parse_retry_after, read_error
from ..api.wire import Transport, WireRequest, WireResponse
from ..pipeline.seen import RequestSeen, Sighting
from ..ports import Observer

__all__ = ["NOBODY", "Seen", "SeenTransport"]


class Seen:
    """
    All that look on, as one.

    Args:
        observers: they are told in this order.
        failed: told of an exception that an observer let out.
    """

    def __init__(
        self,
        observers: Sequence[Observer] = (),
        failed: Callable[[Observer, Exception], None] = lambda observer, error: None,
    ) -> None:
        self._observers = tuple(observers)
        self._failed = failed

    def wants(self, sort: type[Sighting]) -> bool:
        """Whether anybody wants to see this sort of thing now."""
        for observer in self._observers:
            try:
                if observer.wants(sort):
                    return True
            except Exception as error:  # noqa: BLE001 - whoever looks on must not change what happens
                self._failed(observer, error)
        return False

    def see(self, what: Sighting) -> None:
        """Show *what* to all who want to see it."""
        for observer in self._observers:
            try:
                if observer.wants(type(what)):
                    observer.see(what)
            except Exception as error:  # noqa: BLE001 - as above
                self._failed(observer, error)

    async def aclose(self) -> None:
        """The client is closed."""
        for observer in self._observers:
            try:
                await observer.aclose()
            except Exception as error:  # noqa: BLE001 - as above
                self._failed(observer, error)


NOBODY = Seen()


class SeenTransport:
    """
    `ports.Transport` that tells of each request once it is over.

    Args:
        transport: sends.
        seen: is told.
    """

    def __init__(self, transport: Transport, seen: Seen) -> None:
        self._transport = transport
        self._seen = seen

    def send(self, request: WireRequest) -> Coroutine[Any, Any, WireResponse]:
        """See `ports.Transport`."""
        if self._seen.wants(RequestSeen):
            return self._send(request)
        return self._transport.send(request)

    async def _send(self, request: WireRequest) -> WireResponse:
        began = anyio.current_time()
        answer: WireResponse | None = None
        raised: str | None = None
        try:
            answer = await self._transport.send(request)
        except BaseException as error:
            raised = type(error).__name__
            raise
        finally:
            self._seen.see(_seen(request, answer, anyio.current_time() - began, raised))
        return answer


def _seen(
    request: WireRequest, answer: WireResponse | None, seconds: float, raised: str | None
) -> RequestSeen:
    about = request.about
    status = error = None
    if answer is not None:
        status = answer.status
        if not 200 <= status < 300:
            wait = parse_retry_after(answer.retry_after, answer.date)
            error = read_error(status, answer.body, retry_after=wait)
            raised = str(status)
    return RequestSeen(
        method=request.method,
        route=about.route,
        path=request.path,
        kind=about.kind,
        job_id=about.job_id,
        attempt=about.attempt,
        polled=about.polled,
        seconds=seconds,
        waited=about.waited,
        sent=len(request.body or b""),
        received=0 if answer is None else len(answer.body),
        status=status,
        error=error,
        error_type=raised,
    )
