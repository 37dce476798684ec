"""Where nobody looks: nothing is imported, nothing is made."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from types import FrameType
from typing import Any

import pytest

from gameball_async.client import GameballClient
from gameball_async.observe import events as values
from gameball_async.observe import hooks
from gameball_async.observe import logging as logs
from gameball_async.sandbox import Sandbox
from tests.engine_virtual import TRIP, at

ROWS = [{"customerId": f"c{n}"} for n in range(2500)]


def test_importing_and_using_the_client_imports_neither_opentelemetry_nor_log_handlers() -> None:
    script = """
import sys, anyio
from gameball_async import GameballClient
async def main():
    async with GameballClient("key", "secret", base_url="http://127.0.0.1:9"):
        pass
anyio.run(main)
odd = ("opentelemetry", "logging.handlers", "logging.config", "pythonjsonlogger")
print(sorted(name for name in sys.modules if name.startswith(odd)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, timeout=60, check=True
    )
    assert done.stdout == b"[]\n"


def called_in(files: dict[str, str], main: Any, **settings: Any) -> tuple[Counter[str], Sandbox]:
    """Which functions of *files* are called while *main* runs, and how often."""
    calls: Counter[str] = Counter()

    def profile(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_filename in files:
            calls[f"{files[frame.f_code.co_filename]}.{frame.f_code.co_name}"] += 1

    async def profiled(client: GameballClient) -> None:
        sys.setprofile(profile)
        try:
            await main(client)
        finally:
            sys.setprofile(None)

    sandbox = Sandbox(latency=TRIP)
    at(sandbox, profiled, **settings)
    return calls, sandbox


FILES = {
    str(values.__file__): "values",
    str(logs.__file__): "logs",
    str(hooks.__file__): "hooks",
}


async def bulk(client: GameballClient) -> None:
    async with client.bulk("customers", ROWS) as run:
        assert (await run.finish()).succeeded == len(ROWS)


def test_where_nobody_looks_each_place_costs_one_question_and_nothing_else() -> None:
    calls, sandbox = called_in(FILES, bulk)
    assert set(calls) == {"logs.wants"}
    # Of a request two: before its quota wait is measured, and before it is. Of a poll, as many.
    # Of a job five at most (accepted, three states, rows), of a run two.
    jobs = sandbox.counts["submit"]
    assert calls["logs.wants"] <= 2 * len(sandbox.requests) + 5 * jobs + 2


def test_no_value_is_made_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    for sort in list(vars(values).values()):
        if isinstance(sort, type) and sort.__module__ == values.__name__:
            monkeypatch.setattr(sort, "__new__", lambda cls, *_, **__: made.append(cls.__name__))
    at(Sandbox(latency=TRIP), bulk)
    assert not made


def test_the_counting_tests_can_fail() -> None:
    calls, _ = called_in(FILES, bulk, on_request=lambda what: None)
    assert calls["hooks.on_event"] > 3
    assert any(name.startswith("values.") for name in calls) or calls["hooks._call"] > 3
