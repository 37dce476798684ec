"""What rows held, as a journal's frames say: those found unchanged, those sent, and those of some customers."""

from __future__ import annotations

import pytest

from gameball_async.journal import records
from gameball_async.journal.folding import Contents
from gameball_async.journal.history import Stamp, Used
from gameball_async.journal.state import DOUBT, OPEN
from gameball_async.rows.chunk import Chunk
from gameball_async.rows.content import digest_of
from gameball_async.rows.outcome import Outcome, Reason, RowOutcome
from gameball_async.rows.row import Unchanged
from tests.frames import Log

OK, FAILED, UNSURE = Outcome.SUCCEEDED, Outcome.FAILED, Outcome.INDETERMINATE
WHY = Reason("why", 9008, "points")


def payload(position: int) -> bytes:
    return b'{"n":%d,"name":"a b"}' % position


def same(*positions: int, ids: bool = True) -> bytes:
    """Rows that an earlier run has applied as they are."""
    rows = [
        Unchanged(n, f"c{n}", f"t{n}" if ids else None, digest_of(payload(n))) for n in positions
    ]
    return records.unchanged(rows)()


def digests(*positions: int) -> list[bytes]:
    return [digest_of(payload(n)) for n in positions]


def contents(log: Log) -> list[Contents]:
    return list(log.folding.contents())


# -- rows that are unchanged


def test_unchanged_rows_are_told_as_such_after_rejected_ones_and_before_those_that_were_sent() -> (
    None
):
    log = Log()
    log.settled(1, 0)
    log.add(same(7, 3))
    log.add(records.rejected([bad := RowOutcome(1, Outcome.REJECTED, "c1")]))
    log.add(same(9))
    assert log.rows() == [
        bad,
        RowOutcome(7, Outcome.UNCHANGED, "c7"),
        RowOutcome(3, Outcome.UNCHANGED, "c3"),
        RowOutcome(9, Outcome.UNCHANGED, "c9"),
        RowOutcome(0, OK, "c0", None, 70, 1),
    ]


def test_a_resumed_run_knows_where_the_unchanged_rows_are_and_they_are_no_odd_rows() -> None:
    log = Log()
    log.add(same(3, 4, 5), same(9, 7))
    state = log.state
    assert [list(positions) for positions in state.unchanged] == [[3, 4, 5], [9, 7]]
    assert (state.odd, state.chunks) == ([], [])
    assert not log.looked_up


# -- what rows held


def test_unchanged_rows_held_what_was_applied_before_and_were_not_sent() -> None:
    log = Log()
    log.add(same(4, 5))
    assert contents(log) == [Contents(["t4", "t5"], digests(4, 5), [True, True], sent=False)]


def test_rows_that_were_sent_are_digested_and_only_what_succeeded_is_applied() -> None:
    log = Log()
    log.settled(1, 0, 1, 2, p1=FAILED, p2=UNSURE)
    applied = [True, False, False]
    assert contents(log) == [Contents(["t0", "t1", "t2"], digests(0, 1, 2), applied, sent=True)]


def test_rows_without_ids_of_their_own_are_known_by_their_customers() -> None:
    log = Log()
    log.add(same(4, ids=False))
    log.add(records.intended(Chunk(1, [0], ["c0"], None, [payload(0)]), False))
    assert contents(log) == [
        Contents(["c4"], digests(4), [True], sent=False),
        Contents(["c0"], digests(0), [False], sent=True),
    ]


def test_what_rows_held_comes_in_the_order_of_sending_after_all_that_is_unchanged() -> None:
    log = Log()
    log.chunk(2, 2)
    log.chunk(1, 1)
    log.add(same(8), same(7))
    log.add(records.accepted(2, 7, False))
    found = [(list(each.ids), list(each.applied), each.sent) for each in contents(log)]
    assert found == [
        (["t8"], [True], False),
        (["t7"], [True], False),
        (["t1"], [False], True),
        (["t2"], [False], True),
    ]


def test_a_row_in_doubt_that_was_found_to_be_applied_counts_as_applied() -> None:
    log = Log()
    log.settled(1, 0, 1, p0=UNSURE, p1=UNSURE)
    log.add(records.resolved([1], [0]))
    assert [list(each.applied) for each in contents(log)] == [[False, True]]


# -- the rows of some customers


def test_the_rows_of_some_customers_come_with_their_bytes_in_the_order_of_sending() -> None:
    log = Log()
    log.settled(4, 6, 5, job=74, p5=FAILED)
    log.chunk(3, 9)
    log.settled(1, 0, 1, 2, job=71, p1=UNSURE)
    log.chunk(2, 3, 4)
    log.add(records.accepted(2, 72, False))
    found = list(log.folding.items({"c1", "c2", "c4", "c5"}))
    assert found == [
        (RowOutcome(1, UNSURE, "c1", WHY, 71, 1), payload(1)),
        (RowOutcome(2, OK, "c2", None, 71, 1), payload(2)),
        (RowOutcome(4, Outcome.PENDING, "c4", OPEN, 72, 2), payload(4)),
        (RowOutcome(5, FAILED, "c5", WHY, 74, 4), payload(5)),
    ]


def test_a_row_that_may_have_been_sent_is_in_doubt_where_its_customer_is_asked_for() -> None:
    log = Log()
    log.chunk(1, 3)
    assert list(log.folding.items(["c3"])) == [
        (RowOutcome(3, UNSURE, "c3", DOUBT, None, 1), payload(3))
    ]


def test_customers_who_were_not_sent_have_no_rows() -> None:
    log = Log()
    log.settled(1, 0)
    log.add(same(5))
    log.add(records.rejected([RowOutcome(6, Outcome.REJECTED, "c6")]))
    assert not list(log.folding.items({"c5", "c6", "c7"}))


# -- who settled a row, and what was used


def test_a_row_is_settled_by_whatever_looked_and_by_hand_where_an_earlier_version_does_not_say() -> (
    None
):
    log = Log()
    log.settled(1, 0, 1, p0=UNSURE, p1=UNSURE)
    log.add(records.resolved([], [0], by="balances"))
    log.add(records.resolved([], [1]).replace(b'"by":', b'"no":'))
    assert [str(odd.row.reason) for odd in log.state.odd] == [
        "settled by balances: not applied",
        "settled by hand: not applied",
    ]


@pytest.mark.parametrize("before", [Used(), Used(100.0, 40, 4, 1, "30/1")])
def test_what_a_killed_process_has_used_is_added_to_what_those_before_it_said(before: Used) -> None:
    log = Log()
    log.add(records.stamped(records.used(before), Stamp(1000.0, 0, 900.0)))
    log.add(records.stamped(records.input_ended(), Stamp(2000.0, 3, 1990.0)))
    log.add(records.stamped(records.learned("new"), Stamp(2005.0, 2)))
    state = log.state
    assert (state.used.seconds, state.used.requests) == (before.seconds + 15.0, before.requests + 5)
    assert (state.used.polls, state.used.quota) == (before.polls, before.quota)
    assert state.history.since == (5, 15.0)
    assert [session.ended for session in state.history.sessions] == [1000.0, 2005.0]
