"""The rejects file: the input's own records with the reason, safe to open, fit to be read again."""

from __future__ import annotations

import csv
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameball_async.errors import ConfigurationError, InputError
from gameball_async.rows.files import open_rows
from gameball_async.rows.outcome import Outcome, Reason, RowOutcome
from gameball_async.rows.rejects import RejectsFile
from gameball_async.rows.row import BadRow

REASON = Reason("duplicate order", 9004, "orderId")


def failed(line: int, reason: Reason | None = REASON) -> RowOutcome:
    return RowOutcome(line, Outcome.FAILED, "c", reason)


def rejects_of(source: Path, target: Path, lines: list[int] | None = None) -> int:
    """Write the rejects file for some lines, or for every record of the file."""
    with open_rows(source, "customers") as rows:
        found = [row.position for row in rows]
        with RejectsFile(target, rows) as rejects:
            rejects.add(failed(line) for line in (found if lines is None else lines))
            return rejects.write()


def cells_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, strict=True))


def content_of(path: Path) -> list[Any]:
    """The rows of a file, without the lines they stand on."""
    with open_rows(path, "customers") as rows:
        return [row.faults if isinstance(row, BadRow) else row.value for row in rows]


def test_only_what_did_not_succeed_is_written_in_the_order_of_the_input(tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text('customerId,displayName\n1,a\n2,"b\nb"\n3,c\n4,d\n')
    with open_rows(source, "customers") as rows, RejectsFile(target, rows) as rejects:
        rejects.add([failed(6), RowOutcome(2, Outcome.SUCCEEDED, "1")])
        rejects.add([RowOutcome(3, Outcome.REJECTED, None, Reason("no name"))])
        rejects.add([RowOutcome(5, Outcome.UNSENT)])
        assert rejects.write() == 3
    assert cells_of(target) == [
        ["customerId", "displayName", "outcome", "code", "reason", "line"],
        ["2", "b\nb", "rejected", "", "no name", "3"],
        ["3", "c", "unsent", "", "", "5"],
        ["4", "d", "failed", "9004", "orderId: duplicate order", "6"],
    ]


def test_a_later_word_on_a_row_replaces_an_earlier_one(tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("customerId\n1\n")
    with open_rows(source, "customers") as rows, RejectsFile(target, rows) as rejects:
        rejects.add([RowOutcome(2, Outcome.INDETERMINATE), failed(2)])
        assert rejects.write() == 1
    assert cells_of(target)[1] == ["1", "failed", "9004", "orderId: duplicate order", "2"]


def test_the_file_is_for_its_owner_only_and_replaces_an_earlier_one(tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("customerId\n1\n")
    target.write_text("old")
    target.chmod(0o644)
    mask = os.umask(0)
    try:
        rejects_of(source, target)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_nothing_is_written_and_nothing_left_behind_when_the_input_has_changed(
    tmp_path: Path,
) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("customerId\n1\n")
    with open_rows(source, "customers") as rows, RejectsFile(target, rows) as rejects:
        rejects.add([failed(2)])
        source.write_text("customerId\n1\n2\n")
        with pytest.raises(InputError, match="has changed since it was read"):
            rejects.write()
        rejects.add([failed(99)])
    with open_rows(source, "customers") as rows, RejectsFile(target, rows) as rejects:
        rejects.add([failed(99)])
        with pytest.raises(InputError, match="line 99: no longer has this row"):
            rejects.write()
    assert [each.name for each in tmp_path.iterdir()] == ["in.csv"]


def test_targets_that_would_do_harm_are_refused_before_anything_is_sent(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("customerId\n1\n")
    link = tmp_path / "link.csv"
    link.symlink_to(source)
    hard = tmp_path / "hard.csv"
    os.link(source, hard)
    with open_rows(source, "customers") as rows:
        for target, reason in (
            (source, "is the input"),
            (hard, "is the input"),
            (link, "is not a regular file"),
            (tmp_path, "is not a regular file"),
            (tmp_path / "none" / "out.csv", "its folder does not exist, or you may not write"),
        ):
            with pytest.raises(ConfigurationError, match=reason):
                RejectsFile(target, rows)


def test_rows_up_to_where_the_input_breaks_off_are_written(tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(b"customerId\n1\n2\n\xff\n")
    with open_rows(source, "customers") as rows, RejectsFile(target, rows) as rejects:
        with pytest.raises(InputError, match="line 4"):
            list(rows)
        rejects.add([failed(2), failed(3)])
        assert rejects.write() == 2
    assert [cells[0] for cells in cells_of(target)] == ["customerId", "1", "2"]


def test_formulas_are_made_harmless_and_read_back_whole(tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("customerId,displayName,totalSpent,custom.=x\n1,=1+1,-5,'@a\n")
    before = content_of(source)
    with open_rows(source, "customers") as rows, RejectsFile(target, rows) as rejects:
        rejects.add([failed(2, Reason("=HYPERLINK()"))])
        rejects.write()
    assert cells_of(target)[1] == ["1", "'=1+1", "'-5", "''@a", "failed", "", "'=HYPERLINK()", "2"]
    assert content_of(target) == before
    assert before[0]["customerAttributes"]["totalSpent"] == -5


def test_records_keep_the_cells_they_had_more_or_fewer(tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text('customerId,displayName,city\n1\n2,a,b,=c\n,,\n3,"x"y,z\n# note\n')
    before = content_of(source)
    assert rejects_of(source, target) == 5
    assert [cells[:-4] for cells in cells_of(target)[1:]] == [
        ["1"],
        ["2", "a", "b", "'=c"],
        ["", "", ""],
        ['3,"x"y,z'],
        ["# note"],
    ]
    after = content_of(target)
    assert after[:3] + after[4:] == before[:3] + before[4:]
    assert all(isinstance(faults, tuple) for faults in after)


def test_the_four_columns_are_left_out_in_silence_and_replaced_the_next_time(
    tmp_path: Path,
) -> None:
    source, once, twice = tmp_path / "in.csv", tmp_path / "once.csv", tmp_path / "twice.csv"
    source.write_text("\ufeffcustomerId,displayName\n1,a\n2,=b\n3,c\n")
    rejects_of(source, once, [3, 4])
    with open_rows(once, "customers") as rows:
        assert rows.warnings == ()
        assert rows.columns == ("customerId", "displayName")
        assert rows.from_rejects
    assert once.read_bytes().startswith(b"\xef\xbb\xbf")
    rejects_of(once, twice, [2])
    assert cells_of(twice) == [
        ["customerId", "displayName", "outcome", "code", "reason", "line"],
        ["2", "'=b", "failed", "9004", "orderId: duplicate order", "2"],
    ]


def test_a_file_of_its_own_with_such_a_column_is_no_rejects_file(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("customerId,displayName,line\n1,'=x,2\n")
    with open_rows(source, "customers") as rows:
        assert "line" in rows.warnings[0]
        assert not rows.from_rejects
    assert content_of(source)[0]["customerAttributes"]["displayName"] == "'=x"


# JSONL


def test_a_line_of_jsonl_keeps_its_text_and_gets_four_members(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(
        '{"customerId": "1", "totalSpent": 1.50e0 }\n'
        '"A-1"\n'
        '{"customerId": NaN}\n'
        '{"customerId": "2", "line": 7}\n'
        "{}\n"
        '{"row": 5}\n'
        '{"text": "x"}\n'
    )
    before = content_of(source)
    assert rejects_of(source, target) == 7
    added = '"outcome": "failed", "code": 9004, "reason": "orderId: duplicate order", "line": '
    assert target.read_text().splitlines() == [
        '{"customerId": "1", "totalSpent": 1.50e0, ' + added + "1}",
        '{"row": "A-1", ' + added + "2}",
        '{"text": "{\\"customerId\\": NaN}", ' + added + "3}",
        '{"row": {"customerId": "2", "line": 7}, ' + added + "4}",
        '{"row": {}, ' + added + "5}",
        '{"row": {"row": 5}, ' + added + "6}",
        '{"row": {"text": "x"}, ' + added + "7}",
    ]
    assert content_of(target) == before
    again = tmp_path / "again.jsonl"
    assert rejects_of(target, again) == 7
    assert again.read_text() == target.read_text()
    assert content_of(again) == before


def test_a_rejects_file_that_went_through_another_program_is_still_read(tmp_path: Path) -> None:
    source, target, again = (tmp_path / f"{name}.jsonl" for name in ("in", "out", "again"))
    source.write_text('{"customerId": "1", "totalSpent": 1.50}\n')
    rejects_of(source, target)
    compact = json.dumps(json.loads(target.read_text()), separators=(",", ":"))
    target.write_text(compact + "\n")
    rejects_of(target, again)
    assert content_of(again) == content_of(source)


# Properties

cell = st.text(st.characters(codec="utf-8"), max_size=6) | st.text(
    "'=+-@\t\r\n\0 a1,\"", max_size=5
)
records = st.lists(st.lists(cell, min_size=1, max_size=4), min_size=1, max_size=6)


@settings(max_examples=150)
@given(records)
def test_every_csv_record_comes_back_cell_by_cell(
    tmp_path_factory: pytest.TempPathFactory, records: list[list[str]]
) -> None:
    directory = tmp_path_factory.mktemp("rejects")
    source, target = directory / "in.csv", directory / "out.csv"
    with source.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["customerId", "displayName"])
        writer.writerows(records)
    before = content_of(source)
    assert rejects_of(source, target) == len(records)
    for cells in cells_of(target)[1:]:
        assert not any(each.lstrip()[:1] in tuple("=+-@") for each in cells)
    assert content_of(target) == before
    again = directory / "again.csv"
    rejects_of(target, again)
    assert [cells[:-1] for cells in cells_of(again)] == [cells[:-1] for cells in cells_of(target)]


value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.text(max_size=3) | st.sampled_from(["row", "text", "outcome", "code", "line"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)


@settings(max_examples=150)
@given(st.lists(value.filter(lambda each: not isinstance(each, list)), min_size=1, max_size=5))
def test_every_jsonl_line_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any]
) -> None:
    directory = tmp_path_factory.mktemp("rejects")
    source, target, again = (directory / f"{name}.jsonl" for name in ("in", "out", "again"))
    source.write_text("".join(json.dumps(each) + "\n" for each in values))
    rejects_of(source, target)
    assert content_of(target) == values
    rejects_of(target, again)
    assert content_of(again) == values
