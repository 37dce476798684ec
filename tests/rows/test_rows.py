"""Rows become items ready to be sent, or bad rows with all their faults: one of the two, always."""

from __future__ import annotations

import enum
import json
import math
import re
from collections import OrderedDict, UserDict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameball_async import (
    UNSET,
    BalanceAdjustment,
    Channel,
    Customer,
    CustomerAttributes,
    Event,
    LineItem,
    Order,
    OrderRedemption,
)
from gameball_async.api.fields import FieldSpec, FieldType, specs_of
from gameball_async.api.kinds import KINDS
from gameball_async.rows.check import preparer
from gameball_async.rows.check_many import MAX_ITEM_BYTES
from gameball_async.rows.row import BadRow, Prepared
from tests.api.models import ITEMS, model_of

CUSTOMERS = preparer(KINDS["customers"])
ORDERS = preparer(KINDS["orders"])
ORDER = {"customerId": "c", "orderId": "o", "orderDate": "2024-10-16T08:13:29Z", "totalPaid": 1}
UTC_2 = timezone(timedelta(hours=2))


def sent(value: object, kind: str = "customers", **options: Any) -> Any:
    """What is on the wire for a good row."""
    prepared = preparer(KINDS[kind], **options)(7, value)
    assert isinstance(prepared, Prepared), prepared
    assert prepared.position == 7
    return json.loads(prepared.payload, parse_float=Decimal, parse_constant=lambda _: pytest.fail())


def faults(value: object, kind: str = "customers", **options: Any) -> dict[str, str]:
    """Field → reason, for a bad row."""
    bad = preparer(KINDS[kind], **options)(7, value)
    assert isinstance(bad, BadRow), bad
    assert bad.position == 7
    return {fault.field: fault.reason for fault in bad.faults}


def attribute(name: str, value: object) -> dict[str, Any]:
    return {"customerId": "1", "customerAttributes": {name: value}}


# Good rows


def test_a_plain_mapping_goes_out_as_it_is() -> None:
    item = {
        "customerId": "00012",
        "email": "a@example.com",
        "guest": False,
        "customerAttributes": {
            "joinDate": "2020-02-29",
            "totalSpent": 12.5,
            "totalOrders": 3,
            "tags of the future": [1, None, {"a": "b"}],
            "custom": {"colour": "blue", "nested": {"n": 1}},
        },
        "unknown": None,
    }
    before = json.dumps(item)
    assert sent(item) == json.loads(before, parse_float=Decimal)
    assert json.dumps(item) == before


def test_a_prepared_row_has_its_key_and_the_id_of_its_item() -> None:
    prepared = ORDERS(3, ORDER)
    assert isinstance(prepared, Prepared)
    assert (prepared.position, prepared.key, prepared.item_id) == (3, "c", "o")
    customer = CUSTOMERS(0, {"customerId": "1"})
    assert isinstance(customer, Prepared)
    assert (customer.key, customer.item_id) == ("1", None)


def test_what_is_sent_does_not_change_with_the_row_afterwards() -> None:
    item: dict[str, Any] = {"customerId": "1", "customerAttributes": {"city": "Cairo"}}
    prepared = CUSTOMERS(0, item)
    item["customerAttributes"]["city"] = "Giza"
    assert isinstance(prepared, Prepared)
    assert json.loads(prepared.payload)["customerAttributes"] == {"city": "Cairo"}


def test_null_is_sent_where_a_field_need_not_be_there() -> None:
    item = {"customerId": "1", "email": None, "customerAttributes": {"joinDate": None}}
    assert sent(item) == item
    assert sent({"customerId": "1", "customerAttributes": None})["customerAttributes"] is None


def test_an_order_id_is_an_item_by_itself() -> None:
    assert sent("0012/é", "order-transactions") == "0012/é"
    prepared = preparer(KINDS["order-transactions"])(0, "A-1")
    assert isinstance(prepared, Prepared)
    assert (prepared.key, prepared.item_id, prepared.payload) == ("A-1", None, b'"A-1"')


@pytest.mark.parametrize(
    "wrap", [OrderedDict, UserDict, MappingProxyType, lambda item: type("D", (dict,), {})(item)]
)
def test_any_mapping_will_do_at_any_level(wrap: Any) -> None:
    inner = wrap({"city": "Cairo", "custom": wrap({"a": wrap({"b": 1})})})
    item = wrap({"customerId": "1", "customerAttributes": inner})
    assert sent(item) == {
        "customerId": "1",
        "customerAttributes": {"city": "Cairo", "custom": {"a": {"b": 1}}},
    }


def test_models_may_hold_models_or_mappings_and_mappings_may_hold_models() -> None:
    expected = {"customerId": "1", "customerAttributes": {"joinDate": "2020-01-02"}}
    model = CustomerAttributes(join_date=date(2020, 1, 2))
    assert sent(Customer(customer_id="1", customer_attributes=model)) == expected
    assert sent({"customerId": "1", "customerAttributes": model}) == expected
    mapping = {"joinDate": date(2020, 1, 2)}
    assert sent(Customer(customer_id="1", customer_attributes=mapping)) == expected


def test_a_nested_order_is_written_in_full() -> None:
    order = Order(
        customer_id="1",
        order_id="2",
        order_date=datetime(2024, 10, 16, 10, 13, 29, 290_999, tzinfo=UTC_2),
        total_paid=Decimal("1.10"),
        line_items=(LineItem(product_id="3", extra={"size": Decimal("1.50")}), {"sku": "x"}),
        redemption=OrderRedemption(coupon_codes=["A", "B"]),
        extra={"note": "gift"},
        channel=Channel.POS,
        extra_fields={"future": {"when": datetime(2024, 1, 1, tzinfo=UTC)}},
    )
    prepared = ORDERS(0, order)
    assert isinstance(prepared, Prepared)
    assert b'"totalPaid":1.10,' in prepared.payload
    assert sent(order, "orders") == {
        "customerId": "1",
        "orderId": "2",
        "orderDate": "2024-10-16T08:13:29.290Z",
        "totalPaid": Decimal("1.10"),
        "lineItems": [{"productId": "3", "extra": {"size": Decimal("1.50")}}, {"sku": "x"}],
        "redemption": {"couponCodes": ["A", "B"]},
        "extra": {"note": "gift"},
        "channel": "pos",
        "future": {"when": "2024-01-01T00:00:00Z"},
    }


class Word(enum.StrEnum):
    CAIRO = "Cairo"


class Plain(enum.Enum):
    CAIRO = "Cairo"


@pytest.mark.parametrize(
    ("name", "value", "wire"),
    [
        ("city", Word.CAIRO, "Cairo"),
        ("city", Plain.CAIRO, "Cairo"),
        ("city", type("Text", (str,), {"__str__": lambda self: "wrong"})("Cairo"), "Cairo"),
        ("city", UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        ("totalSpent", 5, 5),
        ("totalSpent", Decimal("12.50"), Decimal("12.50")),
        ("totalSpent", Decimal("99999999999999999999.99"), Decimal("99999999999999999999.99")),
        ("totalOrders", 3.0, 3),
        ("totalOrders", Decimal("3.00"), 3),
        ("joinDate", date(1997, 1, 2), "1997-01-02"),
        ("joinDate", datetime(1997, 1, 2, 1, tzinfo=UTC_2), "1997-01-01T23:00:00Z"),
        ("joinDate", "1997-01-13T23:30:00-05:00", "1997-01-14T04:30:00Z"),
        ("joinDate", "1997-01-13T23:30:00.5Z", "1997-01-13T23:30:00.5Z"),
        ("joinDate", "1997-01-13t23:30z", "1997-01-13T23:30:00Z"),
        ("channel", Channel.WEB, "web"),
        ("paymentMethods", ("card", Word.CAIRO), ["card", "Cairo"]),
        ("utms", [{"source": "x"}, 1, "y"], [{"source": "x"}, 1, "y"]),
        ("custom", {"when": datetime(2024, 1, 1, 0, 0, 0, 999, tzinfo=UTC)},
         {"when": "2024-01-01T00:00:00Z"}),
        ("custom", {"day": date(2024, 1, 1), "n": Decimal("1E+3")},
         {"day": "2024-01-01", "n": Decimal(1000)}),
    ],
)  # fmt: skip
def test_a_value_is_written_as_the_api_types_it(name: str, value: object, wire: object) -> None:
    assert sent(attribute(name, value))["customerAttributes"][name] == wire
    model = Customer(
        customer_id="1",
        customer_attributes=CustomerAttributes(
            **{specs_of(CustomerAttributes)[name].name: value}  # type: ignore[arg-type]
        ),
    )
    assert sent(model)["customerAttributes"][name] == wire


# Bad rows


class NumpyLike:
    """A scalar of numpy, as far as it is looked at: its module, its name, its ``item``."""

    ndim = 0

    def __init__(self, inner: object) -> None:
        self.inner = inner

    def item(self) -> object:
        return self.inner


def numpy_like(name: str, inner: object, ndim: int = 0) -> object:
    return type(name, (NumpyLike,), {"__module__": "numpy", "ndim": ndim})(inner)


NAT = type("NaTType", (), {"__module__": "pandas._libs.tslibs.nattype"})()
NA = type("NAType", (), {"__module__": "pandas._libs.missing"})()
MASKED = type("MaskedConstant", (NumpyLike,), {"__module__": "numpy.ma.core"})(0.0)


@pytest.mark.parametrize(
    ("name", "inner", "wire"),
    [("totalSpent", 1.5, Decimal("1.5")), ("totalOrders", 2, 2), ("city", "x", "x")],
)
def test_a_numpy_scalar_counts_as_what_it_holds(name: str, inner: object, wire: object) -> None:
    scalar = numpy_like("float64", inner)
    assert sent(attribute(name, scalar))["customerAttributes"][name] == wire
    assert sent(attribute("custom", {"x": scalar}))["customerAttributes"]["custom"] == {"x": wire}


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("totalSpent", math.nan, r"is NaN \(missing\): remove the field, or use None"),
        ("totalSpent", math.inf, "is infinite: use a finite number"),
        ("totalSpent", numpy_like("float64", math.nan), r"is NaN \(missing\)"),
        ("city", math.nan, r"is NaN \(missing\)"),
        ("joinDate", NAT, r"is NaT \(missing\)"),
        ("totalOrders", NA, r"is NA \(missing\)"),
        ("totalSpent", MASKED, r"is masked \(missing\)"),
        ("totalSpent", numpy_like("ndarray", 1.0, ndim=1), "is a numpy array: use a list"),
        ("joinDate", numpy_like("datetime64", 1), "is a numpy time, which has no time zone"),
        ("totalSpent", Decimal("NaN"), "is a Decimal that is not finite"),
        ("totalSpent", Decimal("sNaN"), "is a Decimal that is not finite"),
        ("totalSpent", Decimal("1E+999"), "is too large"),
        ("totalSpent", True, "must be a number, not true or false"),
        ("totalSpent", "12.50", "must be a number, not text"),
        ("totalSpent", 2**64, "more than 64 bits"),
        ("totalOrders", -(2**63) - 1, "more than 64 bits"),
        ("totalOrders", True, "must be a whole number, not true or false"),
        ("totalOrders", 1.5, "must be a whole number"),
        ("totalOrders", Decimal("1.5"), "must be a whole number"),
        ("totalOrders", -1, "is out of range: 0 or more"),
        ("city", 5, "must be text, not a number"),
        ("city", b"x", "must be text, not of type bytes"),
        ("city", "\ud800", "half a surrogate pair"),
        ("joinDate", "19970113", "is a number, as spreadsheets"),
        ("joinDate", "13/01/1997", "is not an ISO 8601 day: write YYYY-MM-DD"),
        ("joinDate", "1997-02-30", "is not a day that exists"),
        ("joinDate", "1997-W02-1", "is not"),
        ("joinDate", "", "is not an ISO 8601 day"),
        ("joinDate", "1997-01-13 23:30:00Z", "is not an ISO 8601 day"),
        ("joinDate", "1997-01-13T23:30:00", "has no time zone: add Z"),
        ("joinDate", "1997-01-13T25:30:00Z", "is not a time that exists"),
        ("joinDate", "1997-01-13T24:00:00Z", "is not an ISO 8601 time"),
        ("joinDate", "1998-12-31T23:59:60Z", "is a leap second"),
        ("joinDate", "0001-01-01T00:00:00+10:00", "is outside the years 1 to 9999"),
        ("joinDate", "١٩٩٧-01-13", "is not a day that exists"),
        ("joinDate", datetime(2024, 1, 1), "has no time zone"),  # noqa: DTZ001
        ("joinDate", 853113600000, "must be a day"),
        ("joinDate", [], "must be a day"),
        ("channel", "Web", "must be one of: mobile, pos, web, callcenter"),
        ("channel", 1, "must be one of"),
        ("utms", "a,b", "must be a list"),
        ("utms", {"a"}, "must be a list"),
        ("custom", ["a"], r"must be an object \(a mapping\), not a list"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_with_what_would_be_right(
    name: str, value: object, reason: str
) -> None:
    found = faults(attribute(name, value))
    assert list(found) == [f"customerAttributes.{name}"]
    assert re.search(reason, found[f"customerAttributes.{name}"])
    model = CustomerAttributes(
        **{specs_of(CustomerAttributes)[name].name: value}  # type: ignore[arg-type]
    )
    assert faults(Customer(customer_id="1", customer_attributes=model)) == found


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ("2024-10-16", "is a day without a time: write 2024-10-16T08:13:29Z"),
        (date(2024, 10, 16), "is a day without a time: use an aware datetime"),
        ("2024-10-16T08:13:29", "has no time zone"),
        (datetime(2024, 10, 16), "has no time zone"),  # noqa: DTZ001
        ("", "is not an ISO 8601 time"),
        (1729066409, "must be a time with a zone"),
        (None, "is null, but it is required"),
    ],
)
def test_an_instant_needs_its_time_and_its_zone(when: object, reason: str) -> None:
    assert faults({**ORDER, "orderDate": when}, "orders")["orderDate"].startswith(reason)


@pytest.mark.parametrize(
    ("written", "wire"),
    [
        ("2024-10-16T08:13:29.290Z", "2024-10-16T08:13:29.290Z"),
        ("2024-10-16T08:13:29.1234567Z", "2024-10-16T08:13:29.1234567Z"),
        ("2024-10-16T10:13:29+02:00", "2024-10-16T08:13:29Z"),
        ("2024-10-16T10:13:29.5+0200", "2024-10-16T08:13:29.500Z"),
        ("2024-10-16T08:13Z", "2024-10-16T08:13:00Z"),
        (datetime(2024, 10, 16, 10, 13, 29, tzinfo=UTC_2), "2024-10-16T08:13:29Z"),
    ],
)
def test_an_instant_goes_out_in_utc_and_utc_text_letter_by_letter(
    written: object, wire: str
) -> None:
    assert sent({**ORDER, "orderDate": written}, "orders")["orderDate"] == wire


@pytest.mark.parametrize(
    "identifier",
    ["00012", "0", "a/../b?x=1#y", "é😀", "x" * 300, "a b", "90.0", "-", "e\u0301", "a\xa0b", "#1"],
)
def test_ids_keep_their_text(identifier: str) -> None:
    assert sent({"customerId": identifier}) == {"customerId": identifier}
    assert sent({"customerId": identifier}, ids_from_numbers=True) == {"customerId": identifier}


@pytest.mark.parametrize(
    ("identifier", "reason"),
    [
        ("", "is blank"),
        ("   ", "is blank"),
        ("\xa0", "is blank"),
        (" 1", "starts or ends with white space or an invisible character"),
        ("1 ", "starts or ends with white space or an invisible character"),
        ("1\xa0", "starts or ends with white space or an invisible character"),
        ("1\u200b", "starts or ends with white space or an invisible character"),
        ("\ufeff1", "starts or ends with white space or an invisible character"),
        ("1\n", "starts or ends with white space or an invisible character"),
        ("1\x002", "control character or a line break"),
        ("1\u20282", "control character or a line break"),
        ("1\ud8002", "half a surrogate pair"),
        (5, "must be text, not a number: write it as text, with its leading zeros"),
        (90.0, "must be text, not a number: write it as text, with its leading zeros"),
        (True, "must be text, not true or false"),
        (None, "is null, but it is required"),
        (["1"], "must be text, not a list"),
    ],
)
def test_an_id_that_cannot_be_meant_is_refused(identifier: object, reason: str) -> None:
    assert reason in faults({"customerId": identifier})["customerId"]
    if identifier is not None:
        assert reason in faults(identifier, "order-transactions")["orderId"]


def test_numbers_are_ids_only_where_that_was_asked_for() -> None:
    assert sent({"customerId": 12}, ids_from_numbers=True) == {"customerId": "12"}
    assert sent(12, "order-transactions", ids_from_numbers=True) == "12"
    wire = sent(
        {**ORDER, "orderId": 5, "merchant": {"uniqueId": 6}}, "orders", ids_from_numbers=True
    )
    assert (wire["orderId"], wire["merchant"]) == ("5", {"uniqueId": "6"})
    for number in (90.0, True, Decimal(1), 2**64):
        assert faults({"customerId": number}, ids_from_numbers=True)


def test_missing_fields_are_named_and_a_name_that_was_meant_is_pointed_at() -> None:
    assert faults({}, "orders") == dict.fromkeys(
        ("customerId", "orderId", "orderDate", "totalPaid"), "is missing"
    )
    hint = "is missing: write its name as customerId, not "
    assert faults({"CustomerID": "1"}) == {"customerId": hint + "CustomerID"}
    assert faults({"customer_id": "1"}) == {"customerId": hint + "customer_id"}


def test_all_faults_of_a_row_are_listed_with_the_paths_of_their_fields() -> None:
    item = {
        **ORDER,
        "customerId": " ",
        "totalPrice": -1,
        "lineItems": [
            {"quantity": math.inf, "tags": "x"},
            5,
            LineItem(taxes=-1, tags=[1]),  # type: ignore[list-item]
        ],
        "merchant": {"branch": {"uniqueId": ""}},
        "cashbackConfigurations": {"returnWindow": 7301},
        "extra": {"note": None, "list": []},
        "redemption": 1,
        "future": {"deep": [{"x": math.nan}]},
    }
    assert list(faults(item, "orders")) == [
        "customerId",
        "totalPrice",
        "lineItems[0].quantity",
        "lineItems[0].tags",
        "lineItems[1]",
        "lineItems[2].tags[0]",
        "lineItems[2].taxes",
        "merchant.branch.uniqueId",
        "cashbackConfigurations.returnWindow",
        "extra.note",
        "extra.list",
        "redemption",
        "future.deep[0].x",
    ]


@pytest.mark.parametrize(
    ("deep", "field", "reason"),
    [
        ({"x": math.nan}, ".x", "is NaN"),
        ({"x": [None, {"y": -math.inf}]}, ".x[1].y", "is infinite"),
        ({"x": 2**64}, ".x", "more than 64 bits"),
        ({"x": "\udc00"}, ".x", "half a surrogate pair"),
        ({"\udc00": 1}, ".\\udc00", "half a surrogate pair"),
        ({1: 2}, "", "names must be text"),
        ({"x": {1, 2}}, ".x", "which JSON does not have"),
        ({"x": b"1"}, ".x", "which JSON does not have"),
        ({"x": timedelta(1)}, ".x", "which JSON does not have"),
        ({"x": datetime(2024, 1, 1)}, ".x", "has no time zone"),  # noqa: DTZ001
        ({"x": NAT}, ".x", "is NaT"),
        ({"x": Decimal("Infinity")}, ".x", "not finite"),
        ({"x": numpy_like("float32", math.nan)}, ".x", "is NaN"),
    ],
)
def test_what_json_cannot_hold_is_found_at_any_depth_wherever_we_do_not_look(
    deep: Any, field: str, reason: str
) -> None:
    for name in ("custom", "future"):
        found = faults({"customerId": "1", name: deep, "email": None})
        assert [*found] == [name + field]
        assert reason in found[name + field]
    model = Customer(customer_id="1", custom=deep, extra={"future": deep})
    assert [*faults(model)] == ["custom" + field, "future" + field]


def test_a_ring_and_a_tower_of_values_are_refused() -> None:
    ring: dict[str, Any] = {}
    ring["x"] = ring
    tower: Any = []
    for _ in range(100_000):
        tower = [tower]
    for deep in (ring, tower):
        (reason,) = faults({"customerId": "1", "custom": {"deep": deep}}).values()
        assert reason == "is nested deeper than 200 levels"


def test_a_null_beside_sound_numbers_is_no_fault() -> None:
    item = {"customerId": "1", "email": "null", "custom": {"a": None, "b": [1.5, Word.CAIRO]}}
    assert sent(item)["custom"] == {"a": None, "b": [Decimal("1.5"), "Cairo"]}


def test_a_row_that_is_no_item_says_what_it_should_be() -> None:
    assert faults(5) == {"": "must be a mapping or a Customer, not a number"}
    assert faults("x") == {"": "must be a mapping or a Customer, not text"}
    order = Order(customer_id="1", order_id="2", order_date="x", total_paid=1)
    assert faults(order) == {"": "must be a mapping or a Customer, not of type Order"}
    assert faults({"orderId": "1"}, "order-transactions") == {
        "orderId": "must be text, not an object"
    }


def test_an_event_needs_a_name_and_an_object() -> None:
    assert sent(Event(customer_id="1", events={"view": {}, "buy": {"n": 1}}), "events") == {
        "customerId": "1",
        "events": {"view": {}, "buy": {"n": 1}},
    }
    for events, field in (({}, ""), ({"": {}}, ""), ({"a": 5}, ".a"), ({"a": None}, ".a"), (5, "")):
        assert [*faults({"customerId": "1", "events": events}, "events")] == ["events" + field]


def test_an_item_longer_than_the_limit_is_refused() -> None:
    room = MAX_ITEM_BYTES - len(b'{"customerId":"1","email":""}')
    assert sent({"customerId": "1", "email": "x" * room})
    assert "bytes of JSON" in faults({"customerId": "1", "email": "x" * (room + 1)})[""]


class Hostile:
    """A value whose every use fails."""

    def __eq__(self, other: object) -> bool:
        raise ValueError("no")

    def __hash__(self) -> int:
        raise ValueError("no")

    def __bool__(self) -> bool:
        raise ValueError("no")


class HostileMapping(Mapping[str, Any]):
    def __getitem__(self, name: str) -> Any:
        raise RuntimeError("no")

    def __iter__(self) -> Iterator[str]:
        yield "customerId"

    def __len__(self) -> int:
        return 1


class HostileNumber(float):
    def __float__(self) -> float:
        raise RuntimeError("no")


def test_a_class_that_fails_costs_its_own_row_and_no_other() -> None:
    assert faults(HostileMapping()) == {"": "could not be read (RuntimeError)"}
    for name in ("city", "joinDate", "totalSpent", "totalOrders", "channel", "utms", "custom"):
        assert [*faults(attribute(name, Hostile()))] == [f"customerAttributes.{name}"]
    assert faults(attribute("totalSpent", HostileNumber(1)))
    assert faults({"customerId": Hostile()})
    assert faults(Customer(customer_id="1", email=Hostile()))  # type: ignore[arg-type]


def test_reasons_and_reprs_hold_no_values() -> None:
    bad = CUSTOMERS(0, {"customerId": "1", "email": 555_0199, **attribute("joinDate", "x-secret")})
    assert isinstance(bad, BadRow)
    text = f"{bad!r} {bad.faults} {CUSTOMERS(0, {'customerId': 'a-secret'})!r}"
    assert "secret" not in text
    assert "5550199" not in text


def test_a_bad_row_carries_its_id_where_that_is_sound() -> None:
    bad = CUSTOMERS(0, {"customerId": "c1", "email": 5})
    assert isinstance(bad, BadRow)
    assert bad.key == "c1"
    worse = CUSTOMERS(0, {"customerId": "c\n1", "email": 5})
    assert isinstance(worse, BadRow)
    assert worse.key is None


def test_a_check_changes_no_row() -> None:
    model = Customer(customer_id="c1", customer_attributes=CustomerAttributes(city="Oslo"))
    row = {"customerId": "c2", "customerAttributes": {"joinDate": date(2024, 2, 29)}}
    assert sent(model)
    assert sent(row)
    assert model.customer_attributes == CustomerAttributes(city="Oslo")
    assert row == {"customerId": "c2", "customerAttributes": {"joinDate": date(2024, 2, 29)}}


# Properties

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.text(st.characters(), max_size=5)  # surrogates too
    | st.decimals()
    | st.dates()
    | st.datetimes(timezones=st.none() | st.timezones())
    | st.binary(max_size=3)
    | st.sampled_from([NAT, NA, MASKED, UNSET, Word.CAIRO, 2**70, "2024-10-16T08:13:29Z"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)


def no_constant(word: str) -> None:
    raise AssertionError(f"{word} on the wire")


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=50)
@given(data=st.data())
def test_every_row_becomes_exactly_one_of_an_item_and_a_bad_row(
    kind: str, data: st.DataObject
) -> None:
    cls = ITEMS[kind]
    names = st.text(max_size=5) if cls is None else st.sampled_from([*specs_of(cls), "future"])
    rows = anything | st.dictionaries(names, anything, max_size=8)
    row = data.draw(rows)
    prepared = preparer(KINDS[kind])(5, row)
    assert prepared.position == 5
    if isinstance(prepared, BadRow):
        assert prepared.faults
        assert all(fault.reason for fault in prepared.faults)
        assert len({fault.field for fault in prepared.faults}) == len(prepared.faults)
    else:
        json.loads(prepared.payload, parse_constant=no_constant)


def sound_values(spec: FieldSpec) -> st.SearchStrategy[Any]:
    """Values that go out as they are."""
    text = st.text(st.characters(codec="utf-8"), max_size=8)
    identifiers = st.text("0123456789abcXYZéß中", min_size=1, max_size=8)
    numbers = st.floats(0, 1e15) | st.integers(0, 2**63)
    free = st.dictionaries(identifiers, text | numbers, max_size=3)
    if spec.nested is not None:
        inner = sound_items(spec.nested)
        return st.lists(inner, max_size=2) if spec.type is FieldType.LIST else inner
    return {
        FieldType.ID: identifiers,
        FieldType.TEXT: text,
        FieldType.NUMBER: numbers,
        FieldType.INTEGER: st.integers(0, spec.maximum or 2**63),
        FieldType.BOOLEAN: st.booleans(),
        FieldType.DATE: st.dates().map(str),
        FieldType.DATETIME: st.datetimes().map(lambda each: each.isoformat() + "Z"),
        FieldType.ENUM: st.sampled_from(spec.choices or ("",)),
        FieldType.LIST: st.lists(text, max_size=3),
        FieldType.OBJECT: free,
        FieldType.EVENTS: st.dictionaries(identifiers, free, min_size=1, max_size=3),
    }[spec.type]


def sound_items(cls: type[Any]) -> st.SearchStrategy[dict[str, Any]]:
    specs = specs_of(cls)
    return st.fixed_dictionaries(
        {name: sound_values(spec) for name, spec in specs.items() if spec.required},
        optional={
            name: st.none() | sound_values(spec)
            for name, spec in specs.items()
            if not spec.required
        },
    )


@pytest.mark.parametrize("kind", [kind for kind, cls in ITEMS.items() if cls])
@settings(max_examples=50)
@given(data=st.data())
def test_a_sound_item_comes_back_out_of_its_bytes_unchanged_as_mapping_and_as_model(
    kind: str, data: st.DataObject
) -> None:
    cls: Any = ITEMS[kind]
    item = data.draw(sound_items(cls))
    prepare = preparer(KINDS[kind])
    from_mapping = prepare(0, item)
    assert isinstance(from_mapping, Prepared), from_mapping
    assert json.loads(from_mapping.payload) == item
    assert from_mapping.key == item["customerId"]
    from_model = prepare(0, model_of(cls, item))
    assert isinstance(from_model, Prepared), from_model
    assert json.loads(from_model.payload) == item


def test_an_adjustment_may_take_away() -> None:
    assert sent(BalanceAdjustment(customer_id="1", amount=-5.5), "balance-adjustments") == {
        "customerId": "1",
        "amount": Decimal("-5.5"),
    }
