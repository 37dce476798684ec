"""What a client and the store of a shared quota say to each other, as values, and the interface of a store."""

from __future__ import annotations

from typing import Literal, Protocol

from attrs import frozen

from ..errors import ConfigurationError
from .windows import Quota


@frozen
class Known:
    """
    What a client knows of the store, so that a store that has lost its memory is found out.

    Attributes:
        born: names the store's memory.
        count: exchanges that it had seen.
        presumed: requests that may have been counted in the longest window, all clients together.
        age: seconds since the last of them, at least.
    """

    born: str
    count: int
    presumed: int
    age: float


@frozen
class Ask:
    """
    What a client tells the store, and what it asks for.

    Attributes:
        client: names the client.
        number: of the client's asks. Permits are named ``client:number:1`` and so on.
        windows: requests and seconds, all of which hold at once.
        lasts: seconds after which a permit that is not heard of is taken to have been counted.
        want: permits that would be used now.
        settled: permits whose request was counted, and how many seconds ago at the least.
        unused: permits that will not be used.
        own: requests that were sent without the store, by name, with seconds as in *settled*.
        pause: seconds for which nobody may send, since a 429 was seen; None where none was.
        known: what the client knows of the store; None where it is nothing, or too old.
    """

    client: str
    number: int
    windows: tuple[tuple[int, float], ...]
    lasts: float
    want: int
    settled: tuple[tuple[str, float], ...] = ()
    unused: tuple[str, ...] = ()
    own: tuple[tuple[str, float], ...] = ()
    pause: float | None = None
    known: Known | None = None

    def permits(self, count: int) -> list[str]:
        """The names of the first so many permits that this asks for."""
        return [f"{self.client}:{self.number}:{n}" for n in range(1, count + 1)]


@frozen
class Given:
    """
    What the store answers.

    Attributes:
        granted: permits.
        wait: seconds after which asking for more makes sense.
        used: requests in the longest window that are counted or may yet be, of all clients.
        born: names the store's memory.
        count: exchanges that it has seen.
        pause: seconds for which nobody may send.
        share: part of the limits in use: less than 1 after 429s.
    """

    granted: int
    wait: float
    used: int
    born: str
    count: int
    pause: float
    share: float


def check_share(quota: Quota, share: float) -> None:
    """
    Refuse a share that cannot be held.

    Raises:
        ConfigurationError: it is not a part, or less than one request of some window.
    """
    least = min(limit for limit, _ in quota.windows)
    if not 0 < share <= 1 or share * least < 1:
        raise ConfigurationError(
            f"a share of {share:g} of the quota {quota} is more than all of it, or less than one "
            f"request: pass share, from {1 / least:.3g} to 1, such as 1 / the number of processes"
        )


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
