"""What the command line says where Gameball cannot be reached."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import anyio
import pytest
from anyio.from_thread import start_blocking_portal
from attrs import evolve

from benchmarks.virtual import run_virtual
from gameball_async.cli import checking, display
from gameball_async.cli.checking import FirstCheck
from gameball_async.cli.live import Reaching
from gameball_async.client import lifecycle
from gameball_async.limits.retry import Patience
from gameball_async.observe.events import ConnectionRestored, ConnectionTrouble
from tests.cli.cli_desk import Run, Serve
from tests.cli.test_cli_display import PROGRESS
from tests.http.fault_servers import PAGE, answering, certified, page, refused, self_signed

Customers = Callable[..., Path]
TROUBLE = ConnectionTrouble("api.example", "connection refused (ECONNREFUSED)", 15.0)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAMEBALL_API_KEY", "k")
    monkeypatch.setenv("GAMEBALL_SECRET_KEY", "s")


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, keys: None) -> Iterator[str]:
    """An address where nobody listens, and a first contact that is given up after a second."""
    monkeypatch.setattr(lifecycle, "Patience", partial(Patience, first_contact=1.0))
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(refused()) as place:
        monkeypatch.setenv("GAMEBALL_BASE_URL", place.url)
        yield place.url.removeprefix("http://")


@pytest.mark.parametrize("command", ["status 5", "watch 5", "stop 5", "upsert --customer-id c1"])
def test_a_command_says_at_once_that_it_cannot_connect_and_at_the_end_what_to_do(
    run: Run, nowhere: str, command: str
) -> None:
    result = run(*command.split())
    assert result.exit_code == 3
    first, last = result.stderr.splitlines()
    wrong = f"gameball-async: cannot connect to {nowhere}: connection refused (ECONNREFUSED)"
    assert re.fullmatch(rf"{re.escape(wrong)}; trying for (1\.0|0\.\d) s more", first)
    assert last.startswith(f"{wrong}, tried for 1 s. Nothing was sent. What to do: check the add")
    assert "--base-url" in last


def test_an_import_says_so_while_a_large_file_is_still_checked(
    run: Run, nowhere: str, customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def for_ever(check: FirstCheck) -> None:
        await anyio.sleep_forever()

    monkeypatch.setattr(FirstCheck, "_look", for_ever)
    monkeypatch.setattr(checking, "REACH_AFTER", 0.0)
    result = run("import", "customers", customers(3))
    assert result.exit_code == 3
    said = result.stderr.splitlines()
    assert any(f"cannot connect to {nowhere}: connection refused" in line for line in said)
    assert "tried for 1 s. Nothing was sent" in result.stderr


def test_an_import_says_so_too_sends_nothing_and_can_be_taken_up(
    run: Run, nowhere: str, customers: Customers
) -> None:
    result = run("import", "customers", customers(3), "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["unsent"] == 3
    assert f"cannot connect to {nowhere}" in result.stderr.splitlines()[0]
    assert "gameball-async resume" in result.stderr


def test_an_import_to_a_wrong_address_is_made_again_as_it_says(
    run: Run, nowhere: str, customers: Customers, serve: Serve, tmp_path: Path
) -> None:
    path = customers(3)
    result = run("import", "customers", path)
    assert result.exit_code == 3
    assert "with the right --base-url and a new --journal FILE" in result.stderr.splitlines()[-1]
    sandbox = serve()
    again = run("import", "customers", path, f"--journal={tmp_path / 'new'}")
    assert again.exit_code == 0, again.stderr
    assert sandbox.counts["submit"] == 1


@pytest.mark.parametrize("kind", ["customers", "balance-adjustments"])
def test_an_import_that_met_a_login_page_is_taken_up_as_it_says(
    run: Run, serve: Serve, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch, keys: None
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("customerId,amount\nc1,5\n" if kind != "customers" else "customerId\nc1\n")
    login = answering(page("200 OK", PAGE))()
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(login) as place:
        monkeypatch.setenv("GAMEBALL_BASE_URL", place.url)
        result = run("import", kind, path)
    assert result.exit_code == 3
    assert "a web page (HTTP 200)" in result.stderr
    assert f"gameball-async resume {path}.gbjournal" in result.stderr
    sandbox = serve(port=int(place.url.rpartition(":")[2]), api_key="k", secret_key="s")
    again = run("resume", f"{path}.gbjournal", "--json")
    found = json.loads(again.stdout)
    if kind == "customers":
        assert (again.exit_code, found["succeeded"]) == (0, 1)
    else:  # the page may have been the answer of one who passed it on: it is not sent again
        assert (again.exit_code, found["indeterminate"]) == (1, 1)
    assert sandbox.counts["submit"] == (kind == "customers")


def test_a_certificate_is_refused_with_one_line(run: Run, keys: None, customers: Customers) -> None:
    server = certified(self_signed)()
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(server) as place:
        result = run("status", "5", "--base-url", place.url)
    assert result.exit_code == 3
    (line,) = result.stderr.splitlines()
    assert "self-signed certificate" in line and "SSL_CERT_FILE" in line


def test_the_live_block_and_the_log_count_down_and_do_not_wait_for_an_answer() -> None:
    said: list[str] = []
    still = evolve(PROGRESS, stalled_for=30.0, jobs={})

    async def main() -> None:
        reaching = Reaching(said.append)
        reaching(TROUBLE)
        await anyio.sleep(2)
        words = reaching.words
        assert words is not None and words.endswith("(ECONNREFUSED); trying for 13 s more")
        assert display.remarks(still, 1.0, words) == [words]
        assert words in display.plain_line(still, 1.0, words)
        reaching(ConnectionRestored("api.example", 34.0))
        assert reaching.words is None

    run_virtual(main)
    assert said == [
        "cannot connect to api.example: connection refused (ECONNREFUSED); trying for 15 s more",
        "connected to api.example again after 34 s",
    ]
