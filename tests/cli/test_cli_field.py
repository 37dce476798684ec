"""Files as people have them, each an instance of a kind, given to the command line as they are."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from gameball_async import Customer
from tests.cli.cli_desk import Run, Serve

FIELD = Path(__file__).parents[1] / "field"


@pytest.mark.parametrize(
    ("name", "options", "sent", "said"),
    [
        ("array.json", [], [{"customerId": "c1"}, {"customerId": "c2"}], ""),
        (
            "plain.csv.gz",
            [],
            [
                {"customerId": "c1", "email": "a@example.com"},
                {"customerId": "c2", "email": "b@example.com"},
            ],
            "",
        ),
        (
            "semicolon_decimal_comma.csv",
            [],
            [
                {
                    "customerId": "c1",
                    "email": "a@example.com",
                    "customerAttributes": {"totalSpent": 1234.5},
                },
                {
                    "customerId": "c2",
                    "email": "b@example.com",
                    "customerAttributes": {"totalSpent": 7.25},
                },
            ],
            "read with semicolons between the columns",
        ),
        (
            "windows1252.csv",
            ["--encoding", "windows-1252"],
            [
                {"customerId": "c1", "customerAttributes": {"firstName": "José"}},
                {"customerId": "c2", "customerAttributes": {"firstName": "Zoë"}},
            ],
            "",
        ),
    ],
)
def test_a_file_as_people_have_it_is_read_and_what_was_assumed_is_said(
    run: Run, serve: Serve, tmp_path: Path, name: str, options: list[str], sent: Any, said: str
) -> None:
    sandbox = serve()
    path = Path(shutil.copy(FIELD / name, tmp_path / name))
    result = run("import", "customers", path, *options)
    assert result.exit_code == 0, result.output
    assert said in result.stderr
    items = [item for job in sandbox.jobs.values() for item in job.items()]
    assert json.loads(json.dumps(items)) == sent


def test_an_encoding_is_never_guessed(run: Run, tmp_path: Path) -> None:
    path = Path(shutil.copy(FIELD / "windows1252.csv", tmp_path / "people.csv"))
    result = run("validate", "customers", path)
    assert result.exit_code == 2 and "Pass --encoding windows-1252" in result.stderr


def test_a_model_shows_what_would_be_cleared() -> None:
    assert (
        repr(Customer(customer_id="c1", email=None)) == "<Customer with customer_id, email (null)>"
    )
    assert repr(Customer(customer_id="c1")) == "<Customer with customer_id>"
