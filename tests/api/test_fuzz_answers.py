"""A hundred thousand odd answers, and some huge ones: nothing breaks, nothing is taken for an end."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest

from gameball_async.api.jobs import JobStatus
from gameball_async.api.kinds import KINDS
from gameball_async.api.responses import read_error, read_job_id, read_status
from gameball_async.bulk.outcomes import settle
from gameball_async.errors import AnswerLostError
from gameball_async.rows.outcome import Outcome

ANSWERS = 100_000
PARTS = 4
JOB = 7
SLOWEST = 0.1
"""Seconds that no answer may take."""
LOOK_AGAIN = 0.02
"""Seconds from which on an answer is timed again: the machine may have been busy."""

KEYS = ["a", "b", "b", "c", "12"]
ITEMS = ["1", "2", "3", "4", "5"]
NAMES = [
    "operation", "errorCount", "totalCount", "finishedCount", "startedAt", "createdAt", "status",
    "response", "batchId", "jobId", "progress", "totalItems", "processedItems", "failedItems",
    "results", "errors", "successful", "failed", "code", "type", "message", "requestId", "error",
]  # fmt: skip
SHAPES = [NAMES[:8], NAMES[:8], [*NAMES[6:7], *NAMES[8:9], *NAMES[10:16]], NAMES[18:]]
WORDS = [
    "queued", "running", "completed", "failed", "stopped", "pending", "processing", "Completed",
    "STOPPED", " failed", "complete", "done", "ſtopped", "COMPLETED\x00", "", "null", "finished",
]  # fmt: skip
SCALARS: list[Any] = [
    None, True, False, 0, 1, 7, -1, 2, 5, 1.0, 0.5, -0.0, 1e300, 2**63, 2**64 - 1, 10**19, "", "7",
    "a", "b", "c", "12", 12, " A ", "x" * 300, "\x1b[2J\u202e", "9004: exists", "é\U0001f600", "-5",
    9004, "Order id already exists", "9004", [], {}, [[]], [None, 1, "a"], {"a": {"b": []}},
]  # fmt: skip
TAILS = [b"", b"}", b"]", b"\n", b"\x00", b"<html>", b" {}", b"\xff"]


def entry(rng: random.Random) -> Any:
    """What may stand in a list of an answer."""
    if rng.random() < 0.1:
        return rng.choice(SCALARS)
    names = ["customerId", "orderId", "transactionId", "message", "error", "code", "status"]
    made = {name: rng.choice(SCALARS) for name in names if rng.random() < 0.4}
    if rng.random() < 0.8:
        made["customerId"] = rng.choice(KEYS)
    return made


def value(rng: random.Random, name: str) -> Any:
    """What may stand under a field: mostly of the right kind."""
    if rng.random() < 0.2:
        return rng.choice(SCALARS)
    if name in ("results", "errors", "successful", "failed"):
        return [entry(rng) for _ in range(rng.randrange(6))]
    if name == "response":
        return {side: value(rng, side) for side in ("successful", "failed")}
    if name == "status":
        return rng.choice(WORDS)
    if name in ("jobId", "batchId"):
        return rng.choice([JOB, JOB, JOB, str(JOB), str(JOB), float(JOB), 8, "x"])
    return rng.choice(SCALARS)


def answer(rng: random.Random) -> bytes:
    """One odd answer: fields missing, added, renamed, mistyped; then its bytes cut or changed."""
    fields = rng.choice(SHAPES)
    made = {name: value(rng, name) for name in fields if rng.random() < 0.9}
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        name = rng.choice(NAMES)
        made[rng.choice([name, name.upper(), name.capitalize(), name + " "])] = value(rng, name)
    raw = orjson.dumps(made)
    chance = rng.random()
    if chance < 0.08:
        raw = raw[: rng.randrange(len(raw))]
    elif chance < 0.16:
        spot = rng.randrange(len(raw))
        raw = raw[:spot] + bytes([rng.randrange(256)]) + raw[spot + rng.randrange(3) :]
    elif chance < 0.2:
        raw += rng.choice(TAILS)
    elif chance < 0.22:
        raw = b"\xef\xbb\xbf" + raw
    elif chance < 0.24:
        raw = orjson.dumps(rng.choice(SCALARS))
    return raw


def says_final(raw: bytes) -> bool:
    """Whether the bytes, read by another parser, name one of the three ends."""
    read = json.loads(raw.removeprefix(b"\xef\xbb\xbf"))
    words = [word for name, word in read.items() if name.lower() == "status"]
    ends = {"completed", "failed", "stopped"}
    return any(isinstance(word, str) and word.strip().lower() in ends for word in words)


def check(raw: bytes, status: JobStatus) -> None:
    """What must hold of any status."""
    assert status.job_id == JOB
    assert status.word.isprintable()
    assert len(status.word) <= 40
    for count in (status.total, status.finished, status.errors):
        assert count is None or (type(count) is int and count >= 0)
    if status.state.final:
        assert says_final(raw)
    for _, listed in status.results or ():
        assert isinstance(listed, dict)


def use_status(raw: bytes, seen: Counter[str]) -> None:
    """Read a status, and settle a chunk with it."""
    try:
        status = read_status(raw, JOB)
    except AnswerLostError as lost:
        seen["lost"] += 1
        assert len(str(lost)) < 120
        return
    seen[status.state.value] += 1
    check(raw, status)
    if len(raw) % 3:
        return  # a third is enough, and each of them settled in one of four ways
    kind = KINDS["orders" if len(raw) % 2 else "events"]
    told = settle(kind, KEYS, ITEMS, status, resent=len(raw) % 4 > 1)
    assert len(told.outcomes) == len(KEYS)
    for row, outcome in enumerate(told.outcomes):
        assert outcome is Outcome.SUCCEEDED or row in told.reasons


def use_job_id(raw: bytes, seen: Counter[str]) -> None:
    """Read the answer to a submission."""
    try:
        assert 0 < read_job_id(raw) < 2**63
        seen["job id"] += 1
    except AnswerLostError as lost:
        assert len(str(lost)) < 120


def use_error(raw: bytes, seen: Counter[str]) -> None:
    """Read an error."""
    error = read_error(502, raw)
    seen["error"] += error.code is not None
    assert error.message is None or (error.message.isprintable() and len(error.message) <= 200)


Use = Callable[[bytes, Counter[str]], None]
USES: list[Use] = [use_status, use_job_id, use_error]


def seconds(use: Use, raw: bytes, seen: Counter[str]) -> float:
    """How long an answer takes; the best of three more goes if that seems long."""

    def once() -> float:
        start = time.thread_time()  # others on the machine do not count
        use(raw, seen)
        return time.thread_time() - start

    first = once()
    return first if first < LOOK_AGAIN else min(once() for _ in range(3))


@pytest.mark.parametrize("part", range(PARTS))
def test_odd_answers_end_in_documented_errors_and_no_unproven_end(part: int) -> None:
    """A hundred thousand in all; none takes long."""
    rng = random.Random(f"answers {part}")
    seen: Counter[str] = Counter()
    longest = 0.0
    for _ in range(ANSWERS // PARTS):
        raw = answer(rng)
        # Each is read as a status; every tenth as the two other answers too.
        for use in USES if rng.random() < 0.1 else USES[:1]:
            longest = max(longest, seconds(use, raw, seen))
    assert longest < SLOWEST
    # The generator reaches every way an answer may go.
    for way in ("lost", "unknown", "queued", "running", "completed", "failed", "stopped"):
        assert seen[way] > ANSWERS // PARTS // 100, seen
    assert seen["job id"] > 100
    assert seen["error"] > 10


def huge() -> Iterator[tuple[str, bytes]]:
    """Answers of up to a megabyte that are built to take long."""

    def completed(**fields: Any) -> bytes:
        return orjson.dumps({"status": "completed", "totalCount": 1, **fields})

    failed = [
        ("spaces", " " * 1_000_000),
        ("digits", "1" * 1_000_000),
        ("codes", "9004 " * 200_000),
        ("parentheses", "(9004 " * 150_000),
        ("order", "order " * 150_000),
        ("order.", "order..." * 120_000),
        ("id", "transaction id " * 60_000 + "already"),
        ("exists", "order x already exist " * 40_000),
        ("escapes", "\x1b" * 300_000),
        ("error code", "error code: " * 80_000),
    ]
    for name, text in failed:
        lists = {"successful": [], "failed": [{"customerId": "a", "error": text}]}
        yield f"a text of {name}", completed(response=lists)
        yield f"a word of {name}", orjson.dumps({"status": text, "message": text})
    yield "many fields", orjson.dumps({f"Field{n}": n for n in range(20_000)})
    yield "many fields of one name", b"{" + b'"Status":1,' * 60_000 + b'"status":"running"}'
    yield (
        "an entry of many fields",
        completed(response={"failed": [{f"customerid{n}": n for n in range(15_000)}]}),
    )
    yield (
        "many foreign entries",
        completed(response={"successful": [{"customerId": f"x{n}"} for n in range(5_000)]}),
    )
    yield (
        "many entries of one",
        completed(response={"failed": [{"customerId": "b", "error": "no"}] * 5_000}),
    )
    yield (
        "many reasons",
        completed(
            response={"failed": [{"customerId": "b", "error": f"{n}"} for n in range(1_000)]}
        ),
    )
    yield "many non-objects", completed(response={"successful": [1] * 50_000})
    yield "deep lists", b'{"status":"completed","response":' + b"[" * 500_000
    yield "deep objects", b'{"status":' * 100_000
    yield (
        "a deep reason",
        completed(
            response={"failed": [{"customerId": "a", "error": json.loads("[" * 150 + "]" * 150)}]}
        ),
    )
    yield "a long number", b'{"status":"completed","totalCount":' + b"9" * 500_000 + b"}"
    yield "a long fraction", b'{"jobId":0.' + b"9" * 500_000 + b"}"
    yield "a page", b"<html>" + b"<p>" * 300_000
    yield "blanks", b" " * 1_000_000


@pytest.mark.parametrize("raw", [pytest.param(raw, id=name) for name, raw in huge()])
def test_an_answer_built_to_take_long_does_not(raw: bytes) -> None:
    """Up to a megabyte of it, in whichever way it is read."""
    for use in USES:
        assert seconds(use, raw, Counter()) < SLOWEST
