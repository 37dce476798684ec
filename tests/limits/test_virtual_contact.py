"""For how long a server that cannot be reached is tried, and what is told, on a virtual clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import pytest

from benchmarks.virtual import run_virtual
from gameball_async.api.jobs import Job
from gameball_async.api.kinds import KINDS
from gameball_async.api.wire import WireRequest, WireResponse
from gameball_async.errors import GameballError, NotGameballError, UnreachableError
from gameball_async.jobs.changes import Changes
from gameball_async.limits.calls import GaveUp
from gameball_async.limits.retry import Patience
from gameball_async.observe.events import ConnectionRestored, ConnectionTrouble, Event
from gameball_async.observe.stream import EventStream
from gameball_async.sandbox import Constant
from gameball_async.session import Engine
from tests.loopback import Loopback, LoopbackEngine

CHUNK = [b'{"customerId":"c1"}']
PAGE = WireResponse(200, b"  <html>log in</html>")


class Outages(Loopback):
    """A service that cannot be reached in some stretches of time, for a reason each."""

    def __init__(self, *outages: tuple[float, float, str], page_in: float | None = None) -> None:
        super().__init__(service_time=Constant(1500.0))
        self._outages = outages
        self._page_in = page_in
        self.tries: list[float] = []
        self.within: list[float | None] = []

    async def send(self, request: WireRequest) -> WireResponse:
        now = anyio.current_time()
        self.tries.append(now)
        self.within.append(request.connect_within)
        for begins, ends, reason in self._outages:
            if begins <= now < ends:
                raise UnreachableError("api.example", reason, "look", heals=reason != "expired")
        if self._page_in is not None and now >= self._page_in:
            self._page_in = None
            return PAGE
        return await super().send(request)


class Told:
    """An observer that keeps what is told of the connection."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def wants(self, event: type[Event], /) -> bool:
        return event in (ConnectionTrouble, ConnectionRestored)

    def on_event(self, event: Event, /) -> None:
        self.events.append(event)

    async def aclose(self) -> None: ...


def virtually(wire: Outages, main: Callable[[Engine], Awaitable[None]]) -> list[Event]:
    told = Told()

    async def run() -> None:
        async with LoopbackEngine(wire) as engine:
            engine.dispatcher.stream = EventStream([told])
            await main(engine)

    run_virtual(run)
    return told.events


async def submit(engine: Engine) -> GameballError | Job:
    result = await engine.submitter.submit(KINDS["customers"], CHUNK)
    return result.error if isinstance(result, GaveUp) else result.job


async def watched(engine: Engine, job: Job) -> GameballError | None:
    """Watch a job until it ends, or cannot be watched any more."""
    async with Changes(engine.watch) as changes:
        changes.add(job)
        try:
            async for _ in changes:
                pass
        except GameballError as error:
            return error
    return None


def test_a_first_contact_is_given_up_after_15_seconds_and_told_once() -> None:
    wire = Outages((0, 1e9, "refused"))

    async def main(engine: Engine) -> None:
        error = await submit(engine)
        assert isinstance(error, UnreachableError)
        assert ", tried for 15 s." in str(error)
        assert anyio.current_time() == pytest.approx(15, abs=0.1)

    assert virtually(wire, main) == [ConnectionTrouble("api.example", "refused", 15.0)]
    assert wire.within[0] == 3
    assert all(within is not None and within <= 10 for within in wire.within)


def test_a_watch_gives_up_a_first_contact_after_15_seconds_too() -> None:
    wire = Outages((0, 1e9, "refused"))

    async def main(engine: Engine) -> None:
        assert isinstance(await watched(engine, Job(7)), UnreachableError)
        assert 14.9 < anyio.current_time() < 17

    (told,) = virtually(wire, main)
    assert isinstance(told, ConnectionTrouble)
    assert len(wire.tries) < 30


def test_a_contact_that_worked_before_is_tried_for_as_long_as_the_patience_says() -> None:
    wire = Outages((10, 1e9, "refused"))

    async def main(engine: Engine) -> None:
        assert isinstance(await submit(engine), Job)
        await anyio.sleep_until(20)
        assert isinstance(await submit(engine), UnreachableError)
        assert anyio.current_time() == pytest.approx(20 + Patience().unsent, abs=0.1)

    assert virtually(wire, main) == [ConnectionTrouble("api.example", "refused", 120.0)]


def test_each_reason_is_told_once_and_that_it_answers_again() -> None:
    wire = Outages((5, 30, "refused"), (30, 60, "unresolved"), (100, 110, "refused"))

    async def main(engine: Engine) -> None:
        for moment in (0, 6, 100):
            await anyio.sleep_until(moment)
            assert isinstance(await submit(engine), Job)

    told = virtually(wire, main)
    assert [getattr(event, "reason", "restored") for event in told] == [
        "refused", "unresolved", "restored", "refused", "restored",
    ]  # fmt: skip
    restored = told[2]
    assert isinstance(restored, ConnectionRestored) and 54 <= restored.seconds < 85
    assert wire.within[-1] is None


def test_a_watch_outlasts_an_outage_of_20_minutes_once_gameball_has_answered() -> None:
    wire = Outages((60, 1260, "refused"))

    async def main(engine: Engine) -> None:
        job = await submit(engine)
        assert isinstance(job, Job)
        assert await watched(engine, job) is None

    first, last = virtually(wire, main)
    assert isinstance(first, ConnectionTrouble) and first.seconds_left > 3000
    assert isinstance(last, ConnectionRestored)


def test_what_waiting_cannot_mend_ends_calls_and_watches_at_once_also_later_on() -> None:
    wire = Outages((60, 1e9, "expired"))

    async def main(engine: Engine) -> None:
        job = await submit(engine)
        assert isinstance(job, Job)
        await anyio.sleep_until(70)
        error = await submit(engine)
        assert isinstance(error, UnreachableError) and "tried for" not in str(error)
        assert isinstance(await watched(engine, job), UnreachableError)
        assert anyio.current_time() < 72

    (told,) = virtually(wire, main)
    assert told == ConnectionTrouble("api.example", "expired", 0.0)


def test_a_web_page_is_an_error_at_first_and_a_lost_answer_once_gameball_has_answered() -> None:
    async def first(engine: Engine) -> None:
        assert isinstance(await submit(engine), NotGameballError)

    async def later(engine: Engine) -> None:
        assert isinstance(await submit(engine), Job)
        await anyio.sleep_until(5)
        result = await engine.submitter.submit(KINDS["customers"], CHUNK)
        assert not isinstance(result, GaveUp) and result.resent

    virtually(Outages(page_in=0), first)
    virtually(Outages(page_in=5), later)


def test_an_unrepeatable_chunk_that_a_web_page_answered_is_of_unknown_fate() -> None:
    async def main(engine: Engine) -> None:
        result = await engine.submitter.submit(KINDS["balance-adjustments"], CHUNK)
        assert isinstance(result, GaveUp) and result.unsure

    wire = Outages(page_in=0)
    virtually(wire, main)
    assert len(wire.tries) == 1
