"""How a file of columns is written: what the caller says, or what the file itself says beyond doubt."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from attrs import evolve, field, frozen

from ..errors import InputError
from .cells import ReadCell, with_zone
from .columns import Layout
from .records import Records
from .tables import NUMBERS

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
LOOKED_AT = 100
"""Records whose numbers tell whether a file has decimal commas."""
_DECIMAL_COMMA = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+),\d+", re.ASCII).fullmatch
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+", re.ASCII).fullmatch
_DECIMAL_POINT = re.compile(r"[+-]?\d*\.(?:\d{1,2}|\d{4,})", re.ASCII).fullmatch
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?").fullmatch


@frozen
class Reading:
    """
    How a file is read, as far as the caller says so.

    Attributes:
        format: ``csv``, ``tsv``, ``jsonl``, ``json``, ``parquet``, ``arrow`` or ``xlsx``; None to go by
            the name.
        delimiter: between the cells; None to find it.
        quote: around cells.
        encoding: of the text; None for UTF-8, or what a byte order mark says.
        decimal_comma: numbers have a comma before their fraction; None to find that.
        sheet: of a workbook; None for its first.
        zone: of times without one; empty to refuse them.
        nulls: cells that mean nothing, and are left out.
        empty_is_null: empty cells are sent as null, which clears the field.
    """

    format: str | None = None
    delimiter: str | None = None
    quote: str = '"'
    encoding: str | None = None
    decimal_comma: bool | None = None
    sheet: str | None = None
    zone: str = ""
    nulls: tuple[str, ...] = field(default=(), converter=tuple[str, ...])
    empty_is_null: bool = False


def found_delimiter(line: str) -> str:
    """What separates the columns that *line* names: a comma unless only another can be meant."""
    said = _SEPARATOR_LINE(line)
    if said is not None:
        return said[1]
    inside = re.sub('"[^"]*"', "", line)
    found = [each for each in DELIMITERS if each in inside]
    return found[0] if len(found) == 1 else ","


def names_delimiter(line: str) -> bool:
    """Whether a line is no header but says the delimiter, as Excel writes it: ``sep=;``."""
    return _SEPARATOR_LINE(line) is not None


def with_decimal_commas(
    reading: Reading, layout: Layout, blocks: Iterator[Records]
) -> tuple[Reading, Iterator[Records]]:
    """The reading with decimal commas where a file without commas shows them, and all of the records."""
    if reading.decimal_comma is not None or reading.delimiter in (None, ","):
        return reading, blocks
    ahead: list[Records] = []
    records: list[Sequence[str]] = []
    try:
        while len(records) < LOOKED_AT:
            ahead.append(next(blocks))
            records += ahead[-1].cells
    except StopIteration:
        pass
    except InputError as error:
        blocks = map(_raise, (error,))  # in its place, after them
    if _shown(layout, records[:LOOKED_AT]):
        reading = evolve(reading, decimal_comma=True)
    return reading, chain(ahead, blocks)


def _raise(error: InputError) -> Records:
    raise error


def _shown(layout: Layout, records: Sequence[Sequence[str]]) -> bool:
    """Whether the numbers of these records are written with decimal commas, and none with a point."""
    indices = [column.index for column in layout.columns if column.read in NUMBERS]
    cells = [record[n].strip() for record in records for n in indices if n < len(record)]
    return any(map(_DECIMAL_COMMA, cells)) and not any(map(_DECIMAL_POINT, cells))


def adapted(layout: Layout, reading: Reading) -> Layout:
    """A layout whose cells are read as *reading* says."""
    columns = []
    for column in layout.columns:
        read = column.read
        if reading.decimal_comma and read in NUMBERS:
            read = _with_decimal_comma(read)
        read = with_zone(read, column.type, reading.zone)
        columns.append(evolve(column, read=read))
    return evolve(
        layout,
        columns=tuple(columns),
        nulls=frozenset(reading.nulls),
        hole=object() if reading.empty_is_null else None,
    )


def _with_decimal_comma(read: ReadCell) -> ReadCell:
    def cell(text: str) -> object:
        value = text.strip()
        if _DECIMAL_COMMA(value) or _THOUSANDS(value):
            return read(value.replace(".", "").replace(",", "."))
        return read(text)

    return cell


def csv_options(reading: Reading) -> dict[str, Any]:
    """The options of Python's own reader and writer."""
    return {"delimiter": reading.delimiter or ",", "quotechar": reading.quote}
