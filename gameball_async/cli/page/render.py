"""Writes a run's page: one file that needs no other, with Jinja2 and the charts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ... import __version__
from ...errors import ConfigurationError
from ...rows.replacing import Replacement, refuse_unfit
from ..words import clean, count, duration
from .figures import Figures

MEANS = {
    "succeeded": "Gameball applied them, or they were shown to be applied.",
    "failed": "Gameball refused them one by one.",
    "rejected": "They were never sent, or refused with their whole request.",
    "indeterminate": "In doubt: they may or may not have been applied.",
    "pending": "Their job had not ended when the run was left.",
    "unsent": "The run stopped before them.",
    "unchanged": "An earlier run had applied the same, so they were not sent.",
}


def write_page(path: str, figures: Figures, now: float) -> None:
    """
    Write the page to a file, which it replaces once it is complete.

    Args:
        path: where.
        figures: what it shows.
        now: when it is made, in seconds of the time of day.

    Raises:
        ConfigurationError: the extra ``report`` is not installed, or *path* cannot be written to.
    """
    refuse_unfit(path)
    page = page_of(figures, now)
    with Replacement(path) as file:
        file.write(page)


def page_of(figures: Figures, now: float) -> str:
    """
    The page as HTML.

    Raises:
        ConfigurationError: the extra ``report`` is not installed.
    """
    try:
        import jinja2
        import matplotlib  # noqa: F401
    except ImportError:
        raise ConfigurationError(
            "writing the page needs Jinja2 and matplotlib: pip install 'gameball_async[report]'"
        ) from None
    from .charts import charts_of

    pages = jinja2.Environment(
        loader=jinja2.PackageLoader("gameball_async.cli.page", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {
        "n": lambda number: f"{number:,}",
        "count": count,
        "duration": duration,
        "day": _day,
        "share": _share,
        "clean": clean,
    }
    return pages.get_template("page.html.j2").render(
        f=figures,
        what=f"{figures.kind.replace('-', ' ').capitalize()} from {figures.source or 'a program'}",
        verdict=verdict_of(figures),
        means=MEANS,
        charts=charts_of(figures),
        windows=_windows(figures),
        when=_when(figures),
        made=now,
        version=__version__,
    )


def verdict_of(figures: Figures) -> str:
    """The answer in one sentence."""
    ends, rows = figures.outcomes, count(figures.rows, "row")
    if figures.complete and ends["succeeded"] == figures.rows:
        return f"All {rows} succeeded." if figures.rows != 1 else "The only row succeeded."
    parts = [f"{ends['succeeded']:,} of {rows} succeeded"]
    parts += [
        f"{ends[name]:,} {word}"
        for name, word in (
            ("failed", "failed"),
            ("rejected", "were rejected" if ends["rejected"] != 1 else "was rejected"),
            ("pending", "wait for their job to end" if ends["pending"] != 1 else "waits for its job to end"),
            ("unsent", "were not sent" if ends["unsent"] != 1 else "was not sent"),
            ("unchanged", "are unchanged since an earlier run" if ends["unchanged"] != 1 else "is unchanged since an earlier run"),
        )
        if ends[name]
    ]  # fmt: skip
    doubt = ends["indeterminate"]
    are = "is" if doubt == 1 else "are"
    parts.append(f"{doubt:,} {are} in doubt" if doubt else "nothing is in doubt")
    if figures.succeeded_later:
        parts.append(f"{figures.succeeded_later:,} succeeded when sent again")
    return ("" if figures.complete else "So far ") + "; ".join(parts) + "."


def _windows(figures: Figures) -> str:
    if figures.quota is None:
        return ""
    return " and ".join(
        f"{most:,} in {seconds:g} seconds" if seconds != 1 else f"{most:,} a second"
        for most, seconds in figures.quota.windows
    )


def _day(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def _when(figures: Figures) -> str:
    """``21 September 2026, 14:13 to 15:16 UTC``."""
    if figures.began is None or figures.ended is None:
        return ""
    began, ended = (datetime.fromtimestamp(at, UTC) for at in (figures.began, figures.ended))
    if ended - began < timedelta(minutes=1):
        return _day(figures.began)
    if began.date() == ended.date():
        return f"{began.day} {began:%B %Y, %H:%M} to {ended:%H:%M} UTC"
    return f"{_day(figures.began)} to {_day(figures.ended)}"


def _share(part: int, whole: int) -> str:
    """``99.99 %``: never 0 or 100 where it is not."""
    if not whole or part in (0, whole):
        return "100\N{NO-BREAK SPACE}%" if part else "0\N{NO-BREAK SPACE}%"
    share = 100 * part / whole
    if share < 0.01:
        return "< 0.01\N{NO-BREAK SPACE}%"
    return "> 99.99\N{NO-BREAK SPACE}%" if share > 99.99 else f"{share:.2f}\N{NO-BREAK SPACE}%"
