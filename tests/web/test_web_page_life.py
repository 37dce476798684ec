"""The page of the web examples through stops, restarts, retries and many tabs, in a real browser."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from gameball_async.sandbox import Constant, Workers
from tests.web.conftest import Show, Times
from tests.web.web_desk import SOON, customers


def test_a_page_that_is_open_while_the_server_is_away_says_so_and_goes_on_by_itself(
    page: Show, tmp_path: Path, times: Times
) -> None:
    shown, server, sandbox = page(service_time=Workers(1, 1.0))
    path = tmp_path / "customers.csv"
    path.write_bytes(customers(6000))
    shown.send(path)
    shown.until(lambda: "1,000" in shown.text("counts"))
    assert server.stop() < SOON
    shown.until(lambda: shown.text("away").startswith("The server is away."))
    told = re.search(r"away\. ([\d,]+) rows are still at Gameball", shown.text("away"))
    assert told is not None, shown.text("away")
    assert 0 < int(told[1].replace(",", "")) <= 5000
    assert shown.bar() < 1
    assert shown.text("result") == ""  # neither running nor finished
    assert not shown.part("stop").is_enabled()
    server.start()
    shown.until(lambda: shown.text("result") == "Finished. 6,000 of 6,000 rows succeeded.")
    assert shown.text("away") == ""
    assert set(times(sandbox, "customers").values()) == {1}


def test_a_proxy_that_answers_while_the_server_is_away_does_not_end_the_page(page: Show) -> None:
    """A stream that is refused with 503 is given up by the browser: the page asks until it is not."""
    shown, server, _ = page(service_time=Constant(3.0))
    shown.send("customerId\nc1\n")
    shown.until(lambda: shown.text("result") == "Running.")
    server.stop()
    with refusing(server.port):
        shown.until(lambda: shown.text("away").startswith("The server is away. 1 row is still"))
        time.sleep(4)  # the browser comes back after three seconds, and the page after two more
        assert shown.part("import").is_displayed()
    server.start()
    shown.until(lambda: shown.text("result") == "Finished. 1 of 1 row succeeded.")
    assert shown.text("away") == ""


@contextmanager
def refusing(port: int) -> Iterator[None]:
    """A server that is unavailable."""

    class Unavailable(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(503)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", port), Unavailable) as proxy:
        thread = Thread(target=proxy.serve_forever)
        thread.start()
        try:
            yield
        finally:
            proxy.shutdown()
            thread.join(10)


def test_a_page_without_locks_asks_from_the_first_tab_on(page: Show) -> None:
    """Over plain HTTP from another machine, a page cannot know how many streams its browser has."""
    shown, _, _ = page(service_time=Constant(1.0))
    script = {"source": "Object.defineProperty(navigator, 'locks', { value: undefined })"}
    added = shown.browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", script)
    try:
        shown.browser.refresh()
        shown.send("customerId\nc1\n")
        shown.until(lambda: shown.text("result") == "Finished. 1 of 1 row succeeded.")
    finally:
        shown.browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)
    assert asked(shown.browser)


def asked(browser: Any) -> bool:
    """Whether the page in this tab has asked for the jobs, as one without a stream does."""
    script = "return performance.getEntriesByType('resource').some(e => e.name.endsWith('/jobs'))"
    return bool(browser.execute_script(script))


def test_after_a_restart_all_jobs_and_the_rows_that_did_not_succeed_are_there_again(
    page: Show, tmp_path: Path
) -> None:
    shown, server, _ = page(
        service_time=Workers(1, 0.8),
        fail_if=lambda _, item: item["customerId"] == "000007" and "no",
    )
    path = tmp_path / "customers.csv"
    path.write_bytes(b"customerId,email\n,nobody@example.com\n" + customers(4000)[17:])
    shown.send(path)
    shown.until(lambda: len(shown.lines("problems")) == 2)
    shown.until(lambda: "completed" in shown.text("moves"))
    problems = set(shown.lines("problems"))
    server.process.kill()
    server.process.wait(10)
    server.start()
    shown.browser.get("about:blank")
    shown.browser.get(shown.address)
    shown.open_first()
    shown.until(lambda: len(shown.lines("moves")) == 4)
    shown.until(lambda: set(shown.lines("problems")) == problems)
    shown.until(lambda: shown.text("result") == "Finished. 3,999 of 4,001 rows succeeded.")
    finished = sorted(re.sub("ended|completed", "done", line) for line in shown.lines("moves"))
    server.stop()
    server.start()
    shown.browser.refresh()  # it has ended, and its journal is not opened again
    shown.until(lambda: shown.text("result") == "Finished. 3,999 of 4,001 rows succeeded.")
    again = sorted(re.sub("ended|completed", "done", line) for line in shown.lines("moves"))
    assert again == finished
    assert set(shown.lines("problems")) == problems


def test_an_import_is_stopped_stays_so_over_a_restart_and_goes_on_at_a_click(
    page: Show, tmp_path: Path, times: Times
) -> None:
    shown, server, sandbox = page(service_time=Workers(1, 0.5))
    sandbox.faults.delay(
        4, on="submit", times=1000
    )  # there is a rest to stop, however late the click
    path = tmp_path / "customers.csv"
    path.write_bytes(customers(40_000))
    shown.send(path)
    shown.until(lambda: shown.part("stop").is_displayed() and shown.bar() > 0)
    shown.part("stop").click()
    sandbox.faults.clear()
    shown.until(lambda: shown.text("result").startswith("Stopped. Nothing more is sent."))
    assert "at Gameball" in shown.text("there")
    assert shown.bar() < 1
    server.stop()
    server.start()
    shown.browser.refresh()
    shown.until(lambda: shown.text("result").startswith("Stopped. Nothing more is sent."))
    shown.part("resume").click()
    shown.until(lambda: shown.text("result").startswith("Running."))
    shown.until(lambda: shown.text("result") == "Finished. 40,000 of 40,000 rows succeeded.")
    assert Counter(times(sandbox, "customers").values()) == {1: 40_000}


def test_rows_that_gameball_refused_are_sent_again_once_and_the_rest_can_be_downloaded(
    page: Show, tmp_path: Path, times: Times
) -> None:
    refused = Counter[str]()

    def refusal(_: str, item: Any) -> str | None:
        refused[item["customerId"]] += 1
        fails = item["customerId"] == "c2" or refused[item["customerId"]] == 1
        return "try later" if item["customerId"] != "c1" and fails else None

    shown, _, sandbox = page(fail_if=refusal)
    shown.send(
        "customerId,email\nc1,a@example.com\nc2,b@example.com\nc3,c@example.com\n,d@example.com\n"
    )
    shown.until(lambda: shown.text("result") == "Finished. 1 of 4 rows succeeded.")
    assert shown.lines("reasons") == ["2 failed: try later", "1 rejected: customerId: is missing"]
    assert shown.text("retry") == "Send 2 rows again"
    shown.part("retry").click()
    shown.until(lambda: shown.text("result") == "Finished. 1 of 2 rows succeeded.")
    assert "rows sent again" in shown.text("about")
    rejects = _downloaded(shown.browser)
    assert [line.partition(",failed")[0].partition(",rejected")[0] for line in rejects] == [
        "customerId,email,outcome,code,reason,line", "c2,b@example.com", ",d@example.com",
    ]  # fmt: skip
    shown.part("linked").click()
    shown.until(lambda: shown.text("result") == "Finished. 1 of 4 rows succeeded.")
    assert not shown.part("retry").is_displayed()  # they were sent again already
    assert len(shown.browser.find_elements("css selector", "#list li")) == 2
    assert list(times(sandbox, "customers").values()) == [1, 1]


def _downloaded(browser: Any) -> list[str]:
    """The lines behind the link to the rows that did not succeed."""
    text: str = browser.execute_async_script(
        "fetch(document.getElementById('download').href).then(a => a.text()).then(arguments[0])"
    )
    return text.splitlines()


def test_imports_are_listed_with_how_they_ended_and_lead_to_their_page(page: Show) -> None:
    shown, _, _ = page(fail_if=lambda _, item: item["customerId"] == "bad" and "no")
    shown.until(lambda: shown.text("none") == "None yet.")
    shown.send("customerId\nc1\nbad\n")
    shown.until(lambda: shown.text("result").startswith("Finished."))
    shown.send("customerId,amount\nc1,5\n", "balance-adjustments")
    shown.until(lambda: "Balance" in shown.text("about") and "Finished" in shown.text("result"))
    shown.until(lambda: "finished" in shown.lines("list")[1])

    def listed() -> bool:  # the list is made anew now and then
        entries = shown.browser.find_elements("css selector", "#list li")
        newest = entries[0].find_element("tag name", "a").get_attribute("aria-current")
        return (
            ["balance-adjustments" in entry.text for entry in entries] == [True, False]
            and newest == "true"
            and "1 did not succeed" in entries[1].text
        )

    def opened() -> bool:
        entries = shown.browser.find_elements("css selector", "#list li")
        entries[1].find_element("tag name", "a").click()
        return True

    shown.until(listed)
    shown.until(opened)
    shown.until(lambda: shown.text("result") == "Finished. 1 of 2 rows succeeded.")


def test_eight_tabs_on_one_server_all_see_it_run_and_end(page: Show) -> None:
    """A browser opens six connections to a server: five tabs have a stream, the others ask."""
    shown, _, _ = page(service_time=Constant(12.0))
    shown.send("customerId\nc1\n")
    shown.until(lambda: shown.text("result") == "Running.")
    address = shown.browser.current_url
    tabs = [shown.browser.current_window_handle]
    for _ in range(7):
        tabs.append(shown.tab(address))
        shown.until(lambda: shown.text("result") == "Running.")  # not only when others have ended
    kinds = Counter[bool]()
    for tab in tabs:
        shown.browser.switch_to.window(tab)
        shown.until(lambda: shown.text("result") == "Finished. 1 of 1 row succeeded.")
        shown.until(lambda: "completed" in shown.text("moves"))
        kinds[asked(shown.browser)] += 1
    assert kinds == {False: 5, True: 3}
