"""The columns that each kind has: those of its fields, and those below objects whose names are free."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import frozen

from ..api.customers import Customer, CustomerAttributes
from ..api.fields import AnyClass, FieldType, specs_of
from ..api.kinds import Kind, item_class
from ..errors import Fault
from ..faults import Refusal
from .cells import READERS, SUFFIXES, ReadCell, phone_or_zip
from .cells_many import Path
from .unknown import shown

Faults: TypeAlias = dict[int, list[Fault]]
"""What is wrong with some records, by their index."""


@frozen
class Column:
    """
    Where a cell goes, and how it is read.

    Attributes:
        path: of names, from the item inwards.
        read: reads text.
        type: of the field; None for a field of the account's own.
        index: of the column in its table.
    """

    path: Path
    read: ReadCell
    type: FieldType | None = None
    index: int = 0

    @property
    def name(self) -> str:
        """The path as it is named in faults."""
        return ".".join(self.path)

    def read_all(
        self,
        values: Sequence[Any],
        read: Callable[[Any], object],
        faults: Faults,
        places: Sequence[int] | None = None,
    ) -> list[object]:
        """
        Read the values of some records, None for a missing one.

        What cannot be read is noted in *faults*, by its place among the records: its index unless
        *places* says another.
        """
        try:
            return [None if value is None else read(value) for value in values]
        except Refusal:  # one by one
            found = list[object]([None] * len(values))
            for number, value in enumerate(values):
                try:
                    found[number] = None if value is None else read(value)
                except Refusal as refusal:
                    place = number if places is None else places[number]
                    faults.setdefault(place, []).append(Fault(self.name, str(refusal)))
            return found


def known_columns(kind: Kind) -> Mapping[str, Column]:
    """The columns that a kind has, by their names."""
    cls = item_class(kind.name)
    if cls is None:
        return {"orderId": Column(("orderId",), READERS[FieldType.ID], FieldType.ID)}
    known = {column.name: column for column in _columns_of(cls, ())}
    if cls is Customer:
        for name in specs_of(CustomerAttributes):
            if name not in ("email", "mobile"):  # the reference has these two at both levels
                known[name] = known[f"customerAttributes.{name}"]
    if kind.name == "events":
        known["event"] = Column(("event",), READERS[FieldType.TEXT])
        known["metadata"] = Column(("metadata",), READERS[FieldType.OBJECT])
    return known


def _columns_of(cls: AnyClass, parents: Path) -> Iterator[Column]:
    for spec in specs_of(cls).values():
        path = (*parents, spec.wire)
        read = phone_or_zip if spec.wire in ("mobile", "zip") else READERS[spec.type]
        yield Column(path, read, spec.type)
        if spec.type is FieldType.NESTED and spec.nested is not None:
            yield from _columns_of(spec.nested, path)


def free_column(kind: Kind, name: str, known: Mapping[str, Column]) -> Column | None:
    """A column below an object whose names are free, such as ``custom.colour``."""
    for parent in _FREE_PARENTS.get(kind.name, ()):
        inner = name.removeprefix(f"{parent}.")
        if inner and inner != name:
            return named_freely(known[parent].path, inner)
    return None


_FREE_PARENTS: Mapping[str, tuple[str, ...]] = {
    "customers": ("customerAttributes.custom", "custom"),
    "orders": ("extra",),
    "events": ("metadata",),
}


def named_freely(parents: Path, name: str) -> Column:
    """A column whose name is free; what follows a colon says how its cells are read."""
    bare, colon, suffix = name.rpartition(":")
    if colon and bare and suffix in SUFFIXES:
        return Column((*parents, bare), SUFFIXES[suffix])
    return Column((*parents, name), SUFFIXES["text"])


def custom_column(kind: Kind, name: str, header: Sequence[str]) -> Column:
    """A column that the API does not know, among the account's own fields."""
    if kind.own_fields and (kind.name != "events" or "event" in header):
        return named_freely(kind.own_fields, name)
    raise Refusal(
        f"column {shown(name)!r} is not known to the API, and {kind.name} have no custom fields: "
        "remove the column, or pass --unknown warn to skip it"
    )


def needed_columns(kind: Kind, given: Collection[str] = ()) -> list[str]:
    """The columns that every record needs; where *given* has ``event``, it stands for ``events``."""
    cls = item_class(kind.name)
    if cls is None:
        return ["orderId"]
    needed = [spec.wire for spec in specs_of(cls).values() if spec.required]
    return [name for name in needed if name != "events" or "event" not in given]
