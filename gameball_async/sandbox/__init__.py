"""
A Gameball to test against, offline: an independent reading of the batch API.

::

    async with Sandbox(seed=7) as sandbox:
        sandbox.faults.reset_after_commit(on="submit", times=1)
        ...
        assert sandbox.ledger.times("orders")["order-1"] == 1

It imports nothing of the client's: a field misread by both would hide itself.
"""

from .faults import Fault, Faults
from .jobs import Job
from .ledger import Applied, Ledger
from .messages import Ending, Reason, Reply, Request, Seen
from .options import Constant, LogNormal, Options, ServiceTime, Workers
from .scenario import Scenario, ScenarioError
from .server import Sandbox
from .service import Service
from .serving import serve
from .threaded import SandboxThread
from .windows import DEFAULT_LIMITS, Windows

__all__ = [
    "DEFAULT_LIMITS",
    "Applied",
    "Constant",
    "Ending",
    "Fault",
    "Faults",
    "Job",
    "Ledger",
    "LogNormal",
    "Options",
    "Reason",
    "Reply",
    "Request",
    "Sandbox",
    "SandboxThread",
    "Scenario",
    "ScenarioError",
    "Seen",
    "Service",
    "ServiceTime",
    "Windows",
    "Workers",
    "serve",
]
