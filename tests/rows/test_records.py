"""Lines and records, wherever the blocks that are read end: their numbers, and what ends the reading."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameball_async.errors import InputError
from gameball_async.rows import lines as reading
from gameball_async.rows.lines import Lines
from gameball_async.rows.opened import Opened
from gameball_async.rows.records import csv_blocks, text_blocks

Found = list[tuple[int, list[str] | str]]


@pytest.fixture(params=[1, 7, 1 << 15])
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(reading, "CHUNK", request.param)
    size: int = request.param
    return size


def read(content: bytes, size: int = 1 << 15, encoding: str | None = None) -> tuple[Found, str]:
    """The records of a CSV file that is read so many bytes at a time, and what ends the reading."""
    found: Found = []
    kept, reading.CHUNK = reading.CHUNK, size
    try:
        for block in csv_blocks(Lines(Opened("rows", io.BytesIO(content)), encoding)):
            found += [(record.line, record.cells or record.text) for record in block]
    except InputError as error:
        return found, str(error)
    finally:
        reading.CHUNK = kept
    return found, ""


def read_line_by_line(text: str) -> tuple[Found, str]:
    """The same, as Python's own reader has it: one record after another."""
    lines = list(io.StringIO(text, newline="\n"))
    found: Found = []
    taken = 0
    while taken < len(lines):
        reader = csv.reader(lines[taken:], strict=True)
        try:
            cells = next(reader, None)
        except csv.Error as error:
            if reader.line_num > 1 or "unexpected end" in str(error):
                return found, f"line {taken + 1}: a quote opened"
            cells, found = [], [*found, (taken + 1, lines[taken].rstrip("\r\n"))]
        if cells:
            found.append((taken + 1, cells))
        taken += reader.line_num
    return found, ""


CSV = st.lists(
    st.sampled_from(['"', '""', ",", "\n", "\r\n", "\r", "a", "é", "\u2028", '"a\nb"', "\n\n", "x,y\n"]), max_size=30
).map("".join)  # fmt: skip


@given(CSV, st.integers(1, 40))
def test_records_are_the_same_wherever_a_block_ends(text: str, size: int) -> None:
    found, error = read(text.encode(), size)
    expected, why = read_line_by_line(text)
    assert found == expected
    assert why in error
    assert bool(why) == bool(error)


def test_a_record_over_many_lines_is_one(chunk: int) -> None:
    cell = "\n" * 3000
    assert read(f'a,b\n1,"{cell}"\n2,c\n'.encode(), chunk) == (
        [(1, ["a", "b"]), (2, ["1", cell]), (3002 + 1, ["2", "c"])],
        "",
    )


@pytest.mark.parametrize("encoding", [None, "utf-8", "shift_jis", "utf-16-le"])
def test_what_cannot_be_decoded_ends_the_reading_at_its_own_line(
    encoding: str | None, chunk: int
) -> None:
    lines = "".join(f"c{n},é\n" if encoding != "shift_jis" else f"c{n},日\n" for n in range(1, 10))
    wrong = b"\x00\xdc\n\0" if encoding == "utf-16-le" else b"x\xff\xff\n"
    found, error = read(lines.encode(encoding or "utf-8") + wrong, chunk, encoding)
    assert [line for line, _ in found] == [*range(1, 10)]
    assert "line 10: is not" in error
    assert "--encoding" in error


@pytest.mark.parametrize("content", [b"\xe9\0\n", b"c\0u\0\n\0", b"\xe9" + b"x" * 40 + b"\0\n"])
def test_bytes_that_are_nought_in_the_first_line_are_no_text(content: bytes, chunk: int) -> None:
    assert "is UTF-16, or not a text file" in read(content, chunk)[1]


@pytest.mark.parametrize("encoding", ["nope", "hex"])
def test_an_encoding_of_no_text_is_refused(encoding: str) -> None:
    with pytest.raises(ValueError, match="is not a known encoding"):
        Lines(Opened("rows", io.BytesIO(b"")), encoding)


def test_utf_16_without_its_mark_is_refused(tmp_path: Path) -> None:
    assert (
        "is not utf-16 text: pass another --encoding"
        in read("ab\n".encode("utf-16-le"), encoding="utf-16")[1]
    )


def test_a_line_too_long_for_any_text_ends_the_reading_behind_those_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "MAX_LINE_BYTES", 1000)
    lines = Lines(Opened("rows", io.BytesIO(b"a\nb\n" + b"x" * 40_000 + b"\nc\n")))
    assert lines.block() == ["a\n", "b\n"]
    with pytest.raises(InputError, match="line 3: a line is longer than"):
        lines.block()


def test_blank_lines_are_no_records_but_count() -> None:
    lines = Lines(Opened("rows", io.BytesIO(b"\n{}\n \n[]\n\n")))
    assert [(block.lines, block.texts) for block in text_blocks(lines)] == [([2, 4], ["{}", "[]"])]
