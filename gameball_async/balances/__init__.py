"""
Balances that come out right: customers are set to a balance, and adjustments in doubt are settled from
balances.

What is decided, from balances before and after, is in `plan` and `verdicts`.
`store` keeps a run's plan on the disk, `setting`, `settling` and `snapshot` ask and send through the client.
"""

from .plan import Fate, Report, Summary
from .setting import apply_plan, plan_balances, set_balances
from .settling import Settlement, settle_by_balances
from .snapshot import snapshot_beside, take_snapshot
from .verdicts import Verdict

__all__ = [
    "Fate", "Report", "Settlement", "Summary", "Verdict", "apply_plan", "plan_balances",
    "set_balances", "settle_by_balances", "snapshot_beside", "take_snapshot",
]  # fmt: skip
