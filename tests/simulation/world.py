"""
One simulated run: a server that lives on, a disk, and sessions of the client that end in all ways.

A session is the real engine on a clock of its own, from opening the journal to leaving the run. A
kill stops the world for the client between two steps of its loop: what is on the disk is copied,
requests on their way may still arrive, and whatever the client does from then on has no effect.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
from attrs import define, evolve, field, frozen

from benchmarks.virtual import VirtualLoop
from gameball_async.api.kinds import KINDS, Replay
from gameball_async.api.wire import WireRequest, WireResponse
from gameball_async.bulk.events import Settled, Submitted
from gameball_async.errors import AnswerLostError, GameballError, JournalError, NotSentError
from gameball_async.journal.header import Header
from gameball_async.journal.journal import JournalFile
from gameball_async.journal.state import Journal, Resumable
from gameball_async.limits.retry import Patience
from gameball_async.rows.outcome import Outcome
from gameball_async.rows.report import Report
from gameball_async.sandbox import LogNormal
from gameball_async.sandbox.messages import Ending, Reply, Request, Seen
from gameball_async.session import RunOptions
from tests.loopback import API_KEY, SECRET_KEY, Loopback, LoopbackEngine
from tests.simulation.disk import Image, Memory, Noted, SlowWork, Struck, summary_of
from tests.simulation.plan import Disturbance, Plan

__all__ = ["Session", "Submission", "Told", "World"]

MOST_STEPS = 60_000
"""Steps of the loop in one session, at most: a run that takes more never ends."""
HEADER = Header("", "account", "http://127.0.0.1:1", "v4.0", "")


@define
class Submission:
    """
    A chunk on the wire.

    Attributes:
        body: its bytes.
        session: whose it is.
        job_id: the job that the server made of it; None for none (yet).
    """

    body: bytes = field(repr=False)
    session: int
    job_id: int | None = None


@frozen
class Told:
    """What became of one row, as an event said."""

    outcome: Outcome
    chunk: int | None
    job_id: int | None
    code: int | None = None


@define
class Session:
    """What was seen of one session."""

    number: int
    disturbance: Disturbance
    told: list[tuple[int, Told]] = field(factory=list, repr=False)
    events: list[str] = field(factory=list, repr=False)
    error: BaseException | None = None
    report: Report | None = None
    recorded: Resumable | None = None
    struck: bool = False
    killed: bool = False
    cancelled: bool = False
    struck_at: float = 0.0
    ended_at: float = 0.0
    left_over: list[str] = field(factory=list)
    requests: int = 0
    peaks: dict[float, int] = field(factory=dict)
    steps: int = 0


class _Loop(VirtualLoop):
    """A virtual loop that calls *stepped* between its steps."""

    def __init__(self, stepped: Callable[[], None]) -> None:
        super().__init__()
        self._stepped = stepped

    def _run_once(self) -> None:
        self._stepped()
        super()._run_once()


class _Wire(Loopback):
    """The loopback, in a world that can end at any moment, and where requests can be late."""

    def __init__(self, world: World, **options: Any) -> None:
        super().__init__(world.plan.seed, latency=(0.001, 0.15), **options)
        self.world = world
        self.service._observe = world.observed

    async def send(self, request: WireRequest) -> WireResponse:
        world, chance = self.world, self._random
        if world.dead:
            await anyio.sleep_forever()
        world.session.requests += 1
        world.tried.add(request.body or b"")
        await anyio.lowlevel.checkpoint()
        if chance.random() < world.unreachable:
            world.fired["unreachable"] += 1
            world.tried.discard(request.body or b"")
            raise NotSentError("no connection")
        headers = {"APIKey": API_KEY, "Content-Type": "application/json"}
        if request.secret:
            headers["SecretKey"] = SECRET_KEY
        asked = Request(request.method, request.path, headers, request.body or b"")
        with world.on_its_way(asked):
            if chance.random() < world.late:
                world.fired["late"] += 1
                world.arrives_late(asked, chance.uniform(0.5, 12.0))
                await anyio.sleep(chance.uniform(0.1, 3.0))
                raise AnswerLostError("no answer in time")
            await anyio.sleep(chance.uniform(*self._latency))
        await world.strike_or_die("request")
        reply = world.handle(asked, world.now())
        await world.strike_or_die("answer")
        await anyio.sleep(reply.delay + chance.uniform(*self._latency))
        if reply.ending not in (Ending.ANSWER, Ending.HANG_UP):
            raise AnswerLostError(f"the connection ended: {reply.ending.value}")
        known = {name.lower(): value for name, value in reply.headers}
        return WireResponse(reply.status, reply.body, known.get("retry-after"), known.get("date"))


class World:
    """
    All that outlives a session, and the session at hand.

    Args:
        plan: what happens.
        folder: where the journal lies; empty.

    Attributes:
        sessions: what was seen of each session.
        submissions: every chunk that left a client.
        tried: bodies of which a byte may have left a client, as far as it can tell.
        acknowledged: jobs whose numbers are safely in the journal.
        fired: how often each fault struck.
        broken: what is wrong with the journal itself.
    """

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.kind = KINDS[plan.kind]
        self.chance = random.Random(f"world {plan.seed}")
        self.sessions: list[Session] = []
        self.submissions: list[Submission] = []
        self.acknowledged: set[int] = set()
        self.tried: set[bytes] = set()
        self.fired: Counter[str] = Counter()
        self.broken: list[str] = []
        self.unreachable = plan.unreachable
        self.late = plan.late
        self.late_arrivals = 0
        self.dead = False
        self._folder = folder
        self._files = 0
        self._path: Path | None = None
        self._base = 0.0
        self._possible = [Memory().summary()]
        self._coming: list[tuple[float, Request]] = []
        self._travelling: dict[int, Request] = {}
        self._counts: Counter[str] = Counter()
        self._noted: Noted | None = None
        self._logs: list[Any] = []
        self._backup: Image | None = None
        self._image: Image | None = None
        self._written = 0
        self._task: asyncio.Task[None] | None = None
        self._run: Any = None
        self.wire = _Wire(
            self,
            limits=plan.quota.windows,
            service_time=LogNormal(3.0, 0.8, queue=0.3),
            **plan.options,
        )
        for n in plan.known_orders if plan.kind == "order-transactions" else ():
            self.service.memory.orders[f"n{n}"] = ("2026-01-01T00:00:00Z", 1.0, n)
        for name, words in plan.faults:
            self._script(name, dict(words))

    @property
    def service(self) -> Any:
        """The server."""
        return self.wire.service

    @property
    def session(self) -> Session:
        """The session at hand."""
        return self.sessions[-1]

    @property
    def elapsed(self) -> float:
        """Seconds since the world began, pauses included."""
        return self._base

    def _script(self, name: str, words: dict[str, Any]) -> None:
        if name == "stale":
            self.wire.faults.edit(self._stale, **words)
        else:
            getattr(self.wire.faults, name)(**words)

    def _stale(self, told: Any) -> Any:
        """
        The first job's number in the place of the new one.

        Only once the journal has that number: of one that was never noted nobody can tell.
        """
        first = self.service.options.first_job_id
        return {**told, "jobId": first} if first in self.acknowledged else told

    # -- the server's side

    def now(self) -> float:
        """Seconds since the world began."""
        return self._base + asyncio.get_running_loop().time()

    def handle(self, asked: Request, now: float) -> Reply:
        """What the server answers, after whatever came late before."""
        while self._coming and self._coming[0][0] <= now:
            when, late = self._coming.pop(0)
            self._handle(late, when)
        return self._handle(asked, now)

    def _handle(self, asked: Request, now: float) -> Reply:
        jobs = len(self.service.jobs)
        reply: Reply = self.service.handle(asked, now)
        if len(self.service.jobs) > jobs:
            mine = [s for s in self.submissions if s.body is asked.body]
            if mine:
                mine[-1].job_id = next(reversed(self.service.jobs))
        return reply

    def observed(self, seen: Seen) -> None:
        """Counts the server's faults."""
        if seen.fault is not None:
            self.fired[f"{seen.fault} on {seen.sort}"] += 1

    def arrives_late(self, asked: Request, seconds: float) -> None:
        """*asked* reaches the server *seconds* from now, whoever still waits for it."""
        self.late_arrivals += 1
        self._travelling.pop(id(asked), None)
        self._coming.append((self.now() + seconds, asked))
        self._coming.sort(key=lambda one: one[0])

    @contextlib.contextmanager
    def on_its_way(self, asked: Request) -> Iterator[None]:
        """While *asked* travels: what the client gives up then may arrive all the same."""
        if asked.method == "POST":
            self.submissions.append(Submission(asked.body, len(self.sessions)))
        self._travelling[id(asked)] = asked
        try:
            yield
        except asyncio.CancelledError:
            travels = id(asked) in self._travelling
            if travels and not self.dead and self.chance.random() < 0.5:
                self.arrives_late(asked, 0.2)
            raise
        finally:
            self._travelling.pop(id(asked), None)

    def end_of_time(self) -> None:
        """Everything that is still to happen at the server happens."""
        for when, late in self._coming:
            self._handle(late, when)
        self._coming.clear()
        self.service.advance(1e9)

    # -- one session

    def attempt(self, disturbance: Disturbance) -> Session:
        """Run the client once, until its run ends or *disturbance* ends it."""
        self._tamper(disturbance)
        self.sessions.append(Session(len(self.sessions), disturbance))
        self._counts.clear()
        self.dead = False
        bucket = self.service.buckets["others"]
        loop = _Loop(self._stepped)
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                try:
                    runner.run(self._main())
                except asyncio.CancelledError:
                    self.session.cancelled = True
                except BaseException:
                    if not self.session.killed:
                        raise
        finally:
            for log in self._logs:
                log.close()
            self._logs.clear()
        self.session.peaks = bucket.peaks
        self._end(loop.time() + disturbance.pause)
        return self.session

    def _tamper(self, disturbance: Disturbance) -> None:
        """What people do with a journal between two sessions."""
        path, last = self._path, self._backup
        if path is None or not path.exists():
            return
        if disturbance.how == "move":
            self.fired["moved"] += 1
            self._files += 1
            self._path = path.rename(self._folder / f"journal-{self._files}")
        elif disturbance.how == "copy":
            copy = Path(shutil.copy(path, self._folder / "copy"))
            self._must_be_refused(copy, self.kind.replay is Replay.UNREPEATABLE, "a copy")
            copy.unlink()
        elif disturbance.how == "restore" and last is not None:
            now = Image(path)
            older = last.main != now.main
            last.write(path)
            matters = older and self.kind.replay is not Replay.REPLAYABLE
            self._must_be_refused(path, matters, "an older state")
            now.write(path)
        self._backup = Image(self._path or path)

    def _must_be_refused(self, path: Path, must: bool, what: str) -> None:
        """Try to go on with a journal that is not the one, where that would be wrong."""
        if not must:
            return
        self.fired[f"{what} was tried"] += 1
        try:
            journal, _ = JournalFile.open(path)
        except JournalError:
            return
        journal.close()
        self.broken.append(f"{what} of the journal was gone on with")

    def heal(self) -> None:
        """Nothing goes wrong from now on."""
        self.wire.faults.clear()
        self.unreachable = self.late = 0.0

    def recorded(self) -> Resumable | None:
        """What the journal says, with nobody at work."""
        if self._path is None:
            return None
        journal, recorded = JournalFile.open(self._path)
        journal.close()
        return recorded

    def _end(self, seconds: float) -> None:
        self._base += seconds
        if self._noted is not None:
            if not self.session.killed:
                self._possible = self._noted.possible()
            self._noted = None
        if self._image is not None and self._path is not None:
            self._image.write(self._path)
            self._image = None

    async def _main(self) -> None:
        plan, session = self.plan, self.session
        self._task = asyncio.current_task()
        patience = Patience(unsure=plan.patience)
        seed = 1000 * plan.seed + session.number
        try:
            wired = LoopbackEngine(self.wire, quota=plan.quota, patience=patience, seed=seed)
            async with wired as engine:
                run = engine.bulk(
                    self.kind,
                    list(plan.rows),
                    RunOptions(
                        concurrency=plan.concurrency,
                        chunking=plan.chunking,
                        on_cancel=plan.on_cancel,  # type: ignore[arg-type]
                        open_jobs=plan.window,
                        max_items=plan.max_rows,
                    ),
                    open_journal=self._open,
                )
                await self._read(run)
        finally:
            if not session.killed:
                session.ended_at = asyncio.get_running_loop().time()
                tasks = asyncio.all_tasks() - {asyncio.current_task()}
                session.left_over = sorted(str(task.get_coro()) for task in tasks)

    async def _read(self, run: Any) -> None:
        self._run = run
        session = self.session
        try:
            async with run:
                async for event in run:
                    if not self.dead:
                        self._hear(event)
                    self.strike("event")
                    if session.struck and session.disturbance.how == "leave":
                        break
        except Exception as error:
            if not isinstance(error, (GameballError, ExceptionGroup)):
                raise
            session.error = error
        finally:
            if not self.dead and run._entered is not None:
                session.report = run.report

    def _hear(self, event: Any) -> None:
        session = self.session
        if isinstance(event, Settled):
            for row in event.outcomes:
                code = None if row.reason is None else row.reason.code
                told = Told(row.outcome, row.chunk, row.job_id, code)
                session.told.append((row.position, told))
            ends = ",".join(f"{row.position}={row.outcome.value}" for row in event.outcomes)
            session.events.append(f"{self.now():.6f} settled {event.chunk} {ends}")
        elif isinstance(event, Submitted):
            session.events.append(f"{self.now():.6f} submitted {event.chunk} {event.job.id}")
        else:
            session.events.append(f"{self.now():.6f} {event.job.id} {event.status.state.value}")

    async def _open(self) -> tuple[Journal, Resumable | None]:
        recorded, work = None, SlowWork(lambda: self.chance.uniform(0.0, 0.004), self._alive)
        if self._path is None:
            self._path = self._folder / "journal-0"
            header = evolve(HEADER, kind=self.plan.kind)
            journal = JournalFile.create(self._path, header, work, self.now)
        else:
            journal, recorded = JournalFile.open(self._path, work, self.now)
            self.session.recorded = recorded
            if summary_of(recorded) not in self._possible:
                self.broken.append(
                    f"the journal says {summary_of(recorded)}, none of {self._possible}"
                )
        self._logs.append(journal._log)
        journal._log = Struck(journal._log, self._on_disk)  # type: ignore[assignment]
        self._noted = Noted(journal, self._remembered(recorded), self.acknowledged)
        return self._noted, recorded

    @staticmethod
    def _remembered(recorded: Resumable | None) -> Memory:
        memory = Memory()
        if recorded is not None:
            chunks, odd, memory.input_ended = summary_of(recorded)
            memory.chunks, memory.odd = dict(chunks), odd
        return memory

    def _alive(self) -> bool:
        return not self.dead

    # -- disturbances

    def _stepped(self) -> None:
        session = self.session
        session.steps += 1
        if session.steps > MOST_STEPS and not self.dead:
            self.broken.append(f"session {session.number} does not end")
            self._kill()
        self.strike("step")

    def strike(self, where: str) -> None:
        """One more *where* was reached: is it the one?"""
        if self.dead:
            return
        if self._due(where):
            match self.session.disturbance.how:
                case "kill":
                    self._kill()
                case "cancel":
                    assert self._task is not None
                    if self._task.cancel():
                        self._strike()
                case "stop":
                    if self._run is not None and self._run._entered is not None:
                        self._strike()
                        self._run.stop()
                case "leave":
                    self._strike()

    async def strike_or_die(self, where: str) -> None:
        """The same; a client that is dead gets no further."""
        self.strike(where)
        if self.dead:
            await anyio.sleep_forever()

    def _due(self, where: str) -> bool:
        self._counts[where] += 1
        ending = self.session.disturbance
        return ending.where == where and self._counts[where] == ending.at

    def _strike(self) -> None:
        ending = self.session.disturbance
        self.fired[" ".join(filter(None, (ending.how, ending.where, ending.detail)))] += 1
        self.session.struck = True
        self.session.struck_at = asyncio.get_running_loop().time()

    def _on_disk(self, when: str, word: str) -> None:
        if self.dead:
            raise OSError("the world has ended")
        ending = self.session.disturbance
        if when == "before":
            self._counts["disk"] += 1
        if self._counts["disk"] < ending.at or ending.where != "disk" or self.session.struck:
            return
        if ending.how == "disk":
            self._fail(when, word)
        elif ending.detail == "torn":
            if (when, word) == ("after", "append"):
                self._cut(self._written)
        elif ending.detail == "power":
            if when == "after":
                self._cut(self._noted.journal._log.durable, power=True)  # type: ignore[union-attr]
        elif ending.detail == when:
            self._kill()
        if self.dead:
            raise OSError("the world has ended")
        assert self._path is not None
        self._written = self._path.stat().st_size

    def _cut(self, length: int, *, power: bool = False) -> None:
        """A kill, after which only a part of what is behind *length* is there."""
        self._kill(power=power)
        assert self._image is not None
        self._image.cut(length, self.chance.random())

    def _fail(self, when: str, word: str) -> None:
        detail = self.session.disturbance.detail
        if detail == "late error":
            if when == "after" and word in ("keep", "sync"):
                self._strike()
                raise OSError(errno.EIO, os.strerror(errno.EIO))
        elif when == "before":
            self._strike()
            full = errno.ENOSPC if detail == "full" else errno.EIO
            raise OSError(full, os.strerror(full))

    def _kill(self, *, power: bool = False) -> None:
        self._strike()
        self.session.killed = True
        if self._path is not None and self._noted is not None:
            self._image = Image(self._path)
            self._possible = self._noted.possible(power_cut=power)
        for asked in list(self._travelling.values()):
            if self.chance.random() < 0.5:
                self.arrives_late(asked, 0.2)
        self._travelling.clear()
        self.dead = True
        assert self._task is not None
        self._task.cancel()
