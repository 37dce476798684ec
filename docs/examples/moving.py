"""One import in the background: what it does, where it stands, and its events for any number of readers."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from gameball_async import KINDS, Bulk, GameballClient, GameballError, Settled, Transition
from gameball_async.files import FileRows, open_rows

log = logging.getLogger(__name__)
PACE = 0.1  # seconds between two states that a reader is told, at least
QUIET = 15.0  # seconds without news after which a stream shows that it is alive
PROBLEMS = 20  # rows that did not succeed and are shown; the journal has all of them


class Event(NamedTuple):
    """A server-sent event. Its id is the number of transitions that the reader knows with it."""

    id: int
    name: str  # transition; state; or end, which is the last state
    data: dict[str, Any]


class Import:
    """A file on its way to Gameball. Its name tells id and kind, the journal beside it all else."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id, self.kind, _ = path.name.split(".")
        self.status, self.error = "waiting", ""
        self.over = False
        self.ended: dict[str, Any] | None = None  # its last state, of a server before this one
        self.run: Bulk | None = None
        self._rows: FileRows | None = None
        self._problems: list[dict[str, Any]] = []
        self._moves: deque[Event] = deque(maxlen=1000)
        self._moved = 0
        self._news = asyncio.Event()
        self._stopping = False

    async def move(self, client: GameballClient) -> None:
        """Import the file, or what an earlier run has left of it, until it ends or is stopped."""
        journal = self.path.with_suffix(".gbjournal")
        try:
            with open_rows(self.path, KINDS[self.kind]) as self._rows:
                if journal.exists():
                    run = client.resume(journal, self._rows)
                else:
                    run = client.bulk(KINDS[self.kind], self._rows, journal=journal)
                async with run as self.run:
                    self.status = "running"
                    if self._stopping:
                        run.stop()
                    async for event in run:
                        self._take(event)
            self.status = "finished" if run.report.complete else "interrupted"
        except GameballError as error:
            self.status, self.error = "failed", str(error)
        except Exception:
            log.exception("import %s", self.id)
            self.status, self.error = "failed", "a fault of this server: its log tells more"
        self.over = self.status != "interrupted"
        self._tell()

    def state(self) -> dict[str, Any]:
        """Where it stands, as JSON values."""
        if self.ended is not None:
            return self.ended
        state = {"id": self.id, "kind": self.kind, "status": self.status, "error": self.error}
        if self.run is None or self._rows is None:
            return {**state, "share": 0.0}
        at = self.run.progress
        share = (self._rows.position_fraction or 0.0) * at.rows_settled / max(1, at.rows_read)
        jobs = {state.value: count for state, count in at.jobs.items()}
        more = {"share": share, "job_states": jobs, "problems": self._problems}
        return {**self.run.report.as_json(), **state, **more}

    async def events(self, seen: int | None = None) -> AsyncIterator[Event | None]:
        """
        The state now and after each change, and the transitions after event *seen*; None if quiet.

        Nothing is kept for a reader and nothing runs for it: one that is slow finds the latest
        state, and one that is gone holds up nobody.
        """
        seen = self._moved if seen is None else min(seen, self._moved)
        while True:
            news, moved, over = self._news, self._moved, self.over
            for move in [move for move in self._moves if move.id > seen]:
                yield move
            yield Event(moved, "end" if over else "state", self.state())
            if over or self._stopping:
                return
            seen = moved
            await asyncio.sleep(PACE)
            while not news.is_set():
                try:
                    async with asyncio.timeout(QUIET):
                        await news.wait()
                except TimeoutError:
                    yield None

    def stop(self) -> None:
        """Send nothing more and let all readers go: the next start goes on, and browsers come back."""
        self._stopping = True
        if self.run is not None:
            self.run.stop()
        self._tell()

    def _take(self, event: object) -> None:
        if isinstance(event, Transition):
            self._moved += 1
            move = {"job": event.job.id, "rows": event.job.rows, "state": event.status.state.value}
            self._moves.append(Event(self._moved, "transition", move))
        elif isinstance(event, Settled):
            for row in islice(event.outcomes.exceptions(), PROBLEMS - len(self._problems)):
                reason = str(row.reason or "")
                problem = {"line": row.position, "outcome": row.outcome.value, "reason": reason}
                self._problems.append(problem)
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
