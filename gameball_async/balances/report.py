"""What has become of a run's rows: counted, and one by one in a file beside the plan."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from ..rows.cells import neutralised
from ..rows.replacing import Replacement
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
    ((applied, up, down),) = store.each(
        "coalesce(sum(applied <> 0), 0), coalesce(sum(max(applied, 0)), 0), "
        "coalesce(sum(max(-applied, 0)), 0)"
    )
    ((rows,),) = store.each("count(*)")
    fates = {fate: number for fate in Fate if (number := store.count(fate))}
    stage = store.stage
    return Report(
        rows=rows,
        fates=fates,
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
    new = Replacement(str(store.folder / REPORT))
    try:
        out = csv.writer(new.out, lineterminator="\r\n")
        out.writerow(_HEAD)
        out.writerows(_cells(store))
        new.put_in_place()
    finally:
        new.drop()


def _cells(store: Store) -> Iterator[list[object]]:
    for line, key, target, start, amount, answer, first, second, last, fate, why in store.each(
        _COLUMNS
    ):
        due = amount if answer or fate == Fate.PLANNED.value else None
        points = [None if each is None else as_number(each) for each in (target, start, due)]  # fmt: skip
        looks = [None if each is None else as_number(each) for each in (first, second, last)]
        yield [line, neutralised(key or ""), *points, answer, *looks, fate, neutralised(why)]
