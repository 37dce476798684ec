"""
Async bulk client for the Gameball loyalty API.

Start with `GameballClient`. `gameball_async.sandbox` is a server to try everything against, offline;
`gameball_async.errors` draws the tree of errors.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api.customers import Customer, CustomerAttributes
    from .api.fields import UNSET, Unset
    from .api.items import Channel
    from .api.jobs import Job, JobResults, JobState, JobStatus, Transition
    from .api.kinds import KINDS, Chunking, Kind, Replay
    from .api.orders import (
        Branch,
        CashbackConfigurations,
        LineItem,
        Merchant,
        Order,
        OrderRedemption,
    )
    from .api.points import BalanceAdjustment, BalanceInquiry, Cashback, Event, Redemption
    from .api.requests import Dialect
    from .bulk.bulk import Bulk
    from .bulk.chunks import LookAhead
    from .bulk.events import RowOutcomes, Settled, Submission, Submitted
    from .bulk.progress import Progress
    from .client import GameballClient
    from .compare import EarlierRows
    from .errors import *
    from .journal.header import Source
    from .limits.retry import Patience
    from .limits.windows import Quota
    from .observe.events import ConnectionRestored, ConnectionTrouble, RequestEnded, UnknownFieldMet
    from .rows.outcome import Outcome, Reason, RowOutcome
    from .rows.report import Report
    from .rows.row import Row
    from .rows.unknown import UnknownField

_LATER = {
    "client": "GameballClient",
    "bulk.bulk": "Bulk",
    "api.customers": "Customer CustomerAttributes",
    "api.fields": "UNSET Unset",
    "api.items": "Channel",
    "api.jobs": "Job JobResults JobState JobStatus Transition",
    "api.kinds": "Chunking KINDS Kind Replay",
    "api.orders": "Branch CashbackConfigurations LineItem Merchant Order OrderRedemption",
    "rows.outcome": "Outcome Reason RowOutcome",
    "api.points": "BalanceAdjustment BalanceInquiry Cashback Event Redemption",
    "bulk.chunks": "LookAhead",
    "bulk.events": "RowOutcomes Settled Submission Submitted",
    "journal.header": "Source",
    "compare": "EarlierRows",
    "bulk.progress": "Progress",
    "rows.report": "Report",
    "rows.row": "Row",
    "rows.unknown": "UnknownField",
    "observe.events": "ConnectionRestored ConnectionTrouble RequestEnded UnknownFieldMet",
    "api.requests": "Dialect",
    "limits.windows": "Quota",
    "limits.retry": "Patience",
}
"""
What is imported when it is first asked for (PEP 562): the names of each module; all others are errors.

``from gameball_async import GameballClient`` costs what the client costs. The pytest plugin, which
everybody's test runs load, and the sandbox alone cost next to nothing.
"""

__version__ = "0.2.0"

__all__ = [
    "KINDS", "UNSET", "APIError", "AnswerLostError", "AuthenticationError", "BalanceAdjustment",
    "BalanceInquiry", "Branch", "Bulk", "Cashback", "CashbackConfigurations", "Channel",
    "ChunkError", "Chunking", "ClosedError", "ConfigurationError", "ConnectionRestored",
    "ConnectionTrouble", "Customer", "CustomerAttributes", "DeadlineError", "Dialect",
    "EarlierRows", "ErrorObject", "Event", "FateUnknownError", "Fault", "GameballClient",
    "GameballError", "InputError", "ItemError", "Job", "JobResults", "JobState", "JobStatus",
    "JournalError", "Kind", "LineItem", "LookAhead", "Merchant", "NotGameballError", "NotSentError",
    "Order", "OrderRedemption", "Outcome", "Patience", "Progress", "Quota", "RateLimitError",
    "Reason", "Redemption", "RejectedError", "Replay", "Report", "RequestEnded", "Row",
    "RowOutcome", "RowOutcomes", "RowsError", "RunDeadlineError", "ServerError", "Settled",
    "SharedQuotaError", "Source", "Submission", "Submitted", "Transition", "TransportError",
    "UnknownField", "UnknownFieldMet", "UnknownJobError", "UnreachableError", "Unset",
    "__version__",
]  # fmt: skip

_MODULES = dict.fromkeys(__all__, "errors") | {
    name: module for module, names in _LATER.items() for name in names.split()
}


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
