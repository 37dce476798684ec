"""The page of the web examples in a real browser: headless Chromium, driven through ChromeDriver."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gameball_async.sandbox import Constant, Workers
from tests.web.conftest import Serve, Times
from tests.web.looks import CONTRASTS, SCHEMES, WIDE, WIDTHS, emulate, whole_picture
from tests.web.web_desk import Server, customers, need

WITHIN = 30
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-dev-shm-usage
--disable-background-networking --disable-component-update --disable-sync --window-size=900,1000"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One Chromium for all tests of this file."""
    need(modules=("selenium",), commands=("chromium", "chromedriver"))
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in FLAGS.split():
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = Service(shutil.which("chromedriver"), env={**os.environ, "SE_OFFLINE": "true"})
    driver = webdriver.Chrome(options, service)
    try:
        yield driver
    finally:
        driver.quit()


class Page:
    """The page as somebody sees it."""

    def __init__(self, browser: Any, server: Server, pictures: Path) -> None:
        self.browser = browser
        self.address = f"http://127.0.0.1:{server.port}/"
        self._pictures = pictures
        browser.get(self.address)

    def part(self, name: str) -> Any:
        """The element with that id."""
        return self.browser.find_element("id", name)

    def text(self, name: str) -> str:
        """What that element shows."""
        text: str = self.part(name).text
        return text

    def bar(self) -> float:
        """How full the progress bar is."""
        return float(self.part("bar").get_property("value"))

    def until(self, what: Callable[[], bool]) -> None:
        """Wait until something is seen."""
        from selenium.webdriver.support.wait import WebDriverWait

        try:
            WebDriverWait(self.browser, WITHIN, 0.05).until(lambda _: what())
        except BaseException as error:
            error.add_note(f"the page looked like {self.picture('late')}")
            raise

    def picture(self, name: str) -> str:
        """Keep a picture of the page; gives where."""
        path = self._pictures / f"{name}.png"
        self.browser.save_screenshot(str(path))
        return str(path)

    def complaints(self) -> list[str]:
        """What the browser's console says."""
        return [entry["message"] for entry in self.browser.get_log("browser")]


@pytest.fixture
def page(browser: Any, serve: Serve, tmp_path: Path) -> Callable[..., tuple[Page, Server, Any]]:
    """Opens the page of a server that is started with the sandbox's options."""

    def show(**options: Any) -> tuple[Page, Server, Any]:
        server, sandbox = serve(**options)
        return Page(browser, server, tmp_path), server, sandbox

    return show


Show = Callable[..., tuple[Page, Server, Any]]


def test_rows_that_are_typed_in_are_imported_and_the_bar_gets_full(page: Show) -> None:
    shown, _, sandbox = page(fail_if=lambda _, item: item["customerId"] == "c2" and "<b>no</b>")
    assert not shown.part("import").is_displayed()
    shown.part("rows").send_keys("customerId,email\nc1,a@example.com\nc2,b@example.com\n,c@d.ef\n")
    shown.part("go").click()
    shown.until(lambda: shown.text("result").startswith("Finished."))
    shown.picture("typed")
    assert shown.bar() == 1
    assert shown.text("percent") == "100 %"
    assert shown.text("result") == "Finished. Of 3 rows: 1 succeeded, 1 failed, 1 rejected."
    assert shown.text("jobs") == "Jobs: 1 completed"
    assert shown.text("problems").splitlines() == [
        "line 4, rejected: customerId: is missing",
        "line 3, failed: <b>no</b>",  # as text: nothing that a server says is taken for HTML
    ]
    assert "2 rows: completed" in shown.text("moves")
    assert sandbox.counts["submit"] == 1
    assert shown.complaints() == []


def test_a_file_is_imported_while_the_bar_fills_and_another_tab_sees_it_too(
    page: Show, tmp_path: Path, times: Times
) -> None:
    shown, _, sandbox = page(service_time=Workers(1, 0.25))
    path = tmp_path / "customers.csv"
    path.write_bytes(customers(5000))
    shown.part("file").send_keys(str(path))
    shown.part("go").click()
    shown.until(lambda: 0 < shown.bar() < 1)
    shown.picture("filling")
    first = shown.browser.current_window_handle
    address = shown.browser.current_url
    shown.browser.switch_to.new_window("tab")
    shown.browser.get(address)
    shown.until(lambda: shown.bar() > 0)
    shown.browser.close()  # in the middle: it costs the other nothing
    shown.browser.switch_to.window(first)
    shown.until(lambda: shown.bar() == 1)
    shown.until(lambda: shown.text("result") == "Finished. Of 5,000 rows: 5,000 succeeded.")
    assert set(times(sandbox, "customers").values()) == {1}
    assert shown.complaints() == []


def test_it_fits_and_can_be_read_at_any_width_in_light_and_dark(page: Show, tmp_path: Path) -> None:
    shown, _, _ = page(fail_if=lambda _, item: item["customerId"] == "c2" and "no " + "long" * 40)
    shown.part("rows").send_keys("customerId,email\nc1,a@example.com\nc2,b@example.com\n,c@d.ef\n")
    for when in ("before", "after"):
        for scheme in SCHEMES:
            for width in WIDTHS:
                emulate(shown.browser, width, scheme)
                assert shown.browser.execute_script(WIDE) == []
                contrasts = shown.browser.execute_script(CONTRASTS)
                assert [each for each in contrasts if each[0] < 4.5] == []
                whole_picture(shown.browser, width, str(tmp_path / f"{when}-{scheme}-{width}.png"))
        if when == "before":
            shown.part("go").click()
            shown.until(lambda: shown.text("result").startswith("Finished."))
    assert shown.complaints() == []


def test_a_file_that_cannot_be_used_is_refused_in_words(page: Show) -> None:
    shown, _, sandbox = page()
    shown.part("rows").send_keys("mail\na@example.com\n")
    shown.part("go").click()
    shown.until(lambda: "column customerId missing" in shown.text("alert"))
    shown.picture("refused")
    assert shown.part("go").is_enabled()
    assert not shown.part("import").is_displayed()
    shown.browser.get(f"{shown.address}#{'0' * 32}")
    shown.until(lambda: shown.text("alert") == "There is no such import.")
    assert sandbox.counts["submit"] == 0


def test_a_page_that_is_open_while_the_server_restarts_goes_on_by_itself(page: Show) -> None:
    shown, server, _ = page(service_time=Constant(2.0))
    shown.part("rows").send_keys("customerId\nc1\nc2\n")
    shown.part("go").click()
    shown.until(lambda: "queued" in shown.text("jobs") or "running" in shown.text("jobs"))
    assert server.stop() < 5
    server.start()
    shown.until(lambda: shown.text("result") == "Finished. Of 2 rows: 2 succeeded.")
    assert shown.bar() == 1


def test_the_page_can_be_used_without_seeing_it(page: Show) -> None:
    shown, _, _ = page()
    names = {
        "kind": ("combobox", "What"),
        "rows": ("textbox", "or rows, as CSV"),
        "go": ("button", "Import"),
    }
    for part, (role, name) in names.items():
        assert (shown.part(part).aria_role, shown.part(part).accessible_name) == (role, name)
    assert shown.part("file").accessible_name.startswith("A file, CSV or JSON lines")
    shown.part("rows").send_keys("customerId\nc1\n")
    shown.part("go").click()
    shown.until(lambda: shown.bar() == 1)
    bar = shown.part("bar")
    assert (bar.aria_role, bar.accessible_name) == ("progressbar", "Rows that are done")
    assert shown.part("result").get_attribute("aria-live") == "polite"
    assert shown.part("alert").aria_role == "alert"
