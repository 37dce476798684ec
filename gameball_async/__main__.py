"""Starts the command line: ``gameball-async`` and ``python -m gameball_async``."""

from __future__ import annotations

import os
import signal
import sys
from importlib.util import find_spec

__all__ = ["main"]


def main() -> None:
    """Run the command line, or say how to install what it needs."""
    # Nothing is sent before a command has handlers of its own for these.
    signal.signal(signal.SIGINT, _leave_at_once)
    missing = [name for name in ("click", "rich") if find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"gameball-async: the command line needs {' and '.join(missing)}: "
            "pip install 'gameball_async[cli]'"
            ", or uvx --from 'gameball_async[cli]' gameball-async, or pipx install 'gameball_async[cli]'\n"
        )
        raise SystemExit(2)
    from .cli.main import cli

    cli(prog_name="gameball-async")


def _leave_at_once(number: int, frame: object) -> None:
    os.write(2, b"gameball-async: interrupted before anything was sent\n")
    os._exit(130)


if __name__ == "__main__":
    main()
