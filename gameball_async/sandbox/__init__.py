"""
A Gameball to test against, offline: an independent reading of the batch API.

::

    async with Sandbox(seed=7) as sandbox:
        sandbox.faults.reset_after_commit(on="submit", times=1)
        ...
        assert sandbox.ledger.times("orders")["order-1"] == 1

It tests clients against a second, independent reading of the API, so it imports nothing of the
client. Decisions are in `service` (``handle(request, now)``) and in what it uses: calls, forms,
account, jobs, windows, faults, script. I/O is in `server`, `serving` and the reading of files in
`scenario`.
"""

from .account import Applied, Ledger
from .faults import Faults
from .jobs import Constant, Job, LogNormal, ServiceTime, Workers
from .messages import Ending, Reason, Reply, Request, Seen
from .options import Options
from .scenario import Scenario, ScenarioError
from .script import Fault
from .server import Sandbox
from .service import Service
from .serving import SandboxThread, serve
from .windows import DEFAULT_LIMITS, Windows

__all__ = [
    "DEFAULT_LIMITS", "Applied", "Constant", "Ending", "Fault", "Faults", "Job", "Ledger",
    "LogNormal", "Options", "Reason", "Reply", "Request", "Sandbox", "SandboxThread", "Scenario",
    "ScenarioError", "Seen", "Service", "ServiceTime", "Windows", "Workers", "serve",
]  # fmt: skip
