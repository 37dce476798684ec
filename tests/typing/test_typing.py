"""The library is typed: users' code passes mypy in strict mode, and pyright."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

CODE = Path(__file__).parent / "user_code.py"


def check(*command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command, str(CODE)],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        cwd=CODE.parent.parent.parent,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(find_spec("mypy") is None, reason="mypy is of the extra `dev`")
@pytest.mark.long
def test_users_code_passes_mypy_in_strict_mode() -> None:
    check("mypy", "--strict", "--no-incremental")


@pytest.mark.skipif(find_spec("pyright") is None, reason="pyright is of the extra `dev`")
def test_users_code_passes_pyright() -> None:
    check("pyright")
