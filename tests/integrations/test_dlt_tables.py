"""What a table of dlt's means: kinds, names and values, without dlt."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameball_async.api.kinds import KINDS, Kind
from gameball_async.rows.kind_columns import known_columns

tables = pytest.importorskip(
    "gameball_async.integrations.dlt.tables", reason="dlt is not installed", exc_type=ImportError
)


def snake(name: str) -> str:
    """A name as dlt's snake_case has it."""
    parts = "".join(f"_{each.lower()}" if each.isupper() else each for each in name)
    return parts.replace(".", "__")


@given(st.data())
def test_every_field_is_found_again_under_the_names_that_dlt_makes(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from([*KINDS.values()]))
    name = data.draw(st.sampled_from([*known_columns(kind)]))
    for written in (name, snake(name), snake(name).replace("__", "_"), name.replace(".", "▶")):
        assert tables.header_of(kind, [written]) == [name]


@given(st.sampled_from([*KINDS.values()]), st.text(max_size=20))
def test_a_name_that_means_no_field_stays_as_it_is(kind: Kind, name: str) -> None:
    (found,) = tables.header_of(kind, [name])
    assert found == name or found in known_columns(kind) or "." in found


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_named_after_its_kind_is_of_that_kind(kind: str) -> None:
    for name in (kind, kind.replace("-", "_"), kind.title().replace("-", "")):
        assert tables.kind_of_table(name, None, None).name == kind


def test_what_is_said_of_one_table_goes_before_what_is_said_of_all() -> None:
    said = tables.kind_of_table("orders", "customers", {"orders": "cashback"})
    assert said.name == "cashback"
    assert tables.kind_of_table("orders", "customers", None).name == "customers"


@pytest.mark.parametrize(
    ("kind", "taken"),
    [(kind.name, kind.replay.value != "unrepeatable") for kind in KINDS.values()],
)
def test_merge_is_for_kinds_whose_rows_may_be_sent_again(kind: str, taken: bool) -> None:
    table: dict[str, Any] = {"name": "t", "write_disposition": "merge", "columns": {}}
    assert (tables.refusal_of(table, KINDS[kind]) is None) == taken


def test_inner_rows_of_a_table_are_refused() -> None:
    table = {"name": "orders__line_items", "parent": "orders", "columns": {}}
    assert "nested rows of 'orders'" in tables.refusal_of(table, KINDS["orders"])
