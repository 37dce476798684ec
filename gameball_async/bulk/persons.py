"""
Which rows are of one person, where the account merges customers by their mail address or phone number.

Two rows are of one person if they have an id or that contact in common, or if a third row joins them.
Only rows that wait or are in open jobs are looked at: what they show is forgotten with the last of them.
So memory grows with those, not with the input.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias

import orjson
from attrs import define, field

from ..api.fields import specs_of
from ..api.kinds import Chunking, Kind, item_class
from ..errors import ConfigurationError
from ..rows.row import Prepared

MergeBy: TypeAlias = Literal["email", "mobile"]
"""The fields by which an account can merge customers."""
Names: TypeAlias = tuple[str, ...]
"""What a row's person goes by: the id, and the contact where it has one."""

LAST_DIGITS = 9
"""Of a phone number, those that are compared: it may be written with and without its country."""


def refuse_merging(merge_by: str, kind: Kind, chunking: Chunking, *, compared: bool) -> None:
    """
    Make sure that rows of *kind* can be kept apart by person.

    Raises:
        ConfigurationError: there is no such field, no order is kept anyway, or rows are left out.
    """
    if merge_by not in ("email", "mobile"):
        raise ConfigurationError(f"merge_by {merge_by!r} is not one of: email, mobile")
    cls = item_class(kind.name)
    if cls is None or merge_by not in specs_of(cls):
        raise ConfigurationError(
            f"{kind.name} have no {merge_by} to recognise a person by: remove --merge-by (merge_by)"
        )
    if compared:
        raise ConfigurationError(
            "--merge-by (merge_by) cannot be used with --changed-against or --since-file "
            "(changed_against): an unchanged row of a person with two ids may have to follow a "
            "changed one. Remove one of the two"
        )
    if chunking is Chunking.PLAIN:
        raise ConfigurationError(
            "--merge-by (merge_by) keeps a person's rows in order, and --chunking plain "
            "(chunking) does not: remove one of the two"
        )


def names_of(row: Prepared, merge_by: MergeBy) -> Names:
    """What the person of a row goes by."""
    item: Any = orjson.loads(row.payload)
    contact = item.get(merge_by)
    if not isinstance(contact, str) or not (alike := _alike(contact, merge_by)):
        return (f"id {row.key}",)
    return f"id {row.key}", f"contact {alike}"


def _alike(contact: str, merge_by: MergeBy) -> str:
    """The same for all ways to write a contact; where two are one by mistake, rows wait for no need."""
    if merge_by == "email":
        return contact.strip().casefold()
    digits = "".join(filter(str.isdigit, contact))
    return digits[-LAST_DIGITS:] or contact.strip()


@define(eq=False)
class _Person:
    key: str
    names: dict[str, int] = field(factory=dict)  # of how many rows each
    under_way: int = 0  # rows


class Persons:
    """The persons of the rows that wait or are under way."""

    def __init__(self) -> None:
        self._by_name: dict[str, _Person] = {}
        self._made = 0

    def __len__(self) -> int:
        return len(self._by_name)

    def add(self, names: Names) -> tuple[str, list[str]]:
        """A row comes: the key of its person, and the keys of those who turn out to be the same."""
        known = {id(each): each for name in names if (each := self._by_name.get(name))}
        if len(known) > 1:
            person, *others = sorted(known.values(), key=lambda each: -len(each.names))
        else:
            person, others = next(iter(known.values()), None) or self._new(), []
        for other in others:
            person.names.update(other.names)
            person.under_way += other.under_way
            self._by_name.update(dict.fromkeys(other.names, person))
        for name in names:
            person.names[name] = person.names.get(name, 0) + 1
            self._by_name[name] = person
        return person.key, [other.key for other in others]

    def _new(self) -> _Person:
        self._made += 1
        return _Person(str(self._made))

    def key(self, names: Names) -> str:
        """The key of the person of a row that was added."""
        return self._by_name[names[0]].key

    def leave(self, rows: Iterable[Names]) -> None:
        """These rows are under way."""
        for names in rows:
            self._by_name[names[0]].under_way += 1

    def land(self, rows: Sequence[Names]) -> list[str]:
        """These rows are under way no more: the keys of the persons of whom none is."""
        persons = {}
        for names in rows:
            person = self._by_name[names[0]]
            person.under_way -= 1
            persons[person.key] = person
        return [key for key, person in persons.items() if not person.under_way]

    def forget(self, rows: Iterable[Names]) -> None:
        """These rows have ended."""
        for names in rows:
            person = self._by_name[names[0]]
            for name in names:
                person.names[name] -= 1
                if not person.names[name]:
                    del person.names[name], self._by_name[name]
