"""One import in the background: what it does, where it stands, and its events for any number of readers."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, Self

import anyio
import telling
from anyio.to_thread import run_sync

from gameball_async import Bulk, GameballClient, GameballError, Settled, Submitted, Transition
from gameball_async.files import FileRows, journal_rows, open_rows

log = logging.getLogger(__name__)
PACE = 0.1  # seconds between two states that a reader is told, at least
TICK = 1.0  # seconds between two, at most: jobs make progress in between, and a proxy sees life
LAST_WORD = 1.0  # seconds that a reader waits for the account of a run that a shutdown stops
ENDED = ("finished", "stopped", "failed")
LIFE = secrets.token_hex(4)  # of this process: another one counts its events from 0 again


class Event(NamedTuple):
    """A server-sent event. A reader that comes back with its id is told of each job that has moved since."""

    id: str
    name: str  # job; state; or end, which is the last state
    data: dict[str, Any]


class Import:
    """
    One upload on its way to Gameball, in a folder of its own.

    ``about.json`` says what it is, ``upload.*`` has its rows, ``run.gbjournal`` all that was done with them;
    ``state.json`` and ``jobs.json`` tell how it ended, and are not there before.
    """

    def __init__(self, folder: Path) -> None:
        self.id = folder.name
        self.folder = folder
        self.journal = folder / "run.gbjournal"
        self.about: dict[str, Any] = json.loads((folder / "about.json").read_text())
        self.status, self.error = "waiting", ""
        self.kept: dict[str, Any] | None = None  # its last state, where it has ended before
        self._run: Bulk | None = None
        self._rows: FileRows | None = None
        self._problems = telling.Problems()
        self._jobs: dict[int, tuple[int, dict[str, Any]]] = {}  # those that moved last at the end
        self._moves = 0
        self._share = 0.0
        self._news = anyio.Event()
        self._ended = anyio.Event()
        self._leaving = self._stopped = False

    @classmethod
    def ended(cls, folder: Path) -> Self:
        """An import that has ended, as it was kept."""
        found = cls(folder)
        found.kept = json.loads((folder / "state.json").read_text())
        found.status = found.kept["status"]
        found._ended.set()
        return found

    @property
    def upload(self) -> Path:
        """The file of its rows; a retry's are those of the import that it is a retry of."""
        return self.folder / f"upload.{self.about['form']}"

    async def move(self, client: GameballClient) -> None:
        """Import the rows, or what an earlier run has left of them, until they end or it is stopped."""
        try:
            await self._move(client)
        except GameballError as error:
            self.status, self.error = "failed", str(error)
        except Exception:
            log.exception("import %s", self.id)
            self.status, self.error = "failed", "a fault of this server: its log tells more"
        if self.status in ("finished", "stopped"):  # whatever else, the next start goes on with it
            await run_sync(self._keep)
        self._ended.set()
        self._tell()

    async def _move(self, client: GameballClient) -> None:
        with ExitStack() as files:
            if "retry_of" not in self.about:
                self._rows = await run_sync(open_rows, self.upload, self.about["kind"])
                files.enter_context(self._rows)
            if self.journal.exists():
                await self._recall()
            async with self._start(client) as self._run:
                if self._leaving or self._stopped:
                    self._run.stop()
                else:
                    self.status = "running"
                async for event in self._run:
                    self._take(event)
        complete = self._run.report.complete
        self.status = "finished" if complete else "stopped" if self._stopped else "interrupted"

    def _start(self, client: GameballClient) -> Bulk:
        if self.journal.exists():
            return client.resume(self.journal, self._rows)
        if self._rows is None:
            first = self.folder.parent / self.about["retry_of"] / self.journal.name
            return client.retry(first, "failed", into=self.journal)
        return client.bulk(self.about["kind"], self._rows, journal=self.journal)

    def _keep(self) -> None:
        """Write down how it ended. Rows that nobody has to mend are deleted."""
        state = self.state()
        write_json(self.folder / "jobs.json", self.jobs())
        write_json(self.folder / "state.json", state)
        if state["status"] == "finished" and state["succeeded"] == state["rows"]:
            self.upload.unlink(missing_ok=True)

    async def _recall(self) -> None:
        """What the runs before this one did: a run that goes on does not tell it again."""
        rows = journal_rows(self.journal, open_too=False)
        jobs, self._problems = await run_sync(telling.recorded, rows)
        for job in jobs:
            self._note(job)

    def state(self) -> dict[str, Any]:
        """Where it stands, as JSON values."""
        told = {"id": self.id, **self.about, "status": self.status, "error": self.error}
        if self.kept is not None:
            return {**self.kept, **self.about}
        if self._run is None:
            return {**told, "share": 0.0, "rows": 0, "succeeded": 0}
        run = telling.running(self._run, self._part_read(self._run))
        if self.over or self._leaving or self._stopped:
            run["share"] = max(run["share"], self._share)  # what jobs had done is not undone
        self._share = run["share"]
        return {
            **told,
            **run,
            "warnings": [] if self._rows is None else list(self._rows.warnings),
            "unknown": self._unknown(self._run),
            "problems": self._problems.rows,
            "retryable": self._problems.retryable,
        }

    def _part_read(self, run: Bulk) -> float | None:
        if self._rows is not None:
            return self._rows.position_fraction
        expected: int = self.about["rows"]
        return min(1.0, run.report.rows / max(1, expected))

    def _unknown(self, run: Bulk) -> list[dict[str, Any]]:
        left_out = () if self._rows is None else self._rows.left_out
        return telling.unknown(*run.report.unknown_fields, *left_out)

    def jobs(self) -> list[dict[str, Any]]:
        """All its jobs, those that moved last at the end."""
        if self.kept is not None and not self._jobs:
            for job in json.loads((self.folder / "jobs.json").read_text()):
                self._note(job)
        return [job for _, job in self._jobs.values()]

    async def events(self, seen: str = "") -> AsyncIterator[Event]:
        """
        Each job that has moved since event *seen*, and the state: now, after each change, each second.

        Nothing is kept for a reader and nothing runs for it: one that is slow finds the latest
        state, and one that is gone holds up nobody.
        """
        known = self._number(seen)
        while not (self.over or self._leaving):
            news, events, known = self._news, self._since(known, "state"), self._moves
            for event in events:  # whatever happens while a slow reader takes them comes next
                yield event
            await anyio.sleep(PACE)
            with anyio.move_on_after(TICK):
                await news.wait()
        with anyio.move_on_after(LAST_WORD):
            await self._ended.wait()
        for event in self._since(known, "end" if self.over else "state"):
            yield event

    @property
    def over(self) -> bool:
        """Whether it has ended, and nothing goes on by itself."""
        return self._ended.is_set() and self.status in ENDED

    def _number(self, seen: str) -> int:
        life, _, number = seen.partition("-")
        return int(number) if life == LIFE and number.isdecimal() else 0

    def _since(self, known: int, name: str) -> list[Event]:
        """The jobs that have moved since, and the state with them."""
        self.jobs()
        moves = [Event(f"{LIFE}-{n}", "job", job) for n, job in self._jobs.values() if n > known]
        return [*moves, Event(f"{LIFE}-{self._moves}", name, self.state())]

    def stop(self) -> None:
        """Send nothing more, for good: jobs at Gameball go on, and nothing else until somebody says so."""
        self._stopped = True
        self._halt("stopping")

    def leave(self) -> None:
        """The server goes away: send nothing more, let all readers go. The next start goes on."""
        self._leaving = True
        self._halt("interrupted")

    def _halt(self, status: str) -> None:
        if not self.over:
            self.status = status
        if self._run is not None:
            self._run.stop()
        self._tell()

    def _take(self, event: object) -> None:
        if isinstance(event, Transition):
            self._note(telling.moved(event))
        elif isinstance(event, Submitted):
            self._note(telling.queued(event))
        elif isinstance(event, Settled):
            self._problems.add(event.outcomes.exceptions())
        self._tell()

    def _note(self, job: dict[str, Any]) -> None:
        self._moves += 1
        self._jobs.pop(job["job"], None)
        self._jobs[job["job"]] = self._moves, job

    def _tell(self) -> None:
        self._news.set()
        self._news = anyio.Event()


def write_json(path: Path, value: object) -> None:
    """Write JSON: all of it, or none."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(value))
    part.replace(path)
