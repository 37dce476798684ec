"""
A run's charts, as SVG that stands in a page: no scripts, text that stays text, colours of the page.

Drawn with matplotlib: it is the plotting library that will still be kept in ten years, it has types, its
SVG needs nothing beside it, and its axes choose ticks that people can read. What it lacks for a page is done
here: a title and a description for who does not see it, ids of its own for each chart, and the page's
CSS variables in place of colours, so that a chart follows dark mode and print.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from ..words import count, duration
from .figures import Figures, QuotaUse
from .series import JobTimes, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it tells of its font cache

# Stand for the page's variables until the chart is drawn.
COLOURS = {
    "#010101": "var(--ink)",
    "#020202": "var(--soft)",
    "#030303": "var(--line)",
    "#040404": "var(--accent)",
    "#050505": "var(--bad)",
}
INK, SOFT, LINE, ACCENT, BAD = COLOURS

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
SETTINGS: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "gameball_async",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8.5,
    "text.color": SOFT,
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "axes.axisbelow": True,
}
FEWEST_JOBS = 10
"""Below, the numbers say more than bars."""
NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


class Chart:
    """One chart: *name* for ids, its *title*, what it shows in words, and how it is drawn."""

    def __init__(self, name: str, title: str, words: str, draw: Callable[[Axes], None]) -> None:
        self.name: str = name
        self.title: str = title
        self.words: str = words
        self.svg: str = _svg(name, title, words, draw)


def charts_of(figures: Figures) -> list[Chart]:
    """The charts for which there are numbers."""
    found = []
    if figures.series is not None:
        found += [_rows(figures.series), _requests(figures.series, figures.quota)]
    if figures.job_times is not None and figures.job_times.jobs >= FEWEST_JOBS:
        found.append(_jobs(figures.job_times))
    return found


def _rows(series: Series) -> Chart:
    times = [0.0, *(min(series.seconds, part.start + series.width) for part in series.parts)]
    succeeded = list(accumulate((part.succeeded for part in series.parts), initial=0))
    ended = list(accumulate((p.succeeded + p.others for p in series.parts), initial=0))
    others = ended[-1] - succeeded[-1]
    seen = others > 0 and others >= ended[-1] / 200  # fewer would only colour the line

    def draw(axes: Axes) -> None:
        at, unit = _scaled(times)
        axes.fill_between(at, succeeded, color=ACCENT, alpha=0.16, linewidth=0)
        axes.plot(at, succeeded, color=ACCENT, linewidth=1.6)
        if seen:
            axes.fill_between(at, succeeded, ended, color=BAD, alpha=0.25, linewidth=0)
            axes.plot(at, ended, color=BAD, linewidth=1.2, linestyle=(0, (3, 1.5)))
        _dress(axes, unit)
        _mark(axes, series.resumed, times)

    words = (
        f"After {duration(series.seconds)} of work {count(ended[-1], 'row')} had an outcome, and "
        f"{succeeded[-1]:,} had succeeded (line, filled)."
    )
    if seen:
        words += " The dashed line above it adds the rows with other outcomes."
    elif others:
        words += f" The {others:,} with other outcomes are too few to be seen."
    return Chart("rows", "Rows with an outcome", words, draw)


def _requests(series: Series, quota: QuotaUse | None) -> Chart:
    times = [*(part.start for part in series.parts), series.seconds]
    lasted = [min(series.width, series.seconds - part.start) for part in series.parts]
    rates = [  # a last part that hardly began has no rate of its own
        part.requests / max(seconds, series.width / 2)
        for part, seconds in zip(series.parts, lasted, strict=True)
    ]

    def draw(axes: Axes) -> None:
        at, unit = _scaled(times)
        axes.stairs(rates, at, color=ACCENT, linewidth=1.2, baseline=0)
        axes.stairs(rates, at, color=ACCENT, fill=True, alpha=0.16, baseline=0)
        if quota is not None:
            axes.axhline(quota.steady, color=SOFT, linewidth=1, linestyle=(0, (4, 2)))
            axes.set_ylim(0, max(*rates, quota.steady) * 1.15)
        _dress(axes, unit)
        _mark(axes, series.resumed, times)

    sent = count(sum(part.requests for part in series.parts), "request")
    words = (
        f"{sent} in {duration(series.seconds)}, spread evenly between one write of the journal and "
        "the next."
    )
    if quota is not None:
        words += (
            f" The dashed line is what the quota allows in the long run: {quota.steady:g} a second."
        )
    return Chart("requests", "Requests a second", words, draw)


def _jobs(times: JobTimes) -> Chart:
    def draw(axes: Axes) -> None:
        edges, unit = _scaled([times.bars[0][0], *(until for _, until, _ in times.bars)])
        axes.stairs([jobs for *_, jobs in times.bars], edges, color=ACCENT, fill=True, alpha=0.55)
        axes.axvline(times.median * edges[-1] / times.bars[-1][1], color=INK, linewidth=1)
        _dress(axes, unit.replace("of work", "from acceptance to the outcome"))

    words = (
        f"{count(times.jobs, 'job')}: half took at most {duration(times.median)} (the upright line), "
        f"19 of 20 at most {duration(times.p95)}, the longest {duration(times.longest)}."
    )
    return Chart("jobs", "How long jobs took", words, draw)


def _scaled(seconds: Sequence[float]) -> tuple[list[float], str]:
    """Times in the unit that suits the last of them, and its name."""
    for unit, least, name in ((3600, 3 * 3600, "hours"), (60, 180, "minutes")):
        if seconds[-1] >= least:
            return [each / unit for each in seconds], f"{name} of work"
    return list(seconds), "seconds of work"


def _mark(axes: Axes, resumed: Sequence[float], times: Sequence[float]) -> None:
    """Where another process went on."""
    scale = axes.get_xlim()[1] / times[-1] if times[-1] else 1
    for at in resumed[:20]:
        axes.axvline(at * scale, color=LINE, linewidth=1, linestyle=(0, (1, 1)))


def _dress(axes: Axes, unit: str) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.margins(x=0)
    axes.set_ylim(bottom=0)
    axes.set_xlabel(unit)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def _svg(name: str, title: str, words: str, draw: Callable[[Axes], None]) -> str:
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    out = io.StringIO()
    with rc_context(SETTINGS):
        figure = Figure(figsize=(4.0, 2.1), layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure.add_subplot())
        figure.savefig(out, format="svg", transparent=True, metadata=NO_METADATA)
    return _for_a_page(out.getvalue(), name, title, words)


def _for_a_page(drawn: str, name: str, title: str, words: str) -> str:
    """Without what a page has no use for, and with what its readers need."""
    root = ElementTree.fromstring(drawn.encode())  # noqa: S314 - our own chart
    for parent in root.iter():
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "id":
                element.set(key, f"{name}-{value}")
            elif key.endswith("href"):
                element.set(key, value.replace("#", f"#{name}-"))
            else:
                element.set(key, value.replace("url(#", f"url(#{name}-"))
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.attrib |= {"role": "img", "aria-labelledby": f"{name}-title {name}-words"}
    for tag, part, text in (("desc", "words", words), ("title", "title", title)):
        element = ElementTree.Element(f"{{{SVG}}}{tag}", {"id": f"{name}-{part}"})
        element.text = text
        root.insert(0, element)
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    text = ElementTree.tostring(root, encoding="unicode")
    for colour, variable in COLOURS.items():
        text = text.replace(colour, variable)
    return re.sub(r"font: [^;\"]*?([\d.]+)px[^;\"]*", r"font-size: \1px", text)
