"""What has become of a run's rows: counted, and one by one in a file beside the plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..rows.replacing import write_csv
from .plan import Fate, Report
from .points import as_number
from .store import Step, Store

__all__ = ["REPORT", "report_of", "write_report"]

REPORT = "report.csv"
_HEAD = (
    "line", "customerId", "target", "before", "adjustment", "answer", "first look", "second look",
    "balance", "outcome", "why",
)  # fmt: skip
_COLUMNS = "line, id, target, start, amount, answer, first, second, last, fate, why"


def report_of(store: Store) -> Report:
    """Count what has become of the rows."""
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
