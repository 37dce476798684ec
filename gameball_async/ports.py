"""The interfaces of those who look on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .pipeline.seen import Sighting

__all__ = [
    "Observer",
    "Telemetry",
]


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
