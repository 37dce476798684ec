"""Draws grouped bars as SVG by hand: readable on light and on dark ground, without a library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

__all__ = ["bars"]

COLOURS = ("#1f6fb4", "#c2571a", "#2e8b57", "#8e5bb5")
ROW = 58
BAR = 11
LEFT = 250
WIDTH = 330
GAP = 60
TOP = 84


def bars(
    title: str,
    names: Sequence[str],
    series: Sequence[str],
    panels: Mapping[str, Sequence[Sequence[float]]],
) -> str:
    """
    An SVG: for each panel a column, for each name a group of bars, one for each of *series*.

    Args:
        title: above all.
        names: what is compared.
        series: at most four.
        panels: by heading, a row of numbers for each name, one for each of *series*.
    """
    width = LEFT + len(panels) * (WIDTH + GAP)
    height = TOP + len(names) * ROW + 16
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'font-family="sans-serif" font-size="13" role="img" aria-label="{escape(title)}">'
        ),
        (
            "<style>text{fill:#222}line{stroke:#999}"
            "@media(prefers-color-scheme:dark){text{fill:#ddd}line{stroke:#777}}</style>"
        ),
        f'<text x="8" y="22" font-size="16" font-weight="bold">{escape(title)}</text>',
        *_legend(series),
    ]
    for index, name in enumerate(names):
        middle = TOP + index * ROW + ROW / 2
        weight = ' font-weight="bold"' if index == 0 else ""
        parts.append(
            f'<text x="{LEFT - 10}" y="{middle + 4:g}" text-anchor="end"{weight}>'
            f"{escape(name)}</text>"
        )
    for column, (heading, rows) in enumerate(panels.items()):
        parts += _panel(LEFT + column * (WIDTH + GAP), heading, rows)
    return "\n".join([*parts, "</svg>", ""])


def _legend(series: Sequence[str]) -> list[str]:
    parts, left = [], 8
    for name, colour in zip(series, COLOURS, strict=False):
        parts.append(f'<rect x="{left}" y="34" width="11" height="11" fill="{colour}"/>')
        parts.append(f'<text x="{left + 16}" y="44">{escape(name)}</text>')
        left += 40 + 7 * len(name)
    return parts


def _panel(left: int, heading: str, rows: Sequence[Sequence[float]]) -> list[str]:
    most = max(max(row) for row in rows)
    parts = [
        f'<text x="{left}" y="72" font-weight="bold">{escape(heading)}</text>',
        f'<line x1="{left}" y1="{TOP}" x2="{left}" y2="{TOP + len(rows) * ROW}"/>',
    ]
    for index, row in enumerate(rows):
        top = TOP + index * ROW + (ROW - len(row) * (BAR + 1)) / 2
        for number, value in enumerate(row):
            y = top + number * (BAR + 1)
            length = max(1.0, WIDTH * value / most)
            parts.append(
                f'<rect x="{left}" y="{y:g}" width="{length:.1f}" height="{BAR}" '
                f'fill="{COLOURS[number]}"/>'
            )
            parts.append(
                f'<text x="{left + length + 4:.1f}" y="{y + BAR - 1.5:g}" font-size="10">'
                f"{value:.3g}</text>"
            )
    return parts
