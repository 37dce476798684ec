"""The guide to the report page: its commands run, and its numbers hold."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from gameball_async.sandbox import Constant
from tests.cli.cli_desk import ROOT, Run, Serve

GUIDE = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")


def test_the_commands_of_the_guide_run(
    run: Run, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(service_time=Constant(0, queue=0))
    monkeypatch.chdir(tmp_path)
    Path("customers.csv").write_text("customerId\nc1\nc2\n")
    assert run("import", "customers", "customers.csv").exit_code == 0
    (block,) = re.findall(r"```console\n(.*?)```", GUIDE, re.DOTALL)
    for line in block.splitlines():
        result = run(*shlex.split(line)[2:])
        assert result.exit_code == 0, result.output
    assert "All 2 rows succeeded." in Path("report.html").read_text()
