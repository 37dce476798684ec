"""An input that is slow, or pauses, holds up nothing that was read already."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
import pytest

from benchmarks.virtual import run_virtual
from gameball_async.api.kinds import KINDS, Chunking
from gameball_async.bulk.chunks import LookAhead
from gameball_async.bulk.events import Settled
from gameball_async.sandbox import Constant
from gameball_async.session import RunOptions
from tests.loopback import Loopback, LoopbackEngine


@pytest.mark.parametrize("chunking", list(Chunking))
def test_rows_of_an_input_that_pauses_are_sent_and_settled_before_it_goes_on(
    chunking: Chunking,
) -> None:
    settled = anyio.Event()
    moments: list[float] = []

    async def rows() -> AsyncIterator[dict[str, str]]:
        for n in range(3):
            yield {"customerId": f"c{n}"}
        await settled.wait()
        yield {"customerId": "c3"}

    async def main() -> None:
        wire = Loopback(service_time=Constant(1.0))
        async with (
            LoopbackEngine(wire) as engine,
            engine.bulk(
                KINDS["customers"],
                rows(),
                RunOptions(concurrency=2, chunking=chunking, look_ahead=LookAhead(seconds=2.0)),
            ) as run,
        ):
            async for event in run:
                if isinstance(event, Settled):
                    moments.append(anyio.current_time())
                    settled.set()
        assert run.report.succeeded == 4
        assert run.report.jobs == 2

    run_virtual(main)
    assert 3.0 <= moments[0] <= 5.0
    assert moments[1] - moments[0] <= 3.0  # at the end of the input nothing waits for company


def test_a_trickle_becomes_few_jobs_and_no_row_waits_for_long() -> None:
    """Ten rows a second make chunks of what came while the jobs before them ran."""

    async def rows() -> AsyncIterator[dict[str, str]]:
        for n in range(600):
            await anyio.sleep(0.1)
            yield {"customerId": f"c{n}"}

    async def main() -> int:
        wire = Loopback(service_time=Constant(3.0))
        async with LoopbackEngine(wire) as engine:
            kind = KINDS["events"]
            run = engine.bulk(
                kind, rows_of_events(rows()), RunOptions(concurrency=2, chunking=kind.chunking)
            )
            async with run:
                report = await run.finish()
        assert report.succeeded == 600
        assert report.seconds < 60.0 + 5.0
        return report.jobs

    assert 5 <= run_virtual(main) <= 15


async def rows_of_events(rows: AsyncIterator[dict[str, str]]) -> AsyncIterator[dict[str, object]]:
    async for row in rows:
        yield {**row, "events": {"visit": {"n": 1}}}
