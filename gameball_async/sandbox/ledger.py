"""
What was applied at the sandbox, how often, and in what order: what tests are judged by.

Nothing in it is sent to a client. Items are kept as the bytes that they came in, and read again
when they are asked for, so that a large import fits in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator
from typing import Any, Protocol

import orjson
from attrs import frozen

from .forms import FORMS

__all__ = ["Applied", "Ledger"]


@frozen
class Applied:
    """
    One application of one item.

    Attributes:
        sequence: place in the order of all applications, from 0.
        time: when, in seconds since the sandbox began.
        kind: name of the batch kind; the single upsert counts as customers.
        job_id: the job; None for the single upsert.
        index: place in the submission, from 0.
        customer: the customer's id; None for order transactions.
        item_id: the order's or transaction's own id; None where the kind has none.
        nth: how many times the same item was applied before and with this one.
        item: the item as it came.
    """

    sequence: int
    time: float
    kind: str
    job_id: int | None
    index: int
    customer: str | None
    item_id: str | None
    nth: int
    item: Any


class Source(Protocol):
    """A submission whose items can be read again."""

    @property
    def kind(self) -> str:
        """Name of the batch kind."""

    @property
    def job_id(self) -> int | None:
        """Its number; None for a single item."""

    def items(self) -> list[Any]:
        """The items, in the order of the submission."""

    def refusals(self) -> Container[int]:
        """The indexes of the items that were refused instead of applied."""


def identity(kind: str, item: Any) -> str:
    """What tells an item from others of its kind: its own id, or its JSON with sorted keys."""
    own = FORMS[kind].id_of(item)
    if own is not None:
        return own
    return orjson.dumps(item, option=orjson.OPT_SORT_KEYS).decode()


class Ledger:
    """
    All applications in the order in which they happened.

    Arguments:
        discard: keep the counts only.
    """

    def __init__(self, *, discard: bool = False) -> None:
        self.discard = discard
        self.applied: Counter[str] = Counter()
        """How many applications there were, by kind."""
        self._runs: list[tuple[Source, int, int, float]] = []

    def record(self, source: Source, start: int, stop: int, refused: int, when: float) -> None:
        """Items *start* up to *stop* of *source* had their turn; *refused* of them were refused."""
        self.applied[source.kind] += stop - start - refused
        if not self.discard:
            self._runs.append((source, start, stop, when))

    def entries(self, kind: str | None = None) -> Iterator[Applied]:
        """Every application, or those of one *kind*, in order."""
        if self.discard:
            raise RuntimeError("this sandbox discards what it applies: only counts are kept")
        times: Counter[tuple[str, str]] = Counter()
        read: dict[int, tuple[list[Any], Container[int]]] = {}
        sequence = 0
        for source, start, stop, when in self._runs:
            if id(source) not in read:
                read[id(source)] = source.items(), source.refusals()
            items, refused = read[id(source)]
            for index in range(start, stop):
                if index in refused:
                    continue
                item = items[index]
                key = (source.kind, identity(source.kind, item))
                times[key] += 1
                if kind is None or kind == source.kind:
                    customer = item.get("customerId") if isinstance(item, dict) else None
                    own = FORMS[source.kind].id_of(item)
                    yield Applied(sequence, when, source.kind, source.job_id, index, customer,
                                  own, times[key], item)  # fmt: skip
                sequence += 1
            if stop == len(items):
                del read[id(source)]

    def times(
        self, kind: str, *, key: Callable[[Any], str | None] | None = None
    ) -> Counter[str | None]:
        """
        How many times each item of *kind* was applied.

        Items are told apart by *key*, given the item; by default by their own id, or by their
        whole content where the kind has no id.
        """
        of = key if key is not None else (lambda item: identity(kind, item))
        return Counter(of(entry.item) for entry in self.entries(kind))

    def by_customer(self, kind: str | None = None) -> dict[str | None, list[Applied]]:
        """The applications of each customer, in order."""
        found: dict[str | None, list[Applied]] = {}
        for entry in self.entries(kind):
            found.setdefault(entry.customer, []).append(entry)
        return found
