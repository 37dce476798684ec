"""The item classes say what the API says, and show no one's data."""

from __future__ import annotations

import inspect
import json
import os
from pathlib import Path
from typing import Any

import pytest
from attrs import fields

from gameball_async import UNSET, Channel, Customer, CustomerAttributes, LineItem, Order
from gameball_async.api.fields import FieldSpec, FieldType, specs_of
from gameball_async.api.kinds import KINDS
from gameball_async.errors import ItemError
from tests.api.api_facts import FACTS, TUTORIAL
from tests.api.models import ITEMS

SHARED = Path(os.environ.get("GAMEBALL_SHARED", Path(__file__).parents[3] / "shared"))
OPENAPI = SHARED / "api" / "openapi.json"
with_published_file = pytest.mark.skipif(
    not OPENAPI.exists(),
    reason="the published API file lies beside the repository, and is not here",
)

# How the published file writes our types.
WRITTEN = {
    FieldType.ID: "string",
    FieldType.TEXT: "string",
    FieldType.DATE: "string",
    FieldType.DATETIME: "date-time",
    FieldType.ENUM: "string",
    FieldType.NUMBER: "number",
    FieldType.INTEGER: "integer",
    FieldType.BOOLEAN: "boolean",
    FieldType.LIST: "array",
    FieldType.OBJECT: "object",
    FieldType.EVENTS: "object",
    FieldType.NESTED: "object",
}


def described(spec: FieldSpec) -> str:
    word = WRITTEN[spec.type]
    if spec.choices:
        word += f"({'|'.join(spec.choices)})"
    # "Each payment method is represented as a string" is said in words only.
    if spec.type is FieldType.LIST and spec.each and spec.wire != "paymentMethods":
        word += " of string"
    return word + "!" * spec.required


def facts_of(cls: type, prefix: str = "") -> dict[str, str]:
    facts = {}
    for spec in specs_of(cls).values():
        facts[prefix + spec.wire] = described(spec)
        if spec.nested is not None:
            dots = "[]." if spec.type is FieldType.LIST else "."
            facts |= facts_of(spec.nested, prefix + spec.wire + dots)
    return facts


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_the_api_is_in_its_class_and_no_other(kind: str) -> None:
    cls = ITEMS[kind]
    found = {} if cls is None else facts_of(cls)
    expected = FACTS[kind] | (TUTORIAL if kind == "customers" else {})
    assert found == expected


def published(schema: dict[str, Any], prefix: str = "") -> dict[str, str]:
    facts = {}
    for name, inner in schema.get("properties", {}).items():
        word = inner.get("format") or inner["type"]
        if "enum" in inner:
            word += f"({'|'.join(inner['enum'])})"
        members = inner.get("items", {})
        if members.get("type") == "string":
            word += " of string"
        required = name in schema.get("required", ())
        facts[prefix + name] = word + "!" * required
        facts |= published(inner, f"{prefix}{name}.")
        facts |= published(members, f"{prefix}{name}[].")
    return facts


def schema_at(document: dict[str, Any], path: str) -> Any:
    operation = document["paths"][f"/api/v4.0/integrations{path}"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    if "$ref" in schema:
        return document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


@with_published_file
@pytest.mark.parametrize("kind", KINDS)
def test_the_copy_of_the_facts_is_what_the_published_file_says(kind: str) -> None:
    document = json.loads(OPENAPI.read_text())
    items = schema_at(document, f"/batch/{KINDS[kind].path}")["properties"]["body"]["items"]
    if kind == "orders":  # the batch page names the required fields; the rest is the single call's
        assert published(items).items() <= FACTS[kind].items()
        items = schema_at(document, "/orders")
    assert published(items) == FACTS[kind]


@with_published_file
def test_the_single_customer_call_takes_the_same_item_as_the_batch() -> None:
    document = json.loads(OPENAPI.read_text())
    assert published(schema_at(document, "/customers")) == FACTS["customers"]


def all_classes() -> list[type[Any]]:
    found: set[type[Any]] = set()
    waiting: list[type[Any]] = [cls for cls in ITEMS.values() if cls]
    while waiting:
        cls = waiting.pop()
        found.add(cls)
        waiting.extend(spec.nested for spec in specs_of(cls).values() if spec.nested)
    return sorted(found, key=lambda cls: str(cls.__name__))


@pytest.mark.parametrize("cls", all_classes())
def test_every_field_is_explained_in_the_docstring(cls: type) -> None:
    text = inspect.getdoc(cls) or ""
    for attribute in fields(cls):
        assert f"\n    {attribute.name}: " in text, attribute.name


@pytest.mark.parametrize("cls", all_classes())
def test_names_in_python_are_the_wire_names_in_snake_case(cls: type) -> None:
    for spec in specs_of(cls).values():
        words = "".join(f"_{c.lower()}" if c.isupper() else c for c in spec.wire)
        assert spec.name == words


def test_a_repr_names_the_fields_that_are_set_and_shows_no_value() -> None:
    customer = Customer(customer_id="secret-id", email=None, extra={"nick": "secret-nick"})
    assert repr(customer) == "<Customer with customer_id, email (null), 'nick'>"
    order = Order(customer_id="secret", order_id="secret", order_date="secret", total_paid=1)
    assert "secret" not in repr([order])


def test_unset_and_null_are_two_things() -> None:
    customer = Customer(customer_id="1", email=None)
    assert customer.email is None
    assert customer.mobile is UNSET
    assert not UNSET
    assert repr(UNSET) == "UNSET"


def test_items_are_frozen_and_compare_by_value() -> None:
    one = Customer(customer_id="1", customer_attributes=CustomerAttributes(city="Cairo"))
    assert one == Customer(customer_id="1", customer_attributes=CustomerAttributes(city="Cairo"))
    with pytest.raises(AttributeError):
        one.email = "x"  # type: ignore[misc]


def test_an_extra_field_that_the_class_has_is_refused_when_the_item_is_built() -> None:
    with pytest.raises(ItemError, match=r"extra\.email: is a field of the model: use email="):
        Customer(customer_id="1", extra={"email": "a@example.com"})
    with pytest.raises(ItemError, match="extra: must be a mapping"):
        Customer(customer_id="1", extra=["email"])  # type: ignore[arg-type]


def test_the_apis_own_extra_of_orders_is_not_the_place_for_unknown_fields() -> None:
    order = Order(
        customer_id="1",
        order_id="2",
        order_date="2024-10-16T08:13:29Z",
        total_paid=1,
        extra={"note": "gift"},
        extra_fields={"future": 1},
    )
    assert (order.extra, order.extra_fields) == ({"note": "gift"}, {"future": 1})
    assert LineItem().extra is UNSET


def test_a_channel_is_its_word() -> None:
    assert [each.value for each in Channel] == ["mobile", "pos", "web", "callcenter"]
