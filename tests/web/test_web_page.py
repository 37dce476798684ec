"""The page of the web examples in a real browser: what it shows of an import, and how it looks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from gameball_async.sandbox import Workers
from tests.web.conftest import Show, Times
from tests.web.looks import CONTRASTS, SCHEMES, WIDE, WIDTHS, emulate, whole_picture
from tests.web.web_desk import ROOT, customers
from tests.web.web_page import Page

NOT_SENT = "Not sent, as Gameball does not know them: "


def test_rows_that_are_typed_in_are_imported_and_the_bar_gets_full(page: Show) -> None:
    shown, _, sandbox = page(fail_if=lambda _, item: item["customerId"] == "c2" and "<b>no</b>")
    assert not shown.part("import").is_displayed()
    shown.send("customerId,email\nc1,a@example.com\nc2,b@example.com\n,c@d.ef\n")
    shown.until(lambda: shown.text("result").startswith("Finished."))
    assert shown.bar() == 1
    assert shown.text("percent") == "100 %"
    assert shown.text("result") == "Finished. 1 of 3 rows succeeded."
    assert shown.lines("counts") == ["succeeded", "1", "failed", "1", "rejected", "1"]
    assert shown.lines("problems") == [
        "rejected 4 customerId: is missing",
        "failed 3 <b>no</b>",  # as text: nothing that a server says is taken for HTML
    ]
    assert [line.split(" ", 1)[1] for line in shown.lines("moves")] == ["completed 2 1 1"]
    assert sandbox.counts["submit"] == 1
    assert shown.complaints() == []


def test_a_file_is_imported_while_the_bar_fills_and_another_tab_sees_it_too(
    page: Show, tmp_path: Path, times: Times
) -> None:
    shown, _, sandbox = page(service_time=Workers(1, 0.25))
    path = tmp_path / "customers.csv"
    path.write_bytes(customers(5000))
    shown.send(path)
    shown.until(lambda: 0 < shown.bar() < 1)
    first = shown.browser.current_window_handle
    shown.tab(shown.browser.current_url)
    shown.until(lambda: shown.bar() > 0)
    shown.browser.close()  # in the middle: it costs the other nothing
    shown.browser.switch_to.window(first)
    shown.until(lambda: shown.text("result") == "Finished. 5,000 of 5,000 rows succeeded.")
    assert shown.bar() == 1
    assert shown.text("name") == "customers.csv"
    assert set(times(sandbox, "customers").values()) == {1}
    assert shown.complaints() == []


def test_the_bar_moves_while_a_single_job_is_worked_on(page: Show) -> None:
    shown, _, _ = page(service_time=Workers(1, 4.0))
    shown.browser.execute_script(
        "document.getElementById('rows').value = arguments[0]", customers(500).decode()
    )
    shown.part("go").click()
    seen = [0.0]

    def full() -> bool:
        seen.append(shown.bar())
        return seen[-1] == 1

    shown.until(full)
    assert len({share for share in seen if 0 < share < 1}) >= 2, seen


def test_reasons_have_counts_and_what_is_left_out_is_counted_too(page: Show) -> None:
    def refusal(_: str, item: Any) -> str | None:
        number = int(item["customerId"])
        return f"reason {number % 12:02}" if number < 132 else None

    shown, _, _ = page(fail_if=refusal)
    shown.browser.execute_script(
        "document.getElementById('rows').value = arguments[0]", customers(140).decode()
    )
    shown.part("go").click()
    shown.until(lambda: shown.text("result") == "Finished. 8 of 140 rows succeeded.")
    assert len(shown.lines("reasons")) == 9
    assert shown.lines("reasons")[0] == "11 failed: reason 00"
    assert shown.lines("reasons")[-1] == "44 and 4 more reasons"
    assert len(shown.lines("problems")) == 20
    assert shown.text("more") == "and 112 more"
    assert shown.part("download").is_displayed()
    assert shown.text("retry") == "Send 132 rows again"


def test_columns_that_gameball_does_not_know_are_told_before_anything_is_sent(page: Show) -> None:
    """Orders that are uploaded as customers have customer ids, and would all succeed."""
    shown, _, sandbox = page()
    shown.send(ROOT / "tests" / "data" / "orders.csv", "customers")
    shown.until(lambda: "looks like orders" in shown.text("alert"))
    assert "orderId, orderDate, totalPaid, quantity" in shown.text("alert")
    assert not shown.part("import").is_displayed()
    assert sandbox.counts["submit"] == 0
    shown.browser.refresh()
    shown.send("customerId,mail\nc1,a@example.com\n")
    shown.until(lambda: shown.part("anyway").is_displayed())
    shown.part("anyway").click()
    shown.until(lambda: shown.text("result") == "Finished. 1 of 1 row succeeded.")
    assert shown.text("unknown").startswith(NOT_SENT + "mail")


def test_fields_of_json_lines_that_gameball_ignores_are_told(page: Show, tmp_path: Path) -> None:
    shown, _, _ = page()
    path = tmp_path / "customers.jsonl"
    path.write_text('{"customerId": "c1", "e_mail": "a@example.com"}\n')
    shown.send(path)
    shown.until(lambda: shown.text("result").startswith("Finished."))
    assert "ignores these, which it does not know: e_mail (email?)." in shown.text("unknown")


def test_a_workbook_is_imported_and_one_under_another_name_is_named_as_one(
    page: Show, tmp_path: Path
) -> None:
    shown, _, sandbox = page()
    path = tmp_path / "customers.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["customerId", "email"])
        sheet.write_row(1, 0, ["c1", "a@example.com"])
    other = path.rename(tmp_path / "customers.csv")
    shown.send(other)
    shown.until(lambda: "the file is a workbook (Excel)" in shown.text("alert"))
    assert "name it .xlsx, or save it as CSV" in shown.text("alert")
    assert sandbox.counts["submit"] == 0
    shown.browser.refresh()
    shown.send(other.rename(path))
    shown.until(lambda: shown.text("result") == "Finished. 1 of 1 row succeeded.")


def test_a_file_that_cannot_be_used_is_refused_in_words(page: Show) -> None:
    shown, _, sandbox = page()
    shown.send("mail\na@example.com\n")
    shown.until(lambda: "column customerId missing" in shown.text("alert"))
    assert shown.part("go").is_enabled()
    assert not shown.part("import").is_displayed()
    shown.browser.get(f"{shown.address}#{'0' * 32}")
    shown.until(lambda: shown.text("alert") == "There is no such import.")
    assert sandbox.counts["submit"] == 0


def test_the_page_can_be_used_without_seeing_it(page: Show) -> None:
    shown, _, _ = page(fail_if=lambda *_: "no")
    names = {
        "kind": ("combobox", "What"),
        "rows": ("textbox", "or rows, as CSV"),
        "go": ("button", "Import"),
    }
    for part, (role, name) in names.items():
        assert (shown.part(part).aria_role, shown.part(part).accessible_name) == (role, name)
    assert shown.part("file").accessible_name.startswith("A file: CSV, JSON lines or Excel")
    shown.send("customerId\nc1\n")
    shown.until(lambda: shown.text("result").startswith("Finished."))
    bar = shown.part("bar")
    assert (bar.aria_role, bar.accessible_name) == ("progressbar", "Rows that are done")
    assert shown.browser.switch_to.active_element.get_attribute("id") == "import"
    assert shown.part("import").accessible_name == "rows typed in"
    assert shown.part("result").get_attribute("aria-live") == "polite"
    assert shown.part("away").aria_role == "status"
    assert shown.part("alert").aria_role == "alert"

    def all_are_named() -> bool:
        parts = shown.browser.find_elements("css selector", "button, a, input, [tabindex='0']")
        return all(each.accessible_name for each in parts if each.is_displayed())

    shown.until(all_are_named)  # the list is made anew now and then


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1200])
def test_it_fits_a_phone_and_a_desk_in_light_and_dark(page: Show, width: int, scheme: str) -> None:
    shown, server, _ = page(
        service_time=Workers(1, 1.0),
        fail_if=lambda _, item: item["customerId"].endswith("7") and "the address bounced",
    )
    try:
        shown.looks(width, scheme)
        shown.picture("empty")
        _see_a_run(shown, width)
        server.stop()
        shown.until(lambda: shown.text("away").startswith("The server is away."))
        shown.picture("away")
        server.start()
        shown.until(lambda: shown.text("result").startswith("Finished."))
        shown.picture("finished")
        _fits(shown, width)
    finally:
        shown.usual()


def _see_a_run(shown: Page, width: int) -> None:
    lines = [line + b",x" for line in customers(3000).splitlines()]
    body = b"\n".join([b"customerId,email,shoeSize", *lines[1:], b",nobody@example.com,x", b""])
    shown.browser.execute_script(
        "document.getElementById('rows').value = arguments[0]", body.decode()
    )
    shown.part("go").click()
    shown.until(lambda: shown.part("anyway").is_displayed())
    shown.picture("refused")
    _fits(shown, width)
    shown.part("anyway").click()
    shown.until(lambda: 0 < shown.bar() < 1)
    # On a phone the form has folded away; it comes back at a touch.
    assert shown.part("form").is_displayed() == (width > 900)
    shown.until(lambda: shown.part("whys").is_displayed())
    shown.picture("running")
    _fits(shown, width)


def _fits(shown: Page, width: int) -> None:
    """Nothing is wider than the screen."""
    assert shown.browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_it_fits_and_can_be_read_at_any_width_in_light_and_dark(page: Show, tmp_path: Path) -> None:
    shown, _, _ = page(fail_if=lambda _, item: item["customerId"] == "c2" and "no " + "long" * 40)
    shown.complaints()  # of pages before
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
