"""The interfaces between the engine and the world: transport, journal, quota store, observers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from attrs import field, frozen

from .protocol.requests import About

if TYPE_CHECKING:  # a client that only submits and asks needs none of them
    from .model.outcomes import Outcome, Reason, RowOutcome
    from .pipeline.chunks import Chunk
    from .pipeline.ledger import Used
    from .pipeline.seen import Sighting
    from .schedule.permits import Ask, Given

__all__ = [
    "Journal",
    "Observer",
    "QuotaStore",
    "Running",
    "SharedQuota",
    "Spawn",
    "Telemetry",
    "Transport",
    "WireRequest",
    "WireResponse",
]


@frozen
class WireRequest:
    """
    One HTTP request, without the keys.

    Attributes:
        method: GET, POST or DELETE.
        path: from the root of the host, made of parts that were checked.
        body: the whole JSON body; None where there is none.
        secret: whether the secret key goes along with the API key.
        about: what it is for, for whoever looks on; nothing of it is sent.
        fresh: whether it wants a connection that was not used before: one that the server closes as
            the request leaves would leave its fate in doubt.
    """

    method: str
    path: str
    body: bytes | None = field(default=None, repr=False)
    secret: bool = True
    about: About = field(factory=About)
    fresh: bool = False


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


class Journal(Protocol):
    """
    Remembers a run, so that it can be resumed after any crash. Each write is durable on return.

    Every method raises JournalError where the write cannot be relied upon; after that all others
    do too.
    """

    def requested(self) -> None:
        """A request of whatever sort leaves now; noted without waiting, and never a failure."""
        ...

    async def intended(self, chunk: Chunk, resent: bool) -> None:
        """From now on bytes of *chunk* may leave."""
        ...

    async def accepted(self, number: int, job_id: int, resent: bool) -> None:
        """The chunk has become a job."""
        ...

    async def settled(
        self, number: int, outcomes: Sequence[Outcome], reasons: Mapping[int, Reason]
    ) -> None:
        """Each row of the chunk has its outcome."""
        ...

    async def learned(self, dialect: str) -> None:
        """A job's status was read on the paths of this dialect."""
        ...

    async def dropped(self, number: int) -> None:
        """The chunk provably was not applied, and may be sent as if it were new."""
        ...

    async def rejected(self, rows: Iterable[RowOutcome]) -> None:
        """These rows never become items."""
        ...

    async def input_ended(self) -> None:
        """The input was read to its end."""
        ...

    async def aclose(self, used: Used, complete: bool) -> None:
        """The run is over, for now; it has used so much. *complete*: nothing is left to resume."""
        ...


class Running(Protocol):
    """A task in the background."""

    async def end(self) -> None:
        """
        Cancel it and wait until it has ended, for some seconds at most.

        A cancellation of the waiting task meanwhile comes out only afterwards.
        """
        ...


class Spawn(Protocol):
    """Starts tasks in the background, each supervised until it ends."""

    def __call__(self, run: Callable[[], Awaitable[None]], /) -> Running: ...


class QuotaStore(Protocol):
    """What several processes share their quota through. It decides nothing that time decides."""

    async def exchange(self, bucket: str, ask: Ask) -> Given:
        """
        Tell *ask*, and hear what is given, within a second or so.

        Raises:
            SharedQuotaError: the store cannot be used now.
        """
        ...

    async def aclose(self) -> None:
        """Close its connections."""
        ...


class SharedQuota(Protocol):
    """How a quota is shared: `gameball_async.redis.RedisQuota` is one."""

    @property
    def lost(self) -> Literal["share", "error"]:
        """What happens while the store is away: go on with a share, or raise."""
        ...

    @property
    def share(self) -> float:
        """The part of the quota that one process uses by itself while the store is away."""
        ...

    @property
    def patience(self) -> float:
        """Seconds without the store after which it counts as away."""
        ...

    def connect(self, fingerprint: str) -> QuotaStore:
        """The store of one account. It connects with its first exchange."""
        ...


class Observer(Protocol):
    """Is told what an open client does. What it raises changes nothing, and is logged once."""

    def wants(self, sort: type[Sighting], /) -> bool:
        """Whether sightings of this sort are worth making now. Asked before each one: be quick."""
        ...

    def see(self, what: Sighting, /) -> None:
        """Look at *what*, in the task that it happens in: return soon."""
        ...

    async def aclose(self) -> None:
        """The client is closed; end within some seconds."""
        ...


class Telemetry(Protocol):
    """Makes an observer for each client that is opened, such as `gameball_async.otel`."""

    def observer(self, origin: str, /) -> Observer:
        """An observer of a client that talks to *origin* (scheme, host and port)."""
        ...
