"""
A journal that was torn, flipped or cut off by its disk: an earlier state, or refused. Never a lie.

All prefixes and all bits are tried with ``JOURNAL_TORN=all``; otherwise a sample is.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from gameball_async.edge import journal as journals
from gameball_async.edge.journal import JournalFile
from gameball_async.edge.journal_disk import connect
from gameball_async.errors import JournalError
from gameball_async.model.outcomes import Outcome, Reason, RowOutcome
from gameball_async.pipeline.chunks import Chunk
from gameball_async.pipeline.ledger import Header, Resumable, Used

ALL = os.environ.get("JOURNAL_TORN") == "all"
HEADER = Header("cashback", "account", "https://api.example", "v4.0", "unique")


def chunk(number: int, positions: list[int]) -> Chunk:
    return Chunk(
        number,
        list(positions),
        [f"c{n}" for n in positions],
        [f"t{n}" for n in positions],
        [b'{"customerId":"c%d","amount":1}' % n for n in positions],
    )


async def _write(path: Path, states: list[str], header: Header = HEADER) -> None:
    """A small run, step by step; *states* gets what the journal says after each step."""
    journal = JournalFile.create(path, header)
    states.append(_said(_look(path, path.with_name("look"))))
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
            states.append(_said(_look(path, path.with_name("look"))))
    except BaseException:
        journal.close()
        raise
    await journal.aclose(Used(2.0, 7, 3, 1), True)
    states.append(_said(_open(path)))


def _look(path: Path, copy: Path) -> Resumable:
    """What a crash at this moment would leave."""
    _copy(path, copy)
    return _open(copy)


def _copy(path: Path, copy: Path) -> None:
    for end in ("", "-wal"):
        source, target = Path(f"{path}{end}"), Path(f"{copy}{end}")
        target.unlink(missing_ok=True)
        if source.exists():
            shutil.copyfile(source, target)


def _files(path: Path) -> tuple[bytes, bytes]:
    return path.read_bytes(), Path(f"{path}-wal").read_bytes()


def _open(path: Path) -> Resumable:
    journal, recorded = JournalFile.open(path)
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
    return repr((recorded.header, chunks, odd, recorded.input_ended, recorded.used))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes, bytes, list[str]]:
    """The main file and the log of a run that was cut off, the main file of one that ended, states."""
    folder = tmp_path_factory.mktemp("journal")
    states: list[str] = []
    cut_off: dict[str, bytes] = {}

    async def main() -> None:
        path = folder / "j"
        last = JournalFile._do

        async def keep(self: JournalFile, write: Any) -> None:
            await last(self, write)
            if self.path == path:
                cut_off.update(zip(("main", "log"), _files(path), strict=True))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(JournalFile, "_do", keep)
            await _write(path, states)

    anyio.run(main)
    return cut_off["main"], cut_off["log"], (folder / "j").read_bytes(), states


def _verdict(path: Path, main: bytes, log: bytes | None, states: list[str]) -> str:
    """`said` where it tells an earlier state, `refused`; anything else is raised."""
    path.unlink(missing_ok=True)
    path.write_bytes(main)
    wal = Path(f"{path}-wal")
    wal.unlink(missing_ok=True)
    if log is not None:
        wal.write_bytes(log)
    try:
        said = _said(_open(path))
    except JournalError:
        return "refused"
    assert said in states, f"it says what never was: {said}"
    return "said"


def _cuts(size: int, sample: int) -> Iterator[int]:
    return iter(range(size + 1)) if ALL else iter(range(0, size + 1, max(1, size // sample)))


def test_any_beginning_of_the_log_is_an_earlier_state(
    written: tuple[bytes, bytes, bytes, list[str]], tmp_path: Path
) -> None:
    main, log, _, states = written
    verdicts = [_verdict(tmp_path / "j", main, log[:cut], states) for cut in _cuts(len(log), 150)]
    assert verdicts.count("said") > len(verdicts) / 2
    assert _verdict(tmp_path / "j", main, log, states) == "said"


def test_any_beginning_of_the_file_is_refused_or_lacks_nothing(
    written: tuple[bytes, bytes, bytes, list[str]], tmp_path: Path
) -> None:
    _, _, ended, states = written
    verdicts = [
        _verdict(tmp_path / "j", ended[:cut], None, states[-1:])
        for cut in _cuts(len(ended) - 1, 150)
    ]
    assert verdicts.count("refused") > len(verdicts) / 2
    assert _verdict(tmp_path / "j", ended, None, states[-1:]) == "said"


@pytest.mark.parametrize("where", ["file", "log"])
def test_a_flipped_bit_is_refused_or_makes_no_difference(
    written: tuple[bytes, bytes, bytes, list[str]], tmp_path: Path, where: str
) -> None:
    main, log, ended, states = written
    data = ended if where == "file" else log
    bits = range(len(data) * 8)
    for bit in bits if ALL else random.Random(1).sample(bits, 250):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        if where == "file":
            _verdict(tmp_path / "j", bytes(flipped), None, states[-1:])
        else:
            _verdict(tmp_path / "j", main, bytes(flipped), states)


def test_random_bytes_are_refused(tmp_path: Path) -> None:
    draw = random.Random(2)
    for size in (0, 1, 15, 16, 100, 512, 4096, 9000):
        assert _verdict(tmp_path / "j", draw.randbytes(size), None, []) == "refused"


class _Failing:
    """A connection whose statements fail from the n-th on."""

    def __init__(self, database: sqlite3.Connection, after: int, message: str) -> None:
        self._database = database
        self._left = after
        self._message = message

    def execute(self, statement: str, values: Any = ()) -> sqlite3.Cursor:
        if statement != "ROLLBACK":
            self._left -= 1
            if self._left < 0:
                raise sqlite3.OperationalError(self._message)
        return self._database.execute(statement, values)

    def close(self) -> None:
        self._database.close()


@pytest.mark.parametrize("message", ["database or disk is full", "disk I/O error"])
def test_a_disk_that_fails_at_the_nth_write_leaves_an_earlier_state(
    written: tuple[bytes, bytes, bytes, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    message: str,
) -> None:
    *_, states = written
    for after in range(60):
        path = tmp_path / f"j{after}"

        def failing(where: Path, after: int = after, mine: Path = path) -> Any:
            database = connect(where)
            return _Failing(database, after, message) if where == mine else database

        monkeypatch.setattr(journals, "connect", failing)
        try:
            anyio.run(_write, path, [])
        except JournalError as error:
            assert "nothing more is submitted" in str(error)
        else:
            break
        monkeypatch.setattr(journals, "connect", connect)
        try:
            assert _said(_open(path)) in states
        except JournalError:
            assert after < 8, "only a journal that was not yet made is refused"
    else:
        pytest.fail("the disk never stopped failing")
