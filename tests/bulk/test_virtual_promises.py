"""What is promised about polling, limits and deadlines, each sentence on a virtual clock."""

from __future__ import annotations

from typing import Any

import anyio
import anyio.lowlevel
import pytest

from benchmarks.virtual import run_virtual
from gameball_async.api.jobs import Job, JobState, Transition
from gameball_async.api.kinds import KINDS
from gameball_async.errors import DeadlineError
from gameball_async.jobs.changes import Changes
from gameball_async.limits.queue import Rank
from gameball_async.sandbox import Constant, Workers
from gameball_async.session import Engine, RunOptions
from tests.engine_items import item
from tests.loopback import Loopback, LoopbackEngine


async def submit(engine: Engine, kind: str = "customers") -> Job:
    result = await engine.submitter.submit(KINDS[kind], [b'{"customerId":"c1"}'])
    job = getattr(result, "job", None)
    assert isinstance(job, Job), result
    return job


def polls_of(wire: Loopback) -> int:
    return sum(request.method == "GET" for request in wire.sent)


@pytest.mark.parametrize("progress", [True, False])
@pytest.mark.parametrize(
    ("seconds", "most_polls", "most_late"), [(600.0, 150, 31.0), (3.0, 40, 1.15)]
)
def test_a_job_alone_is_seen_soon_with_polls_by_its_age(
    seconds: float, most_polls: int, most_late: float, progress: bool
) -> None:
    wire = Loopback(latency=(0.02, 0.08), service_time=Constant(seconds), progress=progress)

    async def main() -> float:
        async with LoopbackEngine(wire) as engine:
            changes = Changes(engine.watch)
            changes.add(await submit(engine), submitted=True)
            async for _ in changes:
                pass
            return anyio.current_time()

    assert run_virtual(main) - seconds < most_late
    assert polls_of(wire) <= most_polls


def test_five_watchers_of_a_job_cost_no_more_polls_than_one() -> None:
    def polls(watchers: int) -> int:
        wire = Loopback(service_time=Constant(30.0))

        async def main() -> None:
            async with LoopbackEngine(wire) as engine:
                job = await submit(engine)
                async with anyio.create_task_group() as tasks:
                    for _ in range(watchers):
                        tasks.start_soon(read_all, engine, job)

        run_virtual(main)
        return polls_of(wire)

    assert polls(5) == polls(1)


async def read_all(engine: Engine, job: Job) -> list[Transition]:
    changes = Changes(engine.watch)
    changes.add(job, submitted=True)
    return [change async for change in changes]


def test_a_late_watcher_is_told_the_present_state_before_anything_is_asked() -> None:
    wire = Loopback(service_time=Constant(60.0))

    async def main() -> tuple[JobState, int]:
        async with LoopbackEngine(wire) as engine:
            job = await submit(engine)
            first = Changes(engine.watch)
            first.add(job, submitted=True)
            await anext(first)
            asked = polls_of(wire)
            late = Changes(engine.watch)
            late.add(job)
            return (await anext(late)).status.state, polls_of(wire) - asked

    assert run_virtual(main) == (JobState.RUNNING, 0)


def test_a_slow_reader_holds_up_nobody_and_misses_no_transition() -> None:
    wire = Loopback(service_time=Constant(5.0, queue=2.0))

    async def main() -> tuple[float, list[JobState], list[JobState]]:
        async with LoopbackEngine(wire) as engine:
            job = await submit(engine)
            slow = Changes(engine.watch)
            slow.add(job, submitted=True)
            quick = [change.status.state for change in await read_all(engine, job)]
            ended = anyio.current_time()
            await anyio.sleep(1000)
            return ended, quick, [change.status.state async for change in slow]

    ended, quick, slow = run_virtual(main)
    assert quick == slow == [JobState.QUEUED, JobState.RUNNING, JobState.COMPLETED]
    assert ended < 9


def test_a_job_that_does_not_move_is_said_to_stand_still() -> None:
    wire = Loopback(service_time=Constant(500.0), progress=False)

    async def main() -> float:
        async with LoopbackEngine(wire) as engine:
            job = await submit(engine)
            changes = Changes(engine.watch)
            changes.add(job, submitted=True)
            await anext(changes)
            await anyio.sleep(300)
            return engine.watch.stalled_for(job.id)

    assert run_virtual(main) > 290


def test_a_deadline_ends_the_wait_on_time_and_the_job_can_be_watched_again() -> None:
    wire = Loopback(service_time=Constant(100.0))

    async def main() -> tuple[float, DeadlineError, JobState]:
        async with LoopbackEngine(wire) as engine:
            job = await submit(engine)
            started = anyio.current_time()
            changes = Changes(engine.watch, deadline=20.0)
            changes.add(job, submitted=True)
            with pytest.raises(DeadlineError) as caught:
                async for _ in changes:
                    pass
            late = anyio.current_time() - started
            again = await read_all(engine, job)
            return late, caught.value, again[-1].status.state

    late, error, state = run_virtual(main)
    assert late == pytest.approx(20.0, abs=0.01)
    assert error.job.kind == "customers"
    assert error.status is not None
    assert state is JobState.COMPLETED


def test_others_on_the_account_slow_us_down_fail_no_row_and_we_recover() -> None:
    wire = Loopback(latency=(0.01, 0.05), service_time=Constant(1.0), others_per_second=8.0)
    rows = [item("events", f"c{n}", n) for n in range(3000)]
    shares: list[float] = []

    async def main() -> tuple[Any, float]:
        async with LoopbackEngine(wire) as engine:
            budget = engine.dispatcher.turns.budget

            async def note() -> None:
                while True:
                    shares.append(budget.share(anyio.current_time()))
                    await anyio.sleep(0.5)

            kind = KINDS["events"]
            run = engine.bulk(
                kind, rows, RunOptions(concurrency=8, chunking=kind.chunking, max_items=5)
            )
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(note)
                async with run:
                    report = await run.finish()
                tasks.cancel_scope.cancel()
            await anyio.sleep(15)
            return report, budget.share(anyio.current_time())

    report, recovered = run_virtual(main)
    assert report.succeeded == 3000
    assert report.rate_limited > 0
    assert min(shares) <= 0.5
    assert recovered == 1.0


def test_after_a_pause_the_callers_do_not_come_back_as_a_herd() -> None:
    wire = Loopback(latency=(0.01, 0.05))
    sent: list[float] = []

    async def main() -> None:
        async with LoopbackEngine(wire) as engine:
            budget = engine.dispatcher.turns.budget
            budget.limited(budget.take(0.0), 0.0, 0.0, 5.0)

            async def noting(number: int) -> None:
                await engine.submitter.submit(
                    KINDS["customers"], [b'{"customerId":"c%d"}' % number]
                )
                sent.append(anyio.current_time())

            async with anyio.create_task_group() as tasks:
                for number in range(30):
                    tasks.start_soon(noting, number)

    run_virtual(main)
    assert min(sent) >= 5.0
    for start in sent:
        assert sum(1 for at in sent if start <= at < start + 1.0) <= 12


def test_a_cancelled_waiter_gives_its_place_and_its_slot_back() -> None:
    wire = Loopback(latency=(1.0, 1.0))

    async def main() -> int:
        async with LoopbackEngine(wire) as engine:
            turns = engine.dispatcher.turns
            for _ in range(30):
                turns.budget.answered(turns.budget.take(0.0), 0.0)
            with anyio.move_on_after(0.5):
                await submit(engine)
            assert turns.idle
            await anyio.sleep(2)
            await submit(engine)
            return len(turns._queues[Rank.SUBMIT])

    assert run_virtual(main) == 0
    assert len(wire.sent) == 1


def test_jobs_behind_a_slow_server_are_asked_in_the_order_they_will_end() -> None:
    wire = Loopback(latency=(0.01, 0.05), service_time=Workers(1, 1.0))
    rows = [item("customers", f"c{n}", n) for n in range(40)]

    async def main() -> Any:
        async with LoopbackEngine(wire) as engine:
            kind = KINDS["customers"]
            run = engine.bulk(
                kind, rows, RunOptions(concurrency=8, chunking=kind.chunking, max_items=1)
            )
            async with run:
                return await run.finish()

    report = run_virtual(main)
    assert report.all_succeeded
    assert report.seconds < 40 * 1.1
    assert report.polls <= 40 * 3.2
