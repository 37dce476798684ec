"""The example for FastAPI with a probe of its event loop that can be started and read over HTTP."""

from __future__ import annotations

import gc
from contextlib import ExitStack
from typing import Any

from attrs import asdict
from fastapi_app import app

from .loop_lag import Holds, held

__all__ = ["app"]


class Probe:
    """Measures from one request to another."""

    def __init__(self) -> None:
        self._holds = Holds()
        self._running = ExitStack()

    async def start(self, inside: bool) -> None:
        """Measure from now on: by a probe, or *inside* of the loop."""
        gc.collect()
        self._holds = Holds()
        self._running.enter_context(held(self._holds, inside=inside))

    async def read(self) -> dict[str, Any]:
        """What was measured; nothing is measured any more."""
        self._running.close()
        return asdict(self._holds)


probe = Probe()
app.add_api_route("/probe", probe.start, methods=["POST"])
app.add_api_route("/probe", probe.read, methods=["DELETE"])
