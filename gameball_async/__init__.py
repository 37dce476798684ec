"""
Async bulk client for the Gameball loyalty API.

Start with `GameballClient`. `gameball_async.sandbox` is a server to try everything against, offline;
`gameball_async.errors` draws the tree of errors.
"""

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
    ServerError,
    SharedQuotaError,
    TransportError,
    UnknownJobError,
)
from .model.items import (
    UNSET,
    BalanceAdjustment,
    BalanceInquiry,
    Branch,
    Cashback,
    CashbackConfigurations,
    Channel,
    Customer,
    CustomerAttributes,
    Event,
    LineItem,
    Merchant,
    Order,
    OrderRedemption,
    Redemption,
    Unset,
)
from .model.jobs import Job, JobResults, JobState, JobStatus, Transition
from .model.kinds import KINDS, Chunking, Kind, Replay
from .model.outcomes import Outcome, Reason, RowOutcome
from .pipeline.chunks import LookAhead
from .pipeline.events import RowOutcomes, Settled, Submission, Submitted
from .pipeline.ledger import Source
from .pipeline.report import Progress, Report
from .pipeline.rows import Row
from .pipeline.seen import RequestSeen
from .protocol.requests import Dialect
from .schedule.budget import Quota
from .schedule.retry import Patience

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
