"""A mapping, applied to one header: the new header, and the new cells of each record."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, islice
from typing import TypeAlias

from attrs import field, frozen

from ..api.kinds import KINDS, TARGETS
from ..faults import Fault, Faulty, Refusal
from .local_times import iso_time, zone_of
from .rules import ColumnMapping, Rule

Cells: TypeAlias = Sequence[str]
Cut: TypeAlias = Callable[[Sequence[Cells]], Cells]
"""Makes the cells of a new column of those of the file's columns."""

ANY = "*"
LINE_ITEMS = "lineItems"


@frozen
class AppliedMapping:
    """
    A mapping for the files with one header.

    Attributes:
        header: Gameball's columns, in the mapping's order.
        not_sent: columns of the file that the mapping does not use.
    """

    header: tuple[str, ...]
    not_sent: tuple[str, ...]
    _cuts: Mapping[str, Cut] = field(repr=False)
    _line_cuts: Mapping[str, Cut] = field(repr=False)
    _skip: tuple[tuple[int, frozenset[str]], ...] = field(repr=False)
    _group: int | None = field(repr=False)

    @property
    def grouped(self) -> bool:
        """Whether one row may be several lines of the file."""
        return self._group is not None

    def skips(self, cells: Cells) -> bool:
        """Whether the mapping skips this record."""
        looked_at = ((cells[index].strip().casefold(), words) for index, words in self._skip)
        return any(cell in words or (ANY in words and cell != "") for cell, words in looked_at)

    def same_row(self, first: Cells, cells: Cells) -> bool:
        """Whether a record continues the row that *first* began."""
        return self._group is not None and first[self._group] == cells[self._group]

    def many(self, rows: Sequence[Sequence[Cells]]) -> list[tuple[str, ...]]:
        """
        The new cells of rows, each of its records, where all can be had.

        Raises:
            Faulty: some cannot.
            Refusal: the same.
        """
        firsts = list(zip(*(records[0] for records in rows), strict=True))
        made = [cut(firsts) for cut in self._cuts.values()] if firsts else []
        if self.grouped and firsts:
            faults: list[Fault] = []
            every = list(zip(*chain.from_iterable(rows), strict=True))
            lines = zip(*(cut(every) for cut in self._line_cuts.values()), strict=True)
            items = (self._line_item(each, faults) for each in lines)
            made.append([json.dumps(list(islice(items, len(records)))) for records in rows])
            if faults:
                raise Faulty(faults)
        return list(zip(*made, strict=True))

    def cells(self, records: Sequence[Cells]) -> list[str]:
        """
        The new cells of one row; of its first record, and the line items of all.

        Raises:
            Faulty: some cannot be had, each with its reason.
        """
        faults: list[Fault] = []
        made = [_cut(name, cut, records[0], faults) for name, cut in self._cuts.items()]
        if self.grouped:
            names = [f"{LINE_ITEMS}.{name.partition(':')[0]}" for name in self._line_cuts]
            cuts = list(zip(names, self._line_cuts.values(), strict=True))
            items = [[_cut(name, cut, each, faults) for name, cut in cuts] for each in records]
            made.append(json.dumps([self._line_item(each, faults) for each in items]))
        if faults:
            raise Faulty(faults)
        return made

    def _line_item(self, cells: Cells, faults: list[Fault]) -> dict[str, object]:
        item: dict[str, object] = {}
        for name, cell in zip(self._line_cuts, cells, strict=True):
            bare, _, form = name.partition(":")
            try:
                if cell:
                    item[bare] = _number(cell) if form == "number" else cell
            except ValueError:
                path = f"{LINE_ITEMS}.{bare}"
                faults.append(Fault(path, "is not a plain number: write it as 1234.50"))
        return item


def _cut(name: str, cut: Cut, record: Cells, faults: list[Fault]) -> str:
    try:
        return cut([(cell,) for cell in record])[0]
    except Refusal as error:
        faults.append(Fault(name, str(error)))
        return ""


def _number(cell: str) -> float | int:
    return int(cell) if cell.isdigit() else float(cell)


def applied(
    mapping: ColumnMapping, header: Sequence[str], *, kind: str, zone: str = ""
) -> AppliedMapping:
    """
    Fit a mapping to a header.

    Arguments:
        mapping: what to do.
        header: the columns of the file.
        kind: the name of the batch kind.
        zone: the zone of times without one, where the mapping names none.

    Raises:
        Refusal: it is for another kind, or names columns that the file does not have.
        ConfigurationError: a zone does not exist.
    """
    if mapping.kind and mapping.kind != kind:
        raise Refusal(f"the mapping is for {mapping.kind}, not for {kind}")
    missing = [name for name in sorted(mapping.sources) if name not in header]
    if missing:
        raise Refusal(
            f"the mapping reads {_quoted(missing)}, which the header does not have: it has "
            f"{_quoted(header)}"
        )
    rules = {**mapping.columns, **_own(mapping, kind)}
    cuts = {name: _cut_of(rule, header, zone) for name, rule in rules.items()}
    lines = {name: _cut_of(rule, header, zone) for name, rule in mapping.lines.items()}
    skip = tuple(
        (header.index(name), frozenset(word.strip().casefold() for word in words))
        for name, words in mapping.skip.items()
    )
    group = header.index(mapping.group_by) if mapping.group_by else None
    names = (*cuts, *((LINE_ITEMS,) if lines else ()))
    not_sent = tuple(name for name in header if name.strip() and name not in mapping.sources)
    return AppliedMapping(names, not_sent, cuts, lines, skip, group)


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(repr(name[:60]) for name in names[:40])


def _own(mapping: ColumnMapping, kind: str) -> Mapping[str, Rule]:
    """The columns that go among the account's own fields."""
    place = KINDS.get(kind, TARGETS).own_fields
    if mapping.custom and not place:
        raise Refusal(f"{kind} have no custom fields: remove custom from the mapping")
    return {".".join((*place, name)): Rule(source=name) for name in mapping.custom}


def _cut_of(rule: Rule, header: Sequence[str], zone: str) -> Cut:
    """The function from a file's columns to a new one."""
    indices = [header.index(name) for name in rule.sources]
    words = {word.strip().casefold(): value for word, value in rule.values.items()}
    local = rule.zone or zone
    if local:
        zone_of(local)

    def last(cell: str) -> str:
        if rule.split and cell:
            parts = [part.strip() for part in cell.split(rule.split)]
            return json.dumps([part for part in parts if part], ensure_ascii=False)
        return iso_time(cell, form=rule.date, zone=local) if cell else ""

    def cut(columns: Sequence[Cells]) -> Cells:
        if rule.constant is None:
            cells = _joined(rule, [columns[index] for index in indices])
        else:
            cells = [rule.constant] * len(columns[0])
        if rule.strip:
            cells = [cell.strip().strip(rule.strip) for cell in cells]
        if words:
            cells = [words.get(cell.strip().casefold(), cell) for cell in cells]
        return list(map(last, cells)) if rule.split or rule.date or rule.zone else cells

    return cut


def _joined(rule: Rule, columns: Sequence[Cells]) -> Cells:
    if rule.join:
        between = rule.separator.join
        rows = zip(*columns, strict=True)
        return [between(cell.strip() for cell in cells if cell.strip()) for cells in rows]
    if all(map(str.strip, columns[0])):
        return columns[0]
    rows = zip(*columns, strict=True)
    return [next((cell for cell in cells if cell.strip()), "") for cells in rows]
