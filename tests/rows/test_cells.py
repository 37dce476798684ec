"""Cells become typed values or say why not; formulas are made harmless and come back whole."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameball_async.api.fields import FieldType
from gameball_async.faults import Refusal
from gameball_async.rows.cells import READERS, SUFFIXES, neutralised, read_json, restored


@pytest.mark.parametrize(
    ("type", "cell", "value"),
    [
        (FieldType.ID, "00012", "00012"),
        (FieldType.ID, " 1 ", " 1 "),
        (FieldType.ID, "1E5", "1E5"),
        (FieldType.ID, "1.5", "1.5"),
        (FieldType.TEXT, " a ", " a "),
        (FieldType.TEXT, "1.0", "1.0"),
        (FieldType.NUMBER, "12", 12),
        (FieldType.NUMBER, " 12.50 ", 12.5),
        (FieldType.NUMBER, "-5", -5),
        (FieldType.NUMBER, "+5.0", 5.0),
        (FieldType.NUMBER, "1e3", 1000.0),
        (FieldType.NUMBER, ".5", 0.5),
        (FieldType.NUMBER, "5.", 5.0),
        (FieldType.NUMBER, "007", 7),
        (FieldType.NUMBER, "99999999999999999999.99", Decimal("99999999999999999999.99")),
        (FieldType.NUMBER, "123456789012345678901", Decimal(123456789012345678901)),
        (FieldType.NUMBER, "0.1000000000000000000", 0.1000000000000000000),
        (FieldType.INTEGER, "3", 3),
        (FieldType.INTEGER, "3.0", 3.0),
        (FieldType.BOOLEAN, "TRUE", True),
        (FieldType.BOOLEAN, " no ", False),
        (FieldType.BOOLEAN, "1", True),
        (FieldType.DATE, " 2020-01-02 ", "2020-01-02"),
        (FieldType.LIST, "a | b||c", ["a", "b", "c"]),
        (FieldType.LIST, '["a|b", 1]', ["a|b", 1]),
        (FieldType.LIST, "a;b,c", ["a;b,c"]),
        (FieldType.OBJECT, '{"a": 1.50}', {"a": 1.5}),
    ],
)
def test_a_cell_is_read_by_the_type_of_its_field(type: FieldType, cell: str, value: object) -> None:
    read = READERS[type](cell)
    assert read == value
    assert read.__class__ is value.__class__


@pytest.mark.parametrize("type", FieldType)
def test_an_empty_cell_is_no_field(type: FieldType) -> None:
    assert READERS[type]("") is None


@pytest.mark.parametrize(
    ("type", "cell", "reason"),
    [
        (FieldType.NUMBER, "1,234.50", "is not a plain number: write it as 1234.50"),
        (FieldType.NUMBER, "12,50", "is not a plain number"),
        (FieldType.NUMBER, "$12.00", "is not a plain number"),
        (FieldType.NUMBER, "(12.00)", "is not a plain number"),
        (FieldType.NUMBER, "١٢.٥٠", "is not a plain number"),
        (FieldType.NUMBER, "1_000", "is not a plain number"),
        (FieldType.NUMBER, "0x10", "is not a plain number"),
        (FieldType.NUMBER, "NaN", "is not a finite number"),
        (FieldType.NUMBER, "-Infinity", "is not a finite number"),
        (FieldType.NUMBER, "1e999", "is too large"),
        (FieldType.NUMBER, "1e" + "9" * 30, "is too large"),
        (FieldType.INTEGER, "one", "is not a plain number"),
        (FieldType.BOOLEAN, "maybe", "must be true or false"),
        (FieldType.ID, "90.0", "looks like an id that a spreadsheet has rewritten"),
        (FieldType.ID, "1.2E+10", "looks like an id that a spreadsheet has rewritten"),
        (FieldType.LIST, "[1", "is not JSON"),
        (FieldType.OBJECT, "?a?", "is not JSON"),
    ],
)
def test_a_cell_that_cannot_be_read_says_what_would_be_right(
    type: FieldType, cell: str, reason: str
) -> None:
    with pytest.raises(Refusal) as refusal:
        READERS[type](cell)
    assert reason in str(refusal.value)
    assert cell not in str(refusal.value)


def test_a_number_too_small_for_a_double_is_not_an_error() -> None:
    assert READERS[FieldType.NUMBER]("1e-" + "9" * 30) == 0


@given(st.integers(-(10**30), 10**30), st.integers(0, 20))
def test_a_number_cell_keeps_every_digit(digits: int, places: int) -> None:
    exact = Decimal(digits).scaleb(-places)
    read = READERS[FieldType.NUMBER](f"{exact:f}")
    assert isinstance(read, int | float | Decimal)
    assert Decimal(str(read)) == Decimal(f"{exact:f}")


def test_free_columns_may_ask_for_a_type() -> None:
    assert SUFFIXES["number"]("5") == 5
    assert SUFFIXES["text"]("5") == "5"
    assert SUFFIXES["json"]("[null]") == [None]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not JSON"),
        ('{"a": 1', "is not JSON: Expecting ',' delimiter at character"),
        ('{"a": NaN}', "has NaN or Infinity"),
        ("-Infinity", "has NaN or Infinity"),
        ('{"a": 1, "a": 2}', "has the same name twice"),
        ('{"x": {"a": 1, "a": 1}}', "has the same name twice"),
        ("1e999", "is too large"),
        ("[" * 100_000, "is nested too deeply"),
        ("9" * 5000, "has a number with too many digits"),
        ("{} {}", "is not JSON: Extra data"),
        ('"a\nb"', "is not JSON: Invalid control character"),
    ],
)
def test_json_is_read_strictly(text: str, reason: str) -> None:
    with pytest.raises(Refusal) as refusal:
        read_json(text)
    assert reason in str(refusal.value)


def test_json_numbers_keep_all_their_digits() -> None:
    assert read_json("[1, 1.5, 0.12345678901234567890]") == [
        1,
        1.5,
        Decimal("0.12345678901234567890"),
    ]


FORMULAS = ["=1+1", "+1", "-5", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\0=1", " =1", "＝1", "－1"]


@pytest.mark.parametrize("cell", FORMULAS)
def test_what_a_spreadsheet_would_run_gets_a_quote_in_front(cell: str) -> None:
    assert neutralised(cell) == "'" + cell
    assert restored("'" + cell) == cell


@pytest.mark.parametrize("cell", ["", "a", "'a", "'", "it's", "5", "a=1", "''", "1-2"])
def test_what_it_would_not_run_stays_as_it_is(cell: str) -> None:
    assert neutralised(cell) == cell
    assert restored(cell) == cell


cells = st.text() | st.text("'=+-@\t\r\n\0 a1＝", max_size=6)


@given(cells)
def test_every_cell_comes_back_whole_and_none_starts_a_formula(cell: str) -> None:
    harmless = neutralised(cell)
    assert restored(harmless) == cell
    assert harmless.lstrip()[:1] not in set("=+-@＝＋－＠")


@given(cells, cells)
def test_no_two_cells_become_one(one: str, other: str) -> None:
    assert (neutralised(one) == neutralised(other)) == (one == other)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_json_that_was_written_is_read_back(value: object) -> None:
    assert read_json(json.dumps(value)) == value
