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
from collections.abc import Iterable, Sequence
from typing import Any

from attrs import evolve, field, frozen

from ..api.kinds import Kind, item_class
from ..errors import Fault
from ..faults import Refusal
from .check import preparer
from .check_many import Prepare
from .kind_columns import (
    Column,
    Path,
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
        empty_is_null: empty cells are sent as null, which clears the field, and not left out.
        suspects: how many cells of a column hold a word that means nothing, and are sent all the same.
    """

    kind: Kind
    header: tuple[str, ...]
    columns: tuple[Column, ...]
    warnings: tuple[str, ...]
    unknown: tuple[str, ...]
    prepare: Prepare
    nulls: frozenset[str] = frozenset()
    empty_is_null: bool = False
    suspects: Counter[str] = field(factory=Counter)

    def row(self, position: int, cells: Sequence[str]) -> Row | BadRow:
        """The item of one record, or all that is wrong with it."""
        if len(cells) != len(self.header) or not any(cells) or cells[0] == self.header[0]:
            why = not_a_record(self.header, cells)
            if why is not None:
                return BadRow(position, (Fault("", why),))
        item: dict[str, Any] = {}
        faults: list[Fault] = []
        for column in self.columns:
            cell = cells[column.index]
            if not cell or cell in self.nulls:
                if self.empty_is_null and not cell:
                    put(item, column.path, None)
                continue
            if len(cell) < 5 and cell in NULL_WORDS:
                self.suspects[self.header[column.index]] += 1
            try:
                value = column.read(cell)
            except Refusal as refusal:
                faults.append(Fault(column.name, str(refusal)))
                continue
            if value is not None:
                put(item, column.path, value)
        made = self.finished(item)
        return self.bad_row(position, made, faults) if faults else Row(position, made)

    @property
    def composes(self) -> bool:
        """Whether the fields of a record are put together otherwise than they stand."""
        return self.kind.name in ("events", "order-transactions")

    def finished(self, item: dict[str, Any]) -> object:
        """What the fields of a record make together."""
        if item_class(self.kind.name) is None:
            return item.get("orderId", "")
        if self.kind.name == "events" and "events" not in item:
            event, metadata = item.pop("event", ""), item.pop("metadata", {})
            item["events"] = {event: metadata}
        return item

    def bad_row(self, position: int, made: object, faults: Iterable[Fault]) -> BadRow:
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


def put(item: dict[str, Any], path: Path, value: object) -> None:
    """Put a value into an item, at a path of names."""
    *parents, name = path
    for parent in parents:
        item = item.setdefault(parent, {})
    item[name] = value


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
