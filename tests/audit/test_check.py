"""Rows that repeat others are found on the disk as a dictionary in memory would find them."""

from __future__ import annotations

import sqlite3
from collections.abc import Hashable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameball_async.api.fields import specs_of
from gameball_async.api.kinds import KINDS, Replay, item_class
from gameball_async.audit import check as check_module
from gameball_async.audit.check import Checked, WholeCheck
from gameball_async.audit.findings import SHOWN, Finding, Place
from gameball_async.audit.looks import LOOKS
from gameball_async.errors import Fault
from gameball_async.files import check_rows, open_rows
from gameball_async.rows.check import preparer
from gameball_async.rows.row import BadRow, Row

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TIMES = st.sampled_from(
    ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000Z", "2024-01-01T02:00:00+02:00",
     "2024-01-01T00:00:10Z", "2024-01-01T00:00:01Z", "2024-01-01T00:00:01.5Z"]
)  # fmt: skip
SAME = {"2024-01-01T00:00:00.000Z": "2024-01-01T00:00:00Z",
        "2024-01-01T02:00:00+02:00": "2024-01-01T00:00:00Z"}  # fmt: skip
CASHBACK = st.fixed_dictionaries(
    {
        "customerId": st.sampled_from("abc"),
        "transactionId": st.sampled_from("123456789") | st.none(),  # without: a bad row
        "transactionTime": TIMES,
        "amount": st.just(5),
    }
)
ADJUSTMENTS = st.fixed_dictionaries(
    {"customerId": st.sampled_from("abc"), "amount": st.sampled_from([1, 2])},
    optional={"reason": st.sampled_from(["x", "y"])},
)


def checked(kind: str, values: Iterable[object], batch: int = 2000) -> tuple[Checked, list[BadRow]]:
    """What is found in rows whose lines are 3, 5, 7 and so on."""
    bad = list[BadRow]()
    rows = (Row(3 + 2 * n, value) for n, value in enumerate(values))
    prepare = preparer(KINDS[kind])
    with (
        patch.object(check_module, "BATCH", batch),
        WholeCheck(KINDS[kind], rows, prepare, now=NOW, bad=bad.append) as whole,
    ):
        while whole.step():
            pass
        return whole.end(), bad


def repeats(keys: Iterable[tuple[int, Hashable]]) -> list[Place]:
    """Which lines repeat an earlier one, by a dictionary."""
    first = dict[Hashable, int]()
    return [Place(line, first[key]) for line, key in keys if first.setdefault(key, line) != line]


def of_name(found: Checked, name: str) -> list[tuple[int, tuple[Place, ...]]]:
    return [(each.rows, each.places) for each in found.findings if each.name == name]


def as_told(places: list[Place]) -> list[tuple[int, tuple[Place, ...]]]:
    return [(len(places), tuple(places[:SHOWN]))] if places else []


@given(st.lists(CASHBACK), st.integers(1, 9))
def test_repeated_ids_and_equal_times_are_those_that_a_dictionary_finds(
    values: list[dict[str, Any]], batch: int
) -> None:
    found, bad = checked("cashback", values, batch)
    lines = range(3, 3 + 2 * len(values), 2)
    sound = [
        (line, value)
        for line, value in zip(lines, values, strict=True)
        if value["transactionId"] is not None
    ]
    by_id = repeats((line, value["transactionId"]) for line, value in sound)
    assert of_name(found, "repeated-id") == as_told(by_id)
    again = {place.line for place in by_id}
    by_time = repeats(
        (line, (value["customerId"], SAME.get(time := value["transactionTime"], time)))
        for line, value in sound
        if line not in again  # it is refused for its id
    )
    assert of_name(found, "equal-times") == as_told(by_time)
    assert found.rows == len(values)
    assert found.faulty == len(values) - len(sound)
    assert [row.position for row in bad[found.faulty :]] == [place.line for place in by_id]


@given(st.lists(ADJUSTMENTS))
def test_rows_that_are_equal_in_every_field_are_found_and_others_of_a_customer_are_not(
    values: list[dict[str, Any]],
) -> None:
    found, bad = checked("balance-adjustments", values, 3)
    keys = ((3 + 2 * n, repr(value)) for n, value in enumerate(values))
    assert of_name(found, "repeated-row") == as_told(repeats(keys))
    assert bad == []


@given(st.lists(st.sampled_from("abcdefgh")))
def test_customers_that_come_again_are_found(keys: list[str]) -> None:
    for kind, values in (
        ("customers", [{"customerId": key, "email": str(n)} for n, key in enumerate(keys)]),
        ("balance-inquiries", [{"customerId": key} for key in keys]),
        ("order-transactions", keys),
    ):
        found, bad = checked(kind, values, 4)
        places = repeats((3 + 2 * n, key) for n, key in enumerate(keys))
        assert of_name(found, "repeated-id") == as_told(places)
        assert bad == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_looked_at_are_fields_of_the_kind_and_ids_that_gameball_takes_once(
    kind: str,
) -> None:
    looks, cls = LOOKS[kind], item_class(kind)
    assert looks.repeat.certain is (KINDS[kind].replay is Replay.KEYED)
    for field in (*(each.field for each in looks.times), *(each.field for each in looks.amounts)):
        known = cls
        for name in field.split("."):
            assert known is not None
            spec = specs_of(known)[name]
            known = spec.nested


def test_orders_of_a_customer_at_one_time_are_normal() -> None:
    time = "2024-01-01T00:00:00Z"
    orders = [
        {"customerId": "a", "orderId": str(n), "orderDate": time, "totalPaid": 0} for n in range(3)
    ]
    found, _ = checked("orders", orders)
    assert found.findings == ()


def test_a_full_disk_is_named_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    rows = (Row(n, {"customerId": str(n), "amount": 0}) for n in range(5))
    kind = KINDS["balance-adjustments"]
    with WholeCheck(kind, rows, preparer(kind), now=NOW) as whole:
        full = sqlite3.OperationalError("database or disk is full")
        with patch.object(whole._seen, "add", side_effect=full):
            assert not whole.step()
        found = whole.end()
    assert [each.name for each in found.findings] == ["not-compared", "odd-amount"]
    assert "database or disk is full" in found.findings[0].text()


def test_a_finding_names_its_first_places_and_shows_no_value() -> None:
    found, _ = checked("customers", [{"customerId": "canary"}] * 9)
    (finding,) = found.findings
    assert finding.text().endswith(
        "(lines 5 (as 3), 7 (as 3), 9 (as 3), 11 (as 3), 13 (as 3) and 3 more)"
    )
    assert "rows 5 (as 3)" in finding.text("row")
    assert "canary" not in repr(found) + finding.text() + str(finding.as_json())
    assert Finding("m", "odd-amount", "amount", 1, (Place(2000),)).text() == "m (line 2,000)"


def test_a_file_is_checked_in_code(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "customerId,orderId,orderDate,totalPaid\n"
        "a,1,2024-01-01T00:00:00Z,5\nb,1,2031-01-01T00:00:00Z,7.5\nb,2,never,1\n"
    )
    bad = list[BadRow]()
    with open_rows(path, "orders") as rows:
        found = check_rows(rows, now=NOW, bad=bad.append)
    assert [row.position for row in bad] == [4, 3]
    assert [(each.name, each.field) for each in found.findings] == [
        ("repeated-id", "orderId"),
        ("future-date", "orderDate"),
    ]
    assert (found.rows, found.faulty, found.amounts[0].total) == (3, 1, 12.5)


def test_sound_rows_are_checked_many_at_once_and_bad_ones_among_them_keep_their_place() -> None:
    prepare = preparer(KINDS["customers"])
    asked: list[int] = []
    many = prepare.many

    def counted(positions: Any, values: Any) -> Any:
        asked.append(len(values))
        return many(positions, values)

    prepare.many = counted
    rows: list[Row | BadRow] = [Row(n, {"customerId": f"c{n}"}) for n in range(600)]
    rows[300] = BadRow(300, (Fault("", "is blank: remove the line"),))
    rows[500] = Row(500, {"customerId": 5})
    good, bad = list[int](), list[int]()
    with WholeCheck(
        KINDS["customers"],
        rows,
        prepare,
        now=NOW,
        bad=lambda row: bad.append(row.position),
        good=lambda row: good.append(row.position),
    ) as whole:
        whole.step()
    assert bad == [300, 500]
    assert good == [n for n in range(600) if n not in bad]
    assert asked == [prepare.at_once, prepare.at_once - 1, 600 - 2 * prepare.at_once]
