"""What the commands on balances show: a plan before anything is sent, and what has become of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..balances.plan import Fate, Report, Summary, as_number, shown
from ..balances.taking import REPORT
from .words import clean, count


def plan_text(plan: Summary, path: str) -> str:
    """A plan for people."""
    up, most_up = (shown(units, signed=True) for units in (plan.up_sum, plan.most_up))
    down, most_down = (shown(-units) for units in (plan.down_sum, plan.most_down))
    lines = [
        f"balances from {clean(path)}: {count(plan.rows, 'row')}",
        f"  {plan.exact:>10,}  have their balance already",
        *_counted(
            (plan.up, f"gain points: {up} together, {most_up} at most"),
            (plan.down, f"lose points: {down} together, {most_down} at most"),
            (plan.held, "are left alone (--max-change, --only-up)"),
            (plan.unknown, "are not known to Gameball: import these customers first"),
            (plan.unasked, "could not be asked for"),
            (plan.rejected, "cannot be used: a fault in the row, or a customer that came before"),
        ),
        *(f"              row {line}: {clean(why)}" for line, why in plan.faults),
        *_counted((plan.pending, "of them have pending points, which count as theirs")),
    ]
    return "\n".join(lines)


def _counted(*numbers: tuple[int, str]) -> Iterator[str]:
    return (f"  {number:>10,}  {what}" for number, what in numbers if number)


def plan_values(plan: Summary) -> dict[str, Any]:
    """The same for programs; points as numbers."""
    return {
        "rows": plan.rows,
        "exact": plan.exact,
        "up": plan.up,
        "down": plan.down,
        "points_up": float(as_number(plan.up_sum)),
        "points_down": float(as_number(plan.down_sum)),
        "most_up": float(as_number(plan.most_up)),
        "most_down": float(as_number(plan.most_down)),
        "held_back": plan.held,
        "unknown": plan.unknown,
        "not_asked": plan.unasked,
        "rejected": plan.rejected,
        "pending": plan.pending,
        "faults": [{"line": line, "reason": why} for line, why in plan.faults],
    }


_ENDS = {
    Fate.EXACT: "had their balance already",
    Fate.SET: "were brought to their balance",
    Fate.MOVED: "moved otherwise meanwhile, and were not touched again",
    Fate.DOUBT: "are in doubt: the balance could not be asked for afterwards; run the same command again",
    Fate.PLANNED: "still miss their adjustment; run the same command again",
    Fate.SENT: "are being looked at",
    Fate.REFUSED: "were refused by Gameball",
    Fate.HELD: "were left alone (--max-change, --only-up)",
    Fate.UNKNOWN: "are not known to Gameball: import these customers first",
    Fate.UNASKED: "could not be asked for",
    Fate.ASKED: "could not be asked for",
    Fate.REJECTED: "cannot be used: a fault in the row, or a customer that came before",
}


def report_text(report: Report, *, kept: bool) -> str:
    """What has become of the rows, for people."""
    head = (
        f"{count(report.rows, 'row')}, {count(report.adjustments, 'adjustment')} applied: "
        f"{shown(report.up_sum, signed=True)} and {shown(-report.down_sum)} points, "
        f"in {count(report.rounds, 'round')}"
    )
    fates = report.fates
    ends = (f"  {fates[fate]:>10,}  {words}" for fate, words in _ENDS.items() if fate in fates)
    lines = [head, *ends]
    if kept:
        lines.append(f"each row, with what was seen and concluded: {clean(report.folder)}/{REPORT}")
    return "\n".join(lines)


def report_values(plan: Summary, report: Report, state: str | None) -> dict[str, Any]:
    """The same for programs."""
    return {
        "rows": report.rows,
        **{fate.value.replace(" ", "_"): report.fates.get(fate, 0) for fate in _ENDS},
        "adjustments": report.adjustments,
        "points_added": float(as_number(report.up_sum)),
        "points_taken": float(as_number(report.down_sum)),
        "rounds": report.rounds,
        "complete": report.complete,
        "state": state,
        "plan": plan_values(plan),
    }
