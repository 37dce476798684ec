"""Four processes, one account, one Redis: within the limits together, as the sandbox counts them."""

from __future__ import annotations

import os
import signal
import time

import pytest

from benchmarks.redis_server import RedisServer
from benchmarks.sandbox_process import Books, sandbox_process
from benchmarks.shared_workers import Windows, workers

WINDOWS: Windows = ((12, 0.4), (40, 3.0))
SHORT: Windows = ((12, 0.4), (24, 1.2))
LATENCY = (0.0, 0.03)


def within(books: Books, windows: Windows = WINDOWS) -> None:
    assert books.rate_limited == 0
    for limit, seconds in windows:
        assert books.peaks[seconds] <= limit


@pytest.mark.long
def test_together_they_are_never_above_the_limits_and_each_has_its_part(
    redis_server: RedisServer,
) -> None:
    with (
        sandbox_process(limits=WINDOWS, latency=LATENCY) as ((origin, *keys), ask),
        workers(origin, keys, redis_server.url, WINDOWS) as four,
    ):
        time.sleep(7)
        answered = [worker.stop() for worker in four]
        books = ask()
    within(books)
    assert sum(answered) > 40
    assert min(answered) > 0.6 * max(answered)  # the benchmark tells exactly


@pytest.mark.long
def test_they_stay_within_when_one_is_killed_and_redis_is_killed_and_restarted(
    redis_server: RedisServer,
) -> None:
    with (
        sandbox_process(limits=SHORT, latency=LATENCY) as ((origin, *keys), ask),
        workers(origin, keys, redis_server.url, SHORT) as four,
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
@pytest.mark.long
def test_a_worker_that_was_frozen_uses_no_permit_of_before(redis_server: RedisServer) -> None:
    with (
        sandbox_process(limits=WINDOWS, latency=LATENCY) as ((origin, *keys), ask),
        workers(origin, keys, redis_server.url, WINDOWS, 2) as two,
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
