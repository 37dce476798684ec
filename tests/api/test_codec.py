"""Models go to the API's names; nothing is coerced on the way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameball_async import Customer, CustomerAttributes, LineItem, Order
from gameball_async.api.fields import specs_of
from gameball_async.api.items import to_wire
from tests.api.models import ITEMS, model_of

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


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("cls", CLASSES)
@settings(max_examples=40)
@given(data=st.data())
def test_a_mapping_comes_back_out_of_a_model_of_it_unchanged(cls: Any, data: st.DataObject) -> None:
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
    assert to_wire(model_of(cls, mapping)) == mapping


def test_nested_models_stay_models_until_asked() -> None:
    attributes = CustomerAttributes(city="Cairo")
    wire = to_wire(Customer(customer_id="1", customer_attributes=attributes))
    assert wire["customerAttributes"] is attributes
    assert to_wire(attributes) == {"city": "Cairo"}
