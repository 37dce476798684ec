"""One poll loop for all jobs and watchers, and deadlines: on a clock that jumps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import anyio
import orjson
import pytest

from gameball_async.api.jobs import JobState, JobStatus
from gameball_async.client import GameballClient
from gameball_async.errors import AnswerLostError, DeadlineError, UnknownJobError
from gameball_async.sandbox import Constant, Sandbox
from tests.engine_virtual import TRIP, at, polls, submit


def test_five_watchers_of_a_job_cost_no_more_polls_than_one() -> None:
    def watched_by(watchers: int) -> int:
        sandbox = Sandbox(latency=TRIP, service_time=Constant(20.0))

        async def main(client: GameballClient) -> None:
            job = await submit(client)
            async with anyio.create_task_group() as tasks:
                for _ in range(watchers):
                    tasks.start_soon(client.wait, job)

        at(sandbox, main)
        return polls(sandbox)

    assert watched_by(5) == watched_by(1)


def test_a_watcher_that_joins_late_sees_the_present_state_first_and_at_once() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(60.0))

    async def main(client: GameballClient) -> tuple[float, JobState, JobState | None]:
        job = await submit(client)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.wait, job)
            await anyio.sleep(10)
            began = anyio.current_time()
            change = await anext(client.watch(job))
            took = anyio.current_time() - began
            tasks.cancel_scope.cancel()
        return took, change.status.state, change.before

    assert at(sandbox, main) == (0.0, JobState.RUNNING, None)


def test_a_slow_reader_holds_up_nobody_and_loses_no_transition() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(5.0, queue=3.0))

    async def main(client: GameballClient) -> tuple[float, list[JobState]]:
        jobs = [await submit(client, f"c{number}") for number in range(5)]
        began, seen = anyio.current_time(), []
        quick = 0.0

        async def wait_all() -> None:
            nonlocal quick
            for job in jobs:
                await client.wait(job)
            quick = anyio.current_time() - began

        async with anyio.create_task_group() as tasks, client.watch_all(jobs) as changes:
            tasks.start_soon(wait_all)
            async for change in changes:
                if change.job == jobs[0]:
                    seen.append(change.status.state)
                await anyio.sleep(30)
        return quick, seen

    quick, seen = at(sandbox, main)
    assert quick < 12
    assert seen == [JobState.QUEUED, JobState.RUNNING, JobState.COMPLETED]


def test_of_changed_counts_a_slow_reader_of_many_jobs_gets_only_the_latest() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(300.0))
    items = [{"customerId": f"c{number}"} for number in range(100)]

    async def main(client: GameballClient) -> Counter[int]:
        jobs = [await client.submit("customers", items) for _ in range(3)]
        counts: Counter[int] = Counter()
        async with client.watch_all(jobs, progress=True) as changes:
            await anyio.sleep(250)
            while changes.open:
                news = await changes.next_news()
                assert news is not None
                assert not isinstance(news, tuple)
                if news.moved and news.status.state.final:
                    break
                counts[news.job.id] += not news.moved
                if len(counts) == 3 and sum(counts.values()) >= 3:
                    break
        return counts

    assert set(at(sandbox, main).values()) == {1}


@pytest.mark.parametrize("progress", [True, False])
@pytest.mark.parametrize("jobs", [1, 10])
@pytest.mark.parametrize("span", [0.1, 1.0, 5.0, 20.0, 56.0, 90.0, 600.0, 3600.0])
def test_the_end_of_few_jobs_is_seen_late_by_a_second_and_a_twentieth_of_their_age_at_most(
    span: float, jobs: int, progress: bool
) -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(span), progress=progress)

    async def main(client: GameballClient) -> list[float]:
        late = []

        async def wait(name: str) -> None:
            job = await submit(client, name)
            began = anyio.current_time()
            await client.wait(job)
            late.append(anyio.current_time() - began - span)

        async with anyio.create_task_group() as tasks:
            for number in range(jobs):
                tasks.start_soon(wait, f"c{number}")
        return late

    assert max(at(sandbox, main)) <= 1.0 + 0.05 * span
    assert max(sandbox.peaks.values()) < 200


def test_a_job_of_a_tenth_of_a_second_is_known_within_three() -> None:
    sandbox = Sandbox(latency=(0.001, 0.002), service_time=Constant(0.1))

    async def main(client: GameballClient) -> float:
        job = await submit(client)
        began = anyio.current_time()
        await client.wait(job)
        return anyio.current_time() - began

    assert at(sandbox, main) < 0.3


@pytest.mark.parametrize("queue", [0.0, 1.5])
def test_the_end_of_a_short_job_is_seen_within_one_and_a_half_seconds(queue: float) -> None:
    for span in (0.2, 0.7, 1.0, 1.4, 2.0, 2.5, 3.0):
        sandbox = Sandbox(latency=TRIP, service_time=Constant(span, queue=queue))

        async def main(client: GameballClient) -> float:
            job = await submit(client)
            began = anyio.current_time()
            await client.wait(job)
            return anyio.current_time() - began

        assert at(sandbox, main) < span + queue + 1.5


def test_a_short_job_is_seen_soon_although_stuck_ones_are_open() -> None:
    class Mixed(Constant):
        def seconds(self, rows: int, chance: Callable[[], float]) -> float:
            return 3.0 if rows == 2 else 50_000.0

    sandbox = Sandbox(latency=TRIP, service_time=Mixed(1.0))

    async def main(client: GameballClient) -> float:
        stuck = [await submit(client, f"c{number}") for number in range(50)]
        async with anyio.create_task_group() as tasks:
            for job in stuck:
                tasks.start_soon(client.wait, job)
            await anyio.sleep(3600)
            job = await client.submit("customers", [{"customerId": "a"}, {"customerId": "b"}])
            began = anyio.current_time()
            await client.wait(job)
            took = anyio.current_time() - began
            tasks.cancel_scope.cancel()
        return took

    assert at(sandbox, main) < 3.0 + 2.6
    assert polls(sandbox) < 50 * 40


def test_jobs_known_only_by_number_are_asked_about_at_once() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(1.0))

    async def main(client: GameballClient) -> float:
        jobs = [await submit(client, f"c{number}") for number in range(20)]
        await anyio.sleep(60)
        began = anyio.current_time()
        async with client.watch_all([job.id for job in jobs]) as changes:
            states = [change.status.state async for change in changes]
        assert states == [JobState.COMPLETED] * 20
        return anyio.current_time() - began

    assert at(sandbox, main) < 1.5
    assert polls(sandbox) == 20


def test_nothing_is_asked_once_nobody_watches() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(600.0))

    async def main(client: GameballClient) -> int:
        job = await submit(client)
        async for _ in client.watch(job):
            break
        before = polls(sandbox)
        await anyio.sleep(3600)
        return polls(sandbox) - before

    assert at(sandbox, main) == 0


def test_a_deadline_ends_the_wait_with_the_job_and_its_last_status_and_it_can_be_had_again() -> (
    None
):
    sandbox = Sandbox(latency=TRIP, service_time=Constant(60.0))
    items = [{"customerId": f"c{number}"} for number in range(100)]

    async def main(client: GameballClient) -> None:
        job = await client.submit("customers", items)
        began = anyio.current_time()
        with pytest.raises(DeadlineError) as caught:
            await client.wait(job, deadline=30)
        assert anyio.current_time() - began == pytest.approx(30, abs=0.01)
        assert caught.value.job == job
        status = caught.value.status
        assert status is not None
        assert status.state is JobState.RUNNING
        assert (status.finished or 0) > 10
        assert (await client.wait(job)).state is JobState.COMPLETED

    at(sandbox, main)


def test_a_deadline_before_the_first_answer_has_no_status() -> None:
    sandbox = Sandbox(latency=(2.0, 2.0), service_time=Constant(60.0))

    async def main(client: GameballClient) -> None:
        job = await submit(client)
        with pytest.raises(DeadlineError) as caught:
            async for _ in client.watch(job, deadline=1.0):
                pass
        assert caught.value.status is None

    at(sandbox, main)


def test_a_job_that_nothing_moves_in_shows_for_how_long() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(1000.0), progress=False)

    async def main(client: GameballClient) -> float:
        job = await submit(client)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.wait, job)
            await anyio.sleep(300)
            stalled = client.stalled_for(job)
            tasks.cancel_scope.cancel()
        assert client.stalled_for(job) == 0.0
        return stalled

    assert 295 < at(sandbox, main) <= 300


def test_an_unknown_job_is_told_and_does_not_stop_the_others() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(5.0))

    async def main(client: GameballClient) -> None:
        job = await submit(client)
        with pytest.raises(UnknownJobError):
            await client.wait(999)
        assert (await client.wait(job)).state is JobState.COMPLETED

    at(sandbox, main)


def test_a_job_that_nothing_is_heard_of_for_an_hour_is_given_up() -> None:
    sandbox = Sandbox(latency=TRIP)
    sandbox.faults.error_before(503, on="poll", times=None)

    async def main(client: GameballClient) -> float:
        job = await submit(client)
        with pytest.raises(AnswerLostError, match="for 60 minutes"):
            await client.wait(job, deadline=10_000)
        return anyio.current_time()

    assert 3600 < at(sandbox, main) < 3700


def test_an_answer_in_between_begins_the_hour_anew() -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(6000.0), progress=False)

    async def main(client: GameballClient) -> JobState:
        job = await submit(client)
        async with anyio.create_task_group() as tasks:

            async def fall_silent() -> None:
                for _ in range(2):
                    sandbox.faults.error_before(503, on="poll", times=None)
                    await anyio.sleep(2400)
                    sandbox.faults.clear()
                    await anyio.sleep(300)

            tasks.start_soon(fall_silent)
            status = await client.wait(job, deadline=10_000)
        return status.state

    assert at(sandbox, main) is JobState.COMPLETED


@pytest.mark.parametrize(("missing_for", "found"), [(150.0, True), (400.0, False)])
def test_a_young_job_that_is_not_found_is_asked_for_again_for_200_seconds(
    missing_for: float, found: bool
) -> None:
    sandbox = Sandbox(latency=TRIP, service_time=Constant(1.0))

    async def main(client: GameballClient) -> None:
        await client.wait(await submit(client))  # the path is known: a 404 is about the job
        job = await submit(client, "c2")
        sandbox.faults.answer(404, b"{}", on="poll", times=None, commit=False)
        async with anyio.create_task_group() as tasks:

            async def appear() -> None:
                await anyio.sleep(missing_for)
                sandbox.faults.clear()

            tasks.start_soon(appear)
            if found:
                assert (await client.wait(job)).state is JobState.COMPLETED
                return
            began = anyio.current_time()
            with pytest.raises(UnknownJobError):
                await client.wait(job)
            assert 200 < anyio.current_time() - began < missing_for
            tasks.cancel_scope.cancel()

    at(sandbox, main)


def told_of(before: list[str], end: list[str]) -> JobStatus:
    """The final status of a job that lists *before* while it runs, and *end* when it has ended."""
    sandbox = Sandbox(latency=TRIP)
    for state, names in (("running", before), ("completed", end)):
        lists = {"successful": [{"customerId": name} for name in names], "failed": []}
        body = orjson.dumps({"status": state, "response": lists})
        sandbox.faults.answer(200, body, on="poll", times=1, commit=False)

    async def main(client: GameballClient) -> JobStatus:
        return await client.wait(await submit(client))

    return at(sandbox, main)


@pytest.mark.parametrize(
    ("before", "end", "kept"), [("ab", "a", 2), ("a", "", 1), ("ab", "cd", None), ("a", "ab", None)]
)
def test_an_earlier_answer_is_kept_for_an_end_that_lists_fewer_rows(
    before: str, end: str, kept: int | None
) -> None:
    earlier = told_of(list(before), list(end)).earlier
    assert (None if earlier is None else len(earlier)) == kept


def test_lists_beyond_the_budget_are_as_if_they_had_never_been_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gameball_async.jobs.watch.KEPT", 10)
    assert told_of(["a", "b"], ["a"]).earlier is None
