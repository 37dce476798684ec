"""What a mapping file says, and what becomes of a record."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from gameball_async.api.kinds import TARGETS, kind_of
from gameball_async.errors import ConfigurationError
from gameball_async.faults import Fault, Faulty, Refusal
from gameball_async.mapping.applied import applied
from gameball_async.mapping.local_times import iso_time
from gameball_async.mapping.proposal import propose
from gameball_async.mapping.rules import SHOPS, mapping_of, preset, recognised
from gameball_async.rows.mapped import mapped_layout

HEADER = ["Customer ID", "First Name", "Last Name", "Tags", "Status", "Signed up"]
RECORD = ["'7001", "Ana", "Lima", "vip, newsletter", "active", "31/12/2024"]


def one(toml: str, record: Sequence[str] = RECORD, kind: str = "customers") -> dict[str, str]:
    found = applied(mapping_of(toml, name="mapping.toml"), HEADER, kind=kind)
    return dict(zip(found.header, found.cells([record]), strict=True))


def test_a_column_is_renamed() -> None:
    assert one('[columns]\nfirstName = "First Name"') == {"firstName": "Ana"}


def test_an_apostrophe_is_taken_off() -> None:
    assert one("[columns]\ncustomerId = { from = 'Customer ID', strip = \"'\" }") == {
        "customerId": "7001"
    }


def test_two_columns_are_joined_and_an_empty_one_leaves_no_blank() -> None:
    toml = '[columns]\nname = { join = ["First Name", "Last Name"] }'
    assert one(toml) == {"name": "Ana Lima"}
    assert one(toml, ["1", "", "Lima", "", "", ""]) == {"name": "Lima"}


def test_a_list_is_split_into_its_members() -> None:
    found = one('[columns]\ntags = { from = "Tags", split = "," }')
    assert json.loads(found["tags"]) == ["vip", "newsletter"]


def test_a_value_is_replaced_in_any_case_and_others_stay() -> None:
    toml = '[columns]\nguest = { from = "Status", values = { Active = "false" } }'
    assert one(toml) == {"guest": "false"}
    assert one(toml, ["1", "", "", "", "true", ""]) == {"guest": "true"}


def test_a_constant_is_the_same_for_each_row() -> None:
    assert one('[columns]\nsource = { constant = "import" }') == {"source": "import"}


def test_the_first_column_that_is_not_empty_counts() -> None:
    toml = '[columns]\nname = { first_of = ["Status", "First Name"] }'
    assert one(toml, ["1", "Ana", "", "", " ", ""]) == {"name": "Ana"}


def test_a_day_is_read_as_it_is_written() -> None:
    assert one('[columns]\njoinDate = { from = "Signed up", date = "%d/%m/%Y" }') == {
        "joinDate": "2024-12-31"
    }


def test_a_day_that_is_none_is_a_fault_of_its_column() -> None:
    with pytest.raises(Faulty) as caught:
        one(
            '[columns]\njoinDate = { from = "Signed up", date = "%d/%m/%Y" }',
            ["1", "", "", "", "", "2024"],
        )
    assert caught.value.faults == [Fault("joinDate", "is not written as %d/%m/%Y")]


def test_own_fields_keep_their_names() -> None:
    assert one('custom = ["Status"]\n[columns]\ncustomerId = "Customer ID"') == {
        "customerId": "'7001",
        "customerAttributes.custom.Status": "active",
    }


def test_rows_are_skipped_by_a_value_any_value_and_none() -> None:
    def skips(words: str, cell: str) -> bool:
        mapping = mapping_of(
            f'[columns]\ncustomerId = "Customer ID"\n[skip]\nStatus = {words}', name="m"
        )
        return applied(mapping, HEADER, kind="customers").skips(["1", "", "", "", cell, ""])

    assert skips('["cancelled"]', " Cancelled ") and not skips('["cancelled"]', "paid")
    assert skips('["*"]', "paid") and not skips('["*"]', "")
    assert skips('[""]', "") and not skips('[""]', "paid")


def test_the_columns_that_nothing_reads_are_named() -> None:
    mapping = mapping_of('[columns]\ncustomerId = "Customer ID"', name="m")
    assert applied(mapping, HEADER, kind="customers").not_sent == tuple(HEADER[1:])


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[columns", "is not TOML"),
        ('[columns]\na = { from = "b", sprit = "x" }', "unknown key sprit"),
        ("[columns]\na = { split = ',' }", "exactly one of from, first_of, join and constant"),
        ('[columns]\na = "b"\n[coloms]\n', "unknown key coloms"),
        ('kind = "customer"\n[columns]\na = "b"', "kind 'customer' is not one of"),
        ('group_by = "a"\n[columns]\na = "b"', "group_by and [lines] belong together"),
        ("[columns]\na = 1", "a"),
        ("", "columns is missing"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_what_and_where(toml: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        mapping_of(toml, name="mapping.toml")
    assert "mapping.toml" in str(caught.value) and said in str(caught.value)


def test_a_column_that_the_file_lacks_is_refused_with_those_it_has() -> None:
    mapping = mapping_of('[columns]\ncustomerId = "Kunde"', name="m")
    with pytest.raises(Refusal, match=r"reads 'Kunde', which the header does not have.*'Tags'"):
        applied(mapping, HEADER, kind="customers")


def test_a_mapping_for_another_kind_is_refused() -> None:
    mapping = mapping_of('kind = "orders"\n[columns]\norderId = "Tags"', name="m")
    with pytest.raises(Refusal, match="is for orders, not for customers"):
        applied(mapping, HEADER, kind="customers")


def test_the_lines_of_an_order_become_its_line_items() -> None:
    mapping = mapping_of(
        'group_by = "Name"\n[columns]\norderId = "Name"\n'
        '[lines]\ntitle = "Item"\n"quantity:number" = "Qty"',
        name="m",
    )
    found = applied(mapping, ["Name", "Item", "Qty"], kind="orders")
    first, second = ["#1", "Tea", "2"], ["#1", "Cup", "1.5"]
    assert found.same_row(first, second) and not found.same_row(first, ["#2", "Tea", "1"])
    cells = dict(zip(found.header, found.cells([first, second]), strict=True))
    assert json.loads(cells["lineItems"]) == [
        {"title": "Tea", "quantity": 2},
        {"title": "Cup", "quantity": 1.5},
    ]


@pytest.mark.parametrize(
    ("cell", "form", "zone", "iso"),
    [
        ("2024-03-31 12:00:00", "", "Europe/Paris", "2024-03-31T12:00:00+02:00"),
        ("2025-10-07 09:50:26 +0200", "", "UTC", "2025-10-07T09:50:26+02:00"),
        ("2024-03-31", "", "Europe/Paris", "2024-03-31"),
        ("31.12.2024", "%d.%m.%Y", "", "2024-12-31"),
        ("Oct 7, 2025 9:50:26 PM", "%b %d, %Y %I:%M:%S %p", "UTC", "2025-10-07T21:50:26+00:00"),
        ("2024-10-27 02:30:00", "", "Europe/Paris", "2024-10-27T02:30:00+02:00"),
    ],
)
def test_a_local_time_gets_its_offset(cell: str, form: str, zone: str, iso: str) -> None:
    assert iso_time(cell, form=form, zone=zone) == iso


def test_a_time_that_the_clocks_skip_is_refused() -> None:
    with pytest.raises(Refusal, match="does not exist in Europe/Paris"):
        iso_time("2024-03-31 02:30:00", zone="Europe/Paris")


def test_a_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'Mars' is not a known time zone"):
        iso_time("2024-03-31 02:30:00", zone="Mars")


def test_a_shop_is_recognised_by_its_header() -> None:
    assert recognised(["Name", "Financial Status", "Lineitem name", "Email"], "orders") == "shopify"
    assert recognised(HEADER, "customers") is None


def test_a_preset_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(
        ConfigurationError, match=r"no preset for cashback from shopify.*magento \(orders\)"
    ):
        preset("shopify", "cashback")


def test_a_mapping_is_proposed_by_names_synonyms_and_near_spelling() -> None:
    known = ["customerId", "email", "mobile", "firstName", "zip"]
    header = ["Client ID", "E-Mail", "Phone", "Frist Name", "Zip Code", "Colour"]
    found = propose(header, kind="customers", known=known, required=["customerId"])
    assert found.columns == {
        "customerId": "Client ID",
        "email": "E-Mail",
        "mobile": "Phone",
        "firstName": "Frist Name",
        "zip": "Zip Code",
    }
    assert found.guessed == ("firstName",) and found.left == ("Colour",) and not found.missing


def test_a_proposal_is_a_mapping_file_that_can_be_used() -> None:
    found = propose(
        ["ID", 'A "b"'],
        kind="orders",
        known=["orderId", "totalPaid"],
        required=["orderId", "totalPaid"],
    )
    text = found.as_toml()
    assert mapping_of(text, name="m").columns["orderId"].source == "ID"
    assert "# totalPaid = ...  # required" in text and '#   "A \\"b\\""' in text


def test_the_mapping_files_of_the_guide_can_be_used() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "mapping.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        found = mapping_of(block, name="the guide")
        applied(found, sorted(found.sources), kind=found.kind)


PRESETS = [(shop, kind) for shop in SHOPS[:3] for kind in ("customers", "orders")]


@pytest.mark.parametrize(("shop", "kind"), PRESETS)
def test_each_preset_makes_columns_that_gameball_knows(shop: str, kind: str) -> None:
    mapping = preset(shop, kind)
    assert set(mapping.recognised_by) <= mapping.sources | {
        "ID",
        "Web Site",
        "Accepts Email Marketing",
    }
    mapped_layout(
        mapping, kind_of(kind), sorted({*mapping.sources, *mapping.recognised_by}), zone="UTC"
    )


@pytest.mark.parametrize("program", SHOPS[3:])
def test_each_preset_of_a_loyalty_program_makes_targets_and_is_never_guessed(program: str) -> None:
    mapping = preset(program, "balances")
    layout = mapped_layout(mapping, TARGETS, sorted(mapping.sources), zone="")
    assert set(mapping.columns) == {"customerId", "balance"}
    assert layout.header
    assert recognised(sorted(mapping.sources), "balances") is None
