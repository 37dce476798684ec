"""What is said of rows that are in doubt or were refused, and what is counted of them."""

from __future__ import annotations

from typing import Any

import pytest

from gameball_async.api.jobs import JobResults, JobState, JobStatus
from gameball_async.api.kinds import KINDS
from gameball_async.bulk.order_doubts import Doubt, Settlement
from gameball_async.bulk.outcomes import settle
from gameball_async.bulk.refusals import SECOND_ATTEMPT
from gameball_async.rows.outcome import Outcome, Reason

OK, FAILED, UNSURE = Outcome.SUCCEEDED, Outcome.FAILED, Outcome.INDETERMINATE
CONTRADICTS = "the answer's counts contradict its lists"
TWICE = "the answer lists items more than once"


def entry(name: str, code: int | None = None, error: str = "Refused", **more: Any) -> Any:
    coded = {} if code is None else {"code": code}
    return {"customerId": name, "error": error, **coded, **more}


def told(
    kind: str,
    keys: str,
    good: str = "",
    bad: tuple[Any, ...] = (),
    *,
    resent: bool = False,
    items: bool = True,
    state: JobState = JobState.COMPLETED,
    **counts: int,
) -> Settlement:
    """Settle a chunk with one letter for each row, of which those in *good* are listed as successful."""
    ids: list[str | None] | None = [f"i{n}" for n in range(len(keys))] if items else None
    lists = JobResults([{"customerId": name} for name in good], list(bad))
    status = JobStatus(1, state, results=lists, **counts)  # type: ignore[arg-type]
    return settle(KINDS[kind], list(keys), ids, status, resent=resent)


def words(found: Settlement) -> list[str | None]:
    return [
        str(found.reasons[n]) if n in found.reasons else None for n in range(len(found.outcomes))
    ]


# -- reasons


@pytest.mark.parametrize("kind", ["cashback", "orders", "customers"])
def test_rows_in_doubt_say_what_the_answer_lacks(kind: str) -> None:
    assert words(told(kind, "ab", "a")) == [None, "the answer does not name this row"]
    assert (
        words(told(kind, "aaa", "a")) == ["the answer does not name all of the customer's rows"] * 3
    )
    refused = told(kind, "aaa", "a", (entry("a", 3000),))
    assert words(refused) == ["the answer does not name all of the customer's rows"] * 3
    assert (
        words(told(kind, "aa", "aaa"))
        == ["the answer lists entries more than once, so the customer's rows cannot be counted"] * 2
    )
    assert words(told(kind, "a", "a", (entry("a"),))) == [
        "the answer lists this row as both successful and failed"
    ]
    assert (
        words(told(kind, "aa", "a", (entry("a", 3000),)))
        == [
            (
                "the answer does not say which of the customer's rows it means; one was refused: "
                "Refused (code 3000)"
            )
        ]
        * 2
    )


def test_a_refusal_after_an_ambiguous_attempt_says_that_the_earlier_may_have_been_applied() -> None:
    found = told("cashback", "ab", "", (entry("a", 2001), entry("b", 2001)), resent=True)
    perhaps = (
        "refused now, but an earlier attempt of this run may have been applied: Refused (code 2001)"
    )
    assert words(found) == [perhaps] * 2
    assert found.reasons[0] is found.reasons[1], "one text for all"


def test_contradictions_are_told_as_such_also_after_an_ambiguous_attempt() -> None:
    found = told("cashback", "a", "a", (entry("a", 2001),), resent=True)
    assert words(found) == ["the answer lists this row as both successful and failed"]
    both = told("cashback", "aa", "a", (entry("a", 2001),), resent=True)
    assert words(both)[0] == (
        "the answer does not say which of the customer's rows it means; one was refused: Refused "
        "(code 2001)"
    )


def test_rows_refused_together_say_all_of_the_reasons() -> None:
    same = told("cashback", "aa", "", (entry("a", 3000), entry("a", 3000)))
    assert (same.outcomes, words(same)) == ([FAILED] * 2, ["Refused (code 3000)"] * 2)
    differ = told("cashback", "aa", "", (entry("a", 3000), entry("a", 7000, "Nobody")))
    assert differ.outcomes == [FAILED] * 2
    assert (
        words(differ)
        == ["refused for one of these reasons: Refused (code 3000) / Nobody (code 7000)"] * 2
    )


def test_a_row_alone_that_was_refused_twice_says_both_reasons() -> None:
    found = told("cashback", "ab", "b", (entry("a", 3000), entry("a", 7000, "Nobody")))
    assert found.outcomes == [FAILED, OK]
    assert words(found)[0] == (
        "refused for one of these reasons: Refused (code 3000) / Nobody (code 7000)"
    )


def test_entries_that_differ_in_any_field_are_read_each_for_itself() -> None:
    bad: tuple[Any, ...] = (
        {"customerId": "a", "reason": "one"},
        {"customerId": "b", "reason": "two"},
        {"customerId": "c", "message": "three"},
        {"customerId": "d", "message": "four"},
        {"customerId": "e", "message": "four", "code": 3000},
        {"customerId": "f", "error": ["five"]},
        {"customerId": "g", "error": "six"},
    )
    found = told("customers", "abcdefg", "", bad, items=False)
    assert words(found) == [
        "one", "two", "three", "four", "four (code 3000)", words(found)[5], "six",
    ]  # fmt: skip
    assert "five" in str(words(found)[5])


@pytest.mark.parametrize(
    ("kind", "resent", "text"),
    [
        ("customers", False, "Refused"),
        ("customers", True, f"{SECOND_ATTEMPT}: Refused"),
        ("balance-inquiries", True, "Refused"),
        ("balance-adjustments", False, "Refused"),
    ],
)
def test_a_refusal_of_what_may_be_repeated_says_where_it_was_a_second_attempt(
    kind: str, resent: bool, text: str
) -> None:
    assert words(told(kind, "a", "", (entry("a"),), resent=resent, items=False)) == [text]


def test_a_code_is_explained_where_the_entry_has_no_text() -> None:
    assert words(told("cashback", "a", "", (entry("a", 7000, ""),))) == [
        "customer not found (code 7000)"
    ]
    assert words(told("cashback", "a", "", ({"customerId": "a"},))) == ["refused without a reason"]


# -- what an order's doubts are made of


def doubts(keys: str, good: str, *codes: int, resent: bool = False) -> list[Doubt]:
    found = told("orders", keys, good, tuple(entry("a", code) for code in codes), resent=resent)
    return found.doubts


def test_doubts_count_what_proves_an_application_a_refusal_and_neither() -> None:
    (doubt,) = doubts("aaaaaaaaaa", "aa", 9004, 9004, 3000, 3000, 2001, 2001, resent=True)
    assert (doubt.applied, doubt.refused, doubt.unclear) == (4, 2, 2)
    assert (doubt.rows, doubt.counted) == (list(range(10)), True)
    (doubt,) = doubts("aaaaaaaaaa", "aa", 9004, 9004, 3000, 3000, 2001, 2001)
    assert (doubt.applied, doubt.refused, doubt.unclear) == (2, 2, 4), "a duplicate proves nothing"
    (doubt,) = doubts("aa", "aa", 3000)
    assert doubt.counted is False
    assert doubt.reason == Reason("Refused", 3000)


@pytest.mark.parametrize("keys", ["aa", "ab", "a"])
@pytest.mark.parametrize("resent", [True, False])
def test_an_order_that_was_there_before_the_run_is_remembered(keys: str, resent: bool) -> None:
    duplicate = told("orders", keys, "", tuple(entry(k, 9004) for k in keys), resent=resent)
    assert duplicate.repeated is not resent
    other = told("orders", keys, "", tuple(entry(k, 3000) for k in keys), resent=resent)
    assert other.repeated is False
    mixed = told("orders", "ab", "", (entry("a", 9004), entry("b", 3000)))
    assert mixed.repeated is True
    assert told("orders", "ab", "", (entry("a", 9004),)).repeated is True
    assert told("orders", "aab", "b", (entry("a", 9004), entry("a", 3000))).repeated is True


def test_without_item_ids_an_id_that_exists_proves_no_application() -> None:
    assert told("cashback", "a", "", (entry("a", 9004),), resent=True, items=False).outcomes == [
        UNSURE
    ]
    assert told("events", "a", "", (entry("a", 9004),), resent=True).outcomes == [UNSURE]


def test_only_orders_can_be_asked_for() -> None:
    found = told("orders", "aab", "a", (entry("a", 3000),))
    assert found.unsettled == [0, 1, 2]
    assert [list(doubt.rows) for doubt in found.doubts] == [[0, 1], [2]]
    assert told("orders", "aab", "a", (entry("a", 3000),), items=False).unsettled == []
    assert told("cashback", "aab", "a", (entry("a", 3000),)).unsettled == []


# -- what is odd about an answer


def test_counts_that_contradict_the_lists_are_noted_once_the_job_has_ended() -> None:
    assert told("customers", "ab", "ab", finished=2, errors=0).notes == []
    assert told("customers", "ab", "ab", finished=3, errors=0).notes == [CONTRADICTS]
    assert told("customers", "ab", "ab", finished=2, errors=1).notes == [CONTRADICTS]
    assert told("customers", "ab", "ab", finished=0, errors=0).notes == [], "two zeros say nothing"
    assert told("customers", "ab", "ab", errors=1).notes == [CONTRADICTS]
    assert told("customers", "ab", "ab", finished=5).notes == [CONTRADICTS]
    running = told("customers", "ab", "ab", state=JobState.RUNNING, finished=1, errors=0)
    assert running.notes == []
    refused = (entry("b", 3000),)
    assert told("customers", "ab", "a", refused, finished=1, errors=1).notes == []
    assert told("customers", "ab", "a", refused, finished=2, errors=1).notes == [CONTRADICTS]
    assert told("customers", "abc", "a", refused, finished=2, errors=1).notes == [CONTRADICTS]


def test_more_entries_than_the_job_counted_are_a_sign_of_doubled_ones() -> None:
    fewer = told("orders", "aab", "aab", finished=2, errors=0)
    assert fewer.notes == [CONTRADICTS, TWICE]
    refused = (entry("b", 3000),)
    good = told("orders", "aab", "aa", refused, finished=2, errors=1)
    assert (good.outcomes, good.notes) == ([OK, OK, FAILED], [])
    more = told("orders", "aab", "aa", refused, finished=1, errors=1)
    assert (more.outcomes, more.notes) == ([UNSURE, UNSURE, FAILED], [CONTRADICTS, TWICE])
    errors = told("orders", "abb", "a", (entry("b"), entry("b")), finished=1, errors=1)
    assert (errors.outcomes, errors.notes) == ([OK, UNSURE, UNSURE], [CONTRADICTS, TWICE])
    alone = told("customers", "ab", "a", refused, finished=1, errors=0, items=False)
    assert alone.outcomes == [OK, FAILED]
    assert alone.notes == [CONTRADICTS, TWICE]


def test_a_customer_with_more_entries_than_rows_makes_no_row_count() -> None:
    found = told("orders", "aab", "aabb")
    assert (found.outcomes, found.notes) == ([UNSURE, UNSURE, OK], [TWICE])


def test_foreign_entries_are_counted_and_noted() -> None:
    found = told("customers", "ab", "azz")
    assert found.foreign == 2
    assert found.notes == ["the answer lists items that are not in this chunk"]
    assert told("customers", "ab", "ab").foreign == 0


@pytest.mark.parametrize("state", list(JobState))
@pytest.mark.parametrize("resent", [True, False])
def test_whether_the_job_has_ended_and_was_sent_before_is_kept(
    state: JobState, resent: bool
) -> None:
    for good, bad in [("a", ()), ("a", (entry("b", 3000),)), ("", (entry("b", 9004),))]:
        found = told("orders", "ab", good, bad, state=state, resent=resent)
        assert (found.ended, found.resent) == (state.final, resent)


def test_a_chunk_of_what_may_be_repeated_keeps_that_it_was_sent_before() -> None:
    for resent in (True, False):
        assert (
            told("customers", "ab", "a", (entry("b"),), resent=resent, items=False).resent is resent
        )


def test_a_chunk_is_taken_to_be_sent_once_unless_told_otherwise() -> None:
    status = JobStatus(1, JobState.COMPLETED, results=JobResults([], [entry("a", 9004)]))
    assert settle(KINDS["cashback"], ["a"], ["t"], status).outcomes == [FAILED]


def test_an_earlier_answer_tells_rows_apart_by_their_items_too() -> None:
    earlier = JobResults(
        [{"customerId": "a", "transactionId": "t1"}],
        [{"customerId": "a", "transactionId": "t0", "error": "no"}],
    )
    status = JobStatus(1, JobState.STOPPED, results=JobResults([], []))
    found = settle(KINDS["cashback"], ["a", "a"], ["t0", "t1"], status, earlier=earlier)
    assert found.outcomes == [FAILED, OK]


def test_a_job_without_a_status_leaves_all_in_doubt() -> None:
    found = settle(KINDS["customers"], ["a", "b"], None, None)
    assert (found.outcomes, found.notes, found.ended) == ([UNSURE] * 2, [], False)
    assert words(found) == ["the answer does not name this row"] * 2


def test_what_an_earlier_answer_fills_in_is_noted() -> None:
    status = JobStatus(1, JobState.STOPPED, results=JobResults([{"customerId": "a"}], []))
    earlier = JobResults([{"customerId": "b"}], [])
    found = settle(KINDS["customers"], ["a", "b"], None, status, earlier=earlier)
    assert found.outcomes == [OK, OK]
    assert found.notes == ["only an earlier answer names some of the rows"]
    nothing = settle(KINDS["customers"], ["a", "b"], None, status, earlier=status.results)
    assert (nothing.outcomes, nothing.notes) == ([OK, UNSURE], [])
    without = settle(KINDS["customers"], ["a", "b"], None, None, earlier=earlier)
    assert without.outcomes == [UNSURE, OK]
