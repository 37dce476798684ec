"""Says when Gameball cannot be reached, and when it can again: a line at once, and words for the live block."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from ..observe.events import ConnectionRestored, ConnectionTrouble, UnknownFieldMet
from .ending import remark
from .words import clean, duration


class Reaching:
    """
    Hook for what happens to the connection.

    Args:
        tell: says one line; faults that waiting cannot mend are left to the error that follows.
        now: the clock of the event loop.
    """

    def __init__(
        self,
        tell: Callable[[str], None] = remark,
        now: Callable[[], float] = anyio.current_time,
    ) -> None:
        self._tell = tell
        self._now = now
        self._trouble: ConnectionTrouble | None = None
        self._until = 0.0

    def __call__(self, event: ConnectionTrouble | ConnectionRestored | UnknownFieldMet) -> None:
        """Say it."""
        if isinstance(event, UnknownFieldMet):
            near = "" if event.meant is None else f"; did you mean {event.meant}?"
            name = clean(event.field)
            self._tell(
                f"{event.kind} have a field that Gameball does not know and ignores: {name}{near}"
            )
            return
        if isinstance(event, ConnectionRestored):
            self._trouble = None
            self._tell(f"connected to {clean(event.host)} again after {duration(event.seconds)}")
            return
        self._trouble = event
        self._until = self._now() + event.seconds_left
        if event.seconds_left:
            self._tell(self.words or "")

    @property
    def words(self) -> str | None:
        """Why nothing can be sent now, and for how long it is tried; None where all is well."""
        if self._trouble is None:
            return None
        left = max(0.0, self._until - self._now())
        what = f"cannot connect to {clean(self._trouble.host)}: {clean(self._trouble.reason)}"
        return f"{what}; trying for {duration(left)} more" if left else what
