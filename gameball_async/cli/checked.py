"""What a check has found, as people read it: a line for each probe, and what was confirmed."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..preflight.assumptions import ASSUMPTIONS
from ..preflight.file import DEFAULT_NAME
from ..preflight.verdicts import Probe
from .words import clean, count

__all__ = ["as_table"]

_STYLES = {"ok": "green", "hinders": "red", "unknown": "yellow", "skipped": "dim"}


def as_table(probes: Sequence[Probe], written: str | None) -> Group:
    """
    The result of a check.

    Args:
        probes: in the order in which they are shown.
        written: the file that holds the findings now; None for none.
    """
    hindered = sum(probe.verdict == "hinders" for probe in probes)
    verdict = f"{count(hindered, 'thing')} to mend before a migration"
    parts: list[RenderableType] = [
        Text(verdict if hindered else "nothing found that hinders a migration", style="bold"),
        _table(probes),
        *_assumptions(probes),
    ]
    if written is not None:
        parts.append(Text(f"\n{_goes_by(clean(written))}"))
    return Group(*parts)


def _goes_by(written: str) -> str:
    if written == DEFAULT_NAME:
        return f"Imports that start in this directory go by {written} from now on."
    return f"Imports go by it with --findings {written}."


def _table(probes: Sequence[Probe]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for probe in probes:
        text = Text(clean(probe.said, 1000))
        if probe.cure:
            text.append(f"\n→ {probe.cure}", style="" if probe.verdict == "hinders" else "dim")
        table.add_row(probe.name, Text(probe.verdict, style=_STYLES[probe.verdict]), text)
    return table


def _assumptions(probes: Sequence[Probe]) -> list[Text]:
    """What the documents say, by what came of it."""
    holds = {name: value for probe in probes for name, value in probe.holds.items()}
    found = []
    for heading, wanted in (("confirmed", True), ("contradicted", False), ("not tried", None)):
        named = [each for name, each in ASSUMPTIONS.items() if holds.get(name) is wanted]
        if named:
            lines = "".join(f"\n  {each.says} ({each.source})" for each in named)
            found.append(
                Text(f"\nassumptions {heading}:{lines}", style="dim" if wanted is None else "")
            )
    return found
