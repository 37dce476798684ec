"""Times and amounts are counted over columns: however rows are cut into columns, the same is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameball_async.audit.findings import AmountTally, TimeTally, column
from gameball_async.audit.looks import LOOKS, Amount, Time, Wrong

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ORDER_DATE = LOOKS["orders"].times[0]
JOIN_DATE, LAST_ORDER, BIRTH, *_ = LOOKS["customers"].times
POINTS = LOOKS["balance-adjustments"].amounts[0]

INSTANTS = st.integers(-300_000_000, 2_200_000_000).map(
    lambda each: f"{datetime.fromtimestamp(each, UTC).replace(tzinfo=None).isoformat()}Z"
)
AMOUNTS = st.one_of(
    st.integers(-1000, 1000), st.sampled_from([0.5, 12.25, -3.75, 7.125, 0.0]), st.none()
)


def in_parts(tally: Any, values: Sequence[Any], cuts: Sequence[int]) -> Any:
    """The tally with the values added in parts; their lines are from 10 on."""
    ends = sorted({0, len(values), *(cut for cut in cuts if cut <= len(values))})
    for start, end in pairwise(ends):
        tally.add(range(10 + start, 10 + end), values[start:end])
    return tally


@given(st.lists(st.one_of(INSTANTS, st.none())), st.lists(st.integers(0, 20)))
def test_times_out_of_range_are_those_that_a_look_at_each_finds(
    values: list[str | None], cuts: list[int]
) -> None:
    late, early = list[int](), list[int]()
    for line, value in enumerate(values, 10):
        if value is not None:
            instant = datetime.fromisoformat(value)
            if instant >= NOW + timedelta(minutes=5):
                late.append(line)
            if instant < datetime(2000, 1, 1, tzinfo=UTC):
                early.append(line)
    found = list(in_parts(TimeTally(ORDER_DATE, NOW), values, cuts).findings())
    assert [(each.name, each.rows, [place.line for place in each.places]) for each in found] == [
        (name, len(lines), lines[:5])
        for name, lines in (("future-date", late), ("early-date", early))
        if lines
    ]


@pytest.mark.parametrize(
    ("time", "value", "names"),
    [
        (ORDER_DATE, "2026-03-01T12:04:59Z", []),  # clocks differ
        (ORDER_DATE, "2026-03-01T12:06:00.123Z", ["future-date"]),
        (ORDER_DATE, "1999-12-31T23:59:59Z", ["early-date"]),
        (ORDER_DATE, "2000-01-01T00:00:00Z", []),
        (JOIN_DATE, "2026-03-02", []),  # where the day begins fourteen hours earlier
        (JOIN_DATE, "2026-03-02T10:00:00Z", []),
        (JOIN_DATE, "2026-03-03", ["future-date"]),
        (JOIN_DATE, "1970-01-01", ["early-date"]),
        (BIRTH, "1970-01-01", []),  # people are older than shops
        (BIRTH, "1900-01-01", ["early-date"]),
        (BIRTH, "1900-01-02", []),
        (BIRTH, "2027-01-01", ["future-date"]),
    ],
)
def test_the_bounds_of_times(time: Time, value: str, names: list[str]) -> None:
    tally = TimeTally(time, NOW)
    tally.add([2], [value])
    assert [each.name for each in tally.findings()] == names


@given(st.lists(AMOUNTS), st.lists(st.integers(0, 20)), st.sampled_from([None, *Wrong]))
def test_amounts_come_to_what_a_look_at_each_finds(
    values: list[float | None], cuts: list[int], wrong: Wrong | None
) -> None:
    tally = in_parts(AmountTally(Amount("amount", wrong)), values, cuts)
    pairs = [(value, line) for line, value in enumerate(values, 10) if value is not None]
    summary = tally.summary()
    if not pairs:
        assert summary is None
        return
    least, greatest = min(pairs)[0], max(pairs)[0]
    assert summary.rows == len(pairs)
    assert summary.total == sum(value for value, _ in pairs)  # of halves: exact
    assert (summary.least, summary.greatest) == (least, greatest)
    assert summary.least_line == next(line for value, line in pairs if value == least)
    assert summary.greatest_line == next(line for value, line in pairs if value == greatest)
    tests: dict[Wrong | None, Callable[[float], bool]] = {
        None: lambda value: False,
        Wrong.ZERO: lambda value: value == 0,
        Wrong.NEGATIVE: lambda value: value < 0,
        Wrong.NOT_POSITIVE: lambda value: value <= 0,
    }
    lines = [line for value, line in pairs if tests[wrong](value)]
    found = list(tally.findings())
    assert [(each.rows, [place.line for place in each.places]) for each in found] == (
        [(len(lines), lines[:5])] if lines else []
    )


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([12.5, 3.99, 20], ["money-in-points"]),
        ([12.5, 3, 20], []),  # some fractions are no currency
        ([12.5, 3, 20, 7.25], []),
        ([0.333, 0.125, 2.71828], []),  # shares, not cents
        ([100, 250, -30], []),
    ],
)
def test_points_look_like_money_where_more_than_half_of_them_have_cents(
    values: list[float], found: list[str]
) -> None:
    tally = AmountTally(POINTS)
    tally.add(range(len(values)), values)
    assert [each.name for each in tally.findings()] == found


def test_amounts_beyond_all_sense_end_in_a_sum_all_the_same() -> None:
    tally = AmountTally(POINTS)
    tally.add([1, 2, 3], [1e308, 1e308, 10**19])
    found = tally.summary()
    assert found is not None
    assert (found.rows, found.total, found.greatest_line) == (3, float("inf"), 1)


def test_a_column_is_taken_from_objects_that_may_not_be_there() -> None:
    items = [{"a": {"b": 1}}, {"a": None}, {}, {"a": {}}]
    assert column(items, "a.b") == [1, None, None, None]
    assert column(items, "a") == [{"b": 1}, None, None, {}]
    assert LAST_ORDER.field == "customerAttributes.lastOrderDate"
