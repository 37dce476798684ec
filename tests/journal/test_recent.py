"""The last requests, remembered beside the journal so that the next process fits between them."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import anyio
import pytest

from gameball_async.journal.file import ROOM
from gameball_async.journal.header import Header
from gameball_async.journal.history import Used
from gameball_async.journal.journal import JournalFile
from gameball_async.journal.notes import KEPT, Recent

HEADER = Header("cashback", "account", "https://api.example", "v4.0", "unique")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def empty(folder: Path) -> Path:
    """A file with room for the times."""
    path = folder / "r"
    path.write_bytes(bytes(ROOM))
    return path


def test_a_process_that_was_killed_leaves_the_times_of_its_requests(tmp_path: Path) -> None:
    clock, path = Clock(), empty(tmp_path)
    recent = Recent(path, 0, clock)
    for clock.now in (1000.0, 1001.0, 1002.5):
        recent.note()
    clock.now = 1003.0
    assert Recent(path, 0, clock).ages() == [3.0, 2.0, 0.5]


def test_the_next_process_writes_on_and_over_the_oldest_only(tmp_path: Path) -> None:
    clock, path = Clock(), empty(tmp_path)
    for _ in range(3):
        recent = Recent(path, 0, clock)
        for _ in range(KEPT // 2):
            clock.now += 1
            recent.note()
    assert path.stat().st_size == ROOM
    ages = sorted(Recent(path, 0, clock).ages())
    assert ages == [float(n) for n in range(KEPT)]


def test_a_clock_that_was_set_back_makes_requests_recent_rather_than_old(tmp_path: Path) -> None:
    clock, path = Clock(), empty(tmp_path)
    recent = Recent(path, 0, clock)
    recent.note()
    clock.now -= 500
    assert recent.ages() == [0.0]


def test_half_a_time_and_no_number_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "r"
    path.write_bytes(struct.pack("<3d", 999.0, float("nan"), float("inf")) + b"\0\1\2")
    assert Recent(path, 0, Clock()).ages() == [1.0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_file_that_cannot_be_written_is_no_failure_here(tmp_path: Path) -> None:
    path = empty(tmp_path)
    path.chmod(0o400)
    Recent(path, 0, Clock()).note()


def test_where_the_file_cannot_be_made_requests_go_on(tmp_path: Path) -> None:
    Recent(tmp_path / "no folder" / "r", 0, Clock()).note()


def test_a_journal_tells_them_after_a_kill_and_after_an_orderly_end(tmp_path: Path) -> None:
    clock = Clock()
    path = tmp_path / "j"
    killed = JournalFile.create(path, HEADER, clock=clock)
    killed.requested()
    killed.close()
    clock.now += 2
    journal, recorded = JournalFile.open(path, clock=clock)
    assert recorded.recent == [2.0]
    journal.requested()
    anyio.run(journal.aclose, Used(), False)
    journal.requested()  # jobs that are stopped once the run is left
    clock.now += 1
    journal, recorded = JournalFile.open(path, clock=clock)
    assert sorted(recorded.recent) == [1.0, 1.0, 3.0]
    journal.close()
    moved = path.rename(tmp_path / "moved")
    journal.requested()  # is not noted in a file that is not there
    assert not path.exists()
    assert sorted(JournalFile.open(moved, clock=clock)[1].recent) == [1.0, 1.0, 3.0]
