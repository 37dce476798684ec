"""When things happened, as a journal remembers it: sessions, requests between frames, jobs' times."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from attrs import evolve

from gameball_async.journal import records
from gameball_async.journal.header import Header
from gameball_async.journal.history import Session, Stamp, Used
from gameball_async.journal.journal import JournalFile, read_journal
from gameball_async.rows.chunk import Chunk
from gameball_async.rows.outcome import Outcome, Reason, RowOutcome

pytestmark = pytest.mark.anyio
HEADER = Header("customers", "account", "https://example.com", "v4.0", "unique")


class Clock:
    """The time of day, moved by hand."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def chunk_of(number: int, rows: int = 2) -> Chunk:
    positions = list(range(number * 10, number * 10 + rows))
    return Chunk(number, positions, [f"c{p}" for p in positions], None, [b"{}"] * rows)


async def carry(journal: JournalFile, clock: Clock, number: int) -> None:
    """One chunk: sent, accepted a second later, settled three seconds after that."""
    journal.requested()
    await journal.intended(chunk_of(number), False)
    clock.now += 1
    await journal.accepted(number, 100 + number, False)
    clock.now += 3
    journal.requested()
    await journal.settled(number, [Outcome.SUCCEEDED] * 2, {})


async def test_frames_say_when_they_were_written_and_how_many_requests_left_before(
    tmp_path: Path,
) -> None:
    clock = Clock()
    journal = JournalFile.create(tmp_path / "j", HEADER, clock=clock)
    clock.now += 1
    await journal.rejected([RowOutcome(1, Outcome.REJECTED, None, Reason("is missing"))])
    await carry(journal, clock, 1)
    clock.now += 1
    await journal.aclose(Used(6.0, 2, 1, 0, "30/1"), True)
    found = read_journal(tmp_path / "j")
    history, start = found.history, 1_700_000_000.0
    assert history.sessions == [Session(start, start + 6)]
    told = [(1, 0), (1, 1), (2, 0), (5, 1), (6, 0)]
    assert history.requests == [(start + after, requests) for after, requests in told]
    assert history.accepted == {1: start + 2}
    assert history.settled == {1: start + 5}
    assert history.rejected == [(start + 1, 1)]
    assert found.used == Used(6.0, 2, 1, 0, "30/1")


async def test_a_process_that_was_killed_counts_with_what_it_used_until_its_last_frame(
    tmp_path: Path,
) -> None:
    clock = Clock()
    journal = JournalFile.create(tmp_path / "j", HEADER, clock=clock)
    await carry(journal, clock, 1)
    journal.close()
    assert read_journal(tmp_path / "j").used == Used(4.0, 2, 0, 0)
    clock.now += 1_000
    journal, recorded = JournalFile.open(tmp_path / "j", clock=clock)
    assert recorded.used.requests == 2
    await carry(journal, clock, 2)
    used = evolve(recorded.used, seconds=recorded.used.seconds + 4, requests=4, quota="30/1")
    await journal.aclose(used, True)
    found = read_journal(tmp_path / "j")
    assert found.used == Used(8.0, 4, 0, 0, "30/1")
    assert [each.ended - each.began for each in found.history.sessions] == [4, 4]
    assert sum(requests for _, requests in found.history.requests) == 4


async def test_a_clock_that_is_put_back_makes_no_time_negative(tmp_path: Path) -> None:
    clock = Clock()
    journal = JournalFile.create(tmp_path / "j", HEADER, clock=clock)
    await carry(journal, clock, 1)
    clock.now -= 3_600
    await carry(journal, clock, 2)
    journal.close()
    found = read_journal(tmp_path / "j")
    assert found.history.sessions == [Session(1_700_000_000.0, 1_700_000_004.0)]
    assert found.used.seconds == 4


async def test_a_journal_of_an_earlier_version_is_read_and_says_nothing_of_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unstamped(frame: bytes, stamp: Stamp) -> bytes:
        return frame

    monkeypatch.setattr(records, "stamped", unstamped)
    journal = JournalFile.create(tmp_path / "j", HEADER)
    await carry(journal, Clock(), 1)
    await anyio.lowlevel.checkpoint()
    journal.close()
    found = read_journal(tmp_path / "j")
    assert not found.history.sessions
    assert not found.history.requests
    assert found.used == Used()
    assert found.chunks[0].job_id == 101
