"""What a journal leaves to do, and which run may go on with it."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from gameball_async.api.kinds import Replay
from gameball_async.errors import JournalError
from gameball_async.journal.header import Header, Source
from gameball_async.journal.history import Used
from gameball_async.journal.state import (
    ChunkRecord,
    Left,
    Odd,
    Positions,
    Resumable,
    Retried,
    Stage,
    left_to_do,
    odd_rows,
)
from gameball_async.rows.chunk import Chunk
from gameball_async.rows.outcome import Outcome, Reason, RowOutcome

OK, FAILED, UNSURE = Outcome.SUCCEEDED, Outcome.FAILED, Outcome.INDETERMINATE
HEADER = Header("orders", "acc", "https://a.example", "v4.0", "unique", Source("f", "d"))


def record(number: int, stage: Stage, *positions: int, succeeded: int = 0) -> ChunkRecord:
    job_id = None if stage is Stage.INTENDED else 70 + number
    return ChunkRecord(number, stage, job_id, False, positions, succeeded=succeeded)


def left(replay: Replay) -> Left:
    odd = [
        Odd(RowOutcome(0, FAILED, "c0", None, 71, 1)),
        Odd(RowOutcome(9, Outcome.REJECTED, "c9", None)),
        Odd(RowOutcome(6, Outcome.REJECTED, "c6", None)),
    ]
    chunks = [
        record(1, Stage.SETTLED, 0, 1, 2, succeeded=2),
        record(2, Stage.ACCEPTED, 3),
        record(3, Stage.INTENDED, 4),
        record(4, Stage.SETTLED, 8, succeeded=1),
    ]
    return left_to_do(Resumable(HEADER, chunks, odd, unchanged=[range(10, 12)]), replay)


@pytest.mark.parametrize("replay", list(Replay))
def test_open_jobs_are_watched_and_what_may_be_repeated_alone_is_sent_again(
    replay: Replay,
) -> None:
    found = left(replay)
    assert [each.number for each in found.watch] == [2]
    again = [(each.number, each.resent) for each in found.resend]
    doubtful = [each.number for each in found.doubtful]
    never = replay is Replay.UNREPEATABLE
    assert (again, doubtful) == (([], [3]) if never else ([(3, True)], []))
    assert found.succeeded == 3
    assert [n for n in range(20) if n in found.done] == [0, 1, 2, 3, 4, 6, 8, 9, 10, 11]


def test_rows_that_did_not_succeed_are_kept_with_their_bytes_as_long_as_those_are_there() -> None:
    why = Reason("why", 9008)
    chunk = Chunk(4, [7, 8, 9], ["a", "b", "c"], None, [b"1", b"2", b"3"])
    assert list(odd_rows(chunk, [FAILED, OK, UNSURE], {0: why}, 70)) == [
        Odd(RowOutcome(7, FAILED, "a", why, 70, 4), b"1"),
        Odd(RowOutcome(9, UNSURE, "c", None, 70, 4), b"3"),
    ]
    first, _ = odd_rows(chunk, [FAILED, OK, UNSURE], {0: why}, 70)
    assert first.row.reason == why
    chunk.payloads.clear()
    assert [odd.payload for odd in odd_rows(chunk, [FAILED] * 3, {}, None)] == [None] * 3


def test_the_first_retry_that_sent_a_row_again_is_told() -> None:
    rows = Positions()
    rows.add_all([5])
    first, second = Retried("r1", "a.db", rows), Retried("r2", "b.db", rows)
    journal = Resumable(HEADER, [], [], retried=[first, second])
    assert journal.sent_again(5) is first
    assert journal.sent_again(6) is None


def test_a_record_gives_its_chunk_again() -> None:
    kept = ChunkRecord(3, Stage.INTENDED, None, True, (4, 5), ["a", "b"], ["x", None], [b"1", b"2"])
    chunk = kept.chunk()
    assert (chunk.number, chunk.positions, chunk.keys) == (3, [4, 5], ["a", "b"])
    assert (chunk.item_ids, chunk.payloads) == (["x", None], [b"1", b"2"])


def test_nothing_is_used_before_a_run() -> None:
    assert Used() == Used(0.0, 0, 0, 0)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"format": 3}, "its format is 2, not 3"),
        ({"kind": "events"}, "its kind is orders, not events"),
        (
            {"account": "other"},
            (
                "it was written with another API key (for a new key of the same account, pass "
                "--account-changed or account_changed=True)"
            ),
        ),
        ({"origin": "https://b"}, "its base URL is https://a.example, not https://b"),
        ({"version": "v5"}, "its version is v4.0, not v5"),
        ({"chunking": "plain"}, "its chunking is unique, not plain"),
        ({"source": Source("f", "e")}, "its input has changed since"),
        ({"kind": "events", "version": "v5"}, "its kind is orders, not events"),
    ],
)
def test_another_run_is_refused_with_what_differs(change: dict[str, Any], what: str) -> None:
    with pytest.raises(JournalError) as refused:
        HEADER.check(evolve(HEADER, **change))
    assert str(refused.value) == (
        f"the journal belongs to another run: {what}. Resume with the input and the settings that "
        "it began with, or import into a new journal (--journal)"
    )


@pytest.mark.parametrize(
    "change", [{}, {"run": "other"}, {"source": Source("moved", "d")}, {"source": Source("f", "")}]
)
def test_a_run_may_go_on_under_another_name_and_with_rows_that_have_no_digest(
    change: dict[str, Any],
) -> None:
    HEADER.check(evolve(HEADER, **change))
