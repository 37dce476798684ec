"""
Rows of a file, CSV or JSONL, read lazily: each a row or a bad row, with its line.

What the columns of a CSV file mean is decided in `columns`, how its cells are read in
`cells`. A JSONL file has one item a line: an object in the API's names, or a text for
order transactions; nothing in it is converted.

What is no record: empty lines (both formats), and blank lines in JSONL. Everything else is one,
and ends in one outcome: blank lines and lines of commas, comments and a header that comes again
are bad rows of a CSV file, each with its line.

What is a bad row: a record with more or fewer cells than the header; an id that is missing, blank,
has white space or an invisible character at an end, or was rewritten by a spreadsheet (``90.0``,
``1E+5``); a day that is not ISO 8601, does not exist, or has a time without a zone; a number with
separators, currency, brackets or digits that are not ASCII, or that is not finite; a count that is
negative or not whole.

What is sent although it looks odd: ids of any length and script, with lost zeros or with the
characters of a URL (ids are free text, and in no URL here); rows that repeat a customer (none is
taken for a duplicate); negative amounts, days to come, an average that does not fit, a mail
address without an at sign (what is plausible is for the server to judge); numbers in exponent form
or with more digits than a double holds (sent digit by digit); a day with a time and an offset
(sent in UTC); any text in a name.

A rejects file is an input like any other: its four last columns are left out. But rows that may have been
applied, of a kind that cannot be repeated, are bad rows: they would be applied twice.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain
from types import TracebackType
from typing import Self

from ..api.kinds import Kind, Replay, kind_of
from ..errors import Fault
from ..mapping.presets import preset, recognised
from ..mapping.rules import ColumnMapping
from .cells import read_json, restored
from .columns import Layout, layout_of
from .mapped import MappedLayout, mapped_layout, needs_mapping
from .outcome import Outcome
from .plain import Refusal
from .records import Lines, Record, csv_records, text_records
from .row import BadRow, Row

__all__ = ["ADDED", "TEXT", "WHOLE", "FileRows", "header_of", "open_rows"]

ADDED = ("outcome", "code", "reason", "line")
"""The columns that a rejects file adds."""
WHOLE, TEXT = "row", "text"
"""Names under which a rejects file keeps a line that is no object: as JSON, or as it stands."""


def open_rows(
    path: str | os.PathLike[str],
    kind: Kind | str,
    *,
    custom: bool = False,
    format: str | None = None,
    mapping: ColumnMapping | None = None,
    zone: str = "",
) -> FileRows:
    """
    Open a file of rows and read its header and first record.

    Arguments:
        path: a regular file in UTF-8.
        kind: the batch kind, or its name.
        custom: send CSV columns that the API does not know among the account's own fields.
        format: ``csv`` or ``jsonl``; by default, what the file's name ends in.
        mapping: how the file's columns become Gameball's; by default they are Gameball's already,
            or a shop's whose export is recognised by its header.
        zone: the time zone of mapped times that name none, such as ``Europe/Paris``.

    Raises:
        InputError: the file cannot be read, its header cannot be used, or it holds no rows.
    """
    lines = Lines(path)
    try:
        return FileRows(
            lines,
            kind_of(kind),
            _format(lines, format),
            custom=custom,
            mapping=mapping,
            zone=zone,
        )
    except BaseException:
        lines.close()
        raise


def header_of(path: str | os.PathLike[str]) -> list[str]:
    """
    The names of a CSV file's columns.

    Raises:
        InputError: the file cannot be read, or is empty.
    """
    lines = Lines(path)
    try:
        first = next(csv_records(lines), None)
        if first is None or first.cells is None:
            raise lines.error("is empty: the first line must name the columns", 1)
        return first.cells
    finally:
        lines.close()


def _format(lines: Lines, format: str | None) -> str:
    found = format or os.path.splitext(lines.path)[1].lstrip(".")
    word = {"csv": "csv", "jsonl": "jsonl", "ndjson": "jsonl"}.get(found.lower())
    if word is None:
        raise lines.error(
            "has a name that does not show its format: pass --format csv or --format jsonl", None
        )
    return word


class FileRows(Iterator[Row | BadRow]):
    """
    The rows of an open file, in its order; a context manager that closes it.

    Iterating raises ``InputError`` where the file cannot be read any further.

    Attributes:
        path: the file, as it was given.
        kind: the batch kind.
        format: ``csv`` or ``jsonl``.
        columns: the names in the header, without those of a rejects file; empty for JSONL.
        warnings: what the user should know before anything is sent.
        from_rejects: whether the file is a rejects file.
        mapped: the mapping of its columns; None where they are Gameball's.
        skipped: how many rows the mapping has left out so far.
        records: how many rows and bad rows have been handed out.
    """

    def __init__(
        self,
        lines: Lines,
        kind: Kind,
        format: str,
        *,
        custom: bool,
        mapping: ColumnMapping | None,
        zone: str,
    ) -> None:
        self._lines = lines
        self.path = lines.path
        self.kind = kind
        self.format = format
        self.from_rejects = False
        self.columns: tuple[str, ...] = ()
        self.warnings: tuple[str, ...] = ()
        self.records = 0
        self.skipped = 0
        self._mapping, self._zone = mapping, zone
        self.mapped: MappedLayout | None = None
        if mapping is not None and format != "csv":
            raise lines.error("a mapping is for files with columns, and this has none", None)
        self._rows = self._csv_rows(custom) if format == "csv" else self._json_rows()
        first = next(self._rows, None)
        if first is None:
            raise lines.error("holds no rows: there is nothing to send", None)
        self._rows = chain((first,), self._rows)

    @property
    def position_fraction(self) -> float:
        """How much of the file has been read, from 0 to 1."""
        return min(1.0, self._lines.bytes_read / self._lines.size) if self._lines.size else 1.0

    @property
    def stamp(self) -> tuple[int, ...]:
        """What tells whether the file has changed since it was opened."""
        return self._lines.stamp

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        self._lines.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __next__(self) -> Row | BadRow:
        row = next(self._rows)
        self.records += 1
        return row

    def _csv_rows(self, custom: bool) -> Iterator[Row | BadRow]:
        records = csv_records(self._lines)
        layout = self._layout(next(records, None), custom)
        if isinstance(layout, MappedLayout):
            yield from self._mapped_rows(records, layout)
            return
        for record in records:
            if record.cells is None:
                yield BadRow(record.line, (Fault("", record.fault),))
            elif self.from_rejects:
                row = layout.row(record.line, original_cells(record.cells))
                yield self._guarded(row, outcome_cell(record.cells))
            else:
                yield layout.row(record.line, record.cells)

    def _mapped_rows(
        self, records: Iterator[Record], layout: MappedLayout
    ) -> Iterator[Row | BadRow]:
        read = original_cells if self.from_rejects else list[str]
        for group in layout.groups(records, len(ADDED) if self.from_rejects else 0):
            first = group[0]
            if first.cells is None:
                yield BadRow(first.line, (Fault("", first.fault),))
                continue
            row = layout.row(first.line, [read(each.cells or []) for each in group])
            if row is None:
                self.skipped += 1
            elif self.from_rejects:
                yield self._guarded(row, outcome_cell(first.cells))
            else:
                yield row

    def _guarded(self, row: Row | BadRow, outcome: object) -> Row | BadRow:
        if not must_not_repeat(self.kind, outcome):
            return row
        key = row.key if isinstance(row, BadRow) else None
        return BadRow(row.position, (Fault("", MAY_BE_APPLIED.format(outcome)),), key)

    def _layout(self, header: Record | None, custom: bool) -> Layout | MappedLayout:
        if header is None or header.cells is None:
            why = "is empty" if header is None else f"the header {header.fault}"
            raise self._lines.error(f"{why}: the first line must name the columns", 1)
        self.from_rejects = is_rejects_header(header.cells)
        names = original_cells(header.cells) if self.from_rejects else header.cells
        try:
            layout = self._layout_of(names, custom)
        except Refusal as refusal:
            raise self._lines.error(str(refusal), header.line) from None
        self.columns, self.warnings = layout.header, layout.warnings + self.warnings
        return layout

    def _layout_of(self, names: list[str], custom: bool) -> Layout | MappedLayout:
        mapping = self._mapping
        if mapping is None and needs_mapping(self.kind, names):
            shop = recognised(names, self.kind.name)
            if shop is not None:
                mapping = preset(shop, self.kind.name)
                self.warnings = (f"read as an export of {shop}, by its columns (--from {shop})",)
        if mapping is None:
            return layout_of(self.kind, names, custom=custom)
        self.mapped = mapped_layout(mapping, self.kind, names, zone=self._zone)
        return self.mapped

    def _json_rows(self) -> Iterator[Row | BadRow]:
        for count, record in enumerate(text_records(self._lines)):
            if not count and (record.text.startswith("[") or record.text == "{"):
                raise self._lines.error(
                    "is one JSON text, not one a line: write an object a line, as jq -c does",
                    record.line,
                )
            try:
                value = read_json(record.text)
                yield self._guarded(Row(record.line, original_value(value)), outcome_of(value))
            except Refusal as refusal:
                yield BadRow(record.line, (Fault("", str(refusal)),))


def must_not_repeat(kind: Kind, outcome: object) -> bool:
    """Whether a row with this outcome in a rejects file may be applied already, and would be twice."""
    doubtful = outcome in (Outcome.INDETERMINATE.value, Outcome.PENDING.value)
    return doubtful and kind.replay is Replay.UNREPEATABLE


MAY_BE_APPLIED = (
    "may have been applied already (outcome: {}), and would be applied twice. Look into the account, "
    "then send it again with `gameball-async retry JOURNAL --only indeterminate --i-checked`; where the "
    "run is not over, `gameball-async resume JOURNAL` goes on with it"
)


def outcome_of(value: object) -> object:
    """The outcome that a line of a JSONL rejects file has; None for any other line."""
    if isinstance(value, dict) and tuple(value)[-len(ADDED) :] == ADDED:
        return value[ADDED[0]]
    return None


def is_rejects_header(cells: list[str]) -> bool:
    """Whether a header is that of a rejects file."""
    return len(cells) > len(ADDED) and tuple(cells[-len(ADDED) :]) == ADDED


def outcome_cell(cells: list[str]) -> str:
    """The outcome that a record of a rejects file has."""
    return cells[-len(ADDED)] if len(cells) > len(ADDED) else ""


def original_cells(cells: list[str]) -> list[str]:
    """The cells that a record had before it came into a rejects file."""
    return [restored(cell) for cell in cells[: -len(ADDED)]]


def original_value(value: object) -> object:
    """
    The item that a line held before it came into a rejects file.

    Raises:
        Refusal: the line could not be read then, and cannot be read now.
    """
    if not isinstance(value, dict) or tuple(value)[-len(ADDED) :] != ADDED:
        return value
    item = {name: each for name, each in value.items() if name not in ADDED}
    if tuple(item) == (WHOLE,):
        return original_value(item[WHOLE])
    if tuple(item) == (TEXT,) and isinstance(item[TEXT], str):
        return read_json(item[TEXT])
    return item
