"""What operating systems do differently, and what takes its place where one lacks something."""

from __future__ import annotations

import os
import signal
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace

import anyio
import pytest

from gameball_async import JournalError, system
from gameball_async.journal.file import LogFile


class Windows:
    """What the module asks of ``msvcrt``: bytes that are locked, each by one descriptor."""

    LK_NBLCK, LK_UNLCK = 2, 0

    def __init__(self) -> None:
        self.locked: dict[int, int] = {}

    def locking(self, file: int, how: int, length: int) -> None:
        assert length == 1
        where = os.lseek(file, 0, os.SEEK_CUR)
        if how == self.LK_UNLCK:
            del self.locked[where]
        elif where in self.locked:
            raise PermissionError
        else:
            self.locked[where] = file


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Windows:
    """A system with ``msvcrt`` in place of ``fcntl``."""
    found = Windows()
    monkeypatch.setattr(system, "fcntl", None)
    monkeypatch.setattr(system, "msvcrt", found)
    return found


def test_a_journal_that_is_open_keeps_others_out_on_windows_too(
    windows: Windows, tmp_path: Path
) -> None:
    path = tmp_path / "run.gbjournal"
    log = LogFile.create(path, b"first")
    assert log.held()
    with pytest.raises(JournalError, match="another process is using"):
        LogFile.open(path, write=True)
    assert [frame for _, frame in log.frames()] == [b"first"]
    log.close()
    assert path.stat().st_size < system._LOCKED_BYTE


def test_a_lock_is_given_back(windows: Windows, tmp_path: Path) -> None:
    with open(tmp_path / "file", "wb") as file:
        assert system.lock(file.fileno())
        system.unlock(file.fileno())
        assert system.lock(file.fileno())


def test_without_any_locks_a_journal_is_written_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(system, "fcntl", None)
    monkeypatch.setattr(system, "msvcrt", None)
    LogFile.create(tmp_path / "run.gbjournal", b"first").close()
    log = LogFile.open(tmp_path / "run.gbjournal", write=True)
    assert [frame for _, frame in log.frames()] == [b"first"]
    log.close()


@pytest.mark.parametrize("refusal", [OSError, NotImplementedError])
def test_where_a_disk_has_no_links_a_file_is_renamed_and_never_put_over_another(
    refusal: type[Exception], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def no_links(*args: object, **kwargs: object) -> None:
        raise refusal

    monkeypatch.setattr(os, "link", no_links)
    unfinished, path = tmp_path / "new", tmp_path / "file"
    unfinished.write_bytes(b"1")
    system.give_name(unfinished, path)
    assert path.read_bytes() == b"1"
    assert not unfinished.exists()
    unfinished.write_bytes(b"2")
    with pytest.raises(FileExistsError):
        system.give_name(unfinished, path)
    assert path.read_bytes() == b"1"


def test_no_one_has_a_file_open_while_it_gets_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Windows renames and removes no file that is open."""
    open_before = set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else None
    named = system.give_name

    def give_name(unfinished: Path, path: Path) -> None:
        if open_before is not None:
            targets = {
                os.path.realpath(f"/proc/self/fd/{each}") for each in os.listdir("/proc/self/fd")
            }
            assert str(unfinished) not in targets
        named(unfinished, path)

    monkeypatch.setattr("gameball_async.journal.file.give_name", give_name)
    LogFile.create(tmp_path / "run.gbjournal", b"first").close()


@pytest.mark.parametrize("refused", [False, True])
def test_on_macos_the_cache_of_the_disk_is_emptied_where_it_can_be(
    refused: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[object] = []

    def control(file: int, what: object) -> None:
        calls.append(what)
        if refused:
            raise OSError

    monkeypatch.setattr(system, "fcntl", SimpleNamespace(F_FULLFSYNC="full", fcntl=control))
    monkeypatch.setattr(os, "fsync", lambda file: calls.append("fsync"))
    with open(tmp_path / "file", "wb") as file:
        system.sync(file.fileno())
    assert calls == (["full", "fsync"] if refused else ["full"])


def _none(*signals: object) -> AbstractContextManager[None]:
    raise NotImplementedError


@pytest.mark.parametrize("has_handlers", [True, False])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_received_where_the_loop_knows_no_handlers_too(
    number: signal.Signals, has_handlers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_handlers:
        monkeypatch.setattr(anyio, "open_signal_receiver", _none)
    before = signal.getsignal(number)

    async def main() -> None:
        with anyio.fail_after(10):
            await system.until_told_to_end(lambda: os.kill(os.getpid(), number))

    anyio.run(main)
    assert signal.getsignal(number) is before
