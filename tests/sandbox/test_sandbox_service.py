"""The service, kind by kind and request by request."""

from __future__ import annotations

from typing import Any

import pytest

from gameball_async.sandbox import Constant, Reason
from tests.sandbox.sandbox_desk import ITEMS, PATHS, WHEN, Desk, read

REQUIRED = {
    "customers": ["customerId"],
    "orders": ["customerId", "orderId", "orderDate", "totalPaid"],
    "balance-inquiries": ["customerId"],
    "balance-adjustments": ["customerId", "amount"],
    "cashback": ["customerId", "transactionId", "transactionTime", "amount"],
    "redemptions": ["customerId", "transactionId", "transactionTime"],
    "events": ["customerId", "events"],
}
FIELDS = [(kind, field) for kind, fields in REQUIRED.items() for field in fields]


@pytest.mark.parametrize("kind", [kind for kind in PATHS if kind != "order-transactions"])
def test_a_complete_item_of_each_kind_is_applied(kind: str) -> None:
    desk = Desk()
    told = desk.run(kind, [ITEMS[kind]])
    assert (told["status"], told["finishedCount"], told["errorCount"]) == ("completed", 1, 0)
    [entry] = told["response"]["successful"]
    assert entry["customerId"] == "c1"
    assert desk.service.ledger.applied == {kind: 1}


@pytest.mark.parametrize(("kind", "field"), FIELDS)
def test_an_item_without_a_required_field_fails_alone(kind: str, field: str) -> None:
    broken = {name: value for name, value in ITEMS[kind].items() if name != field}
    told = Desk(reasons="error", codes="field").run(kind, [broken, ITEMS[kind]])
    assert (told["status"], told["finishedCount"], told["errorCount"]) == ("completed", 1, 1)
    [entry] = told["response"]["failed"]
    assert entry == {
        "customerId": broken.get("customerId"),
        "error": f"{field} is missing",
        "code": 3000,
    }


@pytest.mark.parametrize(("kind", "field"), FIELDS)
@pytest.mark.parametrize(("value", "code"), [(None, 3001), ([], 3003), (True, 3003)])
def test_a_required_field_that_is_null_or_of_another_type_fails_its_item(
    kind: str, field: str, value: Any, code: int
) -> None:
    told = Desk(codes="field").run(kind, [{**ITEMS[kind], field: value}])
    assert [entry["code"] for entry in told["response"]["failed"]] == [code]


@pytest.mark.parametrize(
    ("kind", "change", "code"),
    [
        ("customers", {"customerId": " "}, 3003),
        ("customers", {"customerId": 12}, 3003),
        ("customers", {"guest": "yes"}, 3003),
        ("customers", {"customerAttributes": {"channel": "fax"}}, 3003),
        ("customers", {"customerAttributes": {"totalOrders": 1.5}}, 3003),
        ("orders", {"orderDate": "2024-10-16"}, 3003),
        ("orders", {"orderDate": "2024-10-16T08:13:29+02:00"}, 3003),
        ("orders", {"orderId": ""}, 3003),
        ("orders", {"totalPaid": "12.5"}, 3003),
        ("cashback", {"transactionTime": "yesterday"}, 9007),
        ("redemptions", {"transactionTime": "2024-10-16 08:13"}, 9007),
        ("redemptions", {"points": 1.5}, 3003),
        ("orders", {"orderDate": "2024-02-30T08:13:29Z"}, 3003),
        ("orders", {"orderDate": "2024-10-16T25:13:29Z"}, 3003),
        ("cashback", {"transactionTime": "2023-02-29T00:00:00Z"}, 9007),
        ("events", {"events": {"visit": "home"}}, 3003),
        ("events", {"events": {"visit": {}, "view": None}}, 3003),
        ("orders", {"lineItems": ["shirt"]}, 3003),
        ("orders", {"lineItems": [{}, {"quantity": "2"}]}, 3003),
        ("orders", {"lineItems": [{"tags": "vip"}]}, 3003),
        ("orders", {"lineItems": [{"tags": [7]}]}, 3003),
        ("orders", {"lineItems": [{"price": None}]}, 3001),
        ("orders", {"redemption": {"couponCodes": "SAVE"}}, 3003),
        ("orders", {"merchant": {"branch": "north"}}, 3003),
        ("orders", {"merchant": {"branch": {"uniqueId": 7}}}, 3003),
        ("orders", {"cashbackConfigurations": {"returnWindow": 1.5}}, 3003),
        ("orders", {"extra": {"gift": True}}, 3003),
        ("orders", {"channel": "fax"}, 3003),
        ("orders", {"guest": "no"}, 3003),
        ("customers", {"email": None}, 3001),
        ("customers", {"customerAttributes": None}, 3001),
        ("customers", {"customerAttributes": {"city": None}}, 3001),
        ("redemptions", {"points": None}, 3001),
    ],
)
def test_a_field_with_an_invalid_value_fails_its_item(
    kind: str, change: dict[str, Any], code: int
) -> None:
    told = Desk(codes="field").run(kind, [{**ITEMS[kind], **change}])
    assert [entry["code"] for entry in told["response"]["failed"]] == [code]


def test_unknown_fields_pass() -> None:
    item = {
        "customerId": "c1", "name": "Ada", "tags": ["vip"], "custom": {"a": 1}, "nick": None,
        "customerAttributes": {"channel": "web", "city": "Cairo", "loyalty": [1]},
    }  # fmt: skip
    assert Desk().run("customers", [item])["finishedCount"] == 1


def test_an_optional_null_passes_only_if_set() -> None:
    item = {"customerId": "c1", "email": None, "customerAttributes": {"channel": None}}
    assert Desk().run("customers", [item])["errorCount"] == 1
    assert Desk(accept_null=True).run("customers", [item])["finishedCount"] == 1
    lenient = Desk(accept_null=True, codes="field")
    told = lenient.run("customers", [{"email": None}, {"customerId": None}])
    assert [entry["code"] for entry in told["response"]["failed"]] == [3000, 3001]


def test_a_whole_number_may_be_written_with_a_point() -> None:
    items = [{**ITEMS["redemptions"], "points": 1.0}]
    assert Desk().run("redemptions", items)["errorCount"] == 0


def test_an_order_with_all_its_documented_fields_is_applied() -> None:
    order = {
        **ITEMS["orders"], "totalPrice": 20, "guest": False, "channel": "pos", "cartId": "k1",
        "lineItems": [{"productId": "p1", "quantity": 2, "tags": ["a"], "extra": {"size": 40}}],
        "redemption": {"couponCodes": ["SAVE"]}, "extra": {"gift": "yes"},
        "merchant": {"uniqueId": "m1", "branch": {"uniqueId": "b1", "name": "North"}},
        "cashbackConfigurations": {"returnWindow": 14.0},
    }  # fmt: skip
    assert Desk().run("orders", [order])["finishedCount"] == 1


# Customers that the account merges


def test_two_ids_with_one_mail_address_are_one_customer_if_the_account_merges_by_it() -> None:
    def ids(merge_by: str) -> list[int]:
        desk = Desk(merge_by=merge_by)
        people = [("c1", "a@example.com"), ("c2", "a@example.com"), ("c3", "b@example.com")]
        answers = [
            desk.ask("POST", "/customers", {"customerId": who, "email": mail, "mobile": who})
            for who, mail in people
        ]
        return [read(answer)["gameballId"] for answer in answers]

    assert ids("email") == [42, 42, 43]
    assert ids("id") == ids("mobile") == [42, 43, 44]


def test_customers_that_merge_later_share_one_balance() -> None:
    desk = Desk(merge_by="mobile")
    desk.run(
        "customers", [{"customerId": "c1", "mobile": "1"}, {"customerId": "c2", "mobile": "2"}]
    )
    for who, points in (("c1", 5), ("c2", 7)):
        desk.run("balance-adjustments", [{"customerId": who, "amount": points}])
    desk.run("customers", [{"customerId": "c2", "mobile": "1"}])
    told = desk.run("balance-inquiries", [{"customerId": "c1"}, {"customerId": "c2"}])
    balances = [entry["totalPointsBalance"] for entry in told["response"]["successful"]]
    assert balances == [12, 12]


def test_the_merging_field_is_required_where_a_kind_has_it() -> None:
    desk = Desk(merge_by="email", codes="field")
    for kind, refused in (("customers", 0), ("cashback", 1), ("balance-inquiries", 0)):
        told = desk.run(kind, [ITEMS[kind]])
        assert [entry["code"] for entry in told["response"]["failed"]] == [3000] * refused


def test_two_ids_of_one_merged_customer_in_two_open_jobs_are_in_conflict_if_strict() -> None:
    desk = Desk(merge_by="email", strict_customers=True, service_time=Constant(10.0))
    jobs = [
        desk.submit("customers", [{"customerId": who, "email": "a@example.com"}])
        for who in ("c1", "c2")
    ]
    desk.now = 100.0
    assert [desk.poll(job)["errorCount"] for job in jobs] == [1, 0]
    assert not desk.service._open


def test_order_transactions_name_a_known_order_as_orderId_and_an_unknown_one_as_customerId() -> (
    None
):
    desk = Desk(codes="field", reasons="error")
    desk.run("orders", [ITEMS["orders"]])
    told = desk.run("order-transactions", ["o1", "o2"])
    [found] = told["response"]["successful"]
    assert (found["orderId"], found["count"]) == ("o1", 1)
    assert "customerId" not in found
    [transaction] = found["transactions"]
    assert (transaction["transactionId"], transaction["amount"]) == ("o1", 12.5)
    assert told["response"]["failed"] == [
        {"customerId": "o2", "error": "Order not found", "code": 9002}
    ]


@pytest.mark.parametrize(
    ("kind", "options", "code", "words"),
    [
        ("orders", {}, 9004, "Order id already exists"),
        ("orders", {"duplicate_order_code": 7001}, 7001, "Order id already exists"),
        ("cashback", {}, 9004, "Transaction id already exists"),
        ("redemptions", {}, 9004, "Transaction id already exists"),
    ],
)
def test_a_known_id_is_refused_and_the_code_is_shown_as_asked(
    kind: str, options: dict[str, Any], code: int, words: str
) -> None:
    shown = {}
    for codes in ("field", "text", "words"):
        desk = Desk(codes=codes, reasons="message", **options)
        desk.run(kind, [ITEMS[kind]])
        [shown[codes]] = desk.run(kind, [ITEMS[kind]])["response"]["failed"]
        assert desk.service.ledger.times(kind).most_common() == [
            (ITEMS[kind].get("orderId", "t1"), 1)
        ]
    assert shown == {
        "field": {"customerId": "c1", "message": words, "code": code},
        "text": {"customerId": "c1", "message": f"{code}: {words}"},
        "words": {"customerId": "c1", "message": words},
    }


def test_the_same_id_is_refused_within_one_job_too() -> None:
    told = Desk().run("orders", [ITEMS["orders"], ITEMS["orders"]])
    assert (told["finishedCount"], told["errorCount"]) == (1, 1)


def test_cashback_and_redemption_of_one_order_may_share_their_transaction_id() -> None:
    desk = Desk()
    assert desk.run("cashback", [ITEMS["cashback"]])["finishedCount"] == 1
    assert desk.run("redemptions", [ITEMS["redemptions"]])["finishedCount"] == 1


@pytest.mark.parametrize(("unique_times", "failures"), [(False, []), (True, [9003])])
def test_a_known_transaction_time_is_refused_only_if_enabled(
    unique_times: bool, failures: list[int]
) -> None:
    desk = Desk(unique_times=unique_times, codes="field")
    desk.run("cashback", [ITEMS["cashback"]])
    told = desk.run("cashback", [{**ITEMS["cashback"], "transactionId": "t2"}])
    assert [entry["code"] for entry in told["response"]["failed"]] == failures


@pytest.mark.parametrize("kind", ["balance-adjustments", "events"])
def test_adjustments_and_events_are_applied_every_time(kind: str) -> None:
    desk = Desk()
    for _ in range(3):
        assert desk.run(kind, [ITEMS[kind]])["finishedCount"] == 1
    assert list(desk.service.ledger.times(kind).values()) == [3]


def test_a_balance_is_what_orders_adjustments_cashback_and_redemptions_made_of_it() -> None:
    desk = Desk()
    for kind in ("orders", "balance-adjustments", "cashback"):
        desk.run(kind, [ITEMS[kind]])
    desk.run("redemptions", [{**ITEMS["redemptions"], "points": 5}])
    [entry] = desk.run("balance-inquiries", [{"customerId": "c1"}])["response"]["successful"]
    assert entry["totalPointsBalance"] == 12.5 - 3 + 9.5 - 5


@pytest.mark.parametrize(("adjustments", "points", "money"), [("points", 20, 5), ("money", 80, 20)])
def test_an_adjustment_counts_points_or_money_as_the_account_says(
    adjustments: str, points: float, money: float
) -> None:
    desk = Desk(adjustments=adjustments, point_value=0.25)
    desk.run("balance-adjustments", [{"customerId": "c1", "amount": 20}])
    [entry] = desk.run("balance-inquiries", [{"customerId": "c1"}])["response"]["successful"]
    assert (entry["totalPointsBalance"], entry["totalPointsValue"]) == (points, money)


def test_a_version_that_is_not_served_is_not_found() -> None:
    desk = Desk(versions=["v4"])
    body = {"body": [ITEMS["customers"]]}
    assert desk.ask("POST", PATHS["customers"], body).status == 404
    served = desk.ask("POST", PATHS["customers"], body, base="/api/v4/integrations")
    assert served.status == 200


def test_a_redemption_beyond_the_balance_fails_only_if_points_are_checked() -> None:
    item = {**ITEMS["redemptions"], "points": 5}
    assert Desk().run("redemptions", [item])["errorCount"] == 0
    told = Desk(check_points=True, codes="field").run("redemptions", [item])
    assert [entry["code"] for entry in told["response"]["failed"]] == [9008]


@pytest.mark.parametrize("kind", ["orders", "balance-inquiries", "cashback", "events"])
def test_an_unknown_customer_is_created_or_refused_as_set(kind: str) -> None:
    assert Desk().run(kind, [ITEMS[kind]])["errorCount"] == 0
    told = Desk(create_unknown=False, codes="field").run(kind, [ITEMS[kind]])
    assert [entry["code"] for entry in told["response"]["failed"]] == [7000]


# Failures on demand


def test_fail_if_fails_items_with_the_given_words() -> None:
    answers: dict[str, Any] = {
        "c1": False,
        "c2": True,
        "c3": "No luck",
        "c4": Reason(6001, "Cashback is disabled"),
    }
    desk = Desk(fail_if=lambda kind, item: answers[item["customerId"]], codes="field")
    told = desk.run("customers", [{"customerId": who} for who in answers])
    failed = {
        entry["customerId"]: (entry.get("error") or entry.get("message"), entry.get("code"))
        for entry in told["response"]["failed"]
    }
    assert failed == {
        "c2": ("Failed to create customer", None),
        "c3": ("No luck", None),
        "c4": ("Cashback is disabled", 6001),
    }
    assert desk.service.ledger.applied["customers"] == 1


def test_reasons_stand_under_error_and_message_in_one_answer() -> None:
    told = Desk(fail_if=lambda kind, item: True).run(
        "customers", [{"customerId": f"c{n}"} for n in range(4)]
    )
    names = [set(entry) - {"customerId"} for entry in told["response"]["failed"]]
    assert {"error"} in names
    assert {"message"} in names


def test_the_fail_rate_hits_its_share_and_the_same_items_each_time() -> None:
    items = [{"customerId": f"c{n}"} for n in range(1000)]

    def failed(seed: int) -> list[str]:
        told = Desk(fail_rate=0.1, seed=seed).run("customers", items)
        return [entry["customerId"] for entry in told["response"]["failed"]]

    assert 60 < len(failed(1)) < 140
    assert failed(1) == failed(1)
    assert failed(1) != failed(2)


def test_entries_carry_the_items_own_id_only_if_asked() -> None:
    twice = [ITEMS["orders"], ITEMS["orders"]]
    plain = Desk().run("orders", twice)["response"]
    rich = Desk(entry_ids=True).run("orders", twice)["response"]
    assert "orderId" not in plain["successful"][0] | plain["failed"][0]
    assert rich["successful"][0]["orderId"] == rich["failed"][0]["orderId"] == "o1"


def test_discarding_keeps_counts_and_answers_but_no_items() -> None:
    desk = Desk(discard=True, service_time=Constant(0.0))
    told = [desk.run("orders", [ITEMS["orders"], {}]) for _ in range(2)]
    assert [(t["finishedCount"], t["errorCount"]) for t in told] == [(1, 1), (1, 1)]
    assert told[1]["response"]["successful"][0]["customerId"] == "c1"
    assert desk.service.ledger.applied == {"orders": 2}
    assert not desk.service.memory.orders
    assert all(job.items() == [] for job in desk.service.jobs.values())
    with pytest.raises(RuntimeError, match="keeps counts only"):
        list(desk.service.ledger.entries())


def test_times_must_be_in_utc() -> None:
    times = [WHEN, "2024-10-16T08:13:29Z", "2024-10-16T08:13Z", "2024-10-16T08:13:29+00:00"]
    items = [
        {**ITEMS["orders"], "orderId": f"o{n}", "orderDate": when} for n, when in enumerate(times)
    ]
    assert Desk().run("orders", items)["errorCount"] == 0
