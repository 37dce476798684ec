"""The last requests, remembered beside the journal so that the next process fits between them."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import anyio
import pytest

from gameball_async.edge.journal import JournalFile
from gameball_async.edge.recent import KEPT, Recent
from gameball_async.pipeline.ledger import Header, Used

HEADER = Header("cashback", "account", "https://api.example", "v4.0", "unique")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_process_that_was_killed_leaves_the_times_of_its_requests(tmp_path: Path) -> None:
    clock = Clock()
    recent = Recent(tmp_path / "r", clock)
    for clock.now in (1000.0, 1001.0, 1002.5):
        recent.note()
    clock.now = 1003.0
    assert Recent(tmp_path / "r", clock).ages() == [3.0, 2.0, 0.5]


def test_the_next_process_writes_on_and_over_the_oldest_only(tmp_path: Path) -> None:
    clock = Clock()
    for n in range(3):
        recent = Recent(tmp_path / "r", clock)
        for _ in range(KEPT // 2):
            clock.now += 1
            recent.note()
        assert (tmp_path / "r").stat().st_size == min(n + 1, 2) * KEPT // 2 * 8
    ages = sorted(Recent(tmp_path / "r", clock).ages())
    assert ages == [float(n) for n in range(KEPT)]


def test_a_clock_that_was_set_back_makes_requests_recent_rather_than_old(tmp_path: Path) -> None:
    clock = Clock()
    recent = Recent(tmp_path / "r", clock)
    recent.note()
    clock.now -= 500
    assert recent.ages() == [0.0]


def test_half_a_time_and_no_number_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "r").write_bytes(struct.pack("<3d", 999.0, float("nan"), float("inf")) + b"\0\1\2")
    assert Recent(tmp_path / "r", Clock()).ages() == [1.0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_no_failure_here(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    Recent(tmp_path / "r", Clock()).note()


def test_where_the_file_cannot_be_made_requests_go_on(tmp_path: Path) -> None:
    Recent(tmp_path / "no folder" / "r", Clock()).note()


def test_a_journal_tells_them_after_a_kill_and_after_an_orderly_end(tmp_path: Path) -> None:
    clock = Clock()
    path = tmp_path / "j"
    killed = JournalFile.create(path, HEADER, clock=clock)
    killed.requested()
    killed.close()
    beside = tmp_path / "j-recent"
    assert beside.stat().st_mode & 0o777 == 0o600
    clock.now += 2
    journal, recorded = JournalFile.open(path, clock=clock)
    assert recorded.recent == [2.0]
    journal.requested()
    anyio.run(journal.aclose, Used(), False)
    journal.requested()  # jobs that are stopped once the run is left
    clock.now += 1
    journal, recorded = JournalFile.open(path, clock=clock)
    assert sorted(recorded.recent) == [1.0, 1.0, 3.0]
    anyio.run(journal.aclose, Used(), True)
    assert not beside.exists(), "nothing is left to resume"


def test_what_an_old_journal_has_left_beside_it_is_not_the_new_ones(tmp_path: Path) -> None:
    (tmp_path / "j-recent").write_bytes(struct.pack("<d", 999.0))
    journal = JournalFile.create(tmp_path / "j", HEADER, clock=Clock())
    journal.close()
    journal, recorded = JournalFile.open(tmp_path / "j", clock=Clock())
    assert recorded.recent == []
    journal.close()
