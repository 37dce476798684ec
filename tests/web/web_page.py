"""The page of the web examples as somebody sees it in a browser, and what can be done there."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.web.web_desk import Server, need

WITHIN = 60
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-dev-shm-usage
--disable-background-networking --disable-component-update --disable-sync --window-size=1200,1000"""


@contextmanager
def chromium(folder: Path, *more: str, logs: tuple[str, ...] = ("browser",)) -> Iterator[Any]:
    """A headless Chromium with a profile of its own and *more* flags, driven through ChromeDriver."""
    need(modules=("selenium",), commands=("chromium", "chromedriver"))
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*FLAGS.split(), *more):
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={folder}")
    options.set_capability("goog:loggingPrefs", dict.fromkeys(logs, "ALL"))
    downloads = {"download.default_directory": str(folder / "downloads")}
    options.add_experimental_option("prefs", downloads)
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

    def lines(self, name: str) -> list[str]:
        """The lines of a table or a list."""
        return self.text(name).splitlines()

    def bar(self) -> float:
        """How full the progress bar is."""
        return float(self.part("bar").get_property("value"))

    def send(self, rows: str | bytes | Path, kind: str = "customers") -> None:
        """Import rows: typed in, or a file."""
        self.browser.execute_script("document.getElementById('new').open = true")
        self.part("kind").find_element("css selector", f"[value={kind}]").click()
        if isinstance(rows, Path):
            self.part("file").send_keys(str(rows))
        else:
            self.part("rows").send_keys(rows)
        self.part("go").click()

    def until(self, what: Callable[[], object]) -> None:
        """Wait until something is seen."""
        from selenium.common.exceptions import StaleElementReferenceException
        from selenium.webdriver.support.wait import WebDriverWait

        late = [StaleElementReferenceException]
        try:
            WebDriverWait(self.browser, WITHIN, 0.05, late).until(lambda _: what())
        except BaseException as error:
            error.add_note(f"the page looked like {self.picture('late')}")
            raise

    def open_first(self) -> None:
        """Open the first import of the list, which is made anew now and then."""

        def opened() -> bool:
            links = self.browser.find_elements("css selector", "#list a")
            for link in links[:1]:
                link.click()
            return bool(links)

        self.until(opened)

    def tab(self, address: str) -> str:
        """Open another tab; gives its handle."""
        self.browser.switch_to.new_window("tab")
        self.browser.get(address)
        handle: str = self.browser.current_window_handle
        return handle

    def looks(self, width: int, scheme: str) -> None:
        """See the page on a screen so wide, in light or dark colours."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def usual(self) -> None:
        """See the page as it is seen by default again."""
        self.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    def picture(self, name: str) -> str:
        """Keep a picture of the whole page; gives where."""
        path = self._pictures / f"{name}.png"
        taken = self.browser.execute_cdp_cmd(
            "Page.captureScreenshot", {"captureBeyondViewport": True}
        )
        path.write_bytes(base64.b64decode(taken["data"]))
        return str(path)

    def complaints(self) -> list[str]:
        """What the browser's console says."""
        return [entry["message"] for entry in self.browser.get_log("browser")]
