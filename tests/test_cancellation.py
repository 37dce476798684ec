"""Cancelled, broken out of or failing at any await: nothing is lost, nobody hangs, nothing is left."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from attrs import frozen

from benchmarks.virtual import LoopConnector, virtual_session
from gameball_async import http
from gameball_async.api.jobs import Job, JobState
from gameball_async.api.wire import WireRequest, WireResponse
from gameball_async.bulk.bulk import Bulk
from gameball_async.bulk.chunks import LookAhead
from gameball_async.bulk.events import Settled, Submitted
from gameball_async.client import GameballClient
from gameball_async.errors import ClosedError, DeadlineError, GameballError
from gameball_async.http import AiohttpTransport
from gameball_async.limits.windows import Quota
from gameball_async.sandbox import Constant, Sandbox
from tests.steps import Cut, SteppedLoop, at_each_step, nothing_left, run_stepped

ROWS = [{"customerId": f"c{n}"} for n in range(150)]
AHEAD = LookAhead(rows=50)
"""Makes several chunks of `ROWS`, where they are read one after another."""


@pytest.fixture
def virtual(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients open their own sessions on the virtual loop too."""

    def connector() -> LoopConnector:
        return LoopConnector(limit=64, keepalive_timeout=30)

    monkeypatch.setattr(http, "Connector", connector)


@asynccontextmanager
async def world(**options: Any) -> AsyncIterator[tuple[Sandbox, GameballClient]]:
    """A sandbox and a client of it, which works before and after what is done in between."""
    async with (
        Sandbox(service_time=Constant(0.3, queue=0.1)) as sandbox,
        client_of(sandbox, **options) as client,
    ):
        yield sandbox, client


def client_of(sandbox: Sandbox, **options: Any) -> GameballClient:
    return GameballClient(sandbox.api_key, sandbox.secret_key, base_url=sandbox.url, **options)


# -- cancelled at every step

RUNS: list[Bulk] = []


async def watch(client: GameballClient, job: Job) -> None:
    async for _ in client.watch(job, progress=True):
        pass


async def watch_all(client: GameballClient, job: Job) -> None:
    async with client.watch_all([job, job.id + 0]) as changes:
        async for _ in changes:
            pass


def bulk_of(client: GameballClient, concurrency: int) -> Bulk:
    rows = iter(ROWS)  # a list would be read in one go
    RUNS.append(client.bulk("customers", rows, concurrency=concurrency, look_ahead=AHEAD))
    return RUNS[-1]


async def bulk_one(client: GameballClient, _: Job) -> None:
    async with bulk_of(client, 1) as run:
        async for _event in run:
            pass


async def bulk_many(client: GameballClient, _: Job) -> None:
    async with bulk_of(client, 3) as run:
        await run.finish()


async def bulk_left(client: GameballClient, _: Job) -> None:
    async with bulk_of(client, 2) as run:
        async for _event in run:
            break


async def submit_all(client: GameballClient, _: Job) -> None:
    async with client.submit_all("customers", ROWS * 8, concurrency=2) as submissions:
        async for _submission in submissions:
            pass


async def submit_all_left(client: GameballClient, _: Job) -> None:
    async with client.submit_all("customers", ROWS * 8, concurrency=2) as submissions:
        await anext(submissions)


async def closed(client: GameballClient, _: Job) -> None:
    await client.aclose()


async def closed_while_busy(client: GameballClient, job: Job) -> None:
    async with bulk_of(client, 2) as run:
        await anext(run)
        await client.aclose()


async def opened_and_closed(client: GameballClient, _: Job) -> None:
    await client.aclose()
    async with client:
        await client.upsert_customer({"customerId": "c1"})


async def late(client: GameballClient, job: Job) -> None:
    with pytest.raises(DeadlineError):
        await client.wait(job, deadline=0.3)


Call = Callable[[GameballClient, Job], Awaitable[Any]]
SINGLE: dict[str, Call] = {
    "upsert": lambda client, _: client.upsert_customer({"customerId": "c1"}),
    "submit": lambda client, _: client.submit("customers", ROWS[:3]),
    "status": lambda client, job: client.status(job),
    "stop": lambda client, job: client.stop(job),
    "open and close": opened_and_closed,
    "close": closed,
}
LONG: dict[str, Call] = {
    "wait": lambda client, job: client.wait(job),
    "wait, too late": late,
    "watch": watch,
    "watch_all": watch_all,
    "bulk, one chunk at once": bulk_one,
    "bulk, finish": bulk_many,
    "bulk, left": bulk_left,
    "submit_all": submit_all,
    "submit_all, left": submit_all_left,
    "close while busy": closed_while_busy,
}


@frozen
class Cancelled:
    """One call that is cancelled, with all that must hold afterwards."""

    call: Call
    settle: float = 2.0

    async def __call__(self, cut: Cut) -> None:
        RUNS.clear()
        async with world() as (sandbox, client):
            job = await client.submit("customers", [{"customerId": "a"}])

            async def call() -> None:
                await self.call(client, job)

            await cut.run(call())
            for run in RUNS:
                assert run.report.rows == run.report.settled
            if client._engine is not None:
                await works(client)
                await anyio.sleep(self.settle)
                given_back(client)
        for run in RUNS:
            agrees_with_what_was_applied(run, sandbox)


async def works(client: GameballClient) -> None:
    with anyio.fail_after(60):
        assert await client.upsert_customer({"customerId": "b"})
        job = await client.submit("customers", [{"customerId": "b"}])
        assert (await client.status(job)).state is not JobState.FAILED


def given_back(client: GameballClient) -> None:
    """Each slot was counted or given back, nobody is in a queue, and no upload is under way."""
    assert client._engine is not None
    for dispatcher in client._engine._dispatchers:
        turns = dispatcher.turns
        assert turns.idle
        assert turns.uplink.under_way == 0
        assert not dispatcher._waiters
        turns.budget.next_free(anyio.current_time())
        assert not turns.budget._open
        counted = [*turns.budget._stamps, *turns.budget._firm]  # answered, or lost
        assert len(counted) == dispatcher.sent


def agrees_with_what_was_applied(run: Bulk, sandbox: Sandbox) -> None:
    """The report accounts for each row, and no row that it calls unsent was applied."""
    report = run.report
    assert report.rows == report.settled
    jobs = sandbox.service.jobs.values()
    arrived = sum(len(job.items()) for job in jobs if job.items()[0]["customerId"][0] == "c")
    assert report.succeeded <= arrived <= report.rows - report.unsent - report.rejected


@pytest.mark.usefixtures("virtual")
@pytest.mark.parametrize("call", [pytest.param(c, id=n) for n, c in {**SINGLE, **LONG}.items()])
def test_a_call_cancelled_at_any_step_is_cancelled_and_leaves_nothing_behind(call: Call) -> None:
    assert at_each_step(Cancelled(call), stride=9) > 3


@pytest.mark.parametrize("call", [pytest.param(c, id=n) for n, c in SINGLE.items()])
def test_a_call_cancelled_at_any_step_leaves_nothing_on_real_sockets(call: Call) -> None:
    async def main(cut: Cut) -> None:
        async with world() as (_sandbox, client):
            job = await client.submit("customers", [{"customerId": "a"}])

            async def cancelled() -> None:
                await call(client, job)

            await cut.run(cancelled())
            if client._engine is not None:
                await works(client)

    at_each_step(main, loop_factory=SteppedLoop)


def test_a_bulk_run_cancelled_at_sampled_steps_leaves_nothing_on_real_sockets() -> None:
    async def main(cut: Cut) -> None:
        RUNS.clear()
        async with world() as (sandbox, client):
            await cut.run(bulk_many(client, Job(1)))
            await works(client)
        for run in RUNS:
            agrees_with_what_was_applied(run, sandbox)

    with nothing_left():
        for step in (*range(0, 60, 6), 80, 100, 120, 150, 180):
            run_stepped(main, step, loop_factory=SteppedLoop)


@pytest.mark.usefixtures("virtual")
def test_no_event_is_lost_to_a_reader_that_is_cancelled_at_any_step_and_reads_on() -> None:
    async def main(cut: Cut) -> None:
        seen: list[int] = []
        submitted: list[Job] = []
        moved: list[Job] = []

        async def read(run: Bulk) -> None:
            async for event in run:
                if isinstance(event, Settled):
                    seen.extend(row.position for row in event.outcomes)
                elif isinstance(event, Submitted):
                    submitted.append(event.job)
                elif event.status.state.final:
                    moved.append(event.job)

        async with world() as (_, client), bulk_of(client, 2) as run:
            await cut.run(read(run))
            await read(run)
        assert sorted(seen) == list(range(len(ROWS)))
        assert len(set(submitted)) == len(submitted) == RUNS[-1].report.jobs > 1
        assert sorted(job.id for job in moved) == sorted(job.id for job in submitted)

    at_each_step(main, stride=3)


@pytest.mark.usefixtures("virtual")
def test_no_submission_is_lost_to_a_reader_that_is_cancelled_at_any_step_and_reads_on() -> None:
    async def main(cut: Cut) -> None:
        seen: list[int] = []

        async with (
            world() as (_, client),
            client.submit_all("customers", ROWS * 8, concurrency=2) as submissions,
        ):

            async def read() -> None:
                async for submission in submissions:
                    seen.extend(submission.positions)

            await cut.run(read())
            await read()
        assert sorted(seen) == list(range(len(ROWS) * 8))

    at_each_step(main, stride=3)


@pytest.mark.usefixtures("virtual")
def test_requests_that_were_cancelled_on_their_way_still_count_against_the_limits() -> None:
    async def main(_: Cut) -> None:
        async with Sandbox(latency=(0.0, 0.3)) as sandbox, client_of(sandbox) as client:
            job = await client.submit("customers", ROWS)

            async def impatient(seconds: float) -> None:
                with anyio.move_on_after(seconds):
                    await client.status(job)

            for _round in range(15):
                async with anyio.create_task_group() as tasks:
                    for n in range(60):
                        tasks.start_soon(impatient, n / 150)
            assert sandbox.peaks[1.0] == 30
            assert not sandbox.rate_limited

    run_stepped(main)


# -- at the same moment


@pytest.mark.usefixtures("virtual")
@pytest.mark.parametrize("scope", ["asyncio.timeout", "anyio.fail_after"])
def test_a_timeout_in_the_tick_of_the_answer_gives_either_and_leaves_nothing(scope: str) -> None:
    """Sandbox and network take an exact time here, so the limit can hit the very tick."""

    async def main(_: Cut) -> None:
        ended: set[str] = set()
        async with Sandbox(latency=(0.125, 0.125)) as sandbox, client_of(sandbox) as client:
            job = await client.submit("customers", ROWS)
            for n in range(-6, 7):
                limit = 0.25 + n * 1e-6
                clock = asyncio.timeout(limit) if scope == "asyncio.timeout" else None
                try:
                    async with clock or anyio_timeout(limit):
                        await client.status(job)
                    ended.add("answered")
                except TimeoutError:
                    ended.add("too late")
                task = asyncio.current_task()
                assert task is not None
                assert not task.cancelling()
            await anyio.sleep(2)
            given_back(client)
        assert ended == {"answered", "too late"}

    with nothing_left():
        run_stepped(main)


@asynccontextmanager
async def anyio_timeout(seconds: float) -> AsyncIterator[None]:
    with anyio.fail_after(seconds):
        yield


@pytest.mark.usefixtures("virtual")
@pytest.mark.parametrize("first", ["deadline", "cancel"])
def test_a_cancellation_in_the_tick_of_an_own_deadline_is_not_swallowed(first: str) -> None:
    async def main(_: Cut) -> None:
        async with (
            Sandbox(service_time=Constant(9)) as sandbox,
            client_of(sandbox) as client,
        ):
            job = await client.submit("customers", ROWS)
            loop = asyncio.get_running_loop()
            landed: list[bool] = []
            for n in range(-4, 5):
                task = loop.create_task(client.wait(job, deadline=0.1))
                if first == "deadline":
                    await asyncio.sleep(0)
                loop.call_at(loop.time() + 0.1 + n * 1e-6, lambda: landed.append(task.cancel()))  # noqa: B023
                await asyncio.wait([task])
                await anyio.sleep(0.001)
                assert task.cancelled() is landed[-1]
                if not task.cancelled():
                    assert isinstance(task.exception(), DeadlineError)
            assert set(landed) == {True, False}

    with nothing_left():
        run_stepped(main)


INTERRUPTED = """
import asyncio, gc, signal, sys, warnings
from gameball_async.client import GameballClient
from gameball_async.sandbox import Sandbox, Constant

# A shell that starts us in the background has the signal ignored, which is inherited.
signal.signal(signal.SIGINT, signal.default_int_handler)

async def main(doing, delay):
    asyncio.get_running_loop().call_later(delay, signal.raise_signal, signal.SIGINT)
    async with Sandbox(service_time=Constant(9)) as sandbox:
        async with GameballClient(
            sandbox.api_key, sandbox.secret_key, base_url=sandbox.url
        ) as client:
            rows = [{"customerId": f"c{n}"} for n in range(3000)]
            if doing == "bulk":
                async with client.bulk("customers", rows) as run:
                    await run.finish()
            elif doing == "wait":
                await client.wait(await client.submit("customers", rows[:1]))
            else:
                jobs = [await client.submit("customers", rows[:1])]
                async with asyncio.TaskGroup() as tasks:
                    for _ in range(50):
                        tasks.create_task(client.wait(jobs[0]))
                        tasks.create_task(client.upsert_customer(rows[0]))

for doing in ("bulk", "wait", "many"):
    for delay in (0.0, 0.005, 0.02, 0.1):
        try:
            asyncio.run(main(doing, delay))
        except KeyboardInterrupt:
            print(doing, delay)
        gc.collect()
"""


def test_an_interrupt_with_a_client_open_ends_in_keyboard_interrupt_and_not_one_warning() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", INTERRUPTED],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.stderr == ""
    assert len(run.stdout.splitlines()) == 12


# -- broken out of


def generator(closed: list[str], error: Exception | None = None) -> Iterator[dict[str, str]]:
    try:
        for n in range(100_000):
            yield {"customerId": f"c{n}"}
            if error is not None and n == 120:
                raise error
    finally:
        closed.append("closed")


async def async_generator(closed: list[str], pause: float = 0.0) -> AsyncIterator[dict[str, str]]:
    try:
        for n in range(100_000):
            if pause:
                await anyio.sleep(pause)
            yield {"customerId": f"c{n}"}
    finally:
        await anyio.lowlevel.checkpoint()
        closed.append("closed")


class MineError(Exception):
    pass


@pytest.mark.usefixtures("virtual")
@pytest.mark.parametrize("rows", [generator, async_generator])
@pytest.mark.parametrize("verb", ["bulk", "submit_all"])
@pytest.mark.parametrize("how", ["break", "return", "raise"])
def test_leaving_early_closes_the_rows_and_what_was_raised_comes_out_as_itself(
    how: str, verb: str, rows: Callable[[list[str]], Any]
) -> None:
    async def main(_: Cut) -> None:
        closed: list[str] = []
        async with world() as (_sandbox, client):

            async def leave() -> Any:
                opened = getattr(client, verb)("customers", rows(closed), concurrency=2)
                async with opened as stream:
                    async for _event in stream:
                        if how == "return":
                            return opened
                        if how == "raise":
                            raise MineError
                        break
                return opened

            if how == "raise":
                with pytest.raises(MineError) as caught:
                    await leave()
                assert caught.value.__context__ is None
            else:
                left = await leave()
                for read in (left.__anext__, left.__anext__):
                    with pytest.raises(ClosedError, match="closed: read"):
                        await read()
            assert closed == ["closed"]
            await works(client)

    with nothing_left():
        run_stepped(main)


@pytest.mark.usefixtures("virtual")
def test_an_error_in_a_block_of_watched_jobs_comes_out_as_itself() -> None:
    async def main(_: Cut) -> None:
        async with world() as (_sandbox, client):
            jobs = [await client.submit("customers", ROWS[:1]) for _ in range(3)]
            with pytest.raises(MineError):
                async with client.watch_all(jobs) as changes:
                    async for _change in changes:
                        raise MineError
            await works(client)

    with nothing_left():
        run_stepped(main)


@pytest.mark.usefixtures("virtual")
@pytest.mark.parametrize("verb", ["bulk", "submit_all"])
def test_a_stream_that_is_read_outside_of_its_block_says_so_instead_of_waiting(verb: str) -> None:
    async def main(_: Cut) -> None:
        async with world() as (_sandbox, client):
            stream = getattr(client, verb)("customers", ROWS)
            with anyio.fail_after(5), pytest.raises(ClosedError, match="async with"):
                await anext(stream)
            async with stream:
                with pytest.raises(ClosedError, match="already opened"):
                    await stream.__aenter__()
            never_entered = getattr(client, verb)("customers", ROWS)
            del never_entered, stream

    with nothing_left():
        run_stepped(main)


@pytest.mark.usefixtures("virtual")
@pytest.mark.parametrize("verb", ["bulk", "submit_all"])
def test_a_client_that_is_closed_under_a_reader_gives_it_one_plain_closed_error(verb: str) -> None:
    async def main(cut: Cut) -> None:
        async with Sandbox(service_time=Constant(9)) as sandbox:
            client = client_of(sandbox, quota=Quota((2, 60.0)))
            await client.open()
            opened = anyio.Event()

            async def read() -> None:
                rows = ({"customerId": f"c{n}"} for n in range(9000))
                async with getattr(client, verb)("customers", rows) as stream:
                    opened.set()
                    with anyio.fail_after(60), pytest.raises(ClosedError):
                        async for _event in stream:
                            pass
                if verb == "bulk":
                    assert stream.report.rows == stream.report.settled
                    assert not stream.report.complete

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(read)
                await opened.wait()
                for _step in range(cut.step):
                    await asyncio.sleep(0)
                await client.aclose()

    with nothing_left():
        for steps in range(0, 60, 3):
            run_stepped(main, steps)


# -- failing at any await


class BugError(Exception):
    """What should not happen."""


@pytest.mark.usefixtures("virtual")
def test_a_fault_of_the_library_at_any_send_reaches_everybody_who_waits_and_nobody_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent = nth = 0
    regular = AiohttpTransport.send
    monkeypatch.setattr(AiohttpTransport, "send", lambda *given: send(*given))

    async def send(self: AiohttpTransport, request: WireRequest) -> WireResponse:
        nonlocal sent
        sent += 1
        if sent > nth > 0:
            await anyio.sleep(0.01)
            raise BugError
        return await regular(self, request)

    async def main(cut: Cut) -> None:
        nonlocal sent, nth
        sent, nth = 0, cut.step
        ended: dict[str, BaseException | None] = {}

        async def keep(name: str, call: Callable[[], Awaitable[Any]]) -> None:
            try:
                await call()
                ended[name] = None
            except Exception as error:  # noqa: BLE001 - looked at below
                ended[name] = error

        async with world() as (_sandbox, client):
            with anyio.fail_after(600):
                async with anyio.create_task_group() as tasks:
                    for name, call in LONG.items():
                        if not name.startswith(("close", "wait, too")):
                            tasks.start_soon(keep, name, lambda c=call: c(client, Job(7, "events")))
                    tasks.start_soon(keep, "upsert", lambda: client.upsert_customer(ROWS[0]))
        assert len(ended) == len(LONG) - 1
        for name, error in ended.items():
            assert not isinstance(error, BaseExceptionGroup), name
            assert isinstance(error, (BugError, GameballError, type(None))), (name, error)
        assert any(error is not None for error in ended.values())
        assert any(isinstance(error, BugError) for error in ended.values()) or nth > 10

    RUNS.clear()
    with nothing_left():
        for step in range(1, 15):
            run_stepped(main, step)
    for run in RUNS:
        assert run.report.rows == run.report.settled


@pytest.mark.usefixtures("virtual")
def test_a_fault_while_a_job_is_polled_ends_all_waiting_with_closed_and_its_cause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    regular = AiohttpTransport.send

    async def send(self: AiohttpTransport, request: WireRequest) -> WireResponse:
        if request.method == "GET":
            raise BugError
        return await regular(self, request)

    async def main(_: Cut) -> None:
        async with world() as (_sandbox, client):
            job = await client.submit("customers", ROWS[:1])
            monkeypatch.setattr(AiohttpTransport, "send", send)
            with anyio.fail_after(60), pytest.raises(ClosedError) as caught:
                await client.wait(job)
            assert caught.value.__cause__ is not None
            with pytest.raises(ClosedError):
                await client.upsert_customer(ROWS[0])
            await client.aclose()
            monkeypatch.setattr(AiohttpTransport, "send", regular)
            await client.open()
            assert (await client.wait(job)).state is JobState.COMPLETED

    with nothing_left():
        run_stepped(main)


@pytest.mark.usefixtures("virtual")
@pytest.mark.parametrize("verb", ["bulk", "submit_all"])
def test_rows_that_raise_never_come_or_clean_up_badly_are_the_callers_and_no_fault_of_the_client(
    verb: str,
) -> None:
    async def never() -> AsyncIterator[dict[str, str]]:
        yield {"customerId": "c0"}
        await anyio.sleep_forever()

    def dirty() -> Iterator[dict[str, str]]:
        try:
            yield from ({"customerId": f"c{n}"} for n in count())
        finally:
            raise MineError

    async def async_dirty() -> AsyncIterator[dict[str, str]]:
        try:
            for n in count():
                yield {"customerId": f"c{n}"}
        finally:
            await anyio.lowlevel.checkpoint()
            raise MineError

    async def endless() -> AsyncIterator[dict[str, str]]:
        try:
            yield {"customerId": "c0"}
            await anyio.sleep_forever()
        finally:
            await anyio.sleep_forever()

    async def main(_: Cut) -> None:
        async with world() as (_sandbox, client):
            begin = getattr(client, verb)
            with anyio.fail_after(60), pytest.raises(MineError):
                async with begin("customers", generator([], MineError())) as stream:
                    async for _event in stream:
                        pass
            for rows in (never(), dirty(), async_dirty(), endless()):
                with anyio.fail_after(60):
                    async with begin("customers", rows, concurrency=2) as stream:
                        with anyio.move_on_after(1):
                            async for _event in stream:
                                break
                    await works(client)
            with anyio.fail_after(60):
                async with begin("customers", async_generator([], pause=0.01)) as stream:
                    with anyio.move_on_after(1):
                        await anext(stream)
            await works(client)

    with nothing_left():
        run_stepped(main)


@pytest.mark.usefixtures("virtual")
def test_a_lent_session_that_somebody_closed_ends_every_call_with_a_plain_error() -> None:
    async def main(_: Cut) -> None:
        async with (
            Sandbox() as sandbox,
            virtual_session() as session,
            client_of(sandbox, session=session) as client,
        ):
            job = await client.submit("customers", ROWS[:1])
            await session.close()
            for call in (
                client.status(job),
                client.wait(job),
                client.stop(job),
                client.upsert_customer(ROWS[0]),
                client.submit("customers", ROWS[:1]),
            ):
                with anyio.fail_after(5), pytest.raises(ClosedError, match="session"):
                    await call
            with anyio.fail_after(5), pytest.raises(ClosedError, match="session"):
                async with client.bulk("customers", ROWS) as run:
                    await run.finish()
            assert run.report.rows == run.report.settled

    with nothing_left():
        run_stepped(main)


def test_a_run_with_a_journal_cancelled_at_sampled_steps_lets_the_file_go_and_can_be_resumed(
    tmp_path: Path,
) -> None:
    async def main(cut: Cut) -> None:
        path = tmp_path / f"{cut.step}.db"
        async with (
            Sandbox(service_time=Constant(0.01)) as sandbox,
            client_of(sandbox) as client,
        ):

            async def call() -> None:
                async with client.bulk("customers", ROWS, look_ahead=AHEAD, journal=path) as run:
                    await run.finish()

            await cut.run(call())
            if path.exists():
                async with client.resume(path, ROWS) as run:
                    report = await run.finish()
                assert report.succeeded == report.rows == len(ROWS)

    with nothing_left():
        for step in (*range(0, 12, 2), 15, 20, 30, 45, 60, 80, 110):
            run_stepped(main, step, loop_factory=SteppedLoop)


@pytest.mark.usefixtures("virtual")
def test_an_async_generator_that_never_waits_does_not_hold_the_loop() -> None:
    turn = 0
    read_in_turn: Counter[int] = Counter()

    async def rows() -> AsyncIterator[dict[str, str]]:
        for n in range(3000):
            read_in_turn[turn] += 1
            yield {"customerId": f"c{n}"}

    async def count_turns() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    async def main(_: Cut) -> None:
        async with world() as (_sandbox, client):
            counting = asyncio.create_task(count_turns())
            async with client.bulk("customers", rows()) as run:
                await anext(run)
            counting.cancel()
            await asyncio.wait([counting])

    run_stepped(main)
    assert read_in_turn.total() >= 1000
    assert max(read_in_turn.values()) <= 100
