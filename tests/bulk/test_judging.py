"""What a job's end, or its loss, makes of a chunk: all that is known of the chunk counts."""

from __future__ import annotations

from typing import Any

from gameball_async.api.jobs import Job, JobResults, JobState, JobStatus
from gameball_async.api.kinds import KINDS
from gameball_async.bulk.in_flight import InFlight
from gameball_async.bulk.outcomes import judged
from gameball_async.errors import AnswerLostError
from gameball_async.rows.chunk import Chunk
from gameball_async.rows.outcome import Outcome

CASHBACK = KINDS["cashback"]
OK, FAILED, UNSURE = Outcome.SUCCEEDED, Outcome.FAILED, Outcome.INDETERMINATE


def flight(keys: str, *, resent: bool = False) -> InFlight:
    ids: list[str | None] = [f"t{n}" for n in range(len(keys))]
    chunk = Chunk(1, list(range(len(keys))), list(keys), ids, [])
    return InFlight(chunk, job=Job(7, "cashback", len(keys)), resent=resent)


def ended(good: list[Any], bad: list[Any], earlier: JobResults | None = None) -> JobStatus:
    return JobStatus(7, JobState.COMPLETED, results=JobResults(good, bad), earlier=earlier)


def test_an_id_that_exists_is_our_own_where_the_chunk_was_sent_before() -> None:
    status = ended([], [{"customerId": "a", "code": 9004, "error": "exists"}])
    assert judged(CASHBACK, flight("a"), status)[0].outcomes == [FAILED]
    assert judged(CASHBACK, flight("a", resent=True), status)[0].outcomes == [OK]


def test_an_earlier_answer_fills_in_what_the_end_lacks() -> None:
    earlier = JobResults([{"customerId": "b"}], [])
    found, _ = judged(CASHBACK, flight("abc"), ended([{"customerId": "a"}], [], earlier))
    assert found.outcomes == [OK, OK, UNSURE]


def test_rows_are_told_apart_by_their_items_and_have_the_entry_that_names_theirs() -> None:
    first, second = ({"customerId": "a", "transactionId": f"t{n}", "points": n} for n in range(2))
    found, results = judged(CASHBACK, flight("aa"), ended([second], [first]))
    assert found.outcomes == [FAILED, OK]
    assert results is not None
    assert (results.of(0), results.of(1)) == (first, second)


def test_rows_of_a_job_that_is_lost_are_in_doubt_and_say_why() -> None:
    error = AnswerLostError("no answer")
    found, results = judged(CASHBACK, flight("ab"), None, error)
    assert results is None
    assert found.outcomes == [UNSURE, UNSURE]
    assert [str(found.reasons[n]) for n in range(2)] == [str(error)] * 2


def test_only_rows_in_doubt_say_why_a_job_was_lost() -> None:
    status = ended([{"customerId": "a"}], [])
    found, _ = judged(CASHBACK, flight("ab"), status, AnswerLostError("no answer"))
    assert found.outcomes == [OK, UNSURE]
    assert {n: str(reason) for n, reason in found.reasons.items()} == {1: "no answer"}
