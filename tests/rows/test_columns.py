"""Columns by the API's names: what goes where, what is refused before anything is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameball_async.api.kinds import KINDS
from gameball_async.faults import Refusal
from gameball_async.rows.check import preparer
from gameball_async.rows.columns import Layout, layout_of
from gameball_async.rows.row import BadRow, Prepared, Row
from tests.api.models import ITEMS


def layout(kind: str, header: str, *, custom: bool = False) -> Layout:
    return layout_of(KINDS[kind], header.split(","), unknown="custom" if custom else "warn")


def item(kind: str, header: str, *cells: str, custom: bool = False) -> Any:
    """What a record is on the wire."""
    row = layout(kind, header, custom=custom).rows([2], [cells])[0]
    assert isinstance(row, Row), row
    prepared = preparer(KINDS[kind])(row.position, row.value)
    assert isinstance(prepared, Prepared), prepared
    return json.loads(prepared.payload)


def bad(kind: str, header: str, *cells: str) -> dict[str, str]:
    row = layout(kind, header).rows([2], [cells])[0]
    if isinstance(row, Row):
        made = preparer(KINDS[kind])(row.position, row.value)
        assert isinstance(made, BadRow), made
        row = made
    assert row.position == 2
    return {fault.field: fault.reason for fault in row.faults}


def refusal(kind: str, header: str, *, custom: bool = False) -> str:
    with pytest.raises(Refusal) as refused:
        layout(kind, header, custom=custom)
    return str(refused.value)


@pytest.mark.parametrize(
    ("kind", "header", "cells", "expected"),
    [
        ("customers", "customerId,email,mobile,guest,name,tags",
         ["001", "a@example.com", "+1", "true", "Ann", "a|b"],
         {"customerId": "001", "email": "a@example.com", "mobile": "+1", "guest": True,
          "name": "Ann", "tags": ["a", "b"]}),
        ("customers", "joinDate,totalSpent,totalOrders,gender,dateOfBirth,customerId,zip",
         ["2020-01-02", "12.50", "3.0", "F", "1990-01-01", "1", "00501"],
         {"customerId": "1", "customerAttributes": {
             "joinDate": "2020-01-02", "totalSpent": 12.5, "totalOrders": 3, "gender": "F",
             "dateOfBirth": "1990-01-01", "zip": "00501"}}),
        ("customers", "customerId,customerAttributes.email,customerAttributes.custom.colour,custom.n",
         ["1", "b@example.com", "blue", "007"],
         {"customerId": "1", "customerAttributes": {
             "email": "b@example.com", "custom": {"colour": "blue", "n": "007"}}}),
        ("customers", "customerId,custom.n:number,custom.b:boolean,custom.l:list,custom.j:json,custom.a:b",
         ["1", "7", "yes", "a|b", '{"x": null}', "c"],
         {"customerId": "1", "customerAttributes": {"custom": {
             "n": 7, "b": True, "l": ["a", "b"], "j": {"x": None}, "a:b": "c"}}}),
        ("customers", "customerId,customerAttributes", ["1", '{"city": "Cairo"}'],
         {"customerId": "1", "customerAttributes": {"city": "Cairo"}}),
        ("customers", "customerId,custom", ["1", '{"a": 1}'],
         {"customerId": "1", "customerAttributes": {"custom": {"a": 1}}}),
        ("orders", ("customerId,orderId,orderDate,totalPaid,merchant.branch.uniqueId,extra.note,"
                   "redemption.couponCodes,cashbackConfigurations.returnWindow,lineItems,channel"),
         ["1", "0002", "2024-10-16T10:00:00+02:00", "0", "B1", "5", "A|B", "7",
          '[{"productId": "3", "quantity": 2}]', "pos"],
         {"customerId": "1", "orderId": "0002", "orderDate": "2024-10-16T08:00:00Z", "totalPaid": 0,
          "merchant": {"branch": {"uniqueId": "B1"}}, "extra": {"note": "5"},
          "redemption": {"couponCodes": ["A", "B"]}, "cashbackConfigurations": {"returnWindow": 7},
          "lineItems": [{"productId": "3", "quantity": 2}], "channel": "pos"}),
        ("order-transactions", "orderId", ["0001"], "0001"),
        ("balance-inquiries", "customerId", ["0001"], {"customerId": "0001"}),
        ("balance-adjustments", "customerId,amount,reason", ["1", "-5", "why"],
         {"customerId": "1", "amount": -5, "reason": "why"}),
        ("cashback", "customerId,transactionId,transactionTime,amount",
         ["1", "T1", "2024-10-16T08:13:29.290Z", "9.99"],
         {"customerId": "1", "transactionId": "T1", "transactionTime": "2024-10-16T08:13:29.290Z",
          "amount": 9.99}),
        ("redemptions", "customerId,transactionId,transactionTime,points,holdReference",
         ["1", "T1", "2024-10-16T08:13:29Z", "100", ""],
         {"customerId": "1", "transactionId": "T1", "transactionTime": "2024-10-16T08:13:29Z",
          "points": 100}),
        ("events", "customerId,event,metadata.page,metadata.price:number",
         ["1", "view", "7", "9.5"],
         {"customerId": "1", "events": {"view": {"page": "7", "price": 9.5}}}),
        ("events", "customerId,event", ["1", "view"], {"customerId": "1", "events": {"view": {}}}),
        ("events", "customerId,events", ["1", '{"view": {"page": 1}}'],
         {"customerId": "1", "events": {"view": {"page": 1}}}),
    ],
)  # fmt: skip
def test_every_kind_is_read_from_columns_named_as_the_api_names_its_fields(
    kind: str, header: str, cells: list[str], expected: object
) -> None:
    assert item(kind, header, *cells) == expected


def test_an_unknown_column_is_named_once_and_not_sent() -> None:
    found = layout("orders", "customerId,orderId,orderDate,totalPaid,quantity,")
    assert found.warnings == (
        ("not sent, as the API does not know them: quantity, (column 6, without a name)"),
    )
    cells = ("1", "2", "2024-10-16T08:13:29Z", "5", "3", "x")
    assert "quantity" not in item("orders", ",".join(found.header), *cells)


@pytest.mark.parametrize(
    ("kind", "header", "cells", "path"),
    [
        ("customers", "customerId,colour", ["1", "7"],
         {"customerId": "1", "customerAttributes": {"custom": {"colour": "7"}}}),
        ("customers", "customerId,points:number", ["1", "7"],
         {"customerId": "1", "customerAttributes": {"custom": {"points": 7}}}),
        ("orders", "customerId,orderId,orderDate,totalPaid,quantity",
         ["1", "2", "2024-10-16T08:13:29Z", "5", "3"],
         {"customerId": "1", "orderId": "2", "orderDate": "2024-10-16T08:13:29Z", "totalPaid": 5,
          "extra": {"quantity": "3"}}),
        ("events", "customerId,event,page", ["1", "view", "7"],
         {"customerId": "1", "events": {"view": {"page": "7"}}}),
    ],
)  # fmt: skip
def test_unknown_columns_are_sent_as_the_accounts_own_where_that_was_asked_for(
    kind: str, header: str, cells: list[str], path: object
) -> None:
    assert item(kind, header, *cells, custom=True) == path
    assert layout(kind, header, custom=True).warnings == ()


@pytest.mark.parametrize(
    ("kind", "header", "reason"),
    [
        ("customers", "email", "column customerId missing"),
        ("orders", "customerId,orderId", "columns orderDate, totalPaid missing"),
        ("order-transactions", "id", "column orderId missing"),
        ("events", "customerId", "column events missing"),
        ("customers", "CustomerID,email", "'CustomerID' is not known: rename it to 'customerId'"),
        ("customers", "customerId,join date", "'join date' is not known: rename it to 'joinDate'"),
        ("customers", "customerId, email", "' email' is not known: rename it to 'email'"),
        ("customers", "customerId,CustomerId", "'CustomerId' is not known"),
        ("customers", "customer_id", "'customer_id' is not known"),
        ("customers", "customerId,email,email", "are the same field"),
        ("customers", "customerId,joinDate,customerAttributes.joinDate",
         "'joinDate' and 'customerAttributes.joinDate' are the same field"),
        ("customers", "customerId,custom.a,customerAttributes.custom.a", "the same field"),
        ("customers", "customerId,custom.a:number,custom.a", "the same field"),
        ("customers", "customerId,customerAttributes,joinDate", "a whole object"),
        ("customers", "customerId,joinDate,customerAttributes", "a whole object"),
        ("customers", "customerId;email", "are separated by semicolons"),
        ("customers", "customerId\temail", "are separated by tabs"),
        ("events", "customerId,event,events", "are the same field"),
        ("events", "customerId,event,metadata,metadata.a", "a whole object"),
    ],
)  # fmt: skip
def test_a_header_that_cannot_be_meant_is_refused_with_the_cure(
    kind: str, header: str, reason: str
) -> None:
    assert reason in refusal(kind, header)


@pytest.mark.parametrize("kind", ["balance-inquiries", "cashback", "order-transactions"])
def test_a_kind_without_a_place_for_own_fields_refuses_them(kind: str) -> None:
    header = {"cashback": "customerId,transactionId,transactionTime,amount"}.get(
        kind, "orderId" if kind == "order-transactions" else "customerId"
    )
    assert "have no custom fields" in refusal(kind, header + ",x", custom=True)
    assert layout(kind, header + ",x").warnings


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["1", "a", "b", "c"], "has 4 cells, but the header has 3 columns"),
        (["1"], "has 1 cells, but the header has 3 columns"),
        (["", "", ""], "is blank: remove the line"),
        (["   "], "is blank: remove the line"),
        (["# exported"], "looks like a comment"),
        (["customerId", "email", "totalSpent"], "repeats the header"),
    ],
)
def test_a_record_that_is_no_row_says_what_it_is(cells: list[str], reason: str) -> None:
    found = bad("customers", "customerId,email,totalSpent", *cells)
    assert [*found] == [""]
    assert reason in found[""]


def test_all_faults_of_a_record_are_listed_those_of_its_cells_and_those_of_the_item() -> None:
    found = bad("customers", "customerId,joinDate,totalSpent,totalOrders", "", "x", "$1", "-1")
    assert [*found] == [
        "customerAttributes.totalSpent",
        "customerAttributes.joinDate",
        "customerAttributes.totalOrders",
        "customerId",
    ]
    # A cell that could not be read is not called missing as well.
    found = bad("balance-adjustments", "customerId,amount", "1", "x")
    assert [*found] == ["amount"]
    assert "plain number" in found["amount"]


def test_a_bad_record_carries_its_id() -> None:
    row = layout("customers", "customerId,totalSpent").rows([2], [["c1", "$5"]])[0]
    assert isinstance(row, BadRow)
    assert row.key == "c1"


def test_an_event_without_a_name_is_a_bad_row() -> None:
    assert [*bad("events", "customerId,event", "1", "")] == ["events"]


def test_an_order_id_that_is_not_there_is_a_bad_row() -> None:
    assert [*bad("order-transactions", "orderId,note", "", "x")] == ["orderId"]


HEADERS = {
    "customers": "customerId,email,joinDate,totalSpent,totalOrders,guest,tags,custom.n:number,x",
    "orders": "customerId,orderId,orderDate,totalPaid,lineItems,guest,extra.a,merchant.name",
    "events": "customerId,event,metadata.a:json,metadata.b",
    "order-transactions": "orderId,note",
    "balance-adjustments": "customerId,amount,reason",
}
cell = st.sampled_from(
    [
        "",
        " ",
        "1",
        "00012",
        "1.50",
        "NaN",
        "2020-01-01",
        "2024-10-16T08:13:29Z",
        "true",
        "[1]",
        "{}",
    ]
) | st.text(max_size=5)


@pytest.mark.parametrize("kind", HEADERS)
@settings(max_examples=60)
@given(data=st.data())
def test_every_record_is_a_row_or_a_bad_row_and_never_an_error(
    kind: str, data: st.DataObject
) -> None:
    found = layout(kind, HEADERS[kind])
    count = len(found.header)
    record = data.draw(st.lists(cell, min_size=1, max_size=count + 1)) if data.draw(
        st.booleans()
    ) else data.draw(st.lists(cell, min_size=count, max_size=count))  # fmt: skip
    row = found.rows([9], [record])[0]
    assert row.position == 9
    if isinstance(row, BadRow):
        assert row.faults
    else:
        made = preparer(KINDS[kind])(9, row.value)
        if isinstance(made, Prepared):
            wire = json.loads(made.payload)
            identifier = wire if ITEMS[kind] is None else wire["customerId"]
            assert identifier == record[0]
