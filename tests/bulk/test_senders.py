"""How many tasks send a run's chunks."""

from __future__ import annotations

from typing import cast

import anyio
import pytest

from gameball_async.bulk.senders import Senders
from gameball_async.jobs.submit import Submitter
from gameball_async.tasks import Signal

pytestmark = pytest.mark.anyio


class Distance:
    """What senders ask of a submitter."""

    def __init__(self, at_once: int) -> None:
        self.at_once = at_once
        self.further = Signal()


@pytest.mark.parametrize("wait", [0.0, 0.01])
async def test_where_nothing_is_left_to_send_a_server_that_turns_out_to_be_far_away_changes_nothing(
    wait: float,
) -> None:
    distance = Distance(8)
    senders = Senders(cast(Submitter, distance), None)
    begun = 0

    async def send() -> None:
        nonlocal begun
        begun += 1
        try:
            await anyio.sleep(wait)
            distance.at_once = 30
            distance.further.wake()
        finally:
            senders.count -= 1

    with anyio.fail_after(5):
        await senders.run(send)
    assert (senders.count, begun >= 8) == (0, True)


async def test_a_number_that_the_caller_gives_stays() -> None:
    distance = Distance(8)
    senders = Senders(cast(Submitter, distance), 3)
    begun = 0

    async def send() -> None:
        nonlocal begun
        begun += 1
        distance.at_once = 30
        distance.further.wake()
        await anyio.sleep(0.01)
        senders.count -= 1

    await senders.run(send)
    assert (senders.count, begun) == (0, 3)
