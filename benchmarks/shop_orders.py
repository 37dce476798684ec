"""
One case of the chunking benchmark: a shop's orders, in one order and at one pace, by one way; run and judged.

The orders are the shared file's, or those that the tests have where that is missing.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import anyio
from attrs import asdict, evolve, frozen

from gameball_async.api.kinds import Chunking
from gameball_async.rows.files import open_rows
from gameball_async.rows.row import Row
from gameball_async.sandbox import Sandbox

from .virtual import run_virtual, virtual_client

__all__ = [
    "AT_ONCE",
    "ORDERINGS",
    "TRIP",
    "Case",
    "Found",
    "Uniform",
    "field_of",
    "measure",
    "orders",
]

TRIP = 0.1
"""Mean seconds of a round trip."""
ORDERINGS = ("by customer", "by date")
AT_ONCE = None


@frozen
class Uniform:
    """Jobs run for *least* to *most* seconds, evenly drawn, any number of them at once."""

    least: float
    most: float
    queue: float = 0.0

    @property
    def workers(self) -> int | None:
        """Any number."""
        return None

    def seconds(self, rows: int, chance: Callable[[], float]) -> float:
        """One draw."""
        return self.least + (self.most - self.least) * chance()


JOBS = Uniform(1.0, 5.0)


@frozen
class Case:
    """
    What is run.

    Attributes:
        chunking: the way.
        ordering: of the input; one of `ORDERINGS`.
        pace: rows that the input gives in a second; None for all at once.
        progress: whether the server tells how far a running job is.
        strict: whether the server refuses rows of customers in two open jobs, with 2001.
        seed: of all chance.
    """

    chunking: Chunking
    ordering: str
    pace: float | None = AT_ONCE
    progress: bool = True
    strict: bool = False
    seed: int = 1

    @property
    def judged(self) -> Case:
        """The same with a strict server."""
        return evolve(self, strict=True)


@frozen
class Found:
    """
    What came of it.

    Attributes:
        jobs: jobs.
        seconds: of virtual time, from the first row to the last outcome.
        polls: requests that asked about a job.
        refused: rows that failed, which all do with 2001.
        inversions: rows that were applied after a later row of their customer.
        turns: jobs that carried rows of the busiest customer.
        chain: seconds that these jobs ran, one after the other, with two round trips for each.
        real: seconds that the run took on this machine.
    """

    case: Case
    jobs: int
    seconds: float
    polls: int
    refused: int
    inversions: int
    turns: int
    chain: float
    real: float

    def figures(self) -> dict[str, object]:
        """All of it, for JSON."""
        own = asdict(self, filter=lambda field, _: field.name != "case")
        return {**asdict(self.case), "chunking": self.case.chunking.value, **own}


def orders(ordering: str) -> list[Row]:
    """The orders: the shared file's, or those that the tests have where that is missing."""
    root = Path(__file__).parent.parent
    shared = Path(os.environ.get("GAMEBALL_SHARED", root.parent / "shared"))
    path = shared / "data" / "orders.csv"
    if not path.exists():
        path = root / "tests" / "data" / "orders.csv"
    with open_rows(path, "orders") as file:
        rows = [row for row in file if isinstance(row, Row)]
    if ordering == "by date":
        rows.sort(key=lambda row: field_of(row, "orderDate"))
    return rows


def field_of(row: Row, name: str) -> str:
    """The text of a field."""
    assert isinstance(row.value, dict)
    return str(row.value[name])


async def _paced(rows: Sequence[Row], pace: float) -> AsyncIterator[Row]:
    step = max(1, round(pace / 100))
    for number, row in enumerate(rows):
        if number % step == 0:
            await anyio.sleep(step / pace)
        yield row


async def _run_case(case: Case, rows: Sequence[Row]) -> Found:
    sandbox = Sandbox(
        case.seed,
        latency=(TRIP * 0.25, TRIP * 0.75),
        service_time=JOBS,
        progress=case.progress,
        strict_customers=case.strict,
        codes="field",
        keep_requests=0,
    )
    source: Any = rows if case.pace is None else _paced(rows, case.pace)
    real = perf_counter()
    async with sandbox:
        began = anyio.current_time()
        async with (
            virtual_client(sandbox) as client,
            client.bulk("orders", source, chunking=case.chunking) as run,
        ):
            report = await run.finish()
        seconds = anyio.current_time() - began
    real = perf_counter() - real
    assert report.rows == report.settled == len(rows), report
    busiest = Counter(field_of(row, "customerId") for row in rows).most_common(1)[0][0]
    turns = [job for job in sandbox.jobs.values() if busiest in job.details().names]
    return Found(
        case=case,
        jobs=report.jobs,
        seconds=seconds,
        polls=sandbox.counts["poll"],
        refused=sum(job.errors for job in sandbox.jobs.values() if job.kind == "orders"),
        inversions=_inversions(sandbox, rows),
        turns=len(turns),
        chain=sum(job.duration + 2 * TRIP for job in turns),
        real=real,
    )


def _inversions(sandbox: Sandbox, rows: Iterable[Row]) -> int:
    place = {field_of(row, "orderId"): number for number, row in enumerate(rows)}
    last: dict[str | None, int] = defaultdict(lambda: -1)
    found = 0
    for entry in sandbox.ledger.entries("orders"):
        now = place[entry.item_id or ""]
        found += now < last[entry.customer]
        last[entry.customer] = max(now, last[entry.customer])
    return found


def measure(case: Case, rows: Sequence[Row]) -> Found:
    """Run one case on a virtual clock."""
    return run_virtual(lambda: _run_case(case, rows), seed=case.seed)
