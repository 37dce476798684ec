"""What wakes tasks that wait for something to change."""

from __future__ import annotations

import asyncio

import pytest

from gameball_async.tasks import Signal

pytestmark = pytest.mark.anyio


async def waiters(signal: Signal, count: int) -> tuple[list[asyncio.Task[None]], list[int]]:
    """So many tasks that wait, and the numbers of those that were woken."""
    woken: list[int] = []

    async def wait(number: int) -> None:
        await signal.wait()
        woken.append(number)

    tasks = [asyncio.create_task(wait(number)) for number in range(count)]
    await asyncio.sleep(0)
    return tasks, woken


async def test_a_signal_wakes_all_or_as_many_as_it_is_told_first_come_first_served() -> None:
    signal = Signal()
    tasks, woken = await waiters(signal, 4)
    signal.wake(1)
    signal.wake(1)
    await asyncio.sleep(0.001)
    assert woken == [0, 1]
    signal.wake()
    await asyncio.gather(*tasks)
    assert woken == [0, 1, 2, 3]


async def test_who_has_given_up_takes_no_wake_from_others() -> None:
    signal = Signal()
    tasks, woken = await waiters(signal, 2)
    tasks[0].cancel()
    signal.wake(1)
    await asyncio.wait(tasks)
    assert woken == [1]
    signal.wake()  # nobody is left
