"""Rows of a file whose columns a mapping turns into Gameball's; one row may be several records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain

from attrs import frozen

from ..api.kinds import Kind
from ..faults import Fault, Faulty, Refusal
from ..mapping.applied import AppliedMapping, applied
from ..mapping.rules import ColumnMapping
from .columns import Layout, layout_of, not_a_record
from .kind_columns import known_columns, needed_columns
from .records import Record, Records
from .row import BadRow, Row


@frozen
class MappedLayout:
    """
    The columns of one file under a mapping.

    Attributes:
        header: the columns' names, as they stand in the file.
        mapping: what turns its cells into Gameball's.
        layout: Gameball's columns.
        warnings: what the user should know before anything is sent.
    """

    header: tuple[str, ...]
    mapping: AppliedMapping
    layout: Layout
    warnings: tuple[str, ...]

    def groups(self, records: Iterable[Record | None], added: int) -> Iterator[list[Record]]:
        """
        The records of each row: one, unless several lines are one row.

        Arguments:
            records: in the file's order; None for each that becomes an empty group.
            added: how many columns of a rejects file follow the header's.
        """
        if not self.mapping.grouped:
            yield from ([] if record is None else [record] for record in records)
            return
        group: list[Record] = []
        for record in records:
            if record is None:
                yield []
                continue
            cells = self.cells_of(record, added)
            if group and cells and self.mapping.same_row(self.cells_of(group[0], added), cells):
                group.append(record)
                continue
            if group:
                yield group
            group = [record] if cells else []
            if not group:
                yield [record]
        if group:
            yield group

    def cells_of(self, record: Record, added: int) -> Sequence[str]:
        """The cells under the header; none where they do not fit it."""
        cells = (record.cells or [])[: -added or None]
        return () if not_a_record(self.header, cells) else cells

    def groups_of_blocks(self, blocks: Iterable[Records]) -> Iterator[list[list[Record]]]:
        """The same for the records of blocks, many rows at a time; a row may go on in the next block."""
        found: list[list[Record]] = []
        for group in self.groups(chain.from_iterable((*block, None) for block in blocks), 0):
            if group:
                found.append(group)
            else:
                yield found
                found = []
        yield found

    def rows(self, groups: Sequence[Sequence[Record]]) -> list[Row | BadRow]:
        """The items of rows, each of its records, or all that is wrong with it; those left out are skipped."""
        lines: list[int] = []
        rows: list[list[Sequence[str]]] = []
        bad: dict[int, BadRow] = {}
        for group in groups:
            records: list[Sequence[str]] = [each.cells or () for each in group]
            why = group[0].fault or not_a_record(self.header, records[0])
            if why:
                bad[len(lines)] = BadRow(group[0].line, (Fault("", why),))
            elif self.mapping.skips(records[0]):
                continue
            lines.append(group[0].line)
            rows.append(records)
        return self.layout.rows(lines, self._cells(lines, rows, bad), bad)

    def _cells(
        self, lines: list[int], rows: list[list[Sequence[str]]], bad: dict[int, BadRow]
    ) -> list[Sequence[str]]:
        """The cells under Gameball's columns; what cannot be had makes rows bad."""
        with suppress(Refusal, Faulty):
            if not bad:
                return [*self.mapping.many(rows)]
        made: list[Sequence[str]] = []
        for number, records in enumerate(rows):
            try:
                made.append(() if number in bad else self.mapping.cells(records))
            except Faulty as error:
                bad[number] = BadRow(lines[number], tuple(error.faults))
                made.append(())
        return made


def needs_mapping(kind: Kind, header: Sequence[str]) -> bool:
    """Whether a header lacks columns that every row needs, under Gameball's names."""
    given = {name.partition(".")[0] for name in header}
    return not given.issuperset(needed_columns(kind, given))


def mapped_layout(
    mapping: ColumnMapping, kind: Kind, header: Sequence[str], *, zone: str
) -> MappedLayout:
    """
    Fit a mapping to a file's header.

    Raises:
        Refusal: it does not fit; the text says why, and the cure.
    """
    found = applied(mapping, header, kind=kind.name, zone=zone)
    layout = layout_of(kind, found.header)
    if layout.warnings:
        known = ", ".join(known_columns(kind))
        raise Refusal(
            f"the mapping names columns that {kind.name} do not have: "
            f"{', '.join(layout.unknown)}; use only: {known}"
        )
    warnings = [mapping.note] if mapping.note else []
    if found.not_sent:
        warnings.append(
            f"not sent, because the mapping does not use them: {', '.join(found.not_sent)}"
        )
    return MappedLayout(tuple(header), found, layout, tuple(warnings))
