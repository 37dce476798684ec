"""Files of rows: lines are counted as sed counts them, and nothing is lost or guessed."""

from __future__ import annotations

import csv
import io
import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameball_async.api.kinds import KINDS
from gameball_async.errors import ConfigurationError, InputError
from gameball_async.rows.file_rows import FileRows
from gameball_async.rows.files import open_rows
from gameball_async.rows.row import BadRow, Row

HEADER = "customerId,displayName\n"


def write(directory: Path, content: str | bytes, name: str = "rows.csv") -> Path:
    path = directory / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path: Path, kind: str = "customers", **options: Any) -> dict[int, Any]:
    """Line → the item, or the reasons of a bad row."""
    with open_rows(path, KINDS[kind], **options) as rows:
        found = {
            row.position: row.value if isinstance(row, Row) else "; ".join(map(str, row.faults))
            for row in rows
        }
        assert rows.records == len(found)
        assert rows.position_fraction == 1.0
    return found


def names(found: dict[int, Any]) -> dict[int, str]:
    return {line: item["customerAttributes"]["displayName"] for line, item in found.items()}


def test_lines_are_counted_by_line_feeds_whatever_the_cells_hold(tmp_path: Path) -> None:
    content = (
        "\ufeff" + HEADER.replace("\n", "\r\n")
        + '1,"a\nb"\r\n'        # lines 2 and 3
        + '2,"c\r\nd"\n'        # lines 4 and 5
        + "\r\n"                # line 6, no record
        + "3,e\u2028f\x85g\x0bh\r\n"
        + '4,"i\rj"\n'
        + "5,k"
    )  # fmt: skip
    assert names(read(write(tmp_path, content))) == {
        2: "a\nb",
        4: "c\r\nd",
        7: "e\u2028f\x85g\x0bh",
        8: "i\rj",
        9: "k",
    }


def test_a_misplaced_quote_costs_its_own_line_and_no_other(tmp_path: Path) -> None:
    found = read(write(tmp_path, HEADER + '1,"a"b\n2,c"d"\n3,x\ry\n4,"e ""f"""\n'))
    assert [*found] == [2, 3, 4, 5]
    assert "double each quote inside a quoted cell" in found[2]
    assert "quote a cell that has a CR" in found[4]
    assert found[3]["customerAttributes"]["displayName"] == 'c"d"'
    assert found[5]["customerAttributes"]["displayName"] == 'e "f"'


@pytest.mark.parametrize(
    "rest",
    ['2,"b\n3,c\n4,d\n', '2,"b\n3,"c"\n4,d\n', '2,"b', '2,"b\n'],
)
def test_a_quote_that_is_never_closed_ends_the_reading_at_the_line_where_it_opens(
    tmp_path: Path, rest: str
) -> None:
    with open_rows(write(tmp_path, HEADER + "1,a\n" + rest), "customers") as rows:
        assert isinstance(next(rows), Row)
        with pytest.raises(InputError, match=r"line 3: a quote opened .* close it") as error:
            list(rows)
    assert error.value.line == 3


def test_a_cell_over_the_limit_ends_the_reading_with_its_line(tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    assert len(read(write(tmp_path, f"{HEADER}1,{'x' * limit}\n"))) == 1
    path = write(tmp_path, f"{HEADER}1,a\n2,{'x' * (limit + 1)}\n3,b\n")
    with pytest.raises(InputError, match="line 3: a cell is longer than 131,072 characters"):
        read(path)


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (b"", 1, "is empty: the first line must name the columns"),
        (b"\xef\xbb\xbf", 1, "is empty"),
        (b"\n\n", 1, "is empty"),
        (HEADER.encode(), None, "has no rows: there is nothing to send"),
        (HEADER.encode() + b"\r\n\n", None, "has no rows"),
        (HEADER.encode("utf-16-le"), 1, "is UTF-16.*iconv -f UTF-16"),
        (b"customerId,x\n1,\x00\n" + b"2,Jos\xe9\n", 3, "is not UTF-8.*iconv -f WINDOWS-1252"),
        (b"CustomerID\n1\n", 1, "rename it to 'customerId'"),
        (b'customerId,"x"y\n1,2\n', 1, "the header is not valid CSV"),
        (b"customerId\r1\r2\r", 1, "is not valid CSV|a quote"),
        (b"1" * (16 * 2**20 + 1), 1, "a line is longer than 16,777,216 bytes"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_line_and_the_cure(
    tmp_path: Path, content: bytes, line: int | None, reason: str
) -> None:
    path = write(tmp_path, content)
    with pytest.raises(InputError, match=reason) as error:
        read(path)
    assert error.value.line == line
    assert error.value.path == str(path)


def test_what_is_no_file_of_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be opened: No such file"):
        open_rows(tmp_path / "none.csv", "customers")
    with pytest.raises(InputError, match="is not a regular file"):
        open_rows(tmp_path, "customers")
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(InputError, match="is not a regular file"):
        open_rows(tmp_path / "pipe.csv", "customers")
    with pytest.raises(InputError, match=r"pass --format csv, tsv, jsonl"):
        open_rows(write(tmp_path, HEADER + "1,a\n", "rows.txt"), "customers")
    with pytest.raises(ConfigurationError, match="there is no batch kind"):
        open_rows(write(tmp_path, HEADER + "1,a\n"), "custommers")  # type: ignore[arg-type]
    assert len(read(tmp_path / "rows.txt", format="csv")) == 1


def test_warnings_and_columns_are_told_before_the_first_row(tmp_path: Path) -> None:
    path = write(tmp_path, "customerId,colour\n1,x\n")
    with open_rows(path, "customers") as rows:
        assert rows.columns == ("customerId", "colour")
        assert "colour" in rows.warnings[0]
        assert rows.records == 0
    with open_rows(path, "customers", unknown="custom") as rows:
        assert rows.warnings == ()
        assert [row.value for row in rows if isinstance(row, Row)] == [
            {"customerId": "1", "customerAttributes": {"custom": {"colour": "x"}}}
        ]


def test_the_share_of_the_file_that_was_read_goes_up_to_one(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + "1,a\n" * 1000)
    with open_rows(path, "customers") as rows:
        shares = [rows.position_fraction or 0.0 for _ in rows]
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.1
    assert shares[-1] == 1.0


def test_a_file_is_closed_when_it_is_left_and_when_it_cannot_be_used(tmp_path: Path) -> None:
    rows = open_rows(write(tmp_path, HEADER + "1,a\n2,b\n3,c\n"), "customers")
    with rows:
        next(rows)
    rows.close()
    with pytest.raises(ValueError, match="closed"):
        list(rows)
    with pytest.raises(InputError):  # a file left open would be a ResourceWarning, an error here
        open_rows(write(tmp_path, "x\n", "bad.csv"), "customers")


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    with path.open("w") as file:
        file.write(HEADER)
        file.writelines(f"{number},{'x' * 50}\n" for number in range(40_000))
    tracemalloc.start()
    try:
        with open_rows(path, "customers") as rows:
            assert sum(1 for _ in rows) == 40_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2**20


# JSONL


def test_jsonl_has_an_item_a_line_and_faults_have_their_lines(tmp_path: Path) -> None:
    content = (
        '\ufeff{"customerId": "001", "future": [1.50, null]}\r\n'
        "\n"
        "  \n"
        '{"customerId": "2"\n'
        '{"customerId": "3", "totalSpent": NaN}\n'
        '{"customerId": "4", "customerId": "5"}\n'
        "[1]\n"
        '{"customerId": "6\u2028"}'
    )
    found = read(write(tmp_path, content, "rows.jsonl"))
    assert found[1] == {"customerId": "001", "future": [1.5, None]}
    assert "is not JSON: Expecting ',' delimiter at character 19" in found[4]
    assert "has NaN or Infinity" in found[5]
    assert "has the same name twice" in found[6]
    assert found[7] == [1]
    assert found[8] == {"customerId": "6\u2028"}
    assert [*found] == [1, 4, 5, 6, 7, 8]


def test_jsonl_of_order_transactions_has_a_text_a_line(tmp_path: Path) -> None:
    path = write(tmp_path, '"A-1"\n"A-2"', "ids.ndjson")
    assert read(path, "order-transactions") == {1: "A-1", 2: "A-2"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "has no rows"),
        (b"\n \n", "has no rows"),
        (b'[{"customerId": "1"}]', "is one JSON text"),
        (b'{\n "customerId": "1"\n}', "is one JSON text"),
        (b'{"customerId": "\xe9"}', "is not UTF-8"),
        ('{"customerId": "1"}'.encode("utf-16-be"), "is UTF-16"),
    ],
)
def test_a_jsonl_file_that_cannot_be_read_is_refused(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        read(write(tmp_path, content, "rows.jsonl"))


# Properties

cells = st.text(st.characters(codec="utf-8"), max_size=6) | st.text("\",\r\n' =", max_size=6)


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.integers(0, 10**6).map(str), cells), min_size=1, max_size=8),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.booleans(),
)
def test_what_was_written_as_csv_is_read_back_with_the_lines_it_stands_on(
    tmp_path_factory: pytest.TempPathFactory,
    records: list[tuple[str, str]],
    end: str,
    mark: bool,
    final: bool,
) -> None:
    directory = tmp_path_factory.mktemp("csv")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(["customerId", "displayName"])
    starts = []
    for record in records:
        starts.append(out.getvalue().count("\n") + 1)
        writer.writerow(record)
    text = out.getvalue() if final else out.getvalue().removesuffix(end)
    found = read(write(directory, "\ufeff" * mark + text))
    assert [*found] == starts
    for (identifier, name), item in zip(records, found.values(), strict=True):
        expected = {"customerId": identifier}
        if name:
            expected["customerAttributes"] = {"displayName": name}  # type: ignore[assignment]
        assert item == expected


@settings(max_examples=150)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_end_in_rows_or_in_an_error_that_says_where(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    directory = tmp_path_factory.mktemp("bytes")
    for name, start in (("rows.csv", HEADER.encode()), ("rows.jsonl", b"")):
        path = write(directory, start + content, name)
        lines = (start + content).count(b"\n") + 1
        try:
            rows = open_rows(path, "customers")
        except InputError as error:
            assert error.line is None or 1 <= error.line <= lines
            continue
        with rows:
            consume(rows, lines)


def consume(rows: FileRows, lines: int) -> None:
    before = 0
    try:
        for row in rows:
            assert isinstance(row, Row | BadRow)
            assert before < row.position <= lines
            before = row.position
    except InputError as error:
        assert error.line is not None
        assert before < error.line <= lines


@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text()))
def test_a_line_of_jsonl_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, item: dict[str, Any]
) -> None:
    path = write(tmp_path_factory.mktemp("jsonl"), json.dumps(item) + "\n", "rows.jsonl")
    assert read(path) == {1: item}
