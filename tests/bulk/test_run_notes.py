"""What a run writes to its journal is written whatever comes between, where it cannot be had again."""

from __future__ import annotations

from typing import Any, cast

import anyio

from benchmarks.virtual import run_virtual
from gameball_async.api.kinds import KINDS, Chunking
from gameball_async.journal.state import Journal
from gameball_async.session import RunOptions
from tests.engine_items import item
from tests.loopback import Loopback, LoopbackEngine

CUSTOMERS = KINDS["customers"]


class SlowDisk:
    """A journal each of whose writes takes a second."""

    def __init__(self) -> None:
        self.accepting = anyio.Event()
        self.written: list[tuple[Any, ...]] = []

    def requested(self) -> None: ...

    def __getattr__(self, verb: str) -> Any:
        async def write(*given: Any) -> None:
            if verb == "accepted":
                self.accepting.set()
            await anyio.sleep(1.0)
            self.written.append((verb, *given))

        return write


def test_a_job_number_is_written_although_the_run_is_left_while_the_disk_is_slow() -> None:
    """The job goes on at Gameball, and its number cannot be had again."""
    disk = SlowDisk()

    async def open_journal() -> tuple[Journal, None]:
        return cast(Journal, disk), None

    async def main() -> None:
        gameball = Loopback()
        async with LoopbackEngine(gameball) as engine:
            run = engine.bulk(
                CUSTOMERS,
                [item("customers", "c1", 1)],
                RunOptions(concurrency=1, chunking=Chunking.UNIQUE),
                open_journal=open_journal,
            )
            async with run:
                await disk.accepting.wait()
                assert not [note for note in disk.written if note[0] == "accepted"]
            assert run.report.pending == 1
        assert [note[:2] for note in disk.written if note[0] == "accepted"] == [("accepted", 1)]

    run_virtual(main)
