"""
Records of a text file, many at a time, each with the line it begins on.

A line break within quotes counts as a line. What makes the rest of a file unreadable raises ``InputError``
with the line and the cure, once the records before it were handed out; what concerns one record alone is
said on that record.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from attrs import field, frozen

from ..errors import InputError
from .lines import LINES, Lines

AT_ONCE = 500
"""Records of what is no text that are handed out in one go, at most."""
_MISPLACED = (
    "is not valid CSV: double each quote inside a quoted cell, and quote a cell that has a CR"
)
_CUT = "unexpected end of data"
"""What Python's reader says where lines end within a quoted cell."""


@frozen
class Record:
    """
    One record of a file.

    Attributes:
        line: the line that it begins on, counted from 1.
        text: the line as it stands, where the record is no list of cells.
        cells: its cells, text but in typed tables; None in a file that has no cells, and for a record that cannot be read.
        fault: why it cannot be read; empty where it can.
    """

    line: int
    text: str = field(default="", repr=False)
    cells: list[Any] | None = field(default=None, repr=False)
    fault: str = ""


@frozen
class Records:
    """
    Records that follow each other in a file.

    Attributes:
        lines: where each of them begins.
        cells: of each; none at all in a file that has no cells.
        texts: of each, in such a file.
        faulty: those that cannot be read, by their index. They have no cells.
    """

    lines: Sequence[int]
    cells: Sequence[Sequence[Any]] = field(default=(), repr=False)
    texts: Sequence[str] = field(default=(), repr=False)
    faulty: Mapping[int, Record] = field(factory=dict, repr=False)

    @classmethod
    def of(cls, records: Sequence[Record]) -> Records:
        """These records, which have cells or cannot be read."""
        faulty = {n: record for n, record in enumerate(records) if record.cells is None}
        lines = [record.line for record in records]
        return cls(lines, [record.cells or () for record in records], faulty=faulty)

    def __iter__(self) -> Iterator[Record]:
        if self.texts:
            return map(Record, self.lines, self.texts)
        cells = enumerate(zip(self.lines, self.cells, strict=True))
        return (self.faulty.get(n) or Record(line, cells=[*each]) for n, (line, each) in cells)


def csv_blocks(lines: Lines, options: Mapping[str, Any] | None = None) -> Iterator[Records]:
    """
    The records of a CSV file (any line ends), but for empty lines.

    A record of one line with a misplaced quote is a bad record, and the next line is a record
    again. Where such a record spans lines, a quote was opened and never closed, and where the
    records after it begin is anybody's guess: that ends the reading.

    Args:
        lines: of the file.
        options: of Python's own reader; commas and double quotes by default.

    Raises:
        InputError: the rest of the file cannot be read.
    """
    held: list[str] = []  # the lines of a record that goes on behind them
    while some := held + lines.block(max(LINES, len(held))):
        records: list[list[str]] = []
        begins: list[int] = []
        faulty: dict[int, Record] = {}
        end: InputError | None = None
        taken, first = 0, lines.number - len(some) + 1
        while taken < len(some):
            found, spans, why, looked = _read_csv(some[taken:], options or {})
            begins += accumulate(spans[:-1], initial=first + taken) if spans else ()
            records += found
            taken += sum(spans)
            if not why or (_CUT in why and not lines.ended):
                break
            end = _end(lines, first + taken, why, several=looked > 1)
            if end is not None:
                break
            text = some[taken].rstrip("\r\n")
            faulty[len(records)] = Record(first + taken, text=text, fault=_MISPLACED)
            begins.append(first + taken)
            records.append([])
            taken += 1
        if not all(records):  # some lines are empty
            kept = [n for n, cells in enumerate(records) if cells or n in faulty]
            faulty = {kept.index(n): record for n, record in faulty.items()}
            records, begins = [records[n] for n in kept], [begins[n] for n in kept]
        if records:
            yield Records(begins, records, faulty=faulty)
        if end is not None:
            raise end
        held = some[taken:]


def _read_csv(
    lines: list[str], options: Mapping[str, Any]
) -> tuple[list[list[str]], list[int], str, int]:
    """
    The records of these lines, up to the first that cannot be read.

    Returns:
        Them, how many lines each has, why no more can be read, and how many lines were looked at.
    """
    reader = csv.reader(lines, strict=True, **options)
    found: list[list[str]] = []
    why = ""
    try:
        found.extend(reader)  # keeps what came before an error
    except csv.Error as error:
        why = str(error)
    spans = [1] * len(found)
    if why or len(found) < len(lines):
        spans = [1 + "\0".join(cells).count("\n") for cells in found]
    return found, spans, why, reader.line_num - sum(spans)


def _end(lines: Lines, line: int, why: str, *, several: bool) -> InputError | None:
    """What ends the reading at a record that cannot be read; None where the next can be."""
    if "field limit" in why:
        return lines.error(
            f"a cell is longer than {csv.field_size_limit():,} characters: close the quote at its "
            "start, or shorten it",
            line,
        )
    if several or _CUT in why:
        return lines.error("a quote opened in this record is never closed: close it", line)
    return None


def text_blocks(lines: Lines) -> Iterator[Records]:
    """The lines of a file that are not blank, without their ends."""
    while some := lines.block():
        begins: Sequence[int] = range(lines.number - len(some) + 1, lines.number + 1)
        texts = list(map(str.strip, some))
        if "" in texts:
            begins = [begin for begin, text in zip(begins, texts, strict=True) if text]
            texts = list(filter(None, texts))
        if texts:
            yield Records(begins, texts=texts)
