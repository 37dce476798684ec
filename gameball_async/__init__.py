"""
Async bulk client for the Gameball loyalty API.

Start with `GameballClient`. `gameball_async.sandbox` is a server to try everything against, offline;
`gameball_async.errors` draws the tree of errors.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .client import GameballClient
    from .engine.bulk import Bulk
    from .errors import (
        AnswerLostError,
        APIError,
        AuthenticationError,
        ChunkError,
        ClosedError,
        ConfigurationError,
        DeadlineError,
        ErrorObject,
        FateUnknownError,
        Fault,
        GameballError,
        InputError,
        ItemError,
        JournalError,
        NotSentError,
        RateLimitError,
        RejectedError,
        RowsError,
        ServerError,
        SharedQuotaError,
        TransportError,
        UnknownJobError,
    )
    from .model.customers import Customer, CustomerAttributes
    from .model.fields import UNSET, Unset
    from .model.jobs import Job, JobResults, JobState, JobStatus, Transition
    from .model.kinds import KINDS, Chunking, Kind, Replay
    from .model.orders import (
        Branch,
        CashbackConfigurations,
        LineItem,
        Merchant,
        Order,
        OrderRedemption,
    )
    from .model.outcomes import Outcome, Reason, RowOutcome
    from .model.points import BalanceAdjustment, BalanceInquiry, Cashback, Event, Redemption
    from .model.values import Channel
    from .pipeline.chunks import LookAhead
    from .pipeline.events import RowOutcomes, Settled, Submission, Submitted
    from .pipeline.ledger import Source
    from .pipeline.report import Progress, Report
    from .pipeline.rows import Row
    from .pipeline.seen import RequestSeen
    from .protocol.requests import Dialect
    from .schedule.budget import Quota
    from .schedule.retry import Patience

_LATER = {
    "client": "GameballClient",
    "engine.bulk": "Bulk",
    "errors": """
        AnswerLostError APIError AuthenticationError ChunkError ClosedError
        ConfigurationError DeadlineError ErrorObject FateUnknownError Fault GameballError
        InputError ItemError JournalError NotSentError RateLimitError RejectedError RowsError
        ServerError SharedQuotaError TransportError UnknownJobError
    """,
    "model.customers": "Customer CustomerAttributes",
    "model.fields": "UNSET Unset",
    "model.jobs": "Job JobResults JobState JobStatus Transition",
    "model.kinds": "Chunking KINDS Kind Replay",
    "model.orders": "Branch CashbackConfigurations LineItem Merchant Order OrderRedemption",
    "model.outcomes": "Outcome Reason RowOutcome",
    "model.points": "BalanceAdjustment BalanceInquiry Cashback Event Redemption",
    "model.values": "Channel",
    "pipeline.chunks": "LookAhead",
    "pipeline.events": "RowOutcomes Settled Submission Submitted",
    "pipeline.ledger": "Source",
    "pipeline.report": "Progress Report",
    "pipeline.rows": "Row",
    "pipeline.seen": "RequestSeen",
    "protocol.requests": "Dialect",
    "schedule.budget": "Quota",
    "schedule.retry": "Patience",
}
"""
What is imported when it is first asked for (PEP 562): the names of each module.

``from gameball_async import GameballClient`` costs what the client costs. The pytest plugin, which
everybody's test runs load, and the sandbox alone cost next to nothing.
"""

_MODULES = {name: module for module, names in _LATER.items() for name in names.split()}

__version__ = "0.1.0"

__all__ = [
    "KINDS",
    "UNSET",
    "APIError",
    "AnswerLostError",
    "AuthenticationError",
    "BalanceAdjustment",
    "BalanceInquiry",
    "Branch",
    "Bulk",
    "Cashback",
    "CashbackConfigurations",
    "Channel",
    "ChunkError",
    "Chunking",
    "ClosedError",
    "ConfigurationError",
    "Customer",
    "CustomerAttributes",
    "DeadlineError",
    "Dialect",
    "ErrorObject",
    "Event",
    "FateUnknownError",
    "Fault",
    "GameballClient",
    "GameballError",
    "InputError",
    "ItemError",
    "Job",
    "JobResults",
    "JobState",
    "JobStatus",
    "JournalError",
    "Kind",
    "LineItem",
    "LookAhead",
    "Merchant",
    "NotSentError",
    "Order",
    "OrderRedemption",
    "Outcome",
    "Patience",
    "Progress",
    "Quota",
    "RateLimitError",
    "Reason",
    "Redemption",
    "RejectedError",
    "Replay",
    "Report",
    "RequestSeen",
    "Row",
    "RowOutcome",
    "RowOutcomes",
    "RowsError",
    "ServerError",
    "Settled",
    "SharedQuotaError",
    "Source",
    "Submission",
    "Submitted",
    "Transition",
    "TransportError",
    "UnknownJobError",
    "Unset",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name == "errors":
        return import_module(".errors", __name__)
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f".{module}", __name__), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
