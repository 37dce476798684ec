"""Who looks on while a client is open: the log always, hooks and telemetry where they are given."""

from __future__ import annotations

from collections.abc import Callable

from ..api.jobs import Transition
from ..pipeline.seen import RequestSeen
from ..ports import Observer, Telemetry
from .logs import Complaints, Logs

__all__ = ["OnRequest", "OnTransition", "complaints", "observers"]

# What an async function gives is an object too: something to await.
OnRequest = Callable[[RequestSeen], object]
OnTransition = Callable[[Transition], object]


def observers(
    on_request: OnRequest | None,
    on_transition: OnTransition | None,
    telemetry: Telemetry | None,
    origin: str,
) -> list[Observer]:
    """All that look on at a client of *origin* that is being opened."""
    found: list[Observer] = [Logs()]
    if on_request is not None or on_transition is not None:
        from .hooks import Hooks  # only where there are some

        found.append(Hooks(on_request, on_transition))
    if telemetry is not None:
        found.append(telemetry.observer(origin))
    return found


def complaints() -> Callable[[Observer, Exception], None]:
    """Takes what observers of one client raise, and logs it, once for each sort of observer."""
    once = Complaints()

    def failed(observer: Observer, error: Exception) -> None:
        once(f"{type(observer).__module__}.{type(observer).__qualname__}", "raised", error)

    return failed
