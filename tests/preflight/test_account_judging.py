"""What the answers of a check mean, one probe after the other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from gameball_async.api.jobs import JobResults, JobState, JobStatus
from gameball_async.api.requests import Account, Secret
from gameball_async.errors import (
    AnswerLostError,
    AuthenticationError,
    ErrorObject,
    FateUnknownError,
    GameballError,
    NotGameballError,
    RejectedError,
    ServerError,
    UnknownJobError,
    UnreachableError,
)
from gameball_async.preflight.facts import ASSUMPTIONS, Facts, Plan, Probe, Reply, Said, reply_of
from gameball_async.preflight.judging import conclude, judge
from gameball_async.preflight.learned import Sample

YES, MISSING = Reply(Said.YES), Reply(Said.MISSING, "HTTP 404")
UNREACHED, KEYS = Reply(Said.UNREACHED, "connection refused"), Reply(Said.KEYS, "code 1000", 1000)
BALANCE = {"customerId": "c1", "totalPointsBalance": 5}


def status(**changes: Any) -> JobStatus:
    known: dict[str, Any] = {"state": JobState.COMPLETED, "results": JobResults([BALANCE])}
    return JobStatus(7, **{**known, **changes})


def facts(plan: dict[str, Any] | None = None, **changes: Any) -> Facts:
    """All is well, but for the *changes*."""
    known: dict[str, Any] = {
        "key_mode": "live",
        "submitted": {"v4.0": YES},
        "job_id": 7,
        "ended": YES,
        "status": status(),
        "dialects": {"tutorial": YES, "openapi": MISSING},
        "versions": {"v4": YES, "v4.1": MISSING},
        "samples": [Sample(100.2, 100.4, 100)],
        "answers": 9,
    }
    words: dict[str, Any] = {"version": "v4.0", "customer": "c1", **(plan or {})}
    return Facts(Plan(**words), **{**known, **changes})


def probe(name: str, found: Facts) -> Probe:
    return next(each for each in judge(found) if each.name == name)


def test_where_all_is_well_nothing_hinders_and_each_assumption_is_named() -> None:
    probes = judge(facts())
    assert [each.name for each in probes] == [
        "connection", "keys", "version", "inquiry", "status path", "clock", "amount",
    ]  # fmt: skip
    assert {each.verdict for each in probes} == {"ok", "skipped"}
    holds = {name: value for each in probes for name, value in each.holds.items()}
    assert holds == {
        "key-prefix": True, "both-keys": True, "version-v4": True, "version-v4.0": True,
        "version-v4.1": False, "job-ends": True, "entry-customer": True, "balance-fields": True,
        "status-batch": True, "status-batches": False, "date-header": True,
    }  # fmt: skip
    assert holds.keys() <= ASSUMPTIONS.keys()


def test_where_nothing_answers_each_probe_still_says_so() -> None:
    nothing = facts(
        submitted={"v4.0": UNREACHED}, job_id=None, ended=None, status=None, dialects={},
        versions={}, samples=[], answers=0,
    )  # fmt: skip
    assert not nothing.reached
    verdicts = {each.name: each.verdict for each in judge(nothing)}
    assert verdicts.pop("connection") == "hinders"
    assert verdicts.pop("amount") == "skipped"
    assert set(verdicts.values()) == {"unknown"}
    assert all(each.said for each in judge(nothing))


NO_JOB: dict[str, Any] = {
    "job_id": None, "ended": None, "status": None, "dialects": {}, "versions": {},
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "found", "verdict", "words"),
    [
        ("keys", facts(submitted={"v4.0": KEYS}, **NO_JOB), "hinders", "code 1000"),
        ("keys", facts(key_mode=None), "ok", "neither test nor live"),
        ("keys", facts(key_mode="test"), "ok", "a test key"),
        ("version", facts(submitted={"v4.0": KEYS}, **NO_JOB), "unknown", "no batch"),
        ("version", facts(submitted={"v4.0": MISSING, "v4": YES}), "ok", "v4 accepts batches"),
        (
            "version",
            facts({"version_given": True}, submitted={"v4.0": MISSING, "v4": YES}),
            "hinders",
            "v4.0 is not served",
        ),
        (
            "version",
            facts(submitted=dict.fromkeys(("v4.0", "v4", "v4.1"), MISSING), **NO_JOB),
            "hinders",
            "no version accepts a batch",
        ),
        (
            "inquiry",
            facts(submitted={"v4.0": Reply(Said.REFUSED, "code 6000")}, **NO_JOB),
            "hinders",
            "code 6000",
        ),
        (
            "inquiry",
            facts(submitted={"v4.0": Reply(Said.UNCLEAR, "answer lost")}, **NO_JOB),
            "hinders",
            "answer lost",
        ),
        (
            "inquiry",
            facts(ended=Reply(Said.UNCLEAR, "not finished after 300 s"), status=None),
            "hinders",
            "not finished after 300 s",
        ),
        ("inquiry", facts(ended=None, status=None), "hinders", "was not waited for"),
        (
            "inquiry",
            facts(status=status(results=JobResults([], [{"customerId": "c1", "error": "7000"}]))),
            "hinders",
            "refused the customer: 7000",
        ),
        (
            "inquiry",
            facts(
                {"customer": "gameball-async-check"},
                status=status(results=JobResults([], [{"customerId": "gameball-async-check"}])),
            ),
            "ok",
            "refused the made-up customer: no reason was given",
        ),
        ("inquiry", facts(status=status(results=None)), "hinders", "returned no balance"),
        (
            "inquiry",
            facts(status=status(state=JobState.STOPPED, results=None)),
            "hinders",
            "ended as stopped",
        ),
        ("status path", facts(dialects={"tutorial": MISSING, "openapi": YES}), "ok", "/batches/"),
        (
            "status path",
            facts(dialects={"tutorial": MISSING, "openapi": Reply(Said.UNCLEAR, "lost")}),
            "hinders",
            "lost",
        ),
        (
            "status path",
            facts({"dialect_given": "openapi"}),
            "hinders",
            "GET /batch/{jobId} answers",
        ),
        ("status path", facts({"dialect_given": "tutorial"}), "ok", "answers"),
        ("status path", facts(**NO_JOB), "unknown", "no job"),
        ("clock", facts(samples=[]), "unknown", "no answer had a Date"),
        ("clock", facts(samples=[Sample(100, 100.2, 190)]), "hinders", "behind"),
        ("clock", facts(samples=[Sample(100, 100.2, 10)]), "hinders", "ahead of"),
        ("clock", facts(samples=[Sample(100, 100.2, 159)]), "ok", "behind"),
        ("clock", facts(samples=[Sample(100, 100.2, 100)]), "ok", "agrees"),
        ("amount", facts(), "skipped", "not tested"),
    ],
)  # fmt: skip
def test_what_each_probe_says(name: str, found: Facts, verdict: str, words: str) -> None:
    told = probe(name, found)
    assert told.verdict == verdict
    assert words in told.said
    if verdict == "hinders":
        assert told.cure or name == "connection"


def test_an_inquiry_that_knows_a_made_up_customer_says_so() -> None:
    entry = {"customerId": "gameball-async-check", "totalPointsBalance": 0}
    found = facts({"customer": "gameball-async-check"}, status=status(results=JobResults([entry])))
    told = probe("inquiry", found)
    assert told.verdict == "ok"
    assert told.holds["unknown-refused"] is False
    assert "Gameball creates unknown customers" in told.cure


@pytest.mark.parametrize(
    ("dialects", "given", "chosen"),
    [
        ({"tutorial": YES, "openapi": YES}, None, "tutorial"),
        ({"tutorial": YES, "openapi": YES}, "openapi", "openapi"),
        ({"tutorial": MISSING, "openapi": YES}, None, "openapi"),
        ({"tutorial": MISSING, "openapi": YES}, "tutorial", "openapi"),
        ({"tutorial": MISSING, "openapi": MISSING}, None, None),
    ],
)
def test_the_path_to_go_by_answers_and_is_the_users_where_that_does(
    dialects: dict[str, Reply], given: str | None, chosen: str | None
) -> None:
    assert facts({"dialect_given": given}, dialects=dialects).dialect == chosen


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (AuthenticationError(ErrorObject(401, code=1000)), Said.KEYS),
        (RejectedError(ErrorObject(404)), Said.MISSING),
        (RejectedError(ErrorObject(405)), Said.MISSING),
        (UnknownJobError(7), Said.MISSING),
        (RejectedError(ErrorObject(422)), Said.REFUSED),
        (UnreachableError("h", "refused", "look", heals=True), Said.UNREACHED),
        (NotGameballError("h", 200), Said.UNREACHED),
        (AnswerLostError("lost"), Said.UNCLEAR),
        (ServerError(ErrorObject(503)), Said.UNCLEAR),
        (FateUnknownError("balance-inquiries", "lost", True), Said.UNCLEAR),
    ],
)
def test_what_an_error_says_of_a_question(error: GameballError, said: Said) -> None:
    assert reply_of(error).said is said


def test_the_findings_hold_what_was_found_and_no_key_and_no_customer() -> None:
    account = Account("https://x.example", "v4.0", Secret("gb_live_canary"), Secret("secret"))
    found = facts(submitted={"v4.0": MISSING, "v4": YES})
    made = conclude(found, judge(found), account, datetime(2026, 1, 31, tzinfo=UTC))
    assert (made.version, made.dialect, made.key) == ("v4", "tutorial", "live")
    assert made.probes["connection"] == "ok"
    assert made.assumptions["version-v4.0"] is False
    assert "canary" not in repr(made)
    assert "c1" not in repr(made).replace(made.account, "")
