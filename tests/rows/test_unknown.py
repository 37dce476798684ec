"""Fields that Gameball does not know are named once, with the name that was meant; dotted names mean what they mean in CSV."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gameball_async import Customer, GameballClient
from gameball_async.api.kinds import KINDS
from gameball_async.errors import ConfigurationError, ItemError
from gameball_async.observe.events import ConnectionRestored, ConnectionTrouble, UnknownFieldMet
from gameball_async.rows.check import preparer
from gameball_async.rows.row import BadRow, Prepared
from gameball_async.rows.unknown import UnknownField, UnknownFields, meant_by
from gameball_async.sandbox import Sandbox
from tests.engine_virtual import at


def prepared(row: object, policy: Any = "warn", kind: str = "customers") -> tuple[Any, Any]:
    """What is sent (or the faults), and the unknown fields that were met."""
    unknown = UnknownFields(KINDS[kind], policy)
    made = preparer(KINDS[kind], unknown=unknown)(0, row)
    if isinstance(made, BadRow):
        return {fault.field: fault.reason for fault in made.faults}, unknown.found()
    assert isinstance(made, Prepared)
    return json.loads(made.payload), unknown.found()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("firstName", "customerAttributes.firstName"),
        ("first_name", "customerAttributes.firstName"),
        ("City", "customerAttributes.city"),
        ("Email", "email"),
        ("emial", "email"),
        ("e-mail", "email"),
        ("emai", "email"),
        ("mobille", "mobile"),
        ("shoeSize", None),
        ("customerAttributes.citty", "customerAttributes.city"),
    ],
)
def test_the_field_that_was_meant_is_found(name: str, meant: str | None) -> None:
    assert meant_by(KINDS["customers"], name) == meant


def test_an_unknown_field_is_sent_as_before_and_counted() -> None:
    row = {"customerId": "c", "firstName": "Ann", "customerAttributes": {"shoe": 1}}
    sent, found = prepared(row)
    assert sent == row
    assert found == (
        UnknownField("firstName", "customerAttributes.firstName", 1),
        UnknownField("customerAttributes.shoe", None, 1),
    )


def test_unknown_fields_of_a_model_are_named_too() -> None:
    sent, found = prepared(Customer(customer_id="c", extra={"vip": True}))
    assert sent == {"customerId": "c", "vip": True} and found[0].name == "vip"


def test_unknown_fields_are_refused_with_the_name_that_was_meant() -> None:
    faults, _ = prepared({"customerId": "c", "emial": "a@example.com"}, "error")
    assert faults == {"emial": "is not a field that Gameball knows: did you mean email?"}


def test_unknown_fields_are_sent_among_the_accounts_own() -> None:
    row = {"customerId": "c", "vip": True, "customerAttributes": {"shoe": 42, "custom": {"a": 1}}}
    sent, _ = prepared(row, "custom")
    assert sent == {
        "customerId": "c",
        "customerAttributes": {"custom": {"a": 1, "shoe": 42, "vip": True}},
    }


def test_unknown_fields_are_sent_without_a_word_where_that_is_asked_for() -> None:
    assert prepared({"customerId": "c", "vip": True}, "send") == (
        {"customerId": "c", "vip": True},
        (),
    )


def test_a_kind_without_a_place_for_own_fields_refuses_to_send_them_as_custom() -> None:
    with pytest.raises(ConfigurationError, match="cashback have no custom fields"):
        UnknownFields(KINDS["cashback"], "custom")


def test_a_policy_that_is_none_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match="unknown='drop' is not one of: warn, error, custom, send"
    ):
        UnknownFields(KINDS["customers"], "drop")  # type: ignore[arg-type]


def test_a_dotted_name_in_a_mapping_means_what_it_means_in_csv() -> None:
    row = {"customerId": "c", "customerAttributes.city": "Lyon", "customerAttributes.custom.a.b": 1}
    sent, found = prepared(row)
    assert sent == {"customerId": "c", "customerAttributes": {"city": "Lyon", "custom": {"a.b": 1}}}
    assert not found


def test_dotted_names_and_their_object_are_one() -> None:
    row = {"customerId": "c", "customerAttributes": {"zip": "1"}, "customerAttributes.city": "Lyon"}
    sent, _ = prepared(row)
    assert sent["customerAttributes"] == {"zip": "1", "city": "Lyon"}
    assert row["customerAttributes"] == {"zip": "1"}, "the caller's own mapping is left alone"


def test_both_forms_of_one_field_in_one_row_are_a_fault() -> None:
    row = {"customerId": "c", "customerAttributes": {"city": "A"}, "customerAttributes.city": "B"}
    faults, _ = prepared(row)
    assert "is given twice" in faults["customerAttributes.city"]


def test_a_dotted_name_is_checked_like_any_other() -> None:
    faults, _ = prepared({"customerId": "c", "customerAttributes.totalOrders": -1})
    assert [*faults] == ["customerAttributes.totalOrders"]


def test_a_run_tells_each_unknown_field_once_and_reports_how_many_rows_have_it() -> None:
    sandbox = Sandbox()
    told: list[ConnectionTrouble | ConnectionRestored | UnknownFieldMet] = []

    async def main(client: GameballClient) -> tuple[UnknownField, ...]:
        rows = [{"customerId": f"c{n}", "Email": "a@example.com"} for n in range(30)]
        async with client.bulk("customers", rows) as run:
            report = await run.finish()
        return report.unknown_fields

    assert at(sandbox, main, on_warning=told.append) == (UnknownField("Email", "email", 30),)
    assert told == [UnknownFieldMet("customers", "Email", "email")]


def test_an_upsert_and_a_chunk_take_the_same_word() -> None:
    async def main(client: GameballClient) -> None:
        row = {"customerId": "c", "emial": "x"}
        with pytest.raises(ItemError, match="did you mean email"):
            await client.upsert_customer(row, unknown="error")
        with pytest.raises(ItemError, match="did you mean email"):
            await client.submit("customers", [row], unknown="error")
        async with client.submit_all("customers", [row], unknown="error") as submissions:
            (only,) = [each async for each in submissions]
        assert only.job is None and only.outcomes[0].reason is not None

    at(Sandbox(), main)


def test_many_different_fields_are_counted_under_one_name() -> None:
    unknown = UnknownFields(KINDS["customers"])
    for n in range(300):
        unknown.met(f"field{n}")
        unknown.end_row()
    found = unknown.found()
    assert len(found) == 201 and sum(each.rows for each in found) == 300


def test_a_row_is_counted_once_however_often_it_has_the_field_or_is_looked_at() -> None:
    """A dotted name has the row looked at again; the items of an order are one row's."""
    row = {
        "customerId": "c",
        "Email": "x",
        "customerAttributes.city": "Lyon",
        "customerAttributes": {"shoe": 1},
    }
    assert {each.name: each.rows for each in prepared(row)[1]} == {
        "Email": 1,
        "customerAttributes.shoe": 1,
    }
    order = {
        "customerId": "c", "orderId": "o", "orderDate": "2024-10-16T08:13:29Z", "totalPaid": 1,
        "lineItems": [{"colour": "red"}, {"colour": "blue"}],
    }  # fmt: skip
    assert prepared(order, kind="orders")[1] == (UnknownField("lineItems.colour", None, 1),)


def test_a_field_that_goes_among_the_accounts_own_is_not_told_as_ignored() -> None:
    assert prepared({"customerId": "c", "vip": True}, "custom")[1] == ()


def test_fields_of_a_row_that_is_rejected_are_counted_for_that_row_alone() -> None:
    unknown = UnknownFields(KINDS["customers"])
    prepare = preparer(KINDS["customers"], unknown=unknown)
    assert isinstance(prepare(0, {"Email": "x"}), BadRow)
    assert isinstance(prepare(1, {"customerId": "c", "emial": "x"}), Prepared)
    assert {each.name: each.rows for each in unknown.found()} == {"Email": 1, "emial": 1}


def test_a_row_with_very_many_fields_is_told_of_a_bounded_number() -> None:
    told: list[str] = []
    unknown = UnknownFields(KINDS["customers"], "warn", lambda name, meant: told.append(name))
    preparer(KINDS["customers"], unknown=unknown)(
        0, {"customerId": "c", **{f"f{n}": n for n in range(500)}}
    )
    assert len(told) == 200 and len(unknown.found()) == 201
