"""
Rows of a file, read lazily: each a row or a bad row, with its line (or row).

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

from collections.abc import Iterator
from itertools import chain
from operator import length_hint
from typing import NamedTuple

from attrs import evolve

from ..api.kinds import Kind
from ..errors import Fault
from ..faults import Refusal
from ..mapping.rules import ColumnMapping, preset, recognised
from .added import (
    ADDED,
    MAY_BE_APPLIED,
    is_rejects_header,
    must_not_repeat,
    original_cells,
    original_value,
    outcome_cell,
    outcome_of,
)
from .cells import read_json, text_of
from .cells_many import json_values
from .closing import Closing
from .columns import Layout, layout_of
from .dialect import adapted, with_decimal_commas
from .mapped import MappedLayout, mapped_layout, needs_mapping
from .records import Record, Records
from .row import BadRow, Blocks, Row
from .source import Source
from .unknown import Unknown, UnknownField, meant_by


class _Given(NamedTuple):
    """What is handed out: one thing, as another thread may ask meanwhile how far that is."""

    left: Iterator[Row | BadRow]  # of the rows of a block
    size: int  # of the block
    total: int  # rows of it and of those before
    before: float | None  # how much of the file was read before it, and with it
    after: float | None


class FileRows(Closing):
    """
    The rows of an open file, an iterator in its order; a context manager that closes it.

    Iterating raises ``InputError`` when the file cannot be read any further.

    Attributes:
        path: the file, as it was given.
        kind: the batch kind.
        source: what it is read from.
        columns: the names in the header, without those of a rejects file; empty for JSON.
        warnings: what the user should know before anything is sent.
        from_rejects: whether the file is a rejects file.
        mapped: the mapping of its columns; None if they are Gameball's.
        skipped: how many rows the mapping has skipped so far.
    """

    def __init__(
        self,
        source: Source,
        kind: Kind,
        unknown: Unknown,
        mapping: ColumnMapping | None,
        *,
        ids_from_numbers: bool = False,
    ) -> None:
        self.source = source
        self.path: str = source.path
        self.kind = kind
        self.from_rejects: bool = False
        self.columns: tuple[str, ...] = ()
        self.warnings: tuple[str, ...] = ()
        self.skipped: int = 0
        self._mapping = mapping
        self._plain: Layout | None = None
        self._ids = ids_from_numbers
        self.mapped: MappedLayout | None = None
        if mapping is not None and not source.tabular:
            raise source.error(
                "has no columns, and a mapping needs them: remove --map (mapping), or use a file "
                "with columns",
                None,
            )
        self._blocks = self._table_rows(unknown) if source.tabular else self._json_rows()
        self._given = _Given(iter(()), 0, 0, 0.0, 0.0)
        if not self._next_block():
            raise source.error("has no rows: there is nothing to send", None)
        self._rows = chain.from_iterable(self._iterators())
        self.warnings = (*source.found, *self.warnings)

    @property
    def records(self) -> int:
        """How many rows and bad rows have been handed out."""
        given = self._given
        return given.total - length_hint(given.left)

    @property
    def position_fraction(self) -> float | None:
        """How much of the file has been read, from 0 to 1; None where its length is not known."""
        left, size, _, before, after = self._given
        if before is None or after is None:
            return None
        return after - (after - before) * length_hint(left) / size if size else after

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        self.source.close()

    def __iter__(self) -> Iterator[Row | BadRow]:
        return self._rows

    def __next__(self) -> Row | BadRow:
        return next(self._rows)

    def block(self) -> list[Row | BadRow]:
        """The next rows, many at a time; none at the end."""
        left = list(self._given.left)
        return left or (list(self._given.left) if self._next_block() else [])

    def _iterators(self) -> Iterator[Iterator[Row | BadRow]]:
        yield self._given.left
        while self._next_block():
            yield self._given.left

    def _next_block(self) -> bool:
        before, total = self.source.share, self._given.total
        for rows in self._blocks:
            if rows:
                size = len(rows)
                self._given = _Given(iter(rows), size, total + size, before, self.source.share)
                return True
        share = self.source.share
        self._given = _Given(iter(()), 0, total, share, share)
        return False

    def _table_rows(self, unknown: Unknown) -> Iterator[list[Row | BadRow]]:
        blocks = self.source.blocks()
        header, *first = next(blocks, None) or (None,)
        layout = self._layout(header, unknown)
        if first:
            blocks = chain((Records.of(first),), blocks)
        reading = self.source.reading
        as_text = self.from_rejects or reading.empty_is_null or reading.nulls
        if self.source.typed:
            if isinstance(layout, Layout) and not as_text:
                yield from self.source.typed_rows(blocks, layout, ids_from_numbers=self._ids)
                return
            blocks = (Records.of(list(map(_as_text, block))) for block in blocks)
        if self.from_rejects:
            blocks = (Records.of(list(map(self._original, block))) for block in blocks)
        if isinstance(layout, MappedLayout):
            yield from self._mapped_rows(blocks, layout)
            return
        reading, blocks = with_decimal_commas(reading, layout, blocks)
        if reading != self.source.reading:
            self.source.reading = reading
            self.warnings += ("read with decimal commas, as its numbers show (--decimal-comma)",)
        layout = adapted(layout, reading)
        for block in blocks:
            bad = {n: BadRow(r.line, (Fault("", r.fault),)) for n, r in block.faulty.items()}
            yield layout.rows(block.lines, block.cells, bad)

    def _mapped_rows(
        self, blocks: Iterator[Records], layout: MappedLayout
    ) -> Iterator[list[Row | BadRow]]:
        for groups in layout.groups_of_blocks(blocks):
            found = layout.rows(groups)
            self.skipped += len(groups) - len(found)
            yield found

    def _original(self, record: Record) -> Record:
        """A record of a rejects file as it was in the input; a bad one if it must not be repeated."""
        outcome = outcome_cell(record.cells or ())
        if must_not_repeat(self.kind, outcome):
            return evolve(record, cells=None, fault=MAY_BE_APPLIED.format(outcome))
        return evolve(record, cells=record.cells and original_cells(record.cells))

    def _layout(self, header: Record | None, unknown: Unknown) -> Layout | MappedLayout:
        if header is None or header.cells is None:
            why = "is empty" if header is None else f"the header {header.fault}"
            raise self.source.error(f"{why}: the first line must name the columns", 1)
        cells = list(map(text_of, header.cells))
        self.from_rejects = is_rejects_header(cells)
        names = original_cells(cells) if self.from_rejects else cells
        try:
            layout = self._layout_of(names, unknown)
        except Refusal as refusal:
            raise self.source.error(str(refusal), header.line) from None
        self.columns, self.warnings = layout.header, layout.warnings + self.warnings
        self._plain = layout if isinstance(layout, Layout) else layout.layout
        return layout

    def _layout_of(self, names: list[str], unknown: Unknown) -> Layout | MappedLayout:
        mapping = self._mapping
        if mapping is None and needs_mapping(self.kind, names):
            shop = recognised(names, self.kind.name)
            if shop is not None:
                mapping = preset(shop, self.kind.name)
                self.warnings = (
                    f"read as an export of {shop}, from its column names (--from {shop})",
                )
        if mapping is None:
            return layout_of(self.kind, names, unknown=unknown)
        found = mapped_layout(mapping, self.kind, names, zone=self.source.reading.zone)
        self.mapped = evolve(found, layout=adapted(found.layout, self.source.reading))
        return self.mapped

    @property
    def null_words(self) -> dict[str, int]:
        """How many cells of a column hold a word such as NULL that is sent as it stands, so far."""
        return {} if self._plain is None else dict(self._plain.suspects)

    @property
    def left_out(self) -> tuple[UnknownField, ...]:
        """The columns that are not sent, as the API does not know them."""
        return tuple(
            UnknownField(name, meant_by(self.kind, name), self.records, False)
            for name in (() if self._plain is None else self._plain.unknown)
        )

    def _json_rows(self) -> Iterator[list[Row | BadRow]]:
        begun = False
        for block in self.source.blocks():
            if self.source.unit == "line" and not begun:
                self._refuse_one_text(block)
            begun = True
            values = json_values(block.texts)
            if values is None or any(type(each) is dict and ADDED[0] in each for each in values):
                yield list(map(self._json_row, block.lines, block.texts))
            else:
                yield list(map(Row, block.lines, values))

    def _refuse_one_text(self, block: Records) -> None:
        if block.texts[0].startswith("[") or block.texts[0] == "{":
            raise self.source.error(
                "is one JSON text, not one object per line: pass --format json for an array, "
                "or write one object per line (jq -c does this)",
                block.lines[0],
            )

    def _json_row(self, line: int, text: str) -> Row | BadRow:
        try:
            value = (json_values([text]) or [None])[0]
            if value is None:
                value = read_json(text)
            if must_not_repeat(self.kind, outcome_of(value)):
                raise Refusal(MAY_BE_APPLIED.format(outcome_of(value)))
            return Row(line, original_value(value))
        except Refusal as refusal:
            return BadRow(line, (Fault("", str(refusal)),))


class WaitingRows(FileRows, Blocks):
    """Rows whose reading takes long or has to wait, as that of a stream: read in a worker thread."""


def _as_text(record: Record) -> Record:
    """A record whose cells are text."""
    try:
        return evolve(record, cells=record.cells and list(map(text_of, record.cells)))
    except Refusal as refusal:
        return evolve(record, cells=None, fault=f"a cell {refusal}")
