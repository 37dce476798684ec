"""Cells that are read many at once are what each of them is by itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameball_async.faults import Refusal
from gameball_async.rows.cells import ReadCell, read_json
from gameball_async.rows.cells_many import READ_MANY, json_values

ODD = (
    " ", "x", " x ", "\u00a0", "90.0", "1E+5", "a.0b", "+12025550123", "12", "-0", "007", "12.50", "1e3", "1e400",
    ".5", "5.", "+5", "1_000", "١٢", "1,2", "[1", "2]", "NaN", "true", "TRUE", "1", "0", "null", "a|b", "a||b", "|a",
    "a|", "a | b", "a|b\nc", '["a","b"]', '["a"', '{"k":1}', '{"k":1,"k":2}', "1234567890123456", "0.12345678901234567",
)  # fmt: skip
CELLS = st.lists(
    st.one_of(
        st.sampled_from(ODD),
        st.text(min_size=1, max_size=4),
        st.from_regex(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", fullmatch=True),
    ),
    min_size=1,
    max_size=6,
)
ALIKE = st.sampled_from([*ODD, "12", "0.5", "c1", "2020-01-02"]).map(lambda cell: [cell, cell])


def one_by_one(read: Callable[[str], object], cells: Sequence[str]) -> list[object] | None:
    try:
        return list(map(read, cells))
    except Refusal:
        return None


def shown(values: Sequence[object] | None) -> list[str] | None:
    """Values with their types: 1, 1.0 and True are not the same."""
    return None if values is None else list(map(repr, values))


@pytest.mark.parametrize("read", READ_MANY, ids=lambda read: read.__name__)
@given(cells=CELLS | ALIKE)
def test_what_is_read_at_once_is_what_each_is_by_itself(read: ReadCell, cells: list[str]) -> None:
    found = READ_MANY[read](cells)
    if found is not None:
        assert shown(found) == shown(one_by_one(read, cells))


NAMES = st.sampled_from(["a", "b", "a:b", '"', "\\", "é"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(VALUES, min_size=1, max_size=4), st.booleans(), st.sampled_from([":", " : ", ": "]))
def test_json_at_once_is_json_one_by_one(values: list[Any], ascii: bool, colon: str) -> None:
    texts = [json.dumps(each, ensure_ascii=ascii, separators=(",", colon)) for each in values]
    found = json_values(texts)
    if found is not None:
        assert shown(found) == shown(one_by_one(read_json, texts))


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}', '{"a" :1,"a": 2}', r'{"a":1,"\u0061":2}', r'{"a":"\u003a","a":""}', r'{"a":"\u003A","a":""}',
        r'{"a":"\"\u003a","a":"\":"}', '[{"b":{"a":1,"a":1}}]', "NaN", "[Infinity]", "1e400", "0.12345678901234567",
        "123456789.123456789", "123456789012345678901", "", "{", '{"a":1}x', '"\\ud800"', "[" * 300 + "]" * 300,
    ],
)  # fmt: skip
def test_json_whose_reading_needs_care_is_not_read_at_once(text: str) -> None:
    assert json_values(['{"a":1}', text]) is None


def test_plain_json_is_read_at_once() -> None:
    texts = ['{"a": {"b:c": [1, 2.5, "x:y"]}}', r'"\u00e9\":"', "-0", "12345678901234567 "[:16]]
    assert json_values(texts) == [{"a": {"b:c": [1, 2.5, "x:y"]}}, 'é":', 0, 1234567890123456]
