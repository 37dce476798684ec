"""What the facts of a check mean: one verdict for each probe, with what to do and what it proves."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from ..api.jobs import JobState, JobStatus
from ..api.requests import Account
from .amounts import balance_of
from .clock import Offset, offset_of
from .facts import MADE_UP, Facts, Probe, Reply, Said
from .findings import Findings
from .trying import judge_amount

MOST_OFFSET = 60.0
"""Seconds that the clocks may differ."""

_PATHS = {"tutorial": "GET /batch/{jobId}", "openapi": "GET /batches/{batchId}/status"}
_NAMES = {"tutorial": "status-batch", "openapi": "status-batches"}


def judge(facts: Facts) -> list[Probe]:
    """All probes, each judged by itself, in the order in which people read them."""
    return [
        _connection(facts),
        _keys(facts),
        _version(facts),
        _inquiry(facts),
        _dialect(facts),
        _clock(facts),
        judge_amount(facts),
    ]


def conclude(facts: Facts, probes: list[Probe], account: Account, now: datetime) -> Findings:
    """What later imports go by. What was not tried again stays as an earlier check has found it."""
    earlier = {} if facts.earlier is None else facts.earlier.assumptions
    learned = {name: holds for probe in probes for name, holds in probe.holds.items()}
    return Findings(
        checked_at=now,
        account=account.fingerprint,
        origin=account.origin,
        key=account.key_mode,
        version=cast(Any, facts.version),
        dialect=cast(Any, facts.dialect),
        clock=offset_of(facts.samples),
        amount=facts.amount,
        probes={probe.name: probe.verdict for probe in probes},
        assumptions={**earlier, **learned},
    )


def _connection(facts: Facts) -> Probe:
    if facts.reached:
        return Probe("connection", "ok", "Gameball answers")
    why = next(iter(facts.submitted.values()), Reply(Said.UNREACHED, "nothing was asked")).why
    return Probe("connection", "hinders", why)


def _keys(facts: Facts) -> Probe:
    mode = {"test": "a test key", "live": "a live key"}.get(
        facts.key_mode or "", "a key whose beginning tells neither test nor live"
    )
    holds = {"key-prefix": facts.key_mode is not None}
    refused = next((reply for reply in facts.submitted.values() if reply.said is Said.KEYS), None)
    if refused is not None:
        cure = "copy both keys again from the dashboard, and make sure that they are of one account"
        holds["both-keys"] = False
        return Probe("keys", "hinders", f"{mode}; {refused.why}", cure, holds)
    if facts.version is None:
        return Probe("keys", "unknown", f"{mode}; no batch was accepted or refused", "", holds)
    return Probe("keys", "ok", f"{mode}; both keys are accepted", "", {**holds, "both-keys": True})


def _version(facts: Facts) -> Probe:
    known = {**facts.versions, **facts.submitted}
    served = {v: r for v, r in known.items() if r.said in (Said.YES, Said.MISSING)}
    holds = {f"version-{version}": reply.yes for version, reply in served.items()}
    answers = ", ".join(sorted(version for version, reply in served.items() if reply.yes))
    plan, version = facts.plan, facts.version
    if version is None:
        if served and all(reply.said is Said.MISSING for reply in facts.submitted.values()):
            said = f"no version takes a batch ({', '.join(facts.submitted)} were asked)"
            cure = "check the address (--base-url): it may not be Gameball's API"
            return Probe("version", "hinders", said, cure, holds)
        return Probe("version", "unknown", "no batch was accepted", "", holds)
    if plan.version_given and version != plan.version:
        said = f"{plan.version} is not served; served: {answers}"
        cure = f"pass --api-version {version}, or leave the option out"
        return Probe("version", "hinders", said, cure, holds)
    return Probe("version", "ok", f"{version} takes batches; served: {answers}", "", holds)


def _inquiry(facts: Facts) -> Probe:
    submitted = list(facts.submitted.values())
    if facts.job_id is None:
        refused = [r for r in submitted if r.said in (Said.REFUSED, Said.UNCLEAR)]
        if not refused:
            return Probe("inquiry", "unknown", "no batch was accepted")
        return Probe("inquiry", "hinders", refused[-1].why, "mend what the message names")
    ended, status = facts.ended, facts.status
    job = f"job {facts.job_id}"
    if ended is None or not ended.yes or status is None:
        why = "was not waited for" if ended is None else f"was not seen to end: {ended.why}"
        cure = f"see how it ends: `gameball-async watch {facts.job_id}`"
        return Probe("inquiry", "hinders", f"{job} {why}", cure)
    return _ended(facts, status, job)


def _ended(facts: Facts, status: JobStatus, job: str) -> Probe:
    holds = {"job-ends": status.state in (JobState.COMPLETED, JobState.FAILED)}
    entries = [] if status.results is None else [entry for _, entry in status.results]
    if entries:
        holds["entry-customer"] = any(
            entry.get("customerId") == facts.plan.customer for entry in entries
        )
    if balance_of(status, facts.plan.customer) is not None:
        holds["balance-fields"] = True
        if not facts.plan.made_up:
            return Probe("inquiry", "ok", f"{job} ended, and tells a balance", "", holds)
        holds["unknown-refused"] = False
        said = f"{job} ended, and tells a balance even of a customer that was made up"
        cure = f"where the dashboard shows a customer {MADE_UP} now, unknown customers are created"
        return Probe("inquiry", "ok", said, cure, holds)
    if status.results is not None and status.results.failed:
        if facts.plan.made_up:
            holds["unknown-refused"] = True
            said = f"{job} ended, and refused the customer that was made up: {_reason(status)}"
            cure = "to see a balance come back, name a customer with --customer ID"
            return Probe("inquiry", "ok", said, cure, holds)
        said = f"{job} ended, and refused the customer: {_reason(status)}"
        return Probe("inquiry", "hinders", said, "name a customer that Gameball knows", holds)
    if status.results is not None and status.results.successful:
        holds["balance-fields"] = False
    said = f"{job} ended as {status.shown_state}, and tells no balance of the customer"
    cure = "outcomes of rows may stay uncertain: try a few rows first, and look at their report"
    return Probe("inquiry", "hinders", said, cure, holds)


def _reason(status: JobStatus) -> str:
    failed = () if status.results is None else status.results.failed
    texts = (entry.get(name) for entry in failed for name in ("error", "message"))
    return next((text for text in texts if isinstance(text, str) and text), "no reason was given")


def _dialect(facts: Facts) -> Probe:
    asked = {n: r for n, r in facts.dialects.items() if r.said in (Said.YES, Said.MISSING)}
    holds = {_NAMES[name]: reply.yes for name, reply in asked.items()}
    answers = [_PATHS[name] for name, reply in facts.dialects.items() if reply.yes]
    if not facts.dialects:
        return Probe("status path", "unknown", "there was no job to ask about")
    if not answers:
        why = "; ".join(f"{_PATHS[name]}: {r.why}" for name, r in facts.dialects.items())
        cure = "ask Gameball's support which path tells a batch's status: no outcome can be known"
        return Probe("status path", "hinders", why, cure, holds)
    given = facts.plan.dialect_given
    said = f"{' and '.join(answers)} {'answers' if len(answers) == 1 else 'answer'}"
    if given is not None and not facts.dialects.get(given, Reply(Said.MISSING)).yes:
        cure = f"leave --dialect {given} out"
        return Probe("status path", "hinders", said, cure, holds)
    return Probe("status path", "ok", said, "", holds)


def _clock(facts: Facts) -> Probe:
    offset = offset_of(facts.samples)
    if offset is None:
        if not facts.reached:
            return Probe("clock", "unknown", "nothing was answered")
        return Probe("clock", "unknown", "no answer had a Date", "", {"date-header": False})
    said, holds = offset_words(offset), {"date-header": True}
    if abs(offset.seconds) - offset.within <= MOST_OFFSET:
        return Probe("clock", "ok", said, "", holds)
    cure = "set this machine's clock (NTP) before times of its own go out, such as transactionTime"
    return Probe("clock", "hinders", said, cure, holds)


def offset_words(offset: Offset) -> str:
    """``this machine's clock is 90.0 s behind Gameball's (± 0.5 s)``."""
    if abs(offset.seconds) <= offset.within:
        return f"this machine's clock agrees with Gameball's (± {offset.within:.1f} s)"
    side = "behind" if offset.seconds > 0 else "ahead of"
    return (
        f"this machine's clock is {abs(offset.seconds):,.1f} s {side} Gameball's "
        f"(± {offset.within:.1f} s)"
    )
