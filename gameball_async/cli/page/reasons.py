"""
Why rows did not succeed, for a page that is handed on: grouped, with advice and a few examples.

Ids are masked wherever they stand, in Gameball's own words too, unless somebody asks for them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from attrs import field, frozen

from ...api.codes import Code
from ...journal.state import DOUBT, OPEN, Resumable, Stage
from ...rows.outcome import Outcome, Reason, RowOutcome
from ..words import clean

SHOWN = 30
EXAMPLES = 3

_JOB = re.compile(r"\bjob \d+")
_ADDRESS = re.compile(r"[^\s@<>\"'(),;]+@[^\s@<>\"'(),;]+")
_LONG_NUMBER = re.compile(r"\+?\d{7,}")

_Key = tuple[str, str, int | None]
"""Of a group: the outcome, the reason with ids left out, the code."""


@frozen
class Example:
    """A row: where it stands, and its customer's (or order's) id, masked or not; None for none."""

    position: int
    key: str | None = field(repr=False)


@frozen
class Group:
    """
    Rows that did not succeed for one reason.

    Attributes:
        outcome: their outcome.
        reason: why.
        rows: how many.
        code: Gameball's code; None where none was found.
        advice: what to do; empty where the code tells nothing.
        examples: a few of them, those that come first.
    """

    outcome: str
    reason: str
    rows: int
    code: int | None
    advice: str
    examples: Sequence[Example]


@frozen
class Reasons:
    """
    All of them.

    Attributes:
        groups: at most `SHOWN`, most rows first.
        more: how many other reasons there are.
        more_rows: how many rows have one of those.
    """

    groups: Sequence[Group]
    more: int
    more_rows: int

    @property
    def rows(self) -> int:
        """Rows that did not succeed."""
        return sum(group.rows for group in self.groups) + self.more_rows


def masked(key: str) -> str:
    """An id that whoever has the file can find again, and nobody else: ``c…23``."""
    if len(key) >= 6:
        return f"{key[0]}…{key[-2:]}"
    return f"{key[0]}…" if len(key) >= 3 else "…"


def reasons_of(journal: Resumable, *, show_keys: bool = False) -> Reasons:
    """
    Group the rows that did not succeed.

    Args:
        journal: what is known of the run.
        show_keys: leave ids, addresses and long numbers as they stand: in a group's reason, those of its first row.
    """
    rows: Counter[_Key] = Counter()
    examples: dict[_Key, list[Example]] = defaultdict(list)
    whole: dict[_Key, str] = {}
    for row in _odd(journal):
        code = None if row.reason is None else row.reason.code
        group = row.outcome.value, _words(row), code
        rows[group] += 1
        if show_keys:
            whole.setdefault(group, clean(str(row.reason or group[1])))
        if len(examples[group]) < EXAMPLES:
            key = None if row.key is None else clean(row.key if show_keys else masked(row.key), 80)
            examples[group].append(Example(row.position, key))
    shown = [
        Group(key[0], whole.get(key, key[1]), many, key[2], _advice(key[2]), examples[key])
        for key, many in rows.most_common(SHOWN)
    ]
    rest = rows.total() - sum(group.rows for group in shown)
    return Reasons(shown, len(rows) - len(shown), rest)


def _odd(journal: Resumable) -> Iterator[RowOutcome]:
    for odd in journal.odd:
        if odd.row.outcome is not Outcome.SUCCEEDED:
            yield odd.row
    for chunk in journal.chunks:
        if chunk.stage is Stage.SETTLED:
            continue
        pending = chunk.stage is Stage.ACCEPTED
        outcome, why = (Outcome.PENDING, OPEN) if pending else (Outcome.INDETERMINATE, DOUBT)
        for index, position in enumerate(chunk.positions):
            key = chunk.keys[index] if chunk.keys else None
            yield RowOutcome(position, outcome, key, why, chunk.job_id, chunk.number)


def _words(row: RowOutcome) -> str:
    """The reason, without what is of this row alone: rows that differ in nothing else are one group."""
    reason = row.reason
    if reason is None:
        return "no reason is known"
    if reason is OPEN or reason is DOUBT:
        return reason.text
    text = _JOB.sub("its job", reason.text)
    if row.key and row.key in text:
        text = re.sub(rf"(?<!\w){re.escape(row.key)}(?!\w)", "…", text)
    if "@" in text:
        text = _ADDRESS.sub("…@…", text)
    text = _LONG_NUMBER.sub("…", text)
    return clean(str(Reason(text, reason.code, reason.field)))


def _advice(code: int | None) -> str:
    found = Code.find(code)
    return "" if found is None else found.advice
