"""Runs on a real terminal: what is drawn never ends them, at any width, in any state."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from gameball_async.cli import display
from gameball_async.sandbox import Constant, Reason
from tests.cli.cli_desk import ROOT, Run, Serve

Customers = Callable[..., Path]
WIDTHS = (40, 80, 200)


def on_a_terminal(args: Sequence[str | Path], width: int) -> tuple[int, str]:
    """Run the command line with its standard error on a pseudo-terminal: its exit code, what it drew."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    process = subprocess.Popen(
        [sys.executable, "-m", "gameball_async", *map(str, args)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**environment, "TERM": "xterm-256color"},
    )
    os.close(theirs)
    drawn = bytearray()

    def read() -> None:
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:  # the other end is closed
                return
            if not data:
                return
            drawn.extend(data)

    reader = threading.Thread(target=read)
    reader.start()
    process.communicate(timeout=60)
    reader.join(10)
    os.close(ours)
    return process.returncode, drawn.decode(errors="replace")


def interrupted_halfway(run: Run, serve: Serve, path: Path) -> str:
    """A run that has rows of an earlier attempt, slow jobs, and is left; gives its journal."""
    sandbox = serve(service_time=Constant(0.4, queue=0.1), fail_if=_some_fail)
    sandbox.faults.answer(401, "{}", on="submit", times=1, after=2, commit=False)
    assert run("import", "customers", path, "--concurrency=1").exit_code == 3
    return f"{path}.gbjournal"


def _some_fail(kind: str, item: object) -> Reason | None:
    return Reason(3003, "no") if "'00007'" in str(item) else None


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.long
def test_import_resume_and_retry_end_well_on_a_terminal(
    run: Run, serve: Serve, customers: Customers, width: int
) -> None:
    path = customers(3_500, "x,y,never")
    journal = interrupted_halfway(run, serve, path)
    code, drawn = on_a_terminal(["resume", journal], width)
    assert code == 1, drawn  # two rows did not succeed
    assert "Traceback" not in drawn
    assert "can no longer be shown" not in drawn
    assert "time left" in drawn or "left" in drawn
    code, drawn = on_a_terminal(["retry", journal, "--only=failed"], width)
    assert code == 1, drawn
    assert "Traceback" not in drawn
    other = customers(50, name="other.csv")
    code, drawn = on_a_terminal(["import", "customers", other], width)
    assert code == 1, drawn
    assert "Traceback" not in drawn


def test_a_display_that_fails_is_named_once_and_the_run_goes_on(
    run: Run, serve: Serve, customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(service_time=Constant(0.6, queue=0))

    def broken(*given: object, **more: object) -> object:
        raise ZeroDivisionError("secret row data")

    monkeypatch.setattr(display, "milestones", broken)
    result = run("import", "customers", customers(2_500))
    assert result.exit_code == 0, result.output
    assert result.stderr.count("can no longer be shown (ZeroDivisionError)") == 1
    assert "secret row data" not in result.output


STARTED = """
import os, signal
from gameball_async.__main__ import main

handle = signal.signal

def told(*given):
    signal.signal = handle
    handle(*given)
    os.write(1, b".")

signal.signal = told
main()
"""
"""The command line, which prints a dot as soon as it is no longer the interpreter that starts."""


@pytest.mark.parametrize("after", [0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.6])
def test_ctrl_c_while_it_starts_ends_with_130_and_no_traceback(
    serve: Serve, customers: Customers, after: float
) -> None:
    serve(service_time=Constant(60, queue=0))
    process = subprocess.Popen(
        [sys.executable, "-c", STARTED, "import", "customers", customers(10)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.read(1) == "."
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "interrupted" in err
