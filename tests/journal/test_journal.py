"""The journal's file: what goes in comes out, and nobody else's file is taken for it."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import asdict, evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from gameball_async.api.kinds import Replay
from gameball_async.errors import JournalError
from gameball_async.journal.file import LogFile
from gameball_async.journal.header import FORMATS, Header, Source
from gameball_async.journal.history import Used
from gameball_async.journal.journal import JournalFile, digest_of, read_header, read_journal
from gameball_async.journal.state import Resumable, Stage, left_to_do
from gameball_async.rows.chunk import Chunk
from gameball_async.rows.outcome import Outcome, Reason, RowOutcome

pytestmark = pytest.mark.anyio

HEADER = Header("cashback", "account", "https://api.example", "v4.0", "unique", Source("f", "d"))


@pytest.fixture(scope="module", autouse=True)
def _beside_the_input(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Runs leave a file beside their input: not where the tests were started."""
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(tmp_path_factory.mktemp("input"))
        yield


def chunk(number: int, positions: list[int]) -> Chunk:
    """A chunk whose rows can be told apart."""
    return Chunk(
        number,
        list(positions),
        [f"c{n}" for n in positions],
        [f"t{n}" for n in positions],
        [b'{"n":%d}' % n for n in positions],
    )


def opened(path: Path) -> Resumable:
    """What a journal says."""
    journal, recorded = JournalFile.open(path)
    journal.close()
    return recorded


async def test_a_chunk_is_read_back_as_it_was_at_each_stage(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = JournalFile.create(path, HEADER)
    for number, positions in enumerate(([0, 1, 2], [5, 3, 9], [7], [4]), start=1):
        await journal.intended(chunk(number, positions), resent=False)
    await journal.accepted(2, 77, resent=True)
    await journal.accepted(3, 78, resent=False)
    await journal.settled(3, [Outcome.SUCCEEDED], {})
    await journal.dropped(4)
    await journal.aclose(Used(1.5, 9, 5, 1), True)
    recorded = opened(path)
    first, second, third = recorded.chunks
    assert (first.stage, first.job_id, first.resent) == (Stage.INTENDED, None, False)
    assert asdict(first.chunk()) == asdict(chunk(1, [0, 1, 2]))
    assert (second.stage, second.job_id, second.resent) == (Stage.ACCEPTED, 77, True)
    assert asdict(second.chunk()) == asdict(chunk(2, [5, 3, 9]))
    assert (third.stage, third.job_id, third.succeeded) == (Stage.SETTLED, 78, 1)
    assert list(third.positions) == [7]
    assert recorded.header == HEADER
    assert recorded.used == Used(1.5, 9, 5, 1)
    assert not recorded.input_ended


async def test_rows_that_did_not_succeed_are_read_back_with_all_that_is_known(
    tmp_path: Path,
) -> None:
    path = tmp_path / "j"
    journal = JournalFile.create(path, HEADER)
    await journal.intended(chunk(1, [0, 1, 2]), resent=False)
    await journal.accepted(1, 5, resent=False)
    why = Reason("no such customer", 7000, "customerId")
    ends = [Outcome.SUCCEEDED, Outcome.FAILED, Outcome.INDETERMINATE]
    await journal.settled(1, ends, {1: why, 2: Reason("not named")})
    bad = RowOutcome(3, Outcome.REJECTED, "c3", Reason("amount: is missing", field="amount"))
    await journal.rejected([bad])
    await journal.input_ended()
    await journal.aclose(Used(), True)
    recorded = opened(path)
    failed, doubtful, rejected = recorded.odd
    assert failed.row == RowOutcome(1, Outcome.FAILED, "c1", why, 5, 1)
    assert failed.payload == b'{"n":1}'
    assert doubtful.row.reason == Reason("not named")
    assert rejected.row == bad
    assert rejected.payload is None
    assert recorded.input_ended
    left = left_to_do(recorded, Replay.KEYED)
    assert [n for n in range(6) if n in left.done] == [0, 1, 2, 3]
    assert left.succeeded == 1


@settings(max_examples=30, deadline=None)
@given(
    positions=st.lists(st.integers(0, 2**40), min_size=1, max_size=30, unique=True),
    keys=st.text(max_size=8),
)
def test_any_positions_and_keys_come_back(positions: list[int], keys: str) -> None:
    async def main(path: Path) -> None:
        journal = JournalFile.create(path, HEADER)
        sent = evolve(chunk(1, positions), keys=[keys] * len(positions))
        await journal.intended(sent, resent=True)
        await journal.aclose(Used(), True)
        (record,) = opened(path).chunks
        assert asdict(record.chunk()) == asdict(sent)

    with tempfile.TemporaryDirectory() as folder:
        anyio.run(main, Path(folder) / "j")


def _modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


async def test_only_the_owner_may_read_it_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        journal = JournalFile.create(tmp_path / "j", HEADER)
        await journal.intended(chunk(1, [0]), resent=False)
        modes = _modes(tmp_path)
    finally:
        os.umask(before)
    await journal.aclose(Used(), True)
    assert modes == {0o600}


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    link.symlink_to(target)
    with pytest.raises(JournalError, match="already exists"):
        JournalFile.create(link, HEADER)
    assert not target.exists()
    JournalFile.create(target, HEADER).close()
    with pytest.raises(JournalError, match="is not a regular file"):
        JournalFile.open(link)


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_text("mine")
    with pytest.raises(JournalError, match="already exists: resume it"):
        JournalFile.create(path, HEADER)
    assert path.read_text() == "mine"


def test_a_second_process_is_refused_while_the_first_has_it(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = JournalFile.create(path, HEADER)
    script = (
        "import sys\n"
        "from gameball_async.journal.journal import JournalFile\n"
        "from gameball_async.errors import JournalError\n"
        "try: JournalFile.open(sys.argv[1])\n"
        "except JournalError as error: print(error)\n"
    )
    command = [sys.executable, "-c", script, str(path)]
    refused = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "another process is using" in refused.stdout
    journal.close()
    allowed = subprocess.run(command, capture_output=True, text=True, check=True)
    assert allowed.stdout == ""


def test_a_newer_format_is_refused_with_the_cure(tmp_path: Path) -> None:
    path = tmp_path / "j"
    JournalFile.create(path, evolve(HEADER, format=FORMATS[-1] + 1)).close()
    with pytest.raises(JournalError, match=r"does not know.*or a newer one"):
        read_header(path)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"kind": "orders"}, "kind"),
        ({"account": "another"}, "written with another API key"),
        ({"origin": "https://other.example"}, "base URL"),
        ({"version": "v4.1"}, "version"),
        ({"chunking": "plain"}, "chunking"),
        ({"source": Source("f", "other")}, "its input has changed"),
    ],
)
def test_another_run_is_refused_with_the_word_that_says_which(
    change: dict[str, Any], word: str
) -> None:
    HEADER.check(HEADER)
    with pytest.raises(JournalError, match=word):
        HEADER.check(evolve(HEADER, **change))


def test_the_digest_of_a_file_is_that_of_its_content(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"rows")
    two.write_bytes(b"rows")
    assert digest_of(one) == digest_of(two)
    two.write_bytes(b"more rows")
    assert digest_of(one) != digest_of(two)


async def test_after_a_failed_write_nothing_more_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(log: LogFile, frame: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "j"
    journal = JournalFile.create(path, HEADER)
    await journal.intended(chunk(1, [0]), resent=False)
    with monkeypatch.context() as patch:
        patch.setattr(LogFile, "append", full)
        with pytest.raises(JournalError, match=r"cannot be written \(No space left"):
            await journal.intended(chunk(2, [1]), resent=False)
    with pytest.raises(JournalError, match="cannot be written"):
        await journal.intended(chunk(3, [2]), resent=False)
    await journal.aclose(Used(), True)
    assert [record.number for record in opened(path).chunks] == [1]


async def test_the_named_file_alone_holds_all_that_was_acknowledged(tmp_path: Path) -> None:
    path, moved = tmp_path / "j", tmp_path / "elsewhere"
    journal = JournalFile.create(path, HEADER)
    await journal.intended(chunk(1, [0, 1]), resent=False)
    await journal.accepted(1, 77, resent=False)
    moved.write_bytes(path.read_bytes())  # what a kill at this moment would leave of it
    journal.close()
    assert [(r.stage, r.job_id) for r in read_journal(moved).chunks] == [(Stage.ACCEPTED, 77)]


async def test_a_journal_that_is_cut_short_is_refused_and_nobody_is_told_to_import_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "j"
    journal = JournalFile.create(path, HEADER)
    for number in range(1, 9):
        await journal.intended(chunk(number, [number]), resent=False)
    journal.close()
    whole = path.read_bytes()
    for part in (len(whole) // 2, len(whole) - 1, 4096, 4000):
        path.write_bytes(whole[:part])
        with pytest.raises(JournalError, match="is cut short: it has") as refused:
            JournalFile.open(path)
        assert "import" not in str(refused.value)
        assert "elete" not in str(refused.value)


UNREPEATABLE = evolve(HEADER, kind="balance-adjustments")


async def begun(path: Path, header: Header = UNREPEATABLE) -> JournalFile:
    """A journal with a chunk under way."""
    journal = JournalFile.create(path, header)
    await journal.intended(chunk(1, [0]), resent=False)
    return journal


async def test_a_moved_journal_is_gone_on_with(tmp_path: Path) -> None:
    (await begun(tmp_path / "j")).close()
    (tmp_path / "folder").mkdir()
    moved = (tmp_path / "j").rename(tmp_path / "folder" / "other")
    assert len(opened(moved).chunks) == 1
    assert len(opened(moved).chunks) == 1


async def test_a_copy_of_what_cannot_be_repeated_is_refused_until_somebody_vouches_for_it(
    tmp_path: Path,
) -> None:
    (await begun(tmp_path / "j")).close()
    copy = Path(shutil.copy(tmp_path / "j", tmp_path / "copy"))
    with pytest.raises(JournalError, match=r"is a copy, or was moved.*--only-copy"):
        JournalFile.open(copy)
    JournalFile.open(copy, only_copy=True)[0].close()
    opened(copy)  # from now on this is the file


async def test_a_copy_of_what_may_be_repeated_is_gone_on_with(tmp_path: Path) -> None:
    (await begun(tmp_path / "j", evolve(HEADER, kind="customers"))).close()
    assert len(opened(Path(shutil.copy(tmp_path / "j", tmp_path / "copy"))).chunks) == 1


@pytest.mark.parametrize("header", [UNREPEATABLE, HEADER])
async def test_an_older_state_that_is_put_back_into_the_same_file_is_refused(
    tmp_path: Path, header: Header
) -> None:
    path = tmp_path / "j"
    journal = await begun(path, header)
    backup = path.read_bytes()
    await journal.accepted(1, 5, resent=False)
    await journal.aclose(Used(), True)
    path.write_bytes(backup)  # the same inode
    with pytest.raises(JournalError, match="is an older copy: its run went on"):
        JournalFile.open(path)
    JournalFile.open(path, only_copy=True)[0].close()


async def test_the_input_knows_a_journal_that_was_moved_away_and_put_back_older(
    tmp_path: Path,
) -> None:
    source = tmp_path / "rows.csv"
    source.touch()
    header = evolve(UNREPEATABLE, source=Source(str(source), "digest"))
    (tmp_path / "journals").mkdir()
    path = tmp_path / "journals" / "j"
    journal = await begun(path, header)
    backup = path.read_bytes()
    await journal.aclose(Used(), False)
    moved = path.rename(tmp_path / "moved")
    moved.write_bytes(backup)
    with pytest.raises(JournalError, match="is an older copy: its run went on"):
        JournalFile.open(moved)


async def test_anybody_may_read_a_journal_whose_run_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = await begun(path)
    assert len(read_journal(path).chunks) == 1
    with pytest.raises(JournalError, match="another process is using"):
        read_journal(path, idle=True)
    journal.close()
    path.chmod(0o400)
    assert len(read_journal(path, idle=True).chunks) == 1
    opened(path)


def test_a_journal_of_the_first_format_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes(b"SQLite format 3\0" + bytes(5000))
    with pytest.raises(JournalError, match=r"older format.*Keep it"):
        JournalFile.open(path)
