"""
The page in headless Chromium, on a phone and a desk, light and dark, and on paper.

Each test keeps its pictures in its folder: ``pytest --basetemp=pictures tests/web/test_web_report.py``.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.past_run import HOSTILE, NIGHT, Past
from gameball_async.cli.page.figures import figures_of
from gameball_async.cli.page.render import page_of
from gameball_async.journal.journal import read_journal
from gameball_async.rows.outcome import Reason
from tests.web.looks import CONTRASTS, SCHEMES, WIDE, WIDTHS, emulate, whole_picture
from tests.web.web_page import chromium


def several(row: int) -> Reason:
    return [
        Reason("no such customer", 7000),
        Reason("busy", 2001),
        Reason(f"Customer customer-{row:07} has too few points", 9008),
    ][row % 3]


RUNS = {
    "good": Past(chunks=70),
    "mixed": Past(
        chunks=70, failed=3, rejected=12, in_doubt=(12, 40), killed_after=30, why=several
    ),
    "left": Past(chunks=120, failed=1, left_after=90),
    "hostile": Past(
        chunks=8,
        failed=5,
        in_doubt=(2,),
        name=f"/x/{HOSTILE.replace('/', '')}{'long' * 40}.csv",
        key=lambda row: f"{HOSTILE}{row}",
        why=lambda row: Reason(HOSTILE + "x" * 200),
    ),
}

OPEN = "document.querySelectorAll('details').forEach(each => each.open = true)"
SMALL = """
return [...document.querySelectorAll('figure svg text')].map(
  text => text.getBoundingClientRect().height);
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One Chromium for all tests of this file."""
    folder = tmp_path_factory.mktemp("chromium")
    with chromium(folder, "--hide-scrollbars", logs=("browser", "performance")) as driver:
        yield driver


class Shown:
    """A page in the browser, as wide and as dark as it is looked at."""

    def __init__(self, browser: Any, page: Path) -> None:
        self.browser = browser
        self.page = page

    def look(self, width: int, scheme: str) -> None:
        """Open it anew."""
        emulate(self.browser, width, scheme)
        self.browser.get(self.page.as_uri())

    def picture(self, name: str, width: int) -> None:
        """Keep a picture of all of it."""
        whole_picture(self.browser, width, str(self.page.with_name(f"{name}.png")))

    def run(self, script: str) -> Any:
        return self.browser.execute_script(script)

    def print(self) -> bytes:
        """The page on paper, as PDF."""
        from selenium.common.exceptions import WebDriverException

        for again in (True, True, False):
            try:
                return base64.b64decode(
                    self._command("Page.printToPDF", printBackground=True)["data"]
                )
            except WebDriverException as error:
                # Chromium's print service, a process of its own, did not start in time: seen once
                # on a busy machine with a page that printed before and after.
                if not again or "Printing failed" not in str(error):
                    raise
                self.browser.get(self.page.as_uri())
        raise AssertionError

    def requests(self) -> list[str]:
        """What was asked for since the last look, other than the page itself."""
        events = [
            json.loads(entry["message"])["message"] for entry in self.browser.get_log("performance")
        ]
        asked = [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
            and event["params"]["documentURL"] == self.page.as_uri()
        ]
        assert self.page.as_uri() in asked
        return [url for url in asked if url != self.page.as_uri()]

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.browser.get_log("browser")]

    def _command(self, name: str, **values: Any) -> Any:
        return self.browser.execute_cdp_cmd(name, values)


@pytest.fixture(params=RUNS)
def shown(request: pytest.FixtureRequest, browser: Any, tmp_path: Path) -> Shown:
    """Each of the runs, as its page."""
    journal = RUNS[request.param].write(tmp_path / "run.gbjournal")
    page = tmp_path / f"{request.param}.html"
    figures = figures_of(
        read_journal(journal), "run.gbjournal", show_keys=request.param == "hostile"
    )
    page.write_text(page_of(figures, NIGHT + 7_200), encoding="utf-8")
    return Shown(browser, page)


def test_it_fits_can_be_read_and_asks_nobody_at_any_width_in_light_and_dark(shown: Shown) -> None:
    for scheme in SCHEMES:
        for width in WIDTHS:
            shown.look(width, scheme)
            shown.run(OPEN)
            assert shown.run(WIDE) == []
            poor = [each for each in shown.run(CONTRASTS) if each[0] < 4.5]
            assert not poor, (scheme, width, poor)
            assert min(shown.run(SMALL), default=99) >= 10
            shown.run(OPEN.replace("true", "false"))
            shown.picture(f"{shown.page.stem}-{scheme}-{width}", width)
            assert shown.requests() == []
            assert shown.complaints() == []


def test_the_two_schemes_differ_and_charts_follow(shown: Shown) -> None:
    colours = {}
    for scheme in SCHEMES:
        shown.look(1200, scheme)
        colours[scheme] = shown.run(
            "return [...document.querySelectorAll('body, figure svg [style*=accent]')].map(each => {"
            "const {fill, stroke, backgroundColor} = getComputedStyle(each);"
            "return [fill, stroke, backgroundColor].join()})"
        )
    pairs = list(zip(colours["light"], colours["dark"], strict=True))
    assert len(pairs) > 3
    assert all(light != dark for light, dark in pairs)


def test_it_can_be_printed(shown: Shown) -> None:
    shown.look(1200, "dark")
    paper = shown.print()
    shown.page.with_name("paper.pdf").write_bytes(paper)
    assert paper.startswith(b"%PDF")
    shown._command("Emulation.setEmulatedMedia", media="print")
    try:
        background, ink, details = shown.run(
            "const body = getComputedStyle(document.body); const more = document.querySelector('details');"
            "return [body.backgroundColor, body.color, more && getComputedStyle(more).display]"
        )
    finally:
        shown._command("Emulation.setEmulatedMedia", media="")
    assert (background, ink) == ("rgb(255, 255, 255)", "rgb(0, 0, 0)")
    assert details in (None, "none")


def test_a_screen_reader_is_told_what_each_part_is(shown: Shown) -> None:
    shown.look(1200, "light")
    shown.run(OPEN)
    for chart in shown.browser.find_elements("css selector", "figure svg"):
        assert chart.aria_role in ("img", "image")
        assert chart.accessible_name
    for table in shown.browser.find_elements("css selector", "table"):
        assert table.aria_role == "table"
        assert table.accessible_name
    for section in shown.browser.find_elements("css selector", "section"):
        assert section.aria_role == "region"
        assert section.accessible_name
    assert shown.browser.find_element("css selector", "main").aria_role == "main"
