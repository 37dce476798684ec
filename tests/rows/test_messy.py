"""
What becomes of each of 71 defects that real exports have: rejected with its line and a reason, or
accepted, and why.

The table below is checked against a file made here and, where they are present, against the real
files that it describes.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from gameball_async.api.kinds import KINDS
from gameball_async.errors import InputError
from gameball_async.rows.check import preparer
from gameball_async.rows.files import open_rows
from gameball_async.rows.row import BadRow, Prepared

SHARED = Path(os.environ.get("GAMEBALL_SHARED", Path(__file__).parents[3] / "shared"))
DATA = SHARED / "data"
HEADER = (
    "customerId,displayName,email,mobile,joinDate,totalSpent,totalOrders,avgOrderAmount,"
    "lastOrderDate"
)
SOUND = dict(
    zip(HEADER.split(","), ["", "", "", "", "1997-01-02", "12.50", "1", "12.50", "1997-01-02"],
        strict=True)
)  # fmt: skip


@frozen
class Rejected:
    """The row is not sent; its reason begins so, at this field."""

    raw: str | dict[str, str]
    field: str
    reason: str


@frozen
class Accepted:
    """The row is sent; this is on the wire at this field, for this reason."""

    raw: str | dict[str, str]
    field: str
    wire: Any
    why: str


def amount(cell: str, reason: str) -> Rejected:
    return Rejected({"totalSpent": cell}, "customerAttributes.totalSpent", reason)


def joined(cell: str, reason: str) -> Rejected:
    return Rejected({"joinDate": cell}, "customerAttributes.joinDate", reason)


def count(cell: str, reason: str) -> Rejected:
    return Rejected({"totalOrders": cell}, "customerAttributes.totalOrders", reason)


def named(name: str) -> Accepted:
    why = "a name is its owner's: any text is sent as it stands"
    return Accepted({"displayName": name}, "customerAttributes.displayName", name, why)


SERVER = "what is plausible is for the server to judge; only types, formats and limits are ours"
FORM = "how the file is written, not what it says"
TWICE = "no row is taken for a duplicate: each is sent, in the order of the file"
NO_LIMIT = "ids are free text without a documented limit, and never part of a URL here"

DEFECTS: dict[str, Rejected | Accepted] = {
    "file-bom": Accepted({}, "customerId", ..., FORM),
    "file-crlf": Accepted({}, "customerId", ..., FORM),
    "id-missing": Rejected({"customerId": ""}, "customerId", "is missing"),
    "id-blank": Rejected({"customerId": "   "}, "customerId", "is blank"),
    "id-padded": Rejected(
        {"customerId": " 00050 "}, "customerId", "starts or ends with white space"
    ),
    "id-zeros-lost": Accepted({"customerId": "70"}, "customerId", "70", "nothing shows the loss"),
    "id-float": Rejected({"customerId": "90.0"}, "customerId", "looks like an id that a spread"),
    "dup-exact": Accepted({"customerId": "00010"}, "customerId", ..., TWICE),
    "dup-conflict": Accepted({"customerId": "00010"}, "customerId", ..., TWICE),
    "id-path": Accepted({"customerId": "1/../o?x=1#y"}, "customerId", ..., NO_LIMIT),
    "id-long": Accepted({"customerId": "1" * 300}, "customerId", ..., NO_LIMIT),
    "id-unicode": Accepted({"customerId": "1-é😀"}, "customerId", ..., NO_LIMIT),
    "id-nbsp": Rejected(
        {"customerId": "00210\xa0"}, "customerId", "starts or ends with white space"
    ),
    "date-impossible": joined("1997-02-30", "is not a day that exists"),
    "date-dmy": joined("13/01/1997", "is not an ISO 8601 day"),
    "date-mdy2": joined("01/13/97", "is not an ISO 8601 day"),
    "date-compact": joined("19970113", "is a number, as spreadsheets"),
    "date-text": joined("not-a-date", "is not an ISO 8601 day"),
    "date-zero": joined("0000-00-00", "is not a day that exists"),
    "date-missing": Accepted(
        {"joinDate": ""}, "customerAttributes.joinDate", None, "an empty cell is no field"
    ),
    "date-epoch-ms": joined("853113600000", "is a number, as spreadsheets"),
    "date-excel": joined("35443", "is a number, as spreadsheets"),
    "date-offset": Accepted(
        {"joinDate": "1997-01-13T23:30:00-05:00"},
        "customerAttributes.joinDate",
        "1997-01-14T04:30:00Z",
        "an offset says which instant is meant",
    ),
    "date-naive": joined("1997-01-13 23:30:00", "is not an ISO 8601 day"),
    "date-future": Accepted(
        {"joinDate": "2997-01-13"}, "customerAttributes.joinDate", "2997-01-13", SERVER
    ),
    "date-order": Accepted(
        {"lastOrderDate": "1996-12-31"}, "customerAttributes.lastOrderDate", "1996-12-31", SERVER
    ),
    "date-leap-second": Rejected(
        {"lastOrderDate": "1998-12-31T23:59:60Z"},
        "customerAttributes.lastOrderDate",
        "is a leap second",
    ),
    "amount-negative": Accepted(
        {"totalSpent": "-12.00"}, "customerAttributes.totalSpent", -12.0, SERVER
    ),
    "amount-thousands": amount("1,234.50", "is not a plain number"),
    "amount-comma": amount("12,50", "is not a plain number"),
    "amount-currency": amount("$12.00", "is not a plain number"),
    "amount-nan": amount("NaN", "is not a finite number"),
    "amount-inf": amount("Infinity", "is not a finite number"),
    "amount-exponent": Accepted(
        {"totalSpent": "1e3"}, "customerAttributes.totalSpent", 1000.0, "JSON writes numbers so too"
    ),
    "amount-missing": Accepted(
        {"totalSpent": ""}, "customerAttributes.totalSpent", None, "an empty cell is no field"
    ),
    "amount-huge": Accepted(
        {"totalSpent": "99999999999999999999.99"},
        "customerAttributes.totalSpent",
        "99999999999999999999.99",
        "it is sent digit by digit",
    ),
    "amount-accounting": amount("(12.00)", "is not a plain number"),
    "amount-arabic-digits": amount("١٢.٥٠", "is not a plain number"),
    "count-fraction": count("1.5", "must be a whole number"),
    "count-negative": count("-1", "is out of range: 0 or more"),
    "count-text": count("one", "is not a plain number"),
    "avg-inconsistent": Accepted(
        {"avgOrderAmount": "999.99"}, "customerAttributes.avgOrderAmount", 999.99, SERVER
    ),
    "columns-extra": Rejected("1,,,,,,,,,surplus", "", "has 10 cells, but the header has 9"),
    "columns-short": Rejected("1,,,,,,5", "", "has 7 cells, but the header has 9"),
    "row-commas": Rejected(",,,,,,,,", "", "is blank"),
    "line-empty": Accepted("", "", None, "an empty line is no record, and is in no count"),
    "line-blank": Rejected("   ", "", "is blank"),
    "header-again": Rejected(HEADER, "", "repeats the header"),
    "line-comment": Rejected("# exported 1998-07-01", "", "looks like a comment"),
    "name-arabic": named("محمد علي"),
    "name-nfc": named("Jos\xe9 N\xfa\xf1ez"),
    "name-nfd": named("Jose\u0301 Nu\u0301n\u0303ez"),
    "name-cjk": named("山田太郎"),
    "name-emoji": named("Fam 👨\u200d👩\u200d👧"),
    "name-turkish": named("İşıl Iğır"),
    "name-line-separator": named("Ann\u2028Lee\x85Ray"),
    "name-bidi": named("A\u200bnn\u202eeel"),
    "name-control": named("Ann\x01\tLee"),
    "name-formula": named("=1+1"),
    "name-markup": named("<b>\"A\" & 'B'</b>"),
    "name-newline-lf": named("Ann\nLee"),
    "name-newline-crlf": named("Ann\r\nLee"),
    "name-comma-quote": named('O"Brien, Anne'),
    "quote-stray": Accepted(
        '01150,Anne "Nan" Lee,,,,,,,',
        "customerAttributes.displayName",
        'Anne "Nan" Lee',
        "a quote within an unquoted cell is a quote",
    ),
    "name-10000": named("N" * 10_000),
    "email-invalid": Accepted({"email": "not-an-email"}, "email", "not-an-email", SERVER),
    "email-idn": Accepted({"email": "josé@exämple.example"}, "email", ..., SERVER),
    "mobile-format": Accepted({"mobile": "00 1 (202) 555-0147 ext. 9"}, "mobile", ..., SERVER),
    "eol-lf": Accepted({}, "customerId", ..., FORM),
    "dup-far": Accepted({"customerId": "00010"}, "customerId", ..., TWICE),
    "file-no-final-eol": Accepted({}, "customerId", ..., FORM),
}


def prepared_rows(path: Path) -> Iterator[Prepared | BadRow]:
    prepare = preparer(KINDS["customers"])
    with open_rows(path, "customers") as rows:
        for row in rows:
            yield row if isinstance(row, BadRow) else prepare(row.position, row.value)


def at(payload: bytes, field: str) -> Any:
    value = json.loads(payload, parse_float=lambda text: text if len(text) > 15 else float(text))
    for name in field.split("."):
        value = value.get(name)
    return value


def check(code: str, row: Prepared | BadRow | None) -> None:
    expected = DEFECTS[code]
    if isinstance(expected, Rejected):
        assert isinstance(row, BadRow)
        (fault,) = row.faults
        assert fault.field == expected.field
        assert fault.reason.startswith(expected.reason)
    elif code == "line-empty":
        assert row is None
    else:
        assert isinstance(row, Prepared), row
        if expected.wire is not ...:
            assert at(row.payload, expected.field) == expected.wire


def made_file(path: Path) -> dict[str, int]:
    """A file with every defect, and the line of each."""
    lines = {"file-bom": 2, "file-crlf": 2}
    text = f"\ufeff{HEADER}\r\n"
    for number, (code, defect) in enumerate(DEFECTS.items()):
        lines.setdefault(code, text.count("\n") + 1)
        if isinstance(defect.raw, str):
            text += defect.raw + "\r\n"
            continue
        out = io.StringIO()
        cells = {**SOUND, "customerId": f"{number:05d}", **defect.raw}
        csv.writer(out, lineterminator="\n" if code == "eol-lf" else "\r\n").writerow(
            cells.values()
        )
        text += out.getvalue()
    path.write_bytes(text.removesuffix("\r\n").encode())
    return lines


def test_the_table_has_all_seventy_one_defects() -> None:
    assert len(DEFECTS) == 71


def test_every_defect_is_rejected_with_its_line_and_reason_or_accepted_as_said(
    tmp_path: Path,
) -> None:
    path = tmp_path / "messy.csv"
    lines = made_file(path)
    rows = {row.position: row for row in prepared_rows(path)}
    for code, line in lines.items():
        check(code, rows.get(line))
    assert len(rows) == len(DEFECTS) - 1  # all but the empty line


needs_data = pytest.mark.skipif(not DATA.exists(), reason="the real data is not here")


@needs_data
def test_every_defect_of_the_real_file_ends_as_the_table_says() -> None:
    rows = {row.position: row for row in prepared_rows(DATA / "messy_customers.csv")}
    with (DATA / "messy_defects.csv").open(newline="") as file:
        defects = list(csv.DictReader(file))
    assert [each["code"] for each in defects] == [*DEFECTS]
    for each in defects:
        row = rows.get(2 if each["line"] in ("1", "all") else int(each["line"]))
        if isinstance(DEFECTS[each["code"]], Rejected) or each["code"] == "line-empty":
            check(each["code"], row)
        else:  # the cells of the real file have values of their own
            assert isinstance(row, Prepared)


@needs_data
def test_every_sound_row_of_the_real_file_is_ready_and_the_counts_add_up() -> None:
    rows = list(prepared_rows(DATA / "messy_customers.csv"))
    bad = [row for row in rows if isinstance(row, BadRow)]
    assert len(rows) == 1207  # 1,208 records, one of which is the empty line
    assert len(bad) == sum(isinstance(each, Rejected) for each in DEFECTS.values())
    real = {
        row.payload for row in prepared_rows(DATA / "customers.csv") if isinstance(row, Prepared)
    }
    assert len(real) == 23_570
    assert sum(isinstance(row, Prepared) and row.payload in real for row in rows) == 1143


@needs_data
def test_the_real_orders_are_all_ready_and_no_two_are_the_same() -> None:
    prepare = preparer(KINDS["orders"])
    with open_rows(DATA / "orders.csv", "orders") as rows:
        assert "quantity" in rows.warnings[0]
        made = [prepare(row.position, row.value) for row in rows if not isinstance(row, BadRow)]
    assert all(isinstance(row, Prepared) for row in made)
    assert len({row.item_id for row in made if isinstance(row, Prepared)}) == 69_659
    paid = sum(json.loads(row.payload)["totalPaid"] for row in made if isinstance(row, Prepared))
    assert round(paid, 2) == 2_500_315.63


WHOLE_FILES = {
    "latin1": (f"{HEADER}\r\n1,,,,,,,,\r\n2,José,,,,,,,\r\n".encode("cp1252"), 3, "is not UTF-8"),
    "unterminated_quote": (f'{HEADER}\n1,,,,,,,,\n2,,,,,,,,\n3,",,,,,,,\n'.encode(), 4, "a quote"),
    "huge_field": (
        f"{HEADER}\n1,,,,,,,,\n2,,,,,,,,\n3,{'x' * 131_073},,,,,,,\n".encode(),
        4,
        "longer than 131,072 characters",
    ),
    "header_clash": (b"CustomerID,email,email,join date\n1,,,\n", 1, "rename it to 'customerId'"),
    "header_only": (HEADER.encode() + b"\n", None, "has no rows"),
    "empty": (b"", 1, "is empty"),
}


@pytest.mark.parametrize("name", WHOLE_FILES)
def test_a_file_that_is_broken_as_a_whole_ends_with_the_line_and_the_cure(
    tmp_path: Path, name: str
) -> None:
    content, line, reason = WHOLE_FILES[name]
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    paths = [path]
    if DATA.exists():
        paths.append(DATA / f"messy_{name}.csv")
    for each in paths:
        with pytest.raises(InputError, match=reason) as error:
            list(prepared_rows(each))
        assert error.value.line == line
