"""What an import does about findings: whether they are for it, what it goes by, what it must be told."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..api.requests import Account
from .findings import Findings
from .judging import MOST_OFFSET, offset_words
from .trying import learned

OLD = timedelta(days=30)
"""Age at which findings are said to be old."""
_WITH_TIMES = frozenset({"orders", "cashback", "redemptions"})


def of_another(findings: Findings, account: Account) -> str | None:
    """Whose findings they are, where not of *account*; None where they are."""
    if findings.account != account.fingerprint:
        return "another account (the API key differs)"
    if findings.origin != account.origin:
        return f"another address ({findings.origin})"
    return None


def in_short(findings: Findings) -> str:
    """``checked 2026-01-31, live key, v4.0, tutorial dialect``: what a run goes by."""
    parts = [f"checked {findings.checked_at:%Y-%m-%d}"]
    if findings.key is not None:
        parts.append(f"{findings.key} key")
    if findings.version is not None:
        parts.append(findings.version)
    if findings.dialect is not None:
        parts.append(f"{findings.dialect} dialect")
    if findings.amount is not None:
        parts.append(learned(findings.amount))
    return ", ".join(parts)


def warnings_of(findings: Findings, now: datetime) -> list[str]:
    """What whoever goes by them should know, whatever is sent."""
    found = []
    age = findings.age(now)
    if age > OLD:
        found.append(f"they are {age.days:,} days old: run `gameball-async check` again")
    elif age < -timedelta(days=1):
        found.append("they are from the future: set this machine's clock, and check again")
    if findings.hindrances:
        names = ", ".join(findings.hindrances)
        found.append(f"something hindered a migration then ({names}): check again")
    return found


def about_the_run(findings: Findings, kind: str) -> list[str]:
    """What matters to rows of *kind* only."""
    found = []
    clock = findings.clock
    if kind in _WITH_TIMES and clock is not None and abs(clock.seconds) > MOST_OFFSET:
        found.append(
            f"when it was checked, {offset_words(clock)}: times that this machine stamped itself are off by "
            "that much"
        )
    if kind == "balance-adjustments" and findings.amount is None:
        found.append(
            "it is not known whether amount counts points or money: learn it with `gameball-async check "
            "--try-customer ID` before this file is sent"
        )
    return found
