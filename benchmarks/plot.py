"""Draws bars and lines as SVG by hand: readable on light and on dark ground, without a library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import log10

__all__ = ["bars", "lines"]

COLOURS = ("#1f6fb4", "#c2571a", "#2e8b57", "#8e5bb5", "#a08a1f", "#888888")
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
    parts = [*_head(title, width, height), *_legend(series)]
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


def lines(
    title: str, across: str, up: str, series: Mapping[str, Sequence[tuple[float, float]]]
) -> str:
    """
    An SVG of lines over two axes, both logarithmic.

    Args:
        title: above all.
        across: what the first numbers are.
        up: what the second are.
        series: at most six, by name: pairs of positive numbers.
    """
    points = [point for line in series.values() for point in line]
    left, right = (f(log10(x) for x, _ in points) for f in (min, max))
    low, high = (f(log10(y) for _, y in points) for f in (min, max))

    def at(x: float, y: float) -> tuple[float, float]:
        return 70 + 600 * (x - left) / (right - left), 400 - 330 * (y - low) / (high - low)

    parts = [*_head(title, 1010, 460), *_legend(list(series))]
    for exponent in range(-3, 5):
        if left <= exponent <= right:
            x, _ = at(exponent, low)
            parts.append(f'<line x1="{x:.1f}" y1="70" x2="{x:.1f}" y2="400" stroke-width="0.5"/>')
            parts.append(
                f'<text x="{x:.1f}" y="418" text-anchor="middle">{10.0**exponent:g}</text>'
            )
        if low <= exponent <= high:
            _, y = at(left, exponent)
            parts.append(f'<line x1="70" y1="{y:.1f}" x2="670" y2="{y:.1f}" stroke-width="0.5"/>')
            parts.append(
                f'<text x="62" y="{y + 4:.1f}" text-anchor="end">{10.0**exponent:g}</text>'
            )
    for line, colour in zip(series.values(), COLOURS, strict=False):
        path = " ".join("{:.1f},{:.1f}".format(*at(log10(x), log10(y))) for x, y in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
    parts.append(f'<text x="370" y="446" text-anchor="middle">{escape(across)}</text>')
    parts.append(f'<text x="70" y="64">{escape(up)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _head(title: str, width: float, height: float) -> list[str]:
    return [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'font-family="sans-serif" font-size="13" role="img" aria-label="{escape(title)}">'
        ),
        (
            "<style>text{fill:#222}line{stroke:#999}"
            "@media(prefers-color-scheme:dark){text{fill:#ddd}line{stroke:#777}}</style>"
        ),
        f'<text x="8" y="22" font-size="16" font-weight="bold">{escape(title)}</text>',
    ]
