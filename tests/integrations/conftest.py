"""What the tests of dlt share: a Gameball, pipelines with folders of their own, and no telemetry."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gameball_async.sandbox import Constant, Sandbox, SandboxThread
from tests.web.web_desk import need

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"


@pytest.fixture(autouse=True)
def dlt_is_there() -> None:
    """These tests are skipped where dlt is not installed: it is in the extra "examples" only."""
    need(modules=("dlt", "duckdb"))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A Gameball whose jobs are done at once."""
    with SandboxThread(service_time=Constant(0)) as sandbox:
        yield sandbox


@pytest.fixture
def pipeline(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Makes a pipeline into the sandbox; takes what `gameball` takes."""
    import dlt

    from gameball_async.integrations.dlt import gameball

    monkeypatch.chdir(tmp_path)

    def make(**options: Any) -> Any:
        keys = {"api_key": sandbox.api_key, "secret_key": sandbox.secret_key}
        destination = gameball(**{**keys, "base_url": sandbox.url, **options})
        folder = str(tmp_path / "pipelines")
        return dlt.pipeline("shop", destination=destination, pipelines_dir=folder)

    return make
