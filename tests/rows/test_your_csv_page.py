"""The page about tables names every column of every kind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gameball_async.api.kinds import KINDS, Kind
from gameball_async.rows.files import FORMATS
from gameball_async.rows.kind_columns import known_columns, needed_columns

PAGE = (Path(__file__).parents[2] / "docs" / "your-csv.md").read_text(encoding="utf-8")
WHOLE = {
    "customerAttributes",
    "redemption",
    "merchant",
    "merchant.branch",
    "cashbackConfigurations",
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: str(kind.name))
def test_every_column_of_a_kind_is_on_the_page(kind: Kind) -> None:
    name = kind.name
    needed, others = re.findall(rf"^\| `{name}` \| (.*?) \| (.*?) ?\|$", PAGE, re.MULTILINE)[0]
    told = set(re.findall(r"`([\w.]+?)(?:\.…)?`", needed + others))
    known = {each.removeprefix("customerAttributes.") for each in known_columns(kind)} - WHOLE
    assert known | {"customerAttributes"} == told | {"customerAttributes"}
    assert set(needed_columns(kind)) - {"events"} <= set(re.findall(r"`(\w+)`", needed))


def test_every_form_of_file_is_on_the_page() -> None:
    for form in set(FORMATS.values()):
        assert f"`{form}`" in PAGE
