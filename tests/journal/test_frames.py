"""What a journal's frames say when they are added up, without a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import asdict, evolve
from hypothesis import given
from hypothesis import strategies as st

from gameball_async.errors import JournalError
from gameball_async.journal import records
from gameball_async.journal.header import FORMATS, Earlier
from gameball_async.journal.history import Stamp, Used
from gameball_async.journal.state import DOUBT, OPEN, Odd, Positions, Stage
from gameball_async.rows.chunk import Chunk
from gameball_async.rows.outcome import Outcome, Reason, RowOutcome
from tests.frames import HEADER, Log, chunk

OK, FAILED, UNSURE = Outcome.SUCCEEDED, Outcome.FAILED, Outcome.INDETERMINATE


def test_an_empty_journal_says_which_run_it_is_of_and_nothing_else() -> None:
    state = Log().state
    assert state.header == HEADER
    assert (state.header.run, state.header.format) == ("r", FORMATS[0])
    assert asdict(state.header.source) == {"name": "f", "digest": "d", "settings": "{1}"}
    assert (state.chunks, state.odd, state.input_ended, state.dialect) == ([], [], False, None)
    assert (state.used, state.recent, state.retried) == (Used(), [1.5], [])


def test_what_a_run_compares_with_and_merges_by_is_in_its_header_and_else_nothing_of_it() -> None:
    earlier = Earlier("before.db", "digest", 17)
    for header in (
        HEADER,
        evolve(HEADER, earlier=earlier),
        evolve(HEADER, merge_by="email"),
        evolve(HEADER, earlier=earlier, merge_by="mobile"),
    ):
        frame = records.header(header)
        assert asdict(records.header_of(frame)) == asdict(header)
        values, _ = records.read(frame)
        assert ("earlier" in values, "merge_by" in values) == (
            header.earlier is not None,
            header.merge_by is not None,
        )


def test_a_stamp_says_when_a_frame_was_written_and_leaves_what_it_says() -> None:
    log = Log()
    log.chunk(1, 0, 1)
    for frame in (log.frames[-1], records.accepted(1, 7, True), records.learned("new" * 100)):
        values, columns = records.read(frame)
        stamped = records.stamped(frame, Stamp(1000.1234, 3, 900.0))
        assert records.read(stamped) == ({**values, "t": 1000.123, "r": 3, "o": 900.0}, columns)


def test_it_is_known_when_rows_were_rejected_and_how_many() -> None:
    log = Log()
    bad = [RowOutcome(n, Outcome.REJECTED, None) for n in range(3)]
    log.add(records.stamped(records.rejected(bad)(), Stamp(1000.0, 0, 900.0)))
    assert log.state.history.rejected == [(1000.0, 3)]


def test_a_newer_format_is_refused_with_what_to_do() -> None:
    frame = records.header(evolve(HEADER, format=FORMATS[-1] + 1))
    with pytest.raises(JournalError) as refused:
        records.header_of(frame)
    assert str(refused.value) == (
        f"the journal's format is {FORMATS[-1] + 1}, which this version does not know: resume it with the "
        "version of gameball_async that wrote it, or a newer one"
    )


def test_a_chunk_is_written_as_it_was_when_it_was_told() -> None:
    log, sent = Log(), chunk(4, 7, 3)
    write = records.intended(sent, True)
    sent.keys.clear()
    sent.payloads.clear()
    log.add(write)
    (record,) = log.state.chunks
    assert (record.number, record.stage, record.job_id, record.resent) == (
        4, Stage.INTENDED, None, True,
    )  # fmt: skip
    assert asdict(record.chunk()) == asdict(chunk(4, 7, 3))


def test_a_chunk_without_item_ids_has_none() -> None:
    log = Log()
    log.add(records.intended(Chunk(1, [0], ["c"], None, [b"{}"]), False))
    (record,) = log.state.chunks
    assert record.item_ids is None


@pytest.mark.parametrize("resent", [True, False])
def test_an_accepted_chunk_has_its_job_and_keeps_its_rows(resent: bool) -> None:
    log = Log()
    log.chunk(1, 0, 1, resent=not resent)
    log.add(records.accepted(1, 77, resent))
    (record,) = log.state.chunks
    assert (record.stage, record.job_id, record.resent) == (Stage.ACCEPTED, 77, resent)
    assert asdict(record.chunk()) == asdict(chunk(1, 0, 1))


def test_a_chunk_that_plainly_succeeded_is_counted_and_not_looked_up() -> None:
    log = Log()
    log.settled(1, 0, 1, 2)
    state = log.state
    assert (state.chunks[0].stage, state.chunks[0].succeeded, state.odd) == (Stage.SETTLED, 3, [])
    assert not state.chunks[0].keys
    assert not log.looked_up


def test_rows_that_did_not_succeed_are_told_with_their_reason_and_their_bytes() -> None:
    log = Log()
    log.settled(2, 5, 6, 7, job=71, p6=FAILED, p7=UNSURE)
    log.settled(1, 0, 1, job=72, p0=FAILED)
    state = log.state
    assert [record.number for record in state.chunks] == [1, 2]
    assert [record.succeeded for record in state.chunks] == [1, 1]
    why = Reason("why", 9008, "points")
    assert state.odd == [
        Odd(RowOutcome(0, FAILED, "c0", why, 72, 1), b'{"n":0,"name":"a b"}'),
        Odd(RowOutcome(6, FAILED, "c6", why, 71, 2), b'{"n":6,"name":"a b"}'),
        Odd(RowOutcome(7, UNSURE, "c7", why, 71, 2), b'{"n":7,"name":"a b"}'),
    ]
    assert state.odd[1].row.reason == why


def test_a_chunk_is_noted_with_how_many_of_its_rows_succeeded() -> None:
    values, _ = records.read(records.settled(1, [OK, FAILED, OK], {})())
    assert (values["n"], values["succeeded"]) == (1, 2)


def test_an_outcome_without_a_reason_has_none() -> None:
    log = Log()
    log.chunk(1, 0)
    log.add(records.settled(1, [FAILED], {}))
    assert [odd.row.reason for odd in log.state.odd] == [None]
    assert [row.reason for row in log.rows()] == [None]


def test_rejected_rows_come_with_and_without_a_reason() -> None:
    rows = [
        RowOutcome(3, Outcome.REJECTED, "c3", Reason("is missing", field="amount")),
        RowOutcome(4, Outcome.REJECTED, None, None),
    ]
    log = Log()
    log.add(records.rejected(rows), records.rejected(iter(rows[:1])))
    assert [odd.row for odd in log.state.odd] == [*rows, rows[0]]
    assert [odd.payload for odd in log.state.odd] == [None] * 3
    assert log.rows() == [*rows, rows[0]]


def test_a_dropped_chunk_is_as_if_it_had_not_been_and_the_input_is_to_be_read_again() -> None:
    log = Log()
    log.chunk(1, 0)
    log.chunk(2, 1)
    log.add(records.input_ended())
    assert log.state.input_ended
    log.add(records.dropped(1), records.dropped(9))
    assert [record.number for record in log.state.chunks] == [2]
    assert log.state.input_ended is False


def test_the_last_of_what_was_used_and_learned_counts() -> None:
    log = Log()
    log.add(records.used(Used(1.0, 2, 3, 4)), records.used(Used(1.5, 20, 30, 40)))
    log.add(records.learned("old"), records.learned("new"))
    assert log.state.used == Used(1.5, 20, 30, 40)
    assert log.state.dialect == "new"


def test_rows_in_doubt_that_somebody_looked_up_are_settled_and_no_others() -> None:
    log = Log()
    log.settled(1, 0, 1, 2, 3, p0=UNSURE, p1=UNSURE, p2=UNSURE, p3=FAILED)
    log.add(records.resolved([3, 1], [2, 3]))
    state = log.state
    told = [(odd.row.position, odd.row.outcome, str(odd.row.reason)) for odd in state.odd]
    assert told == [
        (0, UNSURE, str(Reason("why", 9008, "points"))),
        (2, FAILED, "settled by hand: not applied"),
        (3, FAILED, str(Reason("why", 9008, "points"))),
    ]
    assert state.chunks[0].succeeded == 1
    assert [row.outcome for row in log.rows()] == [UNSURE, OK, FAILED, FAILED]
    assert str(log.rows()[1].reason) == "settled by hand: applied"


def test_a_chunk_whose_doubts_were_all_applied_has_plainly_succeeded() -> None:
    log = Log()
    log.settled(1, 0, 1, p1=UNSURE)
    log.add(records.resolved([1], []))
    assert (log.state.odd, log.state.chunks[0].succeeded) == ([], 2)


def test_which_run_has_sent_rows_again_is_known() -> None:
    log = Log()
    log.add(records.retried("r1", "a.db", [5, 2]), records.retried("r2", "b.db", [2, 9]))
    state = log.state
    assert [(each.run, each.journal) for each in state.retried] == [("r1", "a.db"), ("r2", "b.db")]
    for position, run in [(2, "r1"), (5, "r1"), (9, "r2"), (3, None)]:
        found = state.sent_again(position)
        assert (None if found is None else found.run) == run


def test_all_rows_are_told_those_that_were_never_sent_first_and_open_ones_where_asked_for() -> None:
    log = Log()
    log.settled(3, 4, 5, job=73, p5=FAILED)
    log.chunk(1, 0)
    log.chunk(2, 2)
    log.add(records.accepted(2, 72, False))
    bad = RowOutcome(1, Outcome.REJECTED, "c1", Reason("is odd"))
    log.add(records.rejected([bad]))
    ended = [
        bad,
        RowOutcome(4, OK, "c4", None, 73, 3),
        RowOutcome(5, FAILED, "c5", Reason("why", 9008, "points"), 73, 3),
    ]
    assert log.rows(open_too=False) == ended
    assert log.rows(open_too=True) == [
        bad,
        RowOutcome(0, UNSURE, "c0", DOUBT, None, 1),
        RowOutcome(2, Outcome.PENDING, "c2", OPEN, 72, 2),
        *ended[1:],
    ]
    assert [row.reason for row in log.rows()][1:3] == [DOUBT, OPEN]


def test_entries_that_say_more_travel_with_the_outcomes_and_those_too_deep_are_left_out() -> None:
    deep: Any = "x"
    for _ in range(2000):
        deep = [deep]
    entries = {0: {"tier": "of gold"}, 1: {"deep": deep}, 2: {"points": 7}}
    log = Log()
    log.chunk(1, 0, 1, 2, 3)
    log.add(records.accepted(1, 7, False), records.settled(1, [OK] * 4, {}, lambda: entries))
    assert [row.result for row in log.rows()] == [{"tier": "of gold"}, None, {"points": 7}, None]
    log.chunk(2, 8)
    log.add(records.accepted(2, 8, False), records.settled(2, [OK], {}, dict))
    assert log.rows()[-1].result is None
    log.chunk(3, 9)
    assert log.rows()[-1].result is None


def test_a_frame_of_an_unknown_name_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"^learnt!$"):
        Log().add(records.learned("new").replace(b"learned", b"learnt!"))


# -- positions


@pytest.mark.parametrize("rows", [(3, 4, 5), (5, 4, 3), (3, 5, 4), (3, 4, 6), (3, 3, 5), (7,)])
def test_positions_that_follow_each_other_are_kept_as_a_range(rows: tuple[int, ...]) -> None:
    log = Log()
    log.chunk(1, *rows)
    kept = log.state.chunks[0].positions
    assert list(kept) == list(rows)
    assert isinstance(kept, range) == (rows in ((3, 4, 5), (7,)))


some_positions = st.lists(st.integers(0, 300), max_size=12) | st.builds(
    range, st.integers(0, 300), st.integers(0, 300)
)


@given(batches=st.lists(some_positions, max_size=8))
def test_positions_are_a_set(batches: list[Sequence[int]]) -> None:
    positions, naive = Positions(), set[int]()
    for batch in batches:
        positions.add_all(batch)
        naive.update(batch)
        assert len(positions) == len(naive)
        assert [n for n in range(-2, 310) if n in positions] == sorted(naive)


@pytest.mark.parametrize(
    "batch", [[0], [5], [3, 4, 5], [5, 4, 3], [3, 5, 4], [3, 4, 4, 6], [70_000, 3], [3, 70_000, 5]]
)
def test_positions_may_come_in_any_order_and_far_apart(batch: list[int]) -> None:
    positions = Positions()
    for _ in range(2):
        positions.add_all(batch)
        assert [n for n in range(140_000) if n in positions] == sorted(set(batch))


def test_a_set_of_positions_takes_a_byte_for_each_up_to_the_highest() -> None:
    positions = Positions()
    sizes = []
    for batch in ([], [9], [4], [20, 3]):
        positions.add_all(batch)
        sizes.append(len(positions._known))
    assert sizes == [0, 10, 10, 21]


def test_what_is_no_number_is_no_position() -> None:
    positions = Positions()
    positions.add_all([0, 1])
    assert 1 in positions
    assert "1" not in positions
    assert -1 not in positions
    assert 10**9 not in positions
