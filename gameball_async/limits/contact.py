"""Whether a client has reached Gameball yet, and what is told where it cannot: decisions only."""

from __future__ import annotations

from ..api.wire import WireResponse
from ..errors import NotGameballError, UnreachableError
from ..observe.events import ConnectionRestored, ConnectionTrouble
from .retry import Patience

FIRST_TRY = 3.0
"""Seconds that the very first connection may take, so that a server that is silent is told soon."""
NEXT_TRIES = 10.0


def tried_for(error: UnreachableError, seconds: float) -> UnreachableError:
    """The same error, of tries that took so many seconds."""
    if not error.heals:
        return error
    return UnreachableError(error.host, error.reason, error.cure, heals=True, seconds=seconds)


class Contact:
    """
    What one client knows of its way to Gameball, over all buckets.

    Args:
        host: whom it talks to, for messages.
        patience: where retries end.
    """

    def __init__(self, host: str, patience: Patience) -> None:
        self._host = host
        self._patience = patience
        self._told: set[str] = set()
        self._since = 0.0
        self.worked: bool = False

    def connect_within(self, tried: float) -> float | None:
        """Seconds that connecting may take, of a call that is *tried* for so long; None as usual."""
        if self.worked:
            return None
        left = max(1.0, self._patience.connecting(reached=False) - tried)
        return min(NEXT_TRIES if self._told else FIRST_TRY, left)

    def answered(self, answer: WireResponse, now: float) -> ConnectionRestored | None:
        """An answer came; gives what is to be told where there was trouble before."""
        if not self.worked and _is_foreign(answer):
            return None
        self.worked = True
        if not self._told:
            return None
        self._told.clear()
        return ConnectionRestored(self._host, now - self._since)

    def failed(self, error: UnreachableError, now: float, left: float) -> ConnectionTrouble | None:
        """
        No connection came about; gives what is to be told, which is each reason once.

        Args:
            error: why.
            now: this moment.
            left: seconds for which it will be tried.
        """
        if not self._told:
            self._since = now
        elif error.reason in self._told:
            return None
        self._told.add(error.reason)
        return ConnectionTrouble(error.host, error.reason, left)

    def foreign(self, answer: WireResponse) -> NotGameballError | None:
        """What is wrong with a first answer that cannot be Gameball's; None where it may be."""
        if self.worked or not _is_foreign(answer):
            return None
        return NotGameballError(self._host, answer.status)


def _is_foreign(answer: WireResponse) -> bool:
    """Whether it is a redirect, or a web page that says that all is well."""
    page = 200 <= answer.status < 300 and answer.body.lstrip()[:1] == b"<"
    return page or 300 <= answer.status < 400
