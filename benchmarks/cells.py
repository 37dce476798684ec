"""
One cell of the dispatch benchmark: so many jobs, one kind of server, one network; run and judged.

The network holds each message for a quarter to three quarters of the round trip, evenly drawn, so
that a round trip takes what the cell says on average and messages overtake each other. So it does with
the TCP handshake of each new connection, which goes before its first request.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import anyio
from attrs import asdict, frozen

from gameball_async.bulk.chunks import LookAhead
from gameball_async.client import GameballClient
from gameball_async.sandbox import Constant, LogNormal, Sandbox, ServiceTime, Workers

from .virtual import run_virtual, virtual_client

__all__ = [
    "MODELS",
    "QUOTA",
    "Cell",
    "Outcome",
    "bound",
    "bulk_run",
    "measure",
    "real_bulk_run",
    "run_cell",
]

QUOTA = ((30, 1.0), (360, 30.0))
ROWS = 20
"""Rows of each job: few, to save time, but enough for progress figures to move in steps of 5 %."""

OPEN_JOBS = 1024
"""The window of open jobs: all of a thousand, so that the slowest of them are submitted early."""

MODELS: dict[str, ServiceTime] = {
    "constant 5 s": Constant(5.0),
    "log-normal, mean 10 s": LogNormal(10.0, 0.8),
    "FIFO, 4 workers of 2 s": Workers(4, 2.0),
    "FIFO, 1 worker of 0.5 s": Workers(1, 0.5),
}


@frozen
class Cell:
    """
    What is run.

    Attributes:
        jobs: how many.
        model: name of the service times, one of `MODELS`.
        progress: whether the server tells how far a running job is.
        trip: mean seconds of a round trip.
        seed: of all chance.
    """

    jobs: int
    model: str
    progress: bool = True
    trip: float = 0.1
    seed: int = 1


@frozen
class Outcome:
    """
    What came of a cell.

    Attributes:
        seconds: from the start to the last outcome.
        bound: no client can be faster; see `bound`.
        waiting: the same of clients that must wait for an answer to know when a request was counted.
        polls: requests that asked about a job, for each job.
        refused: answers that were 429.
        peak_1: the most requests in any second, as the server counted them.
        peak_30: the most in any 30 s.
        requests: all that the server saw.
        by_quota: whether the quota, and not the server, is what limits.
        late: seconds from the end of the last job to the run's.
    """

    cell: Cell
    seconds: float
    bound: float
    waiting: float
    polls: float
    refused: int
    peak_1: int
    peak_30: int
    requests: int
    by_quota: bool
    late: float = 0.0

    @property
    def ratio(self) -> float:
        """Seconds taken for each second needed."""
        return self.seconds / self.bound

    def figures(self) -> dict[str, object]:
        """All of it, for JSON."""
        own = asdict(self, recurse=False, filter=lambda field, _: field.name != "cell")
        return {**asdict(self.cell), **own, "ratio": self.ratio}


Strategy = Callable[[Sandbox, Cell], Awaitable[None]]


async def rows_of(cell: Cell) -> AsyncIterator[dict[str, str]]:
    """The input: customers, all different."""
    for number in range(cell.jobs * ROWS):
        yield {"customerId": f"c{number}"}


async def bulk_run(sandbox: Sandbox, cell: Cell) -> None:
    """Our client's `bulk`, with chunks of `ROWS` rows: what its look-ahead holds goes at once."""
    chance = random.Random(f"{cell.seed} handshakes")

    def handshake() -> float:
        return sum(cell.trip * chance.uniform(0.25, 0.75) for _ in range(2))

    async with virtual_client(sandbox, handshake) as client:
        await _bulk(client, cell)


async def real_bulk_run(sandbox: Sandbox, cell: Cell) -> None:
    """The same with a session of the client's own, over real sockets."""
    keys = sandbox.api_key, sandbox.secret_key
    async with GameballClient(*keys, base_url=sandbox.url) as client:
        await _bulk(client, cell)


async def _bulk(client: GameballClient, cell: Cell) -> None:
    ahead = LookAhead(rows=ROWS)
    async with client.bulk(
        "customers", rows_of(cell), look_ahead=ahead, open_jobs=OPEN_JOBS
    ) as run:
        report = await run.finish()
    assert report.succeeded == cell.jobs * ROWS, report


async def run_cell(strategy: Strategy, cell: Cell) -> Outcome:
    """Run *strategy* in the running loop, virtual or not."""
    sandbox = Sandbox(
        cell.seed,
        latency=(cell.trip * 0.25, cell.trip * 0.75),
        service_time=MODELS[cell.model],
        progress=cell.progress,
        keep_requests=0,
    )
    async with sandbox:
        began = anyio.current_time()
        await strategy(sandbox, cell)
        seconds = anyio.current_time() - began
    assert len(sandbox.jobs) == cell.jobs
    durations = [job.duration for job in sandbox.jobs.values()]
    workers = MODELS[cell.model].workers
    least, by_quota = bound(durations, workers)
    waiting, _ = bound(durations, workers, wait=cell.trip)
    return Outcome(
        cell=cell,
        seconds=seconds,
        # A handshake goes first.
        bound=least + 2 * cell.trip,
        waiting=waiting + 2 * cell.trip,
        polls=sandbox.counts["poll"] / cell.jobs,
        refused=sandbox.rate_limited,
        peak_1=sandbox.peaks[1.0],
        peak_30=sandbox.peaks[30.0],
        requests=sum(sandbox.counts.values()),
        by_quota=by_quota,
        late=began + seconds - max(job.ended or 0.0 for job in sandbox.jobs.values()),
    )


def measure(strategy: Strategy, cell: Cell) -> Outcome:
    """Run one cell on a virtual clock."""
    return run_virtual(lambda: run_cell(strategy, cell), seed=cell.seed)


def bound(
    durations: Sequence[float], workers: int | None, *, wait: float = 0.0
) -> tuple[float, bool]:
    """
    Seconds at the server from the first request to the last, at least, and whether the quota is why.

    With N jobs, two things hold for any client. 2N requests, a submission and a poll for each job,
    take the time that the windows give them. And no job ends sooner than it does when all
    submissions go first, as fast as the windows let them; the k jobs that end last then need k polls
    after the first of these ends. To this comes one round trip, which is not counted here: the first
    request's way to the server, the last answer's way back.

    Args:
        durations: of each job, in the order of submission.
        workers: how many jobs run at once; None for any number.
        wait: seconds after a request was counted until the client may know that it was.
    """
    count = len(durations)
    slots = _slots(2 * count, wait)
    ends = sorted(_ends(slots, durations, workers))
    by_server = max(ends[count - k] + slots[k - 1] for k in range(1, count + 1))
    return max(slots[-1], by_server), slots[-1] >= 0.9 * by_server


def _slots(count: int, wait: float) -> list[float]:
    """When so many requests can be counted at the earliest, the first of them at 0."""
    slots: list[float] = []
    for number in range(count):
        free = [slots[number - most] + span + wait for most, span in QUOTA if number >= most]
        slots.append(max(free, default=0.0))
    return slots


def _ends(begins: Sequence[float], durations: Sequence[float], workers: int | None) -> list[float]:
    if workers is None:
        return [begin + duration for begin, duration in zip(begins, durations, strict=False)]
    free = [0.0] * workers
    ends = []
    for begin, duration in zip(begins, durations, strict=False):
        end = max(begin, heapq.heappop(free)) + duration
        heapq.heappush(free, end)
        ends.append(end)
    return ends
