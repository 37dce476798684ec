"""Models go to the API's names and come back; nothing is coerced on the way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameball_async.api.codec import from_wire, to_wire
from gameball_async.api.fields import specs_of
from gameball_async.api.items import (
    ITEMS,
    Branch,
    Customer,
    CustomerAttributes,
    LineItem,
    Merchant,
    Order,
)
from gameball_async.errors import ItemError

CLASSES = [cls for cls in ITEMS.values() if cls]


def test_unset_fields_are_left_out_and_null_stays() -> None:
    assert to_wire(Customer(customer_id="007", email=None)) == {"customerId": "007", "email": None}


def test_values_are_handed_on_as_they_are() -> None:
    when = datetime(2024, 10, 16, tzinfo=UTC)
    line = LineItem(product_id="1")
    order = Order(customer_id="1", order_id="2", order_date=when, total_paid=1, line_items=[line])
    wire = to_wire(order)
    assert wire["orderDate"] is when
    assert wire["lineItems"][0] is line


def test_unknown_fields_are_sent_beside_the_known_ones() -> None:
    assert to_wire(Customer(customer_id="1", extra={"nick": [1]})) == {
        "customerId": "1",
        "nick": [1],
    }


class EqualToAll:
    """As the masked number of numpy: every comparison says that nothing differs."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = None  # type: ignore[assignment]


class NotToBeCompared(EqualToAll):
    """As an array: a comparison is no answer."""

    def __ne__(self, other: object) -> bool:
        raise ValueError("the truth of this is ambiguous")


@pytest.mark.parametrize("odd", [EqualToAll(), NotToBeCompared(), 0, "", False, {}])
def test_a_value_is_never_left_out_for_what_it_is_equal_to(odd: Any) -> None:
    assert to_wire(Customer(customer_id="1", email=odd))["email"] is odd


def test_a_mapping_becomes_a_model_with_nested_models_and_extras() -> None:
    order = from_wire(
        Order,
        {
            "customerId": "1",
            "orderId": "2",
            "orderDate": "2024-10-16T08:13:29Z",
            "totalPaid": 1,
            "lineItems": [{"productId": "3", "colour": "red"}],
            "merchant": {"branch": {"name": "x"}},
            "future": None,
        },
    )
    assert order == Order(
        customer_id="1",
        order_id="2",
        order_date="2024-10-16T08:13:29Z",
        total_paid=1,
        line_items=[LineItem(product_id="3", extra_fields={"colour": "red"})],
        merchant=Merchant(branch=Branch(name="x")),
        extra_fields={"future": None},
    )


def test_a_null_id_is_not_made_into_a_text() -> None:
    model = from_wire(Customer, {"customerId": None})
    assert to_wire(model) == {"customerId": None}


def test_a_missing_required_field_is_named() -> None:
    with pytest.raises(ItemError, match="orderId: is missing; orderDate: is missing"):
        from_wire(Order, {"customerId": "1", "totalPaid": 1})
    with pytest.raises(ItemError, match="CustomerAttributes must be a mapping"):
        from_wire(Customer, {"customerId": "1", "customerAttributes": 5})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("cls", CLASSES)
@settings(max_examples=40)
@given(data=st.data())
def test_a_mapping_comes_back_out_of_its_model_unchanged(cls: Any, data: st.DataObject) -> None:
    flat = {name: spec for name, spec in specs_of(cls).items() if spec.nested is None}
    mapping = data.draw(
        st.fixed_dictionaries(
            {name: json_values for name, spec in flat.items() if spec.required},
            optional={name: json_values for name, spec in flat.items() if not spec.required},
        )
    )
    mapping |= {f"future {name}": value for name, value in data.draw(
        st.dictionaries(st.text(max_size=3), json_values, max_size=2)
    ).items()}  # fmt: skip
    assert to_wire(from_wire(cls, mapping)) == mapping


def test_nested_models_stay_models_until_asked() -> None:
    attributes = CustomerAttributes(city="Cairo")
    wire = to_wire(Customer(customer_id="1", customer_attributes=attributes))
    assert wire["customerAttributes"] is attributes
    assert to_wire(attributes) == {"city": "Cairo"}
