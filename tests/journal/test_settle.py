"""Rows in doubt that somebody has settled: what the journal says then, and which rows may be sent again."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameball_async.errors import InputError
from gameball_async.journal import records as frames
from gameball_async.journal.account import RETRIES, odd_to_retry, recorded_of
from gameball_async.journal.file import Lasts
from gameball_async.journal.header import Header
from gameball_async.journal.history import Used
from gameball_async.journal.journal import JournalFile, read_journal
from gameball_async.journal.settle import settle
from gameball_async.rows.chunk import Chunk
from gameball_async.rows.named import NamedRows
from gameball_async.rows.outcome import Outcome, Reason

HEADER = Header("balance-adjustments", "account", "https://api.example", "v4.0", "unique")
ENDS = [Outcome.SUCCEEDED, Outcome.FAILED, Outcome.INDETERMINATE]


async def write(path: Path, chunks: Sequence[Sequence[Outcome]]) -> None:
    """A journal of a run that is over; its rows are counted from 0."""
    journal, first = JournalFile.create(path, HEADER), 0
    for number, outcomes in enumerate(chunks, 1):
        rows = list(range(first, first := first + len(outcomes)))
        payloads = [b'{"n":%d}' % row for row in rows]
        chunk = Chunk(number, rows, [f"c{row}" for row in rows], None, payloads)
        await journal.intended(chunk, False)
        await journal.accepted(number, number, False)
        reasons = {
            index: Reason("busy", 2001)
            for index, outcome in enumerate(outcomes)
            if outcome is not Outcome.SUCCEEDED
        }
        await journal.settled(number, outcomes, reasons)
    await journal.input_ended()
    await journal.aclose(Used(), True)


def named(rows: set[int]) -> NamedRows:
    return NamedRows("rows.txt", {row: line for line, row in enumerate(sorted(rows), 1)})


@given(st.lists(st.lists(st.sampled_from(ENDS), min_size=1, max_size=8), max_size=4), st.data())
@settings(deadline=None)
def test_however_rows_are_settled_and_retried_none_is_sent_by_two_retries_or_after_it_was_applied(
    chunks: list[list[Outcome]], data: Any
) -> None:
    truth = dict(enumerate(outcome for chunk in chunks for outcome in chunk))
    sent: set[int] = set()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "run.gbjournal")
        anyio.run(write, path, chunks)
        for step in range(data.draw(st.integers(0, 4))):
            doubtful = sorted(
                row
                for row, end in truth.items()
                if end is Outcome.INDETERMINATE and row not in sent
            )
            if data.draw(st.booleans()):
                said = {row: data.draw(st.sampled_from([None, *ENDS[:2]])) for row in doubtful}
                yes, no = ({row for row in said if said[row] is end} for end in ENDS[:2])
                settle(path, named(yes), named(no))
                truth |= dict.fromkeys(yes, Outcome.SUCCEEDED) | dict.fromkeys(no, Outcome.FAILED)
            else:
                only = data.draw(st.sampled_from(RETRIES))
                fit = [odd.row.position for odd in odd_to_retry(read_journal(path), only)]
                mine = {row for row in fit if data.draw(st.booleans())}
                assert not mine & sent
                assert all(truth[row] is not Outcome.SUCCEEDED for row in mine)
                sent |= mine
                journal, _ = JournalFile.open(path)
                frame = frames.retried(str(step), "again", mine)
                journal.put(partial(bytes, frame), Lasts.A_CUT)
                journal.close()
        found = read_journal(path)
        recorded = recorded_of(found)
    for end in ENDS:
        assert getattr(recorded.report, end.value) == list(truth.values()).count(end)
    in_doubt = [position for doubt in recorded.doubts for position in doubt.positions]
    assert in_doubt == [r for r, e in truth.items() if e is Outcome.INDETERMINATE and r not in sent]
    assert recorded.report.all_succeeded == (set(truth.values()) <= {Outcome.SUCCEEDED})


def test_where_one_row_is_refused_none_is_settled(tmp_path: Path) -> None:
    path = tmp_path / "run.gbjournal"
    anyio.run(write, path, [[Outcome.INDETERMINATE] * 3, [Outcome.SUCCEEDED]])
    before = path.read_bytes()
    for other, words in ((3, "has succeeded"), (9, "not in the journal")):
        with pytest.raises(InputError, match=f"rows.txt, line 2: row {other} .*{words}"):
            settle(path, named({0, other}), NamedRows())
    with pytest.raises(InputError, match=r"row 0 is also named in rows\.txt"):
        settle(path, named({0}), named({0}))
    assert path.read_bytes()[8192:] == before[8192:]
    assert recorded_of(read_journal(path)).report.indeterminate == 3
