"""
Takes what a step's journal says into the plan, in one transaction with the step that comes next.

What the plan says of all rows together is counted here, and written row by row to a file beside it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from sqlite3 import Cursor
from typing import Any

from attrs import asdict, evolve

from ..journal.journal import read_rows
from ..rows.outcome import RowOutcome
from ..rows.replacing import write_csv
from .plan import UNFINISHED, Fate, Planned, Report, Summary, answered, as_number, in_units, planned
from .store import Stage, Step, Store
from .verdicts import Answer, Looked, answer_of, judged, look_again

ROUNDS = 10
"""Rounds of adjustments in one go, at most."""
SHOWN = 5
"""Rejected rows that a summary names."""
REPORT = "report.csv"
_HEAD = (
    "line", "customerId", "target", "before", "adjustment", "answer", "first look", "second look",
    "balance", "outcome", "why",
)  # fmt: skip
_COLUMNS = "line, id, target, start, amount, answer, first, second, last, fate, why"


def _rows(journal: Path | None) -> Iterator[RowOutcome]:
    """What a step's journal says; nothing where the step had no rows."""
    return iter(()) if journal is None else read_rows(journal)


def take_balances(store: Store, journal: Path | None) -> None:
    """Take in the balances before anything is sent: what each customer needs is decided, once."""
    header = store.header
    with store.change() as cursor:
        for row in _rows(journal):
            found = answered(row, header.balance)
            if isinstance(found, Planned):
                _end(cursor, row.position, found)
                continue
            query = "SELECT target FROM customer WHERE line = ?"
            (target,) = cursor.execute(query, (row.position,)).fetchone()
            plan = planned(target, found, header.max_change, only_up=header.only_up)
            pending = bool(in_units((row.result or {}).get("pendingPoints")))
            cursor.execute(
                "UPDATE customer SET fate = ?, why = ?, start = ?, before = ?, last = ?, "
                "amount = ?, pending = ? WHERE line = ?",
                (plan.fate.value, plan.why, found, found, found, target - found, pending,
                 row.position),
            )  # fmt: skip
        counts = (f"coalesce({each}, 0)" for each in _COUNTED.values())
        (sums,) = store.each(", ".join(counts))
        faults = next(store.pages("line, why", Fate.REJECTED, SHOWN), [])
        summary = Summary(**dict(zip(_COUNTED, sums, strict=True)), faults=faults)
        store.note("summary", asdict(summary))
        store.advance(Stage(Step.SEND, 1))


def _end(cursor: Cursor, line: int, found: Planned) -> None:
    values = (found.fate.value, found.why, line)
    cursor.execute("UPDATE customer SET fate = ?, why = ? WHERE line = ?", values)


_COUNTED = {
    "rows": "count(*)",
    "exact": "sum(fate = 'exact')",
    "up": "sum(fate = 'planned' AND amount > 0)",
    "down": "sum(fate = 'planned' AND amount < 0)",
    "up_sum": "sum(iif(fate = 'planned', max(amount, 0), 0))",
    "down_sum": "sum(iif(fate = 'planned', max(-amount, 0), 0))",
    "most_up": "max(iif(fate = 'planned', max(amount, 0), 0))",
    "most_down": "max(iif(fate = 'planned', max(-amount, 0), 0))",
    "held": "sum(fate = 'held back')",
    "unknown": "sum(fate = 'unknown')",
    "unasked": "sum(fate IN ('asked', 'not asked'))",
    "rejected": "sum(fate = 'rejected')",
    "pending": "sum(pending)",
}
"""What a summary counts."""


def summary_of(store: Store) -> Summary:
    """What the run was to do when it was planned."""
    stage = store.stage
    begun = stage.step is not Step.SEND or stage.round > 1 or store.journal.exists()
    return evolve(Summary(**store.noted("summary")), begun=begun)


def take_answers(store: Store, journal: Path | None) -> None:
    """Take in the outcomes of a round's adjustments."""
    with store.change() as cursor:
        for row in _rows(journal):
            cursor.execute(
                "UPDATE customer SET fate = ?, why = ?, answer = ?, first = NULL, second = NULL, "
                "tries = tries + 1 WHERE line = ?",
                (Fate.SENT.value, "" if row.reason is None else str(row.reason),
                 answer_of(row).value, row.position),
            )  # fmt: skip
        store.advance(evolve(store.stage, step=Step.LOOK, looked=0.0))


def take_look(store: Store, journal: Path | None) -> None:
    """Take in a look at the balances: the first of a round, or the second, which ends it."""
    stage = store.stage
    which = "first" if stage.step is Step.LOOK else "second"
    name = store.header.balance
    with store.change() as cursor:
        for row in _rows(journal):
            balance = answered(row, name)
            if not isinstance(balance, Planned):
                cursor.execute(
                    f"UPDATE customer SET {which} = ?, last = ? WHERE line = ?",  # noqa: S608
                    (balance, balance, row.position),
                )
        columns = "line, why, target, answer, before, amount, first, second"
        # Page by page: they change while they are gone through.
        for line, why, target, answer, *seen in chain.from_iterable(
            store.pages(columns, Fate.SENT)
        ):
            looked = Looked(Answer(answer), *seen)
            if which == "second" or not look_again(looked):
                _judge(cursor, line, why, target, looked)
        if which == "first":
            store.advance(evolve(stage, step=Step.AGAIN, looked=time.time()))
        elif store.count(Fate.PLANNED) and stage.round % ROUNDS:
            store.advance(Stage(Step.SEND, stage.round + 1))
        else:
            store.advance(Stage(Step.DONE, stage.round))


def _judge(cursor: Cursor, line: int, why: str, target: int, seen: Looked) -> None:
    found = judged(seen)
    applied = seen.answer is Answer.APPLIED or found.fate is Fate.SET
    _end(cursor, line, evolve(found, why=why) if found.fate is Fate.REFUSED else found)
    if applied:
        cursor.execute("UPDATE customer SET applied = amount WHERE line = ?", (line,))
    if found.fate is Fate.PLANNED:
        cursor.execute(
            "UPDATE customer SET before = ?, amount = ? WHERE line = ?",
            (seen.second, target - (seen.second or 0), line),
        )


def begin_again(store: Store) -> bool:
    """
    Reopen a finished run that left customers in doubt, or without their adjustment.

    Their balances are checked first. Returns whether there are any.
    """
    stage = store.stage
    if stage.step is not Step.DONE or not store.count(*UNFINISHED):
        return False
    with store.change() as cursor:
        cursor.execute(
            "UPDATE customer SET fate = 'sent', first = NULL, second = NULL "
            "WHERE fate IN ('in doubt', 'planned')"
        )
        store.advance(Stage(Step.LOOK, stage.round + 1))
    return True


def report_of(store: Store) -> Report:
    """Count the outcomes of the rows."""
    ((rows, applied, up, down),) = store.each(
        "count(*), coalesce(sum(applied <> 0), 0), coalesce(sum(max(applied, 0)), 0), "
        "coalesce(sum(max(-applied, 0)), 0)"
    )
    stage = store.stage
    return Report(
        rows=rows,
        fates={fate: number for fate in Fate if (number := store.count(fate))},
        adjustments=applied,
        up_sum=up,
        down_sum=down,
        rounds=stage.round,
        complete=stage.step is Step.DONE,
        folder=str(store.folder),
    )


def write_report(store: Store) -> None:
    """
    Write each row to ``report.csv`` in the run's folder, with what was seen and what was concluded.

    Raises:
        OSError: the disk refuses.
    """
    write_csv(store.folder / REPORT, _HEAD, map(_cells, store.each(_COLUMNS)))


def _cells(row: Sequence[Any]) -> list[object]:
    line, key, target, start, amount, answer, *looks, fate, why = row
    due = amount if answer or fate == Fate.PLANNED.value else None
    points = [None if each is None else as_number(each) for each in (target, start, due, *looks)]
    return [line, key, *points[:3], answer, *points[3:], fate, why]
