"""The commands that talk to nobody: validate, sandbox, help; and what is missing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from gameball_async import __version__
from tests.cli.cli_desk import ROOT, Run, start_process

DATA = ROOT.parent / "shared" / "data"
Customers = Callable[..., Path]


def test_validate_reports_every_fault_with_line_and_field(run: Run, customers: Customers) -> None:
    path = customers(2, ",b@example.com,31/12/2024", "00009,c@example.com,2024-01-01")
    result = run("validate", "customers", path)
    assert result.exit_code == 1
    *faults, last = result.stdout.splitlines()
    assert sorted(fault.removeprefix(str(path)).split(": ")[:2] for fault in faults) == [
        [":4", "customerAttributes.joinDate"],
        [":4", "customerId"],
    ]
    assert "4 rows read" in last
    assert "3 valid, 1 with 2 faults. Nothing was sent." in last


def test_validate_as_json_is_one_object(run: Run, customers: Customers) -> None:
    result = run("validate", "customers", customers(2, ",,"), "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert list(found) == [
        "kind", "faults", "rows", "sound", "faulty", "skipped", "seconds", "complete",
        "warnings", "amounts",
    ]  # fmt: skip
    assert (found["rows"], found["sound"], found["faulty"]) == (3, 2, 1)
    assert found["faults"][0]["line"] == 4
    assert set(found["faults"][0]) == {"line", "field", "reason"}


def test_validate_ends_with_0_for_a_sound_file_and_needs_no_key(
    run: Run, customers: Customers
) -> None:
    result = run("validate", "customers", customers(2))
    assert result.exit_code == 0
    assert "no fault found" in result.stdout


def test_validate_ends_with_2_where_reading_ends_and_still_tells_what_it_saw(
    run: Run, customers: Customers
) -> None:
    path = customers(1, ",x@example.com,", '"never closed')
    result = run("validate", "customers", path)
    assert result.exit_code == 2
    assert ":3: customerId: " in result.stdout
    assert "line 4" in result.stderr
    assert json.loads(run("validate", "customers", path, "--json").stdout)["complete"] is False


def test_validate_reads_json_lines(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"customerId": 7}\n', encoding="utf-8")
    assert run("validate", "customers", path).exit_code == 1
    assert run("validate", "customers", path, "--ids-from-numbers").exit_code == 0


@pytest.mark.skipif(not DATA.is_dir(), reason="the real data are not beside the repository")
def test_the_faults_of_the_real_messy_file_are_found_on_their_lines(run: Run) -> None:
    result = run("validate", "customers", DATA / "messy_customers.csv", "--json")
    lines = {fault["line"] for fault in json.loads(result.stdout)["faults"]}
    # id-missing, date-impossible, amount-nan, columns-extra, line-comment
    assert {11, 233, 593, 813, 938} <= lines


def test_the_sandbox_prints_what_a_shell_needs_then_a_log(run: Run) -> None:
    process = start_process(["sandbox", "--seed=3", "--no-limits"])
    assert process.stdout is not None
    lines = [process.stdout.readline().strip() for _ in range(3)]
    names = [line.removeprefix("export ").partition("=")[0] for line in lines]
    assert names == ["GAMEBALL_BASE_URL", "GAMEBALL_API_KEY", "GAMEBALL_SECRET_KEY"]
    url = lines[0].partition("=")[2]
    with pytest.raises(HTTPError) as caught:
        urlopen(f"{url}/api/v4.0/integrations/batch/7")  # noqa: S310 - loopback
    caught.value.close()
    port = url.rpartition(":")[2]
    taken = run("sandbox", f"--port={port}")
    assert taken.exit_code == 2
    assert "choose another --port" in taken.stderr
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "GET  /api/v4.0/integrations/batch/7  401" in err
    assert "Traceback" not in err


def test_the_sandbox_refuses_settings_without_sense(run: Run) -> None:
    for option in (["--latency", "2", "1"], ["--fail-rate=2"], ["--limits=none"], ["--port=-1"]):
        assert run("sandbox", *option).exit_code == 2


def test_help_names_the_variables_and_the_exit_codes(run: Run) -> None:
    text = " ".join(run("--help").stdout.split())
    for part in ("GAMEBALL_API_KEY", "GAMEBALL_SECRET_KEY", "130 interrupted", "never from arg"):
        assert part in text
    assert run("--version").stdout.strip().endswith(__version__)
    for command in ("import", "status", "watch", "stop", "upsert"):
        text = run(command, "--help").stdout
        for option in ("--sandbox", "--base-url", "--api-version", "--quota", "--json"):
            assert option in text
        assert "-key" not in text


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_the_extra_it_says_how_to_get_it(missing: str) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from gameball_async.__main__ import main\nmain()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert result.stderr == (
        f"gameball-async: the command line needs {missing}: pip install 'gameball_async[cli]', "
        "or uvx --from 'gameball_async[cli]' gameball-async, or pipx install 'gameball_async[cli]'\n"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"customerId\n\xff\n", False), (b"", False), (b'customerId\na\n"b\n', True)],
)
def test_validate_of_an_unreadable_file_does_not_say_that_no_fault_was_found(
    run: Run, tmp_path: Path, content: bytes, said: bool
) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    result = run("validate", "customers", path)
    assert result.exit_code == 2
    assert "no fault found" not in result.output
    assert ("the rest of the file cannot be read" in result.stdout) == said
    assert "no fault found" not in run("validate", "customers", tmp_path / "none.csv").output


def test_validate_reads_standard_input(run: Run) -> None:
    result = run("validate", "customers", "-", "--format=csv", input="customerId\na\n\u200b\n")
    assert result.exit_code == 1
    assert result.stdout.startswith("standard input:3: customerId")
    refused = run("validate", "customers", "-", input="customerId\na\n")
    assert refused.exit_code == 2
    assert "--format csv or --format jsonl" in refused.stderr
