"""The async interface between the engine and the world: a transport for requests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from attrs import field, frozen

__all__ = ["Running", "Spawn", "Transport", "WireRequest", "WireResponse"]


@frozen
class WireRequest:
    """
    One HTTP request, without the keys.

    Attributes:
        method: GET, POST or DELETE.
        path: from the root of the host, made of parts that were checked.
        body: the whole JSON body; None where there is none.
        secret: whether the secret key goes along with the API key.
    """

    method: str
    path: str
    body: bytes | None = field(default=None, repr=False)
    secret: bool = True


@frozen
class WireResponse:
    """
    One HTTP answer, read whole.

    Attributes:
        status: the HTTP status.
        body: decoded and complete, at most as long as the transport allows.
        retry_after: the header of that name, as it came.
        date: the header of that name, which a ``Retry-After`` date is measured against.
    """

    status: int
    body: bytes = field(repr=False)
    retry_after: str | None = None
    date: str | None = None


class Transport(Protocol):
    """Sends one request and reads its answer whole. It decides nothing and repeats nothing."""

    async def send(self, request: WireRequest) -> WireResponse:
        """
        Send *request* and return the answer.

        Raises:
            NotSentError: provably not one byte of the request was written.
            AnswerLostError: it was written, but no whole answer came back.
        """
        ...


class Running(Protocol):
    """A task in the background."""

    def cancel(self) -> None:
        """Ask it to end."""
        ...

    async def ended(self) -> None:
        """Wait until it has ended, however it did."""
        ...


class Spawn(Protocol):
    """Starts tasks in the background, each supervised until it ends."""

    def __call__(self, run: Callable[[], Awaitable[None]], /) -> Running: ...
