"""
What the columns of a CSV file stand for, and an item (or a bad row) of each record.

A column is named as the API names the field, with dots for inner fields
(``customerAttributes.joinDate``, ``merchant.branch.name``). Besides:

- **customers**: the attributes that the reference knows may stand bare (``joinDate``). A name that
  the reference has at both levels (``email``, ``mobile``) means the customer's own; one that only
  the tutorial has at the top (``gender``, ``dateOfBirth``, ``joinDate``, ``custom``) means the
  attribute. ``name`` and ``tags`` are the tutorial's.
- **free names** follow a dot: ``custom.colour``, ``customerAttributes.custom.colour``,
  ``extra.note``, ``metadata.price``. Their cells are text, unless the column's name says
  otherwise: ``custom.points:number`` (or ``:boolean``, ``:list``, ``:json``).
- **events**: one event a record, in the columns ``customerId``, ``event`` and ``metadata.*``; or a
  column ``events`` with the JSON object of the API.
- **order-transactions**: one column, ``orderId``.

A column that the API does not know is not sent, and named in a warning; or it is sent among the
account's own fields where it was asked for and the kind has a place for them: customers in
``customerAttributes.custom``, orders in ``extra``, events in the event's metadata.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import evolve, field, frozen

from ..api.kinds import Kind, item_class
from ..errors import Fault
from ..faults import Refusal
from .cells_many import READ_MANY, Path, maker
from .check import preparer
from .check_many import Prepare
from .kind_columns import (
    Column,
    Faults,
    custom_column,
    free_column,
    known_columns,
    named_freely,
    needed_columns,
)
from .row import BadRow, Row
from .unknown import Unknown, UnknownField, letters, meant_by, shown

NULL_WORDS = frozenset(
    [
        r"NULL",
        r"null",
        r"Null",
        r"\N",
        r"N/A",
        r"n/a",
        r"#N/A",
        r"nan",
        r"NaN",
        r"None",
        r"none",
        r"nil",
        r"-",
        r"--",
    ]
)
"""What programs write for a value that is not there."""


@frozen
class Layout:
    """
    The columns of one file.

    Attributes:
        kind: the batch kind.
        header: the columns' names, as they stand in the file.
        columns: those that are sent.
        warnings: what the user should know before anything is sent.
        unknown: the columns that are left out, as the API does not know them.
        prepare: finds the faults of what a bad record would have become.
        nulls: cells that mean nothing, and are left out.
        hole: what stands for a value that is left out; None is one that is sent as null, unless it is this.
        suspects: how many cells of a column hold a word that means nothing, and are sent all the same.
    """

    kind: Kind
    header: tuple[str, ...]
    columns: tuple[Column, ...]
    warnings: tuple[str, ...]
    unknown: tuple[str, ...]
    prepare: Prepare
    nulls: frozenset[str] = frozenset()
    hole: object = None
    suspects: Counter[str] = field(factory=Counter)

    def rows(
        self,
        lines: Sequence[int],
        records: Sequence[Sequence[str]],
        bad: Mapping[int, BadRow] | None = None,
    ) -> list[Row | BadRow]:
        """
        The item of each of these records, or all that is wrong with it.

        Args:
            lines: their positions.
            records: their cells.
            bad: what is known already of those that could not be read, by their index.
        """
        bad = dict(bad or {})
        header = self.header
        firsts = set(map(len, records)) == {len(header)} and [cells[0] for cells in records]
        if not firsts or "" in firsts or header[0] in firsts:
            for number, cells in enumerate(records):
                why = None if number in bad else not_a_record(header, cells)
                if why is not None:
                    bad[number] = BadRow(lines[number], (Fault("", why),))
        if not bad:
            return self._rows(lines, records)
        sound = [number for number in range(len(records)) if number not in bad]
        made = iter(self._rows([lines[n] for n in sound], [records[n] for n in sound]))
        return [bad[n] if n in bad else next(made) for n in range(len(records))]

    def _rows(self, lines: Sequence[int], records: Sequence[Sequence[str]]) -> list[Row | BadRow]:
        if not records:
            return []
        columns = list(zip(*records, strict=True))
        faults: Faults = {}
        found = [self.values(each, columns[each.index], faults) for each in self.columns]
        return self.items(lines, found, faults)

    def values(
        self, column: Column, cells: Sequence[str | None], faults: Faults
    ) -> Sequence[object]:
        """
        The values of a column of text as items have them.

        Args:
            column: one of `columns`.
            cells: of some records; None is as good as empty.
            faults: of these records, to which those of this column are added.
        """
        nulls, hole = self.nulls, self.hole
        there: Sequence[Any] = cells
        if nulls and not nulls.isdisjoint(cells):
            there = [cell for cell in cells if cell and cell not in nulls]
        elif not all(cells):
            there = list(filter(None, cells))
        if not NULL_WORDS.isdisjoint(there):
            count = sum(cell in NULL_WORDS for cell in there)
            self.suspects[self.header[column.index]] += count
        read_many = READ_MANY.get(column.read)
        values = read_many(there) if read_many is not None and there else None
        if values is None:
            places = [n for n, cell in enumerate(cells) if cell and cell not in nulls]
            values = column.read_all(there, column.read, faults, places)
        if hole is not None:
            values = [hole if value is None else value for value in values]
        if there is cells:
            return values
        rest = iter(values)
        if nulls or hole is not None:
            return [None if not cell else hole if cell in nulls else next(rest) for cell in cells]
        if values is there:
            return [cell or None for cell in cells]
        return [next(rest) if cell else None for cell in cells]

    def items(
        self, positions: Sequence[int], found: Sequence[Sequence[object]], faults: Faults
    ) -> list[Row | BadRow]:
        """
        The items of some records, or all that is wrong with them.

        Args:
            positions: of the records.
            found: their values as items have them, one sequence for each of `columns`; `hole` where one
                is missing.
            faults: what could not be read, by the record's index.
        """
        made: list[Any] = maker(tuple(column.path for column in self.columns))(found, self.hole)
        if self._composes:
            made = list(map(self._composed, made))
        rows: list[Row | BadRow] = list(map(Row, positions, made))
        for number, some in faults.items():
            rows[number] = self._bad_row(positions[number], made[number], some)
        return rows

    @property
    def _composes(self) -> bool:
        """Whether the fields of a record are put together otherwise than they stand."""
        return self.kind.name in ("events", "order-transactions")

    def _composed(self, item: dict[str, Any]) -> object:
        """What the fields of a record make together."""
        if item_class(self.kind.name) is None:
            return item.get("orderId", "")
        if self.kind.name == "events" and "events" not in item:
            event, metadata = item.pop("event", ""), item.pop("metadata", {})
            item["events"] = {event: metadata}
        return item

    def _bad_row(self, position: int, made: object, faults: Iterable[Fault]) -> BadRow:
        """A bad row: the faults of its cells, and those of what could be read."""
        prepared = self.prepare(position, made)
        found = {fault.field: fault for fault in faults}
        for fault in prepared.faults if isinstance(prepared, BadRow) else ():
            found.setdefault(fault.field, fault)
        return BadRow(position, tuple(found.values()), prepared.key)


def not_a_record(header: Sequence[str], cells: Sequence[str]) -> str | None:
    """Why these cells are no record under that header; None where they are."""
    if len(cells) == len(header) and any(cells):
        again = cells[0] == header[0] and tuple(cells) == tuple(header)
        return "repeats the header: remove the line" if again else None
    if not any(map(str.strip, cells)):
        return "is blank: remove the line"
    if len(cells) == 1 and cells[0].lstrip().startswith("#"):
        return "looks like a comment, which CSV does not have: remove the line"
    return f"has {len(cells)} cells, but the header has {len(header)} columns"


def layout_of(kind: Kind, header: Sequence[str], *, unknown: Unknown = "warn") -> Layout:
    """
    What the columns of *header* stand for.

    Arguments:
        kind: the batch kind.
        header: the names in the first record.
        unknown: what becomes of columns that the API does not know: left out and named, refused,
            sent among the account's own fields, or sent under their names.

    Raises:
        Refusal: the header cannot be used; the text says why, and the cure.
    """
    if len(header) == 1:
        _refuse_other_separators(header[0])
    known = known_columns(kind)
    columns: list[Column] = []
    strange: list[str] = []
    faults: list[str] = []
    for index, name in enumerate(header):
        found = known.get(name) or free_column(kind, name, known)
        if found is None and name.strip():
            near = next((other for other in known if letters(other) == letters(name)), None)
            if near is not None:
                faults.append(f"column {shown(name)!r} is not known: rename it to {near!r}")
            elif unknown == "custom":
                found = custom_column(kind, name, header)
            elif unknown == "send":
                found = named_freely((), name)
            elif unknown == "error":
                meant = meant_by(kind, name)
                cure = "remove it" if meant is None else f"did you mean {meant!r}?"
                faults.append(f"column {shown(name)!r} is not known to the API: {cure}")
        if found is None:
            strange.append(shown(name) if name.strip() else f"(column {index + 1}, without a name)")
        else:
            columns.append(evolve(found, index=index))
    if faults:
        raise Refusal("; ".join(faults))
    _refuse_doubles(columns, header)
    _refuse_gaps(kind, columns)
    named = ", ".join(str(UnknownField(name, meant_by(kind, name), 0)) for name in strange)
    warnings = (f"not sent, as the API does not know them: {named}",) if strange else ()
    return Layout(kind, tuple(header), tuple(columns), warnings, tuple(strange), preparer(kind))


def _refuse_other_separators(cell: str) -> None:
    for separator, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if separator in cell:
            raise Refusal(
                f"the columns are separated by {word}: pass the right --delimiter, or leave the "
                "option out"
            )


def _refuse_doubles(columns: Sequence[Column], header: Sequence[str]) -> None:
    """Two columns for one field, or one for an object and one for a part of it."""
    seen: dict[Path, str] = {}
    for column in columns:
        name = shown(header[column.index])
        if column.path in seen:
            raise Refusal(
                f"columns {seen[column.path]!r} and {name!r} are the same field: keep one"
            )
        seen[column.path] = name
    for path, name in seen.items():
        for length in range(1, len(path)):
            if path[:length] in seen:
                raise Refusal(
                    f"column {seen[path[:length]]!r} holds a whole object, and {name!r} a part of "
                    "it: keep one or the other"
                )


def _refuse_gaps(kind: Kind, columns: Sequence[Column]) -> None:
    given = {column.path[0] for column in columns}
    if kind.name == "events" and {"event", "events"} <= given:
        raise Refusal("columns 'event' and 'events' are the same field: keep one")
    needed = needed_columns(kind, given)
    missing = [name for name in needed if name not in given]
    if missing:
        raise Refusal(
            f"{'columns' if len(missing) > 1 else 'column'} {', '.join(missing)} missing: the "
            f"first line must name the columns, and {kind.name} need {', '.join(needed)}"
        )
