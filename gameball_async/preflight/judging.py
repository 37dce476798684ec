"""What the facts of a check mean: one verdict for each probe, with what to do and what it proves."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from ..api.jobs import JobResults, JobState, JobStatus
from ..api.requests import Account
from .facts import MADE_UP, Facts, Probe, Reply, Said
from .findings import Findings
from .learned import (
    MOST_OFFSET,
    Fate,
    Trial,
    amount_of,
    amount_words,
    balance_of,
    offset_of,
    offset_words,
    plainly,
)

_PATHS = {"tutorial": "GET /batch/{jobId}", "openapi": "GET /batches/{batchId}/status"}
_NAMES = {"tutorial": "status-batch", "openapi": "status-batches"}


def judge(facts: Facts) -> list[Probe]:
    """All probes, each judged by itself, in the order in which people read them."""
    judges = (_connection, _keys, _version, _inquiry, _dialect, _clock, judge_amount)
    return [each(facts) for each in judges]


def conclude(facts: Facts, probes: list[Probe], account: Account, now: datetime) -> Findings:
    """What later imports use. What was not tested again stays as an earlier check found it."""
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
    mode = facts.key_words
    holds = {"key-prefix": facts.key_mode is not None}
    refused = next((reply for reply in facts.submitted.values() if reply.said is Said.KEYS), None)
    if refused is not None:
        cure = (
            "copy both keys again from the dashboard, and make sure that they belong to one account"
        )
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
            said = f"no version accepts a batch (tried: {', '.join(facts.submitted)})"
            cure = "check the address (--base-url): it may not be Gameball's API"
            return Probe("version", "hinders", said, cure, holds)
        return Probe("version", "unknown", "no batch was accepted", "", holds)
    if plan.version_given and version != plan.version:
        said = f"{plan.version} is not served; served: {answers}"
        cure = f"pass --api-version {version}, or remove the option"
        return Probe("version", "hinders", said, cure, holds)
    return Probe("version", "ok", f"{version} accepts batches; served: {answers}", "", holds)


def _inquiry(facts: Facts) -> Probe:
    submitted = list(facts.submitted.values())
    if facts.job_id is None:
        refused = [r for r in submitted if r.said in (Said.REFUSED, Said.UNCLEAR)]
        if not refused:
            return Probe("inquiry", "unknown", "no batch was accepted")
        return Probe("inquiry", "hinders", refused[-1].why, "fix what the message names")
    ended, status = facts.ended, facts.status
    job = f"job {facts.job_id}"
    if ended is None or not ended.yes or status is None:
        why = "was not waited for" if ended is None else f"was not seen to end: {ended.why}"
        cure = f"see how it ends: `gameball-async watch {facts.job_id}`"
        return Probe("inquiry", "hinders", f"{job} {why}", cure)
    return _ended(facts, status, job)


def _ended(facts: Facts, status: JobStatus, job: str) -> Probe:
    holds = {"job-ends": status.state in (JobState.COMPLETED, JobState.FAILED)}
    entries = status.results or JobResults()
    if len(entries):
        named = (entry.get("customerId") for _, entry in entries)
        holds["entry-customer"] = facts.plan.customer in named
    if balance_of(status, facts.plan.customer) is not None:
        holds["balance-fields"] = True
        if not facts.plan.made_up:
            return Probe("inquiry", "ok", f"{job} ended, and returned a balance", "", holds)
        holds["unknown-refused"] = False
        said = f"{job} ended, and returned a balance even for a made-up customer"
        cure = (
            f"if the dashboard now shows a customer {MADE_UP}, Gameball creates unknown customers"
        )
        return Probe("inquiry", "ok", said, cure, holds)
    if entries.failed:
        texts = (entry.get(name) for entry in entries.failed for name in ("error", "message"))
        reasons = (text for text in texts if isinstance(text, str) and text)
        why = next(reasons, "no reason was given")
        if facts.plan.made_up:
            holds["unknown-refused"] = True
            said = f"{job} ended, and refused the made-up customer: {why}"
            cure = "to see a balance, name a customer with --customer ID"
            return Probe("inquiry", "ok", said, cure, holds)
        said = f"{job} ended, and refused the customer: {why}"
        return Probe(
            "inquiry", "hinders", said, "name a customer that Gameball knows (--customer ID)", holds
        )
    if entries.successful:
        holds["balance-fields"] = False
    said = f"{job} ended as {status.shown_state}, and returned no balance of the customer"
    cure = "rows may end in doubt: import a few rows first, and look at their report"
    return Probe("inquiry", "hinders", said, cure, holds)


def _dialect(facts: Facts) -> Probe:
    asked = {n: r for n, r in facts.dialects.items() if r.said in (Said.YES, Said.MISSING)}
    holds = {_NAMES[name]: reply.yes for name, reply in asked.items()}
    answers = {name: _PATHS[name] for name, reply in facts.dialects.items() if reply.yes}
    if not facts.dialects:
        return Probe("status path", "unknown", "there was no job to ask about")
    if not answers:
        why = "; ".join(f"{_PATHS[name]}: {r.why}" for name, r in facts.dialects.items())
        cure = "ask Gameball's support which path returns a batch's status: without it, no outcome can be known"
        return Probe("status path", "hinders", why, cure, holds)
    given = facts.plan.dialect_given
    said = f"{' and '.join(answers.values())} {'answers' if len(answers) == 1 else 'answer'}"
    if given is not None and given not in answers:
        cure = f"remove --dialect {given}"
        return Probe("status path", "hinders", said, cure, holds)
    return Probe("status path", "ok", said, "", holds)


def _clock(facts: Facts) -> Probe:
    offset = offset_of(facts.samples)
    if offset is None:
        if not facts.reached:
            return Probe("clock", "unknown", "nothing was answered")
        return Probe("clock", "unknown", "no answer had a Date header", "", {"date-header": False})
    said, holds = offset_words(offset), {"date-header": True}
    if abs(offset.seconds) - offset.within <= MOST_OFFSET:
        return Probe("clock", "ok", said, "", holds)
    cure = "set this machine's clock (NTP) before you send times that it writes, such as transactionTime"
    return Probe("clock", "hinders", said, cure, holds)


# -- the trial of an adjustment


def judge_amount(facts: Facts) -> Probe:
    """The probe of what the amount of an adjustment means."""
    trial = facts.trial
    if trial is None:
        if facts.plan.try_it:
            said = "nothing was adjusted: the inquiry or the status of its job failed before"
            return Probe("amount", "unknown", said)
        if facts.amount is not None:
            said = f"not tested again; an earlier check found: {amount_words(facts.amount)}"
            return Probe("amount", "ok", said)
        cure = "to find out, add --try-customer ID, a customer whose balance may move by 1 and back"
        return Probe(
            "amount",
            "skipped",
            ("not tested: the documentation does not say whether it means points or money"),
            cure,
        )
    if trial.before is None:
        said = f"nothing was adjusted: the balance could not be read ({trial.why})"
        return Probe("amount", "hinders", said, "name another customer with --try-customer")
    if trial.add.fate is not Fate.APPLIED:
        return _not_added(trial)
    amount, holds = amount_of(trial), _holds(trial)
    said = "+1 was applied, but whether it means points or money could not be seen"
    if amount is not None:
        said = f"{amount_words(amount)}; +1 was applied"
    if trial.take.fate is not Fate.APPLIED:
        return _not_taken(trial, said, holds)
    said = f"{said}, and -1 after it; {_course(trial)}"
    if not trial.as_before:
        cure = "compare the balance with the dashboard: something else may have moved it meanwhile"
        return Probe("amount", "hinders", said, cure, holds)
    if amount is None:
        cure = "try another customer, whose balance nothing else moves meanwhile"
        return Probe("amount", "hinders", said, cure, holds)
    return Probe("amount", "ok", said, "", holds)


def _not_added(trial: Trial) -> Probe:
    if trial.add.fate is Fate.UNSURE:
        job = "" if trial.add.job_id is None else f" as job {trial.add.job_id}"
        said = f"+1 was sent{job}, and may or may not have been applied ({trial.add.why}); {_course(trial)}"
        cure = (
            "it was not sent again, and -1 was not sent. Look at the customer's history in the dashboard; if it "
            "shows +1, take it back by hand, then check again"
        )
        return Probe("amount", "hinders", said, cure)
    what = "refused" if trial.add.fate is Fate.REFUSED else "not sent"
    said = f"+1 was {what} ({trial.add.why}), and nothing was adjusted; {_course(trial)}"
    return Probe("amount", "hinders", said, "fix what the message names, then check again")


def _not_taken(trial: Trial, said: str, holds: dict[str, bool]) -> Probe:
    fates = {Fate.UNSURE: "may or may not have been applied", Fate.REFUSED: "was refused"}
    fate = f"{fates.get(trial.take.fate, 'was not sent')} ({trial.take.why or 'exited before'})"
    said = f"{said}; -1 after it {fate}; {_course(trial)}"
    if trial.take.fate is Fate.UNSURE and trial.as_before:
        cure = "the balance is as it was before: -1 was applied, and there is nothing to do"
        return Probe("amount", "hinders", said, cure, holds)
    cure = (
        "it was not sent again. Look at the customer's history in the dashboard; if -1 is missing, take 1 away by "
        "hand"
    )
    return Probe("amount", "hinders", said, cure, holds)


def _holds(trial: Trial) -> dict[str, bool]:
    """The assumptions that a trial puts to the test, as far as it came."""
    holds = {}
    before, between, after = trial.before, trial.between, trial.after
    amount = amount_of(trial)
    if amount is not None and amount.counts != "either":
        holds["amount-points"] = amount.counts == "points"
    if before is not None and between is not None:
        holds["adjustment-visible"] = between.points != before.points
    if between is not None and after is not None and trial.take.fate is Fate.APPLIED:
        holds["amount-negative"] = after.points < between.points
    return holds


def _course(trial: Trial) -> str:
    """``the balance was 5 points, then 6, and is 5 now``."""
    before, between, after = (
        None if each is None else plainly(each.points)
        for each in (trial.before, trial.between, trial.after)
    )
    if after is not None:
        then = "" if between is None else f", then {between}"
        return f"the balance was {before} points{then}, and is {after} now"
    if between is None:
        return f"the balance was {before} points before, and could not be read since"
    return (
        f"the balance was {between} points when it was last read, and could not be read at the end"
    )
