"""What each kind of answer makes of each row of a chunk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from gameball_async.api.jobs import JobResults, JobState, JobStatus
from gameball_async.api.kinds import KINDS
from gameball_async.bulk.order_doubts import Settlement, orders_found, settle_orders
from gameball_async.bulk.outcomes import settle
from gameball_async.bulk.refusals import SECOND_ATTEMPT
from gameball_async.rows.outcome import Outcome

OK, FAILED, UNSURE = Outcome.SUCCEEDED, Outcome.FAILED, Outcome.INDETERMINATE
Entry = Mapping[str, Any]
Entries = list[Mapping[str, Any]]


def answer(
    good: Sequence[Entry] = (),
    bad: Sequence[Entry] = (),
    state: JobState = JobState.COMPLETED,
    finished: int | None = None,
    errors: int | None = None,
) -> JobStatus:
    results = JobResults(list(good), list(bad))
    return JobStatus(1, state, finished=finished, errors=errors, results=results)


def named(*ids: object, **more: object) -> Entries:
    return [{"customerId": name, **more} for name in ids]


def fate(
    kind: str,
    keys: str,
    good: Sequence[Entry] = (),
    bad: Sequence[Entry] = (),
    *,
    items: str | None = None,
    resent: bool = False,
    state: JobState = JobState.COMPLETED,
    finished: int | None = None,
    errors: int | None = None,
) -> Settlement:
    """Settle a chunk whose keys (and items) are single words in a text."""
    ids = None if items is None else items.split()
    status = answer(good, bad, state, finished, errors)
    return settle(KINDS[kind], keys.split(), ids, status, resent=resent)


@pytest.mark.parametrize("kind", [name for name in KINDS if name != "order-transactions"])
def test_each_row_of_its_own_customer_has_what_the_answer_says_of_the_customer(kind: str) -> None:
    """A success, a failure under either name, and a row that is not named."""
    bad = [{"customerId": "b", "error": "No such customer"}, {"customerId": "c", "message": "Bad"}]
    told = fate(kind, "a b c d", named("a"), bad, items="1 2 3 4")
    assert told.outcomes == [OK, FAILED, FAILED, UNSURE]
    assert {row: reason.text for row, reason in told.reasons.items()} == {
        1: "No such customer",
        2: "Bad",
        3: "the answer does not name this row",
    }


def test_order_transactions_name_the_order_in_a_success_and_call_it_customer_in_a_failure() -> None:
    """As documented; an order id under its own name counts in a failure as well."""
    good = [{"orderId": "o1", "customerId": "o2", "transactions": [], "count": 0}]
    bad: Entries = [
        {"customerId": "o3", "message": "Order Not Found"},
        {"orderId": "o4", "customerId": "o1"},
    ]
    told = fate("order-transactions", "o1 o2 o3 o4", good, bad)
    assert told.outcomes == [OK, UNSURE, FAILED, FAILED]
    assert told.foreign == 0


def test_what_is_on_both_lists_is_indeterminate() -> None:
    """A contradiction is no proof of either."""
    told = fate("customers", "a b", named("a", "b"), named("a", error="no"))
    assert told.outcomes == [UNSURE, OK]
    assert told.reasons[0].text == "the answer lists this row as both successful and failed"


def test_doubled_foreign_and_reordered_entries_change_nothing_for_rows_told_apart() -> None:
    """They are counted and noted."""
    told = fate("cashback", "a b", named("x", "b", "b", "y"), named("a", "a", error="no"))
    assert told.outcomes == [FAILED, OK]
    assert told.foreign == 2
    assert told.notes == [
        "the answer lists items that are not in this chunk",
        "the answer lists items more than once",
    ]


def test_counts_are_hints_and_the_lists_decide() -> None:
    """A contradiction is noted."""
    told = fate("customers", "a b", named("a", "b"), finished=0, errors=2)
    assert told.outcomes == [OK, OK]
    assert told.notes == ["the answer's counts contradict its lists"]
    agreeing = fate("customers", "a b", named("a"), named("b"), finished=1, errors=1)
    assert agreeing.notes == []


@pytest.mark.parametrize("state", list(JobState))
def test_what_is_listed_is_decided_in_any_state_and_what_is_not_is_indeterminate(
    state: JobState,
) -> None:
    """A failed or stopped job's rows are not failed for that, nor are those of a job not seen end."""
    told = fate("cashback", "a b c", named("a"), named("b", error="no"), state=state)
    assert told.outcomes == [OK, FAILED, UNSURE]


def test_a_stopped_job_without_lists_leaves_its_rows_to_an_earlier_answer() -> None:
    """And to nothing where there was none."""
    stopped = JobStatus(1, JobState.STOPPED, total=0, finished=0, errors=0)
    earlier = JobResults(named("a"), named("b", error="no"))
    kind = KINDS["customers"]
    assert settle(kind, ["a", "b", "c"], None, stopped).outcomes == [UNSURE] * 3
    told = settle(kind, ["a", "b", "c"], None, stopped, earlier=earlier)
    assert told.outcomes == [OK, FAILED, UNSURE]
    assert told.notes == ["only an earlier answer names some of the rows"]
    assert settle(kind, ["a"], None, None, earlier=earlier).outcomes == [OK]


def test_an_earlier_answer_only_fills_gaps() -> None:
    """Where the last answer names a row, it decides; entries of both are not added up."""
    earlier = JobResults(named("a", "b", "b"), named("c", error="no"))
    told = settle(
        KINDS["events"], ["a", "b", "b", "c"], None, answer(named("b", "c")), earlier=earlier
    )
    assert told.outcomes == [OK, OK, OK, OK]
    told = settle(
        KINDS["events"], ["b", "b"], None, answer(named("b")), earlier=JobResults(named("b"))
    )
    assert told.outcomes == [UNSURE, UNSURE]


@pytest.mark.parametrize(
    ("key", "written", "same"),
    [
        ("12", 12, True),
        ("12", 12.0, True),
        ("012", 12, False),
        ("012", "012", True),
        ("12", True, False),
        ("1", True, False),
        ("12", 12.5, False),
        (" Ann ", "ann", True),
        ("Straße", "STRASSE", True),
        ("a", ["a"], False),
        ("a", {"id": "a"}, False),
        ("a", None, False),
    ],
)
def test_ids_are_compared_as_text_then_by_their_one_likeness(
    key: str, written: object, same: bool
) -> None:
    """Numbers count as their canonical text: a leading zero makes another id."""
    told = settle(KINDS["customers"], [key, "other"], None, answer(named(written, "other")))
    assert told.outcomes == [OK if same else UNSURE, OK]
    assert told.foreign == (not same)


def test_a_likeness_to_two_keys_is_none() -> None:
    """ "ann" may be either; as exact text it is one."""
    assert fate("customers", "Ann ANN", named("ann")).outcomes == [UNSURE, UNSURE]
    assert fate("customers", "Ann ann", named("ann")).outcomes == [UNSURE, OK]


def test_the_name_of_the_key_field_may_be_in_other_letter_case() -> None:
    """The .NET way of writing it."""
    assert fate("customers", "a", [{"CustomerId": "a"}]).outcomes == [OK]


# --- rows that share a customer ----------------------------------------------------------------


def test_rows_of_one_customer_are_decided_together_if_all_end_alike() -> None:
    """As many entries as rows, all on one side."""
    assert fate("events", "a a b", named("a", "a", "b")).outcomes == [OK] * 3
    told = fate("events", "a a", (), named("a", error="x") + named("a", message="y"))
    assert told.outcomes == [FAILED] * 2
    assert told.reasons[0].text == "refused for one of these reasons: x / y"


def test_rows_of_one_customer_that_ended_differently_are_indeterminate() -> None:
    """With what was refused as a part of the reason."""
    told = fate("events", "a a b", named("a", "b"), named("a", error="no"))
    assert told.outcomes == [UNSURE, UNSURE, OK]
    assert told.reasons[0].text == (
        "the answer does not say which of the customer's rows it means; one was refused: no"
    )


def test_too_few_entries_for_a_customers_rows_decide_none_of_them() -> None:
    """Nothing is inferred from a list that is not whole."""
    told = fate("events", "a a", named("a"))
    assert told.outcomes == [UNSURE, UNSURE]
    assert told.reasons[0].text == "the answer does not name all of the customer's rows"


@pytest.mark.parametrize(
    ("good", "finished", "errors"),
    [(["a", "a", "b", "b"], None, None), (["a", "a", "b"], 2, 1)],
)
def test_nothing_is_counted_in_an_answer_that_seems_to_list_entries_twice(
    good: list[str], finished: int | None, errors: int | None
) -> None:
    """A doubled entry may hide that another is missing; rows told apart stay decided."""
    told = fate("events", "a a b", named(*good), finished=finished, errors=errors)
    assert told.outcomes == [UNSURE, UNSURE, OK]
    assert "more than once" in told.reasons[0].text


def test_a_count_of_nothing_is_no_sign_of_doubled_entries() -> None:
    """Both counts are 0 while queued, whatever was sent."""
    assert fate("events", "a a", named("a", "a"), finished=0, errors=0).outcomes == [OK, OK]


def test_an_item_id_in_an_entry_names_the_row() -> None:
    """So that rows of one customer are told apart; as text, as number, or by its likeness."""
    good: Entries = [{"customerId": "a", "orderId": 7}, {"customerId": "a", "orderId": " O-9 "}]
    bad = [{"customerId": "a", "orderId": "8", "error": "no"}]
    told = fate("orders", "a a a", good, bad, items="7 8 o-9")
    assert told.outcomes == [OK, FAILED, OK]


def test_an_entry_without_item_id_is_about_the_rows_that_others_do_not_name() -> None:
    """One is left, and one entry."""
    good = [{"customerId": "a", "orderId": "7"}, {"customerId": "a"}]
    assert fate("orders", "a a", good, items="7 8").outcomes == [OK, OK]
    told = fate("orders", "a a", good[:1], named("a", error="no"), items="7 8")
    assert told.outcomes == [OK, FAILED]


def test_a_further_entry_about_rows_that_are_all_named_puts_them_in_doubt_if_it_contradicts() -> (
    None
):
    """No one knows which of them it means."""
    good: Entries = [{"customerId": "a", "orderId": item} for item in ("7", "8")]
    told = fate("orders", "a a", good, named("a", error="no"), items="7 8")
    assert told.outcomes == [UNSURE, UNSURE]
    assert fate("orders", "a a", good + named("a"), items="7 8").outcomes == [OK, OK]


def test_an_entry_with_an_item_id_of_somebody_else_is_foreign() -> None:
    """The customer is ours, the order is not; but only where the ids are ours at all."""
    ours = {"customerId": "a", "orderId": "7"}
    told = fate("orders", "a b", [ours, {"customerId": "b", "orderId": "99"}], items="7 8")
    assert told.outcomes == [OK, UNSURE]
    assert told.foreign == 1
    numbers: Entries = [
        {"customerId": "a", "transactionId": 501},
        {"customerId": "b", "transactionId": 502},
    ]
    told = fate("cashback", "a b", numbers, items="t1 t2")
    assert told.outcomes == [OK, OK]


def test_an_entry_without_customer_is_found_by_its_item_id_if_one_row_has_it() -> None:
    """Two rows with the id: foreign."""
    assert fate("orders", "a b", [{"orderId": "7"}], items="7 8").outcomes == [OK, UNSURE]
    assert fate("orders", "a b", [{"orderId": "7"}], items="7 7").outcomes == [UNSURE, UNSURE]


def test_a_row_without_item_id_is_known_by_its_customer_alone() -> None:
    """Beside rows that have one."""
    kind, good = KINDS["orders"], [{"customerId": "a", "orderId": "7"}, {"customerId": "b"}]
    told = settle(kind, ["a", "b", "c"], ["7", None, None], answer(good))
    assert told.outcomes == [OK, OK, UNSURE]


def test_an_item_id_under_another_customer_is_foreign() -> None:
    """It may be another customer's item of the same id."""
    told = fate("cashback", "a", [{"customerId": "z", "transactionId": "t"}], items="t")
    assert told.outcomes == [UNSURE]
    assert told.foreign == 1


# --- after an ambiguous attempt ----------------------------------------------------------------

EXISTS = named("a", code=9004, message="Transaction id already exists")


@pytest.mark.parametrize("kind", ["cashback", "redemptions", "orders"])
def test_an_id_that_exists_means_failed_at_first_and_applied_after_an_ambiguous_attempt(
    kind: str,
) -> None:
    """9004, or the phrase."""
    assert fate(kind, "a", (), EXISTS, items="t").outcomes == [FAILED]
    told = fate(kind, "a", (), EXISTS, items="t", resent=True)
    assert told.outcomes == [OK]
    assert str(told.reasons[0]) == "applied by an earlier attempt of this run (code 9004)"
    phrase = named("a", error="Order id O-1 already exists")
    assert fate("orders", "a", (), phrase, items="O-1", resent=True).outcomes == [OK]


@pytest.mark.parametrize("code", [9003, 2001, 4000, 4500, 5000, 9008, 3011, 9006, 777, None])
def test_after_an_ambiguous_attempt_most_refusals_prove_nothing(code: int | None) -> None:
    """They may be due to what the earlier attempt did; at first they mean failed."""
    entry = named("a", error="Refused") if code is None else named("a", error="Refused", code=code)
    told = fate("cashback", "a", (), entry, items="t", resent=True)
    assert told.outcomes == [UNSURE]
    assert told.reasons[0].code == code
    assert fate("cashback", "a", (), entry, items="t").outcomes == [FAILED]


@pytest.mark.parametrize("code", [3000, 3001, 7000, 6001, 1002])
def test_an_item_at_fault_has_failed_at_every_attempt(code: int) -> None:
    """It would have been refused earlier as well."""
    entry = named("a", error="Refused", code=code)
    assert fate("cashback", "a", (), entry, items="t", resent=True).outcomes == [FAILED]
    assert fate("orders", "a", (), entry, items="t", resent=True).outcomes == [FAILED]


def test_an_invalid_order_may_be_a_duplicate_in_disguise() -> None:
    """Under which code a duplicate order is refused is not documented."""
    entry = named("a", error="Refused", code=3003)
    assert fate("orders", "a", (), entry, items="t", resent=True).outcomes == [UNSURE]
    assert fate("cashback", "a", (), entry, items="t", resent=True).outcomes == [FAILED]


def test_what_may_be_repeated_has_failed_if_its_last_attempt_has() -> None:
    """Sending it again does nothing new; that the first attempt may have been applied is said."""
    entry = named("a", error="Refused", code=3003)
    told = fate("customers", "a", (), entry, resent=True)
    assert told.outcomes == [FAILED]
    assert str(told.reasons[0]) == f"{SECOND_ATTEMPT}: Refused (code 3003)"
    question = fate("balance-inquiries", "a", (), entry, resent=True)
    assert (question.outcomes, question.reasons[0].text) == ([FAILED], "Refused")


def test_what_has_no_id_of_its_own_cannot_be_known_by_it() -> None:
    """An event sent twice on request is refused for no such reason."""
    assert fate("events", "a", (), EXISTS, resent=True).outcomes == [UNSURE]


def test_an_id_that_looks_like_the_code_proves_nothing() -> None:
    """ "(9004)" may be the order."""
    entry = named("a", error="9004: refused")
    assert fate("cashback", "a", (), entry, items="9004", resent=True).outcomes == [UNSURE]
    assert fate("cashback", "a", (), entry, items="9005", resent=True).outcomes == [OK]


def test_two_rows_with_one_id_cannot_be_told_apart_by_it() -> None:
    """Which of them was applied earlier is open."""
    told = fate("orders", "a b", (), EXISTS + named("b", code=9004), items="o o", resent=True)
    assert told.outcomes == [UNSURE, UNSURE]


def test_successes_and_proofs_of_an_earlier_application_count_together() -> None:
    """For rows of one customer, none of which is left out."""
    told = fate("orders", "a a", named("a"), EXISTS, items="1 2", resent=True)
    assert told.outcomes == [OK, OK]


def test_reasons_are_cleaned_and_cut_and_never_empty() -> None:
    """Server text reaches people and terminals through them."""
    bad: Entries = [
        {"customerId": "a", "error": "\x1b[31mred\u202e\n" + "x" * 5000},
        {"customerId": "b"},
        {"customerId": "c", "code": 7000},
        {"customerId": "d", "error": {"code": "9008", "message": "Too few"}},
    ]
    told = fate("cashback", "a b c d", (), bad)
    text = told.reasons[0].text
    assert len(text) == 200
    assert text.startswith("\\x1b[31mred\\u202e\\nxx")
    assert str(told.reasons[1]) == "refused without a reason"
    assert str(told.reasons[2]) == "customer not found (code 7000)"
    assert str(told.reasons[3]) == "Too few (code 9008)"


# --- asking order-transactions -----------------------------------------------------------------


def settled(told: Settlement, items: str, found: dict[str, bool]) -> list[Outcome]:
    return settle_orders(told, items.split(), found).outcomes


def test_orders_in_doubt_can_be_asked_for_and_nothing_else_can() -> None:
    """Only the indeterminate rows of the kind orders."""
    told = fate("orders", "a a b c", named("a", "b"), named("a", error="no"), items="1 2 3 4")
    assert told.unsettled == [0, 1, 3]
    assert fate("events", "a a", named("a"), named("a", error="no")).unsettled == []


def test_as_many_existing_orders_as_successes_tells_which_were_applied() -> None:
    """And those that do not exist have failed, with the reason that the answer gave."""
    told = fate("orders", "a a a", named("a"), named("a", "a", error="no"), items="1 2 3")
    after = settle_orders(told, ["1", "2", "3"], {"1": False, "2": True, "3": False})
    assert after.outcomes == [FAILED, OK, FAILED]
    assert after.reasons[0].text == "no"
    assert after.unsettled == []


def test_an_order_that_may_have_been_there_before_stays_indeterminate() -> None:
    """More exist than were applied: which were there before, nobody can say."""
    dup = named("a", error="Order id already exists")
    told = fate("orders", "a a", named("a"), dup, items="1 2")
    assert settled(told, "1 2", {"1": True, "2": True}) == [UNSURE, UNSURE]
    plain = fate("orders", "a a", named("a"), named("a", error="no"), items="1 2")
    assert settled(plain, "1 2", {"1": True, "2": True}) == [UNSURE, UNSURE]


def test_doubled_successes_are_not_counted_against_existing_orders() -> None:
    """One of the two may be listed twice, and the other have been there before."""
    bad = named("a", error="Could not be added")
    told = fate("orders", "a a a", named("a", "a"), bad, items="1 2 3", finished=1, errors=1)
    assert settled(told, "1 2 3", {"1": True, "2": True, "3": False}) == [UNSURE, UNSURE, FAILED]


def test_a_refused_order_that_exists_was_there_before() -> None:
    """The refusal has no order to go with it but one that exists."""
    told = fate("orders", "a a", (), named("a", code=7000), items="1 2")
    assert settled(told, "1 2", {"1": True, "2": True}) == [UNSURE, UNSURE]
    assert settled(told, "1 2", {"1": True, "2": False}) == [OK, FAILED]


def test_an_order_that_the_answer_does_not_name_is_settled_by_whether_it_exists() -> None:
    """Unless the answer shows that orders of this chunk were there before."""
    told = fate("orders", "a b c", named("c"), items="1 2 3", state=JobState.STOPPED)
    after = settle_orders(told, ["1", "2", "3"], {"1": True, "2": False})
    assert after.outcomes == [OK, FAILED, OK]
    assert after.reasons[1].text == "not applied: order-transactions does not know the order"
    dup = named("c", error="Duplicate order")
    told = fate("orders", "a b c", (), dup, items="1 2 3", state=JobState.STOPPED)
    assert settled(told, "1 2 3", {"1": True, "2": False}) == [UNSURE, FAILED, FAILED]


def test_an_order_that_does_not_exist_may_still_be_applied_by_a_job_that_has_not_ended() -> None:
    """Or by a job that nobody has seen."""
    told = fate("orders", "a", items="1", state=JobState.RUNNING)
    assert settled(told, "1", {"1": False}) == [UNSURE]
    assert settled(told, "1", {"1": True}) == [OK]
    unseen = settle(KINDS["orders"], ["a"], ["1"], None)
    assert settled(unseen, "1", {"1": False}) == [UNSURE]


def test_after_an_ambiguous_attempt_absence_needs_a_refusal_to_go_with_it() -> None:
    """The earlier attempt may still be waiting; existence speaks for our own attempts."""
    refused = named("b", error="Customer not found", code=7000)
    told = fate("orders", "a b", refused[:0], refused, items="1 2", resent=True)
    assert settled(told, "1 2", {"1": False, "2": False}) == [UNSURE, FAILED]
    told = fate("orders", "b", refused[:0], named("b", error="no"), items="2", resent=True)
    assert settled(told, "2", {"2": True}) == [OK]


@pytest.mark.parametrize("code", [2001, 9008, None])
def test_after_an_ambiguous_attempt_a_refusal_for_the_moment_proves_nothing(
    code: int | None,
) -> None:
    """2001 least of all: the other request of the customer may be our own earlier attempt."""
    refused = named("b", error="no") if code is None else named("b", error="no", code=code)
    told = fate("orders", "b", refused[:0], refused, items="2", resent=True)
    assert settled(told, "2", {"2": False}) == [UNSURE]
    told = fate("orders", "b", refused[:0], refused, items="2")
    assert told.outcomes == [FAILED]


def test_a_success_without_an_order_is_a_contradiction() -> None:
    """Nothing is decided on it."""
    told = fate("orders", "a", named("a"), named("a", error="no"), items="1")
    assert settled(told, "1", {"1": False}) == [UNSURE]
    assert settled(told, "1", {"1": True}) == [OK]


def test_an_order_id_of_two_rows_settles_neither_by_existing() -> None:
    """One of them may be there for the other."""
    told = fate("orders", "a b", items="1 1")
    assert settled(told, "1 1", {"1": True}) == [UNSURE, UNSURE]
    assert settled(told, "1 1", {"1": False}) == [FAILED, FAILED]


def test_what_was_not_answered_stays_open_and_can_be_asked_again() -> None:
    """With the answers of both times."""
    told = fate("orders", "a a", named("a"), named("a", error="no"), items="1 2")
    once = settle_orders(told, ["1", "2"], {"1": False})
    assert once.outcomes == [FAILED, OK]  # one is left that the success can be about
    told = fate("orders", "a a", named("a")[:0], named("a", error="no"), items="1 2")
    once = settle_orders(told, ["1", "2"], {"1": False})
    assert once.outcomes == [FAILED, UNSURE]
    assert once.unsettled == [1]
    assert settled(once, "1 2", {"1": False, "2": False}) == [FAILED, FAILED]


def test_which_orders_exist_is_read_from_what_says_so_alone() -> None:
    """A refusal for another reason, a contradiction and a gap tell nothing."""
    good = [{"orderId": "1"}, {"orderId": "5"}]
    bad: Entries = [
        {"customerId": "2", "message": "Order Not Found"},
        {"customerId": "3", "message": "Server error", "code": 5000},
        {"customerId": "4", "code": 9002},
        {"customerId": "5", "code": 9002},
    ]
    found = orders_found(list("123456"), answer(good, bad))
    assert found == {"1": True, "2": False, "4": False}
    assert orders_found(["1"], JobStatus(1, JobState.STOPPED)) == {}
