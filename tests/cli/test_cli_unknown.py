"""Fields under the wrong name, words that mean nothing, and rewritten phone numbers, from the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gameball_async.sandbox import Sandbox
from tests.cli.cli_desk import Run, Serve


def items(sandbox: Sandbox) -> list[Any]:
    return [item for job in sandbox.jobs.values() for item in job.items()]


def test_misplaced_fields_are_named_at_once_and_in_the_account(
    run: Run, serve: Serve, field: Callable[[str], Path]
) -> None:
    sandbox = serve()
    result = run("import", "customers", field("misplaced_fields.jsonl"))
    assert result.exit_code == 0, result.output
    said = "customers have a field that Gameball does not know and ignores: firstName; did you mean customerAttributes.firstName?"
    assert said in result.stderr
    assert (
        "firstName (did you mean customerAttributes.firstName?) in 1 row, Email (did you mean email?)"
        in result.stdout
    )
    assert items(sandbox)[1] == {"customerId": "c2", "customerAttributes": {"city": "Lyon"}}


def test_misplaced_fields_are_in_the_json_and_refused_on_request(
    run: Run, serve: Serve, field: Callable[[str], Path]
) -> None:
    serve()
    path = field("misplaced_fields.jsonl")
    result = run("import", "customers", path, "--unknown", "error", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["rejected"] == 2
    result = run("import", "customers", path, "--json", "--no-journal")
    assert json.loads(result.stdout)["unknown_fields"] == [
        {"name": "firstName", "meant": "customerAttributes.firstName", "rows": 1, "sent": True},
        {"name": "Email", "meant": "email", "rows": 1, "sent": True},
    ]


def test_unknown_columns_of_csv_are_left_out_and_named(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    serve()
    path = tmp_path / "people.csv"
    path.write_text("customerId,emial,shoe\nc1,a@example.com,42\n")
    result = run("import", "customers", path, "--json")
    assert json.loads(result.stdout)["unknown_fields"] == [
        {"name": "emial", "meant": "email", "rows": 1, "sent": False},
        {"name": "shoe", "meant": None, "rows": 1, "sent": False},
    ]
    assert "emial (did you mean email?), shoe (--unknown custom)" in result.stderr
    result = run("import", "customers", path, "--unknown", "error", "--no-journal")
    assert result.exit_code == 2
    assert "column 'emial' is not known to the API: did you mean 'email'?" in result.stderr
    assert "column 'shoe' is not known to the API: remove it" in result.stderr


def test_a_header_is_judged_as_a_whole_once(run: Run, serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("customerId,E-Mail,First Name,zip\nc1,a@example.com,Ann,1\n")
    result = run("validate", "customers", path)
    assert result.exit_code == 2
    assert "'E-Mail' is not known: rename it to 'email'" in result.stderr
    assert "'First Name' is not known: rename it to 'firstName'" in result.stderr


def test_words_that_mean_nothing_are_named_and_left_out_on_request(
    run: Run, serve: Serve, field: Callable[[str], Path]
) -> None:
    sandbox = serve()
    path = field("null_markers.csv")
    result = run("import", "customers", path)
    assert (
        "in 2 cells of email, 2 cells of firstName, 1 cell of mobile, and are sent as text"
        in result.stdout
    )
    words = [word for each in ("NULL", "\\N", "N/A", "nan", "None") for word in ("--null", each)]
    result = run("import", "customers", path, "--no-journal", *words)
    assert result.exit_code == 0 and "are sent as text" not in result.output
    assert items(sandbox)[-2:] == [{"customerId": "c1"}, {"customerId": "c2"}]


def test_empty_cells_clear_a_field_on_request(run: Run, serve: Serve, tmp_path: Path) -> None:
    sandbox = serve(accept_null=True)
    path = tmp_path / "people.csv"
    path.write_text("customerId,email,firstName\nc1,,Ann\n")
    assert run("import", "customers", path, "--empty", "null").exit_code == 0
    assert items(sandbox) == [
        {"customerId": "c1", "email": None, "customerAttributes": {"firstName": "Ann"}}
    ]


def test_a_phone_number_that_a_spreadsheet_has_rewritten_is_rejected(
    run: Run, field: Callable[[str], Path]
) -> None:
    result = run("validate", "customers", field("phone_in_scientific.csv"))
    assert result.exit_code == 1
    assert "2: mobile: looks like a number that a spreadsheet has rewritten" in result.stdout
    assert "1 with 1 fault" in result.stdout
