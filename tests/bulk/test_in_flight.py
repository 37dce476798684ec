"""What is known of chunks in flight, and what is said of rows that never get an answer."""

from __future__ import annotations

from typing import Any, cast

import pytest

from gameball_async.api.jobs import Job, JobState, JobStatus
from gameball_async.bulk.in_flight import (
    Flights,
    InFlight,
    dropped,
    fates_when_left,
    rejected_rows,
    same,
)
from gameball_async.errors import Fault
from gameball_async.rows.chunk import Chunk
from gameball_async.rows.outcome import Outcome, Reason
from gameball_async.rows.row import BadRow

RUNNING, COMPLETED = JobState.RUNNING, JobState.COMPLETED


def flight(number: int, rows: int = 2) -> InFlight:
    return InFlight(Chunk(number, list(range(rows)), ["k"] * rows, None, []))


def become(flights: Flights, number: int, seen: JobStatus | None = None) -> InFlight:
    each = flight(number)
    each.job = Job(100 + number, "customers", 2)
    each.seen = seen
    flights.by_number[number] = flights.by_job[each.job.id] = each
    return each


def test_flights_tell_where_each_job_stands_and_how_many_have_ended() -> None:
    flights = Flights()
    become(flights, 1)
    become(flights, 2, JobStatus(102, RUNNING))
    become(flights, 3, JobStatus(103, JobState.UNKNOWN, word="Paused"))
    ended = become(flights, 4, JobStatus(104, COMPLETED))
    flights.by_number[5] = flight(5)
    assert [job.id for job in flights.open_jobs()] == [101, 102, 103, 104]
    assert flights.states() == {
        101: "queued", 102: "running", 103: "unknown (Paused)", 104: "completed",
    }  # fmt: skip
    flights.land(ended)
    flights.land(flights.by_number[5])
    assert sorted(flights.by_number) == [1, 2, 3]
    assert [job.id for job in flights.open_jobs()] == [101, 102, 103]
    assert flights.by_state() == {
        JobState.QUEUED: 1, RUNNING: 1, JobState.UNKNOWN: 1, COMPLETED: 1,
    }  # fmt: skip
    flights.land(become(flights, 6, JobStatus(106, COMPLETED)))
    assert flights.by_state()[COMPLETED] == 2


def test_rows_done_are_what_open_jobs_count_and_no_more_than_they_have() -> None:
    flights = Flights()
    assert flights.rows_done == 0
    become(flights, 1)
    assert flights.rows_done == 0
    become(flights, 2, JobStatus(102, RUNNING, finished=1))
    assert flights.rows_done == 1
    become(flights, 3, JobStatus(103, RUNNING, finished=7, errors=2))
    assert flights.rows_done == 3


def test_rows_of_a_chunk_that_was_left_are_told_by_how_far_it_had_come() -> None:
    left = flight(1)
    assert fates_when_left(left) == same(
        2, Outcome.UNSENT, Reason("the run stopped before this row was sent")
    )
    left.touched = True
    assert fates_when_left(left) == same(
        2, Outcome.INDETERMINATE, Reason("the run stopped while this row was being sent")
    )
    left.job = Job(7, "customers", 2)
    assert fates_when_left(left)[0] == [Outcome.PENDING] * 2
    assert "job was open" in fates_when_left(left)[1][1].text


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        ([Fault("email", "is empty")], Reason("is empty", field="email")),
        (
            [Fault("email", "is empty"), Fault("name", "is a list"), Fault("", "is odd")],
            Reason("is empty; name: is a list; is odd", field="email"),
        ),
    ],
)
def test_a_row_that_cannot_be_sent_is_told_with_all_of_its_faults(
    faults: list[Fault], reason: Reason
) -> None:
    rows, fates = rejected_rows([BadRow(3, tuple(faults), "k3"), BadRow(5, tuple(faults))])
    assert fates == ([Outcome.REJECTED] * 2, {0: reason, 1: reason})
    told = [(row.position, row.key, row.outcome, row.reason) for row in rows]
    assert told == [
        (3, "k3", Outcome.REJECTED, reason),
        (5, None, Outcome.REJECTED, reason),
    ]
    assert {(row.job_id, row.chunk) for row in rows} == {(None, None)}


def test_a_chunk_is_dropped_from_the_journal_by_its_number() -> None:
    numbers = []

    class Journal:
        async def dropped(self, number: int) -> None:
            numbers.append(number)

    with pytest.raises(StopIteration):
        cast(Any, dropped(7)(cast(Any, Journal()))).send(None)
    assert numbers == [7]
