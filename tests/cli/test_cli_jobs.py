"""The commands on jobs and on one customer, against a sandbox that is served."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from gameball_async.client import GameballClient
from gameball_async.sandbox import Constant
from tests.cli.cli_desk import Run, Serve, start_process, submit

QUICK = Constant(0.05, queue=0.0)
SLOW = Constant(600, queue=0.0)


def test_status_shows_each_job_in_a_table(run: Run, serve: Serve) -> None:
    sandbox = serve(service_time=SLOW)
    first, second = submit(sandbox, 3), submit(sandbox, 5)
    result = run("status", str(first), str(second), str(first))
    assert result.exit_code == 0
    head, *rows = [line.split() for line in result.stdout.splitlines()]
    assert head == ["job", "state", "operation", "created", "started", "total", "done", "failed"]
    assert [row[:2] for row in rows] == [[str(first), "running"], [str(second), "running"]]


def test_status_as_json_is_one_object(run: Run, serve: Serve) -> None:
    sandbox = serve(service_time=SLOW)
    job_id = submit(sandbox, 3)
    result = run("status", str(job_id), "--json")
    assert result.stderr == ""
    (job,) = json.loads(result.stdout)["jobs"]
    assert (job["job_id"], job["state"], job["total"]) == (job_id, "running", 3)


def test_a_job_that_gameball_does_not_know_keeps_no_other_from_being_told(
    run: Run, serve: Serve
) -> None:
    job_id = submit(serve(service_time=QUICK), 3)
    for command in ("status", "watch"):
        result = run(command, "77", str(job_id))
        assert result.exit_code == 3
        assert "does not know job 77" in result.stderr
        assert str(job_id) in result.stdout


@pytest.mark.parametrize("job_id", ["0", "x", "1.5", "../../secrets"])
def test_what_is_no_job_id_is_refused_before_it_reaches_a_url(
    run: Run, serve: Serve, job_id: str
) -> None:
    sandbox = serve()
    for command in ("status", "watch", "stop"):
        assert run(command, job_id).exit_code == 2
    assert not sandbox.requests


def test_watch_prints_each_transition_once_until_the_end(run: Run, serve: Serve) -> None:
    sandbox = serve(service_time=Constant(0.3, queue=0.0))
    job_id = submit(sandbox, 3)
    result = run("watch", str(job_id))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[-1].endswith("completed, 3 of 3 done, 0 failed")
    assert len(lines) == len(set(lines)) <= 2


def test_watch_ends_with_1_where_items_failed_and_says_all_in_json(run: Run, serve: Serve) -> None:
    sandbox = serve(service_time=QUICK, fail_if=lambda kind, item: item["customerId"] == "x1")
    job_id = submit(sandbox, 3)
    result = run("watch", str(job_id), "--json", "--progress")
    assert result.exit_code == 1
    assert result.stdout.count("\n") == 1
    (job,) = json.loads(result.stdout)["jobs"]
    assert (job["state"], job["errors"]) == ("completed", 1)


def test_watch_gives_up_at_its_deadline_and_says_that_the_job_goes_on(
    run: Run, serve: Serve
) -> None:
    job_id = submit(serve(service_time=SLOW), 3)
    result = run("watch", str(job_id), "--deadline=0.3")
    assert result.exit_code == 3
    assert f"job {job_id} did not finish within 0.3 s" in result.stderr


def test_stop_stops_and_shows_what_became_of_the_job(run: Run, serve: Serve) -> None:
    sandbox = serve(service_time=SLOW)
    job_id = submit(sandbox, 3)
    result = run("stop", str(job_id))
    assert result.exit_code == 0
    assert "stopped" in result.stdout
    assert sandbox.counts["stop"] == 1
    assert run("watch", str(job_id)).exit_code == 1


def test_jobs_need_both_keys(run: Run) -> None:
    for command in ("status", "watch", "stop"):
        result = run(command, "1")
        assert result.exit_code == 2
        assert "GAMEBALL_API_KEY and GAMEBALL_SECRET_KEY are not set" in result.stderr


def test_the_sandbox_option_works_on_every_command_that_talks(run: Run) -> None:
    for command in ("status", "watch", "stop"):
        result = run(command, "1", "--sandbox")
        assert result.exit_code == 3
        assert "does not know job 1" in result.stderr
    assert run("upsert", "--customer-id=a", "--sandbox").exit_code == 0


def test_watch_can_be_interrupted(serve: Serve) -> None:
    sandbox = serve(service_time=SLOW)
    job_id = submit(sandbox, 3)
    process = start_process(["watch", str(job_id)])
    deadline = time.monotonic() + 30
    while not sandbox.counts["poll"] and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert f"to continue: `gameball-async watch {job_id}`" in err
    assert "Traceback" not in err


# -- one customer


@pytest.fixture
def upserted(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the client was asked to upsert."""
    seen: list[object] = []
    upsert = GameballClient.upsert_customer

    async def remember(self: GameballClient, customer: object) -> int:
        seen.append(customer)
        return await upsert(self, customer)

    monkeypatch.setattr(GameballClient, "upsert_customer", remember)
    return seen


def test_upsert_takes_a_customer_from_options(
    run: Run, serve: Serve, upserted: list[object]
) -> None:
    sandbox = serve()
    args = ["--customer-id=007", "--email=a@example.com", "--mobile=+15550100", "--name=Ann [b]"]
    result = run("upsert", *args)
    assert result.exit_code == 0
    assert "Gameball's id: " in result.stdout
    assert sandbox.counts["upsert"] == 1
    assert upserted == [
        {
            "customerId": "007",
            "email": "a@example.com",
            "mobile": "+15550100",
            "customerAttributes": {"displayName": "Ann [b]"},
        }
    ]


def test_upsert_reads_a_file_or_standard_input_and_options_win(
    run: Run, serve: Serve, upserted: list[object], tmp_path: Path
) -> None:
    serve()
    path = tmp_path / "c.json"
    path.write_text('{"customerId": "a", "email": "old@example.com"}', encoding="utf-8-sig")
    result = run("upsert", path, "--email=new@example.com", "--json")
    assert result.exit_code == 0
    assert list(json.loads(result.stdout)) == ["gameball_id"]
    assert run("upsert", "-", input='{"customerId": "b"}').exit_code == 0
    assert upserted == [{"customerId": "a", "email": "new@example.com"}, {"customerId": "b"}]


def test_upsert_needs_only_the_api_key_outside_high_security(
    run: Run, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve()
    monkeypatch.delenv("GAMEBALL_SECRET_KEY")
    assert run("upsert", "--customer-id=a").exit_code == 0
    for option in ("--high-security", "--api-version=v4.1"):
        result = run("upsert", "--customer-id=a", option)
        assert result.exit_code == 2
        assert "GAMEBALL_SECRET_KEY is not set" in result.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "line 1"), ("[]", "one JSON object"), ("", "not JSON")],
)
def test_upsert_says_why_it_cannot_read_its_input(run: Run, text: str, words: str) -> None:
    result = run("upsert", "-", "--sandbox", input=text)
    assert result.exit_code == 2
    assert words in result.stderr


def test_upsert_needs_a_customer(run: Run, tmp_path: Path) -> None:
    assert run("upsert", "--sandbox").exit_code == 2
    assert run("upsert", tmp_path / "none.json", "--sandbox").exit_code == 2


def test_upsert_ends_with_1_where_the_customer_is_refused(run: Run, serve: Serve) -> None:
    sandbox = serve()
    result = run("upsert", "--customer-id= a")
    assert result.exit_code == 1
    assert "customerId" in result.stderr
    assert not sandbox.requests


def test_upsert_ends_with_3_where_nobody_answers(
    run: Run, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve()
    monkeypatch.setenv("GAMEBALL_API_KEY", "gb_test_canary")
    result = run("upsert", "--customer-id=a")
    assert result.exit_code == 3
    assert "check both keys" in result.stderr
    assert "canary" not in result.output
