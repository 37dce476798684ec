"""
A journal that was torn, flipped or cut off by its disk: an earlier state, or refused. Never a lie.

All prefixes and some thousand bits are tried with ``SAMPLES=all``; otherwise fewer are.
"""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

import anyio
import pytest
from attrs import evolve

from gameball_async import system
from gameball_async.errors import JournalError
from gameball_async.journal import file as journal_disk
from gameball_async.journal.file import Lasts
from gameball_async.journal.header import Header
from gameball_async.journal.history import Used
from gameball_async.journal.journal import JournalFile, read_journal
from gameball_async.journal.state import Resumable, Stage
from gameball_async.rows.chunk import Chunk
from gameball_async.rows.outcome import Outcome, Reason, RowOutcome
from tests import sampling

HEADER = Header("cashback", "account", "https://api.example", "v4.0", "unique")


def chunk(number: int, positions: list[int]) -> Chunk:
    return Chunk(
        number,
        list(positions),
        [f"c{n}" for n in positions],
        [f"t{n}" for n in positions],
        [b'{"customerId":"c%d","amount":1}' % n for n in positions],
    )


async def _write(path: Path, states: list[str]) -> None:
    """A small run; *states* gets what the journal says after each step."""
    copy = path.with_name("look")
    await _steps(path, lambda: states.append(_said(_look(path, copy))))
    states.append(_said(_open(path)))


async def _steps(path: Path, after: Callable[[], None] = lambda: None) -> None:
    journal = JournalFile.create(path, HEADER, clock=lambda: 1_000.0)
    after()
    steps: list[Callable[[], Awaitable[None]]] = [
        partial(journal.intended, chunk(1, [0, 1, 2]), False),
        partial(journal.accepted, 1, 101, False),
        partial(journal.rejected, [RowOutcome(6, Outcome.REJECTED, "c6", Reason("bad"))]),
        partial(journal.intended, chunk(2, [3, 4]), False),
        partial(
            journal.settled,
            1,
            [Outcome.SUCCEEDED, Outcome.FAILED, Outcome.SUCCEEDED],
            {1: Reason("no", 7000)},
        ),
        partial(journal.accepted, 2, 102, True),
        partial(journal.intended, chunk(3, [5]), False),
        partial(journal.dropped, 3),
        partial(
            journal.settled, 2, [Outcome.INDETERMINATE] * 2, dict.fromkeys(range(2), Reason("?"))
        ),
        journal.input_ended,
    ]
    try:
        for step in steps:
            await step()
            after()
    except BaseException:
        journal.close()
        raise
    await journal.aclose(Used(2.0, 7, 3, 1), True)


def _look(path: Path, copy: Path) -> Resumable:
    """What a crash at this moment would leave."""
    copy.write_bytes(path.read_bytes())
    return _open(copy)


def _open(path: Path) -> Resumable:
    journal, recorded = JournalFile.open(path, only_copy=True)
    journal.close()
    return recorded


def _said(recorded: Resumable) -> str:
    """All that a journal says, in a form that can be compared."""
    chunks = [
        (r.number, r.stage, r.job_id, r.resent, list(r.positions), r.keys, r.item_ids, r.payloads,
         r.succeeded)
        for r in recorded.chunks
    ]  # fmt: skip
    odd = [(o.row, o.payload) for o in recorded.odd]
    return repr((evolve(recorded.header, run=""), chunks, odd, recorded.input_ended, recorded.used))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, int, bytes, list[str]]:
    """The file of a run that was cut off, how long its mark says it is, one that ended, states."""
    folder = tmp_path_factory.mktemp("journal")
    states: list[str] = []
    last: list[tuple[bytes, int]] = []

    async def main() -> None:
        path = folder / "j"
        write = JournalFile._write

        async def kept(
            self: JournalFile, frame: Callable[[], bytes], lasts: Lasts = Lasts.A_KILL
        ) -> None:
            await write(self, frame, lasts)
            if self.path == path:
                last.append((path.read_bytes(), self._log.mark.length))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(JournalFile, "_write", kept)
            await _write(path, states)

    anyio.run(main)
    cut_off, length = last[-2]
    return cut_off, length, last[-1][0], states


def _verdict(path: Path, data: bytes, states: list[str]) -> str:
    """`said` where it tells an earlier state, `refused`; anything else is raised."""
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    try:
        said = _said(_open(path))
    except JournalError:
        return "refused"
    assert said in states, f"it says what never was: {said}"
    return "said"


def _cuts(size: int, sample: int) -> Iterator[int]:
    return (
        iter(range(size + 1)) if sampling.ALL else iter(range(0, size + 1, max(1, size // sample)))
    )


@pytest.mark.timeout(600)  # of a disk that is busy, too
def test_what_is_cut_behind_the_last_mark_is_an_earlier_state_and_before_it_is_refused(
    written: tuple[bytes, int, bytes, list[str]], tmp_path: Path
) -> None:
    cut_off, length, ended, states = written
    assert length < len(cut_off), "its last write was of the sort that a kill alone leaves"
    for cut in [*_cuts(len(cut_off), 150), length - 1, length, len(cut_off)]:
        verdict = _verdict(tmp_path / "j", cut_off[:cut], states)
        assert verdict == ("said" if cut >= length else "refused"), cut
    for cut in [*_cuts(len(ended) - 1, 150), len(ended) - 1]:
        assert _verdict(tmp_path / "j", ended[:cut], states) == "refused", cut
    assert _verdict(tmp_path / "j", ended, states[-1:]) == "said"


@pytest.mark.timeout(600)  # of a disk that is busy, too
def test_a_flipped_bit_is_refused_or_makes_no_difference(
    written: tuple[bytes, int, bytes, list[str]], tmp_path: Path
) -> None:
    cut_off, _, ended, states = written
    for data, possible in ((ended, states[-1:]), (cut_off, states)):
        bits = range(len(data) * 8)
        for bit in random.Random(1).sample(bits, sampling.of(2000, 250)):
            flipped = bytearray(data)
            flipped[bit // 8] ^= 1 << bit % 8
            _verdict(tmp_path / "j", bytes(flipped), possible)


def test_random_bytes_are_refused(tmp_path: Path) -> None:
    draw = random.Random(2)
    for size in (0, 1, 15, 16, 100, 512, 4096, 9000):
        assert _verdict(tmp_path / "j", draw.randbytes(size), []) == "refused"


class _Disk:
    """Writes and syncs of one file that fail from the n-th on, perhaps halfway through a write."""

    def __init__(self, patch: pytest.MonkeyPatch, after: int, error: int) -> None:
        self._left = after
        self._error = error
        self._write, self._sync = journal_disk._write, system.sync
        patch.setattr(journal_disk, "_write", self.write)
        patch.setattr(journal_disk, "sync", self.sync)

    def write(self, file: int, data: bytes, start: int) -> None:
        if self._fails():
            self._write(file, data[: len(data) // 2], start)
            raise OSError(self._error, os.strerror(self._error))
        self._write(file, data, start)

    def sync(self, file: int) -> None:
        if self._fails():
            raise OSError(self._error, os.strerror(self._error))
        self._sync(file)

    def _fails(self) -> bool:
        self._left -= 1
        return self._left < 0


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_at_the_nth_write_leaves_an_earlier_state(
    written: tuple[bytes, int, bytes, list[str]], tmp_path: Path, error: int
) -> None:
    *_, states = written
    for after in range(60):
        path = tmp_path / f"j{after}"
        with pytest.MonkeyPatch.context() as patch:
            _Disk(patch, after, error)
            try:
                anyio.run(_steps, path)
            except JournalError as refused:
                assert "nothing more is submitted" in str(refused)
            else:
                break
        if path.exists():
            assert _said(_open(path)) in states
        else:
            assert after < 5, "only a journal that was not yet made is not there"
    else:
        pytest.fail("the disk never stopped failing")


@pytest.mark.anyio
async def test_a_power_cut_leaves_each_write_of_a_chunk_that_has_returned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, sync = tmp_path / "j", system.sync
    on_the_disk: list[bytes] = []

    def kept(file: int) -> None:
        sync(file)
        on_the_disk.append(path.read_bytes() if path.exists() else b"")

    monkeypatch.setattr(journal_disk, "sync", kept)
    journal = JournalFile.create(path, HEADER)
    syncs = len(on_the_disk)
    found: list[tuple[Stage, int | None]] = []

    def cut_the_power() -> None:
        cut = tmp_path / "cut"
        cut.write_bytes(on_the_disk[-1])
        found.extend((record.stage, record.job_id) for record in read_journal(cut).chunks)

    await journal.intended(chunk(1, [0]), False)
    cut_the_power()
    await journal.accepted(1, 7, False)
    cut_the_power()
    await journal.settled(1, [Outcome.SUCCEEDED], {})
    cut_the_power()
    assert found == [(Stage.INTENDED, None), (Stage.ACCEPTED, 7), (Stage.SETTLED, 7)]
    assert len(on_the_disk) - syncs == 4
    await journal.aclose(Used(), True)
