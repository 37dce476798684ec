"""
The stream of events of one open client: those who subscribe are called where a thing happens.

Every place asks `EventStream.wants` first: without a subscriber no event is made. What an observer
raises never reaches the client.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from attrs import define

if TYPE_CHECKING:
    from .events import Event


class Observer(Protocol):
    """Is called with what an open client does. What it raises is logged once, and has no effect."""

    def wants(self, event: type[Event], /) -> bool:
        """Whether events of this class are worth making now. Asked before each one: be quick."""
        ...

    def on_event(self, event: Event, /) -> None:
        """Called with each event that is wanted, in the task where it happens: return soon."""
        ...

    async def aclose(self) -> None:
        """The client is closed; end within some seconds."""
        ...


class Telemetry(Protocol):
    """Makes an observer for each client that is opened, such as `gameball_async.otel`."""

    def observer(self, origin: str, /) -> Observer:
        """An observer of a client that talks to *origin* (scheme, host and port)."""
        ...


@define(eq=False)
class EventStream:
    """
    All observers of one client.

    Args:
        observers: called in this order.
        failed: called with an observer and what it raised.
    """

    _observers: Sequence[Observer] = ()
    _failed: Callable[[Observer, Exception], None] = lambda observer, error: None

    def wants(self, event: type[Event]) -> bool:
        """Whether any observer wants events of this class now."""
        for observer in self._observers:
            try:
                if observer.wants(event):
                    return True
            except Exception as error:  # noqa: BLE001 - an observer never affects a run
                self._failed(observer, error)
        return False

    def emit(self, event: Event) -> None:
        """Pass *event* to every observer that wants it."""
        for observer in self._observers:
            try:
                if observer.wants(type(event)):
                    observer.on_event(event)
            except Exception as error:  # noqa: BLE001 - as above
                self._failed(observer, error)

    async def aclose(self) -> None:
        """Close every observer, now that the client is closed."""
        for observer in self._observers:
            try:
                await observer.aclose()
            except Exception as error:  # noqa: BLE001 - as above
                self._failed(observer, error)


NO_OBSERVERS = EventStream()
