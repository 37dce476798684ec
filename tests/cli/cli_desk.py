"""What the tests of the command line call: a submission by hand, a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.request import Request, urlopen

from click.testing import Result

from gameball_async.sandbox import Sandbox

ROOT = Path(__file__).parents[2]


class Serve(Protocol):
    """Serves a sandbox on a thread of its own until the test ends."""

    def __call__(self, **options: Any) -> Sandbox: ...


class Run(Protocol):
    """Runs the command line in this process."""

    def __call__(self, *args: str | Path, input: str | None = None) -> Result: ...


def submit(sandbox: Sandbox, rows: int) -> int:
    """Submit customers by hand, and return the job's number."""
    body = json.dumps({"body": [{"customerId": f"x{n}"} for n in range(rows)]}).encode()
    headers = {
        "APIKey": sandbox.api_key,
        "SecretKey": sandbox.secret_key,
        "Content-Type": "application/json",
    }
    url = f"{sandbox.url}/api/v4.0/integrations/batch/customers"
    with urlopen(Request(url, body, headers)) as answer:  # noqa: S310 - loopback
        job_id: int = json.load(answer)["jobId"]
    return job_id


def start_process(args: Sequence[str | Path]) -> subprocess.Popen[str]:
    """Start the command line in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "gameball_async", *map(str, args)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
