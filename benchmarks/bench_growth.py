"""
What 1, 10 and 100 million rows cost: memory, CPU for each row, the journal's size, the time to resume.

    python -m benchmarks.bench_growth [--rows 1000000 10000000]

The true engine on a virtual clock: a run takes the hours that Gameball's limits prescribe, and as long as what is
computed in it. The server is in the same process; what it computes is timed and taken off. Each size
runs in a process of its own. A run leaves after nine tenths; a second process resumes it from its journal,
reading the input from the beginning, as it must.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio.to_thread
import orjson
from aiohttp import web
from attrs import asdict, define, field

from gameball_async.bulk.events import Settled, Submitted
from gameball_async.client import GameballClient

from .record import Gate, Result, table, write
from .virtual import run_virtual, virtual_session

__all__ = ["main", "run"]

PARTS = 10
"""Parts of a run that are looked at one by one: what is linear costs the same in each."""
JOB_SECONDS = 10.0
LEFT = 10
"""One row of so many is left to the second process."""
PAUSE = 0.05
"""Seconds that a request takes."""
KEPT = 300
"""Jobs that the server knows after it has told their end: the client may have been killed just then."""


def some_rows(count: int) -> Iterator[dict[str, Any]]:
    """Customers as small exports have them, each another one."""
    for number in range(count):
        yield {
            "customerId": f"c{number:09d}",
            "email": f"c{number:09d}@example.com",
            "customerAttributes": {"city": "Cairo", "totalSpent": 12.5, "totalOrders": 3},
        }


@define
class Gameball:
    """Takes chunks, has each done after `JOB_SECONDS`, and keeps what it has to only."""

    cpu: float = 0.0
    rows: int = 0
    jobs: dict[int, tuple[float, list[str]]] = field(factory=dict)
    number: int = 100_000
    ended: list[int] = field(factory=list)

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Answer a submission or a poll."""
        body = await request.read()
        await asyncio.sleep(PAUSE)
        began = time.process_time()
        now = asyncio.get_running_loop().time()
        if request.path.endswith("/status"):
            return web.Response(status=404)  # the other of the two paths in the documents
        if request.method == "POST":
            answer = self._submit(body, now)
        else:
            answer = self._status(int(request.path.rpartition("/")[2]), now)
        response = web.Response(body=answer, content_type="application/json")
        self.cpu += time.process_time() - began
        return response

    def _submit(self, body: bytes, now: float) -> bytes:
        ids = [item["customerId"] for item in orjson.loads(body)["body"]]
        self.number += 1
        self.rows += len(ids)
        self.jobs[self.number] = (now + JOB_SECONDS, ids)
        return orjson.dumps({"jobId": self.number})

    def _status(self, job: int, now: float) -> bytes:
        ends, ids = self.jobs[job]
        over = now >= ends
        if over:
            self.ended.append(job)
            if len(self.ended) > KEPT:
                self.jobs.pop(self.ended.pop(0), None)
        good = [{"customerId": each, "message": "ok"} for each in ids] if over else []
        return orjson.dumps(
            {
                "operation": "CreateCustomers",
                "status": "completed" if over else "processing",
                "totalCount": len(ids),
                "finishedCount": len(good),
                "errorCount": 0,
                "response": {"successful": good, "failed": []},
            }
        )


@define
class Part:
    """One part of a run: CPU for each row in µs, the highest resident size so far in MiB."""

    rows: int
    cpu_us: float
    peak_mib: float


@define
class Moved:
    """One run."""

    rows: int
    parts: list[Part] = field(factory=list)
    hours: float = 0.0
    journal_bytes: int = 0
    open_seconds: float = 0.0
    resume_seconds: float = 0.0
    resume_mib: float = 0.0


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def _served(gameball: Gameball, main: Any) -> None:
    loop = asyncio.get_running_loop()
    server = web.Server(gameball.handle, access_log=None)
    listening = await loop.create_server(server, "127.0.0.1", 80)
    try:
        async with (
            virtual_session() as session,
            GameballClient("k", "s", base_url="http://127.0.0.1:80", session=session) as client,
        ):
            await main(client)
    finally:
        listening.close()
        await server.shutdown()


def first(rows: int, journal: Path) -> Moved:
    """Move nine tenths of the rows, and leave."""
    moved, gameball = Moved(rows), Gameball()
    mine = rows - rows // LEFT
    step = mine // PARTS

    async def main(client: GameballClient) -> None:
        at, cpu, served, settled = 0, time.process_time(), 0.0, 0
        run = client.bulk("customers", some_rows(rows), journal=journal)
        async with run:
            async for event in run:
                if not isinstance(event, Settled):
                    continue
                settled += len(event.outcomes)
                if settled - at >= step:
                    spent = time.process_time() - cpu - (gameball.cpu - served)
                    moved.parts.append(Part(settled, 1e6 * spent / (settled - at), _peak_mib()))
                    at, cpu, served = settled, time.process_time(), gameball.cpu
                if settled >= mine:
                    break
        moved.hours = asyncio.get_running_loop().time() / 3600
        # A kill leaves the open jobs with the server: the second process asks it for them.
        journal.with_name("jobs").write_bytes(
            orjson.dumps([[job, ids] for job, (_, ids) in gameball.jobs.items()])
        )

    _in_virtual_time(gameball, main)
    moved.journal_bytes = journal.stat().st_size
    return moved


def second(rows: int, journal: Path) -> Moved:
    """Resume it: how long until the first chunk leaves, and that every row is accounted for."""
    moved, gameball = Moved(rows), Gameball(number=10**9)
    for job, ids in orjson.loads(journal.with_name("jobs").read_bytes()):
        gameball.jobs[job] = (0.0, ids)

    async def main(client: GameballClient) -> None:
        began = time.process_time()
        run = client.resume(journal, some_rows(rows))
        async with run:
            moved.open_seconds = time.process_time() - began
            async for event in run:
                if isinstance(event, Submitted) and not moved.resume_seconds:
                    moved.resume_seconds = time.process_time() - began
        assert run.report.rows == run.report.succeeded == rows, run.report

    _in_virtual_time(gameball, main)
    moved.resume_mib = _peak_mib()
    return moved


async def _at_once(work: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """The journal's work, in the loop's own thread: a clock that jumps cannot wait for another."""
    done = work(*args)
    await asyncio.sleep(0)
    return done


def _in_virtual_time(gameball: Gameball, main: Any) -> None:
    anyio.to_thread.run_sync = _at_once  # type: ignore[assignment]
    run_virtual(lambda: _served(gameball, main))


def _alone(work: Any, rows: int, journal: Path) -> Moved:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found: Moved = pool.apply(work, (rows, journal))
        return found


def measure(rows: int) -> Moved:
    """One size: a run, and the resuming of it."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "run.gbjournal"
        moved = _alone(first, rows, journal)
        resumed = _alone(second, rows, journal)
    moved.open_seconds = resumed.open_seconds
    moved.resume_seconds, moved.resume_mib = resumed.resume_seconds, resumed.resume_mib
    return moved


def run(sizes: list[int]) -> Result:
    """Measure each size."""
    found = []
    for rows in sizes:
        found.append(measure(rows))
        print(json.dumps(asdict(found[-1])), flush=True)
    return _result(found)


def _result(found: list[Moved]) -> Result:
    gates = []
    for each in found:
        cpu = [part.cpu_us for part in each.parts]
        growth = each.parts[-1].peak_mib - each.parts[0].peak_mib
        gates += [
            Gate(f"{each.rows:,} rows: CPU for a row, last tenth / first", cpu[-1] / cpu[0], 1.25),
            Gate(f"{each.rows:,} rows: MiB from the first tenth to the last", growth, 64.0),
        ]
    heads = (
        "rows", "hours at the API's pace", "CPU µs a row, first tenth", "last tenth", "peak MiB",
        "journal, bytes a row", "to open it, s", "until the first chunk leaves again, s", "peak MiB then",
    )  # fmt: skip
    lines = [
        (
            each.rows, each.hours, each.parts[0].cpu_us, each.parts[-1].cpu_us, each.parts[-1].peak_mib,
            each.journal_bytes / each.rows, each.open_seconds, each.resume_seconds, each.resume_mib,
        )
        for each in found
    ]  # fmt: skip
    text = f"""
Customers of 140 bytes of JSON, one job for each 1,000 rows, jobs of {JOB_SECONDS:g} s, a journal. CPU is the client's: what the server in the
same process computes is taken off. Seconds to resume are CPU seconds: the input is read from its beginning, and rows that
are recorded are passed over.

{table(heads, lines)}
"""
    return Result(
        "growth", "What many rows cost", gates, text, {"runs": [asdict(each) for each in found]}
    )


def main() -> None:
    """Measure, and write it down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_growth", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--keep", action="store_true", help="write the results down")
    options = parser.parse_args()
    result = run(options.rows)
    print(result.markdown())
    if options.keep:
        write(result)


if __name__ == "__main__":
    main()
