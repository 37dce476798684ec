"""Four processes, one account, one Redis: within the limits together, as the sandbox counts them."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import pytest
from attrs import define

from benchmarks.sandbox_process import Books, sandbox_process
from gameball_async import GameballClient, Quota
from gameball_async.redis import RedisQuota
from tests.shared_quota.redis_server import RedisServer

Windows = tuple[tuple[int, float], ...]
WINDOWS: Windows = ((12, 0.4), (40, 3.0))
SHORT: Windows = ((12, 0.4), (24, 1.2))
LATENCY = (0.0, 0.03)


def _work(pipe: Connection, origin: str, keys: tuple[str, str], url: str, windows: Windows) -> None:
    """Ask for a job's status as fast as allowed from "go" to "stop"; tell how often it was."""
    answered = 0

    async def ask(client: GameballClient, job: int) -> None:
        nonlocal answered
        while True:
            await client.status(job)
            answered += 1

    async def main() -> None:
        shared = RedisQuota(url, patience=0.5)
        loop = asyncio.get_running_loop()
        async with GameballClient(
            *keys, base_url=origin, quota=Quota(*windows), shared_quota=shared
        ) as client:
            job = await client.submit("customers", [{"customerId": "c"}])
            pipe.send("ready")
            await loop.run_in_executor(None, pipe.recv)
            asking = [loop.create_task(ask(client, job.id)) for _ in range(8)]
            await loop.run_in_executor(None, pipe.recv)
            for task in asking:
                task.cancel()
            ended = await asyncio.gather(*asking, return_exceptions=True)
            assert all(isinstance(error, asyncio.CancelledError) for error in ended), ended
        pipe.send(answered)

    asyncio.run(main())


@define
class Worker:
    process: multiprocessing.process.BaseProcess
    pipe: Connection

    def kill(self) -> None:
        self.process.kill()
        self.process.join(10)

    def stop(self) -> int:
        self.pipe.send("stop")
        answered = self.pipe.recv()
        assert isinstance(answered, int)
        return answered


@contextmanager
def workers(
    origin: str, keys: list[str], url: str, count: int = 4, windows: Windows = WINDOWS
) -> Iterator[list[Worker]]:
    """So many processes, all of them at work at once from now on."""
    context = multiprocessing.get_context("spawn")
    made = []
    for _ in range(count):
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, origin, tuple(keys), url, windows))
        process.start()
        theirs.close()
        made.append(Worker(process, ours))
    try:
        for worker in made:
            assert worker.pipe.recv() == "ready"
        for worker in made:
            worker.pipe.send("go")
        yield made
        for worker in made:
            worker.process.join(10)
    finally:
        for worker in made:
            worker.kill()


def within(books: Books, windows: Windows = WINDOWS) -> None:
    assert books.rate_limited == 0
    for limit, seconds in windows:
        assert books.peaks[seconds] <= limit


def test_together_they_are_never_above_the_limits_and_each_has_its_part(
    redis_server: RedisServer,
) -> None:
    with (
        sandbox_process(limits=WINDOWS, latency=LATENCY) as ((origin, *keys), ask),
        workers(origin, keys, redis_server.url) as four,
    ):
        time.sleep(7)
        answered = [worker.stop() for worker in four]
        books = ask()
    within(books)
    assert sum(answered) > 40
    assert min(answered) > 0.6 * max(answered)  # the benchmark tells exactly


def test_they_stay_within_when_one_is_killed_and_redis_is_killed_and_restarted(
    redis_server: RedisServer,
) -> None:
    with (
        sandbox_process(limits=SHORT, latency=LATENCY) as ((origin, *keys), ask),
        workers(origin, keys, redis_server.url, windows=SHORT) as four,
    ):
        time.sleep(1)
        four[0].kill()
        time.sleep(0.5)
        redis_server.kill()
        time.sleep(0.3)
        redis_server.start()
        time.sleep(3)
        before = ask().counts["poll"]
        redis_server.freeze()
        time.sleep(6)
        alone = ask().counts["poll"]
        redis_server.thaw()
        time.sleep(3)
        answered = [worker.stop() for worker in four[1:]]
        books = ask()
    within(books, SHORT)
    assert before < alone < books.counts["poll"]
    assert min(answered) > 0


@pytest.mark.timeout(60)
def test_a_worker_that_was_frozen_uses_no_permit_of_before(redis_server: RedisServer) -> None:
    with (
        sandbox_process(limits=WINDOWS, latency=LATENCY) as ((origin, *keys), ask),
        workers(origin, keys, redis_server.url, 2) as two,
    ):
        time.sleep(1)
        for _ in range(4):
            pid = two[0].process.pid
            assert pid is not None
            os.kill(pid, signal.SIGSTOP)
            time.sleep(0.6)
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.3)
        for worker in two:
            worker.stop()
        books = ask()
    within(books)
