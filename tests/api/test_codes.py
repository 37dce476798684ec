"""The catalogue of codes, and where a failed entry shows one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameball_async.api.codes import Category, Code, read_refusal
from gameball_async.api.wire import read_code

# The facts of the API page, kept apart from the code: code and usual HTTP status.
DOCUMENTED = {
    1000: 401, 1001: 401, 1002: 403, 2000: 412, 2001: 422, 3000: 400, 3001: 422, 3003: 422,
    3009: 422, 3011: 422, 3013: 415, 3014: 423, 3015: 423, 3016: 400, 3017: 404, 4000: 400,
    4004: 404, 4500: 400, 5000: 500, 5003: 503, 6000: 422, 6001: 422, 7000: 404, 7001: 422,
    7002: 422, 7003: 404, 7004: 422, 7005: 422, 7006: 422, 8000: 403, 9003: 422, 9004: 422,
    9007: 422, 9008: 422, 9002: 404,
}  # fmt: skip


@pytest.mark.parametrize(("number", "status"), DOCUMENTED.items())
def test_each_documented_code_is_in_the_catalogue_with_its_status(number: int, status: int) -> None:
    """By its number, and equal to it."""
    code = Code(number)
    assert code == number
    assert code.status == status
    assert code.category == number // 1000
    assert Code.find(number) is code


@pytest.mark.parametrize("code", list(Code))
def test_each_code_has_a_category_a_meaning_and_a_sentence_of_advice(code: Code) -> None:
    """The advice is one short sentence or two, for people."""
    assert code.category in Category
    assert code.advice.endswith(".")
    assert code.advice[0].isupper()
    assert len(code.advice) <= 90
    assert code.meaning == code.meaning.lower()


def test_only_what_may_pass_by_itself_is_retryable() -> None:
    """Another request in progress, and Gameball's own trouble."""
    assert [code.value for code in Code if code.retryable] == [2001, 4500, 5000, 5003]


def test_an_unknown_number_has_no_code() -> None:
    """Nor has None."""
    assert Code.find(1234) is None
    assert Code.find(None) is None


@pytest.mark.parametrize(
    "entry",
    [
        {"code": 9004},
        {"code": "9004"},
        {"code": 9004.0},
        {"errorCode": 9004},
        {"error_code": " 9004 "},
        {"ErrorCode": 9004},
        {"error": {"code": 9004, "message": "exists"}},
        {"code": 400, "error": {"message": "error code 9004"}},
        {"error": "9004"},
        {"error": 9004},
        {"message": "9004: the id exists"},
        {"message": "9004 - the id exists"},
        {"message": "[9004] the id exists"},
        {"message": "(9004) the id exists"},
        {"message": "The id exists (9004)"},
        {"message": "The id exists [9004]."},
        {"message": "The id exists (code 9004)"},
        {"message": "code: 9004"},
        {"message": "Failed with code 9004"},
        {"message": "Error 9004: the id exists"},
        {"message": "Refused, error code=9004"},
        {"message": "errorCode: 9004"},
        {"error": "Bad Request", "message": "9004: the id exists"},
        {"error": "Transaction ID already exists"},
        {"error": "TransactionId already exists."},
        {"error": "transaction_id 'T-1' already exists"},
        {"error": "The Transaction Id: T-1 already exists!"},
        {"error": "Duplicate transaction id"},
        {"error": ["Transaction ID already exists"]},
        {"errors": [{"message": "Transaction ID already exists"}]},
    ],
)
def test_a_code_is_found_in_its_field_in_the_text_or_by_its_phrase(entry: dict[str, Any]) -> None:
    """Wherever a failed entry may carry it."""
    refusal = read_refusal({"customerId": "c1", **entry})
    assert refusal.code == 9004
    assert refusal.duplicate


@pytest.mark.parametrize(
    "text",
    [
        "Amount 9004 is too high",
        "amount: 9004",
        "Order 9004 failed",
        "Order (9004)",
        "Customer id (9004)",
        "Customer 9004: not found",
        "#9004 refused",
        "90045: refused",
        "19004",
        "9004.50: refused",
        "9004,5",
        "code 9,004",
        "code 90041",
        "Promo code 9004 is not valid",
        "Coupon code: 9004",
        "Coupon with code 9004 not found",
        "error 1234: something",
        "2024-10-16: refused",
        "3000 points are missing",
        "Paid 9004-01",
        "Could not check whether transaction id already exists",
        "Transaction already done; id exists nowhere",
        "Failed to create customer",
        "",
    ],
)
def test_an_amount_an_id_or_a_year_is_no_code(text: str) -> None:
    """Even where the number is in the catalogue."""
    refusal = read_refusal({"customerId": "c1", "error": text})
    assert refusal.code is None
    assert not refusal.duplicate


@pytest.mark.parametrize(
    "text",
    [
        "Order id already exists",
        "OrderId already exists",
        "Order ID 1001 already exists.",
        'order "A-1" already exists',
        "Duplicate order",
        "Duplicate order id: A-1",
        "duplicate orderId",
        "Order number 5 already exists",
    ],
)
def test_a_duplicate_order_is_known_by_its_phrase_under_any_code(text: str) -> None:
    """Its code is not documented."""
    assert read_refusal({"error": text}).duplicate
    assert read_refusal({"error": text}).code is None
    assert read_refusal({"error": text, "code": 3003}).duplicate
    assert not read_refusal({"error": text, "code": 9003}).duplicate


@pytest.mark.parametrize(
    "text",
    ["Order not created", "Customer already exists", "Email already exists", "Order Not Found",
     "Could not check whether order id already exists", "It exists already", "The time already exists"],
)  # fmt: skip
def test_that_something_else_exists_is_no_duplicate(text: str) -> None:
    """The customer, the email, the time."""
    assert not read_refusal({"error": text}).duplicate


def test_that_the_time_exists_is_9003_and_no_duplicate() -> None:
    """It may be the time of another transaction."""
    refusal = read_refusal({"message": "Transaction time already exists"})
    assert refusal.code == 9003
    assert not refusal.duplicate


def test_a_documented_code_in_a_field_goes_before_the_text() -> None:
    """And the text before a number that is no documented code."""
    assert read_refusal({"code": 7000, "message": "9004: exists"}).code == 7000
    assert read_refusal({"code": 422, "message": "9004: exists"}).code == 9004
    assert read_refusal({"code": 422, "message": "exists"}).code == 422


def test_what_is_asked_for_is_not_found_only_if_the_answer_says_so() -> None:
    """By code or phrase; another trouble is none."""
    assert read_refusal({"message": "Order Not Found"}).not_found
    assert read_refusal({"message": "Order 17 was not found"}).not_found
    assert read_refusal({"code": 4004}).not_found
    assert read_refusal({"code": 9002}).not_found
    assert not read_refusal({"code": 5000, "message": "Order Not Found"}).not_found
    assert not read_refusal({"message": "Customer not found"}).not_found


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"error": "Failed", "message": "Failed"}, "Failed"),
        ({"error": "Bad", "message": "Worse"}, "Bad; Worse"),
        ({"error": None, "message": " Bad "}, "Bad"),
        ({"error": {"message": "Bad"}}, "Bad"),
        ({"errors": ["a", "b"]}, "a; b"),
        ({"reason": 5.5}, "5.5"),
        ({"error": True}, ""),
        ({}, ""),
    ],
)
def test_the_text_of_a_refusal_is_what_its_entry_says(entry: dict[str, Any], text: str) -> None:
    """Under whichever of its names, once."""
    assert read_refusal(entry).text == text


@pytest.mark.parametrize(
    ("value", "code"),
    [(2001, 2001), ("2001", 2001), (2001.0, 2001), (" 42 ", 42), (True, None), (0, None),
     (-1, None), (1.5, None), ("", None), ("٤٢", None), ("4_2", None), ("E42", None),
     (10**9, None), (float("nan"), None), (float("inf"), None), ([], None), (None, None)],
)  # fmt: skip
def test_a_code_is_a_small_positive_number_or_its_digits(value: object, code: int | None) -> None:
    """Anything else is none."""
    assert read_code(value) == code


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(["error", "message", "code", "errorCode", "errors", "reason"]) | st.text()


@given(st.dictionaries(FIELDS, JSON, max_size=6))
def test_no_entry_makes_the_reader_fail(entry: dict[str, Any]) -> None:
    """Whatever is in it."""
    refusal = read_refusal(entry)
    assert isinstance(refusal.text, str)
    assert refusal.code is None or 0 < refusal.code < 1_000_000
