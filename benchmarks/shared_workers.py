"""Processes that share one account's quota through one Redis, and ask for a job's status all the time."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection

from attrs import define

from gameball_async import GameballClient, Quota
from gameball_async.redis import RedisQuota

__all__ = ["Windows", "Worker", "workers"]

Windows = tuple[tuple[int, float], ...]
ASKING = 8
"""Callers in each process."""


def _work(pipe: Connection, origin: str, keys: tuple[str, str], url: str, windows: Windows) -> None:
    """Ask for a job's status as fast as allowed from "go" to "stop"; say how often when asked."""
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
            asking = [loop.create_task(ask(client, job.id)) for _ in range(ASKING)]
            while await loop.run_in_executor(None, pipe.recv) == "count":
                pipe.send(answered)
            for task in asking:
                task.cancel()
            ended = await asyncio.gather(*asking, return_exceptions=True)
            assert all(isinstance(error, asyncio.CancelledError) for error in ended), ended
        pipe.send(answered)

    asyncio.run(main())


@define
class Worker:
    """One process at work."""

    process: multiprocessing.process.BaseProcess
    pipe: Connection

    def kill(self) -> None:
        """As by ``kill -9``."""
        self.process.kill()
        self.process.join(10)

    def count(self) -> int:
        """How many answers it has had so far."""
        return self._say("count")

    def stop(self) -> int:
        """End it; gives how many answers it has had."""
        return self._say("stop")

    def _say(self, word: str) -> int:
        self.pipe.send(word)
        answered = self.pipe.recv()
        assert isinstance(answered, int)
        return answered


@contextmanager
def workers(
    origin: str, keys: Sequence[str], url: str, windows: Windows, count: int = 4
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
