"""
Finds which rows of a chunk the entries of an answer name, and which rows it cannot tell apart.

An entry names a customer; where it carries an order or transaction id as well, it names a row. For
order-transactions the key is the order id: a success carries it as ``orderId``, a failure under the
name ``customerId``. Source: the batch pages of the API reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from attrs import define, field

from ..api.jobs import JobResults
from ..api.kinds import Kind

_MANY = 100  # fields; no entry of Gameball's has as many
Entries = list[Mapping[str, Any]]
Lists = tuple[Entries, Entries]


@define(slots=True)
class Group:
    """
    Rows that an answer cannot tell apart, and its entries about them.

    Attributes:
        rows: indexes in the chunk.
        successes: entries of the list of successes.
        failures: entries of the list of failures.
        confused: whether further entries about these rows contradict these.
    """

    rows: Sequence[int]
    successes: Entries
    failures: Entries
    confused: bool = False


@define(slots=True)
class Said:
    """
    What the lists of an answer say, by the keys of a chunk.

    Attributes:
        lists: for each key that is named, its entries: successes, failures.
        foreign: how many entries name nothing of the chunk.
        item_key: the field by which entries name a row; None where they name customers only.
    """

    lists: dict[str, Lists] = field(factory=dict)
    foreign: int = 0
    item_key: str | None = None

    def add_missing(self, earlier: Said, rows_of: Mapping[str, Sequence[int]]) -> bool:
        """
        Take from an earlier answer what this one lacks; whether anything was taken.

        Only for keys that have fewer entries here than rows. The longer list of each side is kept:
        both tell of the same items, so that adding them up would count some twice.
        """
        taken = False
        for key, (good, bad) in earlier.lists.items():
            own_good, own_bad = self.lists.get(key, ([], []))
            if len(own_good) + len(own_bad) >= len(rows_of[key]):
                continue
            if len(good) > len(own_good) or len(bad) > len(own_bad):
                self.lists[key] = (max(own_good, good, key=len), max(own_bad, bad, key=len))
                taken = True
        self.item_key = self.item_key or earlier.item_key
        return taken

    def split(
        self, key: str, rows: Sequence[int], item_ids: Sequence[str | None] | None
    ) -> Iterator[Group]:
        """The rows of a key, each in exactly one group, with what is said of them."""
        lists = self.lists.get(key)
        if lists is None:
            yield Group(rows, [], [])
        elif self.item_key is None or item_ids is None:
            yield Group(rows, *lists)
        else:
            yield from self._split(rows, lists, item_ids, self.item_key)

    def _split(
        self, rows: Sequence[int], lists: Lists, item_ids: Sequence[str | None], item_key: str
    ) -> Iterator[Group]:
        items: dict[str, list[int]] = {}
        for row in rows:
            item = item_ids[row]
            if item is not None:
                items.setdefault(item, []).append(row)
        named: dict[str, Lists] = {}
        rest: Lists = ([], [])
        for side in (0, 1):
            for entry in lists[side]:
                if entry.get(item_key) is None:
                    rest[side].append(entry)
                    continue
                found = _item_named(entry, item_key, items)
                if found is None:
                    self.foreign += 1  # one of this customer's items, but none of this chunk's
                else:
                    named.setdefault(found, ([], []))[side].append(entry)
        if len(rows) == 1:
            good, bad = named.get(item_ids[rows[0]] or "", ([], []))
            yield Group(rows, good + rest[0], bad + rest[1])
            return
        others = [row for row in rows if item_ids[row] not in named]
        if others:
            yield Group(others, *rest)
        # Entries beyond those that name each row are about one of them, and no one knows which.
        confused = not others and any(
            (rest[0] and bad) or (rest[1] and good) for good, bad in named.values()
        )
        for item, (good, bad) in named.items():
            yield Group(items[item], good, bad, confused)


def key_fields(kind: Kind) -> tuple[str, str]:
    """Under which field a success and a failure carry the key. Those of order-transactions differ."""
    return (kind.key, kind.key) if kind.key else ("orderId", "customerId")


def id_text(value: object) -> str | None:
    """An id as text: numbers in canonical form, so that "007" and 7 stay apart; None if no id."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and abs(value) < 2.0**53 and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def rows_by_key(keys: Sequence[str]) -> Mapping[str, Sequence[int]]:
    """The indexes of the rows of each key, in order."""
    rows_of: dict[str, Sequence[int]] = dict(zip(keys, zip(range(len(keys))), strict=True))
    if len(rows_of) == len(keys):
        return rows_of
    shared: dict[str, list[int]] = {}
    for row, key in enumerate(keys):
        shared.setdefault(key, []).append(row)
    return shared


def all_succeeded(
    kind: Kind, keys: Sequence[str], item_ids: Sequence[str | None] | None, results: JobResults
) -> bool:
    """
    Whether the answer lists each row once, as successful, and nothing else: the usual case, quickly.

    False says nothing: the answer has to be read entry by entry.
    """
    entries, name, item_key = results.successful, key_fields(kind)[0], kind.item_key
    if results.failed or len(entries) != len(keys):
        return False
    try:
        if item_ids is not None and any(item_key in entry for entry in entries):
            ours = set(zip(keys, item_ids, strict=True))
            named = set(map(itemgetter(name, item_key), entries))
            return len(ours) == len(keys) and named == ours
        ids = set(map(itemgetter(name), entries))
    except (KeyError, TypeError):
        return False
    return len(ids) == len(keys) and ids == set(keys)


def rows_of_failures(
    kind: Kind, keys: Sequence[str], item_ids: Sequence[str | None] | None, results: JobResults
) -> list[int] | None:
    """
    The row of each failed entry, where the answer names each row once and nothing else.

    That is the usual case of an answer with failures, quickly. None says nothing: the answer has to
    be read entry by entry.
    """
    (name, other), item_key = key_fields(kind), kind.item_key
    if name != other or len(results) != len(keys):
        return None
    if item_ids is not None and any(item_key in entry for _, entry in results):
        return None
    try:
        named = set(map(itemgetter(name), results.successful))
        failed = list(map(itemgetter(name), results.failed))
        named.update(failed)
    except (KeyError, TypeError):
        return None
    if len(named) < len(keys):
        return None
    named.difference_update(keys)
    if named:
        return None
    wanted = set(failed)
    rows = {key: row for row, key in enumerate(keys) if key in wanted}
    return [rows[key] for key in failed]


def listen(
    kind: Kind,
    rows_of: Mapping[str, Sequence[int]],
    item_ids: Sequence[str | None] | None,
    results: JobResults,
) -> Said:
    """
    Sort an answer's entries by the keys that they name.

    A key is matched as exact text; else where exactly one key of the chunk is the same but for
    letter case and outer blanks; an entry without a key, by its item id, where one row has it. What
    then remains is foreign, and only counted.

    Args:
        rows_of: the indexes of the rows of each key of the chunk.
        item_ids: the order or transaction id of each row, where the kind has one.
    """
    ear = _Ear(kind.item_key, rows_of, item_ids)
    success, failure = key_fields(kind)
    ear.hear(results.successful, success, 0)
    failed = results.failed
    if failure != success:  # an order id under its own name comes first
        ear.hear([entry for entry in failed if success in entry], success, 1)
        failed = [entry for entry in failed if success not in entry]
    ear.hear(failed, failure, 1)
    return ear.said


@define(slots=True)
class _Ear:
    item_key: str | None
    rows_of: Mapping[str, Sequence[int]]
    item_ids: Sequence[str | None] | None
    said: Said = field(factory=Said)
    _by_folded: dict[str, str | None] | None = None
    _by_item: dict[str, str | None] | None = None

    def hear(self, entries: Iterable[Mapping[str, Any]], name: str, side: int) -> None:
        rows_of, lists, item_key = self.rows_of, self.said.lists, self.item_key
        for entry in entries:
            key = entry.get(name)
            if type(key) is int:
                key = str(key)
            if type(key) is not str or key not in rows_of:
                key = self._find(entry, name)
                if key is None:
                    self.said.foreign += 1
                    continue
            own = lists.get(key)
            if own is None:
                own = lists[key] = ([], [])
            own[side].append(entry)
            # A field of that name is an id of ours only if it holds one of ours somewhere:
            # otherwise it may as well be a number of the server's own.
            if item_key is not None and self.said.item_key is None and item_key in entry:
                self._try_item_key(entry, item_key, key)

    def _try_item_key(self, entry: Mapping[str, Any], item_key: str, key: str) -> None:
        if self.item_ids is not None:
            items = [item for row in self.rows_of[key] if (item := self.item_ids[row]) is not None]
            if _item_named(entry, item_key, items) is not None:
                self.said.item_key = item_key

    def _find(self, entry: Mapping[str, Any], name: str) -> str | None:
        """The key that an entry names in another way than as we sent it."""
        text = id_text(_field_of(entry, name))
        if text is None:
            return self._key_of_item(entry)
        return text if text in self.rows_of else self._only_like(text)

    def _only_like(self, text: str) -> str | None:
        if self._by_folded is None:
            self._by_folded = {}
            for key in self.rows_of:
                folded = _folded(key)
                self._by_folded[folded] = None if folded in self._by_folded else key
        return self._by_folded.get(_folded(text))

    def _key_of_item(self, entry: Mapping[str, Any]) -> str | None:
        if self.item_ids is None or self.item_key is None:
            return None
        if self._by_item is None:
            self._by_item = {}
            for key, rows in self.rows_of.items():
                for row in rows:
                    item = self.item_ids[row]
                    if item is not None:
                        self._by_item[item] = None if item in self._by_item else key
        item = id_text(entry.get(self.item_key))
        return None if item is None else self._by_item.get(item)


def _field_of(entry: Mapping[str, Any], name: str) -> Any:
    """The value under *name*, or under the same name in other letter case; None where neither."""
    if name in entry or len(entry) > _MANY:
        return entry.get(name)
    folded = name.lower()
    return next((value for other, value in entry.items() if other.lower() == folded), None)


def _folded(text: str) -> str:
    return text.strip().casefold()


def _item_named(entry: Mapping[str, Any], item_key: str, items: Iterable[str]) -> str | None:
    """Which of these item ids an entry carries: as exact text, else but for case and blanks."""
    text = id_text(entry.get(item_key))
    if text is None:
        return None
    if text in items:
        return text
    like = {item for item in items if _folded(item) == _folded(text)}
    return like.pop() if len(like) == 1 else None
