"""Ctrl-C and SIGTERM, with real signals to real processes."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gameball_async.sandbox import Constant
from tests.cli.cli_desk import Run, Serve, start_process

SIGNALS = [signal.SIGINT, signal.SIGTERM]


def points(tmp_path: Path, rows: int) -> Path:
    """A file of balance adjustments: what must never be applied twice."""
    path = tmp_path / "points.csv"
    lines = [f"c{n},{n}" for n in range(1, rows + 1)]
    path.write_text("\n".join(["customerId,amount", *lines]) + "\n", encoding="utf-8")
    return path


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    deadline = time.monotonic() + 60
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert true()


def end(process: subprocess.Popen[str], number: int) -> tuple[str, str, float]:
    """Send a signal; gives both outputs and how long the process took to end."""
    began = time.monotonic()
    os.kill(process.pid, number)
    out, err = process.communicate(timeout=60)
    return out, err, time.monotonic() - began


def command_in(err: str) -> list[str]:
    """The command that a message names for going on, without the program's name."""
    return shlex.split(err.split("resume with `")[1].split("`")[0])[1:]


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.long
def test_a_first_signal_waits_for_answers_sends_nothing_more_and_names_the_command_to_go_on(
    run: Run, serve: Serve, tmp_path: Path, number: int
) -> None:
    sandbox = serve(service_time=Constant(4, queue=0))
    sandbox.faults.delay(0.5, on="submit", times=None)
    path = points(tmp_path, 6_000)
    process = start_process(["import", "balance-adjustments", path, "--concurrency=2", "--json"])
    wait_until(lambda: sandbox.counts["submit"] >= 3)
    out, err, _ = end(process, number)
    assert process.returncode == 130
    sent = sandbox.counts["submit"]
    assert (
        sent == 3
    )  # the first alone, then two at once; whose answers were not lost: their jobs are known
    found = json.loads(out)
    assert found["jobs"] == sent
    assert found["pending"] == 1_000 * sent  # nobody waited for the jobs
    assert found["indeterminate"] == 0
    assert found["unsent"] == found["rows"] - found["pending"]
    assert "interrupted: 3 jobs are still open at Gameball: 123456, 123457, 123458" in err
    sandbox.faults.clear()
    result = run(*command_in(err), "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["succeeded"] == 6_000
    assert sandbox.counts["submit"] == 6


@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_leaves_at_once_and_the_run_can_still_be_resumed(
    run: Run, serve: Serve, customers: Callable[..., Path], number: int
) -> None:
    sandbox = serve(service_time=Constant(0.1, queue=0))
    sandbox.faults.delay(60, on="submit", times=2)
    path = customers(3_000)
    process = start_process(["import", "customers", path])
    wait_until(lambda: sandbox.counts["submit"] >= 2)
    os.kill(process.pid, number)
    time.sleep(0.5)  # time for the first to be heard
    assert process.poll() is None
    _, err, seconds = end(process, number)
    assert process.returncode == 130
    assert seconds < 30  # of the 60 that the answers take
    assert "exited at once" in err
    assert "Traceback" not in err
    result = run(*command_in(err), "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["succeeded"] == 3_000


def test_open_jobs_are_stopped_where_that_is_asked_for(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    sandbox = serve(service_time=Constant(600, queue=0))
    path = points(tmp_path, 2_000)
    process = start_process(["import", "balance-adjustments", path, "--on-cancel=stop"])
    wait_until(lambda: sandbox.counts["poll"] >= 2)
    _, err, seconds = end(process, signal.SIGINT)
    assert process.returncode == 130
    assert seconds < 30  # of the 600 that the jobs take
    assert "Gameball was asked to stop 2 jobs: 123456, 123457" in err
    assert sandbox.counts["stop"] == 2
    command = command_in(err)
    assert command[-2:] == ["--on-cancel", "stop"]
    result = run(*command, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["rows"] == 2_000
    assert sandbox.counts["submit"] == 2


def test_a_run_without_a_journal_is_interrupted_without_a_word_on_resuming(
    serve: Serve, customers: Callable[..., Path]
) -> None:
    sandbox = serve(service_time=Constant(600, queue=0))
    process = start_process(["import", "customers", customers(10), "--no-journal"])
    wait_until(lambda: sandbox.counts["poll"] >= 1)
    _, err, _ = end(process, signal.SIGINT)
    assert process.returncode == 130
    assert "resume" not in err
