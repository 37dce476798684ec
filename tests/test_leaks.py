"""Opened, used, cancelled and closed many times over: no task, socket, descriptor or warning left."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import socket
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import pytest

from gameball_async.client import GameballClient
from gameball_async.sandbox import Constant, Sandbox
from tests.steps import Cut, SteppedLoop, nothing_left, run_stepped

CYCLES = 200
ROWS = [{"customerId": f"c{n}"} for n in range(1100)]
DESCRIPTORS = Path("/proc/self/fd")


def descriptors() -> dict[str, str]:
    """What this process has open; nothing where the system does not tell."""
    if not DESCRIPTORS.is_dir():
        return {}
    found = {}
    for entry in os.listdir(DESCRIPTORS):
        try:
            found[entry] = os.readlink(DESCRIPTORS / entry)
        except OSError:
            continue  # the listing's own
    return found


async def used(client: GameballClient, how: int) -> None:
    """One way of using a client, some of which are left in the middle."""
    match how % 5:
        case 0:
            await client.upsert_customer({"customerId": "c1"})
            await client.submit("customers", ROWS[:2])
        case 1:
            job = await client.submit("customers", ROWS[:1])
            async for _change in client.watch(job):
                break
        case 2:
            async with client.bulk("customers", iter(ROWS), concurrency=2) as run:
                await anext(run)
        case 3:
            async with client.submit_all("customers", iter(ROWS), concurrency=2) as submissions:
                await anext(submissions)
        case _:
            async with asyncio.TaskGroup() as tasks:
                job = await client.submit("customers", ROWS[:1])
                waiting = [tasks.create_task(client.wait(job)) for _ in range(3)]
                await asyncio.sleep(0)
                for task in waiting:
                    task.cancel()


async def cycle(sandbox: Sandbox, how: int, chance: random.Random) -> None:
    client = GameballClient(sandbox.api_key, sandbox.secret_key, base_url=sandbox.url)
    async with client:
        if how % 2:
            await used(client, how)
            return
        task = asyncio.get_running_loop().create_task(used(client, how // 2))
        for _ in range(chance.randrange(40)):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])


def test_200_cycles_of_open_use_cancel_and_close_leave_no_task_socket_or_descriptor() -> None:
    found: dict[str, Any] = {}

    async def main(_: Cut) -> None:
        chance = random.Random(5)
        async with Sandbox(service_time=Constant(60), limits=None) as sandbox:
            for how in range(CYCLES):
                if how == 20:  # what is opened once, such as the loop's own, is open now
                    await anyio.sleep(0.01)
                    found["tasks"] = len(asyncio.all_tasks())
                    found["before"] = descriptors()
                await cycle(sandbox, how, chance)
            with anyio.fail_after(5):
                # The sandbox's own tasks, one for each connection, end a moment later.
                while len(asyncio.all_tasks()) > found["tasks"]:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            found["after"] = descriptors()

    with nothing_left():
        run_stepped(main, loop_factory=SteppedLoop)
    kinds = [
        sorted(target.split(":")[0] for target in found[when].values())
        for when in ("before", "after")
    ]
    assert len(kinds[1]) <= len(kinds[0]), kinds


def test_objects_of_closed_clients_are_not_kept() -> None:
    def alive() -> Counter[str]:
        gc.collect()
        names = (f"{type(thing).__module__}.{type(thing).__name__}" for thing in gc.get_objects())
        return Counter(
            name for name in names if name.startswith("gameball_async.") and ".sandbox." not in name
        )

    async def main(_: Cut) -> None:
        async with Sandbox(service_time=Constant(60), limits=None) as sandbox:
            counts = []
            for _round in range(3):
                for how in range(10):
                    await cycle(sandbox, how, random.Random(how))
                await anyio.sleep(0.01)
                counts.append(alive())
            assert counts[2] == counts[1]

    with nothing_left():
        run_stepped(main, loop_factory=SteppedLoop)


@pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="this system does not list descriptors")
def test_the_descriptor_count_sees_a_socket_that_is_left_open() -> None:
    """The check above can fail."""
    before = len(descriptors())
    with socket.socket():
        assert len(descriptors()) == before + 1
    assert len(descriptors()) == before
