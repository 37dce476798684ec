"""What the tests of the command line share: a runner, small files, a sandbox that is served."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from click.testing import CliRunner, Result

from gameball_async.cli.main import cli
from gameball_async.sandbox import Sandbox
from tests.cli.cli_desk import Run, Serve


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key and no address of the machine that runs the tests."""
    for name in [name for name in os.environ if name.startswith("GAMEBALL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def run() -> Run:
    """Runs the command line in this process; neither output is a terminal."""

    def invoke(*args: str | Path, input: str | None = None) -> Result:
        result = CliRunner().invoke(cli, [str(arg) for arg in args], input=input)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Serves sandboxes; the environment points to the last of them."""
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())

        def start(**options: Any) -> Sandbox:
            async def make() -> Sandbox:
                return Sandbox(**options)

            made = portal.call(make)
            sandbox = stack.enter_context(portal.wrap_async_context_manager(made))
            monkeypatch.setenv("GAMEBALL_BASE_URL", sandbox.url)
            monkeypatch.setenv("GAMEBALL_API_KEY", sandbox.api_key)
            monkeypatch.setenv("GAMEBALL_SECRET_KEY", sandbox.secret_key)
            return sandbox

        yield start


@pytest.fixture
def customers(tmp_path: Path) -> Callable[..., Path]:
    """Writes a CSV file of so many customers, and the lines given after them."""

    def write(rows: int, *more: str, name: str = "customers.csv") -> Path:
        lines = ["customerId,email,joinDate"]
        lines += [f"{n:05},a{n}@example.com,2024-01-02" for n in range(1, rows + 1)]
        path = tmp_path / name
        path.write_text("\n".join([*lines, *more]) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def field(tmp_path: Path) -> Callable[[str], Path]:
    """Copies one of the files as people have them, by its name."""
    folder = Path(__file__).parents[1] / "field"
    return lambda name: Path(shutil.copy(folder / name, tmp_path / name))
