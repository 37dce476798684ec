"""The outcomes of a chunk, kept in columns."""

from __future__ import annotations

from gameball_async.bulk.events import RowOutcomes
from gameball_async.rows.outcome import Outcome, Reason, RowOutcome

OK, FAILED = Outcome.SUCCEEDED, Outcome.FAILED
WHY = Reason("no", 9008)


def test_outcomes_that_are_gone_through_are_those_that_are_looked_up() -> None:
    rows = RowOutcomes(range(7, 10), ["a", "b", "c"], [OK, FAILED, OK], {1: WHY}, 71, 3)
    expected = [
        RowOutcome(7, OK, "a", None, 71, 3),
        RowOutcome(8, FAILED, "b", WHY, 71, 3),
        RowOutcome(9, OK, "c", None, 71, 3),
    ]
    assert list(rows) == [rows[n] for n in range(3)] == rows[:] == expected
    assert [row.result for row in rows] == [None] * 3
    assert [repr(row) for row in rows] == list(map(repr, expected))
    assert list(rows.exceptions()) == expected[1:2]
