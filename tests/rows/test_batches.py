"""Rows prepared many at once come out exactly as one by one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameball_async.api.fields import FieldSpec, FieldType, specs_of
from gameball_async.api.items import ITEMS, Channel, Customer, CustomerAttributes
from gameball_async.api.kinds import KINDS
from gameball_async.rows.batches import batch_preparer
from gameball_async.rows.row import BadRow, Prepared, preparer


class Text(str):
    __slots__ = ()


ODD: list[Any] = [
    None, True, False, 0, 1, -1, 2**63, 2**64, 10**30, 1.5, 0.0, -0.0, float("nan"), float("inf"),
    "", " ", "x", "null", "x ", " x", "007", "a\nb", "\ud800", "ÿ", "\u200b", Text("sub"), Text("2024-02-29"),
    "2024-02-29", "2023-02-29", "2024-1-1", "2024-10-16T08:13:29.290Z", "2024-10-16T08:13:29",
    date(2024, 2, 29), datetime(2024, 2, 29, tzinfo=UTC), datetime(2024, 2, 29), Decimal("1.10"),  # noqa: DTZ001
    Decimal("nan"), b"x", [], ["a"], ["a", 1], (), {}, {"a": 1}, {"a": float("nan")}, {1: 2}, {"": 1},
    {"e": {}}, [{}], Channel.WEB, "web", object(), CustomerAttributes(),
    CustomerAttributes(join_date="2024-02-29", total_orders=3), CustomerAttributes(total_orders=-1),
]  # fmt: skip

SOUND: dict[FieldType, list[Any]] = {
    FieldType.ID: ["c1", "c-2", "0003", "ü 4"],
    FieldType.TEXT: ["", "a", "ß", "null"],
    FieldType.NUMBER: [1.5, 0.0, 7, -3],
    FieldType.INTEGER: [0, 5],
    FieldType.BOOLEAN: [True, False],
    FieldType.DATE: ["2024-02-29", "1999-12-31"],
    FieldType.DATETIME: ["2024-10-16T08:13:29.290Z"],
    FieldType.OBJECT: [{}, {"a": 1}, {"a": None, "b": "x"}],
    FieldType.EVENTS: [{"e": {"a": 1}}, {"e": {}}],
}


def values_of(spec: FieldSpec) -> st.SearchStrategy[Any]:
    """Mostly sound values of a field, and now and then anything."""
    odd = st.sampled_from(ODD)
    if spec.choices:
        sound: st.SearchStrategy[Any] = st.sampled_from(spec.choices)
    elif spec.nested is not None:
        sound = items_of(spec.nested)
        sound = st.lists(sound, max_size=2) if spec.type is FieldType.LIST else sound
    else:
        sound = st.sampled_from(SOUND.get(spec.type, [[], ["a"]]))
    return st.integers(0, 19).flatmap(lambda n: odd if n == 0 else sound)


def items_of(cls: type[Any]) -> st.SearchStrategy[dict[str, Any]]:
    fields = {name: values_of(spec) for name, spec in specs_of(cls).items()}
    required = {name: fields[name] for name, spec in specs_of(cls).items() if spec.required}
    optional = {name: each for name, each in fields.items() if name not in required}
    optional["unknown"] = st.sampled_from(ODD)
    return st.fixed_dictionaries(required, optional=optional)


def same(one: Prepared | BadRow, other: Prepared | BadRow) -> bool:
    return type(one) is type(other) and one == other


@settings(max_examples=150)
@given(data=st.data(), kind=st.sampled_from(list(KINDS)), numbers=st.booleans())
def test_a_batch_gives_what_its_rows_give_one_by_one(
    data: st.DataObject, kind: str, numbers: bool
) -> None:
    cls = ITEMS[kind]
    rows = st.sampled_from(["o1", "o2", *ODD]) if cls is None else items_of(cls)
    batch = data.draw(st.lists(rows, max_size=9))
    if data.draw(st.integers(0, 9)) == 0:
        batch.append(data.draw(st.sampled_from(ODD)))
    positions = list(range(5, 5 + len(batch)))
    one = preparer(KINDS[kind], ids_from_numbers=numbers)
    expected = [one(position, row) for position, row in zip(positions, batch, strict=True)]
    found = batch_preparer(KINDS[kind], ids_from_numbers=numbers)(positions, batch)
    assert len(found) == len(expected)
    assert all(map(same, found, expected))


ATTRIBUTES: list[Any] = [
    CustomerAttributes(city="Oslo", join_date="2024-02-29"),
    CustomerAttributes(total_orders=-1),
    {"city": "Oslo"},
    None,
]


@given(
    st.lists(
        st.builds(
            Customer,
            customer_id=st.sampled_from(["a", "b", "", " "]),
            email=st.sampled_from(["a@b", None, 7]),
            customer_attributes=st.sampled_from(ATTRIBUTES),
            extra=st.sampled_from([{}, {"more": 1}]),
        ),
        max_size=9,
    )
)
def test_models_in_a_batch_come_out_as_one_by_one(models: list[Customer]) -> None:
    positions = range(len(models))
    expected = list(map(preparer(KINDS["customers"]), positions, models))
    found = batch_preparer(KINDS["customers"])(positions, models)
    assert all(map(same, found, expected))
    assert len(found) == len(expected)


@pytest.mark.parametrize("bad", [0, 3, 99])
def test_one_bad_row_is_named_and_the_others_of_its_batch_go(bad: int) -> None:
    rows: list[Any] = [{"customerId": f"c{n}", "email": "a@b"} for n in range(100)]
    rows[bad] = {"customerId": "x", "email": 7}
    found = batch_preparer(KINDS["customers"])(range(100), rows)
    assert [row.position for row in found] == list(range(100))
    assert [row.position for row in found if isinstance(row, BadRow)] == [bad]


def test_a_batch_changes_none_of_its_rows() -> None:
    model = Customer(customer_id="c1", customer_attributes=CustomerAttributes(city="Oslo"))
    row = {"customerId": "c2", "customerAttributes": {"joinDate": date(2024, 2, 29)}}
    batch_preparer(KINDS["customers"])(range(1), [model])
    batch_preparer(KINDS["customers"])(range(1), [row])
    assert model.customer_attributes == CustomerAttributes(city="Oslo")
    assert row == {"customerId": "c2", "customerAttributes": {"joinDate": date(2024, 2, 29)}}
